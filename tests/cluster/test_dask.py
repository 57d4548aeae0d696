"""A sweep carried by Dask gives the tables of one that nothing disturbed, whoever is killed on the way."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING

import pytest

from abm.errors import InvalidInput
from abm.sweeps.engines.dask_engine import LOST, Dask
from abm.sweeps.engines.engine import engine_named
from abm.sweeps.engines.processes import Processes
from abm.sweeps.sweep import Advance, Sweep
from tests.cluster.slurm import free_ports
from tests.cluster.sweeps import data
from tests.unit.sweeping import BREAKABLE, breakable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SHARDS_BEFORE = 4
"""Shards that are done when something is killed."""


def after(shards: int, act: Callable[[], object]) -> Callable[[Advance], None]:
    """Act once when some shards are done."""
    seen = 0

    def progress(advance: Advance) -> None:
        nonlocal seen
        seen += advance.carried is not None and not advance.carried.lost
        if seen == shards and advance.carried is not None:
            act()

    return progress


@contextlib.contextmanager
def ended(*processes: subprocess.Popen[bytes]) -> Iterator[None]:
    """End processes with the block."""
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_two_clusters_of_one_machine_do_not_meet_at_a_port() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with Dask(workers=1) as one, Dask(workers=1) as other:
            addresses = [engine.client.scheduler_info()["services"] for engine in (one, other)]
    assert addresses[0] != addresses[1]


def test_a_cluster_of_this_machine_gives_the_tables_of_one_process(
    directory: Path, undisturbed: dict[str, bytes]
) -> None:
    carriage = Sweep(directory).carry_out(engine_named("dask", workers=2))
    assert (carriage.runs_done, carriage.runs_failed, carriage.lost) == (carriage.runs, 0, ())
    assert data(directory) == undisturbed


def test_a_worker_that_is_killed_costs_no_row(directory: Path, undisturbed: dict[str, bytes]) -> None:
    engine = Dask(workers=2)
    killed: list[int] = []

    def kill() -> None:
        killed.append(next(iter(engine.client.run(os.getpid).values())))
        os.kill(killed[0], signal.SIGKILL)

    carriage = Sweep(directory).carry_out(engine, progress=after(SHARDS_BEFORE, kill))
    assert len(killed) == 1
    assert carriage.runs_done == carriage.runs
    assert carriage.lost == ()
    assert Sweep(directory).survey(is_thorough=True).is_complete
    assert data(directory) == undisturbed


def test_a_scheduler_that_is_killed_loses_what_it_held_and_resuming_completes(
    directory: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    port = free_ports(1)[0]
    address = f"tcp://127.0.0.1:{port}"
    log = (tmp_path / "dask.log").open("wb")
    quiet = {"stdout": log, "stderr": log, "cwd": tmp_path}
    with log:
        scheduler = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_scheduler", "--no-dashboard", "--host", address],
            **quiet,  # type: ignore[call-overload]
        )
        worker = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads=1", "--no-dashboard"],
            **quiet,  # type: ignore[call-overload]
        )
        with ended(scheduler, worker):
            carriage = Sweep(directory).carry_out(
                Dask(address), progress=after(SHARDS_BEFORE, scheduler.kill)
            )
    assert {carried.lost for carried in carriage.lost} == {LOST}
    survey = Sweep(directory).survey(is_thorough=True)
    assert SHARDS_BEFORE <= survey.done < survey.shards
    assert survey.damaged == {}

    carriage = Sweep(directory).carry_out(Processes(1))
    assert carriage.runs_done == carriage.runs
    assert data(directory) == undisturbed


def test_an_address_where_nobody_answers_is_refused(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("abm.sweeps.engines.dask_engine.CONNECT_SECONDS", 1.0)
    address = f"tcp://127.0.0.1:{free_ports(1)[0]}"
    with pytest.raises(InvalidInput, match=re.escape(f"no Dask scheduler answers at '{address}'")):
        Sweep(directory).carry_out(Dask(address))
    assert Sweep(directory).survey().done == 0


def test_a_run_that_ends_its_worker_is_one_failed_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The variable spares the process that plans.
    leaving = BREAKABLE.replace(
        'raise ArithmeticError("the strain is too much")', "os.environ.get('ABM_TEST_LEAVES') and os._exit(9)"
    ).replace("from abm.ext", "import os\n\nfrom abm.ext", 1)
    values = [0.2, 0.9, 0.4]
    directory = breakable(tmp_path, values, code=leaving, replicates=1, most_failed=0.5).directory
    monkeypatch.setenv("ABM_TEST_LEAVES", "1")
    carriage = Sweep(directory).carry_out(Dask(workers=1))
    assert (carriage.runs_done, carriage.runs_failed, carriage.lost) == (3, 1, ())
    assert Sweep(directory).survey(is_thorough=True).is_complete
