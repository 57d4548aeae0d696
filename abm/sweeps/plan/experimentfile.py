"""Read an experiment file: which scenarios are varied how, at which points, how often, and what is kept.

Everything that the file refers to is checked with it, and all problems are reported together before anything is run.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from abm.core.quantities.quantity import Quantity
from abm.core.vocabulary import MONTHS_PER_YEAR
from abm.errors import InvalidInput, Problem, did_you_mean, hint_among
from abm.policy.catalogue import Catalogue
from abm.policy.reading import read_schedule
from abm.records import Document, Fault, Faults, FrozenMapping, KeyPath, bounds, check, shown_number
from abm.scenarios.library import EXPERIMENTS, find
from abm.scenarios.scenario import Scenario, load_scenario
from abm.scenarios.scenariofile import VALID_HORIZON, horizon_complaint
from abm.scenarios.structure import variant_conflicts
from abm.sweeps.design.design import Choice, Design
from abm.sweeps.design.dimension import Dimension
from abm.sweeps.design.scenariobase import ScenarioBase
from abm.sweeps.design.sweepbase import Base
from abm.sweeps.design.varying import ALL, Thinning, Varying, readable_dimensions
from abm.world.place_loading import load_place


def _require_horizon(horizon_years: float | None) -> float | None:
    if horizon_years is not None and horizon_complaint(horizon_years) is not None:
        raise ValueError(VALID_HORIZON)
    return horizon_years


class ExperimentFile(Varying):
    """An experiment on scenarios as written in its file, with names not yet looked up."""

    scenarios: tuple[str, ...] = Field(
        min_length=1,
        max_length=bounds.SCENARIOS,
        description="names or paths of the scenarios that are varied",
    )
    horizon_years: Annotated[float | None, AfterValidator(_require_horizon)] = Field(
        default=None, description="years, instead of the scenarios' own; a whole number of months"
    )
    months: Literal["all", "none"] | Thinning = Field(
        default=Thinning(every=MONTHS_PER_YEAR),
        description="months that are kept: 'all', 'none', or {every: 12}, always with month 0 and the last",
    )


@dataclass(frozen=True, eq=False)
class Experiment:
    """A checked experiment.

    Attributes
    ----------
    record : Varying
        The file.
    bases : tuple of Base
        What is varied, in the order of the file.
    """

    record: Varying
    bases: tuple[Base, ...]

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures that are kept, in the order of the file, or of the bases for 'all'."""
        if self.record.measures == ALL:
            return tuple(dict.fromkeys(measure.name for base in self.bases for measure in base.measures))
        return tuple(self.record.measures)


def experiment_schema() -> dict[str, Any]:
    """Return the JSON Schema of experiment files, for editors."""
    from abm.sweeps.foreign.modelfile import ModelExperimentFile

    schemas = [kind.model_json_schema(by_alias=True) for kind in (ModelExperimentFile, ExperimentFile)]
    definitions = {name: one for schema in schemas for name, one in schema.pop("$defs").items()}
    # Both have a short form that stands for the long one.
    values = {"type": "array", "minItems": 1, "items": {"type": ["number", "boolean"]}}
    definitions["Dimension"] = {"anyOf": [definitions["Dimension"], values]}
    names = {"enum": ["full_factorial", "one_at_a_time", "list"]}
    definitions["Choice"] = {"anyOf": [definitions["Choice"], names]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "abm experiment file",
        "type": "object",
        "if": {"required": ["model"]},
        "then": schemas[0],
        "else": schemas[1],
        "$defs": definitions,
    }


def load_experiment(reference: str | Path, *, runs_code: bool = True) -> Experiment:
    """Read an experiment by the name of a shipped one or by path.

    Parameters
    ----------
    reference : str or Path
        Name or path.
    runs_code : bool
        Whether the code of extensions that its scenarios name is run; a foreign model is imported in any case, see
        `abm.sweeps.foreign.unimported`.

    Raises
    ------
    InvalidInput
        With every problem of the file and of all that it names.
    """
    path, complaint = find(reference, "experiment", EXPERIMENTS, None)
    if path is None:
        raise InvalidInput([Problem(str(reference), None, complaint)])
    document = Document.read(path)
    if isinstance(document.data, dict) and "model" in document.data:
        # Deferred: most experiments vary scenarios, and need nothing that imports foreign models.
        from abm.sweeps.foreign.modelfile import read_model

        model, base = read_model(document, path.parent)
        return Experiment(model, (base,))
    record, problems = check(document, ExperimentFile)
    referred = _Referred(document, path.parent, runs_code)
    further = list(referred.problems())
    if record is None or further:
        raise InvalidInput([*problems, *further])
    return Experiment(record, tuple(ScenarioBase(scenario) for scenario in referred.scenarios))


