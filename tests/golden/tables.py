"""Simulate what the golden tables cover, and reduce each table to digests that fit in a small file."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.core.kernels import compiled
from abm.scenarios.library import place_names, scenario_names
from abm.scenarios.scenario import Scenario, load_scenario
from abm.scenarios.simulate import measure_names, simulate_lanes

ROOT = Path(__file__).resolve().parents[2]
FILE = Path(__file__).with_name("tables.json")
EXTENSION = ROOT / "docs" / "guides" / "examples" / "peer_support.py"

SEED = 1
REPLICATES = (0, 1)
LARGEST = "england"
"""The place that runs one scenario for two years, as ten take minutes."""
DIGITS = 16


@dataclass(frozen=True)
class Case:
    """A scenario whose runs are compared bit for bit.

    Attributes
    ----------
    name : str
        What it is, such as ``urban/baseline``.
    scenario : Scenario
        As it is simulated.
    """

    name: str
    scenario: Scenario


def cases(place: str) -> Iterator[Case]:
    """Yield the cases of a shipped place, or of the structural variants, or of an extension.

    Parameters
    ----------
    place : str
        A name of `groups`.
    """
    if place == "variants":
        yield from _variants()
    elif place == "extension":
        extended = load_scenario("leadership_with_reform", extensions=[str(EXTENSION)])
        yield Case("extension/peer_support", extended.with_levers({"peer.sessions": 6.0}))
    elif place == LARGEST:
        reform = load_scenario("leadership_with_reform").with_place(place).with_horizon(2)
        yield Case(f"{place}/leadership_with_reform", reform)
    else:
        for name in scenario_names():
            yield Case(f"{place}/{name}", load_scenario(name).with_place(place))


def groups() -> tuple[str, ...]:
    """Return the names of the groups of cases: shipped places, structural variants, an extension."""
    return (*place_names(), "variants", "extension")


def _variants() -> Iterator[Case]:
    structures: tuple[Mapping[str, str], ...] = (
        {"trust": "klos_nooteboom"},
        {"trust": "kim"},
        {"attention": "equal"},
        {"attention": "need"},
        {"attention": "trust"},
    )
    reform = load_scenario("leadership_with_reform").with_place("urban")
    for structure in structures:
        yield Case(f"variants/{'-'.join(structure.values())}", reform.with_structure(structure))
    yield Case("variants/three-steps-a-month", replace(reform, substeps=3))
    yield Case("variants/third-parties", reform.with_parameters({"trust.third_party_pull": 0.2}))


def digests(case: Case) -> dict[str, str]:
    """Simulate a case, and return a digest of every measure and outcome, by name."""
    width = len(REPLICATES)
    series, judged = simulate_lanes([case.scenario] * width, [SEED] * width, REPLICATES)
    found = {name: digest(series[:, row]) for row, name in enumerate(measure_names(case.scenario))}
    return found | {name: digest(values) for name, values in judged.items()}


def digest(values: NDArray[Any]) -> str:
    """Return the digest of an array's bits; every missing value counts as the same one."""
    exact = np.ascontiguousarray(values, dtype=np.float64)
    return hashlib.sha256(np.where(np.isnan(exact), np.nan, exact).tobytes()).hexdigest()[:DIGITS]


def table_of(group: str) -> dict[str, Any]:
    """Simulate a group, and return what the file keeps of it.

    Returns
    -------
    dict
        ``cases``: for each case the digest of all its tables and the content hash of its scenario; ``columns``: for
        each measure and outcome the digest over all cases, which names what moved.
    """
    found = {case.name: (digests(case), case.scenario.content_hash) for case in cases(group)}
    # By name, so that where a measure stands among the others does not count.
    columns = sorted({name for columns, _ in found.values() for name in columns})
    return {
        "cases": {
            case: {
                "tables": joined(digest for _, digest in sorted(measured.items())),
                "content_hash": content[:DIGITS],
            }
            for case, (measured, content) in found.items()
        },
        "columns": {name: joined(columns.get(name, "") for columns, _ in found.values()) for name in columns},
    }


def joined(parts: Any) -> str:
    """Return one digest of several."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:DIGITS]


@compiled
def fill_with_functions(values: Any) -> None:
    """Fill `values` (rows, 4) with what this machine's mathematical library makes of a grid."""
    for row in range(values.shape[0]):
        x = 0.001 + 0.37 * row
        values[row, 0] = math.exp(-x)
        values[row, 1] = math.log(x)
        values[row, 2] = math.sqrt(x)
        values[row, 3] = 0.93**x


def arithmetic() -> str:
    """Return the digest of this machine's mathematical functions, on which the last bits of results depend."""
    values = np.empty((1000, 4))
    fill_with_functions(values)
    return digest(values)


def recorded() -> dict[str, Any]:
    """Read the golden tables."""
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return a line for each difference between two tables of a group."""
    told = []
    for kind in ("cases", "columns"):
        for name in dict.fromkeys([*before[kind], *now[kind]]):
            old, new = before[kind].get(name), now[kind].get(name)
            if old is None or new is None:
                told.append(f"{name} is {'new' if old is None else 'gone'}")
            elif old != new:
                told.append(f"{name} moved")
    return told
