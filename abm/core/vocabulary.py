"""The words in which submodels speak of a world: what state counts, what parameters are indexed by, what is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

MONTHS_PER_YEAR = 12
RECENT_STEP = "recent step"
"""An axis as long as the steps that the greatest value of a parameter spans, and one."""
CLOCK = ("step", "dt", "years")
"""What changes with every call: number of the step, its length in years, and years since the start."""
FATE = ("seed", "replicate")
"""What says which accidents a lane meets."""


@dataclass(frozen=True)
class Vocabulary:
    """The words of a world.

    Attributes
    ----------
    axes : tuple of str
        What the axes of state may count besides lanes, such as 'tie'.
    indices : mapping of str to tuple of str
        Members of every index of parameters, in the order of their integer codes.
    arrays : tuple of str
        Names of the arrays that a world gives.
    """

    axes: tuple[str, ...] = ()
    indices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    arrays: tuple[str, ...] = ()


class World(Protocol):
    """Where runs take place: arrays that no run changes."""

    @property
    def sizes(self) -> Mapping[str, int]:
        """Length of every axis of the vocabulary."""

    @property
    def arrays(self) -> Mapping[str, NDArray[np.generic] | NDArray[Any]]:
        """Arrays by name."""

    @property
    def content_hash(self) -> str:
        """Hash of all arrays."""
