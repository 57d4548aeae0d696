"""Tasks of visitors, and the jobs that they form: results come as they are ready, and any job can be called off."""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from abm.experiments.pool import Pool

STOP = object()
LARGE = 4_000_000
"""Size of a task, ties times steps, from which it is large: about a second."""
WORTH_ENDING = 15_000_000
"""Size from which a task that nobody wants any more is ended, although its worker takes seconds to replace."""


@dataclass(frozen=True)
class Task:
    """Hold a call that a worker can make: the function is found by its name, the arguments are sent.

    Attributes
    ----------
    function : callable
    arguments : tuple
    size : int
        What it costs: ties times steps of all its runs.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    size: int = 1


class Job:
    """Hold the tasks of one question; iterate over it, or have it followed, to get results as they come.

    Attributes
    ----------
    total : int
        Tasks asked for.
    done : int
        Results that were handed out.
    seconds : float
        Workers' time that went into it.
    failure : BaseException or None
        What stopped the job before its end.
    rank : float or None
        Where the fair order has the whole job, once it has begun; None where its tasks have places of their own.
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
        """Return the size of the tasks that wait."""
        # A worker's thread may take one meanwhile; a copy of a deque is made at once.
        return sum(task.size for _, task in self.waiting.copy())

    def next_size(self) -> int | None:
        """Return the size of the task that is next; None where none waits."""
        # Whoever calls the job off does not wait for whoever looks.
        try:
            return self.waiting[0][1].size
        except IndexError:
            return None

    def cancel(self) -> None:
        """Call off what has not begun and what is not worth its end, and end the iteration."""
        self.is_cancelled = True
        self.waiting.clear()
        self.put(STOP)
        for turn in list(self.turns):
            if turn.task.size >= WORTH_ENDING:
                turn.end()

    def fail(self, failure: BaseException) -> None:
        """Call off what has not begun, and let the iteration raise."""
        self.waiting.clear()
        self.put(failure)

    def put(self, result: Any) -> None:
        """Hand in a result, what went wrong, or `STOP`."""
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
        """Have couriers hand out results as they come, one after the other, instead of a thread that waits for them.

        Parameters
        ----------
        couriers : Executor
            Threads that serve many jobs.
        collect : callable
            Takes number and result of a task.
        ended : callable
            Called once, with what stopped the job before its end; None where it is done or was called off.
        """
        results = iter(self)

        def read() -> None:
            # Nobody waits for results once the couriers have been sent home.
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


@dataclass(eq=False)
class Turn:
    """Hold a task that a worker has been given.

    Attributes
    ----------
    job : Job
    number : int
        Of the task in its job.
    task : Task
    pool : Pool
    future : Future or None
        None until the pool has it.
    begun : float
        When it was given, by a clock that does not jump.
    is_overdue : bool
        Whether it was ended because it took too long.
    """

    job: Job
    number: int
    task: Task
    pool: Pool
    future: "Future[Any] | None" = None
    begun: float = field(default_factory=time.monotonic)
    is_overdue: bool = False

    def end(self) -> None:
        """Have its worker end."""
        if self.future is not None:
            self.pool.abandon(self.future)

    def expire(self) -> None:
        """End it because it takes too long."""
        self.is_overdue = True
        self.end()
