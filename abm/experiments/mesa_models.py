"""Run a third party's Mesa model as one of ours: named by its class, stepped, and reported a row a step.

A run makes one model with one seed and steps it. Row 0 is the model as its constructor left it, row t the model after
t steps, so T steps give T + 1 rows. Once the model says that it no longer runs (``running`` is false), it is left
alone and its last row is repeated.

This module does not import Mesa: the class brings what it needs.
"""

from __future__ import annotations

import hashlib
import random
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from numbers import Real
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.experiments.imported import found_by_name
from abm.experiments.run import Run, Tables, tabulate
from abm.experiments.store import content_hash
from abm.records import FrozenMapping

MODEL_SEED = "model_seed"
STEPS_TAKEN = "steps_taken"
SEED_BITS = 52
"""Bits of a model's seed, so that no table rounds it."""


@dataclass(frozen=True)
class MesaScenario:
    """Hold what one point of an experiment sets for a Mesa model.

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
        Column to what fills it: a reporter of the model's data collector, an attribute, a method without arguments,
        or ``package.module:function`` that is called with the model.
    seed_argument : str
        Argument of the constructor that takes the seed, ``seed`` or ``rng``.
    seeds : tuple of int
        Seed of each replicate; without them it is derived from the run's seed and replicate.
    code_hash : str
        Hash of the sources that the class is part of.
    folder : Path or None
        Where modules are looked for beside the installed ones; no part of the scenario's identity.
    """

    name: str
    model: str
    parameters: Mapping[str, Any]
    steps: int
    reporters: Mapping[str, str]
    seed_argument: str
    code_hash: str
    seeds: tuple[int, ...] = ()
    folder: Path | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Keep mappings that nobody can change and that can be sent to workers."""
        object.__setattr__(self, "parameters", FrozenMapping(self.parameters))
        object.__setattr__(self, "reporters", FrozenMapping(self.reporters))

    @property
    def place(self) -> Path:
        """Stand for a place: runs of one class share a batch."""
        return Path(self.model)

    @property
    def months(self) -> int:
        """Give the steps, which are what tables count in months."""
        return self.steps

    @property
    def substeps(self) -> int:
        """Give the only step there is in a step."""
        return 1

    @cached_property
    def content_hash(self) -> str:
        """Give the SHA-256 of everything that decides a result."""
        return content_hash(
            {
                "model": self.model,
                "parameters": dict(self.parameters),
                "steps": self.steps,
                "reporters": dict(self.reporters),
                "seed_argument": self.seed_argument,
                "seeds": list(self.seeds),
                "code": self.code_hash,
            }
        )

    def model_seed(self, seed: int, replicate: int) -> int:
        """Return the seed that a replicate gives to the model, the same at every point of a design."""
        return self.seeds[replicate] if self.seeds else derived_seed(seed, replicate)


def derived_seed(seed: int, replicate: int) -> int:
    """Return the seed of a model, in [0, 2**52), of the seed of a design and a replicate.

    Neighbouring designs share none, as they would if the two were added.
    """
    digest = hashlib.sha256(f"{seed}:{replicate}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> (64 - SEED_BITS)


def simulate(runs: Sequence[Run]) -> Tables:
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
    NotANumber
        If a reporter gives something else.
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
        values, steps = stepped(case, seed)
        columns = tuple(case.reporters)
        series.append(values)
        seeds.append(seed)
        taken.append(steps)
    last = np.array([values[-1] for values in series]).reshape(len(runs), len(columns))
    outcomes = {name: np.ascontiguousarray(last[:, index]) for index, name in enumerate(columns)}
    outcomes[MODEL_SEED] = np.array(seeds, dtype=np.int64)
    outcomes[STEPS_TAKEN] = np.array(taken, dtype=np.int64)
    return tabulate(runs, columns, series, outcomes)


def stepped(case: MesaScenario, seed: int) -> tuple[NDArray[np.float64], int]:
    """Make a model and step it.

    Parameters
    ----------
    case : MesaScenario
        What to make.
    seed : int
        Seed of the model, and of Python's and NumPy's own generators while it runs.

    Returns
    -------
    values : (steps + 1, reporters) array
        Row t holds the model after t steps.
    taken : int
        Steps until the model stopped.
    """
    kind = found_by_name(case.model, case.folder)
    with seeded(seed):
        model = kind(**case.parameters, **{case.seed_argument: seed})
        try:
            reads = [
                (name, reading(model, reporter, case.folder)) for name, reporter in case.reporters.items()
            ]
            values = np.empty((case.steps + 1, len(reads)))
            taken = 0
            values[0] = [number(name, read(0), 0) for name, read in reads]
            while taken < case.steps and getattr(model, "running", True):
                model.step()
                taken += 1
                values[taken] = [number(name, read(taken), taken) for name, read in reads]
            values[taken + 1 :] = values[taken]
        finally:
            release(model)
    return values, taken


def reading(model: Any, reporter: str, folder: Path | None = None) -> Callable[[int], Any]:
    """Give a function of the step that reads a reporter off a model.

    What the model's own collector took at the end of the step is used as it is; where it takes nothing at the start,
    or not at every step, its reporter is called.

    Raises
    ------
    AttributeError
        If the model has no such reporter.
    """
    if ":" in reporter:
        function = found_by_name(reporter, folder)
        return lambda _: function(model)
    if reporter not in collected_names(model):
        if not hasattr(model, reporter):
            raise AttributeError(f"the model has no reporter, attribute or method '{reporter}'")

        def look(_: int) -> Any:
            value = getattr(model, reporter)
            return value() if callable(value) else value

        return look

    def take(step: int) -> Any:
        collector = model.datacollector
        rows = collector.model_vars[reporter]
        return rows[-1] if len(rows) == step + 1 else _called(collector.model_reporters[reporter], model)

    return take


class NotANumber(TypeError):
    """Say that a reporter gave something other than a number."""


def collected_names(model: Any) -> tuple[str, ...]:
    """Name the model-level reporters of a model's own data collector; none if it has no collector."""
    return tuple(getattr(getattr(model, "datacollector", None), "model_reporters", ()))


