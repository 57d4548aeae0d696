"""Run functions in worker processes of this machine: the one pool behind runs, comparisons, sweeps and the page.

The pool of the standard library loses every call in flight when a worker is killed, may hang when it replaces workers,
and leaves its workers behind when its parent is killed. Here each worker has a pipe and a thread of its own, so the
death of one is the loss of one call; and workers end with their parent, however it ends.
"""

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from types import TracebackType
from typing import Any, TypeVar

from abm.errors import AbmError
from abm.runs.worker import LOOK_SECONDS, STOP

PARTING_SECONDS = 5.0
"""Time in which a worker has to end when it is asked to."""
SINGLE_THREADED = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
)
"""Variables that keep the libraries of a process to one thread; they are read once, when those are imported."""
# Workers get the caller's search path for modules, but not its script, which they would run again.
START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop()); "
    "from abm.runs.worker import work; work(*map(int, sys.argv[1:]))"
)

Result = TypeVar("Result")


class WorkerLost(AbmError):
    """A worker process ended without a result.

    Attributes
    ----------
    exitcode : int or None
        Its exit code; negative for the signal that ended it, None if it never ran.
    """

    def __init__(self, exitcode: int | None) -> None:
        super().__init__(exitcode)
        self.exitcode = exitcode

    def __str__(self) -> str:
        if self.exitcode is None:
            return "the worker process was not started"
        if self.exitcode >= 0:
            return f"the worker process ended with exit code {self.exitcode}"
        try:
            name = signal.Signals(-self.exitcode).name
        except ValueError:
            name = f"signal {-self.exitcode}"
        hint = "; there may not be enough memory, try fewer --workers" if name == "SIGKILL" else ""
        return f"the worker process ended by {name}{hint}"


