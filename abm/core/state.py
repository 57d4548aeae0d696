"""The state of a batch of runs: arrays by name whose last axis is the lane."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.core.part import Field
from abm.core.vocabulary import RECENT_STEP


class State:
    """Every state array of a batch, by name: `state.trust` has shape (ties, 2, lanes).

    Parameters
    ----------
    fields : iterable of Field
        Which arrays there are.
    sizes : mapping of str to int
        Length of every axis of the world.
    recent_steps : mapping of str to int
        Length of the axis of recent steps, by the parameter that it spans.
    lanes : int
        Length of the last axis of every array.
    """

    def __init__(
        self, fields: Iterable[Field], sizes: Mapping[str, int], recent_steps: Mapping[str, int], lanes: int
    ) -> None:
        self.arrays: dict[str, NDArray[Any]] = {}
        for field in fields:
            lengths = [
                recent_steps[str(field.span)] if axis == RECENT_STEP else sizes[axis] for axis in field.axes
            ]
            self.arrays[field.name] = np.zeros((*lengths, lanes), dtype=field.dtype)

    def __getattr__(self, name: str) -> NDArray[Any]:
        try:
            return self.__dict__["arrays"][name]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(f"no state array is called '{name}'") from None
