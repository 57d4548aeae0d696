"""Read a sweep's manifest: which runs there are, in which shards, and everything needed to repeat any of them."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from abm.errors import InvalidInput, Problem
from abm.files.enclosure import require_enclosed
from abm.files.parquet import READ_ERRORS
from abm.records import Excess, bounds, plain_json, read_content
from abm.runs.provenance import source_hash
from abm.runs.results import content_hash, manifest_hash
from abm.runs.run import RUN_ID_DIGITS, Run, RunnableScenario
from abm.sweeps.design.inputs import Inputs
from abm.sweeps.design.point_file import PointFile, read_points
from abm.sweeps.design.point_table import POINTS, Points, Value
from abm.sweeps.design.sweepbase import Base, Roles, base_of
from abm.sweeps.store.blocks import Block, Shard
from abm.sweeps.store.cases import Case, Refused

MANIFEST = "manifest.json"
FORMAT = "abm sweep"
FORMAT_VERSION = 1
SEED_BYTES = 8
MIX_ADVICE = "go back to that version, plan again in another directory, or mix both with --force"


class Manifest:
    """The manifest of a sweep, from which its runs are made.

    Parameters
    ----------
    directory : Path
        The sweep's.
    content : mapping
        Plain values, as in ``manifest.json``.
    """

    def __init__(self, directory: Path, content: Mapping[str, Any]) -> None:
        self.directory = directory
        self.content = content
        self.inputs = Inputs(content["inputs"], directory)
        self.roles = Roles(content["experiment"]["levers"], content["experiment"]["uncertainties"])

    @classmethod
    def read(cls, directory: Path, passed_over: Path | None = None) -> "Manifest":
        """Read the manifest of a directory.

        Parameters
        ----------
        directory : Path
            The sweep's.
        passed_over : Path, optional
            A folder in it that is not searched for links that lead out.

        Raises
        ------
        InvalidInput
            If there is none, or it is damaged or was edited, or the directory holds links that lead out of it.
        """
        require_enclosed(directory, passed_over)
        path = directory / MANIFEST
        shown = os.fspath(path)
        try:
            content = plain_json(read_content(path, bounds.JSON_BYTES))
        except FileNotFoundError:
            message = "is missing; name a directory that 'abm sweep plan' made"
            raise InvalidInput([Problem(shown, None, message)]) from None
        except (OSError, ValueError) as error:
            raise InvalidInput([Problem(shown, None, f"cannot be read ({error}); plan again")]) from None
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            message = "is not the manifest of a sweep; name a directory that 'abm sweep plan' made"
            raise InvalidInput([Problem(shown, None, message)])
        if content.get("format_version") != FORMAT_VERSION:
            message = f"has format version {content.get('format_version')}; this abm reads {FORMAT_VERSION}"
            raise InvalidInput([Problem(shown, None, message)])
        if manifest_hash(content) != content.get("manifest_sha256"):
            message = "was edited or damaged: it does not match its own hash; plan again in another directory"
            raise InvalidInput([Problem(shown, None, message)])
        try:
            manifest = cls(directory, content)
            complaint = manifest.complaint()
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            complaint = f"has missing or malformed entries ({type(error).__name__}: {error})"
        if complaint is not None:
            raise InvalidInput([Problem(shown, None, f"{complaint}; plan again in another directory")])
        return manifest

    def complaint(self) -> str | None:
        """Return why the numbers of runs and shards cannot be those of a sweep, or None if they can."""
        for block in self.blocks:
            spans = (*block.points, *block.replicates)
            counted: tuple[Any, ...] = (*spans, *block.bases, block.shard_runs)
            are_whole = all(isinstance(count, int) and count >= 0 for count in counted)
            if not are_whole or not block.shard_runs or block.runs < 0:
                return "counts its runs with values that are not whole numbers from 0"
            if any(base >= len(self.content["bases"]) for base in block.bases):
                return "has runs of a scenario that it does not hold"
        if self.shards > bounds.SHARDS:
            return str(
                Excess(f"has {self.shards:,} shards", bounds.SHARDS, "shards", "cut the sweep in parts")
            )
        return None

    @property
    def name(self) -> str:
        """Name of the experiment."""
        return str(self.content["experiment"]["name"])

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures that are kept."""
        return tuple(self.content["keep"]["measures"])

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Names of the outcomes of every run."""
        return tuple(self.content["keep"]["outcomes"])

    @property
    def whole(self) -> frozenset[str]:
        """Names of the columns of runs that hold whole numbers."""
        return frozenset(self.content["keep"].get("whole", ()))

    @property
    def every(self) -> int | None:
        """Interval at which months are kept, besides the first and the last; None keeps none."""
        every = self.content["keep"]["every"]
        return None if every is None else int(every)

    @property
    def is_single(self) -> bool:
        """Whether measures are kept in single precision."""
        return bool(self.content["keep"]["precision"] == "single")

    @property
    def most_failed(self) -> float:
        """Share of runs that may fail."""
        return float(self.content["most_failed"])

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """Blocks in the order of their runs."""
        blocks: list[Block] = []
        for described in self.content["blocks"]:
            last = blocks[-1] if blocks else None
            blocks.append(
                Block(
                    bases=tuple(described["bases"]),
                    points=(described["points"][0], described["points"][1]),
                    replicates=(described["replicates"][0], described["replicates"][1]),
                    shard_runs=described["shard_runs"],
                    first_run=last.first_run + last.runs if last else 0,
                    first_shard=last.first_shard + last.shards if last else 0,
                    identity=block_identity(self.content, described),
                )
            )
        return tuple(blocks)

    @property
    def runs(self) -> int:
        """Number of runs."""
        return sum(block.runs for block in self.blocks)

    @property
    def shards(self) -> int:
        """Number of shards."""
        return sum(block.shards for block in self.blocks)

    def shard(self, index: int) -> Shard:
        """Return a shard by its number.

        Raises
        ------
        InvalidInput
            If there is no such shard.
        """
        for block in self.blocks:
            if 0 <= index - block.first_shard < block.shards:
                first = (index - block.first_shard) * block.shard_runs
                return Shard(index, block, block.first_run + first, min(block.shard_runs, block.runs - first))
        message = f"there is no shard {index}; valid is 0 to {self.shards - 1}"
        raise InvalidInput([Problem(os.fspath(self.directory), None, message)])

    @cached_property
    def bases(self) -> tuple[Base, ...]:
        """Bases, restored from their descriptions.

        Raises
        ------
        InvalidInput
            If the manifest does not hold valid descriptions.
        """
        try:
            return tuple(base_of(described, self.inputs) for described in self.content["bases"])
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            told = f"cannot be used ({error}); plan again in another directory"
            raise InvalidInput([Problem(os.fspath(self.directory / MANIFEST), None, told)]) from error

    @cached_property
    def _point_file(self) -> PointFile:
        return PointFile(self.directory / POINTS)

    def points(self, start: int, stop: int) -> Points:
        """Return the points from one row up to another, from the table or, if it cannot be read, computed again.

        Raises
        ------
        InvalidInput
            If there is no table, and the computed points differ from the planned ones.
        """
        try:
            return self._point_file.rows(start, stop)
        except READ_ERRORS:
            return self.points_again.rows(start, stop)

    @cached_property
    def points_again(self) -> Points:
        """All points, computed again from the designs of the manifest."""
        # Deferred: what samples is slow to load, and a sound sweep does not need it.
        from abm.sweeps.store.sweep_points import points_of_parts

        return points_of_parts(self.content)

    def has_points(self) -> bool:
        """Return whether the table of points is there and matches the design."""
        try:
            found = read_points(self.directory / POINTS)
        except READ_ERRORS:
            return False
        return found.content_hash == str(self.content["points"]["sha256"])

    def seed(self, base: int, point: int) -> int:
        """Return the seed of the runs at a point: the same at all, unless random numbers are not to be shared."""
        seed = int(self.content["seed"])
        if self.content["common_random_numbers"]:
            return seed
        mixed = hashlib.sha256(f"{seed}:{base}:{point}".encode()).digest()
        return int.from_bytes(mixed[:SEED_BYTES], "big")

    def cases(self, first_run: int, runs: int, points: Points, offset: int) -> Iterator[Case]:
        """Yield consecutive runs of one block.

        Parameters
        ----------
        first_run, runs : int
            Number of the first, and how many.
        points : Points
            Points from row `offset` on, as far as these runs need them.
        offset : int
            Row of the first of the points.
        """
        block = next(block for block in self.blocks if 0 <= first_run - block.first_run < block.runs)
        known: tuple[int, int] | None = None
        scenario, refusal, seed = self.bases[block.bases[0]].scenario, "", 0
        for number in range(first_run, first_run + runs):
            base, point, replicate = block.case(number)
            if known != (base, point):
                known, seed = (base, point), self.seed(base, point)
                scenario, refusal = self._scenario(base, points[point - offset])
            yield Case(Run(scenario, seed, replicate, point), base, point - offset, refusal)

    def _scenario(self, base: int, point: Mapping[str, Value]) -> tuple[RunnableScenario, str]:
        try:
            return self.bases[base].at(point, self.roles), ""
        except InvalidInput as error:
            stand_in = self.bases[base].scenario
            return Refused(stand_in, content_hash([stand_in.content_hash, dict(point)])), str(error)

    def require_code(self, advice: str = MIX_ADVICE) -> None:
        """Refuse to continue with code other than that of the plan.

        Parameters
        ----------
        advice : str
            What to do instead.

        Raises
        ------
        InvalidInput
            If the sources have changed.
        """
        planned = self.content["code"]["source_sha256"]
        if planned != source_hash():
            told = (
                f"the sweep was planned with the sources {planned[:RUN_ID_DIGITS]} (version "
                f"{self.content['code']['version']}), and these are {source_hash()[:RUN_ID_DIGITS]}"
            )
            raise InvalidInput([Problem(os.fspath(self.directory), None, f"{told}; {advice}")])
        for described, base in zip(self.content["bases"], self.bases, strict=True):
            if base.scenario.content_hash != described["content_hash"]:
                told = f"'{base.name}' is no longer what the sweep was planned with: its code has changed"
                raise InvalidInput([Problem(os.fspath(self.directory), None, f"{told}; {advice}")])


def block_identity(content: Mapping[str, Any], described: Mapping[str, Any]) -> str:
    """Return the hash of everything that decides what a block's shards hold, except the code.

    An expansion adds blocks and changes none, so old shards stay valid.
    """
    return content_hash(
        {
            "scenarios": [
                [content["bases"][base]["name"], content["bases"][base]["content_hash"]]
                for base in described["bases"]
            ],
            "levers": content["experiment"]["levers"],
            "uncertainties": content["experiment"]["uncertainties"],
            "seed": content["seed"],
            "common_random_numbers": content["common_random_numbers"],
            "keep": content["keep"],
            **described,
        }
    )
