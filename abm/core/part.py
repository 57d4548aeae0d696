"""What a submodel consists of, checked: state, tables, functions and measures, each under its name.

A submodel is written as declarations (`abm.core.declaration`) and read into one `Part` (`abm.core.reading`), whether it
comes with abm or from a user's file.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from abm.core.kernels import compiled
from abm.core.quantities.lever import Lever
from abm.core.quantities.parameter import Parameter

INFINITE = float("inf")
FILL = "fill_"
"""What the arguments by which a tally fills a measure begin with."""


@dataclass(frozen=True)
class Field:
    """A state array.

    Attributes
    ----------
    name : str
        Name by which mechanisms ask for it.
    axes : tuple of str
        What its axes count, before the last axis, which counts lanes.
    unit, definition : str
        For the documentation.
    low, high : float
        Range of its values.
    is_carried : bool
        Whether a month starts from last month's value; otherwise a mechanism sets it anew in every step before
        any other reads it.
    dtype : str
        NumPy type.
    start : float or str
        Value of month 0: a number, or the name of a parameter, a lever or an array of the world.
    span : str or None
        Parameter, in years, whose greatest value the axis 'recent step' spans.
    """

    name: str
    axes: tuple[str, ...]
    unit: str
    low: float
    high: float
    definition: str
    is_carried: bool = True
    dtype: str = "float64"
    start: float | str = 0.0
    span: str | None = None


@dataclass(frozen=True)
class Table:
    """An array that follows from parameters and is made once for every lane.

    Attributes
    ----------
    name : str
        Name by which functions ask for it; its last axis is the lane.
    function : callable
        Takes one number for each of the parameters and returns an array.
    of : tuple of str
        The parameters.
    """

    name: str
    function: Callable[..., Any]
    of: tuple[str, ...]


@dataclass(frozen=True)
class Procedure:
    """A function over arrays whose last axis is the lane; the names of its arguments say what it reads and writes.

    `trust` is the state array of that name, `tie_kind` an array of the world, `trust_gain` the parameter `trust.gain`,
    `competition_strictness` the lever `competition.strictness`; `seed`, `replicate`, `step`, `dt` and `years` say which
    draws to use and when.

    Attributes
    ----------
    name : str
        Name of the function.
    function : callable
        Plain Python over arrays; mutates what it writes and returns None.
    writes : tuple of str
        State arrays that it changes.
    is_kernel : bool
        Whether numba compiles it; a function in vectorised NumPy stays as it is.
    where : str
        File and line, for messages.
    is_foreign : bool
        Whether it comes from outside the package and is kept to what it declares.
    """

    name: str
    function: Callable[..., Any]
    writes: tuple[str, ...] = ()
    is_kernel: bool = False
    where: str = ""
    is_foreign: bool = False

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """Names of all arguments, in order."""
        return tuple(inspect.signature(self.function).parameters)

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """Names of the arguments that it only reads."""
        return tuple(name for name in self.arguments if name not in self.writes)

    @cached_property
    def compiled(self) -> Callable[..., Any]:
        """The compiled form, kept on disk; the function itself where it is no kernel."""
        if not self.is_kernel:
            return self.function
        kernel: Callable[..., Any] = compiled(self.function)
        return kernel

    @property
    def summary(self) -> str:
        """The first line of its docstring."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]


@dataclass(frozen=True)
class Mechanism(Procedure):
    """What happens in every step, in its place of the month.

    Attributes
    ----------
    after, before : str or None
        The mechanism next to which it runs, where the order of the month does not name it.
    settles : bool
        Whether it runs at the start as well, with dt = 0, in its place of the month.
    renews : bool
        Whether it runs when a snapshot is restored, since what it derives follows parameters that may differ.
    idle_at_zero : str or None
        Argument of a parameter or lever; while that is 0 in every lane, the mechanism leaves all state as it is.
    """

    after: str | None = None
    before: str | None = None
    settles: bool = False
    renews: bool = False
    idle_at_zero: str | None = None


@dataclass(frozen=True)
class Start(Procedure):
    """What sets values of month 0 that are no plain start.

    Attributes
    ----------
    settles_as : str or None
        A mechanism in whose place it runs while the start settles; without one it runs before anything settles.
    """

    settles_as: str | None = None


@dataclass(frozen=True)
class Measure:
    """What is measured: name, label, unit, range and meaning, and how it is computed.

    Attributes
    ----------
    group : str
        Heading under which comparisons show it; empty where only tables hold it.
    is_flow : bool
        Whether the values of the steps of a month add up.
    procedure : Procedure or None
        Returns one value a lane; None where a tally fills it.
    """

    name: str
    label: str
    unit: str
    low: float
    high: float
    definition: str
    group: str = ""
    is_flow: bool = False
    procedure: Procedure | None = None


@dataclass(frozen=True)
class Tally(Procedure):
    """A pass over state that fills several measures.

    Attributes
    ----------
    fills : tuple of str
        Measures, each of which is the argument ``fill_NAME`` of shape (lanes,).
    families : mapping of str to tuple of str
        Measures that are filled as one array (members, lanes), by the name in its argument.
    """

    fills: tuple[str, ...] = ()
    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def filled(self) -> dict[str, tuple[str, ...]]:
        """The measures behind every argument that is filled."""
        single = {FILL + name: (name,) for name in self.fills}
        return single | {FILL + name: members for name, members in self.families.items()}


@dataclass(frozen=True, eq=False)
class Part:
    """A submodel, read and checked.

    Attributes
    ----------
    name : str
        Lower case, digits and underscores.
    path : Path
        Its file.
    file : str
        Its file as messages show it.
    text : str
        Docstring of the file.
    fingerprint : str
        Hash of the file and of its levers and parameters, wherever they stand.
    is_foreign : bool
        Whether it comes from outside the package.
    levers, parameters, fields, tables, starts, mechanisms, measures, tallies : tuple
        What it holds.
    decisions : mapping of str to int
        Numbers of its decisions.
    places : mapping of (str, str) to (str, int or None)
        File and line of everything that it holds, by what it is and its name.
    is_whole : bool
        False if its code was only read, and computes some of what it holds.
    """

    name: str
    path: Path
    file: str
    text: str = ""
    fingerprint: str = ""
    is_foreign: bool = False
    levers: tuple[Lever, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    fields: tuple[Field, ...] = ()
    tables: tuple[Table, ...] = ()
    starts: tuple[Start, ...] = ()
    mechanisms: tuple[Mechanism, ...] = ()
    measures: tuple[Measure, ...] = ()
    tallies: tuple[Tally, ...] = ()
    decisions: Mapping[str, int] = field(default_factory=dict)
    places: Mapping[tuple[str, str], tuple[str, int | None]] = field(default_factory=dict)
    is_whole: bool = True

    @property
    def procedures(self) -> tuple[Procedure, ...]:
        """All its functions over arrays."""
        measured = (one.procedure for one in self.measures)
        return (*self.starts, *self.mechanisms, *self.tallies, *(one for one in measured if one is not None))
