"""Print levers, parameters, measures and the order of a month, and check files."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from abm.analysis.studyfile import STUDIES, load_study, study_schema
from abm.core.quantities.quantity import Quantity
from abm.errors import InvalidInput, Problem, did_you_mean
from abm.files.destination import staged_file
from abm.interface.terminal.plain_tables import QUIET, entries_table, plain_table, record_card, shown
from abm.interface.terminal.streams import emit, errors
from abm.records import Document, shown_path
from abm.scenarios.extensions import NO_EXTENSIONS, Extensions
from abm.scenarios.library import EXPERIMENTS, is_path
from abm.scenarios.scenario import json_schema, load_policy, load_scenario, shipped_directory
from abm.world.place import Place
from abm.world.place_loading import is_built, is_network, load_place

KINDS = ("scenario", "policy", "place", "experiment", "study")
EXPERIMENT_KEYS = frozenset({"scenarios", "design", "uncertainties", "months", "common_random_numbers"})
STUDY_KEYS = frozenset({"targets", "search", "search_seed", "samples", "edge_points"})
PLACE_KEYS = frozenset({"hospitals", "commissioners", "lists", "ties"})
SCENARIO_KEYS = frozenset({"place", "policies", "horizon_years", "parameters", "start"})
LEVER_CARD = (
    "name",
    "label",
    "description",
    "unit",
    "type",
    "valid",
    "default",
    "mechanism",
    "writes",
    "equation",
    "claim",
    "evidence",
)
PARAMETER_CARD = (
    "name",
    "label",
    "description",
    "unit",
    "type",
    "valid",
    "default",
    "mechanism",
    "grade",
    "tuned",
    "source",
    "evidence",
)


def print_levers(
    console: Console, name: str | None, extensions: Sequence[str] = (), runs_code: bool = False
) -> None:
    """List levers, those of a group, or show one in full."""
    _print_quantities(console, _extended(extensions, runs_code).catalogue.levers, name, LEVER_CARD, "Lever")


def print_parameters(
    console: Console, name: str | None, extensions: Sequence[str] = (), runs_code: bool = False
) -> None:
    """List parameters, those of a group, or show one in full."""
    _print_quantities(
        console, _extended(extensions, runs_code).catalogue.parameters, name, PARAMETER_CARD, "Parameter"
    )


def print_measures(console: Console, extensions: Sequence[str] = (), runs_code: bool = False) -> None:
    """List measures and outcomes."""
    from abm.analysis.wording import range_of
    from abm.submodels.emergence.emergence import OUTCOMES

    for head, measures in (("Measure", _extended(extensions, runs_code).measures), ("Outcome", OUTCOMES)):
        entries = [
            (
                measure.name,
                f"{measure.label} ({measure.unit}, {range_of(measure.low, measure.high)})",
                measure.definition,
            )
            for measure in measures
        ]
        console.print(entries_table(head, entries))
        console.print()


def print_order(
    console: Console, picture: Path | None, extensions: Sequence[str] = (), runs_code: bool = False
) -> None:
    """Print the order of a month, and write its picture if a file is named.

    Raises
    ------
    InvalidInput
        If the picture exists or cannot be written.
    """
    from abm.core.theory import describe_order
    from abm.interface.pictures.month_picture import month_picture

    added = _extended(extensions, runs_code)
    if picture is not None:
        if os.path.lexists(picture):
            raise InvalidInput([Problem("--picture", None, f"'{picture}' exists; name a new file")])
        with staged_file(picture, option="--picture") as aside:
            aside.write_text(month_picture(added.theory), encoding="utf-8")
    table = plain_table("", "Mechanism", "What it does", "Reads", "Sets")
    for place, row in enumerate(describe_order(added.theory), start=1):
        cells = (str(place), row["mechanism"], row["summary"], row["reads"], row["writes"])
        table.add_row(*map(Text, cells))
    console.print(table)


def print_validation(
    console: Console, references: Sequence[str], extensions: Sequence[str] = (), runs_code: bool = False
) -> None:
    """Check files, given by path or by the name of what comes with abm, and say which are valid.

    The code that they name is read and not run, unless `runs_code` asks for it.

    Raises
    ------
    InvalidInput
        With every problem of every file.
    """
    problems: list[Problem] = []
    files: list[Path] = []
    for reference in references:
        try:
            files.extend(_found(reference))
        except InvalidInput as error:
            problems.extend(error.problems)
    for file in files:
        try:
            said = _validated(file, extensions, runs_code)
        except InvalidInput as error:
            problems.extend(error.problems)
        else:
            console.print(Text(f"{shown_path(file)}  {said}"), soft_wrap=True)
    if problems:
        raise InvalidInput(problems)


def print_schema(kind: str, extensions: Sequence[str] = (), runs_code: bool = False) -> None:
    """Print the JSON Schema of a kind of file.

    Raises
    ------
    InvalidInput
        If there is no such kind.
    """
    if kind not in KINDS:
        message = f"'{kind}' is no kind of file{did_you_mean(kind, KINDS)} Valid: {', '.join(KINDS)}."
        raise InvalidInput([Problem("abm schema", None, message)])
    if kind == "experiment":
        from abm.sweeps.plan.experimentfile import experiment_schema

        schema = experiment_schema()
    elif kind == "study":
        schema = study_schema(_extended(extensions, runs_code).catalogue)
    else:
        schema = json_schema(kind, _extended(extensions, runs_code).catalogue)
    # What acts is written as JSON writes it, so that the schema stays one.
    emit(json.dumps(schema, indent=2))


def _extended(extensions: Sequence[str], runs_code: bool) -> Extensions:
    """Load the extensions that the command line names, and report what is unknown of those that were only read."""
    if not extensions:
        return NO_EXTENSIONS
    from abm.scenarios.extensionfile import load_extensions

    loaded = load_extensions(extensions, runs_code=runs_code)
    for member in loaded.parts:
        if not member.is_whole:
            told = f"{member.file} was read, not run, and computes some of what it adds; --run-code shows everything"
            errors().print(told, style=QUIET)
    return loaded


def _unrun(extensions: Extensions) -> str:
    """Return a remark that the code of extensions was not run; empty if there is none or it was run."""
    if not extensions or extensions.runs_code:
        return ""
    names = ", ".join(source.name for source in extensions.sources)
    partly = "" if all(member.is_whole for member in extensions.parts) else ", so not all of it is known"
    noun = "extension" if len(extensions.sources) == 1 else "extensions"
    return f"; the code of {noun} {names} was read, not run{partly} (--run-code runs it)"


def _print_quantities(
    console: Console, quantities: Mapping[str, Quantity], name: str | None, card: Sequence[str], noun: str
) -> None:
    if name is not None and name in quantities:
        console.print(record_card(quantities[name], card))
        return
    chosen = [entry for entry in quantities.values() if name is None or entry.name.partition(".")[0] == name]
    if not chosen:
        raise InvalidInput([_unknown(str(name), quantities, noun)])
    entries = [(entry.name, _default(entry), entry.label, _valid(entry)) for entry in chosen]
    console.print(entries_table(noun, entries, "Default"))


def _default(quantity: Quantity) -> str:
    default = getattr(quantity, "default")  # noqa: B009
    return "by kind" if isinstance(default, Mapping) else shown(default)


def _valid(quantity: Quantity) -> str:
    grade = getattr(quantity, "grade", "")
    return f"{quantity.valid}{', ' + grade if grade else ''}"


def _unknown(name: str, quantities: Mapping[str, Quantity], noun: str) -> Problem:
    groups = dict.fromkeys(entry.partition(".")[0] for entry in quantities)
    command = f"abm {noun.lower()}s"
    hint = did_you_mean(name, quantities if "." in name else [*groups, *quantities])
    group = name.partition(".")[0]
    if hint == "." and group in groups:
        hint = f"; '{command} {group}' lists the group '{group}'."
    return Problem(command, None, f"'{name}' is neither a name nor a group{hint} '{command}' lists them all.")


def _found(reference: str) -> list[Path]:
    """Return the file of a path, or the files of a name, which several kinds may share."""
    if is_path(reference) or os.path.lexists(reference):
        return [Path(reference)]
    folders = (".", "policies", "places", EXPERIMENTS, STUDIES)
    known = {
        folder: [path.stem for path in (shipped_directory() / folder).glob("*.yaml")] for folder in folders
    }
    files = [
        shipped_directory() / folder / f"{reference}.yaml" for folder in folders if reference in known[folder]
    ]
    if not files:
        hint = did_you_mean(reference, sorted({name for names in known.values() for name in names}))
        told = (
            f"is neither a file nor a scenario, policy, place, experiment or study that comes with abm{hint}"
        )
        raise InvalidInput([Problem(reference, None, f"{told} 'abm scenarios' lists them all.")])
    return files


def _validated(file: Path, extensions: Sequence[str], runs_code: bool) -> str:
    """Check a file of any kind and describe its content."""
    if is_built(file) or is_network(file):
        return _told_place(load_place(file))
    if file.suffix == ".py":
        loaded = _extended([str(file), *extensions], runs_code)
        added = loaded.parts[0]
        levers, mechanisms = ([one.name for one in them] for them in (added.levers, added.mechanisms))
        names = [*levers, *mechanisms, *(one.name for one in added.measures)]
        return f"valid extension '{added.name}', adds {', '.join(names)}{_unrun(loaded)}"
    document = Document.read(file)
    kind = _kind(document.data)
    if kind == "place":
        return _told_place(load_place(file))
    if kind == "study":
        study = load_study(file, runs_code=runs_code)
        named = dict.fromkeys(target.scenario for target in study.targets)
        added_to = [load_scenario(name, runs_code=runs_code).extensions for name in named]
        told = f"valid study, {len(study.targets)} targets in {len(study.places)} places"
        return f"{told}{''.join(dict.fromkeys(map(_unrun, added_to)))}"
    if kind == "experiment":
        return _validated_experiment(document, file, runs_code)
    if kind == "policy":
        catalogue = _extended(extensions, runs_code).catalogue
        return f"valid policy, sets {len(load_policy(file, catalogue).levers)} levers"
    if kind == "scenario":
        scenario = load_scenario(file, extensions=extensions, runs_code=runs_code)
        load_place(scenario.place)
        told = f"valid scenario, {scenario.horizon_years:g} years in {scenario.place.stem}"
        return f"{told}{_unrun(scenario.extensions)}"
    message = "is no scenario, policy, place, experiment or study; 'abm schema KIND' describes each"
    raise InvalidInput([*document.problems, Problem(document.file, None, message)])


def _validated_experiment(document: Document, file: Path, runs_code: bool) -> str:
    """Check an experiment; another person's model is located, and imported only on request."""
    # Deferred: what samples points is slow to load.
    from abm.sweeps.plan.experimentfile import load_experiment

    if not runs_code and "model" in document.data:
        from abm.sweeps.foreign.unimported import check_unimported

        record, source = check_unimported(document, file.parent)
        points = record.points.count
        told = f"valid experiment, {points:,} points, {points * record.replicates:,} runs"
        return f"{told}; the model in {shown_path(source)} was found, not imported (--run-code imports it)"
    experiment = load_experiment(file, runs_code=runs_code)
    points = experiment.record.points.count
    runs = points * experiment.record.replicates * len(experiment.bases)
    unrun = dict.fromkeys(
        _unrun(getattr(base.scenario, "extensions", NO_EXTENSIONS)) for base in experiment.bases
    )
    return f"valid experiment, {points:,} points, {runs:,} runs{''.join(unrun)}"


def _told_place(place: Place) -> str:
    return f"valid place, {place.organisations} organisations and {place.ties} ties"


def _kind(data: Any) -> str | None:
    """Guess the kind of a file by counting the keys that only files of that kind have."""
    if not isinstance(data, dict):
        return None
    if len(STUDY_KEYS & data.keys()) > 1:
        return "study"
    if {"scenarios", "model"} & data.keys() or len(EXPERIMENT_KEYS & data.keys()) > 1:
        return "experiment"
    if len(PLACE_KEYS & data.keys()) > len(SCENARIO_KEYS & data.keys()):
        return "place"
    if SCENARIO_KEYS & data.keys():
        return "scenario"
    return "policy" if {"levers", "replaces"} & data.keys() else None
