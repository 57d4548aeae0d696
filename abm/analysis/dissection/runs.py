"""Run a scenario under every surgery, paired by replicate, and keep the states at the end."""

from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.analysis.dissection.surgeries import INTACT, Surgery
from abm.core.batch import Lane
from abm.runs.pool import Pool
from abm.scenarios.extensionfile import load_extensions
from abm.scenarios.scenario import Scenario
from abm.scenarios.simulate import cached_place, make_batch
from abm.submodels.emergence.emergence import judge
from abm.world.place import Floats, Place, TieKind

LANES = 16
"""Runs side by side in a batch; a batch of rewired runs shares one arrangement."""


@dataclass(frozen=True, eq=False)
class Ends:
    """How runs ended: R runs of a place with N organisations and M ties.

    Attributes
    ----------
    standing, emerged_month : (R,)
        Whether integrated care stands, 0 or 1; month of emergence, missing without.
    implementation, mean_trust : (R,)
        At the end; trust on the ties that are not between practices, which no surgery takes away.
    trust : (R, M, 2)
        Of the organisation at each side of a tie in the other.
    is_open : (R, M) bool
        Whether neither end has closed.
    engaged, practice_trust, people : (R, N)
        Whether a practice is engaged, its trust in its partners, and its list, 0 once it has closed.
    """

    standing: Floats
    emerged_month: Floats
    implementation: Floats
    mean_trust: Floats
    trust: Floats
    is_open: NDArray[np.bool_]
    engaged: Floats
    practice_trust: Floats
    people: Floats

    @property
    def runs(self) -> int:
        """Number of runs."""
        return len(self.standing)


def joined_ends(parts: Sequence[Ends]) -> Ends:
    """Join runs of one place."""
    return Ends(*(np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(Ends)))


def operated_place(scenario: Scenario, surgery: Surgery, number: int) -> Place:
    """Return the place in which a batch runs."""
    place = cached_place(scenario.place)
    return place if surgery.transform is None else surgery.transform(place, number)


def operated_scenario(scenario: Scenario, surgery: Surgery) -> Scenario:
    """Return the scenario with the submodel of a surgery, read as a user's extension is."""
    if surgery.operation is None:
        return scenario
    added = load_extensions([surgery.operation]).sources
    extensions = replace(scenario.extensions, sources=(*scenario.extensions.sources, *added))
    return replace(scenario, extensions=extensions)


def trust_elsewhere(place: Place, trust: Floats, shut: NDArray[np.uint8]) -> Floats:
    """Return the mean of trust (M, 2, lanes) on open ties that are not between practices, (lanes,)."""
    rows = place.tie_kind != TieKind.PRACTICE_PRACTICE
    is_open = shut[rows] == 0
    mean: Floats = (trust[rows].mean(axis=1) * is_open).sum(axis=0) / is_open.sum(axis=0)
    return mean


def simulate_batch(scenario: Scenario, surgery: Surgery, seed: int, first: int, last: int) -> Ends:
    """Run replicates `first` to `last` - 1 under a surgery."""
    operated = operated_scenario(scenario, surgery)
    table = operated.lever_table()
    lanes = [Lane(seed, number, operated.parameter_values, table) for number in range(first, last)]
    place = operated_place(scenario, surgery, first // LANES)
    batch = make_batch(place, lanes, operated.substeps, extensions=operated.extensions)
    for _ in range(operated.months):
        batch.advance()
    row, state = operated.extensions.theory.row, batch.state.arrays
    implementation = batch.series[:, row("implementation")]
    values = operated.parameter_values
    judged = judge(
        implementation,
        np.full(len(lanes), values["emergence.threshold"]),
        np.full(len(lanes), values["emergence.months"]),
    )

    def by_run(values: NDArray[Any]) -> NDArray[Any]:
        return np.ascontiguousarray(np.moveaxis(values, -1, 0))

    is_practice = np.zeros(place.organisations)
    is_practice[place.practice_row] = 1.0
    return Ends(
        standing=judged["standing"],
        emerged_month=judged["emerged_month"],
        implementation=implementation[-1].copy(),
        mean_trust=trust_elsewhere(place, state["trust"], state["shut"]),
        trust=by_run(state["trust"]),
        is_open=by_run(state["shut"] == 0),
        engaged=by_run(state["engaged"]),
        practice_trust=by_run(state["practice_trust"]),
        people=by_run(state["list_size"]) * is_practice,
    )


def dissect(
    scenario: Scenario,
    surgeries: Sequence[Surgery],
    seed: int,
    replicates: int,
    workers: int,
    progress: Callable[[int, int], None],
) -> dict[str, Ends]:
    """Run a scenario intact and under every surgery, with the same seed and replicates.

    Parameters
    ----------
    scenario : Scenario
        In the place of interest.
    surgeries : sequence of Surgery
        Without `INTACT`, which comes first anyway.
    seed, replicates : int
        Seed, and number of runs of each.
    workers : int
        Processes; with one, everything runs in this one.
    progress : callable
        Called with the number of runs that are done and the number of all.

    Returns
    -------
    dict of str to Ends
        By name of the surgery, in order of replicates.
    """
    cuts = [(first, min(first + LANES, replicates)) for first in range(0, replicates, LANES)]
    tasks = [(one, *cut) for one in (INTACT, *surgeries) for cut in cuts]
    total = replicates * (1 + len(surgeries))
    found: dict[int, Ends] = {}
    if workers == 1:
        for number, (one, first, last) in enumerate(tasks):
            found[number] = simulate_batch(scenario, one, seed, first, last)
            progress(sum(ends.runs for ends in found.values()), total)
    else:
        with Pool(min(workers, len(tasks))) as pool:
            futures = {
                pool.submit(simulate_batch, scenario, one, seed, first, last): number
                for number, (one, first, last) in enumerate(tasks)
            }
            for future in as_completed(futures):
                found[futures[future]] = future.result()
                progress(sum(ends.runs for ends in found.values()), total)
    return {
        one.name: joined_ends([found[number] for number, task in enumerate(tasks) if task[0] is one])
        for one in (INTACT, *surgeries)
    }
