"""Carry shards to where they are run: the interface of every engine, and the one that uses this machine.

An engine decides nothing about results. It calls `run_shard` for each shard it is given, somewhere, and tells what
became of it. The files are the only truth, so an engine that dies loses time and no rows.
"""

import multiprocessing
import signal
import sys
import traceback
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Protocol, Self

from abm.errors import InvalidInput, Problem, did_you_mean
from abm.experiments.engines import available_processors, single_threaded
from abm.experiments.manifest import Manifest
from abm.experiments.shard import run_shard

SHARDS_PER_WORKER = 50
"""Shards after which a worker is replaced, so that what libraries leak cannot add up."""
ATTEMPTS = 2
"""How often a shard is tried whose worker ended without a word."""
PARTING_SECONDS = 5.0


@dataclass(frozen=True)
class Carried:
    """What became of a shard.

    Attributes
    ----------
    shard : int
        Its number.
    runs, failed : int
        Runs in its commit, and those among them that failed.
    seconds : float
        Time that it took where it ran.
    lost : str
        Why there is no commit; empty if there is one.
    is_final : bool
        False where the shard is tried again.
    refused : InvalidInput or None
        Input that was refused, so that no other shard would do better.
    is_unwritable : bool
        Whether the results could not be written, so that no other shard would do better.
    """

    shard: int
    runs: int = 0
    failed: int = 0
    seconds: float = 0.0
    lost: str = ""
    is_final: bool = True
    refused: InvalidInput | None = None
    is_unwritable: bool = False


class Engine(AbstractContextManager["Engine"], Protocol):
    """Something that runs shards; a context, so that what it started has ended when the context does."""

    def carry(self, directory: Path, shards: Sequence[int]) -> Iterator[Carried]:
        """Run shards, in any order, and tell of each as it is done.

        Parameters
        ----------
        directory : Path
            The sweep's, as every worker sees it.
        shards : sequence of int
            Numbers of the shards.

        Yields
        ------
        Carried
            One that is final for every shard, and others before for attempts that were lost.
        """


ENGINES = {
    "processes": "abm.experiments.carriers:Processes",
    "dask": "abm.experiments.dask_engine:Dask",
    "slurm": "abm.experiments.slurm_engine:Slurm",
}
"""Where each engine is; it is imported when it is asked for. All take `workers` and `is_forced`."""


def engine_named(name: str, **options: Any) -> Engine:
    """Make an engine of its name.

    Raises
    ------
    InvalidInput
        If there is no such engine, or what it needs is not installed.
    """
    if name not in ENGINES:
        told = f"engine '{name}' is unknown{did_you_mean(name, ENGINES)} Valid: {', '.join(ENGINES)}."
        raise InvalidInput([Problem("--engine", None, told)])
    module, _, kind = ENGINES[name].partition(":")
    try:
        made = getattr(import_module(module), kind)
    except ModuleNotFoundError as error:
        told = f"engine '{name}' needs {error.name}, which is not installed; install it with: pip install 'abm[{name}]'"
        raise InvalidInput([Problem("--engine", None, told)]) from None
    engine: Engine = made(**options)
    return engine


def carry_one(
    directory: Path, shard: int, is_forced: bool = False, manifest: Manifest | None = None
) -> Carried:
    """Run a shard, and tell what became of it; what engines call where the work is done."""
    try:
        commit = run_shard(directory, shard, is_forced=is_forced, manifest=manifest)
    except InvalidInput as error:
        return Carried(shard, lost=str(error), refused=error)
    except OSError as error:
        return Carried(shard, lost=f"cannot be written ({error.strerror or error})", is_unwritable=True)
    except Exception as error:  # noqa: BLE001 - one shard must not end the others
        return Carried(shard, lost="".join(traceback.format_exception_only(error)).strip())
    return Carried(shard, commit.runs, commit.failed, commit.seconds)


@dataclass(eq=False)
class _Worker:
    process: Any
    connection: Connection
    shard: int | None = None
    served: int = 0


