"""Whatever goes wrong in the middle of a sweep, verifying tells the truth, and resuming gives the undisturbed tables.

Every fault is done, not acted: processes are killed, disks are full, files are damaged.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from abm.errors import AbmError, InvalidInput
from abm.files.lock import holder_of
from abm.runs.provenance import PACKAGE
from abm.sweeps.engines.processes import Processes
from abm.sweeps.store.manifest import MANIFEST
from abm.sweeps.store.shard import read_commit, run_shard, shard_folder
from abm.sweeps.sweep import Sweep
from tests.unit.sweeping import SHARD, breakable, carried_out, contents, done_here, planned

ROOT = PACKAGE.parent
SIZE = replace(SHARD, runs=6)
PATIENCE_SECONDS = 120.0
SLOW = {"horizon_years": 5, "replicates": 12, "months": {"every": 12}}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """Return the tables of a sweep that nothing happened to."""
    return contents(done_here(planned(tmp_path_factory.mktemp("undisturbed"), SIZE, **SLOW)).directory)


@pytest.fixture
def manifest(tmp_path):
    """Plan the same sweep where something will happen to it."""
    return planned(tmp_path, SIZE, **SLOW)


def command(*words, **options):
    """Start a command in a process of its own."""
    program = [sys.executable, "-m", "abm.interface.cli", *map(str, words)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    return subprocess.Popen(
        program,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    )


def until(condition):
    """Wait until something is so."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < ends, "it did not come about in time"
        time.sleep(0.02)


def committed(directory):
    """Return the number of shards that are committed."""
    return len([*(directory / "shards").glob("*/*.json")])


def children(pid):
    """Return the workers of a parent."""
    lists = [path.read_text(encoding="utf-8") for path in Path(f"/proc/{pid}/task").glob("*/children")]
    told = {
        int(child): Path(f"/proc/{child}/cmdline").read_text(encoding="utf-8")
        for child in " ".join(lists).split()
    }
    return [child for child, line in told.items() if "abm.runs.worker" in line]


