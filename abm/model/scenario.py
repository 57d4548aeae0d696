"""Compose place, parameter overrides, policy blocks and horizon into a scenario, frozen once loaded.

A scenario file names a place and policy blocks; both are looked for in the folders ``places`` and ``policies`` beside the
file and then among those that come with abm. Faults of the scenario and of its blocks are reported together.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, GetJsonSchemaHandler, PlainValidator, model_validator

from abm.errors import AbmError, InvalidInput, Problem, did_you_mean
from abm.policy.levers import levers
from abm.policy.parameters import Parameter, flat_overrides, parameter_values, parameters
from abm.policy.policy import (
    DEFAULT_START,
    LeverSettings,
    Policy,
    PolicyBlock,
    conflicts,
    replaces_faults,
    settled,
    time_problems,
)
from abm.policy.schedule import MONTHS_PER_YEAR, Schedule, is_month
from abm.records import Document, Faults, FrozenMapping, Record, check, shown_path

DEFAULT_HORIZON_YEARS = 10.0
LONGEST_HORIZON_YEARS = 50.0
MOST_SUBSTEPS = 30
"""Most steps a month may be divided into: about a step a day."""
FILE_ENDINGS = (".yaml", ".yml")
INLINE_BLOCK = "levers of the scenario"
"""What messages call the levers that a scenario sets itself."""


class _OverridesSchema:
    """Give editors every parameter's name, description and bounds."""

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        properties: dict[str, Any] = {}
        for name, parameter in parameters().items():
            value = _number_schema(parameter)
            if parameter.index is None:
                properties[name] = value
                continue
            elements = dict.fromkeys(parameter.elements, value)
            properties[name] = {"type": "object", "properties": elements, "additionalProperties": False}
            properties.update({f"{name}.{element}": value for element in parameter.elements})
        return {"type": "object", "properties": properties, "additionalProperties": False}


def _number_schema(parameter: Parameter) -> dict[str, Any]:
    low, high = parameter.bounds
    kind = "integer" if parameter.type == "integer" else "number"
    text = f"{parameter.label} ({parameter.unit}). {parameter.description}"
    return {"type": kind, "minimum": low, "maximum": high, "description": text}


def _read_overrides(data: Any) -> FrozenMapping[float]:
    if not isinstance(data, Mapping):
        raise ValueError("it should be a mapping from names of parameters to values; 'abm parameters' lists them")
    return flat_overrides(data)


class ScenarioFile(Record):
    """Hold a scenario as its file says it, names not yet looked up."""

    kind: ClassVar[str] = "scenario"

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="lower case, digits and underscores")
    label: str = Field("", description="a few words for tables and plots")
    description: str = Field("", description="what the scenario represents")
    source: str = Field("", description="where it comes from")
    assumptions: str = Field("", description="what is assumed beyond the source")
    place: str = Field(min_length=1, description="name of a place, or path of a place file")
    parameters: Annotated[Mapping[str, float], PlainValidator(_read_overrides), _OverridesSchema] = Field(
        default_factory=FrozenMapping, description="parameters that differ from their defaults"
    )
    policies: tuple[str, ...] = Field((), description="names or paths of policy blocks, in order")
    levers: LeverSettings = Field(default_factory=FrozenMapping, description="lever settings beside the policy blocks")
    replaces: tuple[str, ...] = Field((), description="levers whose setting by a policy block 'levers' replaces")
    horizon_years: float = Field(
        DEFAULT_HORIZON_YEARS, gt=0, le=LONGEST_HORIZON_YEARS, description="years, a whole number of months"
    )
    start: str = Field(
        DEFAULT_START, pattern=r"^[12][0-9]{3}-(0[1-9]|1[0-2])$", description="first month, such as '2014-04'"
    )
    substeps: int = Field(1, ge=1, le=MOST_SUBSTEPS, description="steps per month")

    @model_validator(mode="after")
    def _horizon_is_whole_months(self) -> ScenarioFile:
        faults = list(replaces_faults(self.replaces, self.levers))
        if faults:
            raise Faults(faults)
        return self


