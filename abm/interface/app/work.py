"""Share a few worker processes among visitors: fairly, within limits, and so that any work can be called off.

A server's threads only talk. What takes longer than a moment runs here: every visitor's tasks wait in a line of
their own, the lines take turns, and urgent tasks go before the rest.
"""

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from abm.errors import AbmError
from abm.experiments.pool import Pool, WorkerLost

logger = logging.getLogger(__name__)
STOP = object()


class Busy(AbmError):
    """Say that a visitor asks for more than may wait."""


@dataclass(frozen=True)
class Task:
    """Hold a call that a worker can make: the function is found by its name, the arguments are sent.

    Attributes
    ----------
    function : callable
    arguments : tuple
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]


class Job:
    """Hold the tasks of one question; iterate over it to get results as they come.

    Attributes
    ----------
    total : int
        Tasks asked for.
    done : int
        Results that were handed out.
    failure : BaseException or None
        What stopped the job before its end.
    """

    def __init__(self, owner: str, tasks: Sequence[Task], is_urgent: bool) -> None:
        self.owner = owner
        self.total = len(tasks)
        self.done = 0
        self.failure: BaseException | None = None
        self.is_urgent = is_urgent
        self.is_cancelled = False
        self._waiting = deque(enumerate(tasks))
        self._results: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def cancel(self) -> None:
        """Call off what has not begun, and end the iteration."""
        self.is_cancelled = True
        self._waiting.clear()
        self._results.put(STOP)

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        """Give the number and the result of every task, in the order in which they end.

        Raises
        ------
        Exception
            What a task raised.
        """
        while self.done < self.total:
            found = self._results.get()
            if found is STOP or self.is_cancelled:
                return
            if isinstance(found, BaseException):
                self.failure = found
                raise found
            self.done += 1
            yield found


@dataclass
class Line:
    """Hold the jobs of one visitor, the urgent ones first."""

    jobs: deque[Job] = field(default_factory=deque)

    def next_task(self) -> tuple[Job, int, Task] | None:
        """Take the next task that waits; jobs without one leave the line."""
        while self.jobs:
            job = self.jobs[0]
            if job._waiting:
                return (job, *job._waiting.popleft())
            self.jobs.popleft()
        return None

    def waiting(self) -> int:
        """Count the tasks that wait."""
        return sum(len(job._waiting) for job in self.jobs)


class Workshop:
    """Run tasks of many visitors on a bounded number of processes.

    Parameters
    ----------
    workers : int
        Processes.
    waiting : int
        Most tasks of one visitor that may wait.
    """

    def __init__(self, workers: int = 2, waiting: int = 400) -> None:
        self.workers = workers
        self.most_waiting = waiting
        self._lock = threading.RLock()
        self._lines: dict[str, Line] = {}
        self._running = 0
        self._is_closed = False
        self._prepared = threading.Event()
        self._prepared.set()
        self._pool = Pool(workers, prepare=prepare_worker)

    def warm(self) -> None:
        """Start the workers and load the model here too, in the background.

        One worker compiles what is not compiled yet and keeps it on disk, so that the server answers meanwhile and
        nobody else compiles.
        """
        self._prepared.clear()
        threading.Thread(target=self._warm, name="abm-warm", daemon=True).start()

    def _warm(self) -> None:
        from abm.interface.app import tasks

        try:
            self._pool.submit(ready).result()
            tasks.prepare()
            self._pool.start()
        except (WorkerLost, CancelledError, RuntimeError):
            if not self._is_closed:
                logger.exception("the workers could not be started")
        finally:
            self._prepared.set()

    def is_preparing(self) -> bool:
        """Say whether the model is being compiled or loaded."""
        return not self._prepared.is_set()

    def wait_until_prepared(self) -> None:
        """Wait until the model can be run without delay."""
        self._prepared.wait()

    def submit(self, owner: str, tasks: Sequence[Task], *, is_urgent: bool = False) -> Job:
        """Put tasks in the line of a visitor.

        Parameters
        ----------
        owner : str
            Visitor.
        tasks : sequence of Task
            In the order in which they should begin.
        is_urgent : bool
            Whether somebody waits for the result; such jobs go before the visitor's others.

        Returns
        -------
        Job

        Raises
        ------
        Busy
            If more would wait than may.
        """
        job = Job(owner, tasks, is_urgent)
        with self._lock:
            line = self._lines.setdefault(owner, Line())
            if line.waiting() + len(tasks) > self.most_waiting:
                raise Busy("There is more work waiting than this server does for one visitor; wait a little.")
            if is_urgent:
                line.jobs.appendleft(job)
            else:
                line.jobs.append(job)
            self._dispatch()
        return job

    def leave(self, owner: str) -> None:
        """Call off everything of a visitor who left."""
        with self._lock:
            line = self._lines.pop(owner, None)
        for job in line.jobs if line else ():
            job.cancel()

    def waiting(self) -> int:
        """Count the tasks of all visitors that wait."""
        with self._lock:
            return sum(line.waiting() for line in self._lines.values())

    def close(self) -> None:
        """End the workers; nothing waits for what they were doing."""
        with self._lock:
            self._is_closed = True
            lines = list(self._lines)
        for owner in lines:
            self.leave(owner)
        self._pool.close(now=True)

    def _dispatch(self) -> None:
        """Hand tasks to free workers, a visitor after the other; urgent ones first."""
        while self._running < self.workers and not self._is_closed:
            found = self._take()
            if found is None:
                return
            job, number, task = found
            self._running += 1
            future = self._pool.submit(task.function, *task.arguments)
            future.add_done_callback(partial(self._finished, job, number))

    def _take(self) -> tuple[Job, int, Task] | None:
        owners = list(self._lines)
        urgent = [owner for owner in owners if any(job.is_urgent for job in self._lines[owner].jobs)]
        for owner in (*urgent, *owners):
            line = self._lines.get(owner)
            found = line.next_task() if line else None
            if line is not None and not line.jobs:
                del self._lines[owner]
            if found is not None:
                if line is not None and owner in self._lines:
                    # To the end of the turns.
                    self._lines[owner] = self._lines.pop(owner)
                return found
        return None

    def _finished(self, job: Job, number: int, future: "Future[Any]") -> None:
        if not future.cancelled():
            error = future.exception()
            job._results.put(error if error is not None else (number, future.result()))
        with self._lock:
            self._running -= 1
            self._dispatch()


def prepare_worker() -> None:
    """Load what every task needs."""
    from abm.interface.app import tasks

    tasks.prepare()


def ready() -> bool:
    """Tell that a worker has started."""
    return True
