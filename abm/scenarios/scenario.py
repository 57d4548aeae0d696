"""Compose place, parameter overrides, policy blocks and horizon into a scenario, frozen once loaded.

A scenario file names a place and policy blocks; both are looked for in the folders ``places`` and
``policies`` beside the file and then among those that come with abm. Faults of the scenario, its place and
its blocks are reported together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.core.vocabulary import MONTHS_PER_YEAR
from abm.errors import InvalidInput, Problem
from abm.policy.catalogue import Catalogue, canonical
from abm.policy.policy import DEFAULT_START, Policy
from abm.policy.reading import parse_setting, parse_settings
from abm.policy.schedule import Schedule
from abm.records import Document, Faults, FrozenMapping, check
from abm.scenarios.canonical import content_of_place, text_of_place, text_with
from abm.scenarios.composition import load_policy, read_composition
from abm.scenarios.extensions import NO_EXTENSIONS, Extensions
from abm.scenarios.library import (
    find,
    find_place,
    is_path,
    place_names,
    policy_names,
    scenario_names,
    shipped_directory,
)
from abm.scenarios.scenariofile import DEFAULT_HORIZON_YEARS, horizon_complaint, json_schema
from abm.scenarios.structure import VARIANTS, Structure, variant_conflicts, variant_parameters

__all__ = [
    "Scenario",
    "json_schema",
    "load_policy",
    "load_scenario",
    "parse_setting",
    "parse_settings",
    "place_names",
    "policy_names",
    "scenario_names",
    "shipped_directory",
]


@dataclass(frozen=True)
class Scenario:
    """Everything that decides a run except the seed.

    Attributes
    ----------
    name, label, description, source, assumptions : str
        Texts; none of them decides a result.
    place : Path
        Place file.
    parameters : FrozenMapping of float
        Overrides, by flat name.
    policies : tuple of str
        Names of the composed blocks, in order.
    policy : Policy
        Settled schedules of all blocks and of the scenario's own levers.
    levers : FrozenMapping of Schedule
        Settled schedules that the scenario or its user set beside the blocks.
    horizon_years : float
        A whole number of months, in years.
    start : str
        First month, 'YYYY-MM'.
    substeps : int
        Steps per month.
    structure : FrozenMapping of str
        Structural variants by the part of the model, such as 'kim' by 'trust'.
    extensions : Extensions
        Levers, parameters, mechanisms and measures that add to the model's own.
    """

    name: str
    place: Path
    label: str = ""
    description: str = ""
    source: str = ""
    assumptions: str = ""
    parameters: FrozenMapping[float] = field(default_factory=FrozenMapping)
    policies: tuple[str, ...] = ()
    policy: Policy = field(default_factory=Policy)
    levers: FrozenMapping[Schedule] = field(default_factory=FrozenMapping)
    horizon_years: float = DEFAULT_HORIZON_YEARS
    start: str = DEFAULT_START
    substeps: int = 1
    structure: FrozenMapping[str] = field(default_factory=FrozenMapping)
    extensions: Extensions = NO_EXTENSIONS

    @property
    def catalogue(self) -> Catalogue:
        """Levers and parameters that the scenario may set."""
        return self.extensions.catalogue

    @property
    def code_hash(self) -> str:
        """Hash of the code of extensions; only scenarios with the same hash share a batch."""
        return self.extensions.code_hash

    @property
    def months(self) -> int:
        """Count the months of the horizon."""
        return round(self.horizon_years * MONTHS_PER_YEAR)

    @property
    def steps(self) -> int:
        """Count the steps of the horizon."""
        return self.months * self.substeps

    @cached_property
    def parameter_values(self) -> Mapping[str, float]:
        """Every parameter's value by flat name, with structure and overrides applied."""
        given = {**variant_parameters(self.structure), **self.parameters}
        return FrozenMapping(self.catalogue.parameter_values(given))

    def lever_table(self) -> NDArray[np.float64]:
        """Tabulate every lever at the start of every month of the horizon.

        Returns
        -------
        NDArray of shape (months, levers)
            Columns in the order of the catalogue.
        """
        return self.policy.table(self.months)

    def dose(self) -> dict[str, float]:
        """Integrate every lever's distance from its default over the horizon, in its unit times years."""
        return self.policy.dose(self.horizon_years)

    def with_levers(self, settings: Mapping[str, Any], origin: str = "levers") -> Scenario:
        """Set levers, whatever the scenario set them to.

        Parameters
        ----------
        settings : mapping
            Schedules by lever, ready or as plain values such as 0.8 or ``{"step": {"at": 1, "to": 0.8}}``.
        origin : str
            What messages call the source of the settings.

        Returns
        -------
        Scenario

        Raises
        ------
        InvalidInput
            With every unknown lever, invalid setting, and schedule outside the horizon.
        """
        policy = self.policy.with_settings(settings, self.start, origin)
        _require_times(policy, self.start, self.horizon_years, origin, settings)
        own = {**self.levers, **settings}
        inline = FrozenMapping((name, policy.settings[name]) for name in policy.settings if name in own)
        return replace(self, policy=policy, levers=inline)

    def with_parameters(self, overrides: Mapping[str, Any], origin: str = "parameters") -> Scenario:
        """Override parameters, on top of the scenario's own overrides.

        Parameters
        ----------
        overrides : mapping
            Values by flat name, or mappings by the name of an indexed parameter.
        origin : str
            What messages call the source of the values.

        Returns
        -------
        Scenario

        Raises
        ------
        InvalidInput
            With every unknown name, every value out of bounds, and every parameter that the structure sets.
        """
        try:
            flat = self.catalogue.flat_overrides(overrides)
            both = {**self.parameters, **flat}
            merged = FrozenMapping((name, both[name]) for name in self.catalogue.defaults if name in both)
            twice = list(variant_conflicts(self.structure, flat))
            if twice:
                raise Faults(twice)
        except Faults as error:
            raise InvalidInput([Problem(origin, None, fault.message) for fault in error.faults]) from None
        return replace(self, parameters=merged)

    def with_structure(self, variants: Mapping[str, str], origin: str = "structure") -> Scenario:
        """Return the scenario with other structural variants.

        Parameters
        ----------
        variants : mapping
            Names by part, such as ``{"trust": "kim"}``.
        origin : str
            What messages call the source of the names.

        Returns
        -------
        Scenario

        Raises
        ------
        InvalidInput
            With every unknown part and name, and every parameter that is set besides.
        """
        record, problems = check(Document(origin, dict(variants)), Structure)
        if record is None:
            raise InvalidInput(problems)
        named = {**self.structure, **record.named}
        twice = list(variant_conflicts(named, self.parameters))
        if twice:
            raise InvalidInput(Problem(origin, None, fault.message) for fault in twice)
        return replace(
            self, structure=FrozenMapping((part, named[part]) for part in VARIANTS if part in named)
        )

    def with_horizon(self, horizon_years: float, origin: str = "horizon_years") -> Scenario:
        """Change the horizon.

        Parameters
        ----------
        horizon_years : float
            Years, a whole number of months.
        origin : str
            What messages call the source of the value.

        Returns
        -------
        Scenario

        Raises
        ------
        InvalidInput
            If the horizon is not valid, or ends before a schedule starts.
        """
        complaint = horizon_complaint(horizon_years)
        if complaint is not None:
            raise InvalidInput([Problem(origin, None, complaint)])
        _require_times(self.policy, self.start, horizon_years, origin, self.policy.settings)
        return replace(self, horizon_years=float(horizon_years))

    def with_place(self, place: str | Path) -> Scenario:
        """Move the scenario to another place.

        Parameters
        ----------
        place : str or Path
            Name of a shipped place, or path of a place file.

        Returns
        -------
        Scenario

        Raises
        ------
        InvalidInput
            If there is no such place.
        """
        return replace(self, place=find_place(place))

    def resolved(self) -> dict[str, Any]:
        """Return everything that the scenario resolves to as plain values, for manifests.

        Returns
        -------
        dict
            Texts, the content of the place file, all parameter values, every lever's schedule and dose, and
            the times.
        """
        return {
            "name": self.name,
            "label": self.label,
            "description": self.description,
            "source": self.source,
            "assumptions": self.assumptions,
            "policies": list(self.policies),
            "place_file": self.place.name,
            "structure": dict(self.structure),
            "doses": self.dose(),
            "content_hash": self.content_hash,
            **self._own_content,
            "place": content_of_place(self.place),
        }

    @property
    def _frame(self) -> dict[str, Any]:
        """Return what decides a result besides place, parameters and levers, without texts and names."""
        # A scenario without extensions has the content, and the hash, that it would have if there were none.
        added = [source.described for source in self.extensions.sources]
        return {
            **({"extensions": added} if added else {}),
            "horizon_years": self.horizon_years,
            "start": self.start,
            "substeps": self.substeps,
        }

    @property
    def _own_content(self) -> dict[str, Any]:
        """Return what decides a result besides the place."""
        settings = self.policy.settings
        return {
            **self._frame,
            "parameters": dict(self.parameter_values),
            "levers": {
                name: settings[name].data() if name in settings else lever.default
                for name, lever in self.catalogue.levers.items()
            },
        }

    @cached_property
    def content_hash(self) -> str:
        """SHA-256, in hexadecimal, of everything that decides a result.

        Two scenarios that differ in names and texts only have one hash; a change of the place file's values,
        of a parameter's default or of a lever's default changes it.
        """
        # Most of the text is defaults and the place, which the many scenarios of a sweep share.
        settings, catalogue = self.policy.settings, self.catalogue
        given = {**variant_parameters(self.structure), **self.parameters}
        texts = {key: canonical(value) for key, value in self._frame.items()}
        texts["parameters"] = text_with(catalogue.parameter_texts, {key: float(given[key]) for key in given})
        texts["levers"] = text_with(catalogue.lever_texts, {name: settings[name].data() for name in settings})
        texts["place"] = text_of_place(self.place)
        content = ",".join(f'"{key}":{texts[key]}' for key in sorted(texts))
        return hashlib.sha256(f"{{{content}}}".encode("ascii")).hexdigest()


