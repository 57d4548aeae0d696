"""The large runs that visitors look at: each is kept once, however many look at it, within a bound of memory."""

import threading
from dataclasses import dataclass
from weakref import WeakSet, WeakValueDictionary

from abm.errors import AbmError
from abm.interface.page.background.course import Course
from abm.interface.page.background.limits import Limits
from abm.interface.page.background.simulations import run_size
from abm.scenarios.scenario import Scenario

BYTES_PER_SIZE = 4
"""Bytes that a run keeps for each tie and month."""

Key = tuple[str, int, int]


class NoRoom(AbmError):
    """Raised if there is no memory for another large run."""


class Courses:
    """Runs by what determines them, for as long as somebody looks at them; safe to use from several threads.

    Parameters
    ----------
    most_bytes : int
        Memory for all of them.
    """

    def __init__(self, most_bytes: int = Limits().memory_bytes) -> None:
        self.most_bytes = most_bytes
        self._lock = threading.Lock()
        self._courses: WeakValueDictionary[Key, Course] = WeakValueDictionary()
        self._rooms: WeakSet[Room] = WeakSet()

    def found(self, scenario: Scenario, seed: int, replicate: int) -> Course | None:
        """Return a run if somebody is looking at it, else None."""
        with self._lock:
            return self._courses.get((scenario.content_hash, seed, replicate))

    def kept(self, scenario: Scenario, seed: int, replicate: int, course: Course, room: "Room") -> Course:
        """Add a run so that others find it; return the run that was already there, if there was one."""
        with self._lock:
            room.size = max(room.size - bytes_of(scenario), 0)
            return self._courses.setdefault((scenario.content_hash, seed, replicate), course)

    def room(self, *scenarios: Scenario) -> "Room":
        """Reserve memory for runs of scenarios, until the reservation is garbage-collected.

        Raises
        ------
        NoRoom
            If there is not enough.
        """
        room = Room(sum(map(bytes_of, scenarios)))
        with self._lock:
            taken = sum(one.size for kept in (self._courses.values(), self._rooms) for one in kept)
            if room.size and room.size + taken > self.most_bytes:
                raise NoRoom(
                    "The large runs that visitors look at fill the memory that this server has for them; take a "
                    "smaller place or fewer years, or try again later."
                )
            self._rooms.add(room)
        return room


@dataclass(eq=False)
class Room:
    """Memory reserved for runs that are being simulated.

    Attributes
    ----------
    size : int
        Bytes.
    """

    size: int


def bytes_of(scenario: Scenario) -> int:
    """Return about how many bytes of a run are kept."""
    return BYTES_PER_SIZE * run_size(scenario) // scenario.substeps
