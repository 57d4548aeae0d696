"""Simulate one run and keep what a visitor can look at: every measure, and every tie, month by month."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.core.batch import Batch, Lane
from abm.scenarios.scenario import Scenario
from abm.scenarios.simulate import cached_place, make_batch, measure_names
from abm.submodels.emergence.emergence import judge

Floats = NDArray[np.float32]
Array = NDArray[Any]

FULL = 255
"""The byte that stands for 1: a share is kept to about a fifth of a hundredth, finer than any picture shows."""

SHARE, FLAG, NUMBER, LABEL = np.uint8, np.bool_, np.float32, np.int32
ROW = np.int16
"""Half of a label; enough for the few places whose leaders are named."""
KEPT: Mapping[str, type[np.generic]] = {
    "trust": SHARE,
    "orientation": SHARE,
    "pressure": SHARE,
    "engaged": FLAG,
    "exits": FLAG,
    "moved_from": ROW,
    "board": FLAG,
    "challenged": FLAG,
    "board_trust": NUMBER,
    "engagement": NUMBER,
    "engagement_trust": NUMBER,
    "implementation": NUMBER,
    "scope": NUMBER,
    "occupancy": NUMBER,
    "waiting": NUMBER,
    "list_size": NUMBER,
    "network": LABEL,
}
"""Arrays of the state that are kept if a run has them, and their types."""


@dataclass(frozen=True, eq=False)
class Course:
    """One run of T months.

    Attributes
    ----------
    measures : tuple of str
        Names of the columns of `series`.
    series : (T+1, measures) float32
        Measures of months 0 to T.
    states : mapping of str to array
        What is kept of the state in months 0 to T, (T+1, ...); shares as bytes, 255 for 1.
    emerged_month : float
        Month that completed the first lasting spell of integrated care, NaN if none did.
    parameters : mapping of str to float
        Every parameter, for thresholds.
    """

    measures: tuple[str, ...]
    series: Floats
    states: Mapping[str, Array]
    emerged_month: float
    parameters: Mapping[str, float]

    @property
    def months(self) -> int:
        """Count the months."""
        return len(self.series) - 1

    @property
    def size(self) -> int:
        """Count the bytes of what is kept."""
        return self.series.nbytes + sum(values.nbytes for values in self.states.values())

    def measure(self, name: str) -> Floats:
        """Return a measure over months 0 to T."""
        return self.series[:, self.measures.index(name)]

    def history(self, name: str, row: int) -> Floats:
        """Return what an organisation, tie or place went through: (T+1, ...), a share in [0, 1]."""
        return decoded(self.states[name][:, row])

    def arrays(self, month: int) -> dict[str, Array]:
        """Return the state of a month as a batch of one lane holds it."""
        return {name: decoded(values[month])[..., np.newaxis] for name, values in self.states.items()}


def decoded(values: Array) -> Array:
    """Return shares that are kept as bytes as numbers in [0, 1], and all else as it is."""
    return values.astype(np.float32) / FULL if values.dtype == SHARE else values


def simulate_course(scenario: Scenario, seed: int, replicate: int) -> Course:
    """Run one scenario to its horizon and keep what can be looked at.

    Parameters
    ----------
    scenario : Scenario
        What is simulated.
    seed, replicate : int
        Which accidents of fate; two scenarios with the same pair share every one.

    Returns
    -------
    Course
    """
    place = cached_place(scenario.place)
    lane = Lane(seed, replicate, scenario.parameter_values, scenario.lever_table())
    batch = make_batch(place, [lane], scenario.substeps, extensions=scenario.extensions)
    kept = _kept(batch, scenario.months)
    _keep(kept, batch)
    for _ in range(scenario.months):
        batch.advance()
        _keep(kept, batch)
    judged = judge(
        batch.series[:, batch.theory.row("implementation")],
        np.array([lane.parameters["emergence.threshold"]]),
        np.array([lane.parameters["emergence.months"]]),
    )
    return Course(
        measures=measure_names(scenario),
        series=batch.series[:, :, 0].astype(np.float32),
        states=kept,
        emerged_month=float(judged["emerged_month"][0]),
        parameters=dict(lane.parameters),
    )


def _kept(batch: Batch, months: int) -> dict[str, Array]:
    state = batch.state.arrays
    return {
        name: np.zeros((months + 1, *state[name].shape[:-1]), kind)
        for name, kind in KEPT.items()
        if name in state
    }


def _keep(kept: dict[str, Array], batch: Batch) -> None:
    for name, values in kept.items():
        now = batch.state.arrays[name][..., 0]
        if values.dtype == SHARE:
            values[batch.month] = np.rint(now * FULL)
        else:
            values[batch.month] = now > 0.0 if values.dtype == FLAG else now
