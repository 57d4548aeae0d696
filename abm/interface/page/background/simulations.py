"""The calls that workers make: single runs of large places, and replicates of scenarios that share their accidents."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from abm.interface.page.background.course import simulate_course
from abm.interface.page.background.jobs import LARGE, Task
from abm.scenarios.extensions import NO_EXTENSIONS, Extensions
from abm.scenarios.scenario import Scenario, load_scenario
from abm.scenarios.simulate import cached_place, measure_names, simulate_lanes

FIRST_REPLICATES = 8
REPLICATES_A_TASK = 16
TURN = LARGE // 2
"""Size of a task, ties times steps, that is not exceeded where it can be avoided, so that turns stay short."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Replicates of several scenarios that met the same accidents.

    Attributes
    ----------
    measures : tuple of str
    replicates : (R,) int
        In ascending order.
    series : (scenarios, T+1, measures, R) float32
    emerged_month : (scenarios, R) float
        NaN where integrated care did not emerge.
    """

    measures: tuple[str, ...]
    replicates: NDArray[np.int64]
    series: NDArray[np.float32]
    emerged_month: NDArray[np.float64]

    @property
    def size(self) -> int:
        """Count the replicates."""
        return len(self.replicates)

    def measure(self, scenario: int, name: str) -> NDArray[np.float32]:
        """Return a measure of a scenario, (T+1, R)."""
        return self.series[scenario, :, self.measures.index(name)]


def course_task(scenario: Scenario, seed: int, replicate: int) -> Task:
    """Return the task of simulating one run with everything that can be looked at."""
    return Task(simulate_course, (scenario, seed, replicate), run_size(scenario))


def run_size(scenario: Scenario) -> int:
    """Return ties times months times steps a month, which is about proportional to the time of a run."""
    return cached_place(scenario.place).ties * scenario.months * scenario.substeps


def sample_tasks(
    scenarios: Sequence[Scenario], seed: int, replicates: int, most: int = REPLICATES_A_TASK
) -> list[Task]:
    """Return the tasks of simulating replicates 0 to `replicates` - 1: a small one first, then larger ones."""
    each = sum(map(run_size, scenarios))
    size = min(max(TURN // each, 1), most)
    edges = [0, *range(min(FIRST_REPLICATES, size), replicates, size), replicates]
    return [
        Task(sample, (tuple(scenarios), seed, tuple(range(start, end))), each * (end - start))
        for start, end in pairwise(edges)
        if end > start
    ]


def sample(scenarios: Sequence[Scenario], seed: int, replicates: Sequence[int]) -> Sample:
    """Run replicates of scenarios of one place, horizon and step."""
    runs = [(scenario, replicate) for scenario in scenarios for replicate in replicates]
    series, judged = simulate_lanes(
        [scenario for scenario, _ in runs], [seed] * len(runs), [replicate for _, replicate in runs]
    )
    months, measures, _ = series.shape
    by_scenario = series.reshape(months, measures, len(scenarios), len(replicates))
    return Sample(
        measures=measure_names(scenarios[0]),
        replicates=np.array(replicates, dtype=np.int64),
        series=np.ascontiguousarray(np.moveaxis(by_scenario, 2, 0), dtype=np.float32),
        emerged_month=judged["emerged_month"].reshape(len(scenarios), len(replicates)),
    )


def joined(parts: Sequence[Sample]) -> Sample:
    """Join samples of the same scenarios, in the order of replicates."""
    replicates = np.concatenate([part.replicates for part in parts])
    order = np.argsort(replicates)
    return Sample(
        measures=parts[0].measures,
        replicates=replicates[order],
        series=np.concatenate([part.series for part in parts], axis=-1)[..., order],
        emerged_month=np.concatenate([part.emerged_month for part in parts], axis=-1)[:, order],
    )


def prepare(extensions: Extensions = NO_EXTENSIONS) -> None:
    """Load the kernels of the model and of extensions, from the cache on disk where they are there."""
    scenario = load_scenario("baseline", extensions=extensions).with_horizon(0.25)
    simulate_course(scenario, 1, 0)
