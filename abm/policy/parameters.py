"""List the parameters: sourced facts and declared assumptions, each with unit, bounds and grade."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from abm.errors import InvalidInput, Problem, did_you_mean
from abm.policy.quantity import Quantity
from abm.records import Fault, Faults, FrozenMapping, load_list

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

_FILE = Path(__file__).parent / "data" / "parameters.yaml"


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
    loaded = load_list(_FILE, Parameter)
    return MappingProxyType({parameter.name: parameter for parameter in loaded})


@cache
def _flat_defaults() -> Mapping[str, float]:
    flat: dict[str, float] = {}
    for parameter in parameters().values():
        flat.update(parameter.flat_defaults)
    return MappingProxyType(flat)


def flat_names() -> tuple[str, ...]:
    """Name every single number, indexed ones as ``effort.capacity.acute``, in file order."""
    return tuple(_flat_defaults())


def parameter_values(overrides: Mapping[str, Any] | None = None) -> dict[str, float]:
    """Give every parameter a value.

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
    try:
        flat = flat_overrides(overrides or {})
    except Faults as error:
        raise InvalidInput([Problem("parameters", None, fault.message) for fault in error.faults]) from None
    return {**_flat_defaults(), **flat}


def flat_overrides(overrides: Mapping[str, Any]) -> FrozenMapping[float]:
    """Check overrides and write them under flat names.

    Parameters
    ----------
    overrides : mapping
        As in `parameter_values`.

    Returns
    -------
    FrozenMapping of float
        By flat name, in the order of the parameters' file.

    Raises
    ------
    Faults
        With the path of every unknown name and every value out of bounds.
    """
    known = parameters()
    flat: dict[str, float] = {}
    faults: list[Fault] = []

    def accept(parameter: Parameter, flat_name: str, value: Any, *path: str) -> None:
        complaint = parameter.complaint(value)
        if complaint is None and flat_name in flat:
            complaint = f"parameter '{flat_name}' is given twice; keep one of the two"
        if complaint is None:
            flat[flat_name] = float(value)
        else:
            message = complaint.replace(f"'{parameter.name}'", f"'{flat_name}'", 1)
            faults.append(Fault(path, f"{message}; 'abm parameters' describes it"))

    for name, value in overrides.items():
        parent, _, element = name.rpartition(".")
        if name in known and known[name].index is None:
            accept(known[name], name, value, name)
        elif name in known and not isinstance(value, Mapping):
            wanted = f"a mapping with one or more of {', '.join(known[name].elements)}"
            faults.append(Fault((name,), f"parameter '{name}' is {value!r}; valid is {wanted}"))
        elif name in known:
            for key, one in value.items():
                if key in known[name].elements:
                    accept(known[name], f"{name}.{key}", one, name, key)
                else:
                    valid = f"Valid: {', '.join(known[name].elements)}"
                    hint = did_you_mean(str(key), known[name].elements)
                    faults.append(
                        Fault((name, key), f"parameter '{name}' has no element '{key}'{hint} {valid}.")
                    )
        elif parent in known and element in known[parent].elements:
            accept(known[parent], name, value, name)
        else:
            hint = did_you_mean(name, (*known, *flat_names()))
            faults.append(Fault((name,), f"parameter '{name}' is unknown{hint} 'abm parameters' lists them."))
    if faults:
        raise Faults(faults)
    return FrozenMapping((name, flat[name]) for name in flat_names() if name in flat)
