"""Create a Mesa model with its own copy of the parameters, step it, and read a row at the end of every step.

A model that schedules events is stepped by its simulator, because its steps are events among others.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.errors import AbmError
from abm.sweeps.foreign.imported import found_by_name, use
from abm.sweeps.foreign.mesa_collecting import EVENTS, Collection, Watch, call_reporter, is_current, watched
from abm.sweeps.foreign.surroundings import isolated
from abm.sweeps.foreign.workspace import workspace

IMPORT_SEED = 0
"""Seed while a module is imported, whichever run comes first, so that its draws are the same everywhere."""

Collected = Mapping[str, Any]


class Asking(Enum):
    """Which reporters are called besides the model's own collections."""

    ALL = "all"
    """All, including those of its collector if it has taken no value at the end of a step."""
    OWN = "own"
    """All except those of its collector, whose values are missing if it has taken none."""
    NOTHING = "nothing"
    """None; rows are empty."""


@dataclass(frozen=True)
class MesaCourse:
    """Rows and collections of one model.

    Attributes
    ----------
    values : (steps + 1, reporters) array
        Row t holds the model after t steps.
    taken : int
        Steps until the model stopped.
    collected : tuple of mapping
        Values of its own collector, collection by collection.
    missed : frozenset of str
        Reporters of its collector that it did not take at the end of some step.
    """

    values: NDArray[np.float64]
    taken: int
    collected: tuple[Collected, ...] = ()
    missed: frozenset[str] = frozenset()


class NotANumber(TypeError):
    """A reporter returned something other than a number."""


class NotStepped(AbmError):
    """A model's steps cannot be counted."""


def stepped(
    model: str,
    parameters: Mapping[str, Any],
    seed: tuple[str, int],
    reporters: Mapping[str, str],
    steps: int,
    *,
    folder: Path | None = None,
    asking: Asking = Asking.ALL,
    keeps_collections: bool = False,
) -> MesaCourse:
    """Create a model and step it.

    Parameters
    ----------
    model : str
        Its class, or a function that makes one, as ``package.module:Class``.
    parameters : mapping of str to any plain value
        Arguments of its constructor, of which it gets a copy.
    seed : (str, int)
        Argument that takes the seed, and the seed; Python's and NumPy's own generators are seeded with it too.
    reporters : mapping of str to str
        Reporter of each column.
    steps : int
        Steps, unless it stops before.
    folder : Path, optional
        Files that it sees as its working directory, and where modules are looked for.
    asking : Asking
        Which reporters are called.
    keeps_collections : bool
        Whether to return the collections of the model's collector.

    Raises
    ------
    ModelFailure
        In place of any exception of the model.
    """
    here = workspace(folder)
    own = here if folder is not None else None
    with isolated(IMPORT_SEED, here):
        kind = found_by_name(model, own)
        functions = {name: found_by_name(name, own) for name in reporters.values() if ":" in name}
    with isolated(seed[1], here), watched(_made, _advanced) as watch:
        # It may import more of its modules while it runs.
        if own is not None:
            use(own)
        made = _made(kind, copy.deepcopy(dict(parameters)), *seed)
        try:
            rows = _Rows(made, watch, reporters, functions, asking, keeps_collections)
            return _course(made, watch, rows, steps)
        finally:
            release(made)


def _made(kind: Callable[..., Any], parameters: dict[str, Any], argument: str, seed: int) -> Any:
    return kind(**parameters, **{argument: seed})


def _advanced(model: Any, simulator: Any) -> None:
    if simulator is None:
        model.step()
    else:
        simulator.run_for(1)


def _course(model: Any, watch: Watch, rows: _Rows, steps: int) -> MesaCourse:
    simulator = watch.simulator_of(model)
    drives = simulator if simulator is not None and _is_driver(model, simulator) else None
    values = np.full((steps + 1, len(rows.reporters)), np.nan)
    taken = 0
    rows.read(values, 0, simulator)
    while taken < steps and getattr(model, "running", True):
        before = getattr(simulator, "time", None)
        _advanced(model, drives)
        taken += 1
        if simulator is not None and simulator.time == before and not simulator.event_list.is_empty():
            told = (
                f"{type(model).__name__} schedules events on a simulator, and its step does not execute them"
            )
            raise NotStepped(f"{told}; let the simulator schedule the step, or the step run the simulator")
        rows.read(values, taken, simulator)
    values[taken + 1 :] = values[taken]
    return MesaCourse(values, taken, tuple(rows.collected), frozenset(rows.missed))


