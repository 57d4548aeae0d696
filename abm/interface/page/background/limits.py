"""The limits of a server: how much one visitor, and all visitors together, may ask for."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from abm.errors import InvalidInput, Problem
from abm.scenarios.scenariofile import LONGEST_HORIZON_YEARS, MOST_SUBSTEPS

KILOBYTE = 1024


@dataclass(frozen=True)
class Limits:
    """The limits of a server.

    Attributes
    ----------
    sessions : int
        Most visitors at once; the next one is asked to wait.
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
    substeps : int
        Most steps a month.
    schedule_points : int
        Most points in the schedules of all levers of a scenario together.
    run_size : int
        Largest run, ties times months times steps a month; England over 30 years has 21 million.
    question_size : int
        Largest sum of the runs that may wait for one visitor; there are fewer replicates of large places.
    task_seconds : int
        Seconds after which a run is ended.
    question_seconds : int
        Seconds of workers' time that go into the replicates behind one question.
    memory_megabytes : int
        Memory for the runs that all visitors look at.
    """

    sessions: int = 30
    replicates: int = 100
    years: int = 30
    workers: int = 2
    waiting: int = 400
    idle_minutes: int = 10
    upload_kilobytes: int = 64
    substeps: int = MOST_SUBSTEPS
    schedule_points: int = 1_000
    run_size: int = 25_000_000
    question_size: int = 2_500_000_000
    task_seconds: int = 120
    question_seconds: int = 900
    memory_megabytes: int = 1_000

    @property
    def upload_bytes(self) -> int:
        """Return the size of the largest upload, in bytes."""
        return self.upload_kilobytes * KILOBYTE

    @property
    def months(self) -> int:
        """Return the longest horizon, in months."""
        return 12 * self.years

    @property
    def memory_bytes(self) -> int:
        """Return the memory for runs that visitors look at, in bytes."""
        return self.memory_megabytes * KILOBYTE * KILOBYTE

    def replicates_within(self, wanted: int, size: int) -> int:
        """Return how many replicates of a given size (ties times steps) are allowed; at least two."""
        return max(min(wanted, self.replicates, self.question_size // max(size, 1)), 2)

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise InvalidInput(problems)

    def _problems(self) -> Iterator[Problem]:
        most = {"years": int(LONGEST_HORIZON_YEARS), "substeps": MOST_SUBSTEPS}
        for field in fields(self):
            value = getattr(self, field.name)
            highest = most.get(field.name)
            if value < 1 or (highest is not None and value > highest):
                bound = f"from 1 to {highest}" if highest else "from 1"
                option = f"--max-{field.name.replace('_', '-')}"
                yield Problem(option, None, f"found {value}; give a whole number {bound}")
