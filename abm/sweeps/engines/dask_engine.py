"""Run shards on Dask: on a scheduler that is named, or on a cluster of this machine. The one door to Dask.

Workers must see the sweep's directory under the same path and have the same abm. Dask gives the shard of a worker
that died to another. If the scheduler itself is lost, every shard without a report counts as lost; as files are the
only truth, resuming runs those that have no commit.
"""

from __future__ import annotations

import queue
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import dask
from distributed import Client, Future, LocalCluster

from abm.core.kernels import try_folders
from abm.errors import InvalidInput, Problem
from abm.runs.batches import available_processors
from abm.runs.pool import SINGLE_THREADED
from abm.sweeps.engines.engine import Carried, LostAttempts, carry_one

CONNECT_SECONDS = 20.0
TELL_SECONDS = 60.0
"""Time in which a worker has to deliver the few bytes of a shard's outcome."""
LOOK_SECONDS = 1.0

SETTINGS: Mapping[str, Any] = {
    # A shard whose worker dies this often is abandoned; time limits of jobs may end some workers.
    "distributed.scheduler.allowed-failures": 5,
    "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS:g}s",
    # Compiled code holds the interpreter for a while, which is no reason for a warning.
    "distributed.admin.tick.limit": "1h",
}
NO_DASHBOARD: Mapping[str, Any] = {"dashboard": False, "dashboard_address": ":0"}
"""A scheduler serves HTTP nevertheless; on any free port, or a second one on a machine would warn about the first."""
LOST = "the connection to the Dask scheduler was lost; it may have ended"


@dataclass(eq=False)
class Dask:
    """Engine that runs shards on the workers of a Dask scheduler.

    Attributes
    ----------
    scheduler : str
        Address such as ``tcp://host:8786``; empty starts a cluster of this machine.
    workers : int or None
        Processes of such a cluster; default: one for each processor.
    is_forced : bool
        Run even if the sources are not those of the plan.
    """

    scheduler: str = ""
    workers: int | None = None
    is_forced: bool = False
    _stack: ExitStack = field(default_factory=ExitStack, repr=False)
    client: Any = field(default=None, repr=False)

    def __enter__(self) -> Self:
        """Connect to the scheduler, or start one.

        Raises
        ------
        InvalidInput
            If none answers at the address.
        """
        with ExitStack() as stack:
            stack.enter_context(dask.config.set(SETTINGS))
            client = connected(self.scheduler) if self.scheduler else self._started(stack)
            self.client = stack.enter_context(client)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client = None
        self._stack.close()

    def carry(self, directory: Path, shards: Sequence[int]) -> Iterator[Carried]:
        """Submit all shards to the scheduler, and yield the outcome of each as it is done."""
        yield from carried(self.client, directory, shards, self.is_forced)

    def _started(self, stack: ExitStack) -> Any:
        try_folders()
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="abm-dask-"))
        cluster = LocalCluster(
            n_workers=self.workers or available_processors(),
            threads_per_worker=1,
            processes=True,
            scheduler_kwargs=dict(NO_DASHBOARD),
            local_directory=scratch,
            memory_limit=0,
            env=dict.fromkeys(SINGLE_THREADED, "1"),
        )
        return Client(stack.enter_context(cluster), set_as_default=False)


def connected(address: str) -> Any:
    """Connect to a scheduler.

    Raises
    ------
    InvalidInput
        If none answers.
    """
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, ImportError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        told = f"no Dask scheduler answers at '{address}' ({reason})"
        advice = "start one with 'dask scheduler', or leave --scheduler out to use this machine"
        raise InvalidInput([Problem("--scheduler", None, f"{told}; {advice}")]) from None


def carried(client: Any, directory: Path, shards: Sequence[int], is_forced: bool) -> Iterator[Carried]:
    """Run shards on the workers of a scheduler, and yield the outcome of each as it is done.

    Parameters
    ----------
    client : distributed.Client
        Connected.
    directory : Path
        The sweep's, as every worker sees it.
    shards : sequence of int
        Numbers of the shards.
    is_forced : bool
        Run even if the sources are not those of the plan.

    Yields
    ------
    Carried
        One for every shard.
    """
    seen, done = directory.resolve(), queue.SimpleQueue[Future]()
    # Impure, because the same shard has to run again once its files have gone.
    futures = client.map(
        carry_one, [seen] * len(shards), list(shards), is_forced=is_forced, pure=False, batch_size=1000
    )
    waiting = {future.key: shard for shard, future in zip(shards, futures, strict=True)}
    attempts = LostAttempts()
    for future in futures:
        future.add_done_callback(done.put)
    # The scheduler forgets a future that is released here once its outcome has been reported.
    del futures
    while waiting:
        try:
            future = done.get(timeout=LOOK_SECONDS)
        except queue.Empty:
            if client.status == "running":
                continue
            break
        shard = waiting.pop(future.key, None)
        if shard is None:
            continue
        told = attempts.judged(_told(future, shard))
        if not told.is_final:
            again = client.submit(carry_one, seen, shard, is_forced=is_forced, pure=False)
            waiting[again.key] = shard
            again.add_done_callback(done.put)
        yield told
    for shard in waiting.values():
        yield Carried(shard, lost=LOST)


def _told(future: Any, shard: int) -> Carried:
    try:
        told = future.result(timeout=TELL_SECONDS)
    except Exception as error:  # noqa: BLE001 - cancelled, killed, timed out: the files say what is true
        if future.cancelled():
            return Carried(shard, lost=LOST)
        return Carried(shard, lost=str(error).partition("\n")[0] or type(error).__name__)
    if isinstance(told, Carried):
        return told
    return Carried(shard, lost=f"the worker answered with {type(told).__name__}; does it have this abm?")
