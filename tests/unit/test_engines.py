"""An engine returns the same tables whatever it used, and says which runs failed."""

import os
import re
from pathlib import Path

import numpy as np
import pytest

from abm.errors import InvalidInput
from abm.runs.batches import LANES, available_processors, execute, mapped, packed
from abm.runs.machine_faults import MachineFault
from abm.runs.pool import SINGLE_THREADED
from abm.runs.run import PairedDesign, Run
from tests.unit import synthetic
from tests.unit.synthetic import BAD_REPLICATE, Drift, design


def contents(tables):
    return {
        name: column.tolist()
        for table in (tables.runs, tables.months)
        for name, column in table.items()
        if column.dtype.kind != "f" or not np.isnan(column).any()
    }


def test_runs_are_packed_by_place_length_and_step():
    runs = [
        Run(Drift("a", months=12), 1, 0),
        Run(Drift("b", months=24), 1, 0),
        Run(Drift("c", months=12, place=Path("elsewhere.yaml")), 1, 0),
        Run(Drift("d", months=12, substeps=2), 1, 0),
        Run(Drift("e", months=12), 1, 1),
    ]
    assert packed(runs) == ((0, 4), (1,), (2,), (3,))


def test_no_batch_is_wider_than_its_lanes():
    batches = packed(design(replicates=20).runs())
    assert [len(batch) for batch in batches] == [LANES, LANES, 8]
    assert [index for batch in batches for index in batch] == [*range(40)]


@pytest.mark.parametrize("lanes", [1, 3, 16, 64])
def test_results_are_the_same_for_every_width(lanes):
    runs = design(replicates=9).runs()
    assert contents(execute(runs, synthetic.simulate, lanes=lanes).tables) == contents(
        synthetic.simulate(runs)
    )


def test_results_are_the_same_for_every_number_of_workers():
    runs = design(replicates=20).runs()
    alone = execute(runs, synthetic.simulate, workers=1, lanes=4)
    together = execute(runs, synthetic.simulate, workers=2, lanes=4)
    assert (alone.workers, together.workers) == (1, 2)
    assert contents(alone.tables) == contents(together.tables)


def test_results_keep_the_order_of_runs_that_share_no_batch():
    scenarios = (Drift("short", 0.0, 6), Drift("long", 0.0, 12), Drift("brief", 0.1, 6))
    tables = execute(PairedDesign(scenarios, 1, 2).runs(), synthetic.simulate).tables
    assert tables.runs["scenario"].tolist() == ["short", "short", "long", "long", "brief", "brief"]
    expected = [("short", 7), ("short", 7), ("long", 13), ("long", 13), ("brief", 7), ("brief", 7)]
    named = [name for name, rows in expected for _ in range(rows)]
    assert tables.months["scenario"].tolist() == named
    assert tables.months["month"].tolist() == [month for _, rows in expected for month in range(rows)]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_fails_is_listed_and_its_neighbours_go_on(workers):
    runs = design(replicates=12).runs()
    execution = execute(runs, synthetic.simulate_most, workers=workers, lanes=6)
    assert [failure.run.replicate for failure in execution.failures] == [BAD_REPLICATE, BAD_REPLICATE]
    assert "ZeroDivisionError: a division by zero" in execution.failures[0].message
    assert re.search(r"\(tests\.unit\.synthetic:[0-9]+\)$", execution.failures[0].message)
    assert (
        "/" not in execution.failures[0].message
    )  # results travel, and a path of this machine tells nobody anything
    assert execution.tables.runs["run_id"].size == 22


def test_a_run_that_ends_its_process_fails_alone():
    runs = design(replicates=12).runs()
    # The first batch runs in this process, so replicate 2 is met in a worker only.
    order = sorted(runs, key=lambda run: run.replicate == BAD_REPLICATE)
    execution = execute(order, synthetic.simulate_and_die, workers=2, lanes=11)
    assert [failure.run.replicate for failure in execution.failures] == [BAD_REPLICATE, BAD_REPLICATE]
    assert execution.failures[0].message.startswith("ends its process (exit code 1); it does so alone")
    expected = synthetic.simulate([run for run in order if run.replicate != BAD_REPLICATE])
    assert contents(execution.tables) == contents(expected)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_an_extension_does_to_its_process_does_not_reach_this_one(workers):
    runs = [Run(Drift("own", code_hash="another's"), 1, replicate) for replicate in range(6)]
    execution = execute(runs, synthetic.simulate_and_die, workers=workers, lanes=6)
    assert [failure.run.replicate for failure in execution.failures] == [BAD_REPLICATE]
    assert execution.tables.runs["replicate"].tolist() == [0, 1, 3, 4, 5]


