"""Declare a mechanism: one function of arrays, what it writes, and where its theory comes from.

The names of a mechanism's arguments are its contract. `trust` is the state array of that name, `tie_kind` an array of
the place, `trust_gain` the parameter `trust.gain`, `competition_strictness` the lever `competition.strictness`; `seed`,
`replicate`, `step`, `dt` and `years` say which draws to use and when. Whatever is not written is read.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from abm.kernels import compiled


@dataclass(frozen=True)
class Mechanism:
    """One mechanism of the model.

    Attributes
    ----------
    name : str
        Name of the function.
    function : callable
        Plain Python over arrays; mutates what it writes and returns None.
    writes : tuple of str
        State arrays that it changes.
    is_kernel : bool
        Whether numba compiles it; a mechanism in vectorised NumPy stays as it is.
    """

    name: str
    function: Callable[..., None]
    writes: tuple[str, ...]
    is_kernel: bool = True

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """Names of all arguments, in order."""
        return tuple(inspect.signature(self.function).parameters)

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """Names of the arguments that it only reads."""
        return tuple(name for name in self.arguments if name not in self.writes)

    @cached_property
    def compiled(self) -> Callable[..., None]:
        """The compiled form, cached on disk; the function itself where it is no kernel."""
        if not self.is_kernel:
            return self.function
        kernel: Callable[..., None] = compiled(self.function)
        return kernel


def mechanism(
    *, writes: tuple[str, ...], is_kernel: bool = True
) -> Callable[[Callable[..., None]], Mechanism]:
    """Turn a function over arrays into a `Mechanism`.

    Parameters
    ----------
    writes : tuple of str
        The arguments that the function changes in place.
    is_kernel : bool
        Compile with numba (loops over lanes) or leave as NumPy.

    Raises
    ------
    ValueError
        If a written name is not an argument.
    """

    def declare(function: Callable[..., None]) -> Mechanism:
        declared = Mechanism(function.__name__, function, writes, is_kernel)
        missing = [name for name in writes if name not in declared.arguments]
        if missing:
            raise ValueError(
                f"mechanism '{declared.name}' writes {missing}, which are not among its arguments"
            )
        return declared

    return declare
