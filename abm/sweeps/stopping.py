"""Stop a failing sweep early and report why: before it has cost much, and never by chance.

Three rules, each of which `--go-on` waives:

- More than the share `most_failed` of all runs of the experiment have failed.
- No run is sound, and eight shards that come from all over the design have failed, every run of them, by one cause.
- Eight shards were lost for good by one cause since the command began, and none was done.

The first shards to be run are spread over the design, so that some of their runs are sound even if half of the design
fails.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from abm.errors import AbmError
from abm.sweeps.engines.engine import Carried
from abm.sweeps.store.dataset import SweepTables, told_causes
from abm.sweeps.store.manifest import Manifest

ALIKE_SHARDS = 8
"""Shards that end a sweep in which they, and nothing else, have failed or were lost alike."""
GOLDEN_RATIO = (math.sqrt(5.0) - 1.0) / 2.0


class StoppedEarly(AbmError):
    """A sweep was stopped before its end."""


def spread_ahead(shards: Sequence[int]) -> list[int]:
    """Move eight shards from all over the list to the front; the others keep their order."""
    if len(shards) <= ALIKE_SHARDS:
        return list(shards)
    positions = []
    for number in range(ALIKE_SHARDS):
        # Multiples of the golden ratio lie evenly, and no two of these are equal modulo eight: otherwise all of them
        # could be failing shards of a design in which every other shard fails.
        group = int(number * GOLDEN_RATIO % 1.0 * len(shards)) // ALIKE_SHARDS
        position = group * ALIKE_SHARDS + number
        positions.append(position if position < len(shards) else position - ALIKE_SHARDS)
    ahead = set(positions)
    return [shards[position] for position in positions] + [
        shard for position, shard in enumerate(shards) if position not in ahead
    ]


@dataclass
class Patience:
    """Outcomes of a sweep so far, and the rules that stop it.

    Attributes
    ----------
    manifest : Manifest
        The sweep's.
    done, failed : int
        Runs that are there, and those of them that failed.
    is_endless : bool
        Whether to continue in any case.
    """

    manifest: Manifest
    done: int
    failed: int
    is_endless: bool = False
    _shards_done: int = 0
    _lost: list[Carried] = field(default_factory=list)

    def take(self, carried: Carried) -> None:
        """Add the outcome of a shard."""
        if not carried.lost:
            self._shards_done += 1
            self.done, self.failed = self.done + carried.runs, self.failed + carried.failed
        elif carried.is_final:
            self._lost.append(carried)

    def require(self) -> None:
        """Refuse to continue if that makes no sense.

        Raises
        ------
        StoppedEarly
            If a rule is met.
        """
        if not self.is_endless:
            self._require_few_failed()
            self._require_some_sound()
            self._require_some_done()

    def _require_few_failed(self) -> None:
        most = self.manifest.most_failed
        if self.failed > most * self.manifest.runs:
            found = told_causes(SweepTables(self.manifest).failures())
            told = f"{self.failed:,} of {self.manifest.runs:,} runs have failed, more than the share of {most:g} that"
            raise StoppedEarly(f"{told} the experiment allows ({found}); {self._advice}")

    def _require_some_sound(self) -> None:
        # Tables are read at eight shards, sixteen, and so on, so that this is cheap if causes differ.
        count = self._shards_done
        if self.done > self.failed or count < ALIKE_SHARDS or count & (count - 1):
            return
        found = SweepTables(self.manifest).failures()
        if len(found) == 1:
            told = f"all of the first {self.failed:,} runs, from all over the design, failed alike: {found[0][0]}"
            raise StoppedEarly(f"{told}; {self._advice}")

    def _require_some_done(self) -> None:
        if self._shards_done or len(self._lost) < ALIKE_SHARDS:
            return
        reasons = {carried.lost for carried in self._lost}
        if len(reasons) == 1:
            told = f"the first {len(self._lost)} shards were all lost, each several times: {reasons.pop()}"
            raise StoppedEarly(f"{told}; fix that, then 'abm sweep resume {self.manifest.directory}'")

    @property
    def _advice(self) -> str:
        directory = self.manifest.directory
        return (
            f"what was done is kept. Fix the cause, then 'abm sweep resume {directory} --failed' repeats failed "
            f"again; 'abm sweep resume {directory} --go-on' continues however many fail"
        )
