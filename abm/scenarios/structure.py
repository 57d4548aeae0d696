"""Define the model's structural variants: which rule moves trust, and what attention follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from abm.errors import did_you_mean
from abm.records import Fault, FrozenMapping, Record

VARIANTS: Mapping[str, Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        "trust": {
            "encounter": {"trust.rule": 0.0},
            "klos_nooteboom": {"trust.rule": 1.0},
            "kim": {"trust.rule": 2.0},
        },
        "attention": {
            "equal": {"attention.need_power": 0.0, "attention.trust_power": 0.0},
            "need": {"attention.need_power": 1.0, "attention.trust_power": 0.0},
            "trust": {"attention.need_power": 0.0, "attention.trust_power": 1.0},
            "need_and_trust": {"attention.need_power": 1.0, "attention.trust_power": 1.0},
        },
    }
)
"""Parameters that each variant sets, by the part of the model that it is a variant of."""


def _variant_of(part: str) -> Any:
    names = tuple(VARIANTS[part])

    def require_known(name: str) -> str:
        if name not in names:
            raise ValueError(f"it should be one of {', '.join(names)}{did_you_mean(name, names)}")
        return name

    return Annotated[str, AfterValidator(require_known), Field(json_schema_extra={"enum": list(names)})]


TrustVariant = _variant_of("trust")
AttentionVariant = _variant_of("attention")


class Structure(Record):
    """The structural variants of a scenario."""

    kind: ClassVar[str] = "structure"

    trust: TrustVariant | None = Field(  # type: ignore[valid-type]
        default=None, description="rule by which trust moves: encounter, klos_nooteboom or kim"
    )
    attention: AttentionVariant | None = Field(  # type: ignore[valid-type]
        default=None, description="what attention follows: equal, need, trust or need_and_trust"
    )

    @property
    def named(self) -> FrozenMapping[str]:
        """Return the variants that are named, by part."""
        given = {part: getattr(self, part) for part in VARIANTS}
        return FrozenMapping((part, name) for part, name in given.items() if name is not None)


def variant_parameters(structure: Mapping[str, str]) -> dict[str, float]:
    """Return the parameters that variants set."""
    found: dict[str, float] = {}
    for part, name in structure.items():
        found.update(VARIANTS[part][name])
    return found


def variant_conflicts(structure: Mapping[str, str], parameters: Mapping[str, Any]) -> Iterable[Fault]:
    """Find parameters that a variant sets and that are given beside it."""
    for part, name in structure.items():
        for parameter in VARIANTS.get(part, {}).get(name, {}):
            if parameter in parameters:
                message = f"parameter '{parameter}' is also set by 'structure' ({part}: {name}); keep one of the two"
                yield Fault((parameter,), message)
