"""Run one shard of a sweep and commit its results: a function of the manifest alone.

Running a shard twice, or in two processes at once, gives the same rows and does no harm. A run that fails becomes a row
with the reason, and its neighbours continue. An attempt that ends before it can report why leaves its marker behind,
and the next one, wherever it is made, simulates in a separate process to find the run that caused it.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from abm.files.durable import Kept, put_hashed, put_record, read_record
from abm.files.enclosure import require_own
from abm.files.parquet import encoded, repeated, table_of, whole_numbers
from abm.runs.attempts import Outcome, attempted
from abm.runs.batches import LANES
from abm.runs.failures import RunFailure
from abm.runs.inquiry import Control, Inquiry
from abm.runs.machine_faults import MachineFault
from abm.runs.provenance import source_hash
from abm.runs.results import DONE, FAILED, meaning
from abm.runs.run import Run, Simulator, Tables
from abm.sweeps.design.point_table import Points
from abm.sweeps.store.blocks import Shard
from abm.sweeps.store.cases import Case
from abm.sweeps.store.manifest import Manifest
from abm.sweeps.store.shard_marks import Marker

SHARDS = "shards"
SHARDS_PER_FOLDER = 1000
COMMIT_FORMAT = "abm sweep shard"

Attempt = Callable[[Simulator, Sequence[Run]], list[Outcome]]


@dataclass(frozen=True)
class Commit:
    """The commit record of a shard.

    Attributes
    ----------
    shard : int
        Number of the shard.
    block : str
        Identity of its block.
    source_sha256 : str
        Hash of the sources that ran it.
    runs, failed : int
        Runs, and how many of them failed.
    seconds : float
        Time that it took, simulation and writing.
    finished : float
        When, in seconds of the clock of the machine that ran it.
    files : mapping of str to Kept
        ``runs``, and ``months`` where months are kept.
    """

    shard: int
    block: str
    source_sha256: str
    runs: int
    failed: int
    seconds: float
    finished: float
    files: Mapping[str, Kept]

    def described(self) -> dict[str, Any]:
        """Return the commit as plain values."""
        return {
            "format": COMMIT_FORMAT,
            **{name: value for name, value in vars(self).items() if name != "files"},
            "files": {name: kept.described() for name, kept in self.files.items()},
        }

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Commit":
        """Read plain values.

        Raises
        ------
        ValueError
            If they are no commit of a shard.
        """
        if record.get("format") != COMMIT_FORMAT:
            raise ValueError("is not the commit record of a shard")
        given = {name: value for name, value in record.items() if name not in ("format", "files")}
        files = {name: Kept.of(described) for name, described in record["files"].items()}
        return cls(**given, files=files)


def shard_folder(directory: Path, index: int) -> Path:
    """Return the folder of a shard's files; no folder holds more than a thousand shards."""
    return directory / SHARDS / f"{index // SHARDS_PER_FOLDER:03}"


def commit_path(directory: Path, index: int) -> Path:
    """Return the path of a shard's commit record."""
    return shard_folder(directory, index) / f"{index:06}.json"


def read_commit(directory: Path, index: int) -> Commit:
    """Read the commit record of a shard.

    Raises
    ------
    FileNotFoundError
        If there is none.
    OSError, ValueError
        If it cannot be read, or is not what was written.
    """
    try:
        return Commit.of(read_record(commit_path(directory, index)))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{index:06}.json is not a commit record ({error})") from None