class _Referred:
    """What an experiment's file refers to, checked as far as the file can be read."""

    def __init__(self, document: Document, folder: Path, runs_code: bool) -> None:
        self.runs_code = runs_code
        self.document = document
        self.folder = folder
        self.data: dict[str, Any] = document.data if isinstance(document.data, dict) else {}
        self.scenarios: list[Scenario] = []

    def problems(self) -> Iterator[Problem]:
        """Yield everything that is wrong."""
        yield from self.loaded()
        for role in ("levers", "uncertainties"):
            named = self.data.get(role)
            for name, data in named.items() if isinstance(named, dict) else ():
                told = dict.fromkeys(self.dimension_faults(role, name, data))
                for fault in told:
                    yield self.document.problem((role, name, *fault.path), fault.message)
        yield from self.measures()
        yield from self.design()

    def loaded(self) -> Iterator[Problem]:
        """Load the scenarios that can be loaded."""
        listed = self.data.get("scenarios")
        horizon = self.data.get("horizon_years")
        named = listed[: bounds.SCENARIOS] if isinstance(listed, list) else []
        for number, name in enumerate(named):
            if not isinstance(name, str) or not name:
                continue
            where: KeyPath = ("scenarios", number)
            path, complaint = self.scenario_path(name)
            if path is None:
                yield self.document.problem(where, complaint)
                continue
            try:
                scenario = load_scenario(path, runs_code=self.runs_code)
                load_place(scenario.place)
                if horizon is not None and horizon_complaint(horizon) is None:
                    scenario = scenario.with_horizon(horizon, self.document.file)
            except InvalidInput as error:
                yield from error.problems
                continue
            if scenario.name in [known.name for known in self.scenarios]:
                told = f"scenario '{scenario.name}' is named twice; keep one of the two, or give one another name"
                yield self.document.problem(where, told)
            self.scenarios.append(scenario)

    def scenario_path(self, name: str) -> tuple[Path | None, str]:
        """Find a scenario beside the file first, then among those that come with abm."""
        path, complaint = find(name, "scenario", ".", self.folder)
        return (path, "") if path is not None else (find(name, "scenario", ".", None)[0], complaint)

    def dimension_faults(self, role: str, name: str, data: Any) -> Iterator[Fault]:
        """Check a dimension in every scenario."""
        dimension, problems = check(Document("", data, {}), Dimension)
        if dimension is None or problems:
            return
        for scenario in self.scenarios:
            catalogue = scenario.catalogue
            if name in catalogue.levers:
                yield from lever_faults(catalogue.levers[name], dimension, scenario)
            elif role == "uncertainties":
                yield from parameter_faults(catalogue, name, dimension, scenario)
            else:
                yield Fault((), _unknown_lever(catalogue, name))

    def design(self) -> Iterator[Problem]:
        """Check that the design suits the dimensions, where all of them can be read."""
        choice = check(Document("", self.data.get("design")), Choice)[0]
        given = [self.data.get(role, {}) for role in ("levers", "uncertainties")]
        levers, uncertainties = (FrozenMapping(readable_dimensions(named)) for named in given)
        is_whole = all(isinstance(named, dict) for named in given)
        if choice is not None and is_whole and len(levers) + len(uncertainties) == sum(map(len, given)):
            for fault in Design(levers, uncertainties, choice).faults():
                yield self.document.problem(fault.path, fault.message)

    def measures(self) -> Iterator[Problem]:
        """Check the names of measures."""
        listed = self.data.get("measures")
        if not isinstance(listed, list) or not self.scenarios:
            return
        known = [measure.name for scenario in self.scenarios for measure in scenario.extensions.measures]
        earlier: set[str] = set()
        for number, name in enumerate(listed):
            if not isinstance(name, str):
                continue
            if name not in known:
                hint = hint_among(name, known, number)
                told = f"measure '{name}' is unknown{hint} 'abm measures' lists them."
                yield self.document.problem(("measures", number), told)
            elif name in earlier:
                told = f"measure '{name}' is named twice; keep one of the two"
                yield self.document.problem(("measures", number), told)
            earlier.add(name)