def _is_driver(model: Any, simulator: Any) -> bool:
    """Return whether the simulator makes the steps, rather than the steps run the simulator."""
    simulators = sys.modules[f"{EVENTS}.simulator"]
    if isinstance(simulator, simulators.ABMSimulator):
        return True
    return getattr(type(model), "step", None) is getattr(sys.modules["mesa.model"].Model, "step", None)


class _Rows:
    """Read the reporters of one model."""

    def __init__(
        self,
        model: Any,
        watch: Watch,
        reporters: Mapping[str, str],
        functions: Mapping[str, Callable[[Any], Any]],
        asking: Asking,
        keeps_collections: bool,
    ) -> None:
        self.model = model
        self.watch = watch
        self.reporters = reporters
        self.functions = functions
        self.asking = asking
        self.keeps_collections = keeps_collections
        self.collected: list[Collected] = []
        self.missed: set[str] = set()

    def read(self, values: NDArray[np.float64], step: int, simulator: Any) -> None:
        """Fill the row of a step that has just ended."""
        noted = self.watch.taken(self.model)
        if self.keeps_collections:
            self.collected += [one.values for one in noted]
        if self.asking is Asking.NOTHING:
            return
        current = noted[-1] if noted and is_current(noted[-1], self.model, simulator) else None
        for place, (column, reporter) in enumerate(self.reporters.items()):
            values[step, place] = as_number(column, self.value(reporter, current, step), step)

    def value(self, reporter: str, current: Collection | None, step: int) -> Any:
        """Return the value of a reporter for the model as it is."""
        if reporter in self.functions:
            return self.functions[reporter](self.model)
        if reporter not in collected_names(self.model):
            return attribute(self.model, reporter)
        if current is not None and reporter in current.values:
            return current.values[reporter]
        if step > 0:
            self.missed.add(reporter)
        if self.asking is Asking.OWN:
            return None
        return call_reporter(self.model.datacollector.model_reporters[reporter], self.model)


def attribute(model: Any, name: str) -> Any:
    """Return an attribute of a model, or the result of a method without arguments.

    Raises
    ------
    AttributeError
        If the model has no such reporter.
    """
    if not hasattr(model, name):
        raise AttributeError(f"the model has no reporter, attribute or method '{name}'")
    value = getattr(model, name)
    return value() if callable(value) else value


def collected_names(model: Any) -> tuple[str, ...]:
    """List the model-level reporters of a model's own data collector; none if it has no collector."""
    return tuple(getattr(getattr(model, "datacollector", None), "model_reporters", ()))


def as_number(name: str, value: Any, step: int) -> float:
    """Return the value of a reporter as a number; None is a missing one.

    Raises
    ------
    NotANumber
        If it is neither a number nor None.
    """
    # Reporters are read at every step, and checking an int against an abstract class is slow.
    if type(value) is int or type(value) is float:
        return float(value)
    if value is None:
        return float("nan")
    if isinstance(value, Real | np.bool_) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return float(value)
    raise NotANumber(
        f"reporter '{name}' gave {type(value).__name__} at step {step}; a reporter gives one number, such as a mean"
    )


def release(model: Any) -> None:
    """Release a model, which Mesa 3 would keep as the key of its agents' numbers and in the caches of its cells."""
    numbers = getattr(getattr(sys.modules.get("mesa.agent"), "Agent", None), "_ids", None)
    if isinstance(numbers, dict):
        numbers.pop(model, None)
    cell = getattr(sys.modules.get("mesa.discrete_space.cell"), "Cell", None)
    for method in vars(cell).values() if cell is not None else ():
        if hasattr(method, "cache_clear"):
            method.cache_clear()
