"""Serve experiments with the model of integrated care."""

from collections.abc import Sequence
from typing import cast

import numpy as np

from abm.experiments.run import Run, Tables, tabulate
from abm.model.scenario import Scenario
from abm.model.simulate import measure_names, simulate_lanes


def simulate(runs: Sequence[Run]) -> Tables:
    """Simulate runs of one place and horizon side by side.

    Parameters
    ----------
    runs : sequence of Run
        Their scenarios are `abm.model.scenario.Scenario` and share place, months and steps a month.

    Returns
    -------
    Tables
        Outcomes a run, and measures of months 0 to the last.
    """
    scenarios = [cast(Scenario, run.scenario) for run in runs]
    series, judged = simulate_lanes(
        scenarios, [run.seed for run in runs], [run.replicate for run in runs]
    )
    by_run = [np.ascontiguousarray(series[:, :, lane]) for lane in range(len(runs))]
    return tabulate(runs, measure_names(), by_run, judged)
