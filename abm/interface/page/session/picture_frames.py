"""Pack the months of a run for the picture as they are looked at."""

from functools import lru_cache

from abm.interface.page.background.course import Course
from abm.interface.page.widgets.network_values import MonthValues, pack_month, values_of
from abm.world.place import Place

KEPT = 4
"""Months that are kept: the one in view, the one to come, and where a visitor has just been."""


class Frames:
    """Give the months of a run as pictures show them.

    Parameters
    ----------
    place : Place
    course : Course
    against : Course, optional
        Show differences from this run instead.
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
