"""Loaders have limits: what is beyond one is told, before it is unfolded, and what real files hold passes."""

from __future__ import annotations

import gzip
import io
import os
import threading
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.analysis.studyfile import load_study
from abm.core.snapshot import Snapshot
from abm.errors import MOST_PROBLEMS, Further, InvalidInput, Problem
from abm.files.parquet import read_table
from abm.records import Document, Excess, bounds, read_content, unzipped
from abm.records.archive import read_arrays
from abm.runs.results import read_results
from abm.scenarios.extensionfile import load_extensions
from abm.scenarios.scenario import load_scenario
from abm.sweeps.design.point_file import read_points
from abm.sweeps.plan.experimentfile import load_experiment
from abm.sweeps.store.manifest import Manifest
from abm.world.built import read_built
from abm.world.network import load_network
from abm.world.place_loading import load_place
from abm.world.publishers import read_folder

MOST_MEMORY = 64 * bounds.MIB
"""Bytes that refusing a file may take, whatever it would unfold into."""
DEADLINE = 20
"""Seconds after which an opened pipe counts as waited for."""
SCENARIO = "name: x\nplace: south_somerset\n"


@pytest.fixture(scope="session")
def scratch(tmp_path_factory) -> Path:
    """Return a folder that many examples may use, one after the other."""
    return tmp_path_factory.mktemp("scratch")


def refusal(reader, *arguments) -> str:
    """Return what a reader says of what it refuses, and check that it took little memory to say so."""
    tracemalloc.start()
    try:
        with pytest.raises((InvalidInput, ValueError)) as raised:
            reader(*arguments)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MOST_MEMORY, peak
    return str(raised.value)


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(f"{name}.npy", content)
    return path


def array_bytes(values, shape: str | None = None) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values)
    content = stream.getvalue()
    return content if shape is None else content.replace(str(values.shape).encode(), shape.encode())


# Archives of NumPy


@given(
    st.lists(
        st.sampled_from(["<f8", "<i8", "<U3", "|b1", "<f4"]).flatmap(
            lambda kind: st.tuples(st.just(kind), st.lists(st.integers(0, 4), max_size=3))
        ),
        max_size=5,
    )
)
def test_arrays_come_back_as_numpy_reads_them(scratch, kinds):
    rng = np.random.default_rng(1)
    arrays = {
        f"a{place}": rng.integers(0, 9, size=shape).astype(kind) for place, (kind, shape) in enumerate(kinds)
    }
    path = scratch / "arrays.npz"
    np.savez_compressed(path, **arrays)
    found = read_arrays(path, bounds.MIB)
    assert list(found) == list(arrays)
    for name, values in arrays.items():
        np.testing.assert_array_equal(found[name], values)
        assert found[name].dtype == values.dtype and found[name].flags.writeable


@pytest.fixture(scope="module")
def bomb(tmp_path_factory) -> Path:
    """Write an archive of a few megabytes that expands to more than a gigabyte."""
    path = tmp_path_factory.mktemp("bomb") / "bomb.npz"
    piece = bytes(16 * bounds.MIB)
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made,
        made.open("header.npy", "w") as member,
    ):
        member.write(array_bytes(np.zeros(1))[:128])
        for _ in range(bounds.GIB // len(piece)):
            member.write(piece)
    assert path.stat().st_size < 8 * bounds.MIB
    return path


@pytest.mark.parametrize("read_one", [read_built, Snapshot.read])
def test_an_archive_that_unfolds_into_gigabytes_is_refused_unread(bomb, read_one):
    assert "bytes when it is unzipped; abm reads up to" in refusal(read_one, bomb)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (array_bytes(np.zeros(4), "(9999999999999,)"), "says that it holds"),
        (array_bytes(np.zeros(4), "(-4,)"), "says that it holds"),
        (array_bytes(np.zeros(4), "(3,)"), "does not have the size"),
        (b"\x93NUMPY\x01\x00", ""),
        (b"no array", ""),
        (array_bytes(np.zeros(4))[:-3], "does not have the size"),
    ],
)
def test_an_array_must_have_the_size_that_it_says(tmp_path, content, told):
    path = archive(tmp_path / "a.npz", header=content)
    assert told in refusal(read_arrays, path, bounds.GIB)
    assert "is no built place" in refusal(read_built, path)


