"""Define at which points a model is run: dimensions, a kind of design, and the table of points that follows.

A point gives each dimension a value; a dimension without one stays as the base scenario has it. The points are a
function of the design, which consists of plain values: it can be written, hashed and restored.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from abm.errors import did_you_mean
from abm.records import Fault, Faults, FrozenMapping, Record
from abm.sweeps.design import sampling
from abm.sweeps.design.dimension import Dimension, Values
from abm.sweeps.design.point_table import Points

MOST_POINTS = 10_000_000
DESIGN_SEEDS = 2**32

Dimensions = Mapping[str, Dimension]


class Kind(Record, ABC):
    """Base class of the kinds of design."""

    kind: ClassVar[str] = "design"

    @abstractmethod
    def count(self, dimensions: Dimensions) -> int:
        """Count the points."""

    @abstractmethod
    def points(self, dimensions: Dimensions) -> Points:
        """Compute the points."""

    def faults(self, dimensions: Dimensions) -> Iterator[Fault]:
        """Yield why the dimensions do not suit the design."""
        yield from ()


class FullFactorial(Kind):
    """Every combination of levels; the last dimension moves first."""

    kind: ClassVar[str] = "full factorial design"
    levels: int | None = Field(default=None, ge=2, le=1000, description="levels of a range; 2 unless given")

    def count(self, dimensions: Dimensions) -> int:
        """Multiply the levels."""
        return math.prod(dimension.count(self.levels) for dimension in dimensions.values())

    def points(self, dimensions: Dimensions) -> Points:
        """Combine all levels."""
        steps = {name: dimension.steps(self.levels) for name, dimension in dimensions.items()}
        sizes = [len(values) for values in steps.values()]
        count = math.prod(sizes)
        columns, repeats = {}, count
        for name, values in steps.items():
            repeats //= len(values)
            columns[name] = np.tile(np.repeat(values, repeats), count // (repeats * len(values)))
        return Points(columns, count)


class OneAtATime(Kind):
    """The base as it is, then one dimension at a time moved through its levels."""

    kind: ClassVar[str] = "one-at-a-time design"
    levels: int | None = Field(default=None, ge=2, le=1000, description="levels of a range; 2 unless given")

    def count(self, dimensions: Dimensions) -> int:
        """Count the base and all levels."""
        return 1 + sum(dimension.count(self.levels) for dimension in dimensions.values())

    def points(self, dimensions: Dimensions) -> Points:
        """Compute the points, the base first, with no value in any dimension."""
        count, row = self.count(dimensions), 1
        columns: dict[str, Values] = {}
        for name, dimension in dimensions.items():
            steps = dimension.steps(self.levels)
            column = np.full(count, "" if dimension.is_named else np.nan, dtype=steps.dtype)
            column[row : row + len(steps)] = steps
            columns[name] = column
            row += len(steps)
        return Points(columns, count)


class Listed(Kind):
    """A list of points: the first value of every dimension, then the second of every one, and so on."""

    kind: ClassVar[str] = "list of points"

    def count(self, dimensions: Dimensions) -> int:
        """Count the values of a dimension; all have as many."""
        return next((dimension.count(None) for dimension in dimensions.values()), 1)

    def points(self, dimensions: Dimensions) -> Points:
        """Pair the values by their position."""
        columns = {name: dimension.steps() for name, dimension in dimensions.items()}
        return Points(columns, self.count(dimensions))

    def faults(self, dimensions: Dimensions) -> Iterator[Fault]:
        """Ask for lists of one length."""
        wanted = self.count(dimensions)
        for name, dimension in dimensions.items():
            if dimension.values is None and dimension.options is None:
                yield Fault(
                    (name,), "a list of points takes the values of every dimension in turn; list them"
                )
            elif dimension.count(None) != wanted:
                told = f"lists {dimension.count(None)} values where the first dimension lists {wanted}"
                yield Fault((name,), f"{told}; a list of points takes them in turn, so give as many")


class Sampled(Kind):
    """Base class of designs that sample a cube with a seed of their own."""

    seed: int = Field(default=1, ge=0, lt=DESIGN_SEEDS, description="seed of the points, not of the runs")

    @abstractmethod
    def cube(self, dimensions: int) -> NDArray[np.float64]:
        """Sample the unit cube, shape (points, dimensions)."""

    def points(self, dimensions: Dimensions) -> Points:
        """Turn each coordinate of the sample into values of its dimension."""
        if not dimensions:
            return Points({}, 1)
        cube = self.cube(len(dimensions))
        columns = {
            name: dimension.spread(cube[:, place])
            for place, (name, dimension) in enumerate(dimensions.items())
        }
        return Points(columns, len(cube))


class LatinHypercube(Sampled):
    """Spread points so that each dimension is covered evenly."""

    kind: ClassVar[str] = "Latin hypercube design"
    size: int = Field(alias="points", ge=1, le=MOST_POINTS, description="number of points")

    def count(self, dimensions: Dimensions) -> int:
        """Return the number of points."""
        return self.size

    def cube(self, dimensions: int) -> NDArray[np.float64]:
        """Sample."""
        return sampling.latin_hypercube(self.size, dimensions, self.seed)


class Independent(Sampled):
    """Draw points at random."""

    kind: ClassVar[str] = "random design"
    size: int = Field(alias="points", ge=1, le=MOST_POINTS, description="number of points")

    def count(self, dimensions: Dimensions) -> int:
        """Return the number of points."""
        return self.size

    def cube(self, dimensions: int) -> NDArray[np.float64]:
        """Sample."""
        return sampling.independent(self.size, dimensions, self.seed)


class Sobol(Sampled):
    """Take the first points of a Sobol sequence."""

    kind: ClassVar[str] = "Sobol design"
    size: int = Field(alias="points", ge=1, le=MOST_POINTS, description="number of points, a power of two")

    @model_validator(mode="after")
    def _is_even(self) -> "Sobol":
        _require_power_of_two("points", self.size)
        return self

    def count(self, dimensions: Dimensions) -> int:
        """Return the number of points."""
        return self.size

    def cube(self, dimensions: int) -> NDArray[np.float64]:
        """Sample."""
        return sampling.sobol(self.size, dimensions, self.seed)


class Saltelli(Sampled):
    """Take Saltelli's points, from which SALib computes the indices of Sobol."""

    kind: ClassVar[str] = "Saltelli design"
    samples: int = Field(ge=2, le=MOST_POINTS, description="base samples, a power of two")
    second_order: bool = Field(
        default=False, description="whether interactions of pairs of dimensions are estimated"
    )

    @model_validator(mode="after")
    def _is_even(self) -> "Saltelli":
        _require_power_of_two("samples", self.samples)
        return self

    def count(self, dimensions: Dimensions) -> int:
        """Count the points that follow from the base samples."""
        return self.samples * ((2 if self.second_order else 1) * len(dimensions) + 2)

    def cube(self, dimensions: int) -> NDArray[np.float64]:
        """Sample."""
        return sampling.saltelli(self.samples, dimensions, self.seed, self.second_order)


