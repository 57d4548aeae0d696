"""The months of a run, packed for the picture when a visitor looks at them."""

from functools import lru_cache

from abm.interface.page.background.course import Course
from abm.interface.page.widgets.network_values import MonthValues, pack_month, values_of
from abm.world.place import Place

KEPT = 4
"""Months that are kept: the month in view, the next one, and those just visited."""


class Frames:
    """The months of a run as pictures show them.

    Parameters
    ----------
    place : Place
    course : Course
    against : Course, optional
        Run from which differences are shown instead of values.
    """

    def __init__(self, place: Place, course: Course, against: Course | None = None) -> None:
        self.place = place
        self.course = course
        self.against = against
        self.values = lru_cache(maxsize=KEPT)(self._values)
        self.packed = lru_cache(maxsize=KEPT)(self._packed)

    def _values(self, month: int) -> MonthValues:
        return values_of(self.place, self.course.arrays(month), month)

    def _packed(self, month: int) -> bytes:
        if month > self.course.months:
            return b""
        if self.against is None:
            return pack_month(self.place, self.values(month))
        against = values_of(self.place, self.against.arrays(month), month)
        return pack_month(self.place, self.values(month), against)