def run_shard(
    directory: Path,
    index: int,
    *,
    lanes: int = LANES,
    is_forced: bool = False,
    manifest: Manifest | None = None,
) -> Commit:
    """Simulate the runs of a shard, and commit their tables.

    Parameters
    ----------
    directory : Path
        The sweep's.
    index : int
        Number of the shard.
    lanes : int
        Most runs in a batch; results do not depend on it.
    is_forced : bool
        Run even if the sources are not those of the plan.
    manifest : Manifest, optional
        Manifest of the directory, if it has been read already.

    Returns
    -------
    Commit

    Raises
    ------
    InvalidInput
        If there is no such sweep or shard, or the sources have changed.
    MachineFault
        If the machine was at fault, so that another attempt may succeed.
    OSError
        If results cannot be written; then there is no new commit, and an old one stays.
    """
    started = time.perf_counter()
    manifest = manifest or Manifest.read(directory, passed_over=directory / SHARDS)
    if not is_forced:
        manifest.require_code()
    shard = manifest.shard(index)
    folder = shard_folder(directory, index)
    marker = Marker(folder, index)
    require_own(directory, folder, (marker.path, commit_path(directory, index)))
    folder.mkdir(parents=True, exist_ok=True)
    with marker, ExitStack() as stack:
        attempt: Attempt = attempted
        if marker.is_warned:
            attempt = stack.enter_context(Inquiry(partial(controls, manifest, shard))).attempted
        runs, months, failed = tables_of(manifest, shard, lanes, attempt)
        files = {"runs": put_hashed(folder, f"{index:06}.runs", ".parquet", encoded(runs), runs.num_rows)}
        if months is not None:
            files["months"] = put_hashed(
                folder, f"{index:06}.months", ".parquet", encoded(months), months.num_rows
            )
        commit = Commit(
            shard=index,
            block=shard.block.identity,
            source_sha256=source_hash(),
            runs=shard.runs,
            failed=failed,
            seconds=round(time.perf_counter() - started, 6),
            finished=round(time.time(), 3),
            files=files,
        )
        put_record(commit_path(directory, index), commit.described())
    return commit


def tables_of(
    manifest: Manifest, shard: Shard, lanes: int, attempt: Attempt = attempted
) -> tuple[Any, Any, int]:
    """Simulate a shard; return its tables of runs and of months, and how many runs failed.

    Parameters
    ----------
    manifest : Manifest
        The sweep's.
    shard : Shard
        Its runs.
    lanes : int
        Most runs in a batch.
    attempt : callable
        Simulates a batch; default: in this process.

    Raises
    ------
    MachineFault
        If the machine may be at fault for a failure.
    """
    cases, points = cases_of(manifest, shard.first_run, shard.runs)
    found: list[Tables] = []
    failures: dict[int, RunFailure] = {}
    done: list[int] = []
    for start in range(0, len(cases), lanes):
        places = range(start, min(start + lanes, len(cases)))
        failures |= {place: RunFailure(cases[place].refusal) for place in places if cases[place].refusal}
        batch = [place for place in places if not cases[place].refusal]
        if not batch:
            continue
        simulate = manifest.bases[cases[batch[0]].base].simulate
        for positions, outcome in attempt(simulate, [cases[place].run for place in batch]):
            if isinstance(outcome, Tables):
                found.append(outcome)
                done += [batch[position] for position in positions]
            elif outcome.is_suspicion:
                raise MachineFault(outcome.message)
            else:
                failures[batch[positions[0]]] = outcome
    # Results of a batch come in its order, so `done` rises, and tables are in the order of the runs.
    return (
        _runs_table(manifest, cases, points, found, done, failures),
        _months_table(manifest, cases, found, done),
        len(failures),
    )


def controls(manifest: Manifest, shard: Shard) -> Iterator[Control]:
    """Yield runs to compare a suspected one with: the first of each block, which the plan has tried, its own first."""
    for block in sorted(manifest.blocks, key=lambda block: block != shard.block):
        case = cases_of(manifest, block.first_run, 1)[0][0]
        if not case.refusal:
            yield manifest.bases[case.base].simulate, case.run


def cases_of(manifest: Manifest, first_run: int, runs: int) -> tuple[list[Case], Points]:
    """Return some runs of one block, and their points."""
    block = next(block for block in manifest.blocks if 0 <= first_run - block.first_run < block.runs)
    met = [block.case(first_run)[1], block.case(first_run + runs - 1)[1]]
    spans = block.case(first_run)[0] != block.case(first_run + runs - 1)[0]
    start, stop = block.points if spans else (met[0], met[1] + 1)
    points = manifest.points(start, stop)
    return list(manifest.cases(first_run, runs, points, start)), points


