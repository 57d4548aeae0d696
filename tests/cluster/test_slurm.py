"""A sweep carried by Slurm, through Dask or as a job array, gives the tables of one that nothing disturbed."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from abm.sweeps.engines.engine import engine_named
from abm.sweeps.engines.job_array import Site, write_job_array
from abm.sweeps.engines.processes import Processes
from abm.sweeps.engines.slurm_engine import Slurm
from abm.sweeps.sweep import Sweep
from tests.cluster.sweeps import data
from tests.cluster.test_dask import SHARDS_BEFORE, after

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.slurm import Slurm as Cluster

SITE = Site(memory="1GB", seconds=600)
SHARD_SECONDS = 1.0
TASKS = 6


def submitted(cluster: Cluster, directory: Path, **asked: int) -> None:
    """Write and submit a job array of what is missing."""
    open_shards = Sweep(directory).survey().open_shards
    array = write_job_array(directory, "small", open_shards, SHARD_SECONDS, site=SITE, **asked)
    cluster.told("sbatch", str(array.script))


def test_workers_that_are_jobs_give_the_tables_of_one_process(
    slurm: Cluster, directory: Path, undisturbed: dict[str, bytes]
) -> None:
    carriage = Sweep(directory).carry_out(engine_named("slurm", workers=2, site=SITE))
    assert (carriage.runs_done, carriage.runs_failed, carriage.lost) == (carriage.runs, 0, ())
    assert data(directory) == undisturbed
    slurm.wait_until(lambda: not slurm.jobs(), "the end of all jobs")


def test_a_job_that_is_cancelled_is_replaced_and_costs_no_row(
    slurm: Cluster, directory: Path, undisturbed: dict[str, bytes]
) -> None:
    cancelled: list[str] = []

    def cancel() -> None:
        cancelled.append(slurm.jobs()[0].partition(" ")[0])
        slurm.told("scancel", "--signal=KILL", "--full", cancelled[0])

    carriage = Sweep(directory).carry_out(Slurm(workers=1, site=SITE), progress=after(SHARDS_BEFORE, cancel))
    assert len(cancelled) == 1
    assert carriage.runs_done == carriage.runs
    assert Sweep(directory).survey(is_thorough=True).is_complete
    assert data(directory) == undisturbed


def test_a_parent_that_is_killed_leaves_no_jobs_behind_and_resuming_completes(
    slurm: Cluster, directory: Path, undisturbed: dict[str, bytes]
) -> None:
    command = [sys.executable, "-m", "abm.interface.cli", "sweep", "run", str(directory), "--engine=slurm"]
    with (directory.parent / "log").open("wb") as log:
        parent = subprocess.Popen(
            [*command, "--workers=1", "--memory=1GB", "--time-limit=00:10"], stdout=log, stderr=log
        )
        slurm.wait_until(lambda: Sweep(directory).survey().done >= SHARDS_BEFORE, "the first shards")
        parent.kill()
        parent.wait()
    slurm.wait_until(lambda: not slurm.jobs(), "the end of its job", seconds=90)
    survey = Sweep(directory).survey(is_thorough=True)
    assert survey.damaged == {}
    assert 0 < len(survey.missing) < survey.shards
    assert Sweep(directory).carry_out(Processes(1)).lost == ()
    assert data(directory) == undisturbed


def test_a_job_array_survives_killed_tasks_and_a_restart_of_the_controller(
    slurm: Cluster, directory: Path, undisturbed: dict[str, bytes]
) -> None:
    submitted(slurm, directory, most_tasks=TASKS)
    slurm.wait_until(lambda: Sweep(directory).survey().done > 0, "the first shard")
    jobs = slurm.jobs()
    running = [job.partition(" ")[0] for job in jobs if job.endswith(" R")]
    slurm.told("scancel", "--signal=KILL", "--full", *running[:1])
    # The one killed may just have ended; one that has not begun cannot have.
    slurm.told("scancel", jobs[0].partition("_")[0] + f"_{TASKS - 1}")
    slurm.wait_until(
        lambda: not {job.partition(" ")[0] for job in slurm.jobs()} & set(running[:1]),
        "the end of the killed task",
    )
    slurm.restart_controller()
    slurm.wait_until(lambda: not slurm.jobs(), "the end of the array", seconds=180)
    survey = Sweep(directory).survey(is_thorough=True)
    assert survey.damaged == {}
    assert 0 < len(survey.missing) < survey.shards

    submitted(slurm, directory)
    slurm.wait_until(lambda: not slurm.jobs(), "the end of the second array", seconds=180)
    assert Sweep(directory).survey(is_thorough=True).is_complete
    assert data(directory) == undisturbed
    logs = "".join(path.read_text() for path in (directory / "slurm" / "logs").glob("*.log"))
    assert "16 runs, 0 failed" in logs


def test_the_script_is_one_that_bash_and_slurm_read(slurm: Cluster, directory: Path) -> None:
    array = write_job_array(directory, "small", range(2500), 60.0, site=SITE, most_tasks=1000)
    subprocess.run(["bash", "-n", str(array.script)], check=True)
    slurm.told("sbatch", "--test-only", str(array.script))
