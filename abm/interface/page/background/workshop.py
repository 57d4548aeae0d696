"""Share a few worker processes among visitors by the cost of their work, within limits.

The threads of the server only answer; whatever takes longer than a moment runs here. Each visitor's tasks wait in a
line of their own. Urgent tasks go first; among them, and among the rest, the next task is that of the visitor whose
total cost will be lowest with it. Large tasks leave one worker free for small ones. Every task can be cancelled.
"""

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

from abm.errors import AbmError
from abm.interface.page.background import simulations
from abm.interface.page.background.jobs import LARGE, WORTH_ENDING, Job, Task, Turn
from abm.interface.page.background.limits import Limits
from abm.runs.pool import Pool, WorkerLost
from abm.scenarios.extensions import NO_EXTENSIONS, Extensions

logger = logging.getLogger(__name__)
QUESTIONS = 3
"""Most questions of one visitor that may wait at once: replicates, a comparison's replicates, and a landscape."""
COURIERS = 4
"""Threads that pass results on, however many visitors there are."""
POLITENESS = 5
"""Niceness of workers, so that the server answers while they are busy."""


class Busy(AbmError):
    """Raised if a visitor asks for more than may wait."""


class Overdue(AbmError):
    """Raised if work was ended for taking longer than this server allows."""


@dataclass
class VisitorLine:
    """The jobs of one visitor, urgent ones first, and what they have cost.

    Attributes
    ----------
    jobs : deque of Job
    cost : float
        Size of the tasks that have begun, as the fair order counts it.
    """

    jobs: deque[Job] = field(default_factory=deque)
    cost: float = 0.0

    def next_job(self) -> Job | None:
        """Return the job with the next task; drop jobs that have none left."""
        while self.jobs and not self.jobs[0].waiting:
            self.jobs.popleft()
        return self.jobs[0] if self.jobs else None

    def waiting(self) -> int:
        """Count the waiting tasks."""
        return sum(len(job.waiting) for job in self.jobs)


