"""Simulate the response to the three headline levers around a question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from abm.analysis.emergence import wilson_interval
from abm.core.part import Measure
from abm.interface.page.background.jobs import Task
from abm.interface.page.background.simulations import Sample, run_size, sample
from abm.interface.page.session.question import Question
from abm.records import shown_number
from abm.scenarios.extensions import NO_EXTENSIONS, Extensions
from abm.scenarios.scenario import Scenario

X, Y, PANEL = "competition.strictness", "contracting.flexibility", "leadership.effort"
X_VALUES = (0.0, 0.15, 0.3, 0.45, 0.6, 0.8, 1.0)
Y_VALUES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
PANEL_VALUES = (0.15, 0.5, 0.8)
STARTS = 1.0
"""Year at whose end the levers step to their settings, so that there is a time before."""
REPLICATES = 8
TOO_LARGE = 600_000
"""Size of a run, ties times steps, from which a landscape is work for a sweep."""

EMERGED = Measure(
    "emerged_ever", "Integrated care emerges", "share of runs", 0, 1, "Share of runs in which it does"
)
SHOWN = ("implementation", "trust", "engagement", "board", "admissions", "occupancy")
"""Measures of the model itself that a landscape shows."""


@dataclass(frozen=True)
class Axis:
    """An axis of a landscape: a lever, or a dimension of a sweep.

    Attributes
    ----------
    name, label, unit : str
    values : tuple of float
        Ascending.
    """

    name: str
    label: str
    unit: str
    values: tuple[float, ...]

    def record(self) -> dict[str, object]:
        """Return the axis as a record for the browser."""
        return {"label": self.label, "unit": self.unit, "values": list(self.values)}


@dataclass(frozen=True, eq=False)
class Surface:
    """A landscape: panels by y by x.

    Attributes
    ----------
    x, y, panel : Axis
    values : mapping of str to (panels, y, x) array
        Means by response; NaN where nothing has been simulated yet.
    runs : (panels, y, x) int
        Runs behind each mean.
    """

    x: Axis
    y: Axis
    panel: Axis
    values: Mapping[str, NDArray[np.float64]]
    runs: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Count panels, rows and columns."""
        return len(self.panel.values), len(self.y.values), len(self.x.values)

    def told(self, name: str, at: tuple[int, int, int]) -> str:
        """Describe the value of a cell."""
        value, runs = float(self.values[name][at]), int(self.runs[at])
        if not runs or np.isnan(value):
            return "not simulated yet"
        if name != EMERGED.name:
            return f"{shown_number(value, 3)}, mean of {runs} runs"
        share = wilson_interval(round(value * runs), runs)
        return f"in {share.count} of {runs} runs ({share.low:.0%} to {share.high:.0%})"


def responses(extensions: Extensions) -> tuple[Measure, ...]:
    """List what a landscape can show: whether integrated care emerges, and measures at the end of the horizon."""
    added = {measure.name for part in extensions.parts for measure in part.measures}
    return (EMERGED, *(one for one in extensions.measures if one.name in SHOWN or one.name in added))


def axis(name: str, values: Sequence[float], extensions: Extensions = NO_EXTENSIONS) -> Axis:
    """Return an axis of a lever."""
    lever = extensions.catalogue.levers.get(name)
    unit = "" if lever is None or lever.unit.startswith("index") else lever.unit
    return Axis(name, lever.label if lever else name.replace("_", " "), unit, tuple(values))


def empty_surface(extensions: Extensions = NO_EXTENSIONS) -> Surface:
    """Return the landscape of the headline levers with no value known yet."""
    shape = (len(PANEL_VALUES), len(Y_VALUES), len(X_VALUES))
    return Surface(
        axis(X, X_VALUES),
        axis(Y, Y_VALUES),
        axis(PANEL, PANEL_VALUES),
        {response.name: np.full(shape, np.nan) for response in responses(extensions)},
        np.zeros(shape, dtype=np.int64),
    )


def question_at(question: Question, surface: Surface, at: tuple[int, int, int]) -> Question:
    """Return the question that a cell of a landscape stands for."""
    for one, index in zip((surface.panel, surface.y, surface.x), at, strict=True):
        if one.name in question.extensions.catalogue.levers:
            setting = one.values[index]
            question = question.with_schedule(one.name, {"step": {"at": STARTS, "to": setting}})
    return question


def row_tasks(question: Question, surface: Surface) -> tuple[list[tuple[int, int]], list[Task]]:
    """Return the rows of a landscape and the task of each, in an order in which its shape shows early."""
    panels, rows, columns = surface.shape
    order = sorted(range(rows), key=lambda row: (row % 2, row))
    places = [(panel, row) for row in order for panel in range(panels)]
    tasks = []
    for panel, row in places:
        scenarios = tuple(
            question_at(question, surface, (panel, row, column)).scenario for column in range(columns)
        )
        size = REPLICATES * sum(map(run_size, scenarios))
        tasks.append(Task(row_of, (scenarios, question.seed, REPLICATES), size))
    return places, tasks


@dataclass(frozen=True, eq=False)
class Row:
    """A row of a landscape.

    Attributes
    ----------
    values : dict of str to (x,) array
    runs : int
    """

    values: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    runs: int = 0


def row_of(scenarios: Sequence[Scenario], seed: int, replicates: int) -> Row:
    """Simulate the cells of a row, all with the same accidents."""
    found = sample(scenarios, seed, range(replicates))
    wanted = responses(scenarios[0].extensions)
    return Row({response.name: ends(found, response.name) for response in wanted}, replicates)


def ends(found: Sample, name: str) -> NDArray[np.float64]:
    """Return the mean response of every scenario of a sample."""
    if name == EMERGED.name:
        emerged: NDArray[np.float64] = (~np.isnan(found.emerged_month)).mean(axis=1)
        return emerged
    column = found.measures.index(name)
    last: NDArray[np.float64] = found.series[:, -1, column].astype(np.float64).mean(axis=1)
    return last


def filled(surface: Surface, place: tuple[int, int], row: Row) -> Surface:
    """Return a landscape with a row filled in."""
    values = {name: array.copy() for name, array in surface.values.items()}
    for name, array in row.values.items():
        values[name][place] = array
    runs = surface.runs.copy()
    runs[place] = row.runs
    return Surface(surface.x, surface.y, surface.panel, values, runs)
