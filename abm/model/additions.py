"""Hold what an extension adds to the model, put it in its place, and keep its mechanisms to what they declare."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.errors import AbmError
from abm.mechanisms.mechanism import Mechanism
from abm.model.measures import Measure
from abm.model.state import Field
from abm.policy.levers import Lever
from abm.policy.parameters import Parameter


class ExtensionError(AbmError):
    """Say that a mechanism or measure of an extension did what it must not."""


@dataclass(frozen=True)
class OwnField(Field):
    """Describe a state array of an extension.

    Attributes
    ----------
    start : float or str
        Value of month 0: a number, or the name of a parameter or lever.
    """

    start: float | str = 0.0


@dataclass(frozen=True)
class OwnMechanism(Mechanism):
    """One mechanism of an extension.

    Attributes
    ----------
    after, before : str or None
        One of the two: the mechanism next to which it runs.
    place : str
        File and line, for messages.
    """

    after: str | None = None
    before: str | None = None
    place: str = ""


@dataclass(frozen=True)
class OwnMeasure(Measure):
    """A measure of an extension.

    Attributes
    ----------
    function : callable
        Takes state, arrays of the place, parameters and levers by name; returns one value a lane.
    arguments : tuple of str
        Their names.
    is_flow : bool
        Whether the steps of a month add up.
    place : str
        File and line, for messages.
    """

    function: Callable[..., Any]
    arguments: tuple[str, ...]
    is_flow: bool = False
    place: str = ""

    def value(self, known: Mapping[str, NDArray[Any]], lanes: int) -> NDArray[np.float64]:
        """Measure, (lanes,).

        Raises
        ------
        ExtensionError
            If the function does not return one value a lane.
        """
        values = np.asarray(
            self.function(*(read_only(known[name]) for name in self.arguments)), dtype=np.float64
        )
        if values.shape != (lanes,):
            message = f"measure '{self.name}' returned shape {values.shape}; it should be one value a lane, ({lanes},)"
            raise ExtensionError(f"{self.place}  {message}")
        return values


@dataclass(frozen=True)
class Additions:
    """Hold what an extension adds, checked.

    Attributes
    ----------
    name, file : str
        Name of the extension, and its file as messages show it.
    levers, parameters, fields, mechanisms, measures : tuple
        What it adds.
    decisions : mapping of str to int
        Numbers of its decisions.
    lines : mapping of (str, str) to int
        Line of each addition, by what it is and its name.
    is_whole : bool
        False if its code was only read, and computes some of what it adds.
    """

    name: str
    file: str
    levers: tuple[Lever, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    fields: tuple[OwnField, ...] = ()
    mechanisms: tuple[OwnMechanism, ...] = ()
    measures: tuple[OwnMeasure, ...] = ()
    decisions: Mapping[str, int] = field(default_factory=dict)
    lines: Mapping[tuple[str, str], int] = field(default_factory=dict)
    is_whole: bool = True


def placed(month: Sequence[Mechanism], members: Sequence[Additions]) -> tuple[Mechanism, ...]:
    """Put the mechanisms of extensions into a month.

    Parameters
    ----------
    month : sequence of Mechanism
        The model's own.
    members : sequence of Additions
        Extensions; those that run next to one mechanism keep their order.

    Returns
    -------
    tuple of Mechanism
        Those that name no known neighbour are left out.
    """
    order = list(month)
    for own in (mechanism for member in members for mechanism in member.mechanisms):
        names = [mechanism.name for mechanism in order]
        neighbour = own.after if own.after is not None else own.before
        if neighbour not in names:
            continue
        position = names.index(neighbour)
        if own.after is not None:
            position += 1
            while position < len(order) and getattr(order[position], "after", None) == neighbour:
                position += 1
        order.insert(position, own)
    return tuple(order)


def read_only(values: Any) -> Any:
    """Give an array that cannot be written through."""
    if not isinstance(values, np.ndarray):
        return values
    view = values.view()
    view.flags.writeable = False
    return view


def guarded(
    mechanism: OwnMechanism, function: Callable[..., None], values: list[Any], fields: Sequence[Field]
) -> tuple[Callable[..., None], list[Any]]:
    """Keep a mechanism of an extension to the arrays that it declares, and these to their range.

    Parameters
    ----------
    mechanism : OwnMechanism
        The mechanism.
    function : callable
        It, or its compiled form.
    values : list
        Its arguments.
    fields : sequence of Field
        The state.

    Returns
    -------
    function : callable
        Raises `ExtensionError` where an array has left its range.
    values : list
        Its arguments, read-only where it does not write them.
    """
    ranges = {field.name: (field.low, field.high) for field in fields}
    named = dict(zip(mechanism.arguments, values, strict=True))
    written = [(name, named[name], *ranges[name]) for name in mechanism.writes]

    def run(*arguments: Any) -> None:
        function(*arguments)
        for name, array, low, high in written:
            # Written so that a value that is no number fails as well.
            if array.size and not (low <= array.min() and array.max() <= high):
                outside = array[~((array >= low) & (array <= high))]
                raise ExtensionError(
                    f"{mechanism.place}  mechanism '{mechanism.name}' left '{name}' at {outside[0]:g}; "
                    f"its range is {low:g} to {high:g}, so limit it, for instance with numpy.clip"
                )

    return run, [
        value if name in mechanism.writes else read_only(value)
        for name, value in zip(mechanism.arguments, values, strict=True)
    ]
