"""A small sweep to carry in different ways, and what there is to compare afterwards."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

import abm
from abm.files.destination import Destination
from abm.sweeps.plan.experimentfile import load_experiment
from abm.sweeps.plan.plan import ShardSize, plan_sweep

if TYPE_CHECKING:
    from abm.sweeps.store.manifest import Manifest

EXPERIMENT = """\
name: small
scenarios: [baseline, leadership_with_reform]
levers:
  competition.strictness: [0.15, 0.4, 0.7]
  leadership.effort: {values: [0.15, 0.8], at: 1}
design: full_factorial
replicates: 32
horizon_years: 5
"""
SHARD_RUNS = 16
SORTED_BY = [("scenario", "ascending"), ("point", "ascending"), ("replicate", "ascending")]


def planned(folder: Path) -> Manifest:
    """Plan the sweep: two scenarios, six points, 32 replicates in 24 shards."""
    file = folder / "small.yaml"
    file.write_text(EXPERIMENT)
    return plan_sweep(load_experiment(file), Destination(folder / "small"), ShardSize(runs=SHARD_RUNS))


def copied(manifest: Manifest, directory: Path) -> Path:
    """Copy a sweep as it was planned."""
    shutil.copytree(manifest.directory, directory)
    return directory


def data(directory: Path) -> dict[str, bytes]:
    """Return the data of the sorted tables of a sweep, without what the files say of themselves."""
    tables = abm.open_sweep(directory)
    return {
        "runs": serialised(tables.runs.to_table().sort_by(SORTED_BY)),
        "months": serialised(tables.months.to_table().sort_by([*SORTED_BY, ("month", "ascending")])),
    }


def serialised(table: Any) -> bytes:
    """Return the bytes of a table's columns."""
    plain = table.replace_schema_metadata(None).combine_chunks()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, plain.schema) as writer:
        writer.write_table(plain)
    return sink.getvalue().to_pybytes()
