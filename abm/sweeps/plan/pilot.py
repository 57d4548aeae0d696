"""Time the first runs of a planned sweep; a plan of foreign code calls this in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from abm.files.parquet import encoded
from abm.sweeps.design.inputs import Inputs
from abm.sweeps.store.manifest import Manifest
from abm.sweeps.store.shard import tables_of


def timed_batches(request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Time batches of the only block of a manifest, after a warm-up with the first.

    Parameters
    ----------
    request : mapping
        ``directory`` and ``content`` of the manifest; ``first``, the batch to begin with; ``seconds``, the time after
        which no further batch begins.

    Yields
    ------
    dict
        Runs of a batch, the seconds that they took, and the bytes that their tables take on disk and in memory.
    """
    with TemporaryDirectory() as scratch:
        manifest = Manifest(Path(request["directory"]), request["content"])
        # Files that a model writes stay out of the sweep.
        manifest.inputs = Inputs(request["content"]["inputs"], Path(scratch))
        first = min(request["first"], manifest.shards - 1)
        tables_of(manifest, manifest.shard(first), 1)
        begun = time.perf_counter()
        for number in range(first, max(manifest.shards, first + 1)):
            started = time.perf_counter()
            shard = manifest.shard(number)
            tables = [table for table in tables_of(manifest, shard, 1)[:2] if table is not None]
            yield {
                "runs": shard.runs,
                "seconds": time.perf_counter() - started,
                "bytes": sum(encoded(table).size for table in tables),
                "memory": sum(table.nbytes for table in tables),
            }
            if time.perf_counter() - begun >= request["seconds"]:
                return