class Morris(Sampled):
    """Take Morris' trajectories, from which SALib computes elementary effects."""

    kind: ClassVar[str] = "Morris design"
    trajectories: int = Field(ge=2, le=MOST_POINTS, description="trajectories, usually ten or more")
    levels: int = Field(default=4, ge=2, le=100, description="levels of the grid, an even number")

    @model_validator(mode="after")
    def _levels_are_even(self) -> "Morris":
        if self.levels % 2:
            told = f"'levels' is {self.levels}; the grid of Morris has an even number of levels"
            raise Faults([Fault(("levels",), f"{told}, such as 4")])
        return self

    def count(self, dimensions: Dimensions) -> int:
        """Count the points of all trajectories."""
        return self.trajectories * (len(dimensions) + 1)

    def cube(self, dimensions: int) -> NDArray[np.float64]:
        """Sample."""
        return sampling.morris(self.trajectories, dimensions, self.seed, self.levels)

    def faults(self, dimensions: Dimensions) -> Iterator[Fault]:
        """Ask for dimensions with ends, because the grid has points on them."""
        for name, dimension in dimensions.items():
            if not dimension.is_named and not all(map(math.isfinite, dimension.ends())):
                yield Fault(
                    (name,), "the grid of Morris has points at both ends; cut it with 'within: [LOW, HIGH]'"
                )


