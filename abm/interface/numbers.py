"""Read the numbers that stand on the command line, and say what is wrong with any of them beside all the rest."""

import re
from dataclasses import dataclass, field

from abm.errors import Problem
from abm.experiments.engines import WORKERS_ADVICE, worker_problems
from abm.experiments.run import REPLICATES_ADVICE, SEED_ADVICE, design_problems
from abm.model.scenariofile import VALID_HORIZON, horizon_complaint

WHOLE = re.compile(r"[-+]?[0-9]{1,40}")
NUMBER = re.compile(r"[-+]?(?:[0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})(?:[eE][-+]?[0-9]{1,3})?")


@dataclass
class Numbers:
    """Read options one by one and collect what is wrong with them.

    Attributes
    ----------
    problems : list of Problem
        Of all options read so far.
    """

    problems: list[Problem] = field(default_factory=list)

    def design(self, replicates: str, seed: str) -> tuple[int, int]:
        """Read how many runs, and their seed; a valid one in the place of either that cannot be read."""
        size = self._whole("--replicates", replicates, REPLICATES_ADVICE, 1)
        first = self._whole("--seed", seed, SEED_ADVICE, 0)
        self.problems += design_problems(size, first)
        return size, first

    def workers(self, text: str | None) -> int | None:
        """Read how many processes; None where no number is given."""
        if text is None:
            return None
        found = self._whole("--workers", text, WORKERS_ADVICE, 1)
        self.problems += worker_problems(found)
        return found

    def years(self, text: str | None) -> float | None:
        """Read a horizon; None where no number is given, or none that is valid."""
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

    def _whole(self, option: str, text: str, advice: str, otherwise: int) -> int:
        if WHOLE.fullmatch(text.strip()):
            return int(text)
        self.problems.append(Problem(option, None, f"found '{text}'; {advice}"))
        return otherwise
