"""Write the link at which a page opens: a scenario from a file, or a run of a sweep with its own accidents."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from abm.errors import InvalidInput, Problem
from abm.interface.page.background.limits import Limits
from abm.interface.page.session.link import View, from_query, to_query
from abm.interface.page.session.question import Question, question_of, shipped_scenario
from abm.records import FrozenMapping
from abm.runs.run import Run
from abm.scenarios.extensions import NO_EXTENSIONS, Extensions
from abm.scenarios.library import place_names, scenario_names, shipped_directory
from abm.scenarios.scenario import Scenario, load_scenario
from abm.world.place_loading import place_content

V = TypeVar("V")


def link_of_scenario(reference: str, extensions: Sequence[str], limits: Limits) -> tuple[str, Extensions]:
    """Load a scenario and return the query of the link that opens it, without '?', and its extensions.

    Parameters
    ----------
    reference : str
        Name of a shipped scenario, or path of a file.
    extensions : sequence of str
        Extensions besides those that the file names.
    limits : Limits
        Of the server.

    Raises
    ------
    InvalidInput
        With everything that is wrong with the scenario or its extensions, or with what the page cannot show.
    """
    scenario = load_scenario(reference, extensions=extensions)
    place = shipped_place(scenario)
    if place is None:
        raise InvalidInput([Problem(reference, None, f"{_elsewhere(scenario)}; move it with 'place: NAME'")])
    asked = question_of(scenario, place)
    named = _as_changes_of(scenario.name, asked) if scenario.name in scenario_names() else asked
    is_same = named.scenario.content_hash == scenario.content_hash
    query = to_query(View(named if is_same else asked))
    from_query(query, limits, scenario.extensions)
    return query, scenario.extensions


def question_asked(run: Run, extensions: Extensions = NO_EXTENSIONS) -> Question:
    """Return the question that a run asked: as changes of its scenario if that comes with abm, else of the baseline.

    Parameters
    ----------
    run : Run
    extensions : Extensions
        Those with which the page was started.

    Raises
    ------
    InvalidInput
        If the run is of another model, has extensions that the page lacks, or is at a place that does not come with
        abm.
    """
    scenario = run.scenario
    if not isinstance(scenario, Scenario):
        raise _unshown(run, "is of another model; the page shows abm's own model only")
    loaded = {(source.name, source.fingerprint) for source in extensions.sources}
    for source in scenario.extensions.sources:
        if (source.name, source.fingerprint) not in loaded:
            advice = "start the page with that file: abm app --extension FILE"
            raise _unshown(
                run, f"has the extension '{source.name}', which is not on this page as it was; {advice}"
            )
    place = shipped_place(scenario)
    if place is None:
        raise _unshown(run, _elsewhere(scenario))
    question = question_of(scenario, place, {"seed": run.seed, "replicate": run.replicate})
    question = replace(question, extensions=extensions)
    named = _as_changes_of(scenario.name, question) if scenario.name in scenario_names() else question
    asked = replace(scenario, extensions=extensions).content_hash
    return named if named.scenario.content_hash == asked else question


def link_of_run(run: Run, limits: Limits) -> str:
    """Write the query of the link that opens a run, without '?', on a page that has its extensions.

    Raises
    ------
    InvalidInput
        If the page cannot show the run, or no link can hold it.
    """
    extensions = run.scenario.extensions if isinstance(run.scenario, Scenario) else NO_EXTENSIONS
    query = to_query(View(question_asked(run, extensions)))
    asked = from_query(query, limits, extensions).question
    made = Run(asked.scenario, asked.seed, asked.replicate)
    if made.run_id != run.run_id:
        raise _unshown(run, "cannot be written into a link")
    return query


def shipped_place(scenario: Scenario) -> str | None:
    """Return the name of the shipped place at which a scenario is; None if its place does not come with abm."""
    place = scenario.place.stem
    # A sweep keeps a copy of its places, so their content is compared.
    shipped: Path = shipped_directory() / "places" / scenario.place.name
    is_shipped = place in place_names() and place_content(scenario.place) == place_content(shipped)
    return place if is_shipped else None


def _elsewhere(scenario: Scenario) -> str:
    return f"is at a place that does not come with abm ({scenario.place.name}); the page cannot show it"


def _as_changes_of(preset: str, question: Question) -> Question:
    own = shipped_scenario(preset, question.extensions)
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