def test_objects_are_not_unpickled(tmp_path):
    np.savez(tmp_path / "a.npz", header=np.array([{}], dtype=object), allow_pickle=True)
    assert "holds objects" in refusal(read_arrays, tmp_path / "a.npz", bounds.MIB)


def test_an_archive_of_too_many_or_twice_named_parts_is_refused(tmp_path):
    one = array_bytes(np.zeros(1))
    many = archive(tmp_path / "many.npz", **{f"a{place}": one for place in range(bounds.ARCHIVE_ARRAYS + 1)})
    assert f"holds {bounds.ARCHIVE_ARRAYS + 1:,} arrays" in refusal(read_arrays, many, bounds.GIB)
    with zipfile.ZipFile(tmp_path / "listed.npz", "w") as made:
        for place in range(12_000):
            made.writestr(f"{place:060}.npy", b"")
    assert "holds a list of" in refusal(read_arrays, tmp_path / "listed.npz", bounds.GIB)
    with zipfile.ZipFile(tmp_path / "twice.npz", "w") as made:
        made.writestr("a.npy", one)
        with pytest.warns(UserWarning, match="Duplicate name"):
            made.writestr("a.npy", one)
    assert "two arrays of one name" in refusal(read_arrays, tmp_path / "twice.npz", bounds.GIB)


@given(st.binary(max_size=200))
def test_no_bytes_make_an_archive_reader_fail_otherwise(scratch, content):
    path = scratch / "bytes.npz"
    for body in (content, b"PK\x03\x04" + content, content + b"PK\x05\x06" + bytes(18)):
        path.write_bytes(body)
        for read_one in (read_built, Snapshot.read):
            with pytest.raises(InvalidInput):
                read_one(path)


# gzip and comma-separated files


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(0, 5))
def test_parts_of_gzip_unfold_as_gzip_reads_them(parts, padding):
    content = b"".join(map(gzip.compress, parts)) + bytes(padding)
    assert unzipped(content, bounds.MIB) == b"".join(parts)
    with pytest.raises(ValueError, match="its end is missing|not what gzip wrote"):
        unzipped(content[: len(gzip.compress(parts[0])) - 1], bounds.MIB)


def test_a_small_file_of_gzip_cannot_unfold_into_gigabytes(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "SHEET_BYTES", 4 * bounds.MIB)
    with gzip.open(tmp_path / "flows.csv.gz", "wb", compresslevel=1) as stream:
        stream.write(b"commissioner_code,provider_code,share\n")
        for _ in range(200):
            stream.write(bytes(bounds.MIB))
    assert "is larger than 4,194,304 bytes when it is unzipped" in refusal(read_folder, tmp_path)
    with pytest.raises(Excess, match="parts"):
        unzipped(gzip.compress(b"") * (bounds.GZIP_PARTS + 1), bounds.MIB)


def test_a_sheet_has_a_limit_of_cells_and_holds_text(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "SHEET_CELLS", 100)
    head = "commissioner_code,provider_code,share\n"
    (tmp_path / "flows.csv").write_text(head + "A,B,0.5\n" * 100, encoding="utf-8")
    assert "holds more than 100 cells" in refusal(read_folder, tmp_path)
    (tmp_path / "flows.csv").write_text(head + "A,B\x1b[31m,0.5\n", encoding="utf-8")
    told = refusal(read_folder, tmp_path)
    assert "flows.csv:2" in told and r"'B\x1b[31m'" in told


# GraphML

GRAPH = '<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><graph edgedefault="undirected">{}</graph></graphml>'


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("".join(f'<node id="{n}"/>' for n in range(bounds.GRAPHML_NODES + 1)), "25,000 nodes"),
        ('<edge source="a" target="b"/>' * (bounds.GRAPHML_EDGES + 1), "160,000 edges"),
        ("<data>" * 40 + "</data>" * 40, "32 levels"),
        (f'<node id="{"a" * (4 * bounds.MIB)}"/>', "bytes in one tag"),
        ('<node id="a"/>\n<node id="b"/>\n<node id="a"/>', "node 'a' is given twice, first on line 1"),
    ],
)
def test_a_network_with_too_much_of_anything_is_refused(tmp_path, body, told):
    path = tmp_path / "a.graphml"
    path.write_text(GRAPH.format(body), encoding="utf-8")
    assert told in refusal(load_network, path)


