"""Plan a sweep: make its points, try a few of its runs, cut it into shards, and write the manifest."""

import json
import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from abm.errors import InvalidInput, Problem
from abm.files.destination import Destination
from abm.files.durable import put
from abm.files.parquet import encoded
from abm.runs.batches import LANES
from abm.runs.failures import last_printed
from abm.runs.fresh_process import ProcessAnswer, call_in_fresh_process
from abm.runs.provenance import code_version, interpreter, package_versions
from abm.runs.results import content_hash, manifest_hash, meaning
from abm.runs.run import Measured
from abm.sweeps.design.point_file import encoded_points
from abm.sweeps.design.point_table import POINTS, Points
from abm.sweeps.plan.experimentfile import Experiment, described_experiment, described_keep
from abm.sweeps.store.manifest import FORMAT, FORMAT_VERSION, MANIFEST, Manifest
from abm.sweeps.store.shard import SHARDS, tables_of

SWEEP_FILES = (MANIFEST, POINTS, "inputs", SHARDS, "compact", "lock.json", "slurm", "ro-crate-metadata.json")
SHARD_SECONDS = 60.0
FEWEST_RUNS, MOST_RUNS = 100, 1_000
"""Usual runs in a shard: enough to fill lanes and to justify a commit, few enough to lose when a worker dies."""
MOST_RUNS_ASKED = 100_000
MOST_SHARD_SECONDS = 1_800.0
MOST_SHARD_BYTES = 256 << 20
"""Memory that the months of a shard may take."""
SHARDS_TO_SHARE = 16
"""Shards into which even a small sweep is cut if possible, so that several workers share them."""
PILOT_SECONDS = 0.5
PILOT = "abm.sweeps.plan.pilot:timed_batches"
APART_RUNS = 2
"""Runs in a batch of foreign code that is tried."""
MOST_DEATHS = 4
"""How often such a trial may end its process before the plan gives up."""


@dataclass(frozen=True)
class ShardSize:
    """The wanted size of shards.

    Attributes
    ----------
    seconds : float
        Time that one takes; by default it has between 100 and 1,000 runs.
    runs : int or None
        Runs in each, whatever time they take.
    pilot_seconds : float
        How long runs are tried to measure their time; one batch at least.
    """

    seconds: float = SHARD_SECONDS
    runs: int | None = None
    pilot_seconds: float = PILOT_SECONDS

    def fitting(self, pilot: "Pilot", runs: int) -> int:
        """Compute the runs of a shard.

        Parameters
        ----------
        pilot : Pilot
            Measured cost of a run.
        runs : int
            All runs.
        """
        if self.runs is not None:
            return self.runs
        wanted = self.seconds / pilot.seconds_per_run
        if self.seconds == SHARD_SECONDS:
            wanted = min(max(wanted, FEWEST_RUNS), MOST_RUNS, math.ceil(runs / SHARDS_TO_SHARE))
        most = min(
            MOST_RUNS_ASKED,
            MOST_SHARD_SECONDS / pilot.seconds_per_run,
            MOST_SHARD_BYTES / pilot.memory_per_run,
        )
        return max(math.ceil(min(wanted, most) / LANES), 1) * LANES


AS_A_RULE = ShardSize()


@dataclass(frozen=True)
class Pilot:
    """Measured cost of a few runs.

    Attributes
    ----------
    seconds_per_run : float
        On one processor of this machine, kernels compiled.
    bytes_per_run : float
        On disk.
    memory_per_run : float
        Bytes of months that a shard holds before it is written.
    """

    seconds_per_run: float
    bytes_per_run: float
    memory_per_run: float

    def described(self) -> dict[str, float]:
        """Return the costs as plain values."""
        return {name: round(value, 6) for name, value in vars(self).items()}


def plan_sweep(
    experiment: Experiment, destination: Destination, size: ShardSize = AS_A_RULE, invocation: str = ""
) -> Manifest:
    """Plan a sweep and write its directory.

    Parameters
    ----------
    experiment : Experiment
        As checked.
    destination : Destination
        Directory of the sweep.
    size : ShardSize
        Size of the shards.
    invocation : str
        Command that planned the sweep, for the manifest.

    Returns
    -------
    Manifest
        As written.

    Raises
    ------
    InvalidInput
        If the directory cannot be created, or the model refuses the first points.
    """
    points = experiment.record.points.points
    with destination.staged() as directory:
        put(directory / POINTS, encoded_points(points))
        content = _drafted(experiment, points)
        content["blocks"], pilots = cut(
            Manifest(directory, content), points, (0, len(points)), (0, experiment.record.replicates), size
        )
        content["invocation"] = {
            "command": invocation,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "pilots": [pilot.described() for pilot in pilots],
        }
        write(directory, content)
    return Manifest.read(destination.path)


def write(directory: Path, content: dict[str, Any]) -> None:
    """Write a manifest with its own hash, durably."""
    content["manifest_sha256"] = manifest_hash(content)
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    put(directory / MANIFEST, (text + "\n").encode())


