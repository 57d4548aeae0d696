"""Observe when a Mesa model collects its data, so that each value is used for the moment at which it was taken.

The number of a collector's rows does not show when they were taken. So its ``collect`` is wrapped while a model is
created and stepped: each collection is recorded with its values, the count of steps and the time of the model's
simulator at that moment, and whether it was the last action of the constructor or the step. That is read from the
functions that are being executed: nothing but a return may be left in any of them. A value that was taken earlier in a
step belongs to a model that was still to change, and is not used for the step's end.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from types import CodeType, FrameType, FunctionType
from typing import Any

EVENTS = "mesa.experimental.devs"
"""Package whose simulators execute events; each event ends where its function returns."""
_IDLE = (
    *("CACHE", "JUMP_FORWARD", "LOAD_CONST", "LOAD_FAST", "LOAD_SMALL_INT", "NOP", "NOT_TAKEN"),
    *("EXTENDED_ARG", "POP_TOP", "RETURN_", "STORE_FAST"),
)
"""First letters of the instructions that change only a function's own variables, in any version of Python."""


@dataclass(frozen=True)
class Collection:
    """One collection of data.

    Attributes
    ----------
    values : dict of str to any value
        What each reporter of the model gave.
    steps : any value
        The model's own count of steps at that moment.
    time : float or None
        Time of its simulator; None where it has none.
    is_last : bool
        Whether nothing was left to do in the constructor, step or event that collected.
    """

    values: dict[str, Any]
    steps: Any
    time: float | None
    is_last: bool


@dataclass
class Watch:
    """Observations of one model.

    Attributes
    ----------
    bounds : frozenset of code
        Functions that create and step the model; their own code after a collection does not belong to the model.
    collections : list of Collection
        Since it was last taken from here.
    simulators : list
        Those that were set up, with the model that they were set up for.
    collecting : set of int
        Identities of the collectors that are at work.
    """

    bounds: frozenset[CodeType]
    collections: list[tuple[Any, Any, Collection]] = field(default_factory=list)
    simulators: list[tuple[Any, Any]] = field(default_factory=list)
    collecting: set[int] = field(default_factory=set)

    def simulator_of(self, model: Any) -> Any:
        """Return the simulator that a model was set up with; None where it has none.

        Raises
        ------
        ValueError
            If there are several.
        """
        found = {id(simulator): simulator for simulator, owner in self.simulators if owner is model}
        if len(found) > 1:
            raise ValueError(f"{type(model).__name__} sets up {len(found)} simulators; one keeps its time")
        return next(iter(found.values()), None)

    def taken(self, model: Any) -> list[Collection]:
        """Return the collections of a model's own collector since the last time, and forget them."""
        own = getattr(model, "datacollector", None)
        noted, self.collections = self.collections, []
        return [one for collector, owner, one in noted if collector is own and owner is model]


@contextmanager
def watched(*functions: Callable[..., Any]) -> Iterator[Watch]:
    """Watch the model that is created and stepped in the block.

    Parameters
    ----------
    functions : callable
        Functions that create and step it.
    """
    watch = Watch(
        frozenset(function.__code__ for function in functions if isinstance(function, FunctionType))
    )
    wrapped: list[tuple[type, str, Any]] = []
    try:
        for kind in _kinds("mesa.datacollection", "DataCollector"):
            if "collect" in vars(kind):
                wrapped.append((kind, "collect", vars(kind)["collect"]))
                kind.collect = _noting(vars(kind)["collect"], watch)  # type: ignore[attr-defined]
        for kind in _kinds(f"{EVENTS}.simulator", "Simulator"):
            if "setup" in vars(kind):
                wrapped.append((kind, "setup", vars(kind)["setup"]))
                kind.setup = _registering(vars(kind)["setup"], watch)  # type: ignore[attr-defined]
        yield watch
    finally:
        for kind, name, former in wrapped:
            setattr(kind, name, former)


def is_current(one: Collection, model: Any, simulator: Any) -> bool:
    """Return whether a collection saw the model as it is now, at the end of a step.

    Events that a simulator executes at the same instant, after the step, belong to the step that follows.
    """
    is_now = one.steps == getattr(model, "steps", None)
    return one.is_last and is_now and one.time == getattr(simulator, "time", None)


def call_reporter(reporter: Any, model: Any) -> Any:
    """Call a reporter as Mesa's data collector does, in any of its four forms."""
    if isinstance(reporter, str):
        return getattr(model, reporter, None)
    if isinstance(reporter, FunctionType | partial):
        return reporter(model)
    if isinstance(reporter, list):
        function, arguments = reporter
        return function(*arguments)
    return reporter()


def _kinds(module: str, name: str) -> list[type]:
    """List a class of Mesa and its subclasses; none if Mesa is not imported or has no such class."""
    waiting = [getattr(sys.modules.get(module), name, None)]
    found: list[type] = []
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and kind not in found:
            found.append(kind)
            waiting += kind.__subclasses__()
    return found


def _noting(collect: Callable[..., Any], watch: Watch) -> Callable[..., Any]:
    def noted(self: Any, model: Any, *arguments: Any, **named: Any) -> Any:
        # A collector that extends Mesa's calls it, and that is one collection.
        if id(self) in watch.collecting:
            return collect(self, model, *arguments, **named)
        before = {name: len(rows) for name, rows in self.model_vars.items()}
        is_last = _is_last(sys._getframe(1), watch.bounds)
        watch.collecting.add(id(self))
        try:
            result = collect(self, model, *arguments, **named)
        finally:
            watch.collecting.discard(id(self))
        values = {name: rows[-1] for name, rows in self.model_vars.items() if len(rows) > before.get(name, 0)}
        time = getattr(next((one for one, owner in watch.simulators if owner is model), None), "time", None)
        one = Collection(values, getattr(model, "steps", None), time, is_last)
        watch.collections.append((self, model, one))
        return result

    return noted


def _registering(setup: Callable[..., Any], watch: Watch) -> Callable[..., Any]:
    def registered(self: Any, model: Any, *arguments: Any, **named: Any) -> Any:
        result = setup(self, model, *arguments, **named)
        watch.simulators.append((self, model))
        return result

    return registered


def _is_last(frame: FrameType | None, bounds: frozenset[CodeType]) -> bool:
    """Return whether all functions from a frame outwards only return from here on."""
    while frame is not None and frame.f_code not in bounds:
        module = frame.f_globals.get("__name__")
        if isinstance(module, str) and module.startswith(EVENTS):
            return True
        if not _only_returns(frame.f_code, frame.f_lasti):
            return False
        frame = frame.f_back
    return True


@lru_cache(maxsize=4096)
def _only_returns(code: CodeType, position: int) -> bool:
    """Return whether a function only returns after an instruction."""
    following = {one.offset: one for one in dis.get_instructions(code) if one.offset > position}
    place = min(following, default=None)
    while place is not None:
        one = following[place]
        if not one.opname.startswith(_IDLE):
            return False
        if one.opname.startswith("RETURN_"):
            return True
        if one.opname == "JUMP_FORWARD":
            place = one.argval
        else:
            place = min((offset for offset in following if offset > place), default=None)
    return False
