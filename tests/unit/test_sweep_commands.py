"""The commands on sweeps do what their help says, and end with the code that tells how it went."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace

import pytest
from rich.console import Console
from typer.testing import CliRunner

from abm.interface.cli.numbers import Numbers
from abm.interface.cli.program import app
from abm.interface.terminal.sweep_status import duration, size, surveyed
from abm.scenarios.library import experiment_names
from abm.sweeps.store.compaction import COMPACT
from abm.sweeps.store.dataset import open_sweep
from abm.sweeps.store.shard import SHARDS, commit_path, read_commit, run_shard, shard_folder
from abm.sweeps.sweep import Sweep
from tests.unit.sweeping import breakable, contents, done_here, file_of, planned


@pytest.fixture(autouse=True)
def away(tmp_path, monkeypatch):
    """Work in an empty directory, a hundred columns wide."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERMINAL_WIDTH", "100")


def abm(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def told(result):
    return " ".join(result.output.split())


def test_a_plan_tells_runs_shards_time_and_disk_and_what_to_do_next(tmp_path):
    file_of(tmp_path)
    result = abm("sweep", "plan", "tiny.yaml", "--shard-runs", "5")
    assert result.exit_code == 0, result.output
    lines = dict(
        re.split(r"\s{2,}", line, maxsplit=1) for line in result.output.splitlines() if "  " in line[1:]
    )
    assert lines["Runs"].strip() == "12"
    assert lines["Design"].strip() == "full factorial, 4 points"
    assert lines["Shards"].startswith("3, up to ")
    assert re.search(r"about [\d.]+ (seconds?|minutes?)", lines["Time"])
    assert re.search(r"about [\d.]+ (kB|MB)", lines["Disk"])
    assert "leadership.effort 0.15, 0.8" in told(result)
    assert "abm sweep run results/tiny" in told(result)
    assert Sweep(tmp_path / "results" / "tiny").survey().shards == 3


def test_a_plan_tells_how_every_dimension_is_spread_and_when_the_disk_is_too_small(tmp_path, monkeypatch):
    levers = {"leadership.effort": {"range": [0.2, 0.8], "at": 0.5, "scale": "log"}}
    uncertainties = {
        "trust.gain": {"distribution": {"norm": {"loc": 0.06, "scale": 0.01}}, "within": [0.05, 0.065]},
        "emergence.months": {"range": [6, 12], "whole": True},
    }
    file_of(tmp_path, levers=levers, uncertainties=uncertainties)
    monkeypatch.setattr("shutil.disk_usage", lambda path: shutil._ntuple_diskusage(9, 9, 2048))
    result = abm("sweep", "plan", "tiny.yaml")
    assert result.exit_code == 0, result.output
    for words in (
        "leadership.effort 0.2 to 0.8, by ratio, from year 0.5",
        "trust.gain norm with loc 0.06, scale 0.01, within 0.05 to 0.065",
        "emergence.months 6 to 12, whole numbers",
        "more than the 2.0 kB free there",
    ):
        assert words in told(result)


def test_a_plan_of_what_is_wrong_tells_everything_and_writes_nothing(tmp_path):
    file_of(tmp_path, replicates=0, scenarios=["baselin"])
    before = sorted(tmp_path.rglob("*"))
    result = abm("sweep", "plan", "tiny.yaml", "--shard-runs", "0", "--shard-seconds", "no")
    assert result.exit_code == 2
    for words in ("did you mean 'baseline'", "'replicates' is 0", "not both", "found 0; give a whole number"):
        assert words in told(result)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_sweep_is_run_looked_at_compacted_and_read(tmp_path):
    directory = planned(tmp_path).directory
    result = abm("sweep", "status", directory)
    assert result.exit_code == 0 and "abm sweep resume" in told(result)
    result = abm("sweep", "run", directory, "--workers", "1")
    assert result.exit_code == 0, result.output
    assert "12 of 12 runs done" in told(result) and "abm.open_sweep" in told(result)
    result = abm("sweep", "status", directory, "--watch")
    assert result.exit_code == 0 and "100%" in result.output
    assert abm("sweep", "verify", directory).exit_code == 0
    assert "3 of 3 shards are in 2 files" in told(abm("sweep", "compact", directory))
    result = abm("sweep", "collect", directory, "--out", "all.csv")
    assert result.exit_code == 0 and "12 rows written" in told(result)
    result = abm("sweep", "expand", directory, "--replicates", "4", "--shard-runs", "100")
    assert result.exit_code == 0 and "4 runs in 1 shards added" in told(result)
    assert "Run the rest with" in told(abm("sweep", "compact", directory))
    assert abm("sweep", "resume", directory, "--workers", "1").exit_code == 0


def test_runs_that_fail_end_a_sweep_with_a_code_of_their_own(tmp_path):
    directory = breakable(tmp_path, [0.2, 0.9], most_failed=1.0).directory
    result = abm("sweep", "run", directory, "--workers", "1")
    assert result.exit_code == 3
    assert "6 of 6 runs done, 3 of them failed" in told(result)
    assert "the strain is too much" in told(result)
    assert abm("sweep", "shard", directory, "0-1").exit_code == 3
    (failed, *_) = open_sweep(directory).failures()
    result = abm("sweep", "rerun", directory, failed[2])
    assert result.exit_code == 1 and "the strain is too much" in told(result)


def test_shards_are_run_one_by_one_and_in_ranges(tmp_path):
    directory = planned(tmp_path).directory
    result = abm("sweep", "shard", directory, "2", "0-1")
    assert result.exit_code == 0
    assert result.output.splitlines()[0].startswith("shard 2: 2 runs, 0 failed")
    assert Sweep(directory).survey(is_thorough=True).is_complete


def test_a_rate_of_thousands_is_told_without_powers_of_ten(tmp_path):
    manifest = planned(tmp_path)
    survey = replace(Sweep(manifest.directory).survey(), runs_done=6, seconds=0.004, running=1)
    lines = Console(width=100)
    with lines.capture() as captured:
        lines.print(surveyed(manifest, survey))
    assert "1,500 runs a second, about 0.0 seconds left" in captured.get()


@pytest.mark.parametrize("index", ["3", "-1", "1-0", "0-3", "x", "1-"])
def test_a_shard_that_there_is_not_is_refused(index):
    numbers = Numbers()
    numbers.shards([index], 3)
    assert "valid is a number from 0 to 2" in str(numbers.problems[0])


def test_verify_tells_what_is_damaged_and_ends_with_failure(tmp_path):
    manifest = done_here(planned(tmp_path))
    path = shard_folder(manifest.directory, 1) / read_commit(manifest.directory, 1).files["months"].name
    content = bytearray(path.read_bytes())
    content[99] ^= 1
    path.write_bytes(content)
    result = abm("sweep", "verify", manifest.directory)
    assert result.exit_code == 1
    assert "missing 0 0 damaged 1 5" in told(result)
    assert f"shard 1: {path.name} does not have the bytes that were written" in told(result)
    assert "Repair it with: abm sweep resume" in told(result)


def test_many_damaged_shards_are_told_in_few_lines(tmp_path):
    manifest = done_here(planned(tmp_path, replicates=12))
    for path in (manifest.directory / SHARDS).rglob("*.runs.*"):
        path.unlink()
    result = abm("sweep", "status", manifest.directory)
    assert "and 5 more shards" in told(result)


def test_shards_that_are_damaged_by_one_file_are_told_together(tmp_path):
    manifest = done_here(planned(tmp_path))
    Sweep(manifest.directory).compact()
    (path,) = (manifest.directory / COMPACT).glob("months-*")
    path.unlink()
    assert f"shards 0-2: {path.name} is missing" in told(abm("sweep", "status", manifest.directory))


def test_a_commit_record_that_is_no_json_is_told_by_its_name(tmp_path):
    manifest = done_here(planned(tmp_path))
    commit_path(manifest.directory, 1).write_text("{\n")
    result = abm("sweep", "verify", manifest.directory)
    assert result.exit_code == 1
    assert "shard 1: 000001.json is not what was written" in told(result)


def test_a_run_is_made_again_bit_for_bit(tmp_path):
    manifest = done_here(planned(tmp_path, months={"every": 6}))
    run_id = contents(manifest.directory)["runs.run_id"][7]
    result = abm("sweep", "rerun", manifest.directory, run_id, "--out", "one")
    assert result.exit_code == 0, result.output
    assert "The same, bit for bit" in told(result)
    assert f"See it in the page with: abm sweep rerun {manifest.directory} {run_id} --open" in told(result)
    made = json.loads((tmp_path / "one" / "manifest.json").read_text(encoding="utf-8"))
    assert made["design"]["run_id"] == run_id
    assert made["design"]["point"] == {"leadership.effort": 0.8, "trust.gain": 0.05}
    refused = abm("sweep", "rerun", manifest.directory, "0000", "--out", "one")
    assert refused.exit_code == 2
    assert "exists; give --force" in told(refused) and "there is no run '0000'" in told(refused)


def test_a_run_in_single_precision_is_compared_in_it(tmp_path):
    manifest = done_here(planned(tmp_path, precision="single"))
    run_id = contents(manifest.directory)["runs.run_id"][0]
    assert "The same, bit for bit" in told(abm("sweep", "rerun", manifest.directory, run_id))


def test_a_run_that_is_not_done_is_made_all_the_same(tmp_path):
    manifest = planned(tmp_path)
    case = next(manifest.cases(0, 1, manifest.points(0, 4), 0))
    assert "has not stored this run yet" in told(abm("sweep", "rerun", manifest.directory, case.run.run_id))


def test_a_run_that_differs_from_what_was_kept_is_told(tmp_path):
    manifest = done_here(planned(tmp_path))
    rows = open_sweep(manifest.directory).to_pandas()
    case = Sweep(manifest.directory).case(rows["run_id"][0])
    kept = Sweep(manifest.directory).kept(case.run.run_id)
    kept["months"][3]["trust"] += 1e-12
    kept["run"]["spells"] = 5.0
    from abm.interface.cli.rerun import differences

    made = manifest.bases[0].simulate([case.run])
    assert differences(kept, made) == ["spells", "trust"]


def test_other_code_is_told_where_it_was_mixed_in(tmp_path):
    manifest = done_here(planned(tmp_path))
    path = commit_path(manifest.directory, 0)
    commit = read_commit(manifest.directory, 0).described()
    from abm.files.durable import put_record

    put_record(path, {**commit, "source_sha256": "0" * 64})
    assert "by other code than the plan's" in told(abm("sweep", "status", manifest.directory))


def test_status_leaves_a_sweep_to_the_parent_that_is_at_work(tmp_path):
    directory = planned(tmp_path).directory
    with Sweep(directory).locked():
        result = abm("sweep", "status", directory)
    assert "has been working on it" in told(result)
    assert "Continue with" not in told(result)


def test_numbers_that_are_none_are_told_before_anything_starts(tmp_path):
    directory = planned(tmp_path).directory
    assert "found 'two'" in told(abm("sweep", "run", directory, "--workers", "two"))
    assert "found '1.5'" in told(abm("sweep", "expand", directory, "--replicates", "1.5"))
    assert abm("sweep", "run", directory, "--engine", "procesess").exit_code == 2
    assert abm("sweep", "shard", directory, "7").exit_code == 2
    assert abm("sweep", "status", tmp_path).exit_code == 2


def test_experiments_are_listed_validated_and_described_to_editors():
    listed = told(abm("scenarios"))
    assert all(name in listed for name in experiment_names())
    result = abm("validate", "headline_levers")
    assert "valid experiment, 27 points, 540 runs" in told(result)
    schema = json.loads(abm("schema", "experiment").output)
    assert schema["title"] == "abm experiment file"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (2.34, "2.3 seconds"),
        (90, "1.5 minutes"),
        (7200, "2 hours"),
        (9e5, "10 days"),
    ],
)
def test_durations_are_told_in_the_unit_that_they_fill(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"), [(10, "10 bytes"), (1536, "1.5 kB"), (20 << 20, "20 MB"), (3 << 40, "3.0 TB")]
)
def test_sizes_are_told_in_the_unit_that_they_fill(count, words):
    assert size(count) == words


def test_running_a_shard_leaves_status_watching_until_it_is_done(tmp_path, monkeypatch):
    manifest = planned(tmp_path)
    run_shard(manifest.directory, 0)
    run_shard(manifest.directory, 1)

    def finish(_):
        run_shard(manifest.directory, 2)

    monkeypatch.setattr("time.sleep", finish)
    result = abm("sweep", "status", manifest.directory, "--watch")
    assert "100%" in result.output
