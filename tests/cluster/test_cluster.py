"""The cluster that the other tests of this suite use does what a cluster does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.slurm import Slurm


def test_a_job_array_runs_and_survives_a_restart_of_the_controller(slurm: Slurm, tmp_path: Path) -> None:
    script = tmp_path / "array.sh"
    script.write_text(
        f"#!/bin/sh\n#SBATCH --array=0-5 --output={tmp_path}/%a.log\nsleep 2\n"
        f"touch {tmp_path}/done.$SLURM_ARRAY_TASK_ID\n"
    )
    slurm.told("sbatch", str(script))
    slurm.wait_until(lambda: any(tmp_path.glob("done.*")), "the first task")
    slurm.restart_controller()
    slurm.wait_until(lambda: not slurm.jobs(), "the end of the array")
    assert sorted(path.name for path in tmp_path.glob("done.*")) == [f"done.{task}" for task in range(6)]
