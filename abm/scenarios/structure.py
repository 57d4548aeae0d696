"""Define the model's structural variants: trust, attention, whom leaders approach first, and goodwill."""

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
            "equal": {
                "attention.need_power": 0.0,
                "attention.trust_power": 0.0,
                "attention.popularity_power": 0.0,
            },
            "need": {
                "attention.need_power": 1.0,
                "attention.trust_power": 0.0,
                "attention.popularity_power": 0.0,
            },
            "trust": {
                "attention.need_power": 0.0,
                "attention.trust_power": 1.0,
                "attention.popularity_power": 0.0,
            },
            "need_and_trust": {
                "attention.need_power": 1.0,
                "attention.trust_power": 1.0,
                "attention.popularity_power": 0.0,
            },
            "popular": {
                "attention.need_power": 0.0,
                "attention.trust_power": 0.0,
                "attention.popularity_power": 1.0,
            },
        },
        "approach": {
            "largest": {"approach.rule": 1.0},
            "best_connected": {"approach.rule": 2.0},
            "next_to_engaged": {"approach.rule": 3.0},
            "least_trusting": {"approach.rule": 4.0},
        },
        "memory": {
            "fixed": {"memory.reciprocity": 0.0},
            "conditional": {"memory.reciprocity": 1.5},
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
ApproachVariant = _variant_of("approach")
MemoryVariant = _variant_of("memory")


class Structure(Record):
    """The structural variants of a scenario."""

    kind: ClassVar[str] = "structure"

    trust: TrustVariant | None = Field(  # type: ignore[valid-type]
        default=None, description="rule by which trust moves: encounter, klos_nooteboom or kim"
    )
    attention: AttentionVariant | None = Field(  # type: ignore[valid-type]
        default=None, description="what attention follows: equal, need, trust, need_and_trust or popular"
    )
    approach: ApproachVariant | None = Field(  # type: ignore[valid-type]
        default=None,
        description="whom leaders approach first where leadership.focus is above 0: largest, best_connected, "
        "next_to_engaged or least_trusting",
    )
    memory: MemoryVariant | None = Field(  # type: ignore[valid-type]
        default=None,
        description="whether goodwill is fixed or conditional on how the other side took meetings",
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
