"""Read the numbers on the command line, and collect what is wrong with them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from abm.errors import Problem
from abm.runs.batches import WORKERS_ADVICE, worker_problems
from abm.runs.run import REPLICATES_ADVICE, SEED_ADVICE, design_problems
from abm.scenarios.scenariofile import VALID_HORIZON, horizon_complaint

MOST_SHARD_RUNS, MOST_SHARD_SECONDS = 1_000_000, 86_400.0
SHARD_RUNS_ADVICE = f"give a whole number from 1 to {MOST_SHARD_RUNS:,}, such as 500"
SHARD_SECONDS_ADVICE = f"give seconds up to {MOST_SHARD_SECONDS:g}, such as 300"
COUNT_ADVICE = "give a whole number from 1, such as 100"
WHOLE = re.compile(r"[-+]?[0-9]{1,40}")
NUMBER = re.compile(r"[-+]?(?:[0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})(?:[eE][-+]?[0-9]{1,3})?")


@dataclass
class Numbers:
    """A reader of options that collects what is wrong with them.

    Attributes
    ----------
    problems : list of Problem
        Of all options read so far.
    """

    problems: list[Problem] = field(default_factory=list)

    def design(self, replicates: str, seed: str) -> tuple[int, int]:
        """Read the number of replicates and the seed; a valid number replaces one that cannot be read."""
        size = self._whole("--replicates", replicates, REPLICATES_ADVICE, 1)
        first = self._whole("--seed", seed, SEED_ADVICE, 0)
        self.problems += design_problems(size, first)
        return size, first

    def workers(self, text: str | None) -> int | None:
        """Read the number of processes; None if none is given."""
        if text is None:
            return None
        found = self._whole("--workers", text, WORKERS_ADVICE, 1)
        self.problems += worker_problems(found)
        return found

    def years(self, text: str | None) -> float | None:
        """Read a horizon; None if none is given or the number is invalid."""
        if text is None:
            return None
        if not NUMBER.fullmatch(text.strip()):
            self.problems.append(Problem("--years", None, f"found '{text}'; {VALID_HORIZON}"))
            return None
        complaint = horizon_complaint(years := float(text))
        if complaint is not None:
            self.problems.append(Problem("--years", None, complaint))
            return None
        return years

    def more(self, option: str, text: str | None) -> int | None:
        """Read a number to which something is to grow; None if none is given."""
        return None if text is None else self._whole(option, text, "give a whole number, such as 200", 0)

    def counted(self, option: str, text: str | None) -> int | None:
        """Read a number of at least one; None if none is given."""
        if text is None:
            return None
        found = self._whole(option, text, COUNT_ADVICE, 1)
        if found < 1:
            self.problems.append(Problem(option, None, f"found {found}; {COUNT_ADVICE}"))
        return found

    def shard_size(self, seconds: str | None, runs: str | None) -> tuple[float, int | None] | None:
        """Read the size of shards: seconds, and runs if a number of runs is given; None if neither is given."""
        if seconds is not None and runs is not None:
            told = "give --shard-seconds or --shard-runs, not both"
            self.problems.append(Problem("--shard-runs", None, told))
        if runs is not None:
            size = self._whole("--shard-runs", runs, SHARD_RUNS_ADVICE, 1)
            if not 1 <= size <= MOST_SHARD_RUNS:
                self.problems.append(Problem("--shard-runs", None, f"found {size}; {SHARD_RUNS_ADVICE}"))
            return 0.0, size
        if seconds is None:
            return None
        length = float(seconds) if NUMBER.fullmatch(seconds.strip()) else 0.0
        if not 0 < length <= MOST_SHARD_SECONDS:
            self.problems.append(Problem("--shard-seconds", None, f"found {seconds}; {SHARD_SECONDS_ADVICE}"))
        return length, None

    def shards(self, ranges: Sequence[str], shards: int) -> list[int]:
        """Read indices of shards and ranges of indices, both ends included."""
        found: list[int] = []
        for text in ranges:
            first, dash, last = text.partition("-")
            ends = [first, last if dash else first]
            if not all(end.isdecimal() and int(end) < shards for end in ends) or int(ends[0]) > int(ends[1]):
                told = f"found '{text}'; valid is a number from 0 to {shards - 1}, or a range such as 0-7"
                self.problems.append(Problem("INDEX", None, told))
            else:
                found += range(int(ends[0]), int(ends[1]) + 1)
        return found

    def _whole(self, option: str, text: str, advice: str, otherwise: int) -> int:
        if WHOLE.fullmatch(text.strip()):
            return int(text)
        self.problems.append(Problem(option, None, f"found '{text}'; {advice}"))
        return otherwise
