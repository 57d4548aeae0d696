"""What the machine does to a sweep costs attempts; what a run does to its process costs that run, and no other row.

Every fault is done, not acted: processes end, memory runs out, compiled kernels are damaged.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from abm.core.kernels import ENDING, folders
from abm.runs.machine_faults import MachineFault
from abm.runs.provenance import PACKAGE
from abm.sweeps.engines.processes import Processes
from abm.sweeps.stopping import ALIKE_SHARDS, StoppedEarly
from abm.sweeps.store.dataset import SweepTables
from abm.sweeps.store.shard import run_shard, shard_folder
from abm.sweeps.store.shard_marks import LOST, RUNNING
from abm.sweeps.sweep import Sweep
from tests.unit.sweeping import BREAKABLE, SHARD, breakable, carried_out, contents, done_here, planned

BROKEN = "ABM_TEST_BROKEN"
"""Variable that names the process id of whoever is spared, or is empty while the machine is sound."""
STRAINED = 'raise ArithmeticError("the strain is too much")'
LACK = "(resource.setrlimit(resource.RLIMIT_AS, (4 << 30,) * 2) or np.ones(1 << 33))"
ENDS = {
    "leaves": ("os._exit(9)", "exit code 9"),
    "crashes": ("ctypes.string_at(0)", "SIGSEGV"),
    "is killed": ("os.kill(os.getpid(), 9)", "SIGKILL"),
    "takes all memory": (LACK, "MemoryError"),
}


def fragile(
    folder: Path, act: str, values: list[float], condition: str = "(break_strain > 0.5).any()", **changes
):
    """Plan a sweep whose runs do something to their process, unless it is the one that planned."""
    code = BREAKABLE.replace("(break_strain > 0.5).any()", condition)
    code = code.replace(
        STRAINED, f"os.environ.get({BROKEN!r}, str(os.getpid())) != str(os.getpid()) and {act}"
    )
    imports = "import ctypes, os, resource\nimport numpy as np\n\n"
    code = code.replace("from abm.ext", f"{imports}from abm.ext", 1)
    return breakable(folder, values, code=code, **changes)


def rows(directory):
    """Return the rows of a sweep by point and replicate, and its months."""
    tables = SweepTables(Sweep(directory).manifest)
    runs = {(row["point"], row["replicate"]): row for row in tables.runs.to_table().to_pylist()}
    months = sorted(
        tables.months.to_table().to_pylist(), key=lambda row: (row["point"], row["replicate"], row["month"])
    )
    return runs, months


@pytest.mark.parametrize("end", ENDS)
def test_a_run_that_ends_its_process_is_one_failed_row_and_no_other_row_moves(tmp_path, monkeypatch, end):
    act, named = ENDS[end]
    for name in ("calm", "disturbed"):
        (tmp_path / name).mkdir()
    one_each = {"replicates": 1, "size": replace(SHARD, runs=3)}
    calm = done_here(fragile(tmp_path / "calm", act, [0.2, 0.9, 0.4], **one_each)).directory
    disturbed = fragile(tmp_path / "disturbed", act, [0.2, 0.9, 0.4], **one_each).directory
    monkeypatch.setenv(BROKEN, str(os.getpid()))
    carriage = carried_out(disturbed, Processes(1), goes_on=True)
    assert (carriage.runs_done, carriage.runs_failed, carriage.lost) == (3, 1, ())
    (expected, expected_months), (found, found_months) = rows(calm), rows(disturbed)
    failed = found.pop((1, 0))
    assert named in failed["error"] and "another run does not" in failed["error"]
    expected.pop((1, 0))
    assert found == expected
    assert found_months == [row for row in expected_months if row["point"] != 1]
    # The row stands, and nothing is met again.
    assert carried_out(disturbed, Processes(1), goes_on=True).attempts_lost == ()
    assert not [*(disturbed / "shards").glob(f"*/*{LOST}"), *(disturbed / "shards").glob(f"*/*{RUNNING}")]


def test_a_crash_leaves_what_was_printed_and_where_it_was(tmp_path, monkeypatch):
    act = "(print('about to fall') or ctypes.string_at(0))"
    directory = fragile(tmp_path, act, [0.2, 0.9], replicates=1, size=replace(SHARD, runs=2)).directory
    monkeypatch.setenv(BROKEN, str(os.getpid()))
    carried_out(directory, Processes(1), goes_on=True)
    trace = rows(directory)[0][1, 0]["traceback"]
    assert "about to fall" in trace
    assert "Fatal Python error: Segmentation fault" in trace and "in strained" in trace
    assert str(tmp_path) not in trace and "/" not in trace.replace("0x", "")


def test_a_machine_without_memory_fails_no_run_and_resuming_gives_the_undisturbed_tables(
    tmp_path, monkeypatch
):
    for name in ("calm", "disturbed"):
        (tmp_path / name).mkdir()
    given = {"condition": "True", "replicates": 2, "size": replace(SHARD, runs=2)}
    calm = done_here(fragile(tmp_path / "calm", LACK, [0.2, 0.4], **given)).directory
    disturbed = fragile(tmp_path / "disturbed", LACK, [0.2, 0.4], **given).directory
    monkeypatch.setenv(BROKEN, str(os.getpid()))
    carriage = carried_out(disturbed, Processes(2))
    assert (carriage.runs_done, carriage.runs_failed) == (0, 0)
    assert len(carriage.lost) == 2
    assert all("no run can be simulated here now: numpy" in carried.lost for carried in carriage.lost)
    monkeypatch.delenv(BROKEN)
    assert carried_out(disturbed, Processes(2)).runs_failed == 0
    assert contents(disturbed) == contents(calm)


def test_an_attempt_that_was_lost_warns_the_next_one_wherever_it_is_made(tmp_path):
    for name in ("calm", "warned"):
        (tmp_path / name).mkdir()
    calm = done_here(planned(tmp_path / "calm"))
    warned = planned(tmp_path / "warned")
    folder = shard_folder(warned.directory, 1)
    folder.mkdir(parents=True)
    for name in (f"000001.elsewhere-12{RUNNING}", f"000001.elsewhere-13{LOST}"):
        (folder / name).write_text("somebody", encoding="utf-8")
    done_here(warned)
    assert contents(warned.directory) == contents(calm.directory)
    assert not [*folder.glob(f"*{RUNNING}"), *folder.glob(f"*{LOST}")]


def test_a_fault_of_the_machine_leaves_a_mark_and_no_row(tmp_path, monkeypatch):
    directory = fragile(tmp_path, "(_ for _ in ()).throw(MemoryError())", [0.2, 0.9], replicates=1).directory
    monkeypatch.setenv(BROKEN, "nobody is spared")
    with pytest.raises(MachineFault, match="MemoryError"):
        run_shard(directory, 0)
    (mark,) = shard_folder(directory, 0).iterdir()
    assert mark.suffix == LOST
    monkeypatch.delenv(BROKEN)
    run_shard(directory, 0)
    assert Sweep(directory).survey().runs_failed == 0
    assert not mark.exists()


@pytest.mark.parametrize("is_compact", [False, True])
def test_failed_runs_are_made_again_when_asked_for_and_the_others_stay(tmp_path, monkeypatch, is_compact):
    for name in ("calm", "disturbed"):
        (tmp_path / name).mkdir()
    act = "(_ for _ in ()).throw(ArithmeticError('no network today'))"
    values = [0.2, 0.9, 0.4, 0.3]
    calm = done_here(fragile(tmp_path / "calm", act, values, most_failed=1.0)).directory
    manifest = fragile(tmp_path / "disturbed", act, values, most_failed=1.0)
    monkeypatch.setenv(BROKEN, "nobody is spared")
    assert carried_out(manifest.directory).runs_failed == 3
    if is_compact:
        Sweep(manifest.directory).compact()
    monkeypatch.delenv(BROKEN)
    assert carried_out(manifest.directory).runs_failed == 3
    carriage = carried_out(manifest.directory, retries_failed=True)
    assert (carriage.runs_done, carriage.runs_failed) == (12, 0)
    assert contents(manifest.directory) == contents(calm)


def test_failed_runs_that_fail_again_stay_rows(tmp_path):
    manifest = done_here(breakable(tmp_path, [0.2, 0.9], most_failed=0.5))
    before = contents(manifest.directory)
    carriage = carried_out(manifest.directory, retries_failed=True)
    assert (carriage.runs_done, carriage.runs_failed) == (6, 3)
    assert contents(manifest.directory) == before


def many(folder, values):
    return breakable(folder, values, replicates=1, most_failed=1.0, size=replace(SHARD, runs=1))


def test_a_sweep_in_which_every_run_fails_alike_stops_early_with_the_cause(tmp_path):
    manifest = many(tmp_path, [0.6 + number / 100 for number in range(24)])
    with pytest.raises(StoppedEarly, match="failed alike: ArithmeticError: the strain is too much.*--go-on"):
        carried_out(manifest.directory)
    assert Sweep(manifest.directory).survey().done == ALIKE_SHARDS
    carriage = carried_out(manifest.directory, goes_on=True)
    assert (carriage.runs_done, carriage.runs_failed) == (24, 24)


@pytest.mark.parametrize(
    "is_bad", [lambda number: number < 12, lambda number: number >= 12, lambda number: number % 2, bool]
)
def test_a_sweep_of_which_a_part_fails_is_carried_out(tmp_path, is_bad):
    values = [(0.6 if is_bad(number) else 0.2) + number / 100 for number in range(24)]
    carriage = carried_out(many(tmp_path, values).directory)
    assert carriage.runs_done == 24
    assert carriage.runs_failed == sum(value > 0.5 for value in values)


def test_runs_that_fail_of_different_causes_do_not_stop_a_sweep_early(tmp_path):
    folder, values = tmp_path, [0.6 + number / 100 for number in range(16)]
    odd = STRAINED + " if round(100 * break_strain[0]) % 2 else KeyError('odd')"
    manifest = breakable(
        folder,
        values,
        code=BREAKABLE.replace(STRAINED, odd),
        replicates=1,
        most_failed=1.0,
        size=replace(SHARD, runs=1),
    )
    assert carried_out(manifest.directory).runs_failed == 16


def sweep_command(*words, **environment):
    program = [sys.executable, "-m", "abm.interface.cli", "sweep", *map(str, words)]
    given = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), "COLUMNS": "200", **environment}
    return subprocess.run(program, env=given, capture_output=True, text=True, check=False)


def test_damaged_kernels_change_no_row_and_are_made_again(tmp_path):
    for name in ("calm", "disturbed"):
        (tmp_path / name).mkdir()
    calm = done_here(planned(tmp_path / "calm")).directory
    disturbed = planned(tmp_path / "disturbed").directory
    kept = next(folders())
    mine = tmp_path / "kernels"
    mine.mkdir()
    for path in kept.glob(f"*{ENDING}"):
        shutil.copy(path, mine)
    # The small ones, so that compiling them again takes no time.
    truncated, empty, noise = sorted(mine.iterdir(), key=lambda path: path.stat().st_size)[:3]
    truncated.write_bytes(truncated.read_bytes()[:1000])
    empty.write_bytes(b"")
    noise.write_bytes(os.urandom(3000))
    done = sweep_command("run", disturbed, "--workers", "2", NUMBA_CACHE_DIR=str(mine))
    assert done.returncode == 0, done.stderr
    assert contents(disturbed) == contents(calm)


def test_a_folder_for_kernels_that_cannot_be_written_changes_no_row_and_is_told_in_one_line(tmp_path):
    for name in ("calm", "disturbed"):
        (tmp_path / name).mkdir()
    calm = done_here(planned(tmp_path / "calm")).directory
    disturbed = planned(tmp_path / "disturbed").directory
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    # What is kept among temporary files then is what this user has compiled already.
    private = tmp_path / f"abm-kernels-{os.getuid()}"
    private.mkdir(mode=0o755)
    for path in next(folders()).glob(f"*{ENDING}"):
        shutil.copy(path, private)
    given = {"NUMBA_CACHE_DIR": str(tmp_path / "file"), "TMPDIR": str(tmp_path)}
    done = sweep_command("run", disturbed, "--workers", "2", **given)
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    assert f"compiled kernels cannot be kept in {tmp_path / 'file'}" in line and f"{private} is used" in line
    assert contents(disturbed) == contents(calm)
