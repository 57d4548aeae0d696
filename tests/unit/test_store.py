"""Results are written whole or not at all, and say how they were made."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from abm.errors import InvalidInput
from abm.files.claim import NEW
from abm.files.destination import FILES, MANIFEST, MONTHS, RUNS, Destination
from abm.runs.batches import execute
from abm.runs.results import (
    METADATA_KEY,
    Column,
    content_hash,
    manifest_hash,
    manifest_of,
    read_results,
    write_results,
)
from tests.unit import synthetic
from tests.unit.synthetic import GAUGES, VERDICTS, design

DESCRIBED = [*GAUGES, *VERDICTS, Column("dose", "Dose", "index x years", "Area")]


def manifest_for(asked, **invocation):
    scenarios = {scenario.name: {"drift": scenario.drift} for scenario in asked.scenarios}
    counts = {"asked": len(asked.runs()), "done": len(asked.runs()), "failed": 0}
    return manifest_of(asked.described(), scenarios, "Philox4x32-10", counts, invocation)


def written(directory: Path, simulate=synthetic.simulate, **invocation):
    asked = design(replicates=4)
    execution = execute(asked.runs(), simulate)
    with Destination(directory).staged() as staging:
        write_results(
            staging, execution.tables, execution.failures, manifest_for(asked, **invocation), DESCRIBED
        )
    return execution


def test_what_is_written_is_read_back_bit_for_bit(tmp_path):
    execution = written(tmp_path / "out")
    results = read_results(tmp_path / "out")
    for mine, theirs in (
        (execution.tables.runs, results.tables.runs),
        (execution.tables.months, results.tables.months),
    ):
        assert list(mine) == list(theirs)
        for name, column in mine.items():
            np.testing.assert_array_equal(column, theirs[name])
    assert results.failures == ()


def test_months_holds_one_row_for_the_start_and_for_each_month_of_every_run(tmp_path):
    written(tmp_path / "out")
    table = pq.read_table(tmp_path / "out" / MONTHS)
    assert table.num_rows == 8 * 25
    assert table["month"].to_pylist() == [*range(25)] * 8


def test_a_run_that_failed_has_a_row_with_its_reason_and_no_outcomes(tmp_path):
    written(tmp_path / "out", simulate=synthetic.simulate_most)
    rows = pq.read_table(tmp_path / "out" / RUNS).to_pylist()
    assert [row["status"] for row in rows] == ["done", "done", "failed", "done"] * 2
    assert rows[2]["standing"] is None
    assert "ZeroDivisionError" in rows[2]["error"]
    assert rows[0]["error"] is None
    assert len(read_results(tmp_path / "out").failures) == 2


def test_a_number_that_is_none_is_missing(tmp_path):
    execution = written(tmp_path / "out")
    emerged = execution.tables.runs["emerged_month"]
    assert 0 < np.isnan(emerged).sum() < len(emerged)
    found = pq.read_table(tmp_path / "out" / RUNS)["emerged_month"].to_pylist()
    assert found == [None if np.isnan(month) else month for month in emerged]


def test_columns_carry_their_unit_range_and_definition(tmp_path):
    written(tmp_path / "out")
    schema = pq.read_schema(tmp_path / "out" / MONTHS)
    assert schema.field("admissions").metadata == {
        b"label": b"Admissions",
        b"unit": b"index",
        b"low": b"0",
        b"definition": b"Admissions",
    }
    share = schema.field("implementation").metadata
    assert (share[b"low"], share[b"high"]) == (b"0", b"1")
    assert b"0 at the start" in schema.field("month").metadata[b"definition"]


def test_tables_carry_the_hash_of_their_manifest(tmp_path):
    written(tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / MANIFEST).read_text())
    for name in (RUNS, MONTHS):
        assert (
            pq.read_schema(tmp_path / "out" / name).metadata[METADATA_KEY].decode()
            == manifest["manifest_sha256"]
        )
    assert manifest_hash(manifest) == manifest["manifest_sha256"]


def test_numbers_are_compressed_by_bytes_and_names_by_dictionary(tmp_path):
    written(tmp_path / "out")
    group = pq.read_metadata(tmp_path / "out" / MONTHS).row_group(0)
    columns = {group.column(index).path_in_schema: group.column(index) for index in range(group.num_columns)}
    assert "BYTE_STREAM_SPLIT" in columns["implementation"].encodings
    assert "RLE_DICTIONARY" in columns["run_id"].encodings
    assert {column.compression for column in columns.values()} == {"ZSTD"}


def test_the_manifest_says_how_to_make_the_results_again(tmp_path):
    written(tmp_path / "out")
    manifest = read_results(tmp_path / "out").manifest
    assert manifest["design"]["seed"] == 7
    assert manifest["design"]["reference"] == "still"
    assert manifest["design_sha256"] == content_hash(manifest["design"])
    assert manifest["scenarios"]["rising"] == {"drift": 0.02}
    assert manifest["draws"]["generator"] == "Philox4x32-10"
    assert set(manifest["code"]) == {"version", "source_sha256", "commit", "dirty"}
    assert manifest["packages"]["numpy"] == np.__version__


def test_tables_do_not_depend_on_when_or_by_what_command_they_were_made(tmp_path):
    written(tmp_path / "one", command="abm compare a b", created="2014-04-01")
    written(tmp_path / "two", command="abm compare a b --workers 2", created="2015-04-01")
    for name in (RUNS, MONTHS):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_table_of_another_making_is_refused(tmp_path):
    written(tmp_path / "out")
    manifest = json.loads((tmp_path / "out" / MANIFEST).read_text())
    manifest["design"]["seed"] = 8
    (tmp_path / "out" / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(InvalidInput, match="was not made with the manifest beside it"):
        read_results(tmp_path / "out")


def test_a_directory_that_holds_no_results_is_refused_with_all_that_is_missing(tmp_path):
    with pytest.raises(InvalidInput) as raised:
        read_results(tmp_path)
    assert len(raised.value.problems) == 3


def test_files_that_are_no_results_are_refused(tmp_path):
    for name in (RUNS, MONTHS, MANIFEST):
        (tmp_path / name).write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_results(tmp_path)


def fail_half_way(destination):
    with destination.staged() as staging:
        (staging / RUNS).write_text("half")
        raise RuntimeError


def test_nothing_is_left_when_writing_fails(tmp_path):
    with pytest.raises(RuntimeError):
        fail_half_way(Destination(tmp_path / "deep" / "out"))
    assert list(tmp_path.iterdir()) == []


def test_a_directory_appears_only_when_it_is_complete(tmp_path):
    with Destination(tmp_path / "out").staged() as staging:
        (staging / RUNS).write_text("whole")
        assert not (tmp_path / "out").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out").stat().st_mode & 0o700 == 0o700


def test_results_that_are_there_stay_without_force(tmp_path):
    (tmp_path / "out").mkdir()
    destination = Destination(tmp_path / "out")
    assert "exists; give --force to replace it, or another --out" in str(destination.problems()[0])
    with pytest.raises(InvalidInput), destination.staged():
        pass


def test_force_replaces_results(tmp_path):
    written(tmp_path / "out")
    with Destination(tmp_path / "out", force=True).staged() as staging:
        (staging / RUNS).write_text("new")
    assert [path.name for path in (tmp_path / "out").iterdir()] == [RUNS]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_force_keeps_results_when_the_new_ones_fail(tmp_path):
    written(tmp_path / "out")
    with pytest.raises(RuntimeError):
        fail_half_way(Destination(tmp_path / "out", force=True))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {RUNS, MONTHS, MANIFEST}


def test_results_are_put_back_when_the_new_ones_cannot_take_their_place(tmp_path, monkeypatch):
    written(tmp_path / "out")
    move = Path.rename

    def refuse_the_new(path, target):
        if path.parent.name == NEW:
            raise OSError(28, "No space left on device")
        return move(path, target)

    monkeypatch.setattr(Path, "rename", refuse_the_new)
    with pytest.raises(OSError, match="No space"), Destination(tmp_path / "out", force=True).staged():
        pass
    assert {path.name for path in (tmp_path / "out").iterdir()} == {RUNS, MONTHS, MANIFEST}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_force_never_deletes_what_abm_did_not_write(tmp_path):
    (tmp_path / "out").mkdir()
    for name in (*FILES, "thesis.docx"):
        (tmp_path / "out" / name).write_text("mine")
    (problem,) = Destination(tmp_path / "out", force=True).problems()
    assert "holds 'thesis.docx', which abm did not write" in str(problem)


@pytest.mark.parametrize("force", [False, True])
def test_a_file_is_no_destination(tmp_path, force):
    (tmp_path / "out").write_text("a file")
    (problem,) = Destination(tmp_path / "out", force=force).problems()
    assert "is a file; name a directory" in str(problem)


@pytest.mark.parametrize("below", ["file/out", "file/deep/out", "x" * 300, "nul\0byte"])
def test_what_cannot_be_written_is_found_before_and_leaves_nothing(tmp_path, below):
    (tmp_path / "file").write_text("a file")
    (problem,) = Destination(tmp_path / below).problems()
    assert "cannot be written" in str(problem)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_destination_that_can_be_written_is_not_touched_by_asking(tmp_path):
    assert Destination(tmp_path / "a" / "b" / "out").problems() == []
    assert list(tmp_path.iterdir()) == []