@pytest.mark.parametrize("kind", ["SystemExit", "GeneratorExit", "MemoryError", "OSError"])
@pytest.mark.parametrize("workers", [1, 2])
def test_whatever_a_run_raises_is_its_own_failure_where_others_are_sound(monkeypatch, kind, workers):
    monkeypatch.setenv(synthetic.RAISES, kind)
    runs = design(replicates=12).runs()
    execution = execute(runs, synthetic.simulate_and_raise, workers=workers, lanes=6)
    assert [failure.run.replicate for failure in execution.failures] == [BAD_REPLICATE, BAD_REPLICATE]
    assert all(failure.message.startswith(kind) for failure in execution.failures)
    assert execution.tables.runs["run_id"].size == 22


def test_an_interruption_that_a_worker_cannot_have_got_is_the_runs_own(monkeypatch):
    monkeypatch.setenv(synthetic.RAISES, "KeyboardInterrupt")
    runs = [Run(Drift("own", code_hash="another's"), 1, replicate) for replicate in range(4)]
    execution = execute(runs, synthetic.simulate_and_raise)
    assert [failure.run.replicate for failure in execution.failures] == [BAD_REPLICATE]


def test_where_no_run_can_be_simulated_the_machine_is_at_fault():
    with pytest.raises(MachineFault, match="no run can be simulated here now: MemoryError"):
        execute(design().runs(), synthetic.lack_memory, workers=1)


def test_a_lack_of_memory_that_passes_costs_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv(synthetic.ONCE, str(tmp_path))
    runs = design(replicates=12).runs()
    execution = execute(runs, synthetic.lack_memory_once, workers=2, lanes=6)
    assert execution.failures == ()
    assert contents(execution.tables) == contents(synthetic.simulate(runs))


def test_items_whose_worker_was_lost_are_tried_again(tmp_path, monkeypatch):
    monkeypatch.setenv(synthetic.ONCE, str(tmp_path))
    assert mapped(synthetic.square_after_a_loss, [1, 2, 3, 4], workers=2) == [1, 4, 9, 16]
    with pytest.raises(MachineFault, match="when it ran alone"):
        mapped(synthetic.die_at_three, [1, 2, 3, 4], workers=2)


def test_no_tables_come_of_runs_that_all_fail():
    runs = [run for run in design().runs() if run.replicate == BAD_REPLICATE]
    execution = execute(runs, synthetic.simulate_most)
    assert execution.tables is None
    assert len(execution.failures) == 2


def test_input_that_the_model_refuses_ends_the_experiment():
    with pytest.raises(InvalidInput, match="has no hospital"):
        execute(design().runs(), synthetic.refuse)


def test_an_interruption_ends_the_experiment():
    with pytest.raises(KeyboardInterrupt):
        execute(design().runs(), synthetic.interrupt)


def test_progress_counts_every_run_once():
    seen = []
    execute(
        design(replicates=20).runs(),
        synthetic.simulate,
        lanes=8,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(0, 40), (8, 40), (16, 40), (24, 40), (32, 40), (40, 40)]


def test_fewer_than_one_worker_is_refused():
    with pytest.raises(InvalidInput, match="--workers  found 0"):
        execute(design().runs(), synthetic.simulate, workers=0)


def test_the_environment_is_left_as_it_was(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    before = {name: os.environ.get(name) for name in SINGLE_THREADED}
    execute(design(replicates=4).runs(), synthetic.simulate, workers=2, lanes=2)
    assert {name: os.environ.get(name) for name in SINGLE_THREADED} == before


def test_nothing_to_run_gives_nothing():
    execution = execute([], synthetic.simulate)
    assert execution.tables is None
    assert execution.failures == ()


def test_there_is_a_processor():
    assert available_processors() >= 1