def _runs_table(
    manifest: Manifest,
    cases: Sequence[Case],
    points: Points,
    found: Sequence[Tables],
    done: Sequence[int],
    failures: Mapping[int, RunFailure],
) -> Any:
    """Tabulate identity, point, outcomes and state of every run of a shard."""
    rows = np.array([case.row for case in cases], dtype=np.int64)
    columns: dict[str, Any] = {
        "run_id": [case.run.run_id for case in cases],
        "scenario": [case.run.scenario.name for case in cases],
        "point": np.array([case.run.point for case in cases], dtype=np.int64),
        "replicate": np.array([case.run.replicate for case in cases], dtype=np.int64),
        "seed": np.array([case.run.seed for case in cases], dtype=np.uint64),
    }
    for name, column in points.columns.items():
        if name in manifest.whole:
            columns[name] = whole_numbers(column[rows])
        else:
            columns[name] = column[rows] if column.dtype.kind == "f" else column[rows].tolist()
    for outcome in manifest.outcomes:
        if outcome in manifest.whole:
            columns[outcome] = _whole_outcome(outcome, len(cases), found, done)
            continue
        values = np.full(len(cases), np.nan)
        if found:
            values[list(done)] = np.concatenate([tables.runs[outcome] for tables in found])
        columns[outcome] = values
    places = range(len(cases))
    columns["status"] = [FAILED if place in failures else DONE for place in places]
    columns["error"] = [failures[place].message if place in failures else None for place in places]
    columns["traceback"] = [failures[place].trace if place in failures else None for place in places]
    return table_of(columns, _meanings(manifest, columns))


def _whole_outcome(outcome: str, count: int, found: Sequence[Tables], done: Sequence[int]) -> Any:
    """Return a column of whole numbers, missing where a run failed."""
    values, is_missing = np.zeros(count, dtype=np.int64), np.ones(count, dtype=np.bool_)
    if found:
        values[list(done)] = np.concatenate([tables.runs[outcome] for tables in found])
        is_missing[list(done)] = False
    return np.ma.masked_array(values, mask=is_missing)


def _months_table(
    manifest: Manifest, cases: Sequence[Case], found: Sequence[Tables], done: Sequence[int]
) -> Any:
    """Tabulate the kept months of every run that was simulated; None if none are kept."""
    if manifest.every is None:
        return None
    month = np.concatenate([tables.months["month"] for tables in found] or [np.empty(0, dtype=np.int64)])
    months = cases[0].run.scenario.months
    # Every so many months, with the start and the last.
    is_kept = (month % manifest.every == 0) | (month == months)
    starts = np.flatnonzero(month == 0)
    kept = np.add.reduceat(is_kept.astype(np.int64), starts) if len(starts) else np.empty(0, dtype=np.int64)
    runs = [cases[place].run for place in done]
    columns: dict[str, Any] = {
        "run_id": repeated([run.run_id for run in runs], kept),
        "scenario": repeated([run.scenario.name for run in runs], kept),
        "point": np.repeat(np.array([run.point for run in runs], dtype=np.int64), kept),
        "replicate": np.repeat(np.array([run.replicate for run in runs], dtype=np.int64), kept),
        "month": month[is_kept].astype(np.int32),
    }
    exact = np.float32 if manifest.is_single else np.float64
    for name in manifest.measures:
        values = [
            # A base may lack a measure that another has.
            tables.months[name] if name in tables.months else np.full(len(tables.months["month"]), np.nan)
            for tables in found
        ]
        columns[name] = np.concatenate(values or [np.empty(0)])[is_kept].astype(exact)
    return table_of(columns, _meanings(manifest, columns))


def _meanings(manifest: Manifest, columns: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    described = {entry["name"]: entry["meaning"] for entry in manifest.content["columns"]}
    return {name: described.get(name) or meaning(name, {}) for name in columns}
