"""Fuse tallies into one kernel, so that a month unpacks the arrays that they share once.

A compiled function unpacks every array that Python hands it, which in a small place takes as long as to add up what is
in it. The fused kernel takes all measures as one array and cuts the rows itself.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from abm.core.kernels import compiled, inlined
from abm.core.part import Tally


def fuse(
    tallies: Sequence[Tally], row_of: Callable[[str], int]
) -> tuple[Callable[..., None], tuple[str, ...]]:
    """Combine tallies that are kernels into one kernel.

    Parameters
    ----------
    tallies : sequence of Tally
        At least one.
    row_of : callable
        Returns the row of a measure.

    Returns
    -------
    fill : callable
        Takes values (measures, lanes), and the arrays that the tallies read.
    names : tuple of str
        Names of these arrays.
    """
    names: dict[str, None] = {}
    calls = []
    for number, tally in enumerate(tallies):
        given = []
        for argument in tally.arguments:
            measures = tally.filled.get(argument)
            if measures is None:
                names[argument] = None
                given.append(argument)
            else:
                row = row_of(measures[0])
                is_family = measures[0] not in tally.fills
                given.append(f"values[{row}:{row + len(measures)}]" if is_family else f"values[{row}]")
        calls.append(f"    tally_{number}({', '.join(given)})")
    source = "\n".join([f"def fill({', '.join(['values', *names])}):", *calls])
    return fused(source, tuple(tally.function for tally in tallies)), tuple(names)


@lru_cache(maxsize=64)
def fused(source: str, functions: tuple[Callable[..., Any], ...]) -> Any:
    """Compile generated source that calls functions as `tally_0`, `tally_1` and so on.

    The source has this module for its home, so that numba can keep the kernel: it would otherwise have to write down
    every global of the source, builtins included.
    """
    called = {f"tally_{number}": inlined(function) for number, function in enumerate(functions)}
    space: dict[str, Any] = {"__name__": __name__, **called}
    exec(source, space)
    fill: Any = space["fill"]
    fill.made_of = source, functions
    return compiled(fill)