@dataclass(eq=False)
class Processes:
    """Run shards in processes of this machine, each with one thread.

    The pool of the standard library loses every shard in flight when a worker is killed, and may hang when it
    replaces workers; here each worker has a pipe of its own, so that only the shard of the one that died is lost. A
    worker whose parent dies finishes its shard and ends.

    Attributes
    ----------
    workers : int or None
        Processes; as many as there are processors unless given.
    is_forced : bool
        Run even if the sources are not those of the plan.
    shards_per_worker : int
        Shards after which a worker is replaced.
    """

    workers: int | None = None
    is_forced: bool = False
    shards_per_worker: int = SHARDS_PER_WORKER
    _pool: list[_Worker] = field(default_factory=list, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._pool:
            if kind is not None:
                worker.process.terminate()
            self._part(worker)
        self._pool.clear()

    def carry(self, directory: Path, shards: Sequence[int]) -> Iterator[Carried]:
        """Run shards, as many at once as there are workers."""
        waiting = deque(shards)
        attempts: dict[int, int] = {}
        most = min(self.workers or available_processors(), len(waiting))
        while waiting or any(worker.shard is not None for worker in self._pool):
            self._employ(directory, min(most, len(waiting) + self._busy()))
            for worker in self._pool:
                if worker.shard is None and waiting:
                    self._hand(worker, waiting.popleft())
            for worker in self._heard():
                told = self._listen(worker)
                if told is None:
                    shard = worker.shard
                    self._dismiss(worker)
                    if shard is None:
                        continue
                    attempts[shard] = attempts.get(shard, 0) + 1
                    is_final = attempts[shard] >= ATTEMPTS
                    told = Carried(shard, lost=_ended(worker.process.exitcode), is_final=is_final)
                    if not is_final:
                        waiting.append(shard)
                yield told

    def _busy(self) -> int:
        return sum(worker.shard is not None for worker in self._pool)

    def _employ(self, directory: Path, wanted: int) -> None:
        """Start workers until there are as many as wanted, after dismissing those that have served."""
        for worker in [
            one for one in self._pool if one.shard is None and one.served >= self.shards_per_worker
        ]:
            self._dismiss(worker)
        while len(self._pool) < wanted:
            here, there = _CONTEXT.Pipe()
            process = _CONTEXT.Process(target=_work, args=(there, directory, self.is_forced), daemon=True)
            # Workers inherit the environment, and libraries read it once, when they are imported.
            with single_threaded(), _without_main():
                process.start()
            there.close()
            self._pool.append(_Worker(process, here))

    def _hand(self, worker: _Worker, shard: int) -> None:
        worker.shard = shard
        worker.served += 1
        # It may have ended between two shards; the wait for its word finds that out.
        with suppress(OSError):
            worker.connection.send(shard)

    def _heard(self) -> list[_Worker]:
        ready = wait([worker.connection for worker in self._pool if worker.shard is not None])
        return [worker for worker in self._pool if worker.connection in ready]

    def _listen(self, worker: _Worker) -> Carried | None:
        try:
            told = worker.connection.recv()
        except (EOFError, OSError):
            return None
        worker.shard = None
        return told if isinstance(told, Carried) else None

    def _dismiss(self, worker: _Worker) -> None:
        self._pool.remove(worker)
        self._part(worker)

    def _part(self, worker: _Worker) -> None:
        worker.connection.close()
        worker.process.join(PARTING_SECONDS)
        if worker.process.exitcode is None:
            worker.process.kill()
            worker.process.join()


_CONTEXT = multiprocessing.get_context("spawn")


@contextmanager
def _without_main() -> Iterator[None]:
    """Keep the script or command that this process runs out of workers: they would run it anew before their work."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _work(connection: Connection, directory: Path, is_forced: bool) -> None:
    # Ctrl-C reaches every process of the terminal; the parent decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    manifest: Manifest | None = None
    while True:
        try:
            shard = connection.recv()
            manifest = manifest or Manifest.read(directory)
            connection.send(carry_one(directory, shard, is_forced, manifest))
        except (EOFError, OSError):
            return
        except InvalidInput as error:
            connection.send(Carried(shard, lost=str(error), refused=error))


def _ended(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        name = signal.Signals(-exitcode).name
        hint = "; there may not be enough memory, try fewer --workers" if name == "SIGKILL" else ""
        return f"its worker was ended by {name}{hint}"
    return f"its worker ended with exit code {exitcode}"
