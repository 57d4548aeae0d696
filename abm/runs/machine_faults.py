"""Tell what a run has done from what the machine did to it.

A run that raises an exception does so again wherever it is made, so it is a failed row. Lack of memory, a full disk or
a process that was ended may be its doing or the machine's: such a failure is a suspicion, and `abm.runs.inquiry`
finds out which of the two it is. What the machine did is never written as a result; the attempt is lost and made again.
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
"""What goes wrong with disks, networks and tables of the system, whoever asks; a missing file is the asker's fault."""
UNWRITABLE = frozenset({errno.EACCES, errno.EDQUOT, errno.EFBIG, errno.ENOSPC, errno.EPERM, errno.EROFS})
"""Errors of writing that the next attempt would meet as well."""


class MachineFault(AbmError):
    """Report that an attempt came to nothing by a fault of the machine."""


def is_of_machine(error: BaseException) -> bool:
    """Whether an error, or one that led to it, is of a kind that a machine causes."""
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        if isinstance(found, MemoryError) or (isinstance(found, OSError) and found.errno in MACHINE_ERRORS):
            return True
        seen.add(id(found))
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
    return False


def is_interruption(error: BaseException) -> bool:
    """Whether an error asks this process to stop, and is not a simulator's own."""
    # Ctrl-C reaches the main thread, and not where it is ignored, as in workers; elsewhere a simulator has raised it.
    can_be_reached = threading.current_thread() is threading.main_thread()
    is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    return isinstance(error, KeyboardInterrupt) and can_be_reached and not is_ignored
