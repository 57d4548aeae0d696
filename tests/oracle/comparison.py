"""Run the oracle beside the compiled form, and find the first thing on which they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.core.batch import Batch, Lane
from abm.scenarios.simulate import make_batch
from abm.world.place import Place

from .model import OracleModel

TOLERANCE = 1e-9
"""Largest difference between two numbers that are the same but for rounding."""

Snapshot = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Difference:
    """Describe where the two forms first differ."""

    month: int
    lane: int
    name: str
    size: float


def make_oracles(place: Place, lanes: Sequence[Lane], substeps: int = 1) -> list[OracleModel]:
    """Build an oracle for each lane."""
    return [
        OracleModel(place, dict(lane.parameters), lane.levers, lane.seed, lane.replicate, substeps)
        for lane in lanes
    ]


def gap(expected: Any, found: Any) -> float:
    """Return the largest absolute difference; NaN equals NaN, and nothing else."""
    expected, found = np.asarray(expected, dtype=np.float64), np.asarray(found, dtype=np.float64)
    if expected.shape != found.shape:
        return np.inf
    both_missing = np.isnan(expected) & np.isnan(found)
    differences = np.where(both_missing, 0.0, np.abs(expected - found))
    return float(np.nan_to_num(differences, nan=np.inf).max(initial=0.0))


def compare_month(batch: Batch, oracles: Sequence[OracleModel]) -> Difference | None:
    """Return the first difference in state or measures, if there is any."""
    measures = batch.measures()
    state = read_state(batch)
    for lane, oracle in enumerate(oracles):
        for name, expected in oracle.snapshot().items():
            size = gap(expected, state[name][..., lane])
            if not size <= TOLERANCE:
                return Difference(batch.month, lane, name, size)
        for name, value in oracle.measures().items():
            size = gap([value], [measures[name][lane]])
            if not size <= TOLERANCE:
                return Difference(batch.month, lane, f"measure {name}", size)
    return None


def read_state(batch: Batch) -> dict[str, NDArray[Any]]:
    """Return the arrays of a batch, and what the oracle reckons apart: attention, and divergence by side."""
    arrays = batch.state.arrays
    segment = batch.place.segment
    total = arrays["attention_total"][segment]
    share = np.minimum(arrays["attention_weight"] / np.where(total > 0.0, total, np.inf), 1.0)
    attention = arrays["attention_budget"][segment] * share
    # There each side keeps its own divergence; here one number stands for both.
    divergence = np.stack([arrays["divergence"]] * 2, axis=1)
    return {**arrays, "attention": attention, "divergence": divergence}


def find_difference(batch: Batch, oracles: Sequence[OracleModel], months: int) -> Difference | None:
    """Run both from the start, and return the first difference in any month from 0 on."""
    found = compare_month(batch, oracles)
    for _ in range(months):
        if found is not None:
            return found
        batch.advance()
        for oracle in oracles:
            oracle.step()
        found = compare_month(batch, oracles)
    return found


def record_oracle(place: Place, lane: Lane, months: int) -> list[Snapshot]:
    """Return the oracle's state in months 0 to `months`."""
    (oracle,) = make_oracles(place, [lane])
    snapshots = [oracle.snapshot()]
    for _ in range(months):
        oracle.step()
        snapshots.append(oracle.snapshot())
    return snapshots


def record_compiled(place: Place, lane: Lane, months: int) -> list[Snapshot]:
    """Return the compiled form's state in months 0 to `months`."""
    batch = make_batch(place, [lane])
    snapshots = [read_lane(read_state(batch))]
    for _ in range(months):
        batch.advance()
        snapshots.append(read_lane(read_state(batch)))
    return snapshots


def read_lane(arrays: Mapping[str, NDArray[Any]]) -> Snapshot:
    """Copy the first lane of every array."""
    return {name: values[..., 0].astype(np.float64) for name, values in arrays.items()}
