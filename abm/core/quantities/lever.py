"""A lever: what a policymaker can set, within what bounds, and the claim that it acts."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from abm.core.quantities.quantity import Quantity
from abm.records import Fault, Faults, Record, shown_number


class LeverTest(Record):
    """The claim that moving a lever from low to high moves a measure one way in a named context."""

    kind: ClassVar[str] = "lever test"

    direction: Literal["rises", "falls"] = Field(description="which way the measure moves")
    measure: str = Field(min_length=1, description="name of a measure")
    context: str = Field(min_length=1, description="name of a shipped scenario")
    place: str | None = Field(default=None, min_length=1, description="place instead of the scenario's own")
    low: float = Field(description="lower setting of the lever")
    high: float = Field(description="higher setting of the lever")
    with_: dict[str, float] = Field(
        default_factory=dict, alias="with", description="other levers set in both arms"
    )

    @property
    def claim(self) -> str:
        """The claim in words."""
        beside = ", ".join(f"{name} at {shown_number(value)}" for name, value in self.with_.items())
        where = f"in scenario '{self.context}'" + (f" at '{self.place}'" if self.place else "")
        where += f" with {beside}" if beside else ""
        return f"from {shown_number(self.low)} to {shown_number(self.high)} {where}, '{self.measure}' {self.direction}"


class Lever(Quantity):
    """What a policymaker can set, in what unit and within what bounds."""

    kind: ClassVar[str] = "lever"

    default: float = Field(description="setting where no policy says otherwise")
    writes: str = Field(min_length=1, description="state or rate that the lever changes")
    equation: str = Field(min_length=1, description="the equation it enters")
    test: LeverTest = Field(description="the claim that the test suite checks")

    @property
    def claim(self) -> str:
        """What the test suite checks of the lever."""
        return self.test.claim

    @model_validator(mode="after")
    def _settings_are_valid(self) -> Lever:
        given = (
            (("default",), self.default),
            (("test", "low"), self.test.low),
            (("test", "high"), self.test.high),
        )
        faults = [Fault(path, complaint) for path, value in given if (complaint := self.complaint(value))]
        if not self.test.low < self.test.high:
            faults.append(Fault(("test", "high"), f"test of {self.noun} should rise from low to high"))
        if faults:
            raise Faults(faults)
        return self
