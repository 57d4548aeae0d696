"""Read a sweep: its runs, months and points, lazily, as pyarrow datasets and as frames of pandas or polars.

Only files that a commit lists are read, so a sweep can be read while it runs; what is not done yet is absent.
"""

import logging
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from abm.errors import AbmError, did_you_mean
from abm.files.parquet import dataset, equals, partly_whole, rows_of, scanned_tables
from abm.runs.failures import place_in
from abm.runs.results import FAILED
from abm.sweeps.design.point_table import POINTS, Points
from abm.sweeps.store.compaction import COMPACT
from abm.sweeps.store.manifest import Manifest
from abm.sweeps.store.shard import shard_folder
from abm.sweeps.store.sweep_survey import Surveyor

Table = Literal["runs", "months", "points"]
TABLES: tuple[Table, ...] = ("runs", "months", "points")
MOST_CAUSES = 3
KEPT = ("runs", "months")
"""Tables that shards write."""

log = logging.getLogger(__name__)


def open_sweep(directory: str | Path) -> "SweepTables":
    """Open a sweep to read the runs that are done.

    Parameters
    ----------
    directory : str or Path
        As planned.

    Returns
    -------
    SweepTables

    Raises
    ------
    InvalidInput
        If there is no sweep.

    Notes
    -----
    If runs have failed, the log says how many and why: they have no outcomes, and a function that skips missing values,
    such as a mean of pandas, would not show that.
    """
    tables = SweepTables(Manifest.read(Path(directory)))
    told = tables.told_failures()
    if told:
        log.warning("%s; they have no outcomes and no months", told)
    return tables


