"""Mark shards that are being run, to show it to other processes and to warn the next attempt if this one is lost.

A marker is a file beside the shard's results, named after the process that made it. One that outlives its process shows
that the process ended while it ran that shard. No decision about results rests on markers.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType

from abm.files.durable import origin
from abm.files.lock import Clock, start_of
from abm.records import bounds, read_content
from abm.runs.machine_faults import MachineFault

RUNNING = ".running"
LOST = ".lost"
"""Ending of a marker whose process has reported that its attempt was lost."""
LONGEST_SILENCE_SECONDS = 6 * 3600.0
"""Age from which a marker of a machine that cannot be checked counts as left behind."""


class Marker(AbstractContextManager["Marker"]):
    """A mark on a shard that this process runs, for the length of a block.

    Parameters
    ----------
    folder : Path
        That of the shard's files.
    index : int
        Number of the shard.

    Attributes
    ----------
    is_warned : bool
        Whether an attempt at the shard was lost before.
    """

    def __init__(self, folder: Path, index: int) -> None:
        self.folder = folder
        self.stem = f"{index:06}."
        self.path = folder / f"{self.stem}{origin()}{RUNNING}"
        self.is_warned = bool(self._left())

    def __enter__(self) -> "Marker":
        self.path.write_text(start_of(os.getpid()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, MachineFault):
            self.path.replace(self.path.with_suffix(LOST))
            return
        self.path.unlink(missing_ok=True)
        if error is None:
            for path in self._left():
                path.unlink(missing_ok=True)

    def _left(self) -> list[Path]:
        """List the markers of attempts that were lost."""
        lost = [*self.folder.glob(f"{self.stem}*{LOST}")]
        return lost + [path for path in self.folder.glob(f"{self.stem}*{RUNNING}") if not _is_alive(path)]


def running(shards: Path, clock: Clock = time.time) -> Iterator[int]:
    """Yield the shards that are being run, once for every process that runs them.

    Parameters
    ----------
    shards : Path
        Folder of all shards of a sweep.
    clock : callable
        Seconds of the wall clock, for markers of machines that cannot be checked.
    """
    for marker in shards.glob(f"*/*{RUNNING}"):
        index, machine, _ = _told(marker)
        try:
            is_silent = clock() - marker.stat().st_mtime >= LONGEST_SILENCE_SECONDS
            is_running = _is_alive(marker) if machine == socket.gethostname() else not is_silent
        except OSError:
            continue
        if is_running and index.isdigit():
            yield int(index)


def put_away(shards: Path) -> None:
    """Remove the markers that processes of this machine have left behind."""
    for ending in (RUNNING, LOST):
        for marker in shards.glob(f"*/*{ending}"):
            if _told(marker)[1] == socket.gethostname() and not (ending == RUNNING and _is_alive(marker)):
                marker.unlink(missing_ok=True)


def _is_alive(marker: Path) -> bool:
    """Whether the process of a marker is of this machine and still runs."""
    _, machine, pid = _told(marker)
    if machine != socket.gethostname() or not pid.isdigit():
        return False
    try:
        return start_of(int(pid)) == read_content(marker, bounds.LOCK_BYTES).decode() != ""
    except (OSError, ValueError):
        return False


def _told(marker: Path) -> tuple[str, str, str]:
    """Return the shard's number, machine and process of a marker, as its name has them."""
    index, _, who = marker.stem.partition(".")
    machine, _, pid = who.rpartition("-")
    return index, machine, pid
