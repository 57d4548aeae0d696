"""Keep the large runs that visitors look at: each once, however many look at it, and within the memory there is."""

import threading
from weakref import WeakValueDictionary

from abm.errors import AbmError
from abm.interface.app.course import Course
from abm.interface.app.limits import Limits
from abm.interface.app.tasks import run_size
from abm.model.scenario import Scenario

BYTES_PER_SIZE = 4
"""Bytes that a run keeps for each tie and month."""

Key = tuple[str, int, int]


class NoRoom(AbmError):
    """Say that there is no memory for another large run."""


class Courses:
    """Find runs by what decides them, as long as somebody looks at them; safe to ask from several threads.

    Parameters
    ----------
    most_bytes : int
        Memory for all of them.
    """

    def __init__(self, most_bytes: int = Limits().memory_bytes) -> None:
        self.most_bytes = most_bytes
        self._lock = threading.Lock()
        self._courses: WeakValueDictionary[Key, Course] = WeakValueDictionary()

    def found(self, scenario: Scenario, seed: int, replicate: int) -> Course | None:
        """Return a run that somebody looks at."""
        with self._lock:
            return self._courses.get((scenario.content_hash, seed, replicate))

    def kept(self, scenario: Scenario, seed: int, replicate: int, course: Course) -> Course:
        """Keep a run for others to find; return the one that was there before, if there was one."""
        with self._lock:
            return self._courses.setdefault((scenario.content_hash, seed, replicate), course)

    def require_room(self, *scenarios: Scenario) -> None:
        """Require memory for runs of scenarios.

        Raises
        ------
        NoRoom
            If there is none.
        """
        needed = sum(BYTES_PER_SIZE * run_size(one) // one.substeps for one in scenarios)
        with self._lock:
            taken = sum(course.size for course in self._courses.values())
        if needed + taken > self.most_bytes:
            raise NoRoom(
                "The large runs that visitors look at fill the memory that this server has for them; take a smaller "
                "place or fewer years, or try again later."
            )
