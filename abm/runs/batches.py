"""Simulate runs in batches, here or on every processor, and return the same tables either way.

Runs are packed into batches of sixteen of one place, length and step, because a simulator works on lanes side
by side. The first batches run in this process: they compile the kernels into the cache on disk and show how long a
batch takes. Workers are started only when they save more time than their start costs. Each has one thread, and
results are returned in the order of the runs, so nothing depends on the number of workers.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, as_completed
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from abm.core.kernels import try_folders
from abm.errors import InvalidInput, Problem
from abm.runs.attempts import Outcome, attempted
from abm.runs.failures import RunFailure, failure_of
from abm.runs.inquiry import Inquiry
from abm.runs.machine_faults import MachineFault, is_of_machine
from abm.runs.pool import Pool, WorkerLost
from abm.runs.run import Run, Simulator, Tables, joined_tables

LANES = 16
WORKER_START_SECONDS = 2.0
WORKERS_ADVICE = "give a whole number from 1, such as 4, or leave it out to use as many as are worthwhile"
Progress = Callable[[int, int], None]
Positions = tuple[int, ...]


@dataclass(frozen=True)
class Failure:
    """A run that could not be simulated.

    Attributes
    ----------
    run : Run
        The run.
    message : str
        What went wrong, and where.
    """

    run: Run
    message: str


@dataclass(frozen=True, eq=False)
class Execution:
    """Outcome of some runs.

    Attributes
    ----------
    tables : Tables or None
        Results of the runs that were simulated, in the order of the runs; None when there are none.
    failures : tuple of Failure
        The others, in the same order.
    workers : int
        Processes that took part.
    seconds : float
        Time it took.
    """

    tables: Tables | None
    failures: tuple[Failure, ...]
    workers: int
    seconds: float


def execute(
    runs: Sequence[Run],
    simulate: Simulator,
    *,
    workers: int | None = None,
    lanes: int = LANES,
    progress: Progress | None = None,
) -> Execution:
    """Simulate runs in batches, on as many processes as are worthwhile.

    Parameters
    ----------
    runs : sequence of Run
        In the order in which results are wanted.
    simulate : Simulator
        A function that workers can import by name.
    workers : int, optional
        Processes to use; default: one for each processor, or none if the work is done before they would have
        started.
    lanes : int
        Most runs in a batch.
    progress : callable, optional
        Called with the number of runs done and the number of runs, after each batch and once at the start.

    Returns
    -------
    Execution
        A run that fails or ends its process does not stop the others: its batch is repeated run by run, and the run is
        listed.

    Raises
    ------
    InvalidInput
        If workers are below 1, or the simulator refuses the input of a run.
    MachineFault
        If the machine is at fault for a failure, so that no run is to blame.
    KeyboardInterrupt
        If interrupted; workers have ended by then.
    """
    problems = worker_problems(workers)
    if problems:
        raise InvalidInput(problems)
    started = time.perf_counter()
    found = _Found(runs, progress)
    remaining = list(packed(runs, lanes))
    most = min(workers or available_processors(), max(len(remaining), 1))
    used = 1
    # An extension must not be able to end this process.
    is_foreign = any(run.scenario.code_hash for run in runs)
    is_warm = False
    while remaining and not is_foreign:
        begun = time.perf_counter()
        batch = remaining.pop(0)
        found.take(batch, attempted(simulate, [runs[index] for index in batch]))
        pays = (time.perf_counter() - begun) * len(remaining) * (1 - 1 / most) > WORKER_START_SECONDS
        if most > 1 and len(remaining) > 1 and (workers is not None or (is_warm and pays)):
            break
        # The first batch warms the kernels, so only a later one tells how long a batch takes.
        is_warm = True
    if remaining:
        try_folders()
        used = min(most, len(remaining))
        for batch, outcomes in _pooled(runs, simulate, remaining, used):
            found.take(batch, outcomes)
    if found.suspected:
        with Inquiry(lambda: ((simulate, run) for run in found.sound_first())) as inquiry:
            for batch in found.suspected:
                found.take(batch, inquiry.attempted(simulate, [runs[index] for index in batch]))
    return found.execution(used, time.perf_counter() - started)


class _Found:
    """Outcomes of runs, collected in any order."""

    def __init__(self, runs: Sequence[Run], progress: Progress | None) -> None:
        self.runs = runs
        self.suspected: list[Positions] = []
        self._progress = progress
        self._tables: list[tuple[Positions, Tables]] = []
        self._failures: dict[int, RunFailure] = {}
        self._tell()

    def take(self, batch: Positions, outcomes: Sequence[Outcome]) -> None:
        """Add the outcomes of a batch.

        Raises
        ------
        InvalidInput
            If the simulator refuses its input.
        """
        for places, outcome in outcomes:
            positions = tuple(batch[place] for place in places)
            if isinstance(outcome, Tables):
                self._tables.append((positions, outcome))
            elif outcome.refused is not None:
                raise outcome.refused
            elif outcome.is_suspicion:
                self.suspected.append(positions)
            else:
                self._failures |= dict.fromkeys(positions, outcome)
        self._tell()

    def sound_first(self) -> Iterator[Run]:
        """Yield all runs, beginning with one that was simulated."""
        first = [positions[0] for positions, _ in self._tables[:1]]
        return (self.runs[index] for index in dict.fromkeys([*first, *range(len(self.runs))]))

    def execution(self, workers: int, seconds: float) -> Execution:
        """Return all outcomes, in the order of the runs."""
        return Execution(
            tables=_in_order(self.runs, self._tables) if self._tables else None,
            failures=tuple(
                Failure(self.runs[index], _told(self._failures[index])) for index in sorted(self._failures)
            ),
            workers=workers,
            seconds=seconds,
        )

    def _tell(self) -> None:
        if self._progress is not None:
            done = sum(len(positions) for positions, _ in self._tables) + len(self._failures)
            self._progress(done, len(self.runs))


def mapped(
    task: Callable[[Any], Any],
    items: Sequence[Any],
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[Any]:
    """Call a function on every item, on every processor, and return the results in order.

    Parameters
    ----------
    task : callable
        A function that workers can import by name.
    items : sequence
        Arguments that can be sent to a worker.
    workers : int, optional
        Processes; 1 stays in this one. The first item always runs here, so that kernels are compiled once.
    progress : callable, optional
        Called with the number of items done and the number of items.

    Raises
    ------
    MachineFault
        If an item ends its worker again when it runs alone.
    """
    most = min(workers or available_processors(), max(len(items), 1))
    here = len(items) if most == 1 or len(items) < 3 else 1
    results: dict[int, Any] = {}

    def take(position: int, result: Any) -> None:
        results[position] = result
        if progress is not None:
            progress(len(results), len(items))

    for position in range(here):
        take(position, task(items[position]))
    lost: list[int] = []
    if here < len(items):
        with Pool(most) as pool:
            futures = {pool.submit(task, items[position]): position for position in range(here, len(items))}
            for future in as_completed(futures):
                try:
                    take(futures[future], future.result())
                except Exception as error:
                    if not may_be_of_machine(error):
                        raise
                    lost.append(futures[future])
    if lost:
        # An item that runs alone has all the memory to itself.
        with Pool(1) as pool:
            for position in lost:
                try:
                    take(position, pool.submit(task, items[position]).result())
                except WorkerLost as error:
                    raise MachineFault(f"{error}, and did so again when it ran alone") from None
    return [results[position] for position in range(len(items))]


def packed(runs: Sequence[Run], lanes: int = LANES) -> tuple[Positions, ...]:
    """Pack runs of one place, length, step and code into batches, as positions in `runs`."""
    alike: dict[tuple[str, int, int, str], list[int]] = {}
    for index, run in enumerate(runs):
        scenario = run.scenario
        kind = (str(scenario.place), scenario.months, scenario.substeps, scenario.code_hash)
        alike.setdefault(kind, []).append(index)
    return tuple(
        tuple(indices[start : start + lanes])
        for indices in alike.values()
        for start in range(0, len(indices), lanes)
    )


def available_processors() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def may_be_of_machine(error: Exception) -> bool:
    """Return whether the error of a call in a worker may be the machine's fault."""
    return isinstance(error, WorkerLost) or is_of_machine(error)


