"""Tasks for workers and the jobs that they form; a job returns results as they are ready and can be cancelled."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from abm.runs.pool import Pool

STOP = object()
LARGE = 4_000_000
"""Size of a task, ties times steps, from which it is large: about a second."""
WORTH_ENDING = 15_000_000
"""Size from which a cancelled task is ended at once, although it takes seconds to replace its worker."""


@dataclass(frozen=True)
class Task:
    """A call for a worker, which finds the function by its name and receives the arguments.

    Attributes
    ----------
    function : callable
    arguments : tuple
    size : int
        Cost: ties times steps, summed over all runs of the task.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    size: int = 1


class Job:
    """The tasks of one question; iterate over the job, or `follow` it, to get results as they come.

    Attributes
    ----------
    total : int
        Tasks asked for.
    done : int
        Results handed out so far.
    seconds : float
        Time that workers have spent on it.
    failure : BaseException or None
        What stopped the job before its end.
    rank : float or None
        Place of the whole job in the fair order, once it has begun; None if each of its tasks is placed on its own.
    """

    def __init__(self, owner: str, tasks: Sequence[Task], is_urgent: bool) -> None:
        self.owner = owner
        self.total = len(tasks)
        self.done = 0
        self.seconds = 0.0
        self.failure: BaseException | None = None
        self.is_urgent = is_urgent
        self.rank: float | None = None
        self.is_cancelled = False
        self.waiting = deque(enumerate(tasks))
        self.turns: list[Turn] = []
        self._results: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._unread = 0
        self._read: Callable[[], None] | None = None

    @property
    def size(self) -> int:
        """Return the total size of the waiting tasks."""
        # A worker's thread may take a task meanwhile; copying a deque is atomic.
        return sum(task.size for _, task in self.waiting.copy())

    def next_size(self) -> int | None:
        """Return the size of the next task; None if no task is waiting."""
        # Without a lock: the job may be cancelled between a look at the queue and the access.
        try:
            return self.waiting[0][1].size
        except IndexError:
            return None

    def cancel(self) -> None:
        """Drop waiting tasks, end large running ones, and stop the iteration."""
        self.is_cancelled = True
        self.waiting.clear()
        self.put(STOP)
        for turn in list(self.turns):
            if turn.task.size >= WORTH_ENDING:
                turn.end()

    def fail(self, failure: BaseException) -> None:
        """Drop waiting tasks, and make the iteration raise the failure."""
        self.waiting.clear()
        self.put(failure)

    def put(self, result: Any) -> None:
        """Add a result, a failure or `STOP` to what the iteration returns."""
        with self._lock:
            self._results.put(result)
            self._unread += 1
            read = self._read if self._unread == 1 else None
        if read is not None:
            read()

    def follow(
        self,
        couriers: Executor,
        collect: Callable[[int, Any], None],
        ended: Callable[[BaseException | None], None],
    ) -> None:
        """Pass on results as they come, one after the other, without a thread that waits for them.

        Parameters
        ----------
        couriers : Executor
            Threads that pass results on for many jobs.
        collect : callable
            Receives the number and the result of a task.
        ended : callable
            Called once, with the failure that stopped the job; None if it finished or was cancelled.
        """
        results = iter(self)

        def read() -> None:
            # The couriers refuse new work once the server is closing; nobody needs results then.
            with suppress(RuntimeError):
                couriers.submit(hand_out)

        def hand_out() -> None:
            while True:
                found: tuple[int, Any] | None = None
                with self._lock:
                    unread = self._unread
                try:
                    for _ in range(unread):
                        found = next(results, None)
                        if found is None:
                            break
                        collect(*found)
                    is_over = found is None or self.done == self.total
                except Exception as error:  # noqa: BLE001 - of the task, or of who collects
                    self.failure = error
                    is_over = True
                if is_over:
                    with self._lock:
                        self._read = None
                    ended(self.failure)
                    return
                with self._lock:
                    self._unread -= unread
                    if not self._unread:
                        return

        with self._lock:
            self._read = read
            is_unread = self._unread > 0
        if not self.total:
            couriers.submit(ended, None)
        elif is_unread:
            read()

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        """Yield the number and the result of every task, in the order in which tasks finish.

        Raises
        ------
        Exception
            The exception of a task that failed.
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


@dataclass(eq=False)
class Turn:
    """A task that a worker is running.

    Attributes
    ----------
    job : Job
    number : int
        Number of the task in its job.
    task : Task
    pool : Pool
    future : Future or None
        None until the pool has accepted it.
    begun : float
        When the worker received it, on the monotonic clock.
    is_overdue : bool
        Whether it was ended for taking too long.
    """

    job: Job
    number: int
    task: Task
    pool: Pool
    future: "Future[Any] | None" = None
    begun: float = field(default_factory=time.monotonic)
    is_overdue: bool = False

    def end(self) -> None:
        """End the worker that runs the task."""
        if self.future is not None:
            self.pool.abandon(self.future)

    def expire(self) -> None:
        """End the task for taking too long."""
        self.is_overdue = True
        self.end()
