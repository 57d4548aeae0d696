"""Define how the runs of a sweep are numbered: blocks of combinations, and the shards into which they are cut.

A block is every combination of some bases, points and replicates, with the replicate moving first; a shard is a range
of a block. So a manifest of a million runs is as short as one of ten, and the runs of a shard share place and length
and fill the lanes of a batch.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Block:
    """Every combination of some bases, points and replicates, cut into shards.

    Attributes
    ----------
    bases : tuple of int
        Positions of bases that share place, months, steps and code.
    points, replicates : (int, int)
        First, and one past the last.
    shard_runs : int
        Runs in each shard but the last.
    first_run, first_shard : int
        Numbers at which its runs and shards start.
    identity : str
        Hash of everything that decides what its shards hold, except the code.
    """

    bases: tuple[int, ...]
    points: tuple[int, int]
    replicates: tuple[int, int]
    shard_runs: int
    first_run: int
    first_shard: int
    identity: str

    @property
    def runs(self) -> int:
        """Number of runs."""
        points, replicates = self.points[1] - self.points[0], self.replicates[1] - self.replicates[0]
        return len(self.bases) * points * replicates

    @property
    def shards(self) -> int:
        """Number of shards."""
        return -(-self.runs // self.shard_runs)

    def case(self, run: int) -> tuple[int, int, int]:
        """Return base, point and replicate of a run."""
        points, replicates = self.points[1] - self.points[0], self.replicates[1] - self.replicates[0]
        case, replicate = divmod(run - self.first_run, replicates)
        base, point = divmod(case, points)
        return self.bases[base], self.points[0] + point, self.replicates[0] + replicate


@dataclass(frozen=True)
class Shard:
    """A range of runs of one block.

    Attributes
    ----------
    index : int
        Number of the shard.
    block : Block
        Where it belongs.
    first_run, runs : int
        Number of its first run, and how many there are.
    """

    index: int
    block: Block
    first_run: int
    runs: int

    def holds(self, point: int, replicate: int) -> bool:
        """Return whether a run of this point and replicate, of any base, is in the shard."""
        if not self.block.replicates[0] <= replicate < self.block.replicates[1]:
            return False
        first, last = (self.block.case(run) for run in (self.first_run, self.first_run + self.runs - 1))
        return first[0] != last[0] or first[1] <= point <= last[1]
