"""Read the study of a calibration: places, targets and the box that is searched, checked before any run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, model_validator

from abm.errors import InvalidInput, Problem
from abm.policy.catalogue import Catalogue, shipped
from abm.policy.reading import readable_lever_settings
from abm.policy.schema import described, number_schema, settings_schema
from abm.records import Document, Fault, Faults, KeyPath, Record, bounds, check, shown_number
from abm.runs.run import REPLICATES_BOUND, SEED_BOUND
from abm.scenarios.library import find, shipped_directory
from abm.scenarios.scenario import Scenario, load_scenario
from abm.scenarios.structure import variant_conflicts
from abm.world.place_loading import place_problems

STUDIES = "calibration"
"""Folder of the studies that come with abm."""
MOST_SAMPLES = 2**20
MOST_EDGE_POINTS = 1000


class Target(Record):
    """One target: the share of runs of a scenario in which integration stands at the end."""

    kind: ClassVar[str] = "target"

    scenario: str = Field(min_length=1, description="name of a scenario")
    label: str = Field(min_length=1, description="short name for the table")
    levers: dict[str, Any] = Field(default_factory=dict, description="settings that replace the scenario's")
    low: float = Field(ge=0, le=1, description="least share")
    high: float = Field(ge=0, le=1, description="largest share")


class Study(Record):
    """A calibration: places, targets and the ranges that are searched."""

    kind: ClassVar[str] = "calibration study"

    name: str = Field(min_length=1, description="name of the study")
    label: str = Field(min_length=1, description="title")
    description: str = Field(min_length=1, description="what the targets say")
    places: list[str] = Field(min_length=1, description="names of places")
    seed: int = Field(ge=0, lt=SEED_BOUND, description="seed of the runs")
    replicates: int = Field(ge=1, lt=REPLICATES_BOUND, description="runs of each scenario in each place")
    samples: int = Field(ge=1, le=MOST_SAMPLES, description="points of the search")
    search_seed: int = Field(ge=0, description="seed of the Sobol sequence")
    edge_points: int = Field(
        ge=2, le=MOST_EDGE_POINTS, description="values of each parameter between its edges"
    )
    targets: list[Target] = Field(min_length=1, max_length=bounds.SCENARIOS, description="aims")
    search: dict[str, tuple[float, float]] = Field(
        min_length=1, description="parameters and their range, least value first"
    )

    @model_validator(mode="after")
    def agree(self) -> Study:
        """Refuse ranges that fall, places that are named twice and samples that leave gaps."""
        faults = list(self.disagreements())
        if faults:
            raise Faults(faults)
        return self

    def disagreements(self, faulty: Set[KeyPath] = frozenset()) -> Iterator[Fault]:
        """Yield the ranges that fall, the places named twice and the samples that leave gaps, as far as can be read."""
        for number, target in enumerate(self.targets):
            if target.low > target.high:
                told = f"target is {target.low:g} to {target.high:g}"
                yield Fault(("targets", number, "low"), f"{told}; the first is the least share, so swap them")
        named: set[str] = set()
        for number, place in enumerate(self.places):
            if place in named:
                yield Fault(("places", number), f"place '{place}' is named twice; keep one of the two")
            named.add(place)
        if ("samples",) not in faulty and self.samples.bit_count() != 1:
            near = 1 << max(self.samples.bit_length() - 1, 0)
            told = f"samples is {self.samples}; a Sobol sequence is balanced for powers of two only"
            yield Fault(("samples",), f"{told}, so give {near} or {2 * near}")
        for name, low, high in ranges(self.search):
            if low >= high:
                told = f"range of '{name}' is {shown_number(low)} to {shown_number(high)}"
                yield Fault(
                    ("search", name), f"{told}; write the least value first, and a greater one after it"
                )


def ranges(search: Any) -> Iterator[tuple[str, float, float]]:
    """List the ranges of a search that can be read."""
    for name, ends in search.items() if isinstance(search, dict) else ():
        is_pair = isinstance(ends, list | tuple) and len(ends) == 2
        if is_pair and all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends):
            yield name, ends[0], ends[1]


def study_names() -> tuple[str, ...]:
    """List the names of the shipped studies, sorted."""
    return tuple(sorted(path.stem for path in (shipped_directory() / STUDIES).glob("*.yaml")))


def study_schema(catalogue: Catalogue) -> dict[str, Any]:
    """Return the JSON Schema of study files, for editors.

    Parameters
    ----------
    catalogue : Catalogue
        Levers and parameters that files may name.

    Returns
    -------
    dict
        JSON Schema, draft 2020-12.
    """
    schema = Study.model_json_schema(by_alias=True)
    target = schema["$defs"]["Target"]["properties"]
    target["levers"] = settings_schema(catalogue) | {"description": target["levers"]["description"]}
    search = schema["properties"]["search"]
    search |= {"properties": _range_schemas(catalogue), "additionalProperties": False}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "abm calibration study file",
    }


def _range_schemas(catalogue: Catalogue) -> dict[str, Any]:
    """Return the schema of a range for every parameter that a search may vary, by flat name."""
    found: dict[str, Any] = {}
    for parameter in catalogue.parameters.values():
        end = number_schema(parameter)
        pair = {"type": "array", "prefixItems": [end, end], "minItems": 2, "maxItems": 2}
        for name in parameter.flat_defaults if parameter.type == "number" else ():
            found[name] = {"description": described(parameter), **pair}
    return found


def load_study(reference: str | Path = "defaults", *, runs_code: bool = True) -> Study:
    """Read a study by the name of a shipped one or by path.

    Parameters
    ----------
    reference : str or Path
        Name or path.
    runs_code : bool
        Whether the code of extensions that its scenarios name is run.

    Raises
    ------
    InvalidInput
        With every problem of the file and of the scenarios and places that it names.
    """
    path, complaint = find(reference, "study", STUDIES, None)
    if path is None:
        raise InvalidInput([Problem(str(reference), None, complaint)])
    document = Document.read(path)
    study, problems = check(document, Study)
    further = list(_Referred(document, runs_code).problems())
    if study is None or further:
        raise InvalidInput([*problems, *further])
    return study


class _Referred:
    """Check what a study's file refers to, as far as the file can be read."""

    def __init__(self, document: Document, runs_code: bool) -> None:
        self.runs_code = runs_code
        self.document = document
        self.data = document.data if isinstance(document.data, dict) else {}
        self.scenarios: list[Scenario] = []
        self.known: dict[str, Scenario] = {}

    def problems(self) -> Iterator[Problem]:
        """Find everything that is wrong."""
        looked_at: set[str] = set()
        for number, place in self.listed("places", str):
            if place in looked_at:
                continue
            looked_at.add(place)
            found, complaint = find(place, "place", "places", None)
            if found is None:
                yield self.document.problem(("places", number), complaint)
            else:
                yield from place_problems(found)
        for number, target in self.listed("targets", dict):
            yield from self.target(number, target)
        for name, low, high in ranges(self.data.get("search")):
            yield from (
                self.document.problem(("search", *fault.path), fault.message)
                for fault in self.range_faults(name, low, high)
            )

    def listed(self, key: str, wanted: type) -> list[tuple[int, Any]]:
        """List the items of a kind under a key; others are reported with the record."""
        items = self.data.get(key)
        return [
            (number, item)
            for number, item in enumerate(items[: bounds.SCENARIOS] if isinstance(items, list) else ())
            if isinstance(item, wanted) and item
        ]

    def target(self, number: int, target: dict[str, Any]) -> Iterator[Problem]:
        """Check a target's scenario, and its levers in it."""
        name, levers = target.get("scenario"), target.get("levers", {})
        scenario = None
        if isinstance(name, str) and name:
            found, complaint = find(name, "scenario", ".", None)
            try:
                if found is None:
                    yield self.document.problem(("targets", number, "scenario"), complaint)
                else:
                    scenario = self.known.get(name) or load_scenario(name, runs_code=self.runs_code)
                    self.known[name] = scenario
                    self.scenarios.append(scenario)
            except InvalidInput as error:
                yield from error.problems
        if not isinstance(levers, dict):
            return
        catalogue = scenario.catalogue if scenario is not None else shipped()
        settings, faults = readable_lever_settings(levers, catalogue)
        where: KeyPath = ("targets", number, "levers")
        yield from (self.document.problem((*where, *fault.path), fault.message) for fault in faults)
        for lever, setting in settings.items():
            for problem in refusals(scenario, lever, setting) if scenario is not None else ():
                yield self.document.problem((*where, lever), problem.message)

    def range_faults(self, name: str, low: float, high: float) -> Iterator[Fault]:
        """Check that both ends of a range are valid for a parameter of every scenario."""
        told: set[Fault] = set()
        catalogues = [scenario.catalogue for scenario in self.scenarios] or [shipped()]
        # A lever's claim holds a mapping, so a catalogue with levers of its own has no hash.
        for catalogue in {id(catalogue): catalogue for catalogue in catalogues}.values():
            told.update(end_faults(catalogue, name, low, high))
        for scenario in self.scenarios:
            told.update(variant_conflicts(scenario.structure, {name: low}))
        yield from sorted(told, key=lambda fault: (len(fault.path), fault.message))


