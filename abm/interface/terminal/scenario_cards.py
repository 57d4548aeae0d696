"""Print a list of the files that come with abm, or one scenario or policy block in full."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from abm.analysis import wording
from abm.analysis.differences import course_in_words
from abm.analysis.studyfile import STUDIES, study_names
from abm.errors import InvalidInput, Problem, did_you_mean
from abm.interface.terminal.plain_tables import QUIET, entries_table, plain_table, shown
from abm.policy.catalogue import Catalogue, shipped
from abm.policy.policy import DEFAULT_START, PolicyBlock, settled
from abm.policy.schedule import Schedule
from abm.records import Document
from abm.scenarios.library import EXPERIMENTS, experiment_names, is_path
from abm.scenarios.scenario import (
    Scenario,
    load_policy,
    load_scenario,
    place_names,
    policy_names,
    scenario_names,
    shipped_directory,
)
from abm.world.place_loading import place_content

LONGEST = 100.0
"""Years over which a policy block is described, which has no horizon of its own."""

Rows = Sequence[tuple[str, str]]


def print_shipped(console: Console) -> None:
    """List shipped scenarios, policies, places, experiments and studies, a line each."""
    scenarios = [load_scenario(name) for name in scenario_names()]
    listed: dict[str, Rows] = {
        "Scenario": [(scenario.name, _title(scenario)) for scenario in scenarios],
        "Policy": [(name, load_policy(name).label) for name in policy_names()],
        "Place": [(name, _label_in("places", name)) for name in place_names()],
        "Experiment": [(name, _label_in(EXPERIMENTS, name)) for name in experiment_names()],
        "Study": [(name, _label_in(STUDIES, name)) for name in study_names()],
    }
    width = max(len(name) for rows in listed.values() for name, _ in rows)
    for head, rows in listed.items():
        table = plain_table(head, "")
        table.columns[0].min_width = width
        for row in rows:
            table.add_row(*map(Text, row))
        console.print(table)
        console.print()
    told = "'abm scenarios NAME' shows a scenario or policy in full, 'abm place describe NAME' a place."
    console.print(Text(told, style=QUIET))


def print_one(console: Console, name: str, runs_code: bool = False) -> None:
    """Print the scenario of a name or path in full, and the policy block of that name.

    The code of its extensions is read and not run, unless `runs_code` asks for it.

    Raises
    ------
    InvalidInput
        If there is neither, or a file is not valid.
    """
    is_scenario, is_policy = is_path(name) or name in scenario_names(), name in policy_names()
    if not (is_scenario or is_policy):
        raise InvalidInput([Problem("abm scenarios", None, _unknown(name))])
    if is_scenario:
        _print_scenario(console, load_scenario(name, runs_code=runs_code))
    if is_scenario and is_policy:
        console.print()
    if is_policy:
        _print_policy(console, load_policy(name))


def _unknown(name: str) -> str:
    """Describe a name that is no scenario or policy: what it is instead, or which name is near."""
    others = {
        f"a place; 'abm place describe {name}' shows it": place_names(),
        f"an experiment; 'abm sweep plan {name}' plans it": experiment_names(),
        f"a study; 'abm calibrate {name}' runs it": study_names(),
    }
    for told, names in others.items():
        if name in names:
            return f"'{name}' is {told}"
    hint = did_you_mean(name, sorted({*scenario_names(), *policy_names(), *place_names()}))
    return f"'{name}' is neither a scenario nor a policy that comes with abm{hint} 'abm scenarios' lists them all."


def _print_scenario(console: Console, scenario: Scenario) -> None:
    """Print a scenario: what it represents, its parts, and how it moves every lever that it sets."""
    _print_head(console, f"{scenario.label}, a scenario", scenario.name, scenario.description)
    place = place_content(scenario.place).get("label") or scenario.place.stem
    blocks = [load_policy(name).label if name in policy_names() else name for name in scenario.policies]
    facts = {
        "place": f"{place} ({scenario.place.stem})",
        "time": f"{wording.span(scenario.months)} from {scenario.start}"
        + (f", {scenario.substeps} steps a month" if scenario.substeps > 1 else ""),
        "policies": "\n".join(
            f"{label} ({name})" for name, label in zip(scenario.policies, blocks, strict=True)
        )
        or "none",
        "extensions": _extensions(scenario),
        "structure": shown(scenario.structure),
        "parameters": shown(scenario.parameters),
        "source": scenario.source,
        "assumed": scenario.assumptions,
    }
    _print_facts(console, facts)
    _print_levers(console, scenario.policy.settings, scenario.catalogue, scenario.horizon_years)


def _extensions(scenario: Scenario) -> str:
    """List the extensions of a scenario, and whether their code was run."""
    names = ", ".join(source.name for source in scenario.extensions.sources)
    if not names or scenario.extensions.runs_code:
        return names
    partly = (
        ""
        if all(one.is_whole for one in scenario.extensions.parts)
        else "; some of what they add is computed"
    )
    return f"{names} (code, read and not run{partly}; --run-code runs it)"


def _print_policy(console: Console, block: PolicyBlock) -> None:
    """Print a policy block: what it represents, and how it moves levers."""
    _print_head(console, f"{block.label}, a policy", block.name, block.description)
    facts = {
        "source": block.source,
        "evidence": shown(block.evidence),
        "replaces": shown(block.replaces),
        "in": ", ".join(name for name in scenario_names() if block.name in load_scenario(name).policies),
    }
    _print_facts(console, facts)
    _print_levers(console, settled(block.levers, DEFAULT_START).settings, shipped(), LONGEST)


def _print_head(console: Console, title: str, name: str, description: str) -> None:
    console.print(Text.assemble((title, "bold"), (f"  {name}", QUIET)))
    if description:
        console.print(Text(description))
    console.print()


def _print_facts(console: Console, facts: Mapping[str, str]) -> None:
    card = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    card.add_column(style=QUIET, no_wrap=True)
    card.add_column(overflow="fold")
    for name, told in facts.items():
        if told:
            card.add_row(name, Text(told))
    console.print(card)


def _print_levers(
    console: Console, settings: Mapping[str, Schedule], catalogue: Catalogue, years: float
) -> None:
    console.print()
    if not settings:
        console.print(Text("Every lever stays at its default."))
        return
    entries = [
        (name, course_in_words(schedule, years), catalogue.levers[name].label)
        for name, schedule in settings.items()
    ]
    console.print(entries_table("Lever", entries))


def _title(scenario: Scenario) -> str:
    is_elsewhere = scenario.place.stem != load_scenario("baseline").place.stem
    return f"{scenario.label}, in {scenario.place.stem}" if is_elsewhere else scenario.label


def _label_in(folder: str, name: str) -> str:
    """Read the label of a shipped place or study without building it."""
    data = Document.read(shipped_directory() / folder / f"{name}.yaml").data
    return str(data.get("label", "")) if isinstance(data, dict) else ""
