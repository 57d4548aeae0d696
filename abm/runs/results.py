"""Write and read a directory of results: two tables, and a manifest that says how to make them again.

A directory holds ``runs.parquet`` (a row for each run), ``months.parquet`` (month 0 to T of each run that
was simulated), ``manifest.json`` and a report. The tables carry the hash of the manifest, so that neither can be
taken for another's.
"""

import hashlib
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from abm.errors import InvalidInput, Problem
from abm.files.destination import MANIFEST, MONTHS, RUNS
from abm.files.parquet import encoding, read_table
from abm.records import bounds, plain_json, read_content
from abm.runs.batches import Failure
from abm.runs.provenance import code_version, interpreter, package_versions
from abm.runs.run import Columns, Measured, Tables

FORMAT = "abm results"
FORMAT_VERSION = 1
UNHASHED = ("invocation", "manifest_sha256")
METADATA_KEY = b"abm.manifest_sha256"
FORMAT_KEY = b"abm.format_version"
TEXT_KEYS = ("run_id", "scenario", "status", "error")
DONE, FAILED = "done", "failed"

KEY_MEANINGS = {
    "run_id": "Identity of the run: hash of its scenario, seed, replicate and the model's sources",
    "scenario": "Name of the scenario",
    "point": "Position of the scenario in the design, from 0",
    "seed": "Seed of every draw of the run",
    "replicate": "Which accident of fate, from 0; the same for every scenario",
    "month": "Month of the run, 0 at the start",
    "status": "'done', or 'failed' when the run could not be simulated",
    "error": "Why the run failed",
}


@dataclass(frozen=True)
class Column:
    """Description of a column that no measure describes."""

    name: str
    label: str
    unit: str
    definition: str
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True, eq=False)
class Results:
    """Results read from a directory.

    Attributes
    ----------
    tables : Tables
        Runs that were simulated, with outcomes, and their months.
    failures : tuple of (str, str)
        Run id and reason of those that were not.
    manifest : dict
        How they were made.
    """

    tables: Tables
    failures: tuple[tuple[str, str], ...]
    manifest: dict[str, Any]


def write_results(
    directory: Path,
    tables: Tables,
    failures: Sequence[Failure],
    manifest: Mapping[str, Any],
    described: Sequence[Measured],
) -> None:
    """Write both tables and the manifest.

    Parameters
    ----------
    directory : Path
        An existing directory, such as `Destination.staged` gives.
    tables : Tables
        Runs that were simulated.
    failures : sequence of Failure
        Runs that were not; they have a row in runs.parquet, with empty outcomes.
    manifest : mapping
        From `manifest_of`.
    described : sequence of Measured
        Unit, range and definition of measures, outcomes and other columns.
    """
    stamp = {METADATA_KEY: manifest["manifest_sha256"].encode(), FORMAT_KEY: str(FORMAT_VERSION).encode()}
    meanings = {description.name: description for description in described}
    _write_table(directory / RUNS, _runs_table(tables, failures), meanings, stamp)
    _write_table(directory / MONTHS, _table(tables.months), meanings, stamp)
    text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False)
    (directory / MANIFEST).write_text(text + "\n", encoding="utf-8")


def manifest_of(
    design: Mapping[str, Any],
    scenarios: Mapping[str, Any],
    generator: str,
    counts: Mapping[str, int],
    invocation: Mapping[str, Any],
) -> dict[str, Any]:
    """Describe how results were made, so that they can be made again.

    Parameters
    ----------
    design : mapping
        Plain values that name every run.
    scenarios : mapping
        Name of each scenario to everything it resolves to, as plain values.
    generator : str
        Name of the generator of draws.
    counts : mapping of str to int
        Runs asked for, done and failed.
    invocation : mapping
        Command, time, workers: what may differ between two productions of the same results. It is not hashed.

    Returns
    -------
    dict
        With ``manifest_sha256`` over everything but itself and ``invocation``.
    """
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "design": dict(design),
        "design_sha256": content_hash(design),
        "scenarios": dict(scenarios),
        "draws": {"generator": generator, "seeds": [design["seed"]], "replicates": design["replicates"]},
        "runs": dict(counts),
        "code": dict(code_version()),
        "packages": package_versions(),
        "python": interpreter(),
        "invocation": dict(invocation),
    }
    manifest["manifest_sha256"] = manifest_hash(manifest)
    return manifest


