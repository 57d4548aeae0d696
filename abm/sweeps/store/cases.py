"""Define runs of a sweep with the base and the point that they come from."""

from dataclasses import dataclass
from pathlib import Path

from abm.runs.run import Run, RunnableScenario


@dataclass(frozen=True)
class Case:
    """A run with its base and its point.

    Attributes
    ----------
    run : Run
        To be simulated.
    base : int
        Position of its base.
    row : int
        Its point's row among the points of its shard.
    refusal : str
        Why the model refuses the point; empty where it does not.
    """

    run: Run
    base: int
    row: int
    refusal: str = ""


@dataclass(frozen=True)
class Refused:
    """Stand-in for the scenario of a point that the model refuses, so that its runs have a name and an identity.

    Attributes
    ----------
    base : RunnableScenario
        What the point was to change.
    content_hash : str
        Hash of the base and of the point.
    """

    base: RunnableScenario
    content_hash: str

    @property
    def name(self) -> str:
        """Name of the base."""
        return self.base.name

    @property
    def place(self) -> Path:
        """Place of the base."""
        return self.base.place

    @property
    def months(self) -> int:
        """Months of the base."""
        return self.base.months

    @property
    def substeps(self) -> int:
        """Steps a month of the base."""
        return self.base.substeps

    @property
    def code_hash(self) -> str:
        """Hash of the base's code."""
        return self.base.code_hash
