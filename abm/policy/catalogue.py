"""The catalogue of levers and parameters that a scenario may name: those of abm and of extensions.

A scenario carries its catalogue, which is used to read all settings, so that a lever of an extension is checked,
tabulated and suggested like any other, but only in scenarios that name the extension.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any

from abm.core.quantities.lever import Lever
from abm.core.quantities.parameter import Parameter
from abm.errors import InvalidInput, Problem, hint_among
from abm.records import Fault, Faults, FrozenMapping
from abm.submodels.quantities import levers, parameters


@dataclass(frozen=True)
class Catalogue:
    """The known levers and parameters, those of abm first.

    Attributes
    ----------
    own_levers, own_parameters : tuple
        Those of extensions, in the order of their columns.
    is_partial : bool
        Whether an extension could not be read; unknown names may then be its names, and are not reported.
    """

    own_levers: tuple[Lever, ...] = ()
    own_parameters: tuple[Parameter, ...] = ()
    is_partial: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        # Other processes read abm's own records themselves.
        if self == shipped():
            return shipped, ()
        return Catalogue, (self.own_levers, self.own_parameters, self.is_partial)

    @cached_property
    def levers(self) -> Mapping[str, Lever]:
        """Return every lever by name, in the order of the columns of a lever table."""
        return _with_own(levers(), self.own_levers)

    @cached_property
    def parameters(self) -> Mapping[str, Parameter]:
        """Return every parameter by name."""
        return _with_own(parameters(), self.own_parameters)

    @cached_property
    def lever_names(self) -> tuple[str, ...]:
        """Name every lever in the order of the columns of a lever table."""
        return tuple(self.levers)

    @cached_property
    def defaults(self) -> Mapping[str, float]:
        """Return every parameter's default by flat name, such as ``effort.capacity.acute``."""
        flat: dict[str, float] = {}
        for parameter in self.parameters.values():
            flat.update(parameter.flat_defaults)
        return MappingProxyType(flat)

    @cached_property
    def parameter_texts(self) -> Mapping[str, str]:
        """Return every parameter's default as an entry of canonical JSON, in the order of canonical JSON."""
        return _entries(self.defaults)

    @cached_property
    def lever_texts(self) -> Mapping[str, str]:
        """Return every lever's default as an entry of canonical JSON, in the order of canonical JSON."""
        return _entries({name: lever.default for name, lever in self.levers.items()})

    def unknown_lever(self, name: str, earlier: int = 0) -> str:
        """Describe an unknown lever: suggest the nearest name, or say that the name is a parameter.

        Parameters
        ----------
        name : str
            The unknown name.
        earlier : int
            Problems found before it; a suggestion behind many others is not worth computing.
        """
        if name in self.parameters or name in self.defaults:
            return f"'{name}' is a parameter, not a lever; set it under 'parameters' of a scenario file."
        return f"lever '{name}' is unknown{hint_among(name, self.levers, earlier)} 'abm levers' lists them."

    def parameter_values(
        self, overrides: Mapping[str, Any] | None = None, origin: str = "parameters"
    ) -> dict[str, float]:
        """Return a value for every parameter.

        Parameters
        ----------
        overrides : mapping, optional
            Values that differ from the defaults, by flat name, or by the name of an indexed parameter with a
            mapping of elements.
        origin : str
            Name of the source of the values in messages.

        Returns
        -------
        dict of str to float
            By flat name, in the order of the records.

        Raises
        ------
        InvalidInput
            With every unknown name and every value out of bounds.
        """
        try:
            flat = self.flat_overrides(overrides or {})
        except Faults as error:
            raise InvalidInput([Problem(origin, None, fault.message) for fault in error.faults]) from None
        return {**self.defaults, **flat}

    def flat_overrides(self, overrides: Mapping[str, Any]) -> FrozenMapping[float]:
        """Check overrides and write them under flat names.

        Parameters
        ----------
        overrides : mapping
            As in `parameter_values`.

        Returns
        -------
        FrozenMapping of float
            By flat name, in the order of the records.

        Raises
        ------
        Faults
            With the path of every unknown name and every value out of bounds.
        """
        known = self.parameters
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
                faults.append(Fault(path, f"{message}; 'abm parameters {parameter.name}' describes it"))

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
                        hint = hint_among(str(key), known[name].elements, len(faults))
                        faults.append(
                            Fault((name, key), f"parameter '{name}' has no element '{key}'{hint} {valid}.")
                        )
            elif parent in known and element in known[parent].elements:
                accept(known[parent], name, value, name)
            elif not self.is_partial:
                hint = hint_among(name, (*known, *self.defaults), len(faults))
                faults.append(
                    Fault((name,), f"parameter '{name}' is unknown{hint} 'abm parameters' lists them.")
                )
        if faults:
            raise Faults(faults)
        return FrozenMapping((name, flat[name]) for name in self.defaults if name in flat)


def canonical(content: Any) -> str:
    """Format plain values as JSON with sorted keys and no spaces, so that equal values give equal text."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def canonical_entry(name: str, value: Any) -> str:
    """Format an entry of a mapping as canonical JSON."""
    return f"{canonical(name)}:{canonical(value)}"


def _entries(values: Mapping[str, Any]) -> Mapping[str, str]:
    return MappingProxyType({name: canonical_entry(name, values[name]) for name in sorted(values)})


def _with_own(known: Mapping[str, Any], own: tuple[Any, ...]) -> Mapping[str, Any]:
    return MappingProxyType({**known, **{record.name: record for record in own}}) if own else known


@cache
def shipped() -> Catalogue:
    """Return the catalogue of abm's own levers and parameters."""
    return Catalogue()


def parameter_values(overrides: Mapping[str, Any] | None = None) -> dict[str, float]:
    """Return a value of every parameter of abm's own, as `Catalogue.parameter_values` does."""
    return shipped().parameter_values(overrides)


def catalogue_of(context: Any) -> Catalogue:
    """Return the catalogue of a validator's context; abm's own if there is none."""
    return context if isinstance(context, Catalogue) else shipped()
