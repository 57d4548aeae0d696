"""Survey the files of a sweep: what is done, failed, missing, damaged and being run.

The files are the only truth, so a survey asks no process. The speed follows from the durations that shards recorded,
not from times of day, which may jump.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from abm.files.lock import Clock
from abm.sweeps.design.point_table import POINTS
from abm.sweeps.store.compaction import COMPACT, RECORD, CompactPart, compact_parts
from abm.sweeps.store.manifest import MANIFEST, Manifest
from abm.sweeps.store.shard import SHARDS, Commit, commit_path, read_commit, shard_folder
from abm.sweeps.store.shard_marks import running


@dataclass(frozen=True)
class SweepSurvey:
    """Progress of a sweep.

    Attributes
    ----------
    shards, runs : int
        All that there are.
    done : int
        Shards whose results are there.
    runs_done, runs_failed : int
        Runs in them, and those of them that failed.
    missing : tuple of int
        Shards without results.
    damaged : mapping of int to str
        Shards whose results are not what was written, and why.
    running : int
        Shards that are being run, those done again included.
    seconds : float
        Total time of the shards that are done.
    sources : tuple of str
        Hashes of the sources that ran them.
    faults : tuple of str
        What is wrong with files that belong to no single shard.
    failed : mapping of int to int
        Shards in files of their own that hold failed runs, and how many.
    """

    shards: int
    runs: int
    done: int
    runs_done: int
    runs_failed: int
    missing: tuple[int, ...]
    damaged: dict[int, str]
    running: int
    seconds: float
    sources: tuple[str, ...]
    faults: tuple[str, ...] = ()
    failed: Mapping[int, int] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether every shard is there and sound."""
        return self.done == self.shards

    @property
    def open_shards(self) -> list[int]:
        """Shards that have to be run."""
        return sorted([*self.missing, *self.damaged])

    @property
    def rate(self) -> float | None:
        """Present runs a second; None if nothing is running or nothing is known."""
        if not self.running or not self.seconds:
            return None
        return self.running * self.runs_done / self.seconds

    @property
    def seconds_left(self) -> float | None:
        """Time for the rest at this rate; None if it is not known."""
        return None if self.rate is None else (self.runs - self.runs_done) / self.rate


@dataclass
class Surveyor:
    """Repeated surveys of a sweep; what was sound is not read twice.

    Attributes
    ----------
    manifest : Manifest
        The sweep's.
    clock : callable
        Seconds of the wall clock; used only to tell a fresh marker of another machine from one left behind.
    """

    manifest: Manifest
    clock: Clock = time.time
    _known: dict[int, tuple[int, tuple[int, int, float, str]]] = field(default_factory=dict, repr=False)

    def survey(self, is_thorough: bool = False) -> SweepSurvey:
        """Check every shard.

        Parameters
        ----------
        is_thorough : bool
            Read every byte and compare hashes instead of lengths only.
        """
        done = runs_done = failed = 0
        seconds = 0.0
        missing: list[int] = []
        damaged: dict[int, str] = {}
        sources: dict[str, None] = {}
        with_failed: dict[int, int] = {}
        parts, faults = self.parts(is_thorough)
        compacted: dict[int, CompactPart] = {}
        for part, complaint in parts:
            if complaint is None:
                done += sum(1 for _ in part.indices)
                runs_done, failed, seconds = (
                    runs_done + part.runs,
                    failed + part.failed,
                    seconds + part.seconds,
                )
                sources.update(dict.fromkeys(part.sources))
                compacted.update(dict.fromkeys(part.indices, part))
            else:
                damaged.update(dict.fromkeys(part.indices, complaint))
        for index in range(self.manifest.shards):
            if index in compacted:
                continue
            try:
                runs, lost, took, source = self._shard(index, is_thorough)
            except FileNotFoundError:
                if index not in damaged:
                    missing.append(index)
                continue
            except (OSError, ValueError) as error:
                damaged[index] = str(error)
                continue
            damaged.pop(index, None)
            done, runs_done, failed, seconds = done + 1, runs_done + runs, failed + lost, seconds + took
            sources[source] = None
            if lost:
                with_failed[index] = lost
        return SweepSurvey(
            shards=self.manifest.shards,
            runs=self.manifest.runs,
            done=done,
            runs_done=runs_done,
            runs_failed=failed,
            missing=tuple(missing),
            damaged=dict(sorted(damaged.items())),
            running=len(set(running(self.manifest.directory / SHARDS, self.clock))),
            seconds=seconds,
            sources=tuple(sources),
            faults=(*faults, *(self._faults() if is_thorough else ())),
            failed=with_failed,
        )

    def parts(self, is_thorough: bool = False) -> tuple[list[tuple[CompactPart, str | None]], list[str]]:
        """Return the parts of a compaction with what is wrong with each, and what is wrong with their record."""
        try:
            parts = compact_parts(self.manifest.directory)
        except (OSError, ValueError, KeyError, TypeError) as error:
            return [], [f"{COMPACT}/{RECORD} cannot be read ({error}); its shards are run again"]
        return [(part, part.complaint(self.manifest, is_thorough)) for part in parts], []

    def commit(self, index: int, is_thorough: bool = False) -> Commit:
        """Read the commit of a shard that has files of its own.

        Raises
        ------
        FileNotFoundError
            If there is none.
        OSError, ValueError
            If it or its files are not what was written.
        """
        commit = read_commit(self.manifest.directory, index)
        shard = self.manifest.shard(index)
        if commit.shard != index or commit.block != shard.block.identity or commit.runs != shard.runs:
            raise ValueError(f"{index:06}.json is of another design")
        folder = shard_folder(self.manifest.directory, index)
        for kept in commit.files.values():
            complaint = kept.complaint(folder, is_thorough)
            if complaint is not None:
                raise ValueError(complaint)
        return commit

    def _shard(self, index: int, is_thorough: bool) -> tuple[int, int, float, str]:
        changed = commit_path(self.manifest.directory, index).stat().st_mtime_ns
        known = self._known.get(index)
        if known is not None and known[0] == changed and not is_thorough:
            return known[1]
        commit = self.commit(index, is_thorough)
        told = commit.runs, commit.failed, commit.seconds, commit.source_sha256
        self._known[index] = changed, told
        return told

    def _faults(self) -> Iterator[str]:
        if not self.manifest.has_points():
            yield f"{POINTS} is not the table of the design's points; 'abm sweep resume' makes it again"
        try:
            Manifest.read(self.manifest.directory)
        except Exception as error:  # noqa: BLE001 - any error is a fault to report
            yield f"{MANIFEST}: {error}"
