"""Search for the parameters that show the calibration targets, and for the edges of the region in which they do.

The search is small and repeatable: a scrambled Sobol sequence with a fixed seed over a box of parameters, every
point simulated with the same accidents of fate in several places. What it aims at is fixed in the study's file, and a
target that chose parameters may never be reported as reproduced.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abm.analysis.studyfile import Study, Target
from abm.core.vocabulary import MONTHS_PER_YEAR
from abm.runs.batches import LANES, mapped
from abm.scenarios.scenario import Scenario, load_scenario
from abm.scenarios.simulate import simulate_lanes

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Trial:
    """What one set of parameters shows.

    Attributes
    ----------
    values : mapping of str to float
        Parameters that differ from their defaults.
    standing : (places, targets) array
        Share of runs in which integration stands at the end.
    years : (places, targets) array
        Median years to emergence of the runs in which it emerged; missing where it never did.
    """

    values: Mapping[str, float]
    standing: NDArray[np.float64]
    years: NDArray[np.float64]


def distance(study: Study, standing: NDArray[np.float64]) -> float:
    """Return the root mean square by which shares miss their targets, over places and targets; 0 when all hold."""
    low = np.array([target.low for target in study.targets])
    high = np.array([target.high for target in study.targets])
    missed = np.maximum(np.maximum(low - standing, standing - high), 0.0)
    return float(np.sqrt(np.mean(missed**2)))


def sample(study: Study) -> list[dict[str, float]]:
    """Return the points of the search: a scrambled Sobol sequence over the box (Sobol 1967)."""
    from scipy.stats import qmc

    names = list(study.search)
    bounds = np.array([study.search[name] for name in names])
    sequence = qmc.Sobol(len(names), scramble=True, rng=np.random.default_rng(study.search_seed))
    points = qmc.scale(sequence.random(study.samples), bounds[:, 0], bounds[:, 1])
    return [dict(zip(names, point.tolist(), strict=True)) for point in points]


def try_values(study: Study, values: Mapping[str, float]) -> Trial:
    """Simulate every target in every place with parameters replaced.

    Parameters
    ----------
    study : Study
    values : mapping of str to float
        Parameters by flat name; empty for the defaults.
    """
    shape = (len(study.places), len(study.targets))
    standing, years = np.empty(shape), np.full(shape, np.nan)
    for row, place in enumerate(study.places):
        scenarios = [aimed(target).with_place(place).with_parameters(values) for target in study.targets]
        lanes = [(scenario, replicate) for scenario in scenarios for replicate in range(study.replicates)]
        stands, months = simulate_outcomes(lanes, study.seed)
        by_target = (len(scenarios), study.replicates)
        standing[row] = stands.reshape(by_target).mean(axis=1)
        for column, when in enumerate(months.reshape(by_target)):
            if not np.all(np.isnan(when)):
                years[row, column] = float(np.nanmedian(when)) / MONTHS_PER_YEAR
    return Trial(dict(values), standing, years)


def aimed(target: Target) -> Scenario:
    """Return the scenario of a target."""
    scenario = load_scenario(target.scenario)
    return scenario.with_levers(target.levers) if target.levers else scenario


def simulate_outcomes(
    lanes: Sequence[tuple[Scenario, int]], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Run scenarios of one place and return, by run, whether integration stands and the month it emerged."""
    stands, months = [], []
    for first in range(0, len(lanes), LANES):
        part = lanes[first : first + LANES]
        _, judged = simulate_lanes(
            [scenario for scenario, _ in part], [seed] * len(part), [replicate for _, replicate in part]
        )
        stands.append(judged["standing"])
        months.append(judged["emerged_month"])
    return np.concatenate(stands), np.concatenate(months)


def search(study: Study, workers: int | None = None, progress: Progress | None = None) -> list[Trial]:
    """Try every point of the search, nearest to the targets first."""
    tasks = [(study, values) for values in sample(study)]
    trials: list[Trial] = mapped(try_pair, tasks, workers=workers, progress=progress)
    return sorted(trials, key=lambda trial: distance(study, trial.standing))


def edges(
    study: Study, centre: Mapping[str, float], workers: int | None = None, progress: Progress | None = None
) -> dict[str, list[Trial]]:
    """Move one parameter at a time through its range, the others at `centre`."""
    steps = {
        name: np.linspace(low, high, study.edge_points).tolist() for name, (low, high) in study.search.items()
    }
    tasks = [(study, {**centre, name: value}) for name, values in steps.items() for value in values]
    trials: list[Trial] = mapped(try_pair, tasks, workers=workers, progress=progress)
    return {
        name: trials[row * study.edge_points : (row + 1) * study.edge_points]
        for row, name in enumerate(study.search)
    }


def try_pair(task: tuple[Study, Mapping[str, float]]) -> Trial:
    """Try one point; a function of one argument that workers can import."""
    return try_values(*task)
