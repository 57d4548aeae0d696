"""Declare what a submodel consists of: levers, parameters, state, functions over arrays, measures and draws.

Nothing is checked while such a file runs, so that everything that is wrong with it can be told at once, with its
lines: a declaration notes its values and where it stands, and `abm.core.reading` makes records of it.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, overload

from abm.core.draws import Decision

Function = Callable[..., Any]


@dataclass(frozen=True)
class Declaration:
    """The values of one declaration, unchecked, and the line where it stands.

    Attributes
    ----------
    what : str
        'lever', 'parameter', 'state field', 'table', 'start', 'mechanism', 'measure' or 'tally'.
    values : mapping
        As given.
    line : int
        Line in the file of the submodel.
    function : callable or None
        The function that was declared.
    """

    what: str
    values: Mapping[str, Any]
    line: int
    function: Any = None


@dataclass(frozen=True)
class Submodel:
    """One idea of a theory: a file holds one, and everything that is declared in the file belongs to it.

    Attributes
    ----------
    name : str
        Lower case, digits and underscores.
    records : str or None
        Name of a YAML file beside, with levers and parameters under the keys ``levers`` and ``parameters``.
    """

    name: str
    records: str | None = None
    line: int = dataclasses.field(default_factory=lambda: _line_above(2), repr=False, compare=False)


def lever(**values: Any) -> Declaration:
    """Declare a lever.

    Parameters
    ----------
    **values
        The keys of a lever: name, label, description, unit, type, bounds, default, mechanism, writes, equation, test,
        and evidence if it bears on any. ``abm levers NAME`` shows an example.
    """
    return Declaration("lever", values, _line_above(1))


def parameter(**values: Any) -> Declaration:
    """Declare a parameter.

    Parameters
    ----------
    **values
        The keys of a parameter: name, label, description, unit, type, bounds, default, mechanism, grade, source, and
        evidence if it bears on any. ``abm parameters NAME`` shows an example.
    """
    return Declaration("parameter", values, _line_above(1))


def field(name: str, **values: Any) -> Declaration:
    """Declare a state array; mechanisms ask for it by its name, and its last axis is the lane.

    Parameters
    ----------
    name : str
        Lower case and underscores.
    **values
        axes: what the axes before the lane count, such as 'organisation', 'tie', 'side' or 'place'; unit; definition;
        low and high: the range of its values, without bound where it is left out; start: a number, or the parameter,
        lever or array of the place that gives the value of month 0; is_carried: false if a mechanism sets it anew in
        every step before any other reads it; dtype: 'float64' unless given; span: for the axis 'recent step', the
        parameter in years whose greatest value it spans.
    """
    return Declaration("state field", {"name": name, **values}, _line_above(1))


def table(name: str, function: Function, *, of: tuple[str, ...]) -> Declaration:
    """Declare an array that follows from parameters and is made once for every lane.

    Parameters
    ----------
    name : str
        The argument by which functions ask for it; its last axis is the lane.
    function : callable
        Takes one number for each of the parameters and returns an array.
    of : tuple of str
        Names of the parameters.
    """
    return Declaration("table", {"name": name, "of": of}, _line_above(1), function)


def start(
    *, writes: tuple[str, ...], settles_as: str | None = None, is_kernel: bool = False
) -> Callable[[Function], Declaration]:
    """Declare a function over arrays to set state of month 0.

    Parameters
    ----------
    writes : tuple of str
        The arguments that it sets.
    settles_as : str, optional
        A mechanism in whose place of the month it runs while the start settles; without one it runs before that.
    is_kernel : bool
        Compile with numba (loops over lanes) or leave as NumPy.
    """
    return _declaring("start", writes=writes, settles_as=settles_as, is_kernel=is_kernel)


def mechanism(
    *,
    writes: tuple[str, ...],
    after: str | None = None,
    before: str | None = None,
    settles: bool = False,
    renews: bool = False,
    idle_at_zero: str | None = None,
    is_kernel: bool = False,
) -> Callable[[Function], Declaration]:
    """Declare a function over arrays to be a mechanism.

    Parameters
    ----------
    writes : tuple of str
        The arguments that the function changes in place. It can change no other.
    after, before : str, optional
        One of the two, unless abm's own order names the mechanism: the one next to which it runs in the month;
        ``abm order`` lists them.
    settles : bool
        Run it at the start as well, with dt = 0.
    renews : bool
        Run it when a snapshot is restored, since what it derives follows parameters that may differ now.
    idle_at_zero : str, optional
        An argument that is a parameter or a lever. While it is 0 in every lane, the function is not called from the
        third step on, because the first two have left everything that it writes as it then stays.
    is_kernel : bool
        Compile with numba (loops over lanes) or leave as NumPy.
    """
    return _declaring(
        "mechanism",
        writes=writes,
        after=after,
        before=before,
        settles=settles,
        renews=renews,
        idle_at_zero=idle_at_zero,
        is_kernel=is_kernel,
    )


@overload
def measure(
    name: str,
    /,
    *,
    label: str,
    unit: str,
    definition: str,
    low: float | None = None,
    high: float | None = None,
    group: str = "",
    is_flow: bool = False,
) -> Declaration: ...


@overload
def measure(
    *,
    label: str,
    unit: str,
    low: float | None = None,
    high: float | None = None,
    group: str = "",
    is_flow: bool = False,
    is_kernel: bool = False,
) -> Callable[[Function], Declaration]: ...


def measure(name: str | None = None, /, **values: Any) -> Declaration | Callable[[Function], Declaration]:
    """Declare a measure: a function that returns one value a lane, or by name what a tally fills.

    Parameters
    ----------
    name : str, optional
        Name of a measure that a tally fills; without one this decorates a function, and its name is the measure's.
    label : str
        A few words for tables and plots.
    unit : str
        Unit of the values.
    low, high : float, optional
        Range of its values; without bound where it is left out.
    group : str
        Heading under which comparisons show it; only tables hold a measure without one.
    is_flow : bool
        Add the values of the steps of a month up, instead of taking the last.
    is_kernel : bool
        Compile the function with numba or leave it as NumPy.
    definition : str
        What it means; of a function the first line of its docstring.
    """
    if name is not None:
        return Declaration("measure", {"name": name, **values}, _line_above(1))

    def declare(function: Function) -> Declaration:
        definition = (inspect.getdoc(function) or "").partition("\n")[0].rstrip(".")
        return _of_function("measure", {**values, "definition": definition}, function)

    return declare


def tally(
    *,
    fills: tuple[str, ...] = (),
    families: Mapping[str, tuple[str, ...]] | None = None,
    is_kernel: bool = False,
) -> Callable[[Function], Declaration]:
    """Declare a function to fill several measures in one pass over state.

    Parameters
    ----------
    fills : tuple of str
        Measures; each is the argument ``fill_NAME`` of shape (lanes,), to be set in place.
    families : mapping of str to tuple of str, optional
        Measures to be filled as one array (members, lanes), the argument ``fill_NAME`` of the key; they are declared
        one after the other.
    is_kernel : bool
        Compile with numba or leave as NumPy.
    """
    return _declaring("tally", fills=fills, families=dict(families or {}), is_kernel=is_kernel)


def decision(name: str, number: int | None = None) -> Decision:
    """Declare what draws decide, and number it.

    Parameters
    ----------
    name : str
        A name that no other submodel uses, such as 'peer_support.visit'.
    number : int, optional
        Numbers below 1,024 are abm's own. Without one the number follows from the name, so that a change of name
        changes every draw.

    Returns
    -------
    Decision
        A whole number, to be passed to `abm.core.draws.uniforms`.
    """
    return Decision(name, number, _line_above(1))


def _declaring(what: str, **values: Any) -> Callable[[Function], Declaration]:
    def declare(function: Function) -> Declaration:
        return _of_function(what, values, function)

    return declare


def _of_function(what: str, values: Mapping[str, Any], function: Function) -> Declaration:
    named = {"name": getattr(function, "__name__", repr(function)), **values}
    code = getattr(function, "__code__", None)
    return Declaration(what, named, code.co_firstlineno if code else _line_above(2), function)


def _line_above(frames: int) -> int:
    # The caller of the function that asks is one frame up, hence the one more.
    return sys._getframe(frames + 1).f_lineno