@pytest.mark.parametrize("declared", ['<!ENTITY a "b">', '<!ENTITY a SYSTEM "/etc/hostname">', ""])
def test_a_network_declares_no_entities(tmp_path, declared):
    path = tmp_path / "a.graphml"
    path.write_text(f"<!DOCTYPE graphml [{declared}]>\n" + GRAPH.format("&a;"), encoding="utf-8")
    assert "declares a document type" in refusal(load_network, path)


def test_a_network_has_a_limit_of_elements(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "GRAPHML_ELEMENTS", 3)
    path = tmp_path / "a.graphml"
    path.write_text(GRAPH.format("<data/>" * 4), encoding="utf-8")
    assert "3 elements" in refusal(load_network, path)


# YAML


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x: " + "a" * bounds.YAML_BYTES, "is larger than 4,194,304 bytes"),
        ("x: [" + "1," * (bounds.YAML_VALUES + 1) + "1]", "more than 100,000 values"),
        ("\n".join(f"k{n}: 1" for n in range(bounds.YAML_KEYS + 1)), "more than 2,000 keys"),
        ("? " + "k" * 500 + "\n: 1", "has 500 characters; a key has up to 200"),
        ("x:\n" + "".join(f"{' ' * n}-\n" for n in range(1, 60)), "nests deeper than 32 levels"),
        ("x: " + "[" * 100_000, "nests deeper than 32 levels"),
        ("a: &a [" + "1," * 500 + "1]\nb: [" + "*a," * 30 + "*a]", "aliases repeat more than 10,000 values"),
        ("seed: " + "9" * 5000, "abm reads up to 100"),
        ("seed: 0x" + "f" * 5000, "abm reads up to 100"),
        ("seed: 0o" + "7" * 5000, "abm reads up to 100"),
        ("seed: 1e999999", "larger than any number"),
        ('name: "a\\x1b[31m"', "holds the character 0x1b"),
        ('name: "a\\u202Eb"', "holds the character U+202E"),
        ('"a\\x07": 1', "holds the character 0x07"),
        ("name: a\u2066b", "character U+2066 is not text"),
        ("name: a\ud800b", "character U+D800 is not text"),
    ],
)
def test_a_yaml_file_has_limits(tmp_path, text, told):
    path = tmp_path / "a.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert told in complaints_of(text, path)
    for reader in (load_scenario, load_place, load_study, load_experiment):
        with pytest.raises(InvalidInput):
            reader(path)


def complaints_of(text: str, path: Path) -> str:
    """Return what is wrong with a YAML file, or with a text that no file can hold."""
    try:
        found = Document.parse(text, "a.yaml") if "\ud800" in text else Document.read(path)
    except InvalidInput as error:
        return str(error)
    return "\n".join(map(str, found.problems))


@pytest.mark.parametrize(
    "text",
    [
        SCENARIO + "\n".join(f"k{n}: 1" for n in range(1900)),
        SCENARIO + "levers:\n" + "\n".join(f"  leadership.k{n}: 1" for n in range(1900)),
        SCENARIO + "parameters:\n" + "\n".join(f"  trust.k{n}: 1" for n in range(1900)),
        SCENARIO + "policies: [" + ",".join(f"p{n}" for n in range(20_000)) + "]",
        SCENARIO + "replaces: [" + ",".join(f"leadership.p{n}" for n in range(20_000)) + "]",
        SCENARIO + "\n".join("levers: {a.b: 1}" for _ in range(5_000)),
        SCENARIO + "\n".join("levers:\n" + "\n".join(f"  l.k{n}: 1" for n in range(500)) for _ in range(20)),
    ],
    ids=["keys", "levers", "parameters", "policies", "replaces", "repeated", "repeated mappings"],
)
def test_of_many_problems_the_first_are_told_and_the_rest_counted(tmp_path, text):
    path = tmp_path / "a.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as raised:
        load_scenario(path)
    problems = raised.value.problems
    assert len(problems) == MOST_PROBLEMS + 1
    assert isinstance(problems[-1], Further) and "more problem" in problems[-1].message


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 90)), min_size=1, max_size=300))
def test_counts_of_problems_add_up_however_they_are_put_together(found):
    problems = [Problem(file, line, f"wrong {place}") for place, (file, line) in enumerate(found)]
    half = len(problems) // 2
    parts = [InvalidInput(part).problems for part in (problems[:half], problems[half:]) if part]
    whole = InvalidInput(problem for part in parts for problem in part)
    told = [problem for problem in whole.problems if not isinstance(problem, Further)]
    counted = sum(problem.count for problem in whole.problems if isinstance(problem, Further))
    assert len(told) + counted == len(problems)
    assert max(sum(problem.file == file for problem in told) for file in "ab") <= MOST_PROBLEMS


