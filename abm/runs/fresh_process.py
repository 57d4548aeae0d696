"""Run a function in a fresh process, so that nothing it does can end or change this one.

The process receives plain values and returns plain values, one a line, so that what it did before it ended is known
however it ended. It has its own session, its output is captured, and it ends with its parent.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from abm.runs.failures import kept_text
from abm.runs.pool import SINGLE_THREADED
from abm.runs.worker import end_with

MODULE = "abm.runs.fresh_process"
MOST_PRINTED_BYTES = 4_000
PARTING_SECONDS = 5.0
_DONE = {"is_done": True}


@dataclass(frozen=True)
class ProcessAnswer:
    """What a function in a process of its own returned.

    Attributes
    ----------
    values : list of dict
        Plain values, in order.
    ending : str
        How its process ended; empty where the function came to its end.
    printed : str
        The end of what the process printed.
    """

    values: list[dict[str, Any]]
    ending: str
    printed: str


class FreshProcess:
    """A function at work in a process of its own, which ends with the context.

    Parameters
    ----------
    task : str
        A generator function of plain values, as ``package.module:function``.
    request : mapping
        Plain values, its only argument.
    hash_seed : int
        Seed of the hashes of its strings.
    """

    def __init__(self, task: str, request: Mapping[str, Any], hash_seed: int = 0) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="abm-apart-")
        folder = Path(self._folder.name)
        self._answers = folder / "answers"
        self._printed = b""
        path = [os.fspath(Path(entry).resolve()) for entry in sys.path]
        asked = {"task": task, "path": path, "parent": os.getpid(), "request": request}
        (folder / "request").write_text(json.dumps(asked, default=dict), encoding="utf-8")
        fixed = {"PYTHONHASHSEED": str(hash_seed), "PYTHONFAULTHANDLER": "1", "TMPDIR": os.fspath(folder)}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", MODULE, folder / "request", self._answers],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **dict.fromkeys(SINGLE_THREADED, "1"), **fixed},
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Everything that the process started is in its session too.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(PARTING_SECONDS)
        # A process that left the session may hold the other end of the pipe for ever.
        if not self._reader.is_alive() and self._process.stdout is not None:
            self._process.stdout.close()
        self._folder.cleanup()

    def answer(self) -> ProcessAnswer:
        """Wait until the process has ended, and return what its function yielded."""
        code = self._process.wait()
        values = list(_read(self._answers))
        is_done = bool(values) and values[-1] == _DONE
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._reader.join(PARTING_SECONDS)
        printed = kept_text(self._printed.decode("utf-8", "replace")).strip()
        return ProcessAnswer(values[:-1] if is_done else values, "" if is_done else ended(code), printed)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        while chunk := os.read(self._process.stdout.fileno(), 1 << 16):
            self._printed = (self._printed + chunk)[-MOST_PRINTED_BYTES:]


def call_in_fresh_process(task: str, request: Mapping[str, Any], hash_seed: int = 0) -> ProcessAnswer:
    """Run a function in a process of its own, and return what it yielded."""
    with FreshProcess(task, request, hash_seed) as process:
        return process.answer()


def ended(code: int) -> str:
    """Describe how a process ended, by its exit code."""
    if code >= 0:
        return f"ended its process with exit code {code}"
    try:
        return f"ended its process by {signal.Signals(-code).name}"
    except ValueError:
        return f"ended its process by signal {-code}"


def _read(path: Path) -> Iterator[dict[str, Any]]:
    with suppress(FileNotFoundError), path.open(encoding="utf-8") as lines:
        for line in lines:
            # The last line is cut short where the process ended while it wrote.
            with suppress(ValueError):
                yield json.loads(line)


def _main(request: Path, answers: Path) -> None:
    """Run the requested function in the new process, and write what it yields."""
    asked = json.loads(request.read_bytes())
    end_with(asked["parent"])
    sys.path[:] = asked["path"]
    module, _, name = asked["task"].partition(":")
    function = getattr(import_module(module), name)
    with answers.open("w", encoding="utf-8") as stream:
        for value in function(asked["request"]):
            stream.write(json.dumps(value) + "\n")
            stream.flush()
        stream.write(json.dumps(_DONE) + "\n")
    # Threads that foreign code leaves behind may never end, so nothing waits for them.
    with suppress(Exception):
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]))