def alive(pid):
    """Return whether a process runs."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    return False


def require_whole(directory, undisturbed):
    """Require that a sweep is complete, sound, and what it is without any disturbance."""
    survey = Sweep(directory).survey(is_thorough=True)
    assert survey.is_complete and not survey.damaged and not survey.faults
    assert contents(directory) == undisturbed


def require_truth(directory):
    """Require that a thorough look finds what is there sound, and the rest missing; give what is missing."""
    survey = Sweep(directory).survey(is_thorough=True)
    assert not survey.damaged
    assert survey.done == committed(directory)
    return survey.missing


def test_a_worker_that_is_killed_costs_an_attempt(manifest, undisturbed):
    engine = Processes(2)
    killed = []

    def kill_one(advance):
        if not killed and advance.carried is not None:
            killed.extend(engine.pool.pids[:1])
            os.kill(killed[0], signal.SIGKILL)

    carriage = carried_out(manifest.directory, engine, progress=kill_one)
    # Had it finished its shard a moment before, the one that it was given next is lost.
    (lost,) = carriage.attempts_lost
    assert "SIGKILL" in lost.lost and not lost.is_final
    assert carriage.lost == ()
    require_whole(manifest.directory, undisturbed)


def test_a_parent_that_is_killed_leaves_a_sound_sweep_and_no_lock(manifest, undisturbed):
    parent = command("sweep", "run", manifest.directory, "--workers", "2")
    until(lambda: committed(manifest.directory) >= 1)
    workers = children(parent.pid)
    parent.kill()
    parent.communicate()
    until(lambda: not any(map(alive, workers)))
    assert len(workers) == 2
    assert require_truth(manifest.directory)
    assert holder_of(manifest.directory) is None
    carried_out(manifest.directory, Processes(2), is_thorough=True)
    require_whole(manifest.directory, undisturbed)


def test_an_interruption_leaves_a_sound_sweep_and_says_how_to_go_on(manifest, undisturbed):
    parent = command("sweep", "run", manifest.directory, "--workers", "2")
    until(lambda: committed(manifest.directory) >= 1)
    os.killpg(parent.pid, signal.SIGINT)
    _, told = parent.communicate(timeout=PATIENCE_SECONDS)
    assert parent.returncode == 130, told
    assert f"Continue with: abm sweep resume {manifest.directory}" in told
    assert "Traceback" not in told
    assert require_truth(manifest.directory)
    carried_out(manifest.directory, is_thorough=True)
    require_whole(manifest.directory, undisturbed)


def test_two_parents_do_not_work_on_one_directory(manifest, undisturbed):
    first = command("sweep", "run", manifest.directory, "--workers", "1")
    until(lambda: holder_of(manifest.directory) is not None)
    second = command("sweep", "run", manifest.directory, "--workers", "1")
    _, told = second.communicate(timeout=PATIENCE_SECONDS)
    assert second.returncode == 1
    assert f"process {first.pid} on" in told and "wait for it, or stop it" in told
    out, told = first.communicate(timeout=PATIENCE_SECONDS)
    assert first.returncode == 0, told
    assert "48 of 48 runs done" in out
    require_whole(manifest.directory, undisturbed)


def test_a_full_disk_stops_the_sweep_and_loses_nothing(manifest, undisturbed):
    run_shard(manifest.directory, 0)
    smallest = min(kept.size for kept in read_commit(manifest.directory, 0).files.values())
    limit = smallest // 2

    def no_room():
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    parent = command("sweep", "run", manifest.directory, "--workers", "2", preexec_fn=no_room)
    _, told = parent.communicate(timeout=PATIENCE_SECONDS)
    assert parent.returncode == 1, told
    assert "cannot be written (File too large)" in told
    assert f"make room, then 'abm sweep resume {manifest.directory}'" in " ".join(told.split())
    assert require_truth(manifest.directory) == tuple(range(1, manifest.shards))
    assert not list((manifest.directory / "shards").rglob(".tmp-*"))
    carried_out(manifest.directory, is_thorough=True)
    require_whole(manifest.directory, undisturbed)


@pytest.mark.parametrize("table", ["runs", "months"])
@pytest.mark.parametrize("damage", ["truncated", "flipped"])
def test_damaged_files_are_found_and_made_again(manifest, undisturbed, table, damage):
    done_here(manifest)
    path = shard_folder(manifest.directory, 3) / read_commit(manifest.directory, 3).files[table].name
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 16
    path.write_bytes(content if damage == "flipped" else content[: len(content) // 3])
    told = command("sweep", "verify", manifest.directory)
    out, _ = told.communicate(timeout=PATIENCE_SECONDS)
    assert told.returncode == 1
    assert "shard 3: " in out and path.name in out
    resumed = command("sweep", "resume", manifest.directory, "--workers", "1")
    _, error = resumed.communicate(timeout=PATIENCE_SECONDS)
    assert resumed.returncode == 0, error
    require_whole(manifest.directory, undisturbed)


def test_a_directory_that_cannot_be_written_is_refused_and_can_be_read(manifest, undisturbed):
    done_here(manifest)
    with unwritable(manifest.directory):
        with pytest.raises(
            InvalidInput, match=r"cannot be written .*; copy the sweep to where you may write"
        ):
            carried_out(manifest.directory)
        require_whole(manifest.directory, undisturbed)
        (run_id, *_) = undisturbed["runs.run_id"]
        assert Sweep(manifest.directory).case(run_id).run.run_id == run_id
    carried_out(manifest.directory)


@contextlib.contextmanager
def unwritable(directory):
    """Provide a directory that not even an administrator can write to."""
    if os.getuid() != 0:
        directory.chmod(0o500)
        yield
        directory.chmod(0o700)
    elif subprocess.run(["chattr", "+i", directory], capture_output=True, check=False).returncode == 0:
        yield
        subprocess.run(["chattr", "-i", directory], check=True)
    else:
        # A read-only bind mount over the directory.
        subprocess.run(["mount", "--bind", directory, directory], check=True)
        subprocess.run(["mount", "-o", "remount,bind,ro", directory], check=True)
        try:
            yield
        finally:
            subprocess.run(["umount", directory], check=True)


def test_a_clock_that_jumps_changes_nothing(manifest, undisturbed):
    times = iter([2e9, 1.0, 4e9, -1e9, 5.0] * 100)
    sweep = Sweep(manifest.directory, clock=lambda: next(times))
    run_shard(manifest.directory, 0)
    before = sweep.survey()
    carriage = sweep.carry_out(Processes(1), progress=lambda _: sweep.survey())
    assert before.missing == tuple(range(1, manifest.shards))
    assert carriage.runs_done == 48 and carriage.seconds > 0
    assert sweep.survey().is_complete
    # Files from the far future are as good as any.
    for path in (manifest.directory / "shards").rglob("*.*"):
        os.utime(path, (4e9, 4e9))
    require_whole(manifest.directory, undisturbed)


def test_other_code_is_refused_unless_forced(manifest, undisturbed, tmp_path):
    run_shard(manifest.directory, 0)
    # A working copy in which somebody has edited a comment of the model.
    edited = tmp_path / "edited"
    # Compiled kernels go along with their sources.
    shutil.copytree(PACKAGE, edited / "abm")
    shutil.copytree(ROOT / "scenarios", edited / "scenarios")
    with (edited / "abm" / "scenarios" / "structure.py").open("a", encoding="utf-8") as stream:
        stream.write("# edited\n")

    def run_edited(*words):
        environment = {**os.environ, "PYTHONPATH": str(edited)}
        program = [sys.executable, "-m", "abm.interface.cli", "sweep", *map(str, words)]
        return subprocess.run(
            program, env=environment, cwd=edited, capture_output=True, text=True, check=False
        )

    refused = run_edited("run", manifest.directory)
    assert refused.returncode == 2
    told = " ".join(refused.stderr.split())
    assert "was planned with the sources" in told and "mix both with --force" in told
    assert run_edited("shard", manifest.directory, 1).returncode == 2
    assert require_truth(manifest.directory) == tuple(range(1, manifest.shards))
    forced = run_edited("shard", manifest.directory, 1, "--force")
    assert forced.returncode == 0, forced.stderr
    assert len(Sweep(manifest.directory).survey().sources) == 2
    # Rows of other code carry other ids, so that nobody takes one for the other.
    carried_out(manifest.directory)
    found = contents(manifest.directory)
    same = [one == other for one, other in zip(found["runs.run_id"], undisturbed["runs.run_id"], strict=True)]
    assert same == [True] * 6 + [False] * 6 + [True] * 36
    assert found["months.trust"] == undisturbed["months.trust"]


def test_another_design_is_refused(manifest):
    done_here(manifest)
    path = manifest.directory / MANIFEST
    content = json.loads(path.read_text(encoding="utf-8"))
    content["experiment"]["levers"]["leadership.effort"]["values"] = [0.2, 0.8]
    path.write_text(json.dumps(content), encoding="utf-8")
    for words in (["run"], ["resume"], ["status"], ["verify"]):
        told = command("sweep", *words, manifest.directory)
        _, error = told.communicate(timeout=PATIENCE_SECONDS)
        assert told.returncode == 2
        assert "was edited or damaged" in error


def test_too_many_failures_stop_a_sweep_with_what_was_done(tmp_path):
    manifest = breakable(tmp_path, [0.2, 0.9], size=replace(SHARD, runs=2), most_failed=0.2)
    with pytest.raises(AbmError, match="have failed, more than the share"):
        carried_out(manifest.directory, Processes(1))
    require_truth(manifest.directory)