def _require_times(
    policy: Policy, start: str, horizon_years: float, origin: str, names: Iterable[str]
) -> None:
    problems = [
        Problem(origin, None, f"schedule of lever '{name}' {fault.message}")
        for name in names
        if name in policy.settings
        for fault in policy.settings[name].time_faults(start, horizon_years)
    ]
    if problems:
        raise InvalidInput(problems)


def load_scenario(
    reference: str | Path,
    *,
    allow_extensions: bool = True,
    extensions: Sequence[str] | Extensions = (),
    runs_code: bool = True,
) -> Scenario:
    """Load a scenario and everything it refers to.

    Parameters
    ----------
    reference : str or Path
        Name of a shipped scenario, or path of a file.
    allow_extensions : bool
        Whether the extensions that the file names are read. They are code, so pass False for a file whose
        author you do not know, such as an upload.
    extensions : sequence of str, or Extensions
        Extensions besides those that the file names: paths relative to the working directory, or names. Extensions
        that have been read already stand in for those that the file names.
    runs_code : bool
        Whether the code of extensions is run. Pass False to check or describe a scenario without running anything:
        what its extensions declare is read from their text, and the scenario cannot be simulated.

    Returns
    -------
    Scenario

    Raises
    ------
    InvalidInput
        With every problem of the scenario, its extensions, its policy blocks and their composition, and a
        place that does not exist.
    """
    path, complaint = find(reference, "scenario", ".", None)
    if path is None:
        hint = "" if is_path(reference) else " A path ends in .yaml or contains '/'."
        raise InvalidInput([Problem(str(reference), None, complaint + hint)])
    record, place, blocks, policy, added = read_composition(
        path, allow_extensions=allow_extensions, extensions=extensions, runs_code=runs_code
    )
    own = FrozenMapping((name, policy.settings[name]) for name in policy.settings if name in record.levers)
    return Scenario(
        name=record.name,
        place=place,
        label=record.label or record.name,
        description=record.description,
        source=record.source,
        assumptions=record.assumptions,
        parameters=FrozenMapping(record.parameters),
        policies=tuple(block.name for block in blocks),
        policy=policy,
        levers=own,
        horizon_years=record.horizon_years,
        start=record.start,
        substeps=record.substeps,
        structure=record.structure.named,
        extensions=added,
    )
