"""Keep the large runs that visitors look at: each once, however many look at it, and within the memory there is."""

import threading
from dataclasses import dataclass
from weakref import WeakSet, WeakValueDictionary

from abm.errors import AbmError
from abm.interface.page.background.course import Course
from abm.interface.page.background.limits import Limits
from abm.interface.page.background.simulations import run_size
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
        self._rooms: WeakSet[Room] = WeakSet()

    def found(self, scenario: Scenario, seed: int, replicate: int) -> Course | None:
        """Return a run that somebody looks at."""
        with self._lock:
            return self._courses.get((scenario.content_hash, seed, replicate))

    def kept(self, scenario: Scenario, seed: int, replicate: int, course: Course, room: "Room") -> Course:
        """Keep a run in its room, for others to find; return the one that was there before, if there was one."""
        with self._lock:
            room.size = max(room.size - bytes_of(scenario), 0)
            return self._courses.setdefault((scenario.content_hash, seed, replicate), course)

    def room(self, *scenarios: Scenario) -> "Room":
        """Take memory for runs of scenarios; it is given back with what is returned.

        Raises
        ------
        NoRoom
            If there is none.
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
    """Hold memory for runs that are still simulated.

    Attributes
    ----------
    size : int
        Bytes.
    """

    size: int


def bytes_of(scenario: Scenario) -> int:
    """Return about how many bytes are kept of a run."""
    return BYTES_PER_SIZE * run_size(scenario) // scenario.substeps
