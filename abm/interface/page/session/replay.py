"""Ask again on the page what a run of a sweep asked, with its own accidents."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from abm.errors import InvalidInput, Problem
from abm.experiments.run import Run
from abm.interface.page.background.limits import Limits
from abm.interface.page.session.link import View, from_query, to_query
from abm.interface.page.session.question import Question, question_of, shipped_scenario
from abm.model.scenario import Scenario
from abm.model.shipped import place_names, scenario_names, shipped_directory
from abm.records import FrozenMapping
from abm.world.place import place_content

V = TypeVar("V")


def question_asked(run: Run) -> Question:
    """Ask what a run asked: as changes of its own scenario where that comes with abm, else of the baseline.

    Raises
    ------
    InvalidInput
        If it is of another model, has extensions, or its place does not come with abm.
    """
    scenario = run.scenario
    if not isinstance(scenario, Scenario):
        raise _unshown(run, "is of a model of others; the page shows abm's own model only")
    if scenario.extensions.sources:
        raise _unshown(run, "has extensions; the page shows abm's own levers and mechanisms only")
    place = scenario.place.stem
    # A sweep keeps a copy of its places, so what they hold is compared.
    shipped = shipped_directory() / "places" / scenario.place.name
    if place not in place_names() or place_content(scenario.place) != place_content(shipped):
        raise _unshown(
            run, f"is at a place that does not come with abm ({scenario.place.name}); the page cannot show it"
        )
    question = question_of(scenario, place, {"seed": run.seed, "replicate": run.replicate})
    named = _as_changes_of(scenario.name, question) if scenario.name in scenario_names() else question
    return named if named.scenario.content_hash == scenario.content_hash else question


def link_of_run(run: Run, limits: Limits) -> str:
    """Write the query of the link that opens a run, without '?'.

    Raises
    ------
    InvalidInput
        If the page cannot show the run, or no link can hold it.
    """
    query = to_query(View(question_asked(run)))
    asked = from_query(query, limits).question
    made = Run(asked.scenario, asked.seed, asked.replicate)
    if made.run_id != run.run_id:
        raise _unshown(run, "cannot be written into a link")
    return query


def _as_changes_of(preset: str, question: Question) -> Question:
    own = shipped_scenario(preset)
    settings = {name: schedule.data() for name, schedule in own.policy.settings.items()}
    return replace(
        question,
        preset=preset,
        levers=_differing(question.levers, settings),
        parameters=_differing(question.parameters, own.parameters),
        structure=_differing(question.structure, own.structure),
    )


def _differing(values: Mapping[str, V], own: Mapping[str, V]) -> FrozenMapping[V]:
    return FrozenMapping(
        {name: value for name, value in values.items() if name not in own or own[name] != value}
    )


def _unshown(run: Run, why: str) -> InvalidInput:
    return InvalidInput([Problem(f"run {run.run_id}", None, why)])
