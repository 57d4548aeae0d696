"""Define what an engine is and does: it runs the shards of a sweep somewhere and reports what became of each.

An engine decides nothing about results. It calls `run_shard` for each of its shards, somewhere, and reports the
outcome. The files are the only truth, so an engine that dies loses time but no rows.
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from abm.errors import InvalidInput, Problem, did_you_mean
from abm.runs.failures import failure_of
from abm.runs.machine_faults import UNWRITABLE, MachineFault, is_of_machine
from abm.sweeps.store.manifest import Manifest
from abm.sweeps.store.shard import run_shard

ATTEMPTS = 3
"""How often a shard is tried: as it is; in a separate process, which finds a run that ends it; and once more, later."""


@dataclass(frozen=True)
class Carried:
    """Outcome of a shard.

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
        Input that was refused, so that no other shard would succeed.
    is_unwritable : bool
        Whether the results could not be written, so that no other shard would succeed.
    may_recover : bool
        Whether the machine was or may have been at fault, so that another attempt may succeed.
    is_crowded : bool
        Whether fewer shards at once may succeed.
    """

    shard: int
    runs: int = 0
    failed: int = 0
    seconds: float = 0.0
    lost: str = ""
    is_final: bool = True
    refused: InvalidInput | None = None
    is_unwritable: bool = False
    may_recover: bool = False
    is_crowded: bool = False


class LostAttempts:
    """Lost attempts at shards, counted to decide which shards are tried again."""

    def __init__(self) -> None:
        self._lost = Counter[int]()

    def judged(self, carried: Carried) -> Carried:
        """Return the outcome of a shard; it is final unless another attempt may succeed and one is left."""
        if not carried.may_recover:
            return carried
        self._lost[carried.shard] += 1
        return replace(carried, is_final=self._lost[carried.shard] >= ATTEMPTS)


class Engine(AbstractContextManager["Engine"], Protocol):
    """Something that runs shards; what it started ends with its context."""

    def carry(self, directory: Path, shards: Sequence[int]) -> Iterator[Carried]:
        """Run shards, in any order, and yield the outcome of each as it is done.

        Parameters
        ----------
        directory : Path
            The sweep's, as every worker sees it.
        shards : sequence of int
            Numbers of the shards.

        Yields
        ------
        Carried
            A final one for every shard, after others for attempts that were lost.
        """


ENGINES = {
    "processes": "abm.sweeps.engines.processes:Processes",
    "dask": "abm.sweeps.engines.dask_engine:Dask",
    "slurm": "abm.sweeps.engines.slurm_engine:Slurm",
}
"""Location of each engine; it is imported when it is asked for. All accept `workers` and `is_forced`."""


def engine_named(name: str, **options: Any) -> Engine:
    """Create an engine by its name.

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
    """Run a shard and return its outcome; engines call this where the work is done."""
    try:
        commit = run_shard(directory, shard, is_forced=is_forced, manifest=manifest)
    except InvalidInput as error:
        return Carried(shard, lost=str(error), refused=error)
    except MachineFault as error:
        return Carried(shard, lost=str(error), may_recover=True, is_crowded=True)
    except OSError as error:
        told, is_unwritable = f"cannot be written ({error.strerror or error})", error.errno in UNWRITABLE
        return Carried(shard, lost=told, is_unwritable=is_unwritable, may_recover=not is_unwritable)
    except Exception as error:  # noqa: BLE001 - one shard must not end the others
        return lost_shard(shard, error)
    return Carried(shard, commit.runs, commit.failed, commit.seconds)


def carry_all(
    directory: Path, shards: Sequence[int], is_forced: bool = False, manifest: Manifest | None = None
) -> Iterator[Carried]:
    """Run shards here, one after the other; those that the machine lost are tried again after the others."""
    attempts, waiting = LostAttempts(), deque(shards)
    while waiting:
        told = attempts.judged(carry_one(directory, waiting.popleft(), is_forced, manifest))
        if not told.is_final:
            waiting.append(told.shard)
        yield told


def lost_shard(shard: int, error: Exception) -> Carried:
    """Return that an unexpected error lost a shard; it is tried again where the machine may be at fault."""
    is_lack = is_of_machine(error)
    return Carried(shard, lost=failure_of(error).message, may_recover=is_lack, is_crowded=is_lack)