def manifest_hash(manifest: Mapping[str, Any]) -> str:
    """Return the hash of a manifest, without its invocation and the hash itself."""
    return content_hash({key: value for key, value in manifest.items() if key not in UNHASHED})


def content_hash(content: Any) -> str:
    """Return the SHA-256 of plain values, written as JSON with sorted keys and no spaces."""
    canonical = json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def read_results(directory: Path) -> Results:
    """Read what `write_results` wrote.

    Raises
    ------
    InvalidInput
        If a file is missing, unreadable, or was not written with the manifest.
    """
    missing = [name for name in (RUNS, MONTHS, MANIFEST) if not (directory / name).is_file()]
    if missing:
        raise InvalidInput(
            Problem(os.fspath(directory / name), None, "is missing; name a directory that abm wrote")
            for name in missing
        )
    try:
        manifest = plain_json(read_content(directory / MANIFEST, bounds.JSON_BYTES))
        runs, months = read_table(directory / RUNS), read_table(directory / MONTHS)
    except (ValueError, OSError, pa.ArrowException) as error:
        raise InvalidInput([Problem(os.fspath(directory), None, f"cannot be read ({error})")]) from None
    problems = [
        Problem(
            os.fspath(directory / name),
            None,
            "was not made with the manifest beside it; make the results again",
        )
        for name, table in ((RUNS, runs), (MONTHS, months))
        if (table.schema.metadata or {}).get(METADATA_KEY) != manifest_hash(manifest).encode()
    ]
    if problems:
        raise InvalidInput(problems)
    is_done = np.array([status == DONE for status in runs["status"].to_pylist()], dtype=np.bool_)
    run_columns = _columns(runs.drop_columns(["status", "error"]).filter(pa.array(is_done)))
    failed = runs.filter(pa.array(~is_done))
    return Results(
        tables=Tables(runs=run_columns, months=_columns(months)),
        failures=tuple(zip(failed["run_id"].to_pylist(), failed["error"].to_pylist(), strict=True)),
        manifest=manifest,
    )


def table_bytes(columns: Columns) -> bytes:
    """Return a table as the content of a Parquet file."""
    stream = pa.BufferOutputStream()
    pq.write_table(pa.table(dict(columns)), stream, compression="zstd")
    return bytes(stream.getvalue())


def _table(columns: Columns) -> pa.Table:
    """Return columns as a table, with NaN as missing."""
    return pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})


def _runs_table(tables: Tables, failures: Sequence[Failure]) -> pa.Table:
    done = _table(tables.runs)
    rows = done.num_rows
    done = done.append_column("status", pa.array([DONE] * rows, pa.string()))
    done = done.append_column("error", pa.nulls(rows, pa.string()))
    if not failures:
        return done
    failed = pa.table(
        {
            "run_id": [failure.run.run_id for failure in failures],
            "scenario": [failure.run.scenario.name for failure in failures],
            "point": pa.array([failure.run.point for failure in failures], pa.int64()),
            "seed": pa.array([failure.run.seed for failure in failures], pa.uint64()),
            "replicate": pa.array([failure.run.replicate for failure in failures], pa.int64()),
            "status": [FAILED] * len(failures),
            "error": [failure.message for failure in failures],
        }
    )
    everything = pa.concat_tables([done, failed], promote_options="default")
    return everything.sort_by([("point", "ascending"), ("replicate", "ascending")])


def _write_table(
    path: Path, table: pa.Table, meanings: Mapping[str, Measured], stamp: Mapping[bytes, bytes]
) -> None:
    fields = [field.with_metadata(meaning(field.name, meanings)) for field in table.schema]
    table = table.cast(pa.schema(fields, metadata=dict(stamp)))
    pq.write_table(table, path, **encoding(table.schema))


def meaning(name: str, meanings: Mapping[str, Measured]) -> dict[str, str]:
    """Describe a column for readers who open the table without abm."""
    if name in meanings:
        description = meanings[name]
        ends = {"low": description.low, "high": description.high}
        return {
            "label": description.label,
            "unit": description.unit,
            **{end: f"{value:g}" for end, value in ends.items() if math.isfinite(value)},
            "definition": description.definition,
        }
    if name in KEY_MEANINGS:
        return {"definition": KEY_MEANINGS[name]}
    return {}


def _columns(table: pa.Table) -> Columns:
    columns: dict[str, NDArray[Any]] = {}
    for name in table.column_names:
        values = table[name].to_numpy()
        columns[name] = values.astype(np.str_) if name in TEXT_KEYS else values
    return columns
