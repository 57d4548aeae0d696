"""The commands for clusters write what Slurm reads, and refuse at once all that cannot be right."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from abm.interface.cli import main
from abm.interface.cli.cluster_commands import seconds_of
from abm.sweeps.engines.job_array import Site, clock_time, megabytes, write_job_array

if TYPE_CHECKING:
    from pathlib import Path

EXPERIMENT = """\
name: segregation
model: mesa.examples:Schelling
steps: 3
levers: {homophily: [0.3, 0.5, 0.7]}
design: full_factorial
replicates: 2
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "segregation.yaml").write_text(EXPERIMENT)
    assert (
        told(["plan", str(tmp_path / "segregation.yaml"), "--out", str(tmp_path / "s"), "--shard-runs", "2"])
        == 0
    )
    return tmp_path / "s"


def told(arguments: list[str]) -> int:
    """Run a command on sweeps, and return its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["abm", "sweep", *arguments])
        with pytest.raises(SystemExit) as ended:
            sys.exit(main())
    return int(ended.value.code or 0)


def options_of(script: str) -> dict[str, str]:
    """Return the options that a script tells sbatch."""
    lines = [line.removeprefix("#SBATCH --") for line in script.splitlines() if line.startswith("#SBATCH --")]
    return dict(line.partition("=")[::2] for line in lines)


def run_task(script: Path, task: int) -> None:
    """Run one task of an array as Slurm would."""
    subprocess.run(
        ["bash", str(script)],
        env={**os.environ, "SLURM_ARRAY_TASK_ID": str(task)},
        check=True,
        capture_output=True,
    )


def test_the_script_lists_what_is_missing_and_its_tasks_complete_the_sweep(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [
        "--tasks",
        "2",
        "--at-once",
        "1",
        "--partition",
        "long",
        "--no-compile",
        "--before",
        "echo ready",
    ]
    assert told(["shard", str(directory), "1"]) == 0
    assert told(["slurm-script", str(directory), *options]) == 0
    assert "2 shards in 2 tasks" in capsys.readouterr().out
    script = directory / "slurm" / "sweep.sbatch"
    given = options_of(script.read_text())
    assert (given["array"], given["partition"], given["mem"]) == ("0-1%1", "long", "2G")
    for task in range(2):
        run_task(script, task)
    assert told(["verify", str(directory)]) == 0
    assert told(["slurm-script", str(directory)]) == 0
    assert "No shard is missing" in capsys.readouterr().out


def test_a_task_runs_its_share_when_there_are_more_shards_than_tasks(directory: Path) -> None:
    array = write_job_array(directory, "segregation", [0, 1, 2], 1.0, most_tasks=2)
    run_task(array.script, 0)
    assert {path.stem for path in (directory / "shards").glob("*/*.json")} == {"000000", "000002"}
    (array_list,) = (directory / "slurm").glob("shards-*.txt")
    assert array_list.read_text() == "0\n1\n2\n"


@pytest.mark.parametrize(
    ("shards", "seconds", "tasks"), [(16, 0.3, 1), (1000, 3.0, 10), (10, 600.0, 10), (5000, 300.0, 1000)]
)
def test_a_task_lasts_minutes_unless_the_number_of_tasks_is_given(
    directory: Path, shards: int, seconds: float, tasks: int
) -> None:
    array = write_job_array(directory, "segregation", range(shards), seconds)
    assert array.tasks == tasks
    assert array.expected == pytest.approx(shards / tasks * seconds)
    given = write_job_array(directory, "segregation", range(shards), seconds, most_tasks=7)
    assert given.tasks == min(shards, 7)


def test_the_time_limit_follows_from_the_pilot_unless_given(directory: Path) -> None:
    array = write_job_array(directory, "segregation", range(10), 600.0, most_tasks=5)
    assert array.seconds == 180 + 2 * 600 * 3
    assert options_of(array.script.read_text())["time"] == "01:03:00"
    array = write_job_array(directory, "segregation", range(10), 600.0, site=Site(seconds=7200))
    assert options_of(array.script.read_text())["time"] == "02:00:00"
    with pytest.raises(ValueError, match="at least one shard"):
        write_job_array(directory, "segregation", [], 600.0)


def test_threads_and_kernels_are_set_for_every_task(directory: Path) -> None:
    text = write_job_array(
        directory, "segregation", [0], 1.0, site=Site(directives=("--exclusive",))
    ).script.read_text()
    assert "export OMP_NUM_THREADS=1" in text
    assert f"export NUMBA_CACHE_DIR=${{NUMBA_CACHE_DIR:-{directory.resolve()}/slurm/kernels}}" in text
    assert "\n#SBATCH --exclusive\n" in text


def test_faulty_options_are_told_at_once(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--tasks", "0", "--at-once", "few", "--memory", "much", "--time-limit", "long"]
    assert told(["slurm-script", str(directory), *options]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "4 problems, nothing was written" in said
    for option in (
        "--tasks found 0",
        "--at-once found 'few'",
        "--memory found 'much'",
        "--time-limit found 'long'",
    ):
        assert option in said
    assert not (directory / "slurm").exists()


def test_options_of_another_engine_are_refused(directory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(["run", str(directory), "--scheduler", "tcp://host:1", "--partition", "long"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "--scheduler belongs to the engine 'dask'; add --engine dask, or leave it out" in said
    assert "--partition belongs to the engine 'slurm'; add --engine slurm, or leave it out" in said
    assert told(["run", str(directory), "--engine", "dusk"]) == 2
    assert "engine 'dusk' is unknown; did you mean 'dask'?" in " ".join(capsys.readouterr().err.split())


def test_slurm_is_refused_where_there_is_none(
    directory: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(directory))
    assert told(["run", str(directory), "--engine", "slurm"]) == 2
    assert "found no 'sbatch'" in " ".join(capsys.readouterr().err.split())


def test_the_command_crate_writes_one_when_the_sweep_is_complete(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(["crate", str(directory)]) == 1
    assert "missing or damaged" in " ".join(capsys.readouterr().err.split())
    assert told(["run", str(directory), "--workers", "1"]) == 0
    assert told(["crate", str(directory), "--organisation"]) == 2
    assert told(["crate", str(directory), "--agent", "A Laboratory", "--organisation"]) == 0
    metadata = json.loads((directory / "ro-crate-metadata.json").read_text())
    assert {"@id": "#agent", "@type": "Organization", "name": "A Laboratory"} in metadata["@graph"]


@pytest.mark.parametrize(
    ("text", "seconds"), [("00:30", 1800), ("02:00:30", 7230), ("1-01:00", 90_000), ("30", 0), ("1:2", 0)]
)
def test_time_limits_are_read_as_slurm_writes_them(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


def test_durations_and_memory_are_written_as_slurm_reads_them() -> None:
    assert [clock_time(seconds) for seconds in (1, 3600, 90_061)] == ["00:01:00", "01:00:00", "25:02:00"]
    assert [megabytes(amount) for amount in ("2GB", "512m", "1g")] == ["2G", "512M", "1G"]
