"""Run shards on Slurm through Dask: each worker is a job, and jobs that end are replaced.

This is the one door to dask-jobqueue. Dask's scheduler lives in this process, so this engine suits a machine that
Slurm's nodes can reach and where a process may run for hours. Elsewhere, write a job array instead
(`abm.sweeps.engines.job_array`).

What a site needs besides the options here, such as modules to load, can be set in dask-jobqueue's own file,
``~/.config/dask/jobqueue.yaml``, under ``jobqueue.slurm``.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import dask
from dask_jobqueue import SLURMCluster
from distributed import Client

from abm.errors import InvalidInput, Problem
from abm.runs.pool import SINGLE_THREADED
from abm.sweeps.engines.dask_engine import NO_DASHBOARD, SETTINGS, carried
from abm.sweeps.engines.engine import Carried
from abm.sweeps.engines.job_array import KERNELS_VARIABLE, LOGS, Site, clock_time, kernels, prepared

DEFAULT_JOBS = 4
LOST_WORKER_SECONDS = 5.0


@dataclass(eq=False)
class Slurm:
    """Engine that runs shards in jobs of Slurm, each of which is a worker of Dask.

    Attributes
    ----------
    workers : int or None
        Jobs at once; default: four.
    site : Site
        Partition, account, memory, time limit and further directives.
    is_forced : bool
        Run even if the sources are not those of the plan.
    """

    workers: int | None = None
    site: Site = field(default_factory=Site)
    is_forced: bool = False
    _stack: ExitStack = field(default_factory=ExitStack, repr=False)

    def __enter__(self) -> Self:
        """Check that jobs can be submitted from here.

        Raises
        ------
        InvalidInput
            If they cannot.
        """
        if shutil.which("sbatch") is None:
            told = "found no 'sbatch'; run this where jobs of Slurm are submitted, or choose another --engine"
            raise InvalidInput([Problem("--engine slurm", None, told)])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def carry(self, directory: Path, shards: Sequence[int]) -> Iterator[Carried]:
        """Submit jobs and give them all shards; the jobs are cancelled when the engine's context ends."""
        jobs = min(self.workers or DEFAULT_JOBS, len(shards))
        self._stack.enter_context(
            dask.config.set(
                {**SETTINGS, "distributed.deploy.lost-worker-timeout": f"{LOST_WORKER_SECONDS:g}s"}
            )
        )
        cluster = self._stack.enter_context(self._cluster(directory.resolve()))
        # To adapt between equal bounds replaces every job that ends, by its time limit or by force.
        cluster.adapt(minimum_jobs=jobs, maximum_jobs=jobs)
        client = self._stack.enter_context(Client(cluster, set_as_default=False))
        yield from carried(client, directory, shards, self.is_forced)

    def _cluster(self, directory: Path) -> Any:
        prepared(directory)
        logs = directory / LOGS
        threads = [f"export {name}=1" for name in SINGLE_THREADED]
        site = self.site
        return SLURMCluster(
            cores=1,
            processes=1,
            memory=site.memory,
            walltime=clock_time(site.seconds) if site.seconds is not None else None,
            queue=site.partition or None,
            account=site.account or None,
            interface=site.interface or None,
            job_extra_directives=list(site.directives),
            job_script_prologue=[*threads, f"export {KERNELS_VARIABLE}={kernels(directory)}", *site.prologue],
            log_directory=os.fspath(logs),
            job_name="abm-sweep",
            # Workers spill beside their logs, because /tmp of a node may be small or shared.
            local_directory=os.fspath(logs / "scratch"),
            scheduler_options=dict(NO_DASHBOARD),
        )
