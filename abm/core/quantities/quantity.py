"""Describe a number that a record documents: what levers and parameters have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import AfterValidator, Field, model_validator

from abm.records import Fault, Faults, Record, shown_number

Q = TypeVar("Q", bound="Quantity")

EVIDENCE_IDS = tuple(f"E{number:02}" for number in range(1, 28))
"""The patterns of evidence that records may name."""


def _require_known(evidence: str) -> str:
    if evidence not in EVIDENCE_IDS:
        raise ValueError(f"valid is {EVIDENCE_IDS[0]} to {EVIDENCE_IDS[-1]}")
    return evidence


EvidenceId = Annotated[
    str, AfterValidator(_require_known), Field(json_schema_extra={"enum": list(EVIDENCE_IDS)})
]
QuantityName = Annotated[str, Field(pattern=r"^[a-z]+\.[a-z_]+$", description="group.name in lower case")]


class Quantity(Record):
    """A number with its name, meaning, unit, type and bounds: a lever or a parameter."""

    kind: ClassVar[str] = "quantity"

    name: QuantityName
    label: str = Field(min_length=1, description="a few words for tables and plots")
    description: str = Field(min_length=1, description="one sentence that says what the number means")
    unit: str = Field(min_length=1, description="unit of the number")
    type: Literal["number", "integer", "switch"] = Field("number", description="number, integer or switch")
    bounds: tuple[float, float] = Field(description="least and greatest valid value")
    mechanism: str = Field(min_length=1, description="mechanism that reads it")
    evidence: tuple[EvidenceId, ...] = Field(default=(), description="patterns that it bears on, if any")

    @property
    def group(self) -> str:
        """The first part of the name, under which lists put it."""
        return self.name.partition(".")[0]

    @property
    def argument(self) -> str:
        """The argument by which mechanisms ask for it."""
        return self.name.replace(".", "_")

    @property
    def noun(self) -> str:
        """What messages call it: what it is, and its name."""
        return f"{self.kind} '{self.name}'"

    @property
    def range(self) -> str:
        """The valid values, in few characters."""
        low, high = map(shown_number, self.bounds)
        return f"{low} or {high}" if self.type == "switch" else f"{low} to {high}"

    @property
    def valid(self) -> str:
        """The valid values, with the unit."""
        if self.type == "switch":
            return self.range
        whole = "a whole number from " if self.type == "integer" else ""
        return f"{whole}{self.range} ({self.unit})"

    def complaint(self, value: object) -> str | None:
        """Return what is wrong with a value.

        Parameters
        ----------
        value : object
            Any value read from a file or the command line.

        Returns
        -------
        str or None
            The complaint, None if the value is valid. true and false are valid for a switch only.
        """
        low, high = self.bounds
        if not isinstance(value, int | float) or (isinstance(value, bool) and self.type != "switch"):
            shown = {"True": "true", "False": "false", "None": "empty"}.get(str(value), repr(value))
            return f"{self.noun} is {shown}, not a number; valid is {self.valid}"
        if not low <= value <= high:
            return f"{self.noun} is {shown_number(value)}; valid is {self.valid}"
        if (self.type == "switch" and value not in (low, high)) or (
            self.type == "integer" and value != int(value)
        ):
            return f"{self.noun} is {shown_number(value)}; valid is {self.valid}"
        return None

    @model_validator(mode="after")
    def _bounds_rise(self) -> Quantity:
        low, high = self.bounds
        if not low < high:
            told = f"bounds of {self.noun} are {low:g} to {high:g}"
            raise Faults([Fault(("bounds",), f"{told}; the first is the lower")])
        return self


def by_group(quantities: Iterable[Q]) -> tuple[Q, ...]:
    """Return levers or parameters with those of a group together, groups in alphabetical order."""
    return tuple(sorted(quantities, key=lambda quantity: quantity.group))
