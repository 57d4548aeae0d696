"""Of several processes that want to write one thing, one writes it and the others are told before they work."""

import json
import os
import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from abm.errors import InvalidInput
from abm.files.claim import claimed
from abm.files.destination import MANIFEST, RUNS, Destination, staged_file
from abm.files.lock import DirectoryLock
from abm.interface.cli.program import app
from abm.runs.provenance import PACKAGE

PATIENCE_SECONDS = 300.0


@pytest.mark.parametrize("force", [False, True])
def test_who_comes_second_is_told_who_is_first_and_what_to_do(tmp_path, force):
    with Destination(tmp_path / "out", force).staged() as staging:
        (staging / RUNS).write_text("first")
        with (
            pytest.raises(InvalidInput, match=rf"--out  process {os.getpid()} on .* wait for it, or name"),
            Destination(tmp_path / "out", force).staged(),
        ):
            pytest.fail("the second was let in")
    assert (tmp_path / "out" / RUNS).read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def write_while_another_does(mine, target):
    with mine as aside:
        (aside / RUNS if aside.is_dir() else aside).write_text("mine")
        if aside.is_dir():
            target.mkdir()
        (target / RUNS if aside.is_dir() else target).write_text("another's")


def test_results_that_appear_meanwhile_are_not_replaced_without_force(tmp_path):
    with pytest.raises(InvalidInput, match="exists"):
        write_while_another_does(Destination(tmp_path / "out").staged(), tmp_path / "out")
    assert (tmp_path / "out" / RUNS).read_text() == "another's"
    with pytest.raises(InvalidInput, match="exists"):
        write_while_another_does(staged_file(tmp_path / "file"), tmp_path / "file")
    assert (tmp_path / "file").read_text() == "another's"


def test_a_sweep_that_somebody_works_on_is_not_planned_anew(tmp_path):
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / MANIFEST).write_text("{}")
    destination = Destination(tmp_path / "sweep", force=True, files=(MANIFEST, "lock.json"))
    with DirectoryLock(tmp_path / "sweep"):
        (problem,) = destination.problems()
        assert f"process {os.getpid()}" in str(problem)
    assert destination.problems() == []


def test_what_lies_beside_one_another_is_claimed_apart(tmp_path):
    long = "x" * 200
    with (
        claimed(tmp_path / f"{long}a"),
        claimed(tmp_path / f"{long}b"),
        claimed(tmp_path / "a"),
        claimed(tmp_path / "a-b"),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


COMMANDS = [
    ("run", "baseline", "--place", "south_somerset", "--years", "1", "--out", "target"),
    ("compare", "baseline", "sustained_leadership", "--out", "target"),
    ("calibrate", "--out", "target"),
    ("order", "--picture", "target"),
    ("place", "describe", "south_somerset", "--out", "target.svg"),
    ("place", "describe", "south_somerset", "--out", "target.png"),
    ("place", "export", "south_somerset", "target.graphml"),
    ("place", "build", "data", "--all", "--out", "target.npz"),
    ("sweep", "plan", "years_of_effort", "--out", "target"),
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_that_writes_is_told_and_exits_2_before_it_works(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("abm.interface.cli.answer.execute", None)
    with claimed((tmp_path / next(word for word in words if word.startswith("target"))).resolve()):
        result = CliRunner().invoke(app, words)
    assert result.exit_code == 2, result.output
    assert f"process {os.getpid()}" in result.stderr
    assert list(tmp_path.iterdir()) == []


WRITER = """
import json, sys, time
from pathlib import Path
from abm.errors import InvalidInput
from abm.files.destination import Destination, staged_file

target, name = Path(sys.argv[1]), sys.argv[2]
while not target.with_name("go").exists():
    time.sleep(0.001)
try:
    if target.suffix:
        with staged_file(target) as aside, aside.open("w") as file:
            for _ in range(50):
                file.write(name)
    else:
        with Destination(target).staged() as folder:
            for number in range(50):
                (folder / str(number)).write_text(name)
except InvalidInput:
    sys.exit(2)
"""


@pytest.mark.parametrize("name", ["out", "out.txt"])
def test_of_writers_that_begin_together_one_wins_and_nothing_is_mixed(tmp_path, name):
    target = tmp_path / name
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    writers = {
        letter: subprocess.Popen([sys.executable, "-c", WRITER, str(target), letter], env=environment)
        for letter in "abcdef"
    }
    (tmp_path / "go").touch()
    codes = {letter: writer.wait(PATIENCE_SECONDS) for letter, writer in writers.items()}
    (winner,) = [letter for letter, code in codes.items() if code == 0]
    assert set(codes.values()) == {0, 2}
    texts = [target.read_text()] if target.is_file() else [path.read_text() for path in target.iterdir()]
    assert "".join(texts) == winner * 50
    assert {path.name for path in tmp_path.iterdir()} == {"go", name}


KILLED = """
import os, signal, sys
from pathlib import Path
from abm.files.destination import Destination

with Destination(Path(sys.argv[1]), force=True).staged() as folder:
    (folder / "half").write_text("half")
    if sys.argv[2] == "between":
        # As far as a replacement may have come when its process is killed.
        old = folder.parent.parent / "old"
        Path(sys.argv[1]).rename(old)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("moment", ["during", "between"])
def test_a_claim_of_a_process_that_was_killed_is_free_and_what_it_had_moved_is_put_back(tmp_path, moment):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / RUNS).write_text("old")
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    command = [sys.executable, "-c", KILLED, str(tmp_path / "out"), moment]
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    with claimed(tmp_path / "out"):
        assert (tmp_path / "out" / RUNS).read_text() == "old"
    with Destination(tmp_path / "out", force=True).staged() as staging:
        (staging / RUNS).write_text("new")
    assert (tmp_path / "out" / RUNS).read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_two_comparisons_at_once_have_one_winner(tmp_path):
    words = ("compare", "baseline", "sustained_leadership", "--replicates", "40", "--out", "out")
    program = [sys.executable, "-m", "abm.interface.cli", *words]
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    first, second = (
        subprocess.Popen(
            [*program, "--seed", seed], cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=-1
        )
        for seed in "12"
    )
    told = [process.communicate(timeout=PATIENCE_SECONDS)[1].decode() for process in (first, second)]
    codes = [first.returncode, second.returncode]
    assert sorted(codes) == [0, 2], told
    winner = codes.index(0) + 1
    assert json.loads((tmp_path / "out" / MANIFEST).read_text())["design"]["seed"] == winner
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