def refusals(scenario: Scenario, lever: str, setting: Any) -> Iterable[Problem]:
    """List why a scenario refuses a setting, such as a schedule that starts after its end."""
    try:
        scenario.with_levers({lever: setting})
    except InvalidInput as error:
        return error.problems
    return ()


def end_faults(catalogue: Catalogue, name: str, low: float, high: float) -> list[Fault]:
    """List what is wrong with the ends of a range of a parameter."""
    parameter = catalogue.parameters.get(name)
    if parameter is not None and parameter.elements:
        first = f"'{name}.{parameter.elements[0]}'"
        told = f"parameter '{name}' has a value for each of {', '.join(parameter.elements)}"
        return [Fault((name,), f"{told}; search them one by one, such as {first}")]
    # The single values of an indexed parameter are named after it.
    parameter = parameter or catalogue.parameters.get(name.rpartition(".")[0])
    if parameter is not None and parameter.type != "number":
        told = f"parameter '{name}' is a {'whole number' if parameter.type == 'integer' else parameter.type}"
        return [Fault((name,), f"{told}, and the search tries fractions; leave it out")]
    faults: list[Fault] = []
    for number, end in enumerate((low, high)):
        try:
            catalogue.flat_overrides({name: end})
        except Faults as error:
            known = name in catalogue.defaults
            faults += [Fault((name, number) if known else (name,), fault.message) for fault in error.faults]
    return list(dict.fromkeys(faults))
