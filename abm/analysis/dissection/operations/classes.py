"""Group the sides of ties into classes, and rearrange trust within each class."""

import numpy as np
from numpy.typing import NDArray

from abm.world.place import Floats, Integers

SIDES = 2
SHUT = -1
"""The class of sides whose tie is shut; it is left alone."""


def classes_of(tie_kind: Integers, tie_place: Integers | None = None) -> Integers:
    """Return the class of every side: kind of tie and side, and the tie's place where that is given.

    Returns
    -------
    (2M,) int
        By tie, then side.
    """
    kind = tie_kind if tie_place is None else tie_place * (int(tie_kind.max(initial=0)) + 1) + tie_kind
    numbers: Integers = (kind[:, None] * SIDES + np.arange(SIDES)).ravel()
    return numbers


def shuffled(trust: Floats, classes: Integers, draws: Floats) -> Floats:
    """Return trust of one lane dealt out anew within each class, in the order of the draws.

    Parameters
    ----------
    trust, draws : (2M,)
        Draws lie between 0 and 1.
    classes : (2M,) int
        `SHUT` marks sides that keep their trust.
    """
    dealt = trust.copy()
    is_open = np.flatnonzero(classes != SHUT)
    receivers = is_open[np.argsort(classes[is_open], kind="stable")]
    givers = is_open[np.lexsort((draws[is_open], classes[is_open]))]
    dealt[receivers] = trust[givers]
    return dealt


def averaged(trust: Floats, classes: Integers) -> Floats:
    """Return trust of one lane, (2M,), with every side at the mean of its class; `SHUT` sides keep theirs."""
    level = trust.copy()
    is_open = classes != SHUT
    number = np.bincount(classes[is_open])
    total = np.bincount(classes[is_open], trust[is_open])
    mean = total / np.maximum(number, 1)
    # The mean of equal values may differ from them in the last digit, and so leave their range.
    level[is_open] = np.clip(mean[classes[is_open]], 0.0, 1.0)
    return level


def open_classes(classes: Integers, shut: NDArray[np.uint8]) -> Integers:
    """Return the classes of one lane, with `SHUT` for both sides of shut ties; shut is (M,)."""
    found: Integers = np.where(np.repeat(shut, SIDES) > 0, SHUT, classes)
    return found