def cut(
    manifest: Manifest, points: Points, rows: tuple[int, int], replicates: tuple[int, int], size: ShardSize
) -> tuple[list[dict[str, Any]], list[Pilot]]:
    """Cut every combination of the bases, some points and some replicates into blocks of shards.

    Returns
    -------
    blocks : list of dict
        As a manifest holds them.
    pilots : list of Pilot
        One for each block.
    """
    blocks: list[dict[str, Any]] = []
    pilots: list[Pilot] = []
    spread = {
        "points": list(rows),
        "replicates": list(replicates),
        "points_sha256": points.rows(*rows).content_hash,
    }
    each = (rows[1] - rows[0]) * (replicates[1] - replicates[0])
    for group in _alike(manifest):
        tried = _tried_apart if manifest.bases[group[0]].is_foreign else _piloted
        pilot = tried(manifest, {"bases": group, **spread, "shard_runs": LANES}, size.pilot_seconds)
        runs = size.fitting(pilot, each * len(group))
        # A shard of one base reads a range of points; where bases are small, several fill a shard together.
        parts = [group] if each < runs else [[base] for base in group]
        blocks += [{"bases": part, **spread, "shard_runs": runs} for part in parts]
        pilots += [pilot] * len(parts)
    return blocks, pilots


def _alike(manifest: Manifest) -> list[list[int]]:
    """Group the bases whose runs may share a batch."""
    groups: dict[Any, list[int]] = {}
    for number, base in enumerate(manifest.bases):
        scenario = base.scenario
        kind = (scenario.place, scenario.months, scenario.substeps, scenario.code_hash, base.simulate)
        groups.setdefault(kind, []).append(number)
    return list(groups.values())


def _piloted(manifest: Manifest, described: Mapping[str, Any], seconds: float) -> Pilot:
    """Time a batch after a warm-up, and further batches if that was quick."""
    trial = Manifest(manifest.directory, {**manifest.content, "blocks": [described]})
    trial.__dict__["bases"] = manifest.bases
    first = trial.shard(0)
    tables_of(trial, first, LANES)
    runs = size = memory = 0
    started = time.perf_counter()
    while time.perf_counter() - started < seconds or runs == 0:
        tables = [table for table in tables_of(trial, first, LANES)[:2] if table is not None]
        runs += first.runs
        size += sum(encoded(table).size for table in tables)
        memory += sum(table.nbytes for table in tables)
    return Pilot((time.perf_counter() - started) / runs, size / runs, memory / runs)


def _tried_apart(manifest: Manifest, described: Mapping[str, Any], seconds: float) -> Pilot:
    """Time a few runs of foreign code in a process of their own, which they may end."""
    request = {
        "directory": os.fspath(manifest.directory.resolve()),
        "content": {**manifest.content, "blocks": [{**described, "shard_runs": APART_RUNS}]},
        "seconds": seconds,
    }
    batches: list[dict[str, Any]] = []
    answer = ProcessAnswer([], "", "")
    for start in range(MOST_DEATHS):
        # The batch in which a process ended is skipped; its runs are left to the sweep.
        answer = call_in_fresh_process(PILOT, {**request, "first": len(batches) + start})
        batches += answer.values
        if batches or not answer.ending:
            break
    if not batches:
        told = f"each of the first runs that were tried {answer.ending}"
        told += last_printed(answer.printed)
        raise InvalidInput([Problem(manifest.bases[described["bases"][0]].name, None, told)])
    runs = sum(batch["runs"] for batch in batches)
    return Pilot(*(sum(batch[key] for batch in batches) / runs for key in ("seconds", "bytes", "memory")))


def _described_whole(experiment: Experiment) -> dict[str, list[str]]:
    """Return the names of integer columns; none for our own scenarios, whose numbers are all real."""
    if not experiment.record.keeps_whole:
        return {}
    dimensions = experiment.record.points.dimensions
    names = [name for name, one in dimensions.items() if one.is_whole]
    return {"whole": sorted({*names, *(name for base in experiment.bases for name in base.whole)})}


def _drafted(experiment: Experiment, points: Points) -> dict[str, Any]:
    """Return a manifest without blocks."""
    record, bases = experiment.record, experiment.bases
    described = [base.described() for base in bases]
    measures: dict[str, Measured] = {one.name: one for base in bases for one in base.measures}
    outcomes: dict[str, Measured] = {one.name: one for base in bases for one in base.outcomes}
    columns: dict[str, Measured] = {**measures, **outcomes}
    kept = [*experiment.measures, *outcomes]
    content: dict[str, Any] = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "experiment": described_experiment(record),
        "bases": [one for one, _ in described],
        "seed": record.seed,
        "replicates": record.replicates,
        "common_random_numbers": record.common_random_numbers,
        "keep": described_keep(record, experiment.measures, list(outcomes)) | _described_whole(experiment),
        "most_failed": record.most_failed,
        "points": {
            "count": len(points),
            "sha256": points.content_hash,
            "parts": [{"design": record.points.described()["design"], "rows": [0, len(points)]}],
        },
        "columns": [{"name": name, "meaning": meaning(name, columns)} for name in kept],
        "blocks": [],
        "draws": sorted({base.generator for base in bases}),
        "inputs": {identity: bundle for _, bundles in described for identity, bundle in bundles.items()},
        "code": dict(code_version()),
        "packages": package_versions(),
        "python": interpreter(),
    }
    content["design_sha256"] = content_hash(
        {
            key: content[key]
            for key in ("experiment", "bases", "seed", "common_random_numbers", "keep", "points")
        }
    )
    return content
