"""Share a few worker processes among visitors by what their work costs, within limits, so that any can be called off.

A server's threads only talk. What takes longer than a moment runs here. Every visitor's tasks wait in a line of their
own. Urgent tasks go first; among them, and among the rest, the next one is of the visitor who will have cost least with
it. Large tasks leave one worker free for small ones.
"""

import logging
import os
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

from abm.errors import AbmError
from abm.experiments.pool import Pool, WorkerLost
from abm.interface.page.background.limits import Limits

logger = logging.getLogger(__name__)
STOP = object()
LARGE = 4_000_000
"""Size of a task, ties times steps, from which it is large: about a second."""
WORTH_ENDING = 15_000_000
"""Size from which a task that nobody wants any more is ended, although its worker takes seconds to replace."""
QUESTIONS = 3
"""Questions of one visitor that may wait at once: replicates, those of a comparison, and a landscape."""
COURIERS = 4
"""Threads that hand results to visitors, however many these are."""
POLITENESS = 5
"""Niceness of workers, so that the server's threads answer while they are busy."""


class Busy(AbmError):
    """Say that a visitor asks for more than may wait."""


class Overdue(AbmError):
    """Report that work was ended because it took longer than this server allows."""


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
        self._waiting = deque(enumerate(tasks))
        self._turns: list[Turn] = []
        self._results: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._unread = 0
        self._read: Callable[[], None] | None = None

    @property
    def size(self) -> int:
        """Return the size of the tasks that wait."""
        # A worker's thread may take one meanwhile; a copy of a deque is made at once.
        return sum(task.size for _, task in self._waiting.copy())

    def next_size(self) -> int | None:
        """Return the size of the task that is next; None where none waits."""
        # Whoever calls the job off does not wait for whoever looks.
        try:
            return self._waiting[0][1].size
        except IndexError:
            return None

    def cancel(self) -> None:
        """Call off what has not begun and what is not worth its end, and end the iteration."""
        self.is_cancelled = True
        self._waiting.clear()
        self._put(STOP)
        for turn in list(self._turns):
            if turn.task.size >= WORTH_ENDING:
                turn.end()

    def fail(self, failure: BaseException) -> None:
        """Call off what has not begun, and let the iteration raise."""
        self._waiting.clear()
        self._put(failure)

    def _put(self, result: Any) -> None:
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


