"""A shard is a function of its manifest: the same rows whoever runs it, and a row for every run, failed or not."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.errors import InvalidInput
from abm.files.durable import Kept, put_record, read_record
from abm.files.parquet import read_table
from abm.runs.batches import execute
from abm.runs.failures import MOST_CHARACTERS, failure_of
from abm.runs.run import Run
from abm.runs.simulator import simulate
from abm.submodels.emergence.emergence import OUTCOMES
from abm.submodels.shipped import theory
from abm.sweeps.stopping import ALIKE_SHARDS, spread_ahead
from abm.sweeps.store.dataset import open_sweep
from abm.sweeps.store.shard import cases_of, commit_path, read_commit, run_shard, shard_folder, tables_of
from tests.unit.sweeping import BREAKABLE, SHARD, bits, breakable, contents, done_here, planned


def table(manifest, index, name="runs"):
    commit = read_commit(manifest.directory, index)
    return read_table(shard_folder(manifest.directory, index) / commit.files[name].name)


def test_a_shard_holds_the_rows_that_the_model_gives(tmp_path):
    manifest = planned(tmp_path)
    shard = manifest.shard(1)
    runs = [case.run for case in cases_of(manifest, shard.first_run, shard.runs)[0]]
    run_shard(manifest.directory, 1)
    expected = execute(
        [Run(run.scenario, run.seed, run.replicate, run.point) for run in runs], simulate
    ).tables
    found = table(manifest, 1)
    for outcome in OUTCOMES:
        assert found[outcome.name].to_numpy().tobytes() == expected.runs[outcome.name].tobytes()
    months = table(manifest, 1, "months")
    assert months.num_rows == 13 * shard.runs
    for measure in theory().measures:
        assert months[measure.name].to_numpy().tobytes() == expected.months[measure.name].tobytes()
    assert months["run_id"].to_pylist() == expected.months["run_id"].tolist()


def test_a_row_of_a_run_tells_its_point(tmp_path):
    manifest = planned(tmp_path)
    run_shard(manifest.directory, 0)
    found = table(manifest, 0).to_pylist()
    assert [row["leadership.effort"] for row in found] == [0.15] * 5
    assert [row["trust.gain"] for row in found] == [0.05] * 3 + [0.065] * 2
    assert [row["replicate"] for row in found] == [0, 1, 2, 0, 1]
    assert {row["status"] for row in found} == {"done"}


def test_a_dimension_that_is_left_alone_is_missing_in_the_row(tmp_path):
    manifest = planned(tmp_path, design="one_at_a_time", replicates=1)
    run_shard(manifest.directory, 0)
    efforts = table(manifest, 0)["leadership.effort"].to_pylist()
    assert efforts[:2] == [None, 0.15]


def test_rows_do_not_depend_on_lanes(tmp_path):
    manifest = planned(tmp_path)
    wide, narrow = (tables_of(manifest, manifest.shard(0), lanes) for lanes in (16, 2))
    assert [bits(table) for table in wide[:2]] == [bits(table) for table in narrow[:2]]


def test_a_shard_done_again_writes_the_same_bytes(tmp_path):
    manifest = planned(tmp_path)
    first, second = (run_shard(manifest.directory, 0) for _ in range(2))
    assert first.files == second.files
    assert len(list(shard_folder(manifest.directory, 0).iterdir())) == 3


def test_a_shard_done_by_several_at_once_is_whole(tmp_path):
    manifest = planned(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        commits = list(pool.map(lambda _: run_shard(manifest.directory, 0, manifest=manifest), range(4)))
    assert len({tuple(commit.files.values()) for commit in commits}) == 1
    folder = shard_folder(manifest.directory, 0)
    assert all(
        kept.complaint(folder, True) is None for kept in read_commit(manifest.directory, 0).files.values()
    )
    assert sorted(path.suffix for path in folder.iterdir()) == [".json", ".parquet", ".parquet"]


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        ("all", [*range(13)]),
        ({"every": 5}, [0, 5, 10, 12]),
        ({"every": 12}, [0, 12]),
        ({"every": 99}, [0, 12]),
    ],
)
def test_months_are_thinned_with_the_first_and_the_last(tmp_path, months, expected):
    manifest = planned(tmp_path, months=months)
    run_shard(manifest.directory, 0)
    found = table(manifest, 0, "months")["month"].to_pylist()
    assert found == expected * SHARD.runs


def test_no_months_are_kept_where_none_are_wanted(tmp_path):
    manifest = done_here(planned(tmp_path, months="none"))
    assert list(read_commit(manifest.directory, 0).files) == ["runs"]
    with pytest.raises(Exception, match="keeps no months"):
        _ = open_sweep(manifest.directory).months


def test_only_the_measures_asked_for_are_kept_in_the_precision_asked_for(tmp_path):
    manifest = done_here(planned(tmp_path, measures=["trust", "board"], precision="single"))
    schema = open_sweep(manifest.directory).months.schema
    assert schema.names == ["run_id", "scenario", "point", "replicate", "month", "trust", "board"]
    assert str(schema.field("trust").type) == "float"
    assert schema.field("trust").metadata[b"unit"] == b"trust"


def test_a_run_that_fails_is_a_row_and_its_mates_are_unharmed(tmp_path):
    manifest = done_here(breakable(tmp_path, [0.2, 0.9, 0.4], replicates=2))
    rows = open_sweep(manifest.directory).runs.to_table().to_pylist()
    assert [row["status"] for row in rows] == ["done"] * 2 + ["failed"] * 2 + ["done"] * 2
    failed = rows[2]
    assert "the strain is too much" in failed["error"]
    assert failed["emerged_ever"] is None or np.isnan(failed["emerged_ever"])
    assert "abm.runs.simulator:" in failed["traceback"]
    assert "/" not in failed["traceback"].replace("per/", "")
    months = open_sweep(manifest.directory).months.to_table()
    assert set(months["point"].to_pylist()) == {0, 2}
    assert [read_commit(manifest.directory, index).failed for index in range(manifest.shards)] == [2, 0]


def test_mates_of_a_run_that_fails_have_the_rows_that_they_have_without_it(tmp_path):
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()
    mixed = done_here(breakable(tmp_path / "with", [0.2, 0.9]))
    alone = done_here(breakable(tmp_path / "without", [0.2]))
    kept = open_sweep(mixed.directory).months.to_table()
    assert bits(kept) == bits(open_sweep(alone.directory).months.to_table())


def test_a_point_that_the_model_refuses_is_a_row_too(tmp_path, monkeypatch):
    manifest = planned(tmp_path)
    roles = manifest.roles
    # As when a plan is older than a bound: the sources differ, and it goes on by force.
    monkeypatch.setitem(roles.levers["leadership.effort"], "options", {0.15: 0.15, 0.8: 8.0})
    runs, months, failed = tables_of(manifest, manifest.shard(1), 16)
    rows = runs.to_pylist()
    assert failed == 4
    assert [row["status"] for row in rows] == ["done"] + ["failed"] * 4
    assert "is 8; valid is 0 to 1" in rows[1]["error"]
    assert len({row["run_id"] for row in rows}) == 5
    assert months.num_rows == 13


def test_a_commit_says_what_was_written(tmp_path):
    manifest = planned(tmp_path)
    commit = run_shard(manifest.directory, 2)
    assert read_commit(manifest.directory, 2) == commit
    assert (commit.runs, commit.failed, commit.files["months"].rows) == (2, 0, 26)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"runs": 5', '"runs": 6'),
        lambda text: "[]",
        lambda text: "{}",
    ],
)
def test_a_commit_record_that_was_not_written_so_is_known(tmp_path, damage):
    manifest = planned(tmp_path)
    run_shard(manifest.directory, 0)
    path = commit_path(manifest.directory, 0)
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ValueError, match="record|JSON|Unterminated|Expecting|delimiter|content"):
        read_commit(manifest.directory, 0)


def test_a_record_of_something_else_is_no_commit(tmp_path):
    manifest = planned(tmp_path)
    path = commit_path(manifest.directory, 0)
    path.parent.mkdir(parents=True)
    put_record(path, {"format": "something else"})
    assert read_record(path) == {"format": "something else"}
    with pytest.raises(ValueError, match="is not the commit record"):
        read_commit(manifest.directory, 0)
    with pytest.raises(ValueError, match="not the name of a file"):
        Kept.of({"name": "../x", "rows": 1, "bytes": 1, "sha256": ""})
    assert json.loads(path.read_text(encoding="utf-8"))


def test_other_sources_are_refused_unless_forced(tmp_path, monkeypatch):
    manifest = planned(tmp_path)
    monkeypatch.setitem(manifest.content["code"], "source_sha256", "0" * 64)
    with pytest.raises(InvalidInput, match="planned with the sources 0000000000000000"):
        run_shard(manifest.directory, 0, manifest=manifest)
    assert run_shard(manifest.directory, 0, manifest=manifest, is_forced=True).runs == 5


def test_a_worker_loads_neither_mesa_nor_pandas(tmp_path):
    manifest = planned(tmp_path)
    program = (
        "import sys; from pathlib import Path; from abm.sweeps.engines.engine import carry_one; "
        f"assert carry_one(Path({str(manifest.directory)!r}), 0).runs == 5; "
        "print(*{'mesa', 'networkx', 'pandas', 'polars', 'rich', 'SALib', 'solara', 'typer'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_tables_keep_their_contents_in_any_order_of_shards(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first = done_here(planned(tmp_path / "a"))
    second = planned(tmp_path / "b", size=replace(SHARD, runs=4))
    for index in reversed(range(second.shards)):
        run_shard(second.directory, index)
    assert contents(first.directory) == contents(second.directory)


@given(st.integers(0, 400))
def test_the_first_shards_come_from_all_over_the_others(count):
    shards = [*range(10, 10 + count)]
    order = spread_ahead(shards)
    assert sorted(order) == shards
    if count > 2 * ALIKE_SHARDS:
        ahead = [shard - 10 for shard in order[:ALIKE_SHARDS]]
        assert order[ALIKE_SHARDS:] == sorted(order[ALIKE_SHARDS:])
        # Neither half of a design has them all, nor the odd or the even ones.
        assert 0 < sum(place < count / 2 for place in ahead) < ALIKE_SHARDS
        assert {place % 2 for place in ahead} == {0, 1} and {place % 4 for place in ahead} == {0, 1, 2, 3}


@pytest.mark.parametrize(
    ("error", "is_machines"),
    [
        (MemoryError(), True),
        (OSError(errno.ENOSPC, "full"), True),
        (OSError(errno.EMFILE, "too many"), True),
        (FileNotFoundError(errno.ENOENT, "no such file"), False),
        (PermissionError(errno.EACCES, "denied"), False),
        (ArithmeticError("an odd number"), False),
        (SystemExit("done"), False),
    ],
)
def test_a_lack_of_memory_or_room_is_suspected_of_the_machine_also_behind_another_error(error, is_machines):
    assert failure_of(error).is_suspicion == is_machines
    try:
        try:
            raise error
        except BaseException as cause:
            raise RuntimeError("the model stopped") from cause
    except RuntimeError as told:
        assert failure_of(told).is_suspicion == is_machines


def test_an_error_that_no_file_can_hold_is_told_all_the_same():
    failure = failure_of(ValueError("bad \udcff " + "long" * 10_000))
    assert failure.message.startswith(r"ValueError: bad \udcff")
    assert len(failure.message) < MOST_CHARACTERS + 100


def test_failures_at_one_line_are_one_cause_whatever_numbers_they_tell(tmp_path, caplog):
    code = BREAKABLE.replace('"the strain is too much"', 'f"the strain is {break_strain.max():g}"')
    manifest = done_here(breakable(tmp_path, [0.6, 0.7, 0.2], code=code, replicates=1, most_failed=1.0))
    with caplog.at_level("WARNING"):
        ((error, count, _),) = open_sweep(manifest.directory).failures()
    assert (error, count) == ("ArithmeticError: the strain is 0.6", 2)
    (said,) = caplog.messages
    assert said.startswith("2 of 3 runs have failed: 2 with 'ArithmeticError: the strain is 0.6'")
