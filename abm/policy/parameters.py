"""List the parameters: sourced facts and declared assumptions, each with unit, bounds and grade."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from abm.policy.quantity import Quantity, shipped_quantities
from abm.records import Fault, Faults

INDEX_ELEMENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "organisation_kind": ("acute", "community", "commissioner", "practice", "local_authority"),
        "tie_kind": (
            "commissioner_acute",
            "commissioner_community",
            "commissioner_practice",
            "acute_acute",
            "acute_community",
            "hospital_practice",
            "practice_practice",
            "local_authority",
        ),
    }
)
"""Elements of an indexed parameter, in the order of the integer codes of kinds of organisation and of tie."""


class Parameter(Quantity):
    """Hold one parameter; an indexed one has a value for each kind of organisation or of tie."""

    kind: ClassVar[str] = "parameter"

    default: float | dict[str, float] = Field(description="a number, or one per element of the index")
    index: Literal["organisation_kind", "tie_kind"] | None = Field(
        None, description="what the values are indexed by"
    )
    grade: Literal["measured", "published", "assumed"] = Field(description="measured, published or assumed")
    tuned: bool = Field(False, description="true if chosen so that calibration targets hold")
    source: str = Field(min_length=1, description="a citation or the assumption")

    @property
    def elements(self) -> tuple[str, ...]:
        """Name the elements of the index, none for a single number."""
        return () if self.index is None else INDEX_ELEMENTS[self.index]

    @property
    def flat_defaults(self) -> dict[str, float]:
        """Give the defaults under flat names, such as ``effort.capacity.acute``."""
        if isinstance(self.default, dict):
            return {f"{self.name}.{element}": self.default[element] for element in self.elements}
        return {self.name: self.default}

    @model_validator(mode="after")
    def _default_is_valid(self) -> Parameter:
        given = self.default if isinstance(self.default, dict) else {}
        if (self.index is None) == isinstance(self.default, dict) or set(given) != set(self.elements):
            wanted = f"one value for each of {', '.join(self.elements)}" if self.index else "a single number"
            raise Faults([Fault(("default",), f"default of {self.noun} should be {wanted}")])
        faults = [complaint for value in self.flat_defaults.values() if (complaint := self.complaint(value))]
        if faults:
            raise Faults([Fault(("default",), message) for message in faults])
        return self


@cache
def parameters() -> Mapping[str, Parameter]:
    """List all parameters, in file order.

    Returns
    -------
    mapping of str to Parameter
        Read-only; read from the package's data once.
    """
    return shipped_quantities("parameters.yaml", Parameter)


@cache
def flat_names() -> tuple[str, ...]:
    """Name every single number, indexed ones as ``effort.capacity.acute``, in file order."""
    return tuple(name for parameter in parameters().values() for name in parameter.flat_defaults)


def parameter_values(overrides: Mapping[str, Any] | None = None) -> dict[str, float]:
    """Give every parameter of abm's own a value.

    Parameters
    ----------
    overrides : mapping, optional
        Values that differ from the defaults, by flat name, or by the name of an indexed parameter with a
        mapping of elements.

    Returns
    -------
    dict of str to float
        By flat name, in file order.

    Raises
    ------
    InvalidInput
        With every unknown name and every value out of bounds.
    """
    # Deferred: a catalogue is made of these records.
    from abm.policy.catalogue import shipped

    return shipped().parameter_values(overrides)
