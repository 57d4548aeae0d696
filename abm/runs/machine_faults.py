"""Distinguish errors of a run from faults of the machine.

A run that raises an exception raises it again wherever it is simulated, so it becomes a failed row. Lack of memory, a
full disk or a process that was ended may be caused by the run or by the machine: such a failure is a suspicion, and
`abm.runs.inquiry` decides between the two. A fault of the machine is never written as a result; the run is tried again.
"""

import errno
import signal
import threading

from abm.errors import AbmError

MACHINE_ERRORS = frozenset(
    {
        errno.EAGAIN,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EHOSTDOWN,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENODEV,
        errno.ENOLCK,
        errno.ENOMEM,
        errno.ENOSPC,
        errno.ENXIO,
        errno.EROFS,
        errno.ESTALE,
        errno.ETIMEDOUT,
    }
)
"""Errors of disks, networks and system tables that any caller would meet; a missing file is the caller's fault."""
UNWRITABLE = frozenset({errno.EACCES, errno.EDQUOT, errno.EFBIG, errno.ENOSPC, errno.EPERM, errno.EROFS})
"""Errors of writing that the next attempt would meet as well."""


class MachineFault(AbmError):
    """An attempt that failed by a fault of the machine."""


def is_of_machine(error: BaseException) -> bool:
    """Return whether an error, or one that led to it, is of a kind that a machine causes."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        if isinstance(found, MemoryError) or (isinstance(found, OSError) and found.errno in MACHINE_ERRORS):
            return True
        seen.add(id(found))
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
    return False


def is_interruption(error: BaseException) -> bool:
    """Return whether an error is a request to stop this process rather than raised by a simulator."""
    # Ctrl-C reaches only a main thread that does not ignore it; elsewhere, as in workers, a simulator has raised it.
    can_be_reached = threading.current_thread() is threading.main_thread()
    is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    return isinstance(error, KeyboardInterrupt) and can_be_reached and not is_ignored
