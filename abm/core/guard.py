"""Check that functions from outside the package change only the arrays that they declare, within their range."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from abm.core.part import Field, Procedure
from abm.errors import AbmError


class ViolationError(AbmError):
    """A function of a submodel from outside the package violated its declaration."""


def read_only(values: Any) -> Any:
    """Return a view of an array that cannot be written through, and all else as it is."""
    if not isinstance(values, np.ndarray):
        return values
    view = values.view()
    view.flags.writeable = False
    return view


def guarded(
    procedure: Procedure, function: Callable[..., Any], values: list[Any], fields: Mapping[str, Field]
) -> tuple[Callable[..., Any], list[Any]]:
    """Wrap a mechanism or start so that it can change only the arrays that it declares, within their range.

    Parameters
    ----------
    procedure : Procedure
        The mechanism or start.
    function : callable
        It, or its compiled form.
    values : list
        Its arguments.
    fields : mapping of str to Field
        The state.

    Returns
    -------
    function : callable
        Raises `ViolationError` where an array has left its range.
    values : list
        Its arguments, read-only where it does not write them.
    """
    named = dict(zip(procedure.arguments, values, strict=True))
    written = [(name, named[name], fields[name].low, fields[name].high) for name in procedure.writes]
    what = type(procedure).__name__.lower()

    def run(*arguments: Any) -> None:
        function(*arguments)
        for name, array, low, high in written:
            # Written so that a value that is no number fails as well.
            if array.size and not (low <= array.min() and array.max() <= high):
                outside = array[~((array >= low) & (array <= high))]
                raise ViolationError(
                    f"{procedure.where}  {what} '{procedure.name}' left '{name}' at {outside[0]:g}; "
                    f"its range is {low:g} to {high:g}, so limit it, for instance with numpy.clip"
                )

    return run, [
        value if name in procedure.writes else read_only(value)
        for name, value in zip(procedure.arguments, values, strict=True)
    ]
