"""Calls for the pool's tests: workers find them here by name."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NoReturn

from abm.errors import AbmError

PREPARED: list[int] = []


class Unsendable(Exception):
    """Raise an exception that pickle takes and cannot bring back."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} and {second}")


class Unspeakable(Exception):
    """Raise an exception that cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")

    def __reduce__(self) -> NoReturn:
        raise RuntimeError("not sent")


def prepare() -> None:
    """Leave a trace of having been prepared."""
    PREPARED.append(os.getpid())


def fail_to_prepare() -> None:
    """Fail as a worker's preparation may."""
    raise AbmError("nothing can be prepared")


def prepared_here() -> tuple[int, list[int]]:
    """Return this process and the processes that were prepared, as seen from here."""
    return os.getpid(), PREPARED


def threads_and_path() -> tuple[dict[str, str], bool, list[str]]:
    """Return how many threads libraries are to use, whether NumPy was there before, and where modules are found."""
    had_numpy = "numpy" in sys.modules
    return {name: value for name, value in os.environ.items() if "THREADS" in name}, had_numpy, sys.path


def send_back_a_lock() -> object:
    """Return what cannot be sent."""
    return threading.Lock()


def raise_unsendable() -> None:
    """Raise what cannot be brought back."""
    raise Unsendable("this", "that")


def raise_unspeakable() -> None:
    """Raise what can neither be sent nor told."""
    raise Unspeakable


def leave(code: int) -> None:
    """Ask the interpreter to end, as sys.exit does."""
    sys.exit(code)


def interrupt() -> None:
    """Raise what Ctrl-C raises."""
    raise KeyboardInterrupt


def crash() -> None:
    """Crash the interpreter."""
    ctypes.string_at(0)


def die_but_leave_the_pipe_open() -> None:
    """End while a process started here holds everything open that this one had."""
    if os.fork() == 0:
        time.sleep(3)
        os._exit(0)
    os._exit(7)


def write_and_wait(path: Path, seconds: float) -> None:
    """Write the id of this process, and take long."""
    path.write_text(str(os.getpid()))
    time.sleep(seconds)


def hold_the_interpreter(path: Path) -> None:
    """Write the id of this process, and block all of its other threads, as compiled code does."""
    path.write_text(str(os.getpid()))
    ctypes.PyDLL(None).sleep(60)


def started_by_subprocess() -> str:
    """Return what a program that is started here says."""
    return subprocess.run(
        [sys.executable, "-c", "print('hello')"], capture_output=True, text=True, check=True
    ).stdout
