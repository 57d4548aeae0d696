"""Isolate a foreign model from the process that runs it: what it changes is restored, what it raises becomes text.

While a model is created and stepped, Python's and NumPy's own generators are seeded, the working directory is a folder
of its own, and its output is captured. Afterwards generators, directory, environment, warnings, NumPy's handling of
errors and streams are as they were, whatever the model did.
"""

from __future__ import annotations

import io
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from abm.runs.failures import ModelFailure

LEGACY_SEEDS = 2**32
"""Seeds that NumPy's legacy generator takes, from 0."""
MOST_PRINTED_BYTES = 4_000
"""Bytes of a model's output that are kept, from its end, where the cause of a failure is."""

# Working directory and generators belong to the process, and a worker of Dask may have several threads.
_ONE_AT_A_TIME = threading.RLock()


@contextmanager
def isolated(seed: int, folder: Path | None = None) -> Iterator[None]:
    """Isolate foreign code for the length of a block.

    Parameters
    ----------
    seed : int
        Seed of Python's and NumPy's own generators. Models use them unintentionally, as Mesa's epidemic does through
        networkx; without a seed, no such run could be repeated.
    folder : Path, optional
        Working directory of the block; that of the process unless given.

    Raises
    ------
    ModelFailure
        In place of any exception of the block, including exits and interrupts of its own.
    KeyboardInterrupt
        If the user asks this process to stop, however the block handles that.
    """
    with _ONE_AT_A_TIME, _interrupts() as is_asked_to_stop, _printing() as printed:
        try:
            with _put_back(seed, folder):
                yield
        except BaseException as error:  # noqa: BLE001 - foreign code may raise anything, and its neighbours go on
            if not is_asked_to_stop():
                raise ModelFailure.of(error, printed.text, str(folder or "")) from None
        if is_asked_to_stop():
            raise KeyboardInterrupt


@contextmanager
def _put_back(seed: int, folder: Path | None) -> Iterator[None]:
    generators = random.getstate(), np.random.get_state()  # noqa: NPY002
    environment, path, recursion = dict(os.environ), list(sys.path), sys.getrecursionlimit()
    errors = np.geterr()
    here = None
    with suppress(FileNotFoundError):
        here = Path.cwd()
    random.seed(seed)
    np.random.seed(seed % LEGACY_SEEDS)  # noqa: NPY002
    try:
        with warnings.catch_warnings():
            if folder is not None:
                os.chdir(folder)
            yield
    finally:
        if here is not None:
            os.chdir(here)
        random.setstate(generators[0])
        np.random.set_state(generators[1])  # noqa: NPY002
        np.seterr(**errors)
        sys.setrecursionlimit(recursion)
        sys.path[:] = path
        if dict(os.environ) != environment:
            os.environ.clear()
            os.environ.update(environment)


@contextmanager
def _interrupts() -> Iterator[Callable[[], bool]]:
    """Distinguish an interrupt from outside from one that the block raises."""
    asked: list[int] = []
    former = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(former):
        yield lambda: False
        return

    def noted(number: int, frame: FrameType | None) -> Any:
        asked.append(number)
        return former(number, frame)

    signal.signal(signal.SIGINT, noted)
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, former)


class Printed(io.RawIOBase):
    """A stream that keeps the end of what is written, and forwards it to the standard error of this process.

    A model's output never mixes with the output of a command.
    """

    def __init__(self, onward: Any) -> None:
        self._onward = onward
        self._kept = b""

    @property
    def text(self) -> str:
        """Return the captured output."""
        return self._kept.decode("utf-8", "replace")

    def writable(self) -> bool:
        """Return True: the stream can be written to."""
        return True

    def write(self, data: Any) -> int:
        """Keep the end of the data, and forward all of it."""
        written = bytes(data)
        self._kept = (self._kept + written)[-MOST_PRINTED_BYTES:]
        # A closed standard error is no reason to stop a model.
        with suppress(OSError, ValueError, AttributeError):
            self._onward.write(written.decode("utf-8", "replace"))
        return len(written)

    def fileno(self) -> int:
        """Return the descriptor that a program started by the model writes to."""
        return int(self._onward.fileno())


@contextmanager
def _printing() -> Iterator[Printed]:
    former = sys.stdout, sys.stderr
    printed = Printed(sys.stderr)
    buffered = io.BufferedWriter(printed, buffer_size=1)
    stream = io.TextIOWrapper(buffered, "utf-8", "backslashreplace", write_through=True)
    sys.stdout = sys.stderr = stream
    try:
        yield printed
    finally:
        sys.stdout, sys.stderr = former
        with suppress(ValueError):
            stream.detach()
            buffered.detach()