def number(name: str, value: Any, step: int) -> float:
    """Return what a reporter gave as a number; nothing is a missing one.

    Raises
    ------
    NotANumber
        If it is neither a number nor None.
    """
    # Reporters are read at every step, and asking an abstract class whether an int is a number takes a while.
    if type(value) is int or type(value) is float:
        return float(value)
    if value is None:
        return float("nan")
    if isinstance(value, Real | np.bool_) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return float(value)
    raise NotANumber(
        f"reporter '{name}' gave {type(value).__name__} at step {step}; a reporter gives one number, such as a mean"
    )


_GENERATORS = threading.RLock()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed Python's and NumPy's own generators for the length of a block, and put them back as they were.

    Models use them unawares, as Mesa's epidemic does through networkx; unseeded, no such run could be repeated.
    """
    # A worker of Dask may have several threads, and these generators are the process's.
    with _GENERATORS:
        before = random.getstate(), np.random.get_state()  # noqa: NPY002
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002
        try:
            yield
        finally:
            random.setstate(before[0])
            np.random.set_state(before[1])  # noqa: NPY002


def release(model: Any) -> None:
    """Let go of a model, which Mesa 3 would keep: as the key of its agents' numbers, and by the caches of its cells."""
    numbers = getattr(getattr(sys.modules.get("mesa.agent"), "Agent", None), "_ids", None)
    if isinstance(numbers, dict):
        numbers.pop(model, None)
    cell = getattr(sys.modules.get("mesa.discrete_space.cell"), "Cell", None)
    for method in vars(cell).values() if cell is not None else ():
        if hasattr(method, "cache_clear"):
            method.cache_clear()


def _called(reporter: Any, model: Any) -> Any:
    # The four forms that Mesa's data collector takes.
    if isinstance(reporter, str):
        return getattr(model, reporter, None)
    if isinstance(reporter, FunctionType | partial):
        return reporter(model)
    if isinstance(reporter, list):
        function, arguments = reporter
        return function(*arguments)
    return reporter()
