"""Run a foreign Mesa model like one of ours: named by its class, stepped, and reported in a row for each step.

A run creates one model with one seed and a copy of its parameters, and steps it. Row 0 is the model as its
constructor left it, row t the model after t steps, so T steps give T + 1 rows. Once the model no longer runs
(``running`` is false), it is not stepped further and its last row is repeated.

Nothing here imports Mesa: the class brings what it needs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.records import FrozenMapping
from abm.runs.results import content_hash
from abm.runs.run import Run, Tables, tabulate
from abm.sweeps.foreign.mesa_stepping import Asking, MesaCourse, stepped

MODEL_SEED = "model_seed"
STEPS_TAKEN = "steps_taken"
CONTRACT = 2
"""Version of what a run of a model receives and of how its rows are read; runs of another version have other ids.

1: seeds of 52 bits, which NumPy's legacy generator refuses; rows by the number of collections.
2: seeds below 2**32; rows by the moment of each collection.
"""
_ROUNDS = 4
"""Rounds after which a Feistel network mixes well."""
_HALF_BITS = 16


@dataclass(frozen=True)
class MesaScenario:
    """What one point of an experiment sets for a Mesa model.

    Attributes
    ----------
    name : str
        Short name, unique in a design.
    model : str
        Its class, as ``package.module:Class``.
    parameters : mapping of str to any plain value
        Arguments of its constructor.
    steps : int
        Steps, at least 1; the model may stop earlier by itself.
    reporters : mapping of str to str
        Source of each column: a reporter of the model's data collector, an attribute, a method without arguments,
        or ``package.module:function`` that is called with the model.
    seed_argument : str
        Argument of the constructor that takes the seed, ``seed`` or ``rng``.
    seeds : tuple of int
        Seed of each replicate; without them it is derived from the run's seed and replicate.
    code_hash : str
        Hash of the sources and data that the class is part of.
    asks : bool
        Whether a reporter of the model's collector is called where it has taken no value at the end of a step.
    folder : Path or None
        Where modules are searched for besides the installed ones; not part of the scenario's identity.
    """

    name: str
    model: str
    parameters: Mapping[str, Any]
    steps: int
    reporters: Mapping[str, str]
    seed_argument: str
    code_hash: str
    seeds: tuple[int, ...] = ()
    asks: bool = True
    folder: Path | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Freeze the mappings, and make them picklable for workers."""
        object.__setattr__(self, "parameters", FrozenMapping(self.parameters))
        object.__setattr__(self, "reporters", FrozenMapping(self.reporters))

    @property
    def place(self) -> Path:
        """The class instead of a place: runs of one class share a batch."""
        return Path(self.model)

    @property
    def months(self) -> int:
        """The steps, which tables count as months."""
        return self.steps

    @property
    def substeps(self) -> int:
        """One: a step is not divided."""
        return 1

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of everything that decides a result."""
        return content_hash(
            {
                "model": self.model,
                "parameters": dict(self.parameters),
                "steps": self.steps,
                "reporters": dict(self.reporters),
                "seed_argument": self.seed_argument,
                "seeds": list(self.seeds),
                "code": self.code_hash,
                "asks": self.asks,
                "contract": CONTRACT,
            }
        )

    def model_seed(self, seed: int, replicate: int) -> int:
        """Return the model's seed in a replicate, the same at every point of a design."""
        return self.seeds[replicate] if self.seeds else derived_seed(seed, replicate)


def derived_seed(seed: int, replicate: int) -> int:
    """Compute the seed of a model, in [0, 2**32), from the seed of a design and a replicate.

    Every replicate of a design has a seed of its own: a Feistel network keyed by the design's seed permutes the numbers
    of 32 bits. NumPy's legacy generator accepts no greater ones.
    """
    left, right = replicate >> _HALF_BITS, replicate & ((1 << _HALF_BITS) - 1)
    for turn in range(_ROUNDS):
        digest = hashlib.sha256(f"{seed}:{turn}:{right}".encode()).digest()
        left, right = right, left ^ int.from_bytes(digest[: _HALF_BITS // 8], "big")
    return left << _HALF_BITS | right


def run_model(
    case: MesaScenario, seed: int, asking: Asking | None = None, keeps_collections: bool = False
) -> MesaCourse:
    """Create and step the model of a scenario.

    Parameters
    ----------
    case : MesaScenario
        Scenario of the model.
    seed : int
        Of the model.
    asking : Asking, optional
        Which reporters are called; default: as the scenario says.
    keeps_collections : bool
        Whether to return the collections of the model's collector.

    Raises
    ------
    ModelFailure
        In place of any exception of the model.
    """
    return stepped(
        case.model,
        case.parameters,
        (case.seed_argument, seed),
        case.reporters,
        case.steps,
        folder=case.folder,
        asking=asking or (Asking.ALL if case.asks else Asking.OWN),
        keeps_collections=keeps_collections,
    )


def simulate_mesa(runs: Sequence[Run]) -> Tables:
    """Simulate runs of one Mesa model, one after the other.

    Parameters
    ----------
    runs : sequence of Run
        Their scenarios are `MesaScenario` with the same columns.

    Returns
    -------
    Tables
        In the order of the runs. Outcomes are the last value of every reporter, the seed that the model was given and
        the steps that it took.

    Raises
    ------
    TypeError
        If a scenario is not of a Mesa model.
    ModelFailure
        In place of any exception of a model.
    """
    columns: tuple[str, ...] = ()
    series: list[NDArray[np.float64]] = []
    seeds: list[int] = []
    taken: list[int] = []
    for run in runs:
        case = run.scenario
        if not isinstance(case, MesaScenario):
            raise TypeError(f"run {run.run_id} has a scenario of another model: {type(case).__name__}")
        seed = case.model_seed(run.seed, run.replicate)
        made = run_model(case, seed)
        columns = tuple(case.reporters)
        series.append(made.values)
        seeds.append(seed)
        taken.append(made.taken)
    last = np.array([values[-1] for values in series]).reshape(len(runs), len(columns))
    outcomes = {name: np.ascontiguousarray(last[:, index]) for index, name in enumerate(columns)}
    outcomes[MODEL_SEED] = np.array(seeds, dtype=np.int64)
    outcomes[STEPS_TAKEN] = np.array(taken, dtype=np.int64)
    return tabulate(runs, columns, series, outcomes)
