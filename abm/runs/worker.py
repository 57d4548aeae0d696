"""Serve calls that arrive on a pipe, one after the other, in a worker process that ends with its parent.

Nothing heavy is imported here, so that a worker starts quickly and loads only what its calls need.
"""

import ctypes
import os
import pickle
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from abm.errors import AbmError

STOP = b""
"""Message that ends a worker."""
LOOK_SECONDS = 0.5
"""Interval at which a worker checks that its parent still runs."""
PARENT_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


class TaskFailed(AbmError):
    """The exception of a call, as text, if the exception itself cannot be sent or would end the parent."""


def work(descriptor: int, parent: int) -> None:
    """Serve calls until asked to stop, or until the parent has ended.

    Parameters
    ----------
    descriptor : int
        File descriptor of this end of the pipe.
    parent : int
        Process id of the parent.
    """
    # Ctrl-C reaches every process of the terminal; the parent decides what ends. It starts workers with SIGINT
    # blocked, because the signal may come before this line.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    end_with(parent)
    connection = Connection(descriptor)
    try:
        while (message := connection.recv_bytes()) != STOP:
            connection.send_bytes(answered(message))
    except (EOFError, OSError):
        # The parent has ended, or has closed the pipe.
        return


def end_with(parent: int) -> None:
    """Arrange for this process to end as soon as its parent has, whatever is being computed here."""
    if sys.platform == "linux":
        # The kernel's signal does not wait for the interpreter, which compiled code may hold for long. It arrives when
        # the thread that started this process ends, so a pool's threads live as long as their workers.
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="abm-parent", daemon=True).start()


def answered(message: bytes) -> bytes:
    """Call the function in a message, and return its answer: (result, None, "") or (None, error, traceback)."""
    try:
        function, arguments = _call_in(message)
        return pickle.dumps((function(*arguments), None, ""))
    except BaseException as error:  # noqa: BLE001 - whatever a call raises is the answer to that call
        told = "".join(traceback.format_exception(error))
        return pickle.dumps((None, _that_can_be_sent(error), told))


def _call_in(message: bytes) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    try:
        function, arguments = pickle.loads(message)
    except (AttributeError, ImportError) as error:
        advice = "define it in a module that can be imported, not in the script that is run"
        raise TaskFailed(f"a worker process cannot find what it was given ({error}); {advice}") from None
    return function, arguments


def _that_can_be_sent(error: BaseException) -> Exception:
    # SystemExit and the like would end the process that reads the result.
    if isinstance(error, Exception):
        try:
            pickle.loads(pickle.dumps(error))
            return error
        except Exception:  # noqa: BLE001 - exceptions may define how they are sent, and do it wrongly
            pass
    return TaskFailed("".join(traceback.format_exception_only(error)).strip())
