"""Call our own model as `simulate(runs)`: one run in each lane of a batch."""

from collections.abc import Sequence

import numpy as np

from abm.runs.run import Run, Tables, tabulate
from abm.scenarios.scenario import Scenario
from abm.scenarios.simulate import measure_names, simulate_lanes


def simulate(runs: Sequence[Run]) -> Tables:
    """Simulate runs of one place, horizon and step.

    Parameters
    ----------
    runs : sequence of Run
        Their scenarios are `abm.scenarios.scenario.Scenario`.

    Returns
    -------
    Tables
        In the order of the runs.

    Raises
    ------
    TypeError
        If a scenario is not of our own model.
    """
    scenarios = []
    for run in runs:
        if not isinstance(run.scenario, Scenario):
            raise TypeError(
                f"run {run.run_id} has a scenario of another model: {type(run.scenario).__name__}"
            )
        scenarios.append(run.scenario)
    series, judged = simulate_lanes(scenarios, [run.seed for run in runs], [run.replicate for run in runs])
    by_lane = [np.ascontiguousarray(series[:, :, lane]) for lane in range(len(runs))]
    return tabulate(runs, measure_names(scenarios[0]), by_lane, judged)