class SweepTables:
    """The tables of a sweep, each as it was when first read.

    Parameters
    ----------
    manifest : Manifest
        The sweep's.

    Attributes
    ----------
    runs : pyarrow.dataset.Dataset
        A row for each run: ids, point, replicate, seed, the value of each dimension, outcomes, status and error.
    months : pyarrow.dataset.Dataset
        A row for each kept month of each run that was simulated: ids, month, measures.
    """

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self._has_failures = False

    def __repr__(self) -> str:
        return f"<sweep '{self.manifest.name}' in {self.manifest.directory}: {self.manifest.runs:,} runs>"

    @cached_property
    def _files(self) -> dict[str, list[Path]]:
        surveyor = Surveyor(self.manifest)
        folder = self.manifest.directory / COMPACT
        found: list[tuple[int, dict[str, Path]]] = []
        covered: set[int] = set()
        for part, complaint in surveyor.parts()[0]:
            if complaint is None:
                covered.update(part.indices)
                self._has_failures |= part.failed > 0
                first = min(part.indices)
                found.append((first, {table: folder / kept.name for table, kept in part.files.items()}))
        for index in range(self.manifest.shards):
            if index in covered:
                continue
            try:
                commit = surveyor.commit(index)
            except (OSError, ValueError):
                continue
            self._has_failures |= commit.failed > 0
            own = shard_folder(self.manifest.directory, index)
            found.append((index, {table: own / kept.name for table, kept in commit.files.items()}))
        found.sort(key=lambda entry: entry[0])
        kept = {table: [files[table] for _, files in found if table in files] for table in KEPT}
        return {**kept, "points": [self.manifest.directory / POINTS]}

    @cached_property
    def runs(self) -> Any:
        """The runs that are done, as a lazy dataset of pyarrow."""
        return self._dataset("runs")

    @cached_property
    def months(self) -> Any:
        """The kept months of the runs that are done, as a lazy dataset of pyarrow."""
        if self.manifest.every is None:
            raise AbmError("the experiment keeps no months ('months: none'); its runs have outcomes only")
        return self._dataset("months")

    @property
    def points(self) -> Points:
        """The points of the design: a column for each dimension, a row for each point."""
        return self.manifest.points(0, int(self.manifest.content["points"]["count"]))

    def to_pandas(
        self, table: Table = "runs", columns: Sequence[str] | None = None, where: Any = None
    ) -> Any:
        """Read a table as a frame of pandas.

        Parameters
        ----------
        table : str
            'runs', 'months' or 'points'.
        columns : sequence of str, optional
            Columns to read; default: all.
        where : pyarrow.compute.Expression, optional
            Rows to read.

        Raises
        ------
        AbmError
            If pandas is not installed, or there is no such table or column.
        """
        pandas = _required("pandas")
        source = self._of(table)
        wanted = None if columns is None else list(columns)
        known = source.schema.names
        for name in wanted or ():
            if name not in known:
                told = f"'{name}' is not a column of '{table}'{did_you_mean(name, known)} Columns: {', '.join(known)}."
                raise AbmError(told)
        read = source.to_table(columns=wanted, filter=where)
        frame = read.to_pandas()
        for name in partly_whole(read):
            # By default a frame converts integers with missing values to real numbers.
            frame[name] = pandas.array(read[name].to_pylist(), dtype="Int64")
        return frame

    def to_polars(self, table: Table = "runs") -> Any:
        """Return a table as a lazy frame of polars, which reads what a query needs when it is collected.

        Raises
        ------
        AbmError
            If polars is not installed, or there is no such table.
        """
        polars = _required("polars")
        self._of(table)
        return polars.scan_parquet([str(file) for file in self._files[table]])

    def schema(self, table: Table = "runs") -> Any:
        """Return the columns of a table: their types, units, ranges and definitions."""
        return self._of(table).schema

    def tables(self, table: Table = "runs") -> Iterator[Any]:
        """Read a table piece by piece, in the order of the shards, so that memory stays flat."""
        return scanned_tables(self._of(table))

    def row(self, run_id: str) -> dict[str, Any] | None:
        """Return the row of a run, or None if it is not done."""
        found = rows_of(self.runs, equals("run_id", run_id))
        return found[0] if found else None

    def rows_of_months(self, run_id: str) -> list[dict[str, Any]]:
        """Return the kept months of a run, in order."""
        return [] if self.manifest.every is None else rows_of(self.months, equals("run_id", run_id))

    def failures(self) -> list[tuple[str, int, str]]:
        """List the causes of failed runs, commonest first: a message, the number of runs, and the id of one."""
        counted: dict[tuple[str, str], list[Any]] = {}
        columns = ["error", "traceback", "run_id"]
        for row in self.runs.to_table(columns=columns, filter=equals("status", FAILED)).to_pylist():
            # Errors raised at one line are one cause, whatever numbers their messages hold.
            place = place_in(row["traceback"] or "")
            cause = (row["error"].partition(":")[0] if place else row["error"], place)
            counted.setdefault(cause, [row["error"], 0, row["run_id"]])[1] += 1
        found = [(str(error), int(count), str(run_id)) for error, count, run_id in counted.values()]
        return sorted(found, key=lambda entry: -entry[1])

    def told_failures(self) -> str:
        """Return one line on how many runs have failed, and why; empty if none has."""
        found = self.failures() if self._files["runs"] and self._has_failures else []
        failed = sum(count for _, count, _ in found)
        return f"{failed:,} of {self.manifest.runs:,} runs have failed: {told_causes(found)}" if found else ""

    def _of(self, table: str) -> Any:
        if table not in TABLES:
            told = f"'{table}' is not a table{did_you_mean(table, TABLES)} Tables: {', '.join(TABLES)}."
            raise AbmError(told)
        if table == "points":
            return self._dataset(table)
        return self.months if table == "months" else self.runs

    def _dataset(self, table: str) -> Any:
        files = self._files[table]
        if not files:
            raise AbmError(f"nothing of {self.manifest.directory} is done yet; 'abm sweep run' starts it")
        return dataset(files)


def told_causes(found: Sequence[tuple[str, int, str]]) -> str:
    """Return one line with the commonest causes of failures and their counts."""
    told = [f"{count:,} with '{error.partition(chr(10))[0]}'" for error, count, _ in found[:MOST_CAUSES]]
    more = len(found) - MOST_CAUSES
    return ", ".join(told) + (
        f" and {sum(count for _, count, _ in found[MOST_CAUSES:]):,} of other causes" if more > 0 else ""
    )


def _required(package: str) -> Any:
    try:
        return import_module(package)
    except ImportError:
        raise AbmError(
            f"{package} is not installed; 'pip install {package}', or use the datasets of pyarrow"
        ) from None
