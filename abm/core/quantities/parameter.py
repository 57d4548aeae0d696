"""A parameter: a sourced fact or a declared assumption, with unit, bounds and grade."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, ValidationInfo, model_validator

from abm.core.quantities.quantity import Quantity
from abm.core.vocabulary import Vocabulary
from abm.errors import did_you_mean
from abm.records import Fault, Faults


class Parameter(Quantity):
    """A number of the model; an indexed one has a value for each member of an index, such as kinds of tie."""

    kind: ClassVar[str] = "parameter"

    default: float | dict[str, float] = Field(description="a number, or one per element of the index")
    index: str | None = Field(None, description="what the values are indexed by, such as 'tie_kind'")
    grade: Literal["measured", "published", "assumed"] = Field(description="measured, published or assumed")
    tuned: bool = Field(False, description="true if chosen so that calibration targets hold")
    source: str = Field(min_length=1, description="a citation or the assumption")

    @property
    def elements(self) -> tuple[str, ...]:
        """The members of the index, none for a single number."""
        return tuple(self.default) if isinstance(self.default, dict) else ()

    @property
    def flat_defaults(self) -> dict[str, float]:
        """The defaults under flat names, such as ``effort.capacity.acute``."""
        if isinstance(self.default, dict):
            return {f"{self.name}.{element}": value for element, value in self.default.items()}
        return {self.name: self.default}

    @model_validator(mode="after")
    def _default_is_valid(self, info: ValidationInfo) -> Parameter:
        indices = info.context.indices if isinstance(info.context, Vocabulary) else {}
        given = self.default if isinstance(self.default, dict) else {}
        if self.index is not None and indices and self.index not in indices:
            hint = did_you_mean(self.index, indices)
            message = (
                f"index of {self.noun} is '{self.index}', which is unknown{hint} Valid: {', '.join(indices)}."
            )
            raise Faults([Fault(("index",), message)])
        elements = indices.get(self.index, tuple(given)) if self.index is not None else ()
        if (self.index is None) == isinstance(self.default, dict) or set(given) != set(elements):
            wanted = f"one value for each of {', '.join(elements)}" if self.index else "a single number"
            raise Faults([Fault(("default",), f"default of {self.noun} should be {wanted}")])
        if given and tuple(given) != tuple(elements):
            # Kernels number the members in the order of the index.
            raise Faults(
                [Fault(("default",), f"default of {self.noun} should have the order {', '.join(elements)}")]
            )
        faults = [complaint for value in self.flat_defaults.values() if (complaint := self.complaint(value))]
        if faults:
            raise Faults([Fault(("default",), message) for message in faults])
        return self
