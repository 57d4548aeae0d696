"""Run batches of runs, here or on every processor, and return the same tables either way.

Runs are packed into batches of sixteen of one place, length and step, because a simulator works on lanes side
by side. The first batches run in this process: they compile the kernels and leave them in the cache on disk,
and they show how long a batch takes. Workers are started only when they pay for their start. Each has one
thread, and its results are put back in the order of the runs, so nothing depends on how many there were.
"""

import os
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, as_completed
from dataclasses import dataclass
from typing import Any

import numpy as np

from abm.errors import InvalidInput, Problem
from abm.experiments.failures import ModelFailure
from abm.experiments.pool import Pool, WorkerLost
from abm.experiments.run import Run, Simulator, Tables, joined
from abm.experiments.worker import TaskFailed

LANES = 16
WORKER_START_SECONDS = 2.0
WORKERS_ADVICE = "give a whole number from 1, such as 4, or leave it out to use what pays"
Progress = Callable[[int, int], None]
Batch = tuple[int, ...]


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
    """What came of some runs.

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


@dataclass(frozen=True, eq=False)
class _Attempt:
    tables: tuple[tuple[Batch, Tables], ...]
    failures: tuple[tuple[int, str], ...]


def execute(
    runs: Sequence[Run],
    simulate: Simulator,
    *,
    workers: int | None = None,
    lanes: int = LANES,
    progress: Progress | None = None,
) -> Execution:
    """Simulate runs in batches, on as many processes as pay.

    Parameters
    ----------
    runs : sequence of Run
        In the order in which results are wanted.
    simulate : Simulator
        A function that workers can import by name.
    workers : int, optional
        Processes to use. Without it, as many as there are processors, and none where the work is done before
        they would have started.
    lanes : int
        Most runs in a batch.
    progress : callable, optional
        Called with the number of runs done and the number of runs, after each batch and once at the start.

    Returns
    -------
    Execution
        A run that fails does not stop the others: its batch is repeated run by run, and it is listed.

    Raises
    ------
    InvalidInput
        If workers are below 1, or the simulator refuses the input of a run.
    KeyboardInterrupt
        If interrupted; workers have ended by then.
    """
    problems = worker_problems(workers)
    if problems:
        raise InvalidInput(problems)
    started = time.perf_counter()
    batches = packed(runs, lanes)
    attempts: list[_Attempt] = []
    done = 0

    def record(batch: Batch, attempt: _Attempt) -> None:
        nonlocal done
        attempts.append(attempt)
        done += len(batch)
        if progress is not None:
            progress(done, len(runs))

    if progress is not None:
        progress(0, len(runs))
    remaining = list(batches)
    most = min(workers or available_processors(), max(len(batches), 1))
    used = 1
    while remaining:
        # The first batch warms the kernels, so only a later one tells how long a batch takes.
        is_warm = len(remaining) < len(batches)
        begun = time.perf_counter()
        batch = remaining.pop(0)
        record(batch, _attempt(simulate, [runs[index] for index in batch], batch))
        pays = (time.perf_counter() - begun) * len(remaining) * (1 - 1 / most) > WORKER_START_SECONDS
        if most > 1 and len(remaining) > 1 and (workers is not None or (is_warm and pays)):
            used = min(most, len(remaining))
            for batch, attempt in _pooled(runs, simulate, remaining, used):
                record(batch, attempt)
            remaining = []
    return _gathered(runs, attempts, used, time.perf_counter() - started)


def mapped(
    task: Callable[[Any], Any],
    items: Sequence[Any],
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> list[Any]:
    """Call a function on every item, on as many processes as there are, and return the results in order.

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
    """
    most = min(workers or available_processors(), max(len(items), 1))
    results = [task(item) for item in items[:1]]
    if progress is not None:
        progress(len(results), len(items))

    def collect(found: Iterable[Any]) -> None:
        for result in found:
            results.append(result)
            if progress is not None:
                progress(len(results), len(items))

    if most == 1 or len(items) < 3:
        collect(map(task, items[1:]))
    else:
        with Pool(most) as pool:
            futures = [pool.submit(task, item) for item in items[1:]]
            collect(future.result() for future in futures)
    return results


def packed(runs: Sequence[Run], lanes: int = LANES) -> tuple[Batch, ...]:
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


def worker_problems(workers: int | None) -> list[Problem]:
    """Say what is wrong with a number of workers; empty when nothing is."""
    if workers is None or workers >= 1:
        return []
    return [Problem("--workers", None, f"found {workers}; {WORKERS_ADVICE}")]


def _attempt(simulate: Simulator, batch: Sequence[Run], positions: Batch) -> _Attempt:
    try:
        return _Attempt(((positions, simulate(batch)),), ())
    except InvalidInput:
        raise
    except Exception as error:  # noqa: BLE001 - a simulator is foreign code, and the other runs go on
        if len(batch) == 1:
            return _Attempt((), ((positions[0], _told(error)),))
    # One bad run must not take its neighbours with it.
    alone = [_attempt(simulate, [run], (position,)) for run, position in zip(batch, positions, strict=True)]
    return _Attempt(
        tuple(entry for attempt in alone for entry in attempt.tables),
        tuple(entry for attempt in alone for entry in attempt.failures),
    )


def _told(error: Exception) -> str:
    if isinstance(error, ModelFailure):
        return f"{error.message} ({error.where})" if error.where else error.message
    # Results travel, so they name the module that failed and no path of this machine.
    frames = list(traceback.walk_tb(error.__traceback__))
    where = f" ({frames[-1][0].f_globals.get('__name__', '?')}:{frames[-1][1]})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


def _pooled(
    runs: Sequence[Run], simulate: Simulator, batches: Sequence[Batch], workers: int
) -> Iterator[tuple[Batch, _Attempt]]:
    with Pool(workers) as pool:
        futures: dict[Future[_Attempt], Batch] = {
            pool.submit(_attempt, simulate, [runs[index] for index in batch], batch): batch
            for batch in batches
        }
        for future in as_completed(futures):
            batch = futures[future]
            try:
                attempt = future.result()
            except (WorkerLost, TaskFailed) as error:
                attempt = _Attempt((), tuple((index, str(error)) for index in batch))
            yield batch, attempt


def _gathered(runs: Sequence[Run], attempts: Sequence[_Attempt], workers: int, seconds: float) -> Execution:
    parts = [part for attempt in attempts for part in attempt.tables]
    failures = sorted(failure for attempt in attempts for failure in attempt.failures)
    return Execution(
        tables=_in_order(runs, parts) if parts else None,
        failures=tuple(Failure(runs[index], message) for index, message in failures),
        workers=workers,
        seconds=seconds,
    )


def _in_order(runs: Sequence[Run], parts: Sequence[tuple[Batch, Tables]]) -> Tables:
    positions = np.concatenate([np.asarray(batch) for batch, _ in parts])
    rows = np.array([runs[index].scenario.months + 1 for index in positions])
    together = joined([tables for _, tables in parts])
    order = np.argsort(positions)
    # A run's rows stay together, so sorting rows by the position of their run keeps months in order.
    row_order = np.argsort(np.repeat(positions, rows), kind="stable")
    return Tables(
        runs={name: column[order] for name, column in together.runs.items()},
        months={name: column[row_order] for name, column in together.months.items()},
    )
