"""Kernels that are missing are compiled on all processors at once, and are then kept for every later process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numba
import numpy as np
import pytest

from abm.core import compiling, kernels
from abm.core.compiling import compile_missing
from abm.core.kernels import ENDING, compiled
from tests.unit import small_kernels

RUN = """
import numba.core.event as event

class Compiled(event.Listener):
    count = 0

    def on_start(self, started):
        Compiled.count += 1

    def on_end(self, ended):
        pass

event.register("numba:compile", Compiled())
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import simulate_lanes
series, _ = simulate_lanes([load_scenario("baseline")], [1], [0])
print(Compiled.count, series[-1].tobytes().hex())
"""
SMALL = """
import numba, numpy as np
from abm.core.compiling import compile_missing
from tests.unit.small_kernels import KERNELS
numba.config.NUMBA_NUM_THREADS = 2
compile_missing([(kernel, [np.arange(3.0)]) for kernel in KERNELS])
print([kernel(np.arange(3.0)) for kernel in KERNELS])
"""
VALUES = np.arange(3.0)
SUMS = [6.0, 6.0, 5.0, 1.5]


def process(cache, program, **variables):
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    given = {**unmeasured, "NUMBA_CACHE_DIR": str(cache), "TMPDIR": str(cache.parent), **variables}
    return subprocess.Popen(
        [sys.executable, "-c", program], env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Return an empty folder for kernels, on a machine with two processors."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "kernels"))
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 2)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv(kernels.THREADS, raising=False)
    monkeypatch.setenv(kernels.SAID, "")
    monkeypatch.delenv(kernels.SAID)
    return tmp_path / "kernels"


def fresh():
    """Return the small kernels as a later process would find them."""
    return [compiled(kernel.py_func) for kernel in small_kernels.KERNELS]


def compile_small(found):
    compile_missing([(kernel, [VALUES]) for kernel in found])


def sums(found):
    return [kernel(VALUES) for kernel in found]


def names(cache):
    return sorted(path.name.partition("-")[0] for path in cache.glob(f"*{ENDING}"))


def test_after_one_run_the_cache_holds_every_kernel(tmp_path):
    cache = tmp_path / "kernels"
    out, told = process(cache, RUN, NUMBA_NUM_THREADS="2").communicate()
    again, quiet = process(cache, RUN, NUMBA_NUM_THREADS="2").communicate()
    assert told.startswith("Compiling ") and told.endswith(" kernels for this processor, once\n")
    assert len(told.splitlines()) == 1
    assert "fill" in names(cache)
    assert again.split() == ["0", out.split()[1]]
    assert quiet == ""


@pytest.mark.usefixtures("cache")
def test_a_helper_keeps_what_this_process_then_reads():
    with compiling._helpers(1) as (helper,):
        work = compiling._Compilation([(kernel, (numba.float64[::1],)) for kernel in fresh()])
        work._share(helper)
    found = fresh()
    assert sums(found) == SUMS
    assert all(sum(kernel.stats.cache_hits.values()) == 1 for kernel in found)


@pytest.mark.usefixtures("cache")
def test_one_line_says_what_happens_where_no_terminal_is(capsys):
    compile_small(fresh())
    assert capsys.readouterr().err == "Compiling 4 kernels for this processor, once\n"
    compile_small(fresh())
    assert capsys.readouterr().err == ""


@pytest.mark.usefixtures("cache")
def test_a_terminal_shows_how_many_are_done_in_one_line(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    compile_small(fresh())
    told = capsys.readouterr().err
    assert "\n" not in told
    assert [part.rpartition("once: ")[2] for part in told.split("\r") if part.strip()] == [
        f"{done} of 4" for done in range(5)
    ]
    assert told.endswith(" \r")


def test_one_processor_compiles_alone(cache, monkeypatch):
    monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", 1)
    monkeypatch.setattr(subprocess, "Popen", None)
    found = fresh()
    compile_small(found)
    assert len(names(cache)) == 4
    assert sums(found) == SUMS


def test_a_worker_leaves_it_to_its_parent_and_says_nothing(cache, monkeypatch, capsys):
    monkeypatch.setenv(kernels.THREADS, kernels.ALONE)
    compile_small(fresh())
    assert capsys.readouterr().err == ""
    assert not cache.exists()


def test_without_a_cache_this_process_compiles_everything(cache, tmp_path, monkeypatch):
    for path in (cache, tmp_path / f"abm-kernels-{os.getuid()}"):
        path.write_text("a file where the folder should be", encoding="utf-8")
    monkeypatch.setattr(subprocess, "Popen", None)
    found = fresh()
    compile_small(found)
    assert sums(found) == SUMS


def test_a_helper_that_ends_costs_nothing_but_time(cache, monkeypatch):
    monkeypatch.setattr(compiling, "START", "raise SystemExit")
    found = fresh()
    compile_small(found)
    assert sums(found) == SUMS
    assert len(names(cache)) == 4


def test_helpers_end_with_the_process_that_they_help(tmp_path):
    waiting = (
        "import os, time\nfrom abm.core.compiling import _helpers\n"
        "with _helpers(1) as (helper,):\n    print(helper.pid, flush=True)\n    time.sleep(60)\n"
    )
    parent = process(tmp_path / "kernels", waiting)
    helper = int(parent.stdout.readline())
    time.sleep(0.3)
    parent.send_signal(signal.SIGKILL)
    parent.communicate()
    deadline = time.monotonic() + 2.0
    while is_alive(helper) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(helper)


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_two_commands_at_once_do_not_harm_each_other(tmp_path):
    cache = tmp_path / "kernels"
    at_work = [process(cache, SMALL, PYTHONPATH=str(Path.cwd())) for _ in range(2)]
    assert [one.communicate()[0] for one in at_work] == [f"{SUMS}\n"] * 2
    assert names(cache) == ["doubled", "halved", "shifted", "squared"]