class Pool(AbstractContextManager["Pool"]):
    """A pool of worker processes; threads may share it.

    Workers compute with one thread each, ignore Ctrl-C, and are started when there is something to do. As a context
    it waits for its calls; an exception ends them.

    Parameters
    ----------
    workers : int
        Most processes at once.
    prepare : callable, optional
        Called without arguments in every worker before its first call, found by name; if it fails, so does that call.
    tasks_per_worker : int, optional
        Calls after which a worker is replaced, so that what libraries leak cannot add up.
    """

    def __init__(
        self,
        workers: int,
        *,
        prepare: Callable[[], object] | None = None,
        tasks_per_worker: int | None = None,
    ) -> None:
        self.workers = workers
        self._prepare = prepare
        self._tasks_per_worker = tasks_per_worker
        self._changed = threading.Condition()
        self._waiting: deque[_Call] = deque()
        self._in_hand: dict[Future[Any], _Call] = {}
        self._employed: list[_Worker] = []
        self._threads: list[threading.Thread] = []
        self._idle = 0
        self._is_closed = False

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the workers that there are now."""
        with self._changed:
            return tuple(worker.process.pid for worker in self._employed)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(now=kind is not None)

    def submit(self, function: Callable[..., Result], *arguments: Any) -> Future[Result]:
        """Submit a function for a worker to call.

        Parameters
        ----------
        function : callable
            Workers find it by its module and name.
        *arguments
            Sent when a worker is free.

        Returns
        -------
        Future
            Its exception is what the call raised, with the worker's traceback as a note; `TaskFailed` where that
            cannot be sent; `WorkerLost` where the worker ended. Nothing is tried again.

        Raises
        ------
        RuntimeError
            If the pool is closed.
        """
        call = _Call(function, arguments)
        with self._changed:
            if self._is_closed:
                raise RuntimeError("the pool is closed")
            if self._idle <= len(self._waiting) and len(self._threads) < self.workers:
                self._employ(call)
            else:
                self._waiting.append(call)
                self._changed.notify()
        return call.future

    def start(self) -> None:
        """Start and prepare all workers, so that calls need not wait for that."""
        with self._changed:
            while len(self._threads) < self.workers and not self._is_closed:
                self._employ(_Call(os.getpid, ()))

    def abandon(self, future: "Future[Any]") -> None:
        """Cancel a call that waits, or end and replace the worker of a call that runs."""
        if future.cancel():
            return
        with self._changed:
            if future in self._in_hand:
                self._in_hand[future].abandon()

    def close(self, *, now: bool = False) -> None:
        """Refuse further calls, and return when all workers have ended.

        Parameters
        ----------
        now : bool
            Cancel calls that wait and end those that run, instead of waiting for them.
        """
        dropped: list[_Call] = []
        with self._changed:
            self._is_closed = True
            if now:
                dropped.extend(self._waiting)
                self._waiting.clear()
                for call in self._in_hand.values():
                    call.abandon()
            self._changed.notify_all()
        for call in dropped:
            if call.future.cancel():
                call.future.set_running_or_notify_cancel()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def _employ(self, first: "_Call") -> None:
        first.future.set_running_or_notify_cancel()
        self._in_hand[first.future] = first
        thread = threading.Thread(target=self._serve, args=(first,), name="abm-pool", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _serve(self, first: "_Call") -> None:
        """Serve the first call and those that wait, replacing the worker where necessary, until the pool is closed."""
        # Signals are for the main thread; and a worker inherits the blocked signal until it ignores it.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        call: _Call | None = first
        worker: _Worker | None = None
        try:
            while call is not None:
                worker = self._carry(call, worker)
                call = self._next()
        finally:
            self._dismiss(worker)

    def _next(self) -> "_Call | None":
        with self._changed:
            while True:
                while self._waiting:
                    call = self._waiting.popleft()
                    if call.future.set_running_or_notify_cancel():
                        self._in_hand[call.future] = call
                        return call
                if self._is_closed:
                    return None
                self._idle += 1
                self._changed.wait()
                self._idle -= 1

    def _carry(self, call: "_Call", worker: "_Worker | None") -> "_Worker | None":
        """Serve a call and resolve its future; return the worker if it can serve another."""
        result: Any = None
        failure: BaseException | None = None
        try:
            worker = self._ready(call, worker)
            worker.served += 1
            result = worker.call(call.function, call.arguments)
        except BaseException as error:  # noqa: BLE001 - it belongs to who waits for the future
            failure = error
        with self._changed:
            del self._in_hand[call.future]
        worker = call.worker
        if worker is not None and (call.is_abandoned or not worker.is_prepared or not worker.is_ready):
            self._dismiss(worker)
            worker = None
        # A callback may use the pool, so no lock is held from here.
        if failure is None:
            call.future.set_result(result)
        else:
            call.future.set_exception(failure)
        return worker

    def _ready(self, call: "_Call", worker: "_Worker | None") -> "_Worker":
        """Return a worker that is prepared, the present one if it serves on."""
        if worker is not None and (not worker.is_ready or worker.served == self._tasks_per_worker):
            self._dismiss(worker)
            worker = None
        if worker is None:
            worker = _Worker()
            with self._changed:
                self._employed.append(worker)
        with self._changed:
            call.worker = worker
            if call.is_abandoned:
                worker.kill()
        if not worker.is_prepared and self._prepare is not None:
            worker.call(self._prepare, ())
        worker.is_prepared = True
        return worker

    def _dismiss(self, worker: "_Worker | None") -> None:
        if worker is not None:
            worker.end()
            with self._changed:
                self._employed.remove(worker)


@dataclass(eq=False)
class _Call:
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    future: "Future[Any]" = field(default_factory=Future)
    worker: "_Worker | None" = None
    is_abandoned: bool = False

    def abandon(self) -> None:
        self.is_abandoned = True
        if self.worker is not None:
            self.worker.kill()


class _Worker:
    """A worker process, seen from its parent."""

    def __init__(self) -> None:
        self.served = 0
        self.is_prepared = False
        self.connection, there = Pipe()
        descriptor = there.fileno()
        found = json.dumps([os.fspath(entry) for entry in sys.path])
        program = [sys.executable, "-P", "-c", START, str(descriptor), str(os.getpid()), found]
        environment = {**os.environ, **dict.fromkeys(SINGLE_THREADED, "1")}
        try:
            self.process = subprocess.Popen(
                program, env=environment, pass_fds=[descriptor], stdin=subprocess.DEVNULL
            )
        except OSError as error:
            self.connection.close()
            raise WorkerLost(None) from error
        finally:
            there.close()

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    @property
    def is_ready(self) -> bool:
        # A worker sends nothing between calls: what can be read then is the end of the pipe.
        return self.is_alive and not self.connection.closed and not self.connection.poll()

    def call(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        message = pickle.dumps((function, arguments))
        try:
            self.connection.send_bytes(message)
            while not self.connection.poll(LOOK_SECONDS):
                # What a worker started may outlive it and hold its end of the pipe.
                if not self.is_alive and not self.connection.poll():
                    raise EOFError
            answer = self.connection.recv_bytes()
        except (EOFError, OSError):
            self.end()
            raise WorkerLost(self.process.returncode) from None
        result, error, told = pickle.loads(answer)
        if error is not None:
            error.add_note(f"In the worker process:\n{told}")
            raise error
        return result

    def kill(self) -> None:
        self.process.kill()

    def end(self) -> None:
        """End the process, and return when it has ended."""
        with suppress(OSError):
            self.connection.send_bytes(STOP)
        self.connection.close()
        try:
            self.process.wait(PARTING_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