@dataclass(frozen=True)
class Scenario:
    """Hold all that decides a run but the seed.

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
        """Give every parameter's value by flat name, overrides applied."""
        return FrozenMapping(parameter_values(self.parameters))

    def lever_table(self) -> NDArray[np.float64]:
        """Tabulate every lever at the start of every month of the horizon.

        Returns
        -------
        NDArray of shape (months, levers)
            Columns in the order of `abm.policy.levers.lever_names`.
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
        inline = FrozenMapping((name, policy.settings[name]) for name in policy.settings if name in {**self.levers, **settings})
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
            With every unknown name and every value out of bounds.
        """
        try:
            flat = flat_overrides(overrides)
            merged = flat_overrides({**self.parameters, **flat})
        except Faults as error:
            raise InvalidInput([Problem(origin, None, fault.message) for fault in error.faults]) from None
        return replace(self, parameters=merged)

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
        """Give everything that the scenario stands for as plain values, for manifests.

        Returns
        -------
        dict
            Texts, the content of the place file, all parameter values, every lever's schedule and dose, and the times.
        """
        return {
            "name": self.name,
            "label": self.label,
            "description": self.description,
            "source": self.source,
            "assumptions": self.assumptions,
            "policies": list(self.policies),
            "place_file": self.place.name,
            "doses": self.dose(),
            "content_hash": self.content_hash,
            **self._content,
        }

    @cached_property
    def _content(self) -> dict[str, Any]:
        """Give what decides a result: no texts, no names, no path."""
        settings = self.policy.settings
        return {
            "place": Document.read(self.place).data,
            "parameters": dict(self.parameter_values),
            "levers": {
                name: settings[name].data() if name in settings else lever.default for name, lever in levers().items()
            },
            "horizon_years": self.horizon_years,
            "start": self.start,
            "substeps": self.substeps,
        }

    @cached_property
    def content_hash(self) -> str:
        """Give the SHA-256, in hexadecimal, of everything that decides a result.

        Two scenarios that differ in names and texts only have one hash; a change of the place file's values, of a parameter's
        default or of a lever's default changes it.
        """
        canonical = json.dumps(self._content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def horizon_complaint(horizon_years: Any) -> str | None:
    """Say why a horizon is not valid, None if it is."""
    valid = f"valid is a whole number of months up to {LONGEST_HORIZON_YEARS:g} years, in years"
    if not isinstance(horizon_years, int | float) or isinstance(horizon_years, bool):
        return f"horizon is {horizon_years!r}, not a number; {valid}"
    months = horizon_years * MONTHS_PER_YEAR
    if not 0 < horizon_years <= LONGEST_HORIZON_YEARS or abs(months - round(months)) > 1e-6 or round(months) < 1:
        return f"horizon is {horizon_years:g} years; {valid}"
    return None


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


def shipped_directory() -> Path:
    """Find the scenarios, policies and places that come with abm, from any working directory.

    Returns
    -------
    Path
        ``abm/scenarios`` in an installed wheel; ``scenarios`` beside the package in a checkout or editable install.

    Raises
    ------
    AbmError
        If neither is there.
    """
    package = Path(__file__).resolve().parents[1]
    for candidate in (package / "scenarios", package.parent / "scenarios"):
        if (candidate / "policies").is_dir():
            return candidate
    raise AbmError(f"the shipped scenarios are neither in {package} nor beside it; reinstall abm")


def _names(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def scenario_names() -> tuple[str, ...]:
    """Name the shipped scenarios, sorted."""
    return _names(shipped_directory())


def policy_names() -> tuple[str, ...]:
    """Name the shipped policy blocks, sorted."""
    return _names(shipped_directory() / "policies")


def place_names() -> tuple[str, ...]:
    """Name the shipped places, sorted."""
    return _names(shipped_directory() / "places")


def is_path(reference: str | Path) -> bool:
    """Tell a path from a name: a path has a separator or ends in .yaml."""
    text = str(reference)
    return isinstance(reference, Path) or "/" in text or "\\" in text or text.endswith(FILE_ENDINGS)


def find_place(place: str | Path, beside: Path | None = None) -> Path:
    """Find a place file.

    Parameters
    ----------
    place : str or Path
        A name, or a path.
    beside : Path, optional
        Folder of the file that refers to the place; paths are relative to it, and its folder ``places`` is searched first.

    Returns
    -------
    Path
        Absolute.

    Raises
    ------
    InvalidInput
        If there is no such place.
    """
    found, complaint = _find(place, "place", "places", beside)
    if found is None:
        raise InvalidInput([Problem("place", None, complaint)])
    return found


def _find(reference: str | Path, noun: str, folder: str, beside: Path | None) -> tuple[Path | None, str]:
    """Find the file of a name or path; else say what is valid."""
    if is_path(reference):
        path = (beside or Path.cwd()) / reference
        if path.is_file():
            return path.resolve(), ""
        return None, f"{noun} file '{reference}' does not exist; looked for {shown_path(path)}"
    name = f"{reference}.yaml"
    folders = [shipped_directory() / folder] if beside is None else [beside / folder, shipped_directory() / folder]
    for candidate in folders:
        if (candidate / name).is_file():
            return (candidate / name).resolve(), ""
    known = sorted({name for candidate in folders for name in _names(candidate)})
    return None, f"{noun} '{reference}' is unknown{did_you_mean(str(reference), known)} Valid: {', '.join(known)}."


def load_policy(reference: str | Path) -> PolicyBlock:
    """Load a policy block.

    Parameters
    ----------
    reference : str or Path
        Name of a shipped block, or path of a file.

    Returns
    -------
    PolicyBlock

    Raises
    ------
    InvalidInput
        With every problem.
    """
    path, complaint = _find(reference, "policy", "policies", None)
    if path is None:
        raise InvalidInput([Problem(str(reference), None, complaint)])
    block, problems = check(Document.read(path), PolicyBlock)
    if block is None:
        raise InvalidInput(problems)
    return block


def load_scenario(reference: str | Path) -> Scenario:
    """Load a scenario and everything it refers to.

    Parameters
    ----------
    reference : str or Path
        Name of a shipped scenario, or path of a file.

    Returns
    -------
    Scenario

    Raises
    ------
    InvalidInput
        With every problem of the scenario, its policy blocks and their composition, and a place that does not exist.
    """
    path, complaint = _find(reference, "scenario", ".", None)
    if path is None:
        hint = "" if is_path(reference) else " A path ends in .yaml or contains '/'."
        raise InvalidInput([Problem(str(reference), None, complaint + hint)])
    return _Loader(path).scenario()


class _Loader:
    """Load one scenario, collecting problems; what can be read is checked even where the rest cannot."""

    def __init__(self, path: Path) -> None:
        self.folder = path.parent
        self.document = Document.read(path)
        self.problems: list[Problem] = []

    def scenario(self) -> Scenario:
        """Load, or raise all problems."""
        record, problems = check(self.document, ScenarioFile)
        self.problems.extend(problems)
        data = self.document.data if isinstance(self.document.data, dict) else {}
        place = self.place(data.get("place"))
        blocks = self.blocks(data.get("policies"))
        horizon, start = self.times(data)
        inline = self.inline(data, record)
        self.problems.extend(conflicts([*blocks, *inline]))
        for block in (*blocks, *inline):
            self.problems.extend(time_problems(block, start, horizon))
        if self.problems or record is None or place is None or horizon is None:
            raise InvalidInput(self.problems)
        schedules = {name: schedule for block in (*blocks, *inline) for name, schedule in block.levers.items()}
        policy = settled(schedules, start)
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
            levers=FrozenMapping((name, policy.settings[name]) for name in policy.settings if name in record.levers),
            horizon_years=horizon,
            start=start,
            substeps=record.substeps,
        )

    def report(self, path: tuple[str | int, ...], message: str) -> None:
        """Note a problem of the scenario file."""
        self.problems.append(self.document.problem(path, message))

    def place(self, reference: Any) -> Path | None:
        """Find the place; a reference that is no text is reported with the record."""
        if not isinstance(reference, str) or not reference:
            return None
        found, complaint = _find(reference, "place", "places", self.folder)
        if found is None:
            self.report(("place",), complaint)
        return found

    def blocks(self, references: Any) -> list[PolicyBlock]:
        """Load the policy blocks that can be loaded."""
        blocks: list[PolicyBlock] = []
        named = references if isinstance(references, list) else []
        for position, reference in enumerate(named):
            if not isinstance(reference, str):
                continue
            if reference in named[:position]:
                self.report(("policies", position), f"policy '{reference}' is listed twice; keep one of the two")
                continue
            path, complaint = _find(reference, "policy", "policies", self.folder)
            if path is None:
                self.report(("policies", position), complaint)
                continue
            try:
                block, problems = check(Document.read(path), PolicyBlock)
            except InvalidInput as error:
                self.problems.extend(error.problems)
                continue
            self.problems.extend(problems)
            if block is not None:
                blocks.append(block)
        return blocks

    def times(self, data: dict[str, Any]) -> tuple[float | None, str]:
        """Read horizon and start as far as they are valid."""
        start = data.get("start", DEFAULT_START)
        horizon = data.get("horizon_years", DEFAULT_HORIZON_YEARS)
        complaint = horizon_complaint(horizon)
        if complaint is not None:
            reported = {problem.line for problem in self.problems}
            if self.document.line(("horizon_years",)) not in reported:
                self.report(("horizon_years",), f"'horizon_years': {complaint}")
            horizon = None
        return (None if horizon is None else float(horizon)), (start if is_month(start) else DEFAULT_START)

    def inline(self, data: dict[str, Any], record: ScenarioFile | None) -> list[PolicyBlock]:
        """Treat the scenario's own levers as its last block."""
        if record is None or not record.levers:
            return []
        block = PolicyBlock(name=record.name, levers=record.levers, replaces=record.replaces)
        block._document = self.document
        return [block]


def parse_setting(text: str, origin: str = "--set") -> tuple[str, Schedule]:
    """Read a lever setting from the command line.

    Parameters
    ----------
    text : str
        ``LEVER=VALUE``; the value in any form of a schedule, such as ``0.8`` or ``{step: {at: 1, to: 0.8}}``.
    origin : str
        What messages call the option.

    Returns
    -------
    name : str
        The lever.
    schedule : Schedule
        Not yet settled.

    Raises
    ------
    InvalidInput
        With every problem of the setting.
    """
    ((name, schedule),) = parse_settings([text], origin).items()
    return name, schedule


def parse_settings(texts: Iterable[str], origin: str = "--set") -> dict[str, Schedule]:
    """Read several lever settings from the command line, as `parse_setting` does.

    Raises
    ------
    InvalidInput
        With every problem of every setting.
    """
    from abm.policy.reading import read_lever_settings

    settings: dict[str, Schedule] = {}
    problems: list[Problem] = []
    for text in texts:
        place = f"{origin} {text}"
        name, separator, value = text.partition("=")
        name = name.strip()
        if not separator or not value.strip():
            problems.append(Problem(place, None, "is not LEVER=VALUE; write it like leadership.effort=0.8"))
            continue
        if name in settings:
            problems.append(Problem(place, None, f"sets lever '{name}' a second time; keep one of the two"))
            continue
        try:
            settings.update(read_lever_settings({name: Document.parse(value, place).data}))
        except InvalidInput as error:
            problems.extend(Problem(place, None, problem.message) for problem in error.problems)
        except Faults as error:
            problems.extend(Problem(place, None, fault.message) for fault in error.faults)
    if problems:
        raise InvalidInput(problems)
    return settings


def json_schema(kind: str) -> dict[str, Any]:
    """Give the JSON Schema of a kind of file, for editors.

    Parameters
    ----------
    kind : str
        'scenario', 'policy' or 'place'.

    Returns
    -------
    dict
        JSON Schema, draft 2020-12.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    if kind == "place":
        # Deferred: reading a scenario needs nothing of the world's modules.
        from abm.world.place import PlaceFile

        model: type[Record] = PlaceFile
    elif kind in ("scenario", "policy"):
        model = ScenarioFile if kind == "scenario" else PolicyBlock
    else:
        raise ValueError(f"no kind of file is called {kind!r}; valid: scenario, policy, place")
    schema = model.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"abm {kind} file", **schema}
