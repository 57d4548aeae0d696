"""Read the runs of a sweep as a landscape, and find the question that one of its runs asked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.core.part import Measure
from abm.errors import AbmError, InvalidInput, Problem
from abm.interface.page.landscape.response_survey import EMERGED, Axis, Surface, axis
from abm.interface.page.session.opening import question_asked
from abm.interface.page.session.question import Question
from abm.runs.results import FAILED
from abm.runs.run import Run
from abm.scenarios.extensions import NO_EXTENSIONS, Extensions
from abm.submodels.emergence.emergence import OUTCOMES
from abm.sweeps.store.dataset import SweepTables
from abm.sweeps.store.manifest import Manifest
from abm.sweeps.store.shard import cases_of

MOST_ROWS = 2_000_000
"""Most runs of a sweep that are read."""
MOST_CELLS = 9
"""Most values of an axis; a dimension with more is cut into ranges."""
LISTED = 12
SHOWN = ("run_id", "scenario", "replicate", "emerged_month")
EVERYTHING, SCENARIO = "all", "scenario"


@dataclass(frozen=True, eq=False)
class SweepView:
    """The runs of a sweep.

    Attributes
    ----------
    directory : Path
    name : str
    dimensions : tuple of str
        Names of the numeric columns that were varied.
    bases : tuple of str
        Names of the scenarios.
    columns : dict of str to array
        Columns of the table of simulated runs.
    failures : str
        How many runs failed, and why; empty if none did.
    """

    directory: Path
    name: str
    dimensions: tuple[str, ...]
    bases: tuple[str, ...]
    columns: dict[str, NDArray[Any]]
    failures: str = ""

    @property
    def runs(self) -> int:
        """Count the runs."""
        return len(self.columns["run_id"])


def read_sweep(directory: Path) -> SweepView:
    """Read the finished runs of a sweep.

    Raises
    ------
    AbmError
        If there is no sweep, no run of it is finished, or it is too large to show.
    """
    tables = SweepTables(Manifest.read(directory))
    if tables.manifest.runs > MOST_ROWS:
        raise AbmError(f"the sweep has {tables.manifest.runs:,} runs; the page shows up to {MOST_ROWS:,}")
    table = tables.runs.to_table()
    columns = {name: np.asarray(table[name].to_numpy(zero_copy_only=False)) for name in table.column_names}
    if "status" in columns:
        is_done = columns["status"] != FAILED
        columns = {name: values[is_done] for name, values in columns.items()}
    numeric = [
        name for name, values in tables.points.columns.items() if np.issubdtype(values.dtype, np.number)
    ]
    bases = tuple(dict.fromkeys(columns["scenario"].tolist()))
    return SweepView(directory, tables.manifest.name, tuple(numeric), bases, columns, tables.told_failures())


def outcomes_of(view: SweepView) -> list[Measure]:
    """List the outcomes that the sweep kept; whether integrated care emerged comes first."""
    found = [outcome for outcome in OUTCOMES if outcome.name in view.columns and outcome.name != EMERGED.name]
    return [EMERGED, *found] if EMERGED.name in view.columns else found


def sweep_surface(view: SweepView, x: str, y: str, panel: str) -> tuple[Surface, NDArray[np.int64]]:
    """Return the mean outcomes over two dimensions and a third as panels, averaged over all other dimensions.

    Parameters
    ----------
    view : SweepView
    x, y : str
        Dimensions; y may be `EVERYTHING`, for a single row.
    panel : str
        Another dimension, 'scenario', or `EVERYTHING` for one panel.

    Returns
    -------
    surface : Surface
    cell : (runs,) int
        Cell of every run, counted panel by panel, row by row.
    """
    axes, places = zip(*(binned(view, name) for name in (panel, y, x)), strict=True)
    shape = tuple(len(one.values) for one in axes)
    cell = np.ravel_multi_index(places, shape).astype(np.int64)
    cells = int(np.prod(shape))
    runs = np.bincount(cell, minlength=cells)
    values = {}
    for outcome in outcomes_of(view):
        column = view.columns[outcome.name].astype(np.float64)
        known = ~np.isnan(column)
        count = np.bincount(cell[known], minlength=cells)
        total = np.bincount(cell[known], weights=column[known], minlength=cells)
        mean = np.divide(total, count, out=np.full(cells, np.nan), where=count > 0)
        values[outcome.name] = mean.reshape(shape)
    return Surface(axes[2], axes[1], axes[0], values, runs.reshape(shape)), cell


def binned(view: SweepView, name: str) -> tuple[Axis, NDArray[np.int64]]:
    """Return a dimension as an axis of at most `MOST_CELLS` values, and the position of every run on it."""
    if name == EVERYTHING:
        return Axis(EVERYTHING, "All runs", "", (0.0,)), np.zeros(view.runs, dtype=np.int64)
    if name == SCENARIO:
        order = {base: number for number, base in enumerate(view.bases)}
        rows = np.array([order[base] for base in view.columns[SCENARIO].tolist()], dtype=np.int64)
        return Axis(SCENARIO, "Scenario", "", tuple(float(number) for number in range(len(view.bases)))), rows
    column = view.columns[name].astype(np.float64)
    distinct = np.unique(column)
    if len(distinct) <= MOST_CELLS:
        return axis(name, distinct.tolist()), np.searchsorted(distinct, column).astype(np.int64)
    edges = np.linspace(distinct[0], distinct[-1], MOST_CELLS + 1)
    rows = np.clip(np.digitize(column, edges) - 1, 0, MOST_CELLS - 1).astype(np.int64)
    return axis(name, ((edges[1:] + edges[:-1]) / 2.0).tolist()), rows


def runs_in(view: SweepView, cell: NDArray[np.int64], wanted: int) -> list[dict[str, Any]]:
    """List the first runs of a cell: id, replicate and whether integrated care emerged."""
    rows = np.flatnonzero(cell == wanted)[:LISTED]
    kept = [
        name
        for name in ("run_id", "scenario", "replicate", "emerged_ever", "emerged_month")
        if name in view.columns
    ]
    columns = {name: view.columns[name][rows].tolist() for name in kept}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def question_of_run(
    view: SweepView, run_id: str, extensions: Extensions = NO_EXTENSIONS
) -> tuple[Question, bool]:
    """Return the question that a run of the sweep asked, with its own accidents.

    Returns
    -------
    question : Question
    is_same_code : bool
        Whether the sweep was made with this version of the code; with another the results may differ.

    Raises
    ------
    InvalidInput
        If there is no such run, or the page cannot show it.
    """
    run = found_run(view, run_id)
    return question_asked(run, extensions), run.run_id == run_id


def found_run(view: SweepView, run_id: str) -> Run:
    """Find a run in the manifest by scenario, point and replicate, since its id depends on the version of the code."""
    rows = np.flatnonzero(view.columns["run_id"] == run_id)
    if len(rows):
        wanted = {
            name: view.columns[name][rows[:1]].tolist()[0] for name in ("scenario", "point", "replicate")
        }
        manifest = Manifest.read(view.directory)
        for index in range(manifest.shards):
            shard = manifest.shard(index)
            if not shard.holds(wanted["point"], wanted["replicate"]):
                continue
            for case in cases_of(manifest, shard.first_run, shard.runs)[0]:
                run = case.run
                if (run.point, run.replicate) == (wanted["point"], wanted["replicate"]) and (
                    manifest.bases[case.base].name == wanted["scenario"]
                ):
                    return run
    raise InvalidInput([Problem("sweep", None, f"it has no run '{run_id}'")])
