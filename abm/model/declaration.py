"""Declare levers, parameters, state, mechanisms and measures of one's own, in a file outside the package.

Nothing is checked while such a file runs, so that everything that is wrong with it can be told at once, with its
lines: a declaration notes its values and where it stands, and `abm.model.loading` makes records of it.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from abm.draws import own_decision_number

Function = Callable[..., Any]


@dataclass(frozen=True)
class Declaration:
    """Hold the values of one declaration, unchecked, and the line where it stands.

    Attributes
    ----------
    what : str
        'lever', 'parameter', 'state field', 'mechanism' or 'measure'.
    values : mapping
        As given.
    line : int
        Line in the file of the extension.
    function : callable or None
        The function that was declared a mechanism or a measure.
    """

    what: str
    values: Mapping[str, Any]
    line: int
    function: Function | None = None


class OwnDecision(int):
    """Name what a draw of an extension decides; as a number it is part of the draw's key."""

    name: str
    line: int

    def __new__(cls, name: str, line: int) -> OwnDecision:
        """Take the number from the name."""
        made = super().__new__(cls, own_decision_number(name))
        made.name, made.line = name, line
        return made


@dataclass(frozen=True)
class Extension:
    """Say what a file adds to the model; the file holds one.

    Attributes
    ----------
    name : str
        Lower case, digits and underscores.
    levers, parameters : tuple of Declaration, or str
        From `lever` and `parameter`; or the name of a YAML file beside this one, in the form of abm's own.
    fields : tuple of Declaration
        State arrays, from `field`.
    mechanisms, measures : tuple of Declaration
        Functions decorated with `mechanism` and `measure`.
    decisions : tuple of OwnDecision
        From `decision`: what its draws decide.
    """

    name: str
    levers: tuple[Declaration, ...] | str = ()
    parameters: tuple[Declaration, ...] | str = ()
    fields: tuple[Declaration, ...] = ()
    mechanisms: tuple[Declaration, ...] = ()
    measures: tuple[Declaration, ...] = ()
    decisions: tuple[OwnDecision, ...] = ()
    line: int = field(default_factory=lambda: _line_above(2), repr=False, compare=False)


def lever(**values: Any) -> Declaration:
    """Declare a lever.

    Parameters
    ----------
    **values
        The keys of abm's own levers: name, label, description, unit, type, bounds, default, mechanism, writes,
        equation, test, and evidence if it bears on any. ``abm levers NAME`` shows an example.
    """
    return Declaration("lever", values, _line_above(1))


def parameter(**values: Any) -> Declaration:
    """Declare a parameter.

    Parameters
    ----------
    **values
        The keys of abm's own parameters: name, label, description, unit, type, bounds, default, mechanism, grade,
        source, and evidence if it bears on any. ``abm parameters NAME`` shows an example.
    """
    return Declaration("parameter", values, _line_above(1))


def field_of_state(name: str, **values: Any) -> Declaration:
    """Declare a state array; mechanisms ask for it by its name, and its last axis is the lane.

    Parameters
    ----------
    name : str
        Lower case and underscores.
    **values
        axes: what the axes before the lane count, of 'organisation', 'acute provider', 'tie', 'side', 'place',
        'attention segment' and 'kind of organisation'; unit; definition; low and high: the range of its values,
        without bound where it is left out; start: a number, or the parameter or lever that gives the value of
        month 0; is_carried: false if a mechanism sets it anew in every step before any other reads it.
    """
    return Declaration("state field", {"name": name, **values}, _line_above(1))


def mechanism(
    *,
    writes: tuple[str, ...],
    after: str | None = None,
    before: str | None = None,
    is_kernel: bool = False,
) -> Callable[[Function], Declaration]:
    """Declare a function over arrays to be a mechanism.

    Parameters
    ----------
    writes : tuple of str
        The arguments that the function changes in place. It can change no other: it gets them read-only.
    after, before : str
        One of the two: the mechanism next to which it runs in the month; ``abm order`` lists them.
    is_kernel : bool
        Compile with numba (loops over lanes) or leave as NumPy.
    """

    def declare(function: Function) -> Declaration:
        values = {"writes": writes, "after": after, "before": before, "is_kernel": is_kernel}
        return _of_function("mechanism", values, function)

    return declare


def measure(
    *, label: str, unit: str, low: float | None = None, high: float | None = None, is_flow: bool = False
) -> Callable[[Function], Declaration]:
    """Declare a function over arrays to be a measure: it asks like a mechanism and returns one value a lane.

    Parameters
    ----------
    label : str
        A few words for tables and plots.
    unit : str
        Unit of the values.
    low, high : float, optional
        Range of its values; without bound where it is left out.
    is_flow : bool
        Add the values of the steps of a month up, instead of taking the last.

    Notes
    -----
    The function's name is the measure's, and the first line of its docstring is the definition.
    """

    def declare(function: Function) -> Declaration:
        values = {"label": label, "unit": unit, "low": low, "high": high, "is_flow": is_flow}
        definition = (inspect.getdoc(function) or "").partition("\n")[0].rstrip(".")
        return _of_function("measure", {**values, "definition": definition}, function)

    return declare


def decision(name: str) -> OwnDecision:
    """Give what draws of an extension decide a number.

    Parameters
    ----------
    name : str
        A name that no other extension uses, such as 'peer_support.visit'. Its number follows from it, so a change
        of name changes every draw.

    Returns
    -------
    OwnDecision
        A whole number, to be passed to `abm.draws.uniforms`.
    """
    return OwnDecision(name, _line_above(1))


def _of_function(what: str, values: dict[str, Any], function: Function) -> Declaration:
    named = {"name": getattr(function, "__name__", repr(function)), **values}
    code = getattr(function, "__code__", None)
    return Declaration(what, named, code.co_firstlineno if code else _line_above(2), function)


def _line_above(frames: int) -> int:
    # The caller of the function that asks is one frame up, hence the one more.
    return sys._getframe(frames + 1).f_lineno
