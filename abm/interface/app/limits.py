"""What one visitor, and all of them together, may ask of a server."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from abm.errors import InvalidInput, Problem
from abm.model.scenariofile import LONGEST_HORIZON_YEARS

KILOBYTE = 1024


@dataclass(frozen=True)
class Limits:
    """Hold the limits of a server.

    Attributes
    ----------
    sessions : int
        Visitors at once; the next one is asked to come back.
    replicates : int
        Most pairs of runs behind a band or an interval.
    years : int
        Longest horizon, years.
    workers : int
        Processes for work in the background.
    waiting : int
        Tasks of one visitor that may wait for a process; a newer question replaces older ones.
    idle_minutes : int
        Minutes after which a session without a browser is forgotten.
    upload_kilobytes : int
        Largest scenario file that may be uploaded.
    """

    sessions: int = 30
    replicates: int = 100
    years: int = 30
    workers: int = 2
    waiting: int = 400
    idle_minutes: int = 10
    upload_kilobytes: int = 64

    @property
    def upload_bytes(self) -> int:
        """Give the largest upload, bytes."""
        return self.upload_kilobytes * KILOBYTE

    @property
    def months(self) -> int:
        """Give the longest horizon, months."""
        return 12 * self.years

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise InvalidInput(problems)

    def _problems(self) -> Iterator[Problem]:
        most = {"years": int(LONGEST_HORIZON_YEARS)}
        for field in fields(self):
            value = getattr(self, field.name)
            highest = most.get(field.name)
            if value < 1 or (highest is not None and value > highest):
                bound = f"from 1 to {highest}" if highest else "from 1"
                option = f"--max-{field.name.replace('_', '-')}"
                yield Problem(option, None, f"found {value}; give a whole number {bound}")