class Workshop:
    """Run tasks of many visitors on a bounded number of processes.

    Parameters
    ----------
    workers : int
        Processes.
    waiting : int
        Most tasks of one visitor that may wait.
    size : int
        Highest total cost of one visitor's waiting tasks, ties times steps.
    task_seconds, question_seconds : float
        Time after which a single task is ended, and time after which the rest of a job is.
    prepare : callable, optional
        Called in every worker before its first task; default: load the model.
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
        self._lines: dict[str, VisitorLine] = {}
        self._clock = 0.0
        self._turns: set[Turn] = set()
        self._is_closed = False
        self._prepared = threading.Event()
        self._prepared.set()
        self._pool = Pool(workers, prepare=prepare or prepare_worker)
        self.couriers = ThreadPoolExecutor(COURIERS, thread_name_prefix="abm-courier")
        # A thread inherits the page for which it was started, so all threads are started before there is any page.
        started = threading.Barrier(COURIERS + 1)
        for _ in range(COURIERS):
            self.couriers.submit(started.wait)
        started.wait()

    @classmethod
    def within(cls, limits: Limits, extensions: Extensions = NO_EXTENSIONS) -> Self:
        """Return a workshop that keeps the limits of a server, and whose workers have loaded extensions."""
        return cls(
            limits.workers,
            limits.waiting,
            size=QUESTIONS * limits.question_size,
            task_seconds=limits.task_seconds,
            question_seconds=limits.question_seconds,
            prepare=partial(prepare_worker, extensions),
        )

    def warm(self) -> None:
        """Start the workers and load the model here too, in the background.

        One worker compiles what is not compiled yet and keeps it on disk, so that no other process compiles and the
        server answers meanwhile.
        """
        self._prepared.clear()
        threading.Thread(target=self._warm, name="abm-warm", daemon=True).start()

    def _warm(self) -> None:
        try:
            self._pool.submit(ready).result()
            simulations.prepare()
            self._pool.start()
        except Exception:
            if not self._is_closed:
                logger.exception("the workers could not be started")
        finally:
            self._prepared.set()

    def is_preparing(self) -> bool:
        """Return whether the model is being compiled or loaded."""
        return not self._prepared.is_set()

    def wait_until_prepared(self) -> None:
        """Wait until the model can run without delay."""
        self._prepared.wait()

    def submit(self, owner: str, tasks: Sequence[Task], *, is_urgent: bool = False) -> Job:
        """Add tasks to the line of a visitor.

        Parameters
        ----------
        owner : str
            Name of the visitor.
        tasks : sequence of Task
            In the order in which they should begin.
        is_urgent : bool
            Whether the visitor waits for the result; such jobs go before the visitor's others.

        Returns
        -------
        Job

        Raises
        ------
        Busy
            If too much work would wait.
        """
        job = Job(owner, tasks, is_urgent)
        with self._lock:
            line = self._lines.setdefault(owner, VisitorLine(cost=self._clock))
            size = sum(one.size for one in line.jobs) + job.size
            if line.waiting() + len(tasks) > self.most_waiting or size > self.most_size:
                raise Busy("Too much of your work is waiting already; wait a little.")
            if line.next_job() is None:
                # A visitor who asked for nothing for a while has not saved up turns.
                line.cost = max(line.cost, self._clock)
            if is_urgent:
                line.jobs.appendleft(job)
            else:
                line.jobs.append(job)
        self._dispatch()
        return job

    def leave(self, owner: str) -> None:
        """Cancel all work of a visitor who has left."""
        with self._lock:
            line = self._lines.pop(owner, None)
            jobs = {
                *(line.jobs if line else ()),
                *(turn.job for turn in self._turns if turn.job.owner == owner),
            }
        for job in jobs:
            job.cancel()

    def waiting(self) -> int:
        """Count the waiting tasks of all visitors."""
        with self._lock:
            return sum(line.waiting() for line in self._lines.values())

    def close(self) -> None:
        """End the workers without waiting for their tasks."""
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
                # The workshop was closed meanwhile.
                return
            if turn.job.is_cancelled and turn.task.size >= WORTH_ENDING:
                turn.end()
            overdue = threading.Timer(self.task_seconds, turn.expire)
            overdue.daemon = True
            overdue.start()
            turn.future.add_done_callback(partial(self._finished, turn, overdue))

    def _next_turn(self) -> Turn | None:
        """Take the next task out of its line; None if no worker is free for it."""
        with self._lock:
            if len(self._turns) >= self.workers or self._is_closed:
                return None
            large = sum(turn.task.size >= LARGE for turn in self._turns)
            is_room_for_large = large < max(self.workers - 1, 1)
            ranked: list[tuple[bool, float, int, VisitorLine, Job]] = []
            for order, line in enumerate(self._lines.values()):
                job = line.next_job()
                size = None if job is None else job.next_size()
                if job is not None and size is not None and (size < LARGE or is_room_for_large):
                    # Part of an urgent job helps nobody, so the job keeps its place until it is finished.
                    if job.is_urgent and job.rank is None:
                        job.rank = line.cost + job.size
                    rank = line.cost + size if job.rank is None else job.rank
                    ranked.append((not job.is_urgent, rank, order, line, job))
            for *_, line, job in sorted(ranked):
                try:
                    number, task = job.waiting.popleft()
                except IndexError:
                    # It has just been cancelled.
                    continue
                self._clock = max(self._clock, line.cost)
                line.cost += task.size
                turn = Turn(job, number, task, self._pool)
                job.turns.append(turn)
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
                job.put((turn.number, future.result()))
                if job.seconds > self.question_seconds and job.waiting:
                    job.fail(Overdue(_told_overdue("What you asked for", self.question_seconds)))
        with self._lock:
            job.turns.remove(turn)
            self._turns.discard(turn)
        self._dispatch()


def _told_overdue(what: str, seconds: float) -> str:
    advice = "take fewer steps a month, fewer years or a smaller place"
    return f"{what} took longer than the {seconds:g} seconds that this server gives to it; {advice}."


def prepare_worker(extensions: Extensions = NO_EXTENSIONS) -> None:
    """Lower the priority of a worker below that of the server, and load what every task needs."""
    os.nice(POLITENESS)
    simulations.prepare(extensions)


def ready() -> bool:
    """Return True, which shows that a worker has started."""
    return True