def lever_faults(lever: Quantity, dimension: Dimension, scenario: Scenario) -> Iterator[Fault]:
    """Yield the values of a dimension that a lever may not take."""
    for name, setting in (dimension.options or {}).items():
        try:
            scenario.with_levers({lever.name: read_schedule(setting, lever)})
        except Faults as error:
            yield from (fault.under("options", name) for fault in error.faults)
        except InvalidInput as error:
            yield from (Fault(("options", name), problem.message) for problem in error.problems)
    yield from number_faults(lever, dimension)
    if dimension.options is not None and dimension.at is not None:
        yield Fault(
            ("at",), "options are whole schedules; say in them when the lever moves, and leave 'at' out"
        )
    elif dimension.at is not None and dimension.at >= scenario.horizon_years:
        told = f"'at' is year {dimension.at:g} of {scenario.horizon_years:g}"
        yield Fault(("at",), f"{told} in scenario '{scenario.name}'; give an earlier year")


def number_faults(quantity: Quantity, dimension: Dimension) -> Iterator[Fault]:
    """Yield the numbers of a dimension that a lever or a parameter may not take."""
    command = "levers" if quantity.kind == "lever" else "parameters"
    hint = f"; 'abm {command} {quantity.name}' describes it"
    for place, value in enumerate(dimension.values or ()):
        complaint = quantity.complaint(value)
        if complaint is not None:
            yield Fault(("values", place), f"{complaint}{hint}")
    form = "range" if dimension.range is not None else "distribution"
    if dimension.values is not None or dimension.options is not None:
        return
    if quantity.type == "switch":
        yield Fault((form,), f"{quantity.noun} is a switch; list its values as [0, 1]")
    elif quantity.type == "integer" and not dimension.whole:
        yield Fault((form,), f"{quantity.noun} is a whole number; add 'whole: true'")
    low, high = quantity.bounds
    for end in dimension.ends():
        if low <= end <= high:
            continue
        if form == "distribution":
            told = (
                f"the distribution reaches {shown_number(end)}; valid for {quantity.noun} is {quantity.valid}"
            )
            yield Fault((form,), f"{told}; cut it with 'within: [LOW, HIGH]'")
        else:
            yield Fault((form,), f"{quantity.noun} is {shown_number(end)}; valid is {quantity.valid}{hint}")


def parameter_faults(
    catalogue: Catalogue, name: str, dimension: Dimension, scenario: Scenario
) -> Iterator[Fault]:
    """Yield why a parameter cannot be varied, or which values of a dimension it may not take."""
    parameter = catalogue.parameters.get(name)
    if parameter is not None and parameter.elements:
        told = f"parameter '{name}' has a value for each of {', '.join(parameter.elements)}"
        yield Fault((), f"{told}; vary them one by one, such as '{name}.{parameter.elements[0]}'")
        return
    if name not in catalogue.defaults:
        known = [*catalogue.defaults, *catalogue.levers]
        hint = did_you_mean(name, known)
        yield Fault(
            (), f"'{name}' is neither a parameter nor a lever{hint} 'abm parameters' lists the first."
        )
        return
    # The single values of an indexed parameter are named after it.
    parameter = parameter or catalogue.parameters[name.rpartition(".")[0]]
    if dimension.options is not None:
        yield Fault(("options",), "options are schedules of levers; a parameter takes numbers, so list them")
        return
    yield from number_faults(parameter, dimension)
    yield from (Fault((), fault.message) for fault in variant_conflicts(scenario.structure, {name: math.nan}))


def _unknown_lever(catalogue: Catalogue, name: str) -> str:
    if name in catalogue.parameters or name in catalogue.defaults:
        return f"'{name}' is a parameter, not a lever; put it under 'uncertainties'."
    return catalogue.unknown_lever(name)


def described_experiment(record: Varying) -> Mapping[str, Any]:
    """Return the texts, dimensions and design of an experiment as plain values, for a manifest."""
    return {
        "name": record.name,
        "label": record.label or record.name,
        "description": record.description,
        **record.points.described(record.keeps_whole),
    }


def described_keep(record: Varying, measures: Sequence[str], outcomes: Sequence[str]) -> dict[str, Any]:
    """Return what is kept of every run as plain values, for a manifest."""
    return {
        "measures": list(measures),
        "outcomes": list(outcomes),
        "every": record.every,
        "precision": record.precision,
    }
