"""A sweep knows how far it is from its files, goes on where it was, grows without moving a row, and reads in one go."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

import abm
from abm.errors import AbmError, InvalidInput
from abm.files.durable import TEMPORARY, origin
from abm.files.lock import LOCK, Holder, Locked, holder_of, start_of
from abm.files.parquet import read_table
from abm.runs.provenance import PACKAGE
from abm.sweeps.design.point_table import POINTS
from abm.sweeps.engines.engine import engine_named
from abm.sweeps.engines.processes import Processes
from abm.sweeps.plan.expansion import expand_sweep
from abm.sweeps.store.collection import collect_table
from abm.sweeps.store.compaction import COMPACT, RECORD
from abm.sweeps.store.dataset import open_sweep
from abm.sweeps.store.manifest import MANIFEST, Manifest
from abm.sweeps.store.shard import SHARDS, commit_path, read_commit, run_shard, shard_folder
from abm.sweeps.store.shard_marks import RUNNING, running
from abm.sweeps.sweep import Sweep
from tests.unit.sweeping import SHARD, breakable, carried_out, contents, done_here, experiment, planned


def file_of_shard(manifest, index, table="months"):
    return shard_folder(manifest.directory, index) / read_commit(manifest.directory, index).files[table].name


def grown(manifest, **more):
    with Sweep(manifest.directory).locked():
        return expand_sweep(manifest, size=SHARD, **more)


def test_a_survey_counts_what_the_files_say(tmp_path):
    manifest = planned(tmp_path)
    assert Sweep(manifest.directory).survey().missing == (0, 1, 2)
    run_shard(manifest.directory, 1)
    survey = Sweep(manifest.directory).survey()
    assert (survey.done, survey.missing, survey.runs_done, survey.runs) == (1, (0, 2), 5, 12)
    assert not survey.is_complete
    done_here(manifest)
    assert Sweep(manifest.directory).survey(is_thorough=True).is_complete


def test_a_rate_follows_from_what_shards_took_and_how_many_run(tmp_path):
    manifest = planned(tmp_path)
    commit = run_shard(manifest.directory, 0)
    assert Sweep(manifest.directory).survey().rate is None
    marker = shard_folder(manifest.directory, 1) / f"000001.{origin()}{RUNNING}"
    marker.write_text(start_of(int(origin().rpartition("-")[2])), encoding="utf-8")
    survey = Sweep(manifest.directory).survey()
    assert survey.running == 1
    assert survey.rate == pytest.approx(5 / commit.seconds)
    assert survey.seconds_left == pytest.approx(7 * commit.seconds / 5)


def test_a_marker_of_a_process_that_died_runs_nothing(tmp_path):
    manifest = planned(tmp_path)
    folder = shard_folder(manifest.directory, 0)
    folder.mkdir(parents=True)
    host = origin().rpartition("-")[0]
    (folder / f"000000.{host}-999999{RUNNING}").write_text("gone", encoding="utf-8")
    (folder / f"000000.{host}-x{RUNNING}").write_text("", encoding="utf-8")
    (folder / f"000001.elsewhere-12{RUNNING}").write_text("there", encoding="utf-8")
    assert [*running(manifest.directory / SHARDS)] == [1]
    # A clock that has jumped by a day makes a marker of another machine look old, and decides nothing else.
    late = lambda: (folder / f"000001.elsewhere-12{RUNNING}").stat().st_mtime + 86_400  # noqa: E731
    assert [*running(manifest.directory / SHARDS, late)] == []
    carried_out(manifest.directory)
    assert not list(folder.glob(f"000000.{host}-999999{RUNNING}"))


def test_processes_give_the_rows_that_this_process_gives(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    here = done_here(planned(tmp_path / "a"))
    there = planned(tmp_path / "b")
    seen = []
    carriage = carried_out(
        there.directory, Processes(2), progress=lambda advance: seen.append(advance.runs_done)
    )
    assert (carriage.runs_done, carriage.runs, carriage.lost) == (12, 12, ())
    assert seen[0] == 0 and seen[-1] == 12
    assert contents(here.directory) == contents(there.directory)
    assert carried_out(there.directory).runs_done == 12


def test_workers_are_replaced_after_so_many_shards(tmp_path):
    manifest = planned(tmp_path)
    engine = Processes(1, shards_per_worker=2)
    pids = set()
    with engine:
        for _ in engine.carry(manifest.directory, range(manifest.shards)):
            pids.update(engine.pool.pids)
    assert len(pids) == 2
    assert Sweep(manifest.directory).survey().is_complete


def test_workers_do_not_run_the_script_that_started_the_sweep(tmp_path):
    directory = planned(tmp_path).directory
    script = tmp_path / "script.py"
    script.write_text(
        "from pathlib import Path\n"
        "from abm.sweeps.engines.processes import Processes\n"
        "from abm.sweeps.sweep import Sweep\n"
        "with Path('started').open('a') as file:\n"
        "    file.write('once ')\n"
        "print(Sweep(Path('sweep')).carry_out(Processes(2)).runs_done)\n"
    )
    # Not measured for coverage, which has words of its own to say there.
    unmeasured = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    environment = {**unmeasured, "PYTHONPATH": str(PACKAGE.parent)}
    command = [sys.executable, str(script)]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("12\n", "")
    assert (tmp_path / "started").read_text() == "once "
    assert Sweep(directory).survey(is_thorough=True).is_complete


def test_an_engine_that_is_not_known_is_refused():
    with pytest.raises(InvalidInput, match="did you mean 'processes'"):
        engine_named("process")


def test_failures_are_counted_listed_and_stop_a_sweep_where_there_are_too_many(tmp_path):
    manifest = breakable(tmp_path, [0.2, 0.9], most_failed=0.5)
    carriage = carried_out(manifest.directory)
    assert (carriage.runs_done, carriage.runs_failed) == (6, 3)
    ((error, count, run_id),) = open_sweep(manifest.directory).failures()
    assert "too much" in error and count == 3 and len(run_id) == 16
    shutil.rmtree(manifest.directory)
    strict = breakable(tmp_path, [0.2, 0.9], most_failed=0.2)
    with pytest.raises(AbmError, match=r"[23] of 6 runs have failed, more than the share of 0\.2"):
        carried_out(strict.directory)
    with pytest.raises(AbmError, match="have failed"):
        carried_out(strict.directory)
    assert Sweep(strict.directory).survey(is_thorough=True).damaged == {}


@pytest.mark.parametrize("table", ["runs", "months"])
@pytest.mark.parametrize("damage", ["truncated", "flipped", "gone", "emptied"])
def test_damage_is_found_and_mended(tmp_path, table, damage):
    manifest = done_here(planned(tmp_path))
    whole = contents(manifest.directory)
    path = file_of_shard(manifest, 1, table)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    {
        "truncated": lambda: path.write_bytes(content[:-7]),
        "flipped": lambda: path.write_bytes(content),
        "gone": path.unlink,
        "emptied": lambda: path.write_bytes(b""),
    }[damage]()
    survey = Sweep(manifest.directory).survey(is_thorough=True)
    assert list(survey.damaged) == [1] and survey.done == 2
    assert path.name in survey.damaged[1]
    # Lengths alone do not tell of a bit.
    carried_out(manifest.directory, is_thorough=damage == "flipped")
    assert Sweep(manifest.directory).survey(is_thorough=True).is_complete
    assert contents(manifest.directory) == whole


def test_a_commit_of_another_design_does_not_count(tmp_path):
    manifest = done_here(planned(tmp_path))
    shutil.copy(commit_path(manifest.directory, 1), commit_path(manifest.directory, 0))
    survey = Sweep(manifest.directory).survey()
    assert survey.damaged == {0: "000000.json is of another design"}


def test_a_damaged_table_of_points_is_told_and_made_again(tmp_path):
    manifest = done_here(planned(tmp_path))
    path = manifest.directory / POINTS
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert (
        "not the table of the design's points" in Sweep(manifest.directory).survey(is_thorough=True).faults[0]
    )
    carried_out(manifest.directory)
    assert path.read_bytes() == content


def test_what_a_dead_process_left_is_put_away(tmp_path):
    manifest = planned(tmp_path)
    run_shard(manifest.directory, 0)
    host = origin().rpartition("-")[0]
    leftover = shard_folder(manifest.directory, 0) / f"{TEMPORARY}{host}-999999-abc"
    of_another = shard_folder(manifest.directory, 0) / f"{TEMPORARY}elsewhere-12-abc"
    leftover.touch()
    of_another.touch()
    carried_out(manifest.directory)
    assert not leftover.exists()
    assert of_another.exists()


def test_one_parent_at_a_time_works_on_a_directory(tmp_path):
    manifest = planned(tmp_path)
    with Sweep(manifest.directory).locked():
        assert holder_of(manifest.directory).pid == int(origin().rpartition("-")[2])
        with pytest.raises(Locked, match=r"process \d+ on .* is at work on .*; wait for it, or stop it"):
            carried_out(manifest.directory)
    assert holder_of(manifest.directory) is None
    carried_out(manifest.directory)


@pytest.mark.parametrize("start", ["", "a boot ago:12"])
def test_the_lock_of_a_process_that_died_is_no_lock(tmp_path, start):
    manifest = planned(tmp_path)
    host, _, pid = origin().rpartition("-")
    # The same number may belong to another process by now: it started at another time.
    for number in (999_999, int(pid)):
        held = json.dumps(vars(Holder(host, number, start or "x", "then")))
        (manifest.directory / LOCK).write_text(held, encoding="utf-8")
        assert holder_of(manifest.directory) is None
        with Sweep(manifest.directory).locked():
            pass


def test_the_lock_of_another_host_is_taken_over_by_command_only(tmp_path):
    manifest = planned(tmp_path)
    (manifest.directory / LOCK).write_text(
        json.dumps(vars(Holder("elsewhere", 12, "x", "2014-04-01T00:00:00+00:00"))), encoding="utf-8"
    )
    with pytest.raises(Locked, match="process 12 on elsewhere .* since 2014-04-01.* give --take-over"):
        carried_out(manifest.directory)
    assert carried_out(manifest.directory, takes_over=True).runs_done == 12


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"host": 1}'])
def test_a_lock_that_says_nothing_is_no_lock(tmp_path, text):
    manifest = planned(tmp_path)
    (manifest.directory / LOCK).write_text(text, encoding="utf-8")
    with Sweep(manifest.directory).locked():
        pass


def test_other_sources_are_refused_before_anything_starts(tmp_path, monkeypatch):
    manifest = planned(tmp_path)
    sweep = Sweep(manifest.directory)
    monkeypatch.setitem(sweep.manifest.content["code"], "source_sha256", "0" * 64)
    with pytest.raises(InvalidInput, match="mix both with --force"):
        sweep.carry_out(Processes(1))
    assert sweep.carry_out(Processes(1, is_forced=True), is_forced=True).runs_done == 12


def test_more_replicates_leave_the_old_rows_as_they_were(tmp_path):
    manifest = done_here(planned(tmp_path))
    before = {path: path.read_bytes() for path in (manifest.directory / "shards").rglob("*.*")}
    more = grown(manifest, replicates=5)
    assert (more.runs, more.shards) == (20, 5)
    assert Sweep(more.directory).survey().missing == (3, 4)
    carried_out(more.directory)
    assert {path: path.read_bytes() for path in before} == before
    shutil.move(more.directory, tmp_path / "grown")
    whole = done_here(planned(tmp_path, replicates=5))
    assert contents(tmp_path / "grown") == contents(whole.directory)


@pytest.mark.parametrize(
    ("design", "more", "points"),
    [
        ({"sobol": {"points": 4}}, 8, 8),
        ({"saltelli": {"samples": 2}}, 4, 16),
        ({"latin_hypercube": {"points": 4}}, 7, 7),
        ({"random": {"points": 4}}, 6, 6),
        ({"morris": {"trajectories": 2}}, 4, 12),
    ],
)
def test_more_points_leave_the_old_ones_where_they_were(tmp_path, design, more, points):
    levers = {"leadership.effort": {"range": [0.1, 0.9]}}
    manifest = done_here(planned(tmp_path, design=design, levers=levers, replicates=1))
    before = open_sweep(manifest.directory).to_pandas().set_index("point")
    larger = grown(manifest, samples=more)
    assert larger.content["points"]["count"] == points
    carried_out(larger.directory)
    after = open_sweep(larger.directory).to_pandas().set_index("point")
    assert len(after) == points
    assert after.loc[before.index].equals(before)
    # The designs in the manifest make the points again, however often it has grown.
    (larger.directory / POINTS).unlink()
    assert carried_out(larger.directory).runs_done == points
    if "sobol" in design:
        again = grown(larger, samples=16)
        assert again.content["points"]["count"] == 16


def test_points_of_another_file_are_added_where_they_are_new(tmp_path):
    manifest = done_here(planned(tmp_path))
    finer = experiment(tmp_path, levers={"leadership.effort": [0.15, 0.5, 0.8]}, name="finer")
    larger = grown(manifest, experiment=finer)
    assert larger.content["points"]["count"] == 6
    carried_out(larger.directory)
    rows = open_sweep(larger.directory).to_pandas()
    assert sorted(set(rows["leadership.effort"])) == [0.15, 0.5, 0.8]
    assert rows.groupby(["leadership.effort", "trust.gain"]).size().tolist() == [3] * 6
    (larger.directory / POINTS).unlink()
    assert carried_out(larger.directory).runs_done == 18
    with pytest.raises(InvalidInput, match="has no new points"):
        grown(larger, experiment=finer)
    with pytest.raises(InvalidInput, match="grows by levels"):
        grown(larger, samples=9)


@pytest.mark.parametrize(
    ("changes", "more", "told"),
    [
        ({}, {}, "give --replicates, --points or --experiment"),
        ({}, {"replicates": 3}, "there are 3 at every point"),
        ({}, {"replicates": 0}, "whole number from 1"),
        ({}, {"samples": 9}, "grows by levels"),
        ({"design": {"sobol": {"points": 4}}}, {"samples": 4}, "there are 4 points"),
        ({"design": {"sobol": {"points": 4}}}, {"samples": 6}, "so give 8"),
        ({"design": {"morris": {"trajectories": 2}}}, {"samples": 3}, "add two trajectories"),
    ],
)
def test_a_sweep_does_not_grow_into_nonsense(tmp_path, changes, more, told):
    manifest = planned(tmp_path, **changes)
    content = (manifest.directory / MANIFEST).read_bytes()
    with pytest.raises(InvalidInput, match=told):
        grown(manifest, **more)
    assert (manifest.directory / MANIFEST).read_bytes() == content


def test_points_of_another_experiment_are_refused(tmp_path):
    manifest = planned(tmp_path)
    other = experiment(
        tmp_path,
        scenarios=["reform_alone"],
        horizon_years=None,
        seed=2,
        levers=None,
        name="other",
        measures=["trust"],
    )
    with pytest.raises(InvalidInput) as caught:
        grown(manifest, experiment=other)
    for key in ("scenarios", "levers", "seed", "measures"):
        assert f"'{key}' differs" in str(caught.value)
    with pytest.raises(InvalidInput, match="not both"):
        grown(manifest, experiment=other, samples=3)


def test_compacting_keeps_every_bit_and_few_files(tmp_path):
    manifest = done_here(planned(tmp_path))
    whole = contents(manifest.directory)
    sweep = Sweep(manifest.directory)
    (part,), _ = sweep.compact()
    assert part.shards == ((0, 3),)
    assert not list((manifest.directory / "shards").rglob("*.*"))
    assert Sweep(manifest.directory).survey(is_thorough=True).is_complete
    assert contents(manifest.directory) == whole
    assert carried_out(manifest.directory).runs_done == 12


def test_compacting_goes_on_where_it_was(tmp_path):
    manifest = planned(tmp_path)
    run_shard(manifest.directory, 1)
    Sweep(manifest.directory).compact()
    carried_out(manifest.directory)
    parts, survey = Sweep(manifest.directory).compact(part_bytes=1)
    assert [part.shards for part in parts] == [((1, 2),), ((0, 1),), ((2, 3),)]
    assert survey.is_complete
    (tmp_path / "again").mkdir()
    assert contents(manifest.directory) == contents(done_here(planned(tmp_path / "again")).directory)


def test_damage_in_a_large_file_is_found_and_its_shards_run_again(tmp_path):
    manifest = done_here(planned(tmp_path))
    whole = contents(manifest.directory)
    Sweep(manifest.directory).compact()
    (path,) = (manifest.directory / COMPACT).glob("months-*")
    path.write_bytes(path.read_bytes()[:-1])
    survey = Sweep(manifest.directory).survey()
    assert list(survey.damaged) == [0, 1, 2]
    carried_out(manifest.directory)
    assert contents(manifest.directory) == whole
    Sweep(manifest.directory).compact()
    assert contents(manifest.directory) == whole
    assert not path.exists() or path.stat().st_size


def test_a_damaged_record_of_large_files_is_told(tmp_path):
    manifest = done_here(planned(tmp_path))
    Sweep(manifest.directory).compact()
    record = manifest.directory / COMPACT / RECORD
    record.write_text(
        record.read_text(encoding="utf-8").replace('"runs": 12', '"runs": 13'), encoding="utf-8"
    )
    survey = Sweep(manifest.directory).survey()
    assert "compact.json cannot be read" in survey.faults[0]
    assert survey.missing == (0, 1, 2)


def test_a_compacted_sweep_grows(tmp_path):
    manifest = done_here(planned(tmp_path))
    Sweep(manifest.directory).compact()
    more = grown(manifest, replicates=4)
    survey = Sweep(more.directory).survey()
    assert (survey.done, survey.missing, survey.damaged) == (3, (3,), {})


def test_a_sweep_opens_as_datasets_and_frames(tmp_path):
    manifest = done_here(planned(tmp_path))
    tables = abm.open_sweep(str(manifest.directory))
    assert "12 runs" in repr(tables)
    assert tables.runs.count_rows() == 12
    assert tables.months.count_rows() == 12 * 13
    assert repr(tables.points) == "<4 points of leadership.effort, trust.gain>"
    points = tables.to_pandas("points")
    assert points["leadership.effort"].tolist() == tables.points.columns["leadership.effort"].tolist()
    assert tables.to_polars("points").collect()["point"].to_list() == points["point"].tolist() == [0, 1, 2, 3]
    runs = tables.to_pandas()
    assert runs.groupby("point").size().tolist() == [3, 3, 3, 3]
    trust = tables.to_pandas("months", columns=["month", "trust"])
    assert list(trust.columns) == ["month", "trust"]
    lazy = tables.to_polars("months")
    assert lazy.select("trust").collect()["trust"].to_numpy() == pytest.approx(trust["trust"].to_numpy())
    assert sum(piece.num_rows for piece in tables.tables("months")) == 156


def test_a_table_or_a_column_that_is_not_there_is_told_with_those_that_are(tmp_path):
    tables = open_sweep(done_here(planned(tmp_path)).directory)
    with pytest.raises(AbmError, match="'month' is not a table; did you mean 'months'"):
        tables.to_pandas("month")
    with pytest.raises(AbmError, match="'point' is not a table; did you mean 'points'"):
        tables.to_polars("point")
    with pytest.raises(AbmError, match="'trst' is not a column of 'months'; did you mean 'trust'"):
        tables.to_pandas("months", columns=["month", "trst"])


def test_the_manifest_alone_gives_every_point_and_run(tmp_path):
    manifest = grown(done_here(planned(tmp_path)), replicates=4)
    (tmp_path / "alone").mkdir()
    copy = tmp_path / "alone" / MANIFEST
    copy.write_bytes((manifest.directory / MANIFEST).read_bytes())
    assert Manifest.read(copy.parent).points(1, 3).keys() == manifest.points(1, 3).keys()
    last = next(manifest.cases(manifest.runs - 1, 1, manifest.points(0, 4), 0)).run
    found = Sweep(copy.parent).case(last.run_id).run
    assert (found.run_id, found.point, found.replicate) == (last.run_id, last.point, last.replicate)


def test_a_frame_of_what_is_not_installed_is_refused_with_what_to_do(tmp_path, monkeypatch):
    manifest = done_here(planned(tmp_path))
    monkeypatch.setitem(__import__("sys").modules, "polars", None)
    with pytest.raises(AbmError, match="pip install polars"):
        abm.open_sweep(manifest.directory).to_polars()


def test_only_what_is_committed_is_read(tmp_path):
    manifest = planned(tmp_path)
    with pytest.raises(AbmError, match="nothing of .* is done yet"):
        _ = open_sweep(manifest.directory).runs
    run_shard(manifest.directory, 0)
    run_shard(manifest.directory, 1)
    commit_path(manifest.directory, 1).unlink()
    assert open_sweep(manifest.directory).runs.count_rows() == 5


@pytest.mark.parametrize("ending", ["parquet", "csv", "arrow"])
def test_a_table_is_collected_into_one_file(tmp_path, ending):
    manifest = done_here(planned(tmp_path))
    out = tmp_path / f"all.{ending}"
    assert collect_table(manifest.directory, out) == 12
    assert collect_table(manifest.directory, tmp_path / f"months.{ending}", "months") == 156
    if ending == "parquet":
        assert (
            read_table(out)["run_id"].to_pylist()
            == open_sweep(manifest.directory).to_pandas()["run_id"].tolist()
        )
    with pytest.raises(InvalidInput, match="add --force"):
        collect_table(manifest.directory, out)
    assert not list(tmp_path.glob(f"{TEMPORARY}*"))


def test_a_table_is_collected_only_where_it_makes_sense(tmp_path):
    manifest = done_here(planned(tmp_path))
    with pytest.raises(InvalidInput) as caught:
        collect_table(manifest.directory, tmp_path / "all.xlsx", "run")
    assert "end it in .parquet, .csv, .arrow" in str(caught.value)
    assert "did you mean 'runs'" in str(caught.value)


def test_a_run_is_found_by_its_id_done_or_not(tmp_path):
    manifest = planned(tmp_path)
    last = next(Sweep(manifest.directory).manifest.cases(11, 1, manifest.points(0, 4), 0))
    assert Sweep(manifest.directory).case(last.run.run_id).run == last.run
    done_here(manifest)
    found = Sweep(manifest.directory).case(last.run.run_id)
    assert (found.run.point, found.run.replicate) == (3, 2)
    with pytest.raises(InvalidInput, match="16 hexadecimal digits"):
        Sweep(manifest.directory).case("abc")
    assert np.isfinite(Sweep(manifest.directory).kept(last.run.run_id)["months"][0]["trust"])