@dataclass
class Line:
    """Hold the jobs of one visitor, the urgent ones first, and what they have cost.

    Attributes
    ----------
    jobs : deque of Job
    cost : float
        Size of the tasks that were begun, as the fair order counts it.
    """

    jobs: deque[Job] = field(default_factory=deque)
    cost: float = 0.0

    def next_job(self) -> Job | None:
        """Return the job whose task is next; jobs without one leave the line."""
        while self.jobs and not self.jobs[0]._waiting:
            self.jobs.popleft()
        return self.jobs[0] if self.jobs else None

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
    size : int
        Most that the tasks of one visitor that wait may cost together, ties times steps.
    task_seconds, question_seconds : float
        Time after which a task is ended, and the rest of a job is.
    prepare : callable, optional
        Called in every worker before its first task; without it, what loads the model.
    """

    def __init__(
        self,
        workers: int = Limits.workers,
        waiting: int = Limits.waiting,
        *,
        size: int = QUESTIONS * Limits.question_size,
        task_seconds: float = Limits.task_seconds,
        question_seconds: float = Limits.question_seconds,
        prepare: Callable[[], object] | None = None,
    ) -> None:
        self.workers = workers
        self.most_waiting = waiting
        self.most_size = size
        self.task_seconds = task_seconds
        self.question_seconds = question_seconds
        self._lock = threading.RLock()
        self._lines: dict[str, Line] = {}
        self._clock = 0.0
        self._turns: set[Turn] = set()
        self._is_closed = False
        self._prepared = threading.Event()
        self._prepared.set()
        self._pool = Pool(workers, prepare=prepare or prepare_worker)
        self.couriers = ThreadPoolExecutor(COURIERS, thread_name_prefix="abm-courier")
        # A thread acts for the page in whose name it was started, so all are started before there is one.
        started = threading.Barrier(COURIERS + 1)
        for _ in range(COURIERS):
            self.couriers.submit(started.wait)
        started.wait()

    @classmethod
    def within(cls, limits: Limits) -> Self:
        """Return a workshop that keeps the limits of a server."""
        return cls(
            limits.workers,
            limits.waiting,
            size=QUESTIONS * limits.question_size,
            task_seconds=limits.task_seconds,
            question_seconds=limits.question_seconds,
        )

    def warm(self) -> None:
        """Start the workers and load the model here too, in the background.

        One worker compiles what is not compiled yet and keeps it on disk, so that the server answers meanwhile and
        nobody else compiles.
        """
        self._prepared.clear()
        threading.Thread(target=self._warm, name="abm-warm", daemon=True).start()

    def _warm(self) -> None:
        from abm.interface.page.background import simulations

        try:
            self._pool.submit(ready).result()
            simulations.prepare()
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
            line = self._lines.setdefault(owner, Line(cost=self._clock))
            size = sum(one.size for one in line.jobs) + job.size
            if line.waiting() + len(tasks) > self.most_waiting or size > self.most_size:
                raise Busy("There is more work waiting than this server does for one visitor; wait a little.")
            if line.next_job() is None:
                # Who asked for nothing meanwhile has not saved up turns.
                line.cost = max(line.cost, self._clock)
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
            jobs = {
                *(line.jobs if line else ()),
                *(turn.job for turn in self._turns if turn.job.owner == owner),
            }
        for job in jobs:
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
        self.couriers.shutdown(wait=False, cancel_futures=True)

    def _dispatch(self) -> None:
        """Hand tasks to free workers."""
        while (turn := self._next_turn()) is not None:
            try:
                turn.future = self._pool.submit(turn.task.function, *turn.task.arguments)
            except RuntimeError:
                # The workshop has been closed meanwhile.
                return
            if turn.job.is_cancelled and turn.task.size >= WORTH_ENDING:
                turn.end()
            overdue = threading.Timer(self.task_seconds, turn.expire)
            overdue.daemon = True
            overdue.start()
            turn.future.add_done_callback(partial(self._finished, turn, overdue))

    def _next_turn(self) -> Turn | None:
        """Take the task that is next; None where no worker is free for one."""
        with self._lock:
            if len(self._turns) >= self.workers or self._is_closed:
                return None
            large = sum(turn.task.size >= LARGE for turn in self._turns)
            is_room_for_large = large < max(self.workers - 1, 1)
            ranked: list[tuple[bool, float, int, Line, Job]] = []
            for order, line in enumerate(self._lines.values()):
                job = line.next_job()
                size = None if job is None else job.next_size()
                if job is not None and size is not None and (size < LARGE or is_room_for_large):
                    # Nobody is helped by a part of what is urgent, so an urgent job keeps its place to its end.
                    if job.is_urgent and job.rank is None:
                        job.rank = line.cost + job.size
                    rank = line.cost + size if job.rank is None else job.rank
                    ranked.append((not job.is_urgent, rank, order, line, job))
            for *_, line, job in sorted(ranked):
                try:
                    number, task = job._waiting.popleft()
                except IndexError:
                    # It has just been called off.
                    continue
                self._clock = max(self._clock, line.cost)
                line.cost += task.size
                turn = Turn(job, number, task, self._pool)
                job._turns.append(turn)
                self._turns.add(turn)
                return turn
            return None

    def _finished(self, turn: Turn, overdue: threading.Timer, future: "Future[Any]") -> None:
        overdue.cancel()
        job = turn.job
        job.seconds += time.monotonic() - turn.begun
        if not future.cancelled():
            error = future.exception()
            if turn.is_overdue and isinstance(error, WorkerLost):
                job.fail(Overdue(_told_overdue("A run", self.task_seconds)))
            elif error is not None:
                job.fail(error)
            else:
                job._put((turn.number, future.result()))
                if job.seconds > self.question_seconds and job._waiting:
                    job.fail(Overdue(_told_overdue("What you asked for", self.question_seconds)))
        with self._lock:
            job._turns.remove(turn)
            self._turns.discard(turn)
        self._dispatch()


def _told_overdue(what: str, seconds: float) -> str:
    advice = "take fewer steps a month, fewer years or a smaller place"
    return f"{what} took longer than the {seconds:g} seconds that this server gives to it; {advice}."


def prepare_worker() -> None:
    """Leave the processors to the server's threads where they want them, and load what every task needs."""
    os.nice(POLITENESS)
    from abm.interface.page.background import simulations

    simulations.prepare()


def ready() -> bool:
    """Tell that a worker has started."""
    return True