class Choice(Record):
    """One kind of design with its settings."""

    kind: ClassVar[str] = "design"

    full_factorial: FullFactorial | None = Field(default=None, description="every combination of levels")
    one_at_a_time: OneAtATime | None = Field(default=None, description="the base, then one move at a time")
    listed: Listed | None = Field(
        default=None, alias="list", description="the values of all dimensions in turn"
    )
    latin_hypercube: LatinHypercube | None = Field(default=None, description="each dimension covered evenly")
    random: Independent | None = Field(default=None, description="points drawn at random")
    sobol: Sobol | None = Field(default=None, description="first points of a Sobol sequence")
    saltelli: Saltelli | None = Field(default=None, description="points for the indices of Sobol, by SALib")
    morris: Morris | None = Field(default=None, description="points for elementary effects, by SALib")

    @model_validator(mode="before")
    @classmethod
    def _name_alone_has_no_settings(cls, data: Any) -> Any:
        if isinstance(data, str):
            known = [info.alias or name for name, info in cls.model_fields.items()]
            if data not in known:
                told = f"design '{data}' is unknown{did_you_mean(data, known)} Valid: {', '.join(known)}."
                raise Faults([Fault((), told)])
            return {data: {}}
        return (
            {key: {} if value is None else value for key, value in data.items()}
            if isinstance(data, dict)
            else data
        )

    @model_validator(mode="after")
    def _is_one(self) -> "Choice":
        given = [info.alias or name for name, info in type(self).model_fields.items() if getattr(self, name)]
        if len(given) != 1:
            told = f"names {' and '.join(given)}" if given else "names no design"
            raise Faults([Fault((), f"'design' {told}; name one of {', '.join(DESIGNS)}")])
        return self

    @property
    def named(self) -> tuple[str, Kind]:
        """Return the kind by its name."""
        for name, info in type(self).model_fields.items():
            chosen = getattr(self, name)
            if chosen is not None:
                return info.alias or name, chosen
        raise AssertionError("a choice names one design")


DESIGNS = tuple(info.alias or name for name, info in Choice.model_fields.items())


@dataclass(frozen=True)
class Design:
    """Dimensions, and the kind of design that spreads points over them.

    Attributes
    ----------
    levers, uncertainties : FrozenMapping of Dimension
        By name; levers first in every table.
    choice : Choice
        The kind.
    """

    levers: FrozenMapping[Dimension]
    uncertainties: FrozenMapping[Dimension]
    choice: Choice

    @property
    def name(self) -> str:
        """Name of the kind."""
        return self.choice.named[0]

    @property
    def kind(self) -> Kind:
        """The kind with its settings."""
        return self.choice.named[1]

    @property
    def dimensions(self) -> dict[str, Dimension]:
        """All dimensions, levers first."""
        return {**self.levers, **self.uncertainties}

    @property
    def count(self) -> int:
        """Count the points without making them."""
        return self.kind.count(self.dimensions)

    @cached_property
    def points(self) -> Points:
        """Compute the points."""
        return self.kind.points(self.dimensions)

    def faults(self) -> Iterator[Fault]:
        """Yield why the dimensions do not suit the design, and whether it has too many points."""
        unsuited = list(self.kind.faults(self.dimensions))
        for fault in unsuited:
            yield fault.under("levers" if fault.path[0] in self.levers else "uncertainties")
        if not self.dimensions and not isinstance(self.kind, FullFactorial | OneAtATime | Listed):
            yield Fault(
                ("design",), f"'{self.name}' samples dimensions, and there are none; name levers to vary"
            )
        elif not unsuited and self.count > MOST_POINTS:
            told = f"the design has {self.count:,} points"
            yield Fault(
                ("design",), f"{told}; up to {MOST_POINTS:,} are valid, so take fewer levels or dimensions"
            )

    def described(self, keeps_whole: bool = False) -> dict[str, Any]:
        """Return the design as plain values, from which `of` restores it.

        Parameters
        ----------
        keeps_whole : bool
            Whether whole numbers stay what they are in the file.
        """
        roles = {"levers": self.levers, "uncertainties": self.uncertainties}
        return {
            **{
                role: {name: dimension.described(keeps_whole) for name, dimension in dimensions.items()}
                for role, dimensions in roles.items()
            },
            "design": {self.name: self.kind.model_dump(mode="json", by_alias=True, exclude_defaults=True)},
        }

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> "Design":
        """Restore a design from its description."""
        levers, uncertainties = (
            FrozenMapping(
                (name, Dimension.model_validate(dimension, strict=False))
                for name, dimension in described[role].items()
            )
            for role in ("levers", "uncertainties")
        )
        return cls(levers, uncertainties, Choice.model_validate(described["design"], strict=False))


def _require_power_of_two(name: str, size: int) -> None:
    if size.bit_count() != 1:
        near = 1 << (size.bit_length() - 1)
        told = f"'{name}' is {size}; a Sobol sequence is balanced for powers of two only"
        raise Faults([Fault((name,), f"{told}, so give {near} or {2 * near}")])
