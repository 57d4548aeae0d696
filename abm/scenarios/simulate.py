"""Run scenarios of one place in the lanes of a batch: the model as experiments see it."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.core.batch import Batch, Lane
from abm.scenarios.extensions import NO_EXTENSIONS, Extensions
from abm.scenarios.scenario import Scenario, load_scenario
from abm.submodels.emergence.emergence import judge
from abm.world.place import Place
from abm.world.place_loading import load_place


def make_batch(
    place: Place,
    lanes: Sequence[Lane],
    substeps: int = 1,
    *,
    extensions: Extensions = NO_EXTENSIONS,
    is_compiled: bool = True,
    initial: Mapping[str, NDArray[Any]] | None = None,
) -> Batch:
    """Build a batch from the submodels that come with abm and those of extensions.

    Parameters
    ----------
    place, lanes, substeps, is_compiled, initial
        As in `abm.core.batch.Batch`.
    extensions : Extensions
        Submodels besides those of abm.
    """
    return Batch(extensions.theory, place, lanes, substeps, is_compiled=is_compiled, initial=initial)


def compile_shipped() -> None:
    """Compile what the cache lacks of abm's own kernels, on all processors at once, before workers need them."""
    scenario = load_scenario("baseline")
    lane = Lane(0, 0, scenario.parameter_values, scenario.lever_table())
    make_batch(cached_place(scenario.place), [lane])


@lru_cache(maxsize=8)
def cached_place(path: Path) -> Place:
    """Read and draw a place once in a process."""
    return load_place(path)


def simulate_lanes(
    scenarios: Sequence[Scenario], seeds: Sequence[int], replicates: Sequence[int]
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """Run scenarios that share place, horizon, step and extensions, one a lane.

    Parameters
    ----------
    scenarios, seeds, replicates : sequences of one length
        What each lane runs.

    Returns
    -------
    series : (months + 1, measures, lanes) array
        Rows of `measure_names` in months 0 to the last.
    judged : dict of str to (lanes,) array
        Columns of `abm.submodels.emergence.emergence.OUTCOMES`.

    Raises
    ------
    ValueError
        If the scenarios do not share place, months, steps a month and extensions.
    """
    first = scenarios[0]
    shared = {
        (scenario.place, scenario.months, scenario.substeps, scenario.extensions) for scenario in scenarios
    }
    if len(shared) > 1:
        raise ValueError("the lanes of a batch must share place, horizon, steps a month and extensions")
    tables = {scenario.content_hash: scenario.lever_table() for scenario in scenarios}
    lanes = [
        Lane(seed, replicate, scenario.parameter_values, tables[scenario.content_hash])
        for scenario, seed, replicate in zip(scenarios, seeds, replicates, strict=True)
    ]
    batch = make_batch(cached_place(first.place), lanes, first.substeps, extensions=first.extensions)
    for _ in range(first.months):
        batch.advance()
    judged = judge(
        batch.series[:, first.extensions.theory.row("implementation")],
        np.array([lane.parameters["emergence.threshold"] for lane in lanes]),
        np.array([lane.parameters["emergence.months"] for lane in lanes]),
    )
    return batch.series, judged


def measure_names(scenario: Scenario) -> tuple[str, ...]:
    """List the measures of a scenario's runs, in the order of the series."""
    return tuple(measure.name for measure in scenario.extensions.measures)
