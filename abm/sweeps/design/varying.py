"""Define what all experiment files have in common: dimensions, design, replicates, and what is kept."""

from collections.abc import Iterator, Mapping, Set
from typing import Any, ClassVar, Final, Literal

from pydantic import Field, model_validator

from abm.records import SAYS_SOMETHING, Document, Fault, Faults, FrozenMapping, KeyPath, Record, check
from abm.runs.run import REPLICATES_BOUND, SEED_BOUND
from abm.sweeps.design.design import Choice, Design
from abm.sweeps.design.dimension import Dimension

DEFAULT_MOST_FAILED = 0.05
ALL: Final = "all"


class Thinning(Record):
    """Which months are kept."""

    kind: ClassVar[str] = "thinning of months"

    every: int = Field(ge=1, le=1200, description="keep every so many months, month 0 and the last")


class Varying(Record):
    """The content of every experiment file, whatever model it varies."""

    kind: ClassVar[str] = "experiment"
    keeps_whole: ClassVar[bool] = False
    """Whether whole numbers of the file stay integers for the model and in tables."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="lower case, digits and underscores")
    label: str = Field(default="", pattern=SAYS_SOMETHING, description="a few words for tables")
    description: str = Field(default="", pattern=SAYS_SOMETHING, description="what the experiment asks")
    levers: dict[str, Dimension] = Field(
        default_factory=dict, description="what a policymaker sets: levers and the values that they take"
    )
    uncertainties: dict[str, Dimension] = Field(
        default_factory=dict,
        description="what no policymaker sets: parameters or levers and the values they may have",
    )
    design: Choice = Field(description="how points are spread over levers and uncertainties")
    replicates: int = Field(default=1, ge=1, lt=REPLICATES_BOUND, description="runs at every point")
    seed: int = Field(default=1, ge=0, lt=SEED_BOUND, description="seed of the runs")
    common_random_numbers: bool = Field(
        default=True, description="whether every point meets the same accidents; false gives each its own"
    )
    measures: tuple[str, ...] | Literal["all"] = Field(
        default=ALL, description="measures that are kept of each month: 'all', or a list of names"
    )
    months: Literal["all", "none"] | Thinning = Field(
        default=ALL,
        description="months (or steps) that are kept: 'all', 'none', or {every: 12}, always with month 0 and the last",
    )
    precision: Literal["double", "single"] = Field(
        default="double", description="precision of the measures kept; single takes half the disk space"
    )
    most_failed: float = Field(
        default=DEFAULT_MOST_FAILED,
        ge=0,
        le=1,
        description="share of runs that may fail before the sweep stops",
    )

    @model_validator(mode="after")
    def _agree(self) -> "Varying":
        faults = [*self.disagreements(), *self.points.faults()]
        if faults:
            raise Faults(faults)
        return self

    def disagreements(self, faulty: Set[KeyPath] = frozenset()) -> Iterator[Fault]:
        """Yield dimensions in both roles, and uncertainties that step in mid-run, as far as can be read."""
        levers, uncertainties = readable_dimensions(self.levers), readable_dimensions(self.uncertainties)
        for name, dimension in uncertainties.items():
            if name in levers:
                yield Fault(("uncertainties", name), f"'{name}' is under 'levers' too; keep one of the two")
            if dimension.at is not None:
                told = "makes a lever step in mid-run; an uncertainty holds from the start, so leave it out"
                yield Fault(("uncertainties", name, "at"), f"'at' {told}")

    @property
    def points(self) -> Design:
        """The design with its dimensions."""
        return Design(FrozenMapping(self.levers), FrozenMapping(self.uncertainties), self.design)

    @property
    def every(self) -> int | None:
        """Interval at which months are kept; None keeps none."""
        if isinstance(self.months, Thinning):
            return self.months.every
        return 1 if self.months == ALL else None


def readable_dimensions(given: Any) -> dict[str, Dimension]:
    """Return the dimensions that can be read, from a record or from a file with faults."""
    found: dict[str, Dimension] = {}
    for name, data in given.items() if isinstance(given, Mapping) else ():
        dimension = data if isinstance(data, Dimension) else check(Document("", data), Dimension)[0]
        if dimension is not None:
            found[name] = dimension
    return found