# Parquet and JSON of a stranger's sweep or results


def test_a_table_of_endless_rows_or_texts_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "TABLE_BYTES", 16 * bounds.MIB)
    rows = pa.table({"x": pa.array(np.zeros(3_000_000))})
    pq.write_table(rows, tmp_path / "rows.parquet")
    assert (tmp_path / "rows.parquet").stat().st_size < bounds.MIB
    assert "expands to" in refusal(read_table, tmp_path / "rows.parquet")
    assert "expands to" in refusal(read_points, tmp_path / "rows.parquet")
    texts = pa.table({"x": pa.array(["a" * 100_000] * 1000)})
    pq.write_table(texts, tmp_path / "texts.parquet")
    assert (tmp_path / "texts.parquet").stat().st_size < bounds.MIB
    assert "bytes of text" in refusal(read_table, tmp_path / "texts.parquet")


@given(st.lists(st.one_of(st.none(), st.text(max_size=5)), max_size=40))
def test_texts_of_a_table_come_back_as_they_were(scratch, texts):
    path = scratch / "texts.parquet"
    kept = [None if text is None else text.encode("utf-8", "replace").decode() for text in texts]
    table = pa.table({"t": pa.array(kept, pa.string()), "x": pa.array(range(len(kept)), pa.int64())})
    pq.write_table(table, path, row_group_size=7)
    assert read_table(path).to_pydict() == table.to_pydict()


@pytest.mark.parametrize("content", ["[" * 100_000, "{", "[1]", '{"format": 1e999}', "9" * 5000, ""])
def test_a_manifest_that_is_none_is_told(tmp_path, content):
    (tmp_path / "manifest.json").write_text(content, encoding="utf-8")
    assert "manifest.json" in refusal(Manifest.read, tmp_path)
    for name in ("runs.parquet", "months.parquet"):
        (tmp_path / name).touch()
    assert str(tmp_path) in refusal(read_results, tmp_path)


# What is no regular file

READERS = {
    "a.yaml": load_scenario,
    "b.yaml": load_place,
    "c.yaml": load_experiment,
    "d.yaml": load_study,
    "a.npz": read_built,
    "b.npz": Snapshot.read,
    "a.graphml": load_network,
    "manifest.json": lambda path: Manifest.read(path.parent),
    "epraccur.csv": lambda path: read_folder(path.parent),
    "other.csv.gz": lambda path: read_folder(path.parent),
    "own.py": lambda path: load_extensions([path]),
    "any": lambda path: read_content(path, 10),
}


@pytest.mark.parametrize("kind", ["pipe", "device", "directory", "missing", "loop"])
@pytest.mark.parametrize("name", READERS)
def test_pipes_devices_and_directories_are_told_and_never_waited_for(tmp_path, name, kind):
    path = tmp_path / name
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "directory":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path)
    found: list[BaseException] = []

    def attempt() -> None:
        try:
            READERS[name](path)
        except (InvalidInput, OSError) as error:
            found.append(error)

    worker = threading.Thread(target=attempt, daemon=True)
    worker.start()
    worker.join(DEADLINE)
    assert not worker.is_alive() and len(found) == 1
