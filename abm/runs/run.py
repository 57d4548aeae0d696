"""Define runs, the design that lists them, and the tables that a simulator returns.

A run is one scenario, one seed and one replicate. Its id is a function of these and of the model's sources, so
the same run of the same code has the same id in every design, on every machine, in any order.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from abm.errors import InvalidInput, Problem
from abm.runs.provenance import source_hash

RUN_ID_DIGITS = 16
REPLICATES_BOUND = 2**32
SEED_BOUND = 2**64
REPLICATES_ADVICE = "give a whole number from 1 to 2^32 - 1, such as 100"
SEED_ADVICE = "give a whole number from 0 to 2^64 - 1, such as 1"

Columns = Mapping[str, NDArray[Any]]


class RunnableScenario(Protocol):
    """What a scenario must provide to be run: its name, length, place, and a hash of everything that it sets."""

    @property
    def name(self) -> str:
        """Short name, unique in a design."""

    @property
    def place(self) -> Path:
        """Place the scenario runs in; runs of one place may share a batch."""

    @property
    def months(self) -> int:
        """Months to simulate."""

    @property
    def substeps(self) -> int:
        """Steps a month; runs of one number may share a batch."""

    @property
    def code_hash(self) -> str:
        """Hash of code beyond the model's own, empty without; runs of one may share a batch."""

    @property
    def content_hash(self) -> str:
        """Hash of everything resolved that can change a result."""


class Measured(Protocol):
    """What a measure must provide to be tabulated: its name, label, range and meaning."""

    @property
    def name(self) -> str:
        """Name of the column."""

    @property
    def label(self) -> str:
        """A few words for tables and plots."""

    @property
    def unit(self) -> str:
        """Unit."""

    @property
    def low(self) -> float:
        """Least possible value."""

    @property
    def high(self) -> float:
        """Greatest possible value."""

    @property
    def definition(self) -> str:
        """What it means."""


@dataclass(frozen=True)
class Run:
    """One scenario with one seed and one replicate.

    Attributes
    ----------
    scenario : RunnableScenario
        What is simulated.
    seed : int
        Seed of the design, in [0, 2**64).
    replicate : int
        Number of the random events, in [0, 2**32).
    point : int
        Position of the scenario in its design; no part of the run's identity.
    """

    scenario: RunnableScenario
    seed: int
    replicate: int
    point: int = 0

    @cached_property
    def run_id(self) -> str:
        """Sixteen hexadecimal digits: SHA-256 of scenario hash, seed, replicate and the hash of the sources."""
        identity = f"{self.scenario.content_hash}:{self.seed}:{self.replicate}:{source_hash()}"
        return hashlib.sha256(identity.encode()).hexdigest()[:RUN_ID_DIGITS]


@dataclass(frozen=True, eq=False)
class Tables:
    """Results of some runs, as columns.

    Attributes
    ----------
    runs : Columns
        Each of shape (runs,): run_id, scenario, point, seed, replicate, then outcomes.
    months : Columns
        Each of shape (rows,): run_id, scenario, replicate, month, then measures; month 0 to T of the first
        run, then of the next, exactly T + 1 rows a run.
    """

    runs: Columns
    months: Columns

    @property
    def outcome_names(self) -> tuple[str, ...]:
        """Names of the outcome columns."""
        return tuple(name for name in self.runs if name not in RUN_KEYS)

    @property
    def measure_names(self) -> tuple[str, ...]:
        """Names of the measure columns."""
        return tuple(name for name in self.months if name not in MONTH_KEYS)


class Simulator(Protocol):
    """A model that simulates many runs at once; workers import it by name."""

    def __call__(self, runs: Sequence[Run]) -> Tables:
        """Simulate runs of one place and one number of months, and return their tables in the order given."""


RUN_KEYS = ("run_id", "scenario", "point", "seed", "replicate")
MONTH_KEYS = ("run_id", "scenario", "replicate", "month")


@dataclass(frozen=True)
class PairedDesign:
    """Several scenarios under the same random events: each runs every replicate with one seed.

    Attributes
    ----------
    scenarios : tuple of RunnableScenario
        The first is the reference.
    seed : int
        In [0, 2**64).
    replicates : int
        At least one.

    Raises
    ------
    InvalidInput
        With every problem: no scenario, two of one name, or numbers out of bounds.
    """

    scenarios: tuple[RunnableScenario, ...]
    seed: int
    replicates: int

    def __post_init__(self) -> None:
        """Refuse a design that cannot be run."""
        problems = [
            *design_problems(self.replicates, self.seed),
            *scenario_problems([scenario.name for scenario in self.scenarios]),
        ]
        if problems:
            raise InvalidInput(problems)

    def runs(self) -> tuple[Run, ...]:
        """Return every run, scenario by scenario and within it replicate by replicate."""
        return tuple(
            Run(scenario, self.seed, replicate, point)
            for point, scenario in enumerate(self.scenarios)
            for replicate in range(self.replicates)
        )

    def described(self) -> dict[str, Any]:
        """Return the design as plain values, for the manifest."""
        return {
            "kind": "paired",
            "reference": self.scenarios[0].name,
            "scenarios": [
                {"point": point, "name": scenario.name, "content_hash": scenario.content_hash}
                for point, scenario in enumerate(self.scenarios)
            ],
            "seed": self.seed,
            "replicates": self.replicates,
        }


