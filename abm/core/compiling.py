"""Compile the kernels that are missing on all processors at once, and say on standard error that this happens once.

numba compiles one function at a time in a process, so other processes help: each is given a kernel by name with the
types of its arguments, compiles it and keeps it in the cache, from which this process reads it. This process compiles
as well. A helper that ends, or cannot find a kernel, costs time and nothing else: whatever is missing at the end is
compiled when it is called. Helpers end when this process does, because their standard input ends with it.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

from abm.core.compiler_process import DONE, ask
from abm.core.fusing import fused
from abm.core.kernels import (
    ALONE,
    THREADS,
    cache_variables,
    compiled,
    is_kept,
    processors,
    try_folders,
    types_of,
)

FEWEST = 3
"""Missing kernels from which it is worth a line and other processes."""
START = "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); from abm.core.compiler_process import work; work()"

Reference = tuple[str, Any]
"""Module and name of a function, or a generated source and the references of the functions that it calls."""
Task = tuple[Any, tuple[Any, ...]]
"""A kernel, and numba's types of its arguments."""


def compile_missing(calls: Sequence[tuple[Any, Sequence[Any]]]) -> None:
    """Compile what is neither in this process nor in the cache; nothing where only one or two kernels are missing.

    A process that is told to use one thread, as worker processes are, leaves this to its parent.

    Parameters
    ----------
    calls : sequence of (kernel, arguments)
        Kernels, with arguments of the types with which they will be called. What is no kernel is passed over.
    """
    if os.environ.get(THREADS) == ALONE:
        return
    fresh = {
        id(kernel): (kernel, values) for kernel, values in calls if not getattr(kernel, "signatures", True)
    }
    tasks = []
    for kernel, values in fresh.values():
        types = types_of(values)
        if not is_kept(kernel, types):
            tasks.append((kernel, types))
    if len(tasks) >= FEWEST:
        # What takes most arguments takes longest, and goes first, so that no processor is left with it at the end.
        tasks.sort(key=lambda task: len(task[1]), reverse=True)
        _Compilation(tasks).run()


class _Compilation:
    """Tasks, shared out between this process and its helpers."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        self._tasks = deque(tasks)
        self._total = len(tasks)
        self._done = 0
        self._lock = threading.Lock()

    def run(self) -> None:
        """Compile all of them."""
        # What helpers compile reaches this process through the cache alone.
        most = min(processors(), self._total) if try_folders() else 1
        with _helpers(most - 1) as helpers:
            threads = [threading.Thread(target=self._share, args=(one,), daemon=True) for one in helpers]
            self._say()
            for thread in threads:
                thread.start()
            while (task := self._next()) is not None:
                kernel, types = task
                # What cannot be compiled says so when it is called.
                with suppress(Exception):
                    kernel.compile(types)
                self._count()
            for thread in threads:
                thread.join()
        self._say(is_over=True)

    def _next(self) -> Task | None:
        with self._lock:
            return self._tasks.popleft() if self._tasks else None

    def _share(self, helper: subprocess.Popen[bytes]) -> None:
        assert helper.stdin is not None
        assert helper.stdout is not None
        with suppress(OSError, ValueError):
            while (task := self._next()) is not None:
                kernel, types = task
                ask(helper.stdin, pickle.dumps((_reference(kernel.py_func), types)))
                if helper.stdout.read(len(DONE)) != DONE:
                    return
                self._count()

    def _count(self) -> None:
        with self._lock:
            self._done += 1
            self._say()

    def _say(self, *, is_over: bool = False) -> None:
        told = f"Compiling {self._total} kernels for this processor, once"
        stream = sys.stderr
        with suppress(AttributeError, OSError, ValueError):
            if not stream.isatty():
                if self._done == 0:
                    print(told, file=stream)
                return
            line = f"{told}: {self._done} of {self._total}"
            stream.write("\r" + (" " * len(line) + "\r" if is_over else line))
            stream.flush()


@contextmanager
def _helpers(count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Start processes that compile, as many as can be started, and end them."""
    program = [sys.executable, "-P", "-c", START, json.dumps([os.fspath(entry) for entry in sys.path])]
    helpers: list[subprocess.Popen[bytes]] = []
    try:
        with suppress(OSError):
            for _ in range(count):
                helpers.append(
                    subprocess.Popen(
                        program,
                        stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE,
                        stderr=subprocess.DEVNULL,
                        env={**os.environ, **cache_variables(), THREADS: ALONE},
                        # Ctrl-C is for the process that asked for the kernels.
                        start_new_session=True,
                    )
                )
        yield helpers
    finally:
        for helper in helpers:
            helper.kill()
            helper.wait()
            for stream in filter(None, (helper.stdin, helper.stdout)):
                with suppress(OSError, ValueError):
                    stream.close()


def compile_as_asked(message: bytes) -> None:
    """Compile the kernel that a message to a helper asks for, and keep it."""
    reference, types = pickle.loads(message)
    compiled(_function(reference)).compile(types)


def _reference(function: Callable[..., Any]) -> Reference:
    """Return how another process finds a function."""
    if hasattr(function, "made_of"):
        source, functions = function.made_of
        return source, [_reference(one) for one in functions]
    return function.__module__, function.__qualname__


def _function(reference: Reference) -> Callable[..., Any]:
    """Find a function by its reference."""
    home, name = reference
    found: Any
    if isinstance(name, list):
        found = fused(home, tuple(_function(one) for one in name))
    else:
        found = getattr(import_module(home), name)
    # What is declared stands in its module as a declaration.
    function: Callable[..., Any] = getattr(found, "function", None) or found.py_func
    return function
