"""However a command dies, nothing that it started is alive two seconds later, and nothing half written is left."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from abm.runs.provenance import PACKAGE

PATIENCE_SECONDS = 300.0
MOST_LIFE_SECONDS = 2.0
MODULE = (sys.executable, "-m", "abm.interface.cli")
PLACE = ("--place", "south_somerset", "--replicates", "20000", "--workers", "2")
EXPERIMENT = """
name: long
scenarios: [baseline]
levers: {leadership.effort: [0.2, 0.4]}
design: full_factorial
replicates: 20000
seed: 1
measures: [trust]
months: none
"""


def environment():
    """Measure the commands for no coverage: they are killed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    return {**kept, "PYTHONPATH": str(PACKAGE.parent)}


def members(session):
    """Return the processes of a session that are alive; whatever a command starts stays in its session."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            name, _, rest = stat.read_text().rpartition(")")
            fields = rest.split()
            if fields[0] not in "ZX" and int(fields[3]) == session:
                found.append(int(name.split()[0]))
    return found


def started(words, folder, stack):
    """Start a command in a folder and session of its own."""
    folder.mkdir()
    process = subprocess.Popen(
        [*MODULE, *words],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    stack.callback(end, process)
    return process


def end(process):
    """Leave nothing behind, whatever a test finds."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """Plan a long sweep, for copies of it to be worked on."""
    folder = tmp_path_factory.mktemp("planned")
    (folder / "long.yaml").write_text(EXPERIMENT)
    subprocess.run(
        [*MODULE, "sweep", "plan", "long.yaml", "--out", "sweep", "--shard-runs", "16"],
        cwd=folder,
        env=environment(),
        check=True,
        capture_output=True,
        timeout=PATIENCE_SECONDS,
    )
    return folder / "sweep"


def commands(planned, folder):
    """Return every command that starts processes, and how many processes it is to have."""
    sweep = [folder / "planned", folder / "planned-for-dask"]
    for directory in sweep:
        subprocess.run(["cp", "-r", planned, directory], check=True)
    return {
        "run": (("run", "baseline", *PLACE, "--out", "out"), 3),
        "compare": (("compare", "baseline", "sustained_leadership", *PLACE, "--out", "out"), 3),
        "calibrate": (("calibrate", "--search", "--workers", "2", "--out", "found.json"), 3),
        "sweep": (("sweep", "run", str(sweep[0]), "--workers", "2"), 3),
        "dask": (("sweep", "run", str(sweep[1]), "--engine", "dask", "--workers", "2"), 3),
        "page": (("app", "--no-browser", "--port", str(free_port()), "--workers", "2"), 3),
    }


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGHUP", "SIGINT"])
def test_nothing_is_alive_two_seconds_after_the_death_of_a_command(planned, tmp_path, name):
    with ExitStack() as stack:
        asked = commands(planned, tmp_path)
        processes = {
            command: started(words, tmp_path / command, stack) for command, (words, _) in asked.items()
        }
        ends = time.monotonic() + PATIENCE_SECONDS
        while not all(len(members(one.pid)) >= asked[command][1] for command, one in processes.items()):
            told = {command: one.poll() for command, one in processes.items()}
            assert not any(code is not None for code in told.values()), told
            assert time.monotonic() < ends, "not all have started"
            time.sleep(0.05)
        # At work, not at their start.
        time.sleep(1)
        left = {}
        for command, process in processes.items():
            # From a session of its own, so that only the command itself is told.
            process.send_signal(signal.Signals[name])
            process.wait(PATIENCE_SECONDS)
            died = time.monotonic()
            while members(process.pid) and time.monotonic() < died + MOST_LIFE_SECONDS:
                time.sleep(0.02)
            left[command] = [
                Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")[:200]
                for pid in members(process.pid)
            ]
        assert not any(left.values()), left
        codes = {command: process.returncode for command, process in processes.items()}
        number = signal.Signals[name]
        # A server that is told to end has done what it was asked; shells add 128 to a signal.
        assert codes.pop("page") in ((0,) if name == "SIGINT" else (-number, 128 + number))
        assert set(codes.values()) == {130 if name == "SIGINT" else -number}, codes
        if name != "SIGKILL":
            left = {command: [path.name for path in (tmp_path / command).iterdir()] for command in asked}
            assert not any(left.values()), left