def design_problems(replicates: int, seed: int) -> list[Problem]:
    """List what is wrong with the size and the seed of a design."""
    problems = []
    if not 1 <= replicates < REPLICATES_BOUND:
        problems.append(Problem("--replicates", None, f"found {replicates}; {REPLICATES_ADVICE}"))
    if not 0 <= seed < SEED_BOUND:
        problems.append(Problem("--seed", None, f"found {seed}; {SEED_ADVICE}"))
    return problems


def scenario_problems(names: Sequence[str]) -> list[Problem]:
    """List what is wrong with the scenarios of a design."""
    if not names:
        return [Problem("SCENARIO", None, "none is named; 'abm scenarios' lists those at hand")]
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    return [
        Problem("SCENARIO", None, f"'{name}' is named {names.count(name)} times; name each scenario once")
        for name in repeated
    ]


def tabulate(
    runs: Sequence[Run],
    measures: Sequence[str],
    series: Sequence[NDArray[np.float64]],
    outcomes: Columns,
) -> Tables:
    """Arrange the results of runs in tables.

    Parameters
    ----------
    runs : sequence of Run
        The runs, in the order of everything else.
    measures : sequence of str
        Names of the measures.
    series : sequence of NDArray[np.float64], one of shape (months + 1, measures) a run
        Measures at the end of month 0 (the start) to the last.
    outcomes : Columns
        Each of shape (runs,).

    Returns
    -------
    Tables

    Raises
    ------
    ValueError
        If a run does not have one row for each of its months and for the start, or a column is too short or
        long.
    """
    for run, values in zip(runs, series, strict=True):
        expected = (run.scenario.months + 1, len(measures))
        if values.shape != expected:
            raise ValueError(f"run {run.run_id} must have rows and measures {expected}, found {values.shape}")
    for name, column in outcomes.items():
        if column.shape != (len(runs),):
            raise ValueError(f"outcome '{name}' must have one value a run, {len(runs)}, found {column.shape}")
    rows = [run.scenario.months + 1 for run in runs]
    stacked = np.concatenate(series) if series else np.empty((0, len(measures)))
    keys = _run_keys(runs)
    month_columns: dict[str, NDArray[Any]] = {
        "run_id": np.repeat(keys["run_id"], rows),
        "scenario": np.repeat(keys["scenario"], rows),
        "replicate": np.repeat(keys["replicate"], rows),
        "month": np.concatenate([np.arange(count, dtype=np.int64) for count in rows])
        if rows
        else np.empty(0, dtype=np.int64),
    }
    month_columns |= {name: np.ascontiguousarray(stacked[:, index]) for index, name in enumerate(measures)}
    return Tables(runs=keys | dict(outcomes), months=month_columns)


def joined_tables(parts: Sequence[Tables]) -> Tables:
    """Join tables in their order; a measure that a part lacks is missing there.

    Raises
    ------
    ValueError
        If the parts do not have the same columns of runs, or there is no part.
    """
    if not parts:
        raise ValueError("there are no tables to join")
    return Tables(
        runs=_joined_columns([part.runs for part in parts]),
        months=_joined_columns(_filled([part.months for part in parts])),
    )


def with_columns(tables: Tables, by_scenario: Mapping[str, Mapping[str, float]]) -> Tables:
    """Add columns to the table of runs with one value for each scenario.

    Parameters
    ----------
    tables : Tables
        Any tables.
    by_scenario : mapping of str to (mapping of str to float)
        For every scenario's name the value of each column; all scenarios have the same columns.
    """
    names = list(next(iter(by_scenario.values()), {}))
    of_run = tables.runs["scenario"].tolist()
    added = {
        name: np.array([by_scenario[scenario][name] for scenario in of_run], dtype=np.float64)
        for name in names
    }
    return Tables(runs=dict(tables.runs) | added, months=tables.months)


def _run_keys(runs: Sequence[Run]) -> dict[str, NDArray[Any]]:
    return {
        "run_id": np.array([run.run_id for run in runs], dtype=np.str_),
        "scenario": np.array([run.scenario.name for run in runs], dtype=np.str_),
        "point": np.array([run.point for run in runs], dtype=np.int64),
        "seed": np.array([run.seed for run in runs], dtype=np.uint64),
        "replicate": np.array([run.replicate for run in runs], dtype=np.int64),
    }


def _filled(parts: Sequence[Columns]) -> list[Columns]:
    """Extend every part by the measures of the others, as missing values."""
    names = list(dict.fromkeys(name for part in parts for name in part))
    lacking = [
        {name: np.full(len(part["month"]), np.nan) for name in names if name not in part} for part in parts
    ]
    return [
        {name: part[name] if name in part else filler[name] for name in names}
        for part, filler in zip(parts, lacking, strict=True)
    ]


def _joined_columns(parts: Sequence[Columns]) -> dict[str, NDArray[Any]]:
    names = list(parts[0])
    if any(list(part) != names for part in parts):
        raise ValueError("the tables to join do not have the same columns")
    return {name: np.concatenate([part[name] for part in parts]) for name in names}
