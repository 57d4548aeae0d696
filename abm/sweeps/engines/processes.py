"""Run shards in worker processes of this machine."""

import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self

from abm.core.kernels import try_folders
from abm.errors import InvalidInput
from abm.runs.batches import available_processors
from abm.runs.pool import Pool, WorkerLost
from abm.sweeps.engines.engine import Carried, LostAttempts, carry_one, lost_shard
from abm.sweeps.store.manifest import Manifest

SHARDS_PER_WORKER = 50
"""Shards after which a worker is replaced, so that what libraries leak cannot add up."""
SIGNS_OF_CROWDING = (None, -signal.SIGKILL)
"""Exit codes of a worker that the system refuses to start, or kills for its memory."""
IN_HAND_PER_WORKER = 2
"""Shards submitted to the pool at once, so that no worker waits for its next one."""


@dataclass(eq=False)
class Processes:
    """Engine that runs shards in processes of this machine, each with one thread; they end with this process.

    Attributes
    ----------
    workers : int or None
        Processes; default: one for each processor.
    is_forced : bool
        Run even if the sources are not those of the plan.
    shards_per_worker : int
        Shards after which a worker is replaced.
    pool : Pool
        The workers, while it is entered.
    """

    workers: int | None = None
    is_forced: bool = False
    shards_per_worker: int = SHARDS_PER_WORKER
    pool: Pool = field(init=False, repr=False)

    def __enter__(self) -> Self:
        try_folders()
        self.pool = Pool(self.workers or available_processors(), tasks_per_worker=self.shards_per_worker)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pool.close(now=kind is not None)

    def carry(self, directory: Path, shards: Sequence[int]) -> Iterator[Carried]:
        """Run shards, as many at once as there are workers."""
        waiting = deque(shards)
        attempts = LostAttempts()
        at_once = self.pool.workers
        in_hand: dict[Future[Carried], int] = {}
        while waiting or in_hand:
            most = at_once if at_once < self.pool.workers else IN_HAND_PER_WORKER * at_once
            while waiting and len(in_hand) < most:
                shard = waiting.popleft()
                in_hand[self.pool.submit(_carry_here, directory, shard, self.is_forced)] = shard
            for future in wait(in_hand, return_when=FIRST_COMPLETED).done:
                shard = in_hand.pop(future)
                try:
                    told = future.result()
                except WorkerLost as error:
                    is_crowded = error.exitcode in SIGNS_OF_CROWDING
                    told = Carried(shard, lost=str(error), may_recover=True, is_crowded=is_crowded)
                except Exception as error:  # noqa: BLE001 - one shard must not end the others
                    told = lost_shard(shard, error)
                told = attempts.judged(told)
                if told.is_crowded:
                    at_once = max(at_once - 1, 1)
                if not told.is_final:
                    waiting.append(shard)
                yield told


_manifest = lru_cache(maxsize=1)(Manifest.read)


def _carry_here(directory: Path, shard: int, is_forced: bool) -> Carried:
    """Run a shard in a worker, which serves one sweep only and reads its manifest once."""
    try:
        manifest = _manifest(directory)
    except InvalidInput as error:
        return Carried(shard, lost=str(error), refused=error)
    return carry_one(directory, shard, is_forced, manifest)
