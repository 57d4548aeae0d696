"""Lock a directory for one process at a time, and recognise a lock whose holder has died.

A lock names its holder: host, process, and the moment at which the process started as its kernel counts it. A holder
on this host that is no longer there has died, whatever the wall clock says; nobody has to clear up after it. A holder
on another host cannot be checked, so its lock is taken over only by command.
"""

import errno
import fcntl
import json
import os
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from abm.errors import AbmError
from abm.records import plain_json

LOCK = "lock.json"
START_FIELD = 19
"""Position of a process's start among the fields after its name in /proc/PID/stat (field 22 of proc(5))."""
UNSUPPORTED = (errno.ENOTSUP, errno.ENOLCK, errno.ENOSYS, errno.EINVAL)

Clock = Callable[[], float]


@dataclass(frozen=True)
class Holder:
    """A process that holds a lock.

    Attributes
    ----------
    host : str
        Its machine.
    pid : int
        Its number there.
    start : str
        When it started, as its kernel counts, to distinguish it from a later process of the same number.
    since : str
        When it took the lock, by the wall clock; for reading only.
    """

    host: str
    pid: int
    start: str
    since: str = ""

    @classmethod
    def of_this_process(cls, clock: Clock = time.time) -> "Holder":
        """Describe this process."""
        since = datetime.fromtimestamp(clock(), UTC).isoformat(timespec="seconds")
        return cls(socket.gethostname(), os.getpid(), start_of(os.getpid()), since)

    @property
    def told_since(self) -> str:
        """When it began, for readers: to the minute, with its zone."""
        return f"{self.since[:16].replace('T', ' ')} UTC"

    @property
    def is_here(self) -> bool:
        """Whether the process is on this machine, so that it can be checked."""
        return self.host == socket.gethostname()

    @property
    def is_alive(self) -> bool:
        """Whether the process is on this machine and still runs."""
        return self.is_here and start_of(self.pid) == self.start != ""


class Locked(AbmError):
    """Another process is at work on a directory.

    Attributes
    ----------
    holder : Holder or None
        None where the lock does not say.
    """

    def __init__(self, message: str, holder: Holder | None = None) -> None:
        super().__init__(message)
        self.holder = holder


class DirectoryLock:
    """A lock on a directory, held while its context lasts.

    Parameters
    ----------
    directory : Path
        An existing directory.
    takes_over : bool
        Take the lock of a holder on another host that is known to have ended.
    clock : callable
        Seconds of the wall clock.

    Raises
    ------
    Locked
        On entering, if another process is at work there.
    OSError
        On entering, if the directory cannot be written.
    """

    def __init__(self, directory: Path, takes_over: bool = False, clock: Clock = time.time) -> None:
        self.path = directory / LOCK
        self.takes_over = takes_over
        self.clock = clock
        self._descriptor = -1

    def __enter__(self) -> Self:
        # The file may come from a stranger: writing would follow a link, and opening would wait for a pipe.
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
        try:
            is_ours = _flocked(descriptor)
            holder = _holder(descriptor)
            if not is_ours or (holder is not None and self._refuses(holder)):
                raise Locked(self._told(holder), holder)
            _write(descriptor, json.dumps(vars(Holder.of_this_process(self.clock))))
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The file stays, empty: removing it would take the lock from a process that has opened it meanwhile.
        try:
            _write(self._descriptor, "")
        finally:
            os.close(self._descriptor)

    @property
    def is_in_place(self) -> bool:
        """Whether the locked file is still the one that others would lock, and has not been removed meanwhile."""
        try:
            return os.path.samestat(os.fstat(self._descriptor), self.path.stat())
        except FileNotFoundError:
            return False

    def _refuses(self, holder: Holder) -> bool:
        return holder.is_alive if holder.is_here else not self.takes_over

    def _told(self, holder: Holder | None) -> str:
        directory = self.path.parent
        if holder is None:
            return f"another process is at work on {directory}; wait for it"
        who = f"process {holder.pid} on {holder.host} is at work on {directory} since {holder.told_since}"
        if holder.is_here:
            return f"{who}; wait for it, or stop it and try again ('abm sweep status' shows how far it is)"
        return f"{who}; wait for it, or give --take-over if you know that it has ended"


def holder_of(directory: Path) -> Holder | None:
    """Return the process that is at work on a directory, as far as can be known, or None."""
    try:
        descriptor = os.open(directory / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        holder = _holder(descriptor)
    finally:
        os.close(descriptor)
    return holder if holder is not None and (holder.is_alive or not holder.is_here) else None


def start_of(pid: int) -> str:
    """Return when a process of this machine started, as the kernel counts; empty if there is no such process."""
    try:
        # The name of a process stands in brackets and may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if fields[0] == "Z" else f"{_boot()}:{fields[START_FIELD]}"
    except (OSError, IndexError):
        pass
    if Path("/proc/self/stat").exists():
        return ""
    asked = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _flocked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        # Some file systems of clusters have no locks; there the content of the file has to suffice.
        if error.errno not in UNSUPPORTED:
            raise
    return True


def _holder(descriptor: int) -> Holder | None:
    text = os.pread(descriptor, 4096, 0)
    try:
        held: dict[str, Any] = plain_json(text) if text.strip() else {}
        return Holder(**held) if held else None
    except (ValueError, TypeError):
        # Half written by a process that was killed meanwhile.
        return None


def _write(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)
    os.fsync(descriptor)