def worker_problems(workers: int | None) -> list[Problem]:
    """List what is wrong with a number of workers."""
    if workers is None or workers >= 1:
        return []
    return [Problem("--workers", None, f"found {workers}; {WORKERS_ADVICE}")]


def _told(failure: RunFailure) -> str:
    return f"{failure.message} ({failure.where})" if failure.where else failure.message


def _pooled(
    runs: Sequence[Run], simulate: Simulator, batches: Sequence[Positions], workers: int
) -> Iterator[tuple[Positions, list[Outcome]]]:
    with Pool(workers) as pool:
        futures: dict[Future[list[Outcome]], Positions] = {
            pool.submit(attempted, simulate, [runs[index] for index in batch]): batch for batch in batches
        }
        for future in as_completed(futures):
            batch = futures[future]
            try:
                outcomes = future.result()
            except Exception as error:  # noqa: BLE001 - one batch must not end the others
                failure = replace(failure_of(error), is_suspicion=may_be_of_machine(error))
                outcomes = [(tuple(range(len(batch))), failure)]
            yield batch, outcomes


def _in_order(runs: Sequence[Run], parts: Sequence[tuple[Positions, Tables]]) -> Tables:
    positions = np.concatenate([np.asarray(batch) for batch, _ in parts])
    rows = np.array([runs[index].scenario.months + 1 for index in positions])
    together = joined_tables([tables for _, tables in parts])
    order = np.argsort(positions)
    # A run's rows stay together, so sorting rows by the position of their run keeps months in order.
    row_order = np.argsort(np.repeat(positions, rows), kind="stable")
    return Tables(
        runs={name: column[order] for name, column in together.runs.items()},
        months={name: column[row_order] for name, column in together.months.items()},
    )
