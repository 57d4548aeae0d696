"""Run, survey, verify and compact a planned sweep, and repeat single runs of it."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from abm.errors import AbmError, InvalidInput, Problem
from abm.files.durable import TEMPORARY, put
from abm.files.lock import Clock, DirectoryLock, Holder, start_of
from abm.runs.results import FAILED
from abm.runs.run import RUN_ID_DIGITS
from abm.sweeps.design.point_file import encoded_points
from abm.sweeps.design.point_table import POINTS
from abm.sweeps.engines.engine import Carried, Engine
from abm.sweeps.stopping import Patience, spread_ahead
from abm.sweeps.store.cases import Case
from abm.sweeps.store.compaction import COMPACT, CompactPart, compact_shards
from abm.sweeps.store.dataset import SweepTables
from abm.sweeps.store.manifest import Manifest
from abm.sweeps.store.shard import SHARDS, Commit, cases_of
from abm.sweeps.store.shard_marks import put_away
from abm.sweeps.store.sweep_survey import Surveyor, SweepSurvey


@dataclass(frozen=True)
class Advance:
    """Progress of a sweep while it is carried out.

    Attributes
    ----------
    carried : Carried or None
        Last outcome of a shard; None at the start.
    runs_done, runs_failed, runs : int
        Runs that are there, those of them that failed, and all.
    """

    carried: Carried | None
    runs_done: int
    runs_failed: int
    runs: int


@dataclass(frozen=True)
class Carriage:
    """Outcome of carrying out a sweep.

    Attributes
    ----------
    runs_done, runs_failed, runs : int
        Runs that are there, those of them that failed, and all.
    lost : tuple of Carried
        Shards that could not be run.
    attempts_lost : tuple of Carried
        Attempts that were lost and repeated.
    seconds : float
        How long it took, by a clock that does not jump.
    """

    runs_done: int
    runs_failed: int
    runs: int
    lost: tuple[Carried, ...]
    attempts_lost: tuple[Carried, ...]
    seconds: float


@dataclass
class Sweep:
    """A planned sweep in its directory.

    Parameters
    ----------
    directory : Path
        As planned.
    clock : callable
        Seconds of the wall clock. It is shown and never decides what is valid.

    Raises
    ------
    InvalidInput
        If there is no manifest, or it is damaged or was edited.
    """

    directory: Path
    clock: Clock = time.time
    manifest: Manifest = field(init=False, repr=False)
    surveyor: Surveyor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Read the manifest."""
        self.manifest = Manifest.read(self.directory)
        self.surveyor = Surveyor(self.manifest, self.clock)

    def survey(self, is_thorough: bool = False) -> SweepSurvey:
        """Survey the sweep's files; a thorough survey reads every byte."""
        return self.surveyor.survey(is_thorough)

    def locked(self, takes_over: bool = False) -> DirectoryLock:
        """Return a lock that keeps other processes out.

        Raises
        ------
        InvalidInput
            If the directory cannot be written.
        """
        try:
            # Permission bits do not tell about read-only file systems or an administrator, so try.
            put(self.directory / f"{TEMPORARY}probe", b"")
            (self.directory / f"{TEMPORARY}probe").unlink()
        except OSError as error:
            message = f"cannot be written ({error.strerror}); copy the sweep to where you may write"
            raise InvalidInput([Problem(os.fspath(self.directory), None, message)]) from None
        return DirectoryLock(self.directory, takes_over, self.clock)

    def carry_out(
        self,
        engine: Engine,
        *,
        is_forced: bool = False,
        takes_over: bool = False,
        is_thorough: bool = False,
        retries_failed: bool = False,
        goes_on: bool = False,
        progress: Callable[[Advance], None] | None = None,
    ) -> Carriage:
        """Run every shard that is missing or damaged.

        Parameters
        ----------
        engine : Engine
            Engine that runs the shards; it is entered and left here.
        is_forced : bool
            Continue even if the sources are not those of the plan; the engine needs the same setting.
        takes_over : bool
            Take the lock of a process on another host that is known to have ended.
        is_thorough : bool
            Read every byte of what is there first, to find and repair damage that lengths do not show.
        retries_failed : bool
            Also repeat shards with failed runs; their other rows stay the same.
        goes_on : bool
            Continue however many runs fail.
        progress : callable, optional
            Called after every shard.

        Returns
        -------
        Carriage

        Raises
        ------
        InvalidInput
            If the sources have changed, or the directory cannot be written.
        Locked
            If another process is at work here.
        AbmError
            If results cannot be written.
        StoppedEarly
            If continuing makes no sense by the rules of `abm.sweeps.stopping`.
        KeyboardInterrupt
            If interrupted; everything that is committed stays valid.
        """
        if not is_forced:
            self.manifest.require_code()
        started = time.monotonic()
        with self.locked(takes_over):
            self._tidy()
            if retries_failed:
                self._unpack_failed()
            survey = self.survey(is_thorough)
            again = survey.failed if retries_failed else {}
            shards = spread_ahead(sorted({*survey.open_shards, *again}))
            patience = Patience(
                self.manifest,
                survey.runs_done - sum(self.manifest.shard(index).runs for index in again),
                survey.runs_failed - sum(again.values()),
                goes_on,
            )
            lost: list[Carried] = []
            attempts: list[Carried] = []
            if progress is not None:
                progress(Advance(None, patience.done, patience.failed, survey.runs))
            patience.require()
            with engine:
                for carried in engine.carry(self.directory, shards) if shards else ():
                    self._require_written(carried)
                    if carried.lost:
                        (lost if carried.is_final else attempts).append(carried)
                    patience.take(carried)
                    if progress is not None:
                        progress(Advance(carried, patience.done, patience.failed, survey.runs))
                    patience.require()
        seconds = time.monotonic() - started
        return Carriage(patience.done, patience.failed, survey.runs, tuple(lost), tuple(attempts), seconds)

    def compact(self, takes_over: bool = False, **limits: int) -> tuple[list[CompactPart], SweepSurvey]:
        """Merge the shards that are done into a few large files.

        Returns
        -------
        parts : list of CompactPart
            All large files.
        survey : SweepSurvey
            As it was before.
        """
        with self.locked(takes_over):
            self._tidy()
            survey = self.survey(is_thorough=True)
            kept = [part for part, complaint in self.surveyor.parts(is_thorough=True)[0] if complaint is None]
            covered = {index for part in kept for index in part.indices}
            is_open = {*survey.open_shards, *covered}
            commits = (
                self.surveyor.commit(index) for index in range(self.manifest.shards) if index not in is_open
            )
            return compact_shards(self.manifest, kept, commits, **limits), survey

    def commits(self) -> Iterator[Commit]:
        """Yield the commits of all shards that have sound files of their own."""
        for index in range(self.manifest.shards):
            try:
                yield self.surveyor.commit(index)
            except (OSError, ValueError):
                continue

    def case(self, run_id: str) -> Case:
        """Find a run by its id, from the manifest alone.

        Raises
        ------
        InvalidInput
            If there is no such run.
        """
        hint = self._row(run_id)
        for index in range(self.manifest.shards):
            shard = self.manifest.shard(index)
            if hint is not None and not shard.holds(*hint):
                continue
            for case in cases_of(self.manifest, shard.first_run, shard.runs)[0]:
                if case.run.run_id == run_id:
                    return case
        told = f"there is no run '{run_id}'"
        if len(run_id) != RUN_ID_DIGITS:
            told += f"; an id has {RUN_ID_DIGITS} hexadecimal digits, as in the column 'run_id'"
        raise InvalidInput(
            [Problem(os.fspath(self.directory), None, f"{told}; with other sources ids differ")]
        )

    def kept(self, run_id: str) -> dict[str, Any] | None:
        """Return what was kept of a run: its row, its months, and whether they are in single precision.

        None where the run is not done, or failed.
        """
        tables = SweepTables(self.manifest)
        try:
            row = tables.row(run_id)
        except AbmError:
            return None
        if row is None or row["status"] == FAILED:
            return None
        return {"run": row, "months": tables.rows_of_months(run_id), "is_single": self.manifest.is_single}

    def _row(self, run_id: str) -> tuple[int, int] | None:
        """Return point and replicate of a run that is done, to narrow the search for it."""
        try:
            row = SweepTables(self.manifest).row(run_id)
        except AbmError:
            return None
        return None if row is None else (row["point"], row["replicate"])

    def _unpack_failed(self) -> None:
        """Drop the large files that hold failed runs, so that their shards are missing and run again."""
        parts = [part for part, complaint in self.surveyor.parts()[0] if complaint is None]
        sound = [part for part in parts if not part.failed]
        if len(sound) < len(parts):
            compact_shards(self.manifest, sound, iter(()))

    def _require_written(self, carried: Carried) -> None:
        if carried.refused is not None:
            raise carried.refused
        if carried.is_unwritable:
            raise AbmError(
                f"shard {carried.shard} {carried.lost}; what was committed before is valid: make room, then "
                f"'abm sweep resume {self.directory}'"
            )

    def _tidy(self) -> None:
        """Remove what dead processes of this machine left behind, and repair the table of points."""
        here = Holder.of_this_process(self.clock).host
        (self.directory / SHARDS).mkdir(exist_ok=True)
        for folder in [self.directory, self.directory / COMPACT, *(self.directory / SHARDS).iterdir()]:
            for path in folder.glob(f"{TEMPORARY}*") if folder.is_dir() else ():
                host, _, rest = path.name.removeprefix(TEMPORARY).rpartition("-")
                machine, _, pid = host.rpartition("-")
                if (machine == here and pid.isdigit() and not start_of(int(pid))) or not rest:
                    path.unlink(missing_ok=True)
        put_away(self.directory / SHARDS)
        if not self.manifest.has_points():
            put(self.directory / POINTS, encoded_points(self.manifest.points_again))
