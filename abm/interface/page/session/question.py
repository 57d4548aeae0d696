"""What a visitor asks: a preset, a place, changes of levers, a seed and a reference; scenarios are made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

from abm.core.part import Measure
from abm.core.vocabulary import MONTHS_PER_YEAR
from abm.errors import InvalidInput, Problem
from abm.interface.page.background.limits import Limits
from abm.interface.page.background.simulations import run_size
from abm.interface.page.session.schedule_changes import changed_from, settled_schedule
from abm.policy.policy import DEFAULT_START
from abm.policy.times import is_month
from abm.records import FrozenMapping
from abm.scenarios.extensions import NO_EXTENSIONS, Extensions
from abm.scenarios.integration_model import check_key
from abm.scenarios.library import place_names, scenario_names
from abm.scenarios.scenario import Scenario, load_scenario

FIRST_PRESET = "leadership_with_reform"
REFERENCE = "baseline"
FIRST_PLACE = "somerset"


@dataclass(frozen=True)
class Question:
    """Everything that determines the runs on a page.

    Attributes
    ----------
    preset : str
        Name of a shipped scenario.
    place : str
        Name of a shipped place.
    levers : FrozenMapping
        Plain schedules by lever, where they differ from the preset's.
    parameters : FrozenMapping of float
        Parameters by flat name, where they differ from the preset's.
    structure : FrozenMapping of str
        Structural variants by part, where they differ from the preset's.
    years : float
        Horizon.
    start : str
        First month, 'YYYY-MM'.
    substeps : int
        Steps a month.
    seed, replicate : int
        The accidents of fate.
    reference : str
        Name of the shipped scenario to compare with; it meets the same accidents at the same place.
    extensions : Extensions
        Those with which the page was started; every scenario on it has them.
    """

    preset: str = FIRST_PRESET
    place: str = FIRST_PLACE
    levers: FrozenMapping[Any] = field(default_factory=FrozenMapping)
    parameters: FrozenMapping[float] = field(default_factory=FrozenMapping)
    structure: FrozenMapping[str] = field(default_factory=FrozenMapping)
    years: float = 10.0
    start: str = DEFAULT_START
    substeps: int = 1
    seed: int = 1
    replicate: int = 0
    reference: str = REFERENCE
    extensions: Extensions = NO_EXTENSIONS

    @classmethod
    def of_preset(
        cls, preset: str, place: str = FIRST_PLACE, extensions: Extensions = NO_EXTENSIONS
    ) -> Question:
        """Return the question that a shipped scenario asks with its own horizon."""
        loaded = shipped_scenario(preset, extensions)
        return cls(
            preset=preset,
            place=place,
            years=loaded.horizon_years,
            start=loaded.start,
            substeps=loaded.substeps,
            extensions=extensions,
        )

    @cached_property
    def scenario(self) -> Scenario:
        """Return the scenario that is asked about.

        Raises
        ------
        InvalidInput
            With every problem.
        """
        return self._built(self.preset).with_levers(dict(self.levers), "lever")

    @cached_property
    def preset_scenario(self) -> Scenario:
        """Return the preset at this place and over these years, before any change of levers."""
        return self._built(self.preset)

    @cached_property
    def reference_scenario(self) -> Scenario:
        """Return the scenario to compare with, under the same parameters."""
        return self._built(self.reference)

    def _built(self, name: str) -> Scenario:
        return built(
            name,
            self.extensions,
            self.place,
            self.years,
            self.start,
            self.substeps,
            tuple(self.structure.items()),
            tuple(self.parameters.items()),
        )

    @property
    def months(self) -> int:
        """Count the months of the horizon."""
        return round(self.years * MONTHS_PER_YEAR)

    @property
    def size(self) -> int:
        """Return the size of a run: ties times months times steps a month."""
        return run_size(self.scenario)

    def with_value(self, lever: str, value: float, month: int) -> Question:
        """Return the question with a lever set from the month after `month` on; earlier months stay as they are.

        Raises
        ------
        InvalidInput
            If there is no such lever or the value is out of bounds.
        """
        record = self.extensions.catalogue.levers.get(lever)
        if record is None:
            return self.with_schedule(lever, value)
        now = settled_schedule(self.scenario, record)
        return self.with_schedule(lever, changed_from(now, month, value).data())

    def with_schedule(self, lever: str, schedule: Any) -> Question:
        """Return the question with a new schedule of a lever, given as plain values.

        Raises
        ------
        InvalidInput
            If there is no such lever or the schedule is not valid.
        """
        settled = self.preset_scenario.with_levers({lever: schedule}, "lever").policy.settings[lever]
        changed = {**self.levers, lever: settled.data()}
        own = settled_schedule(self.preset_scenario, self.extensions.catalogue.levers[lever]).data()
        if changed[lever] == own:
            del changed[lever]
        return replace(self, levers=FrozenMapping(sorted(changed.items())))

    def without(self, lever: str | None = None) -> Question:
        """Return the question without the changes of one lever, or of all levers."""
        kept = {} if lever is None else {name: own for name, own in self.levers.items() if name != lever}
        return replace(self, levers=FrozenMapping(kept))


@lru_cache(maxsize=256)
def built(
    name: str,
    extensions: Extensions,
    place: str,
    years: float,
    start: str,
    substeps: int,
    structure: tuple[tuple[str, str], ...],
    parameters: tuple[tuple[str, float], ...],
) -> Scenario:
    """Build a shipped scenario at another place and over other years, once in a process.

    Raises
    ------
    InvalidInput
        With what is wrong.
    """
    told = replace(shipped_scenario(name, extensions), start=start, substeps=substeps)
    told = told.with_place(known(place, place_names(), "place")).with_horizon(years)
    if structure:
        told = told.with_structure(dict(structure))
    return told.with_parameters(dict(parameters)) if parameters else told


@lru_cache(maxsize=64)
def shipped_scenario(name: str, extensions: Extensions = NO_EXTENSIONS) -> Scenario:
    """Load a scenario that comes with abm, with extensions added, once in a process.

    Raises
    ------
    InvalidInput
        If there is none of that name.
    """
    return load_scenario(known(name, scenario_names(), "scenario"), extensions=extensions)


@lru_cache(maxsize=64)
def measures_by_name(extensions: Extensions) -> Mapping[str, Measure]:
    """Return the measures of abm and of extensions by name, in the order of the series."""
    return {measure.name: measure for measure in extensions.measures}


def known(name: str, valid: Iterable[str], noun: str) -> str:
    """Require the name of something that comes with abm, never a path.

    Raises
    ------
    InvalidInput
        If there is none of that name.
    """
    names = tuple(valid)
    if name not in names:
        message = f"{noun} {name!r} is unknown; valid: {', '.join(names)}"
        raise InvalidInput([Problem(noun, None, message)])
    return name


def checked(question: Question, limits: Limits) -> Question:
    """Check a question against the limits, and return it.

    Raises
    ------
    InvalidInput
        With every problem.
    """
    problems = list(_size_problems(question, limits))
    if problems:
        raise InvalidInput(problems)
    for build in ("scenario", "reference_scenario"):
        try:
            getattr(question, build)
        except InvalidInput as error:
            problems.extend(error.problems)
    if problems:
        raise InvalidInput(problems)
    _require_affordable(question, limits)
    return question


def _size_problems(question: Question, limits: Limits) -> Iterator[Problem]:
    """Yield the problems of a question's start, key and size, before a scenario is built from it."""
    if not is_month(question.start):
        told = f"found '{question.start}'; give the first month, such as '{DEFAULT_START}'"
        yield Problem("start", None, told)
    try:
        check_key(question.seed, question.replicate)
    except InvalidInput as error:
        yield from error.problems
    # A value that is not a number fails every comparison.
    if not 0.0 < question.years <= limits.years:
        message = f"found {question.years:g} years; this server runs up to {limits.years} years"
        yield Problem("years", None, message)
    if not 1 <= question.substeps <= limits.substeps:
        message = f"found {question.substeps} steps a month; this server takes 1 to {limits.substeps}"
        yield Problem("substeps", None, message)


def _require_affordable(question: Question, limits: Limits) -> None:
    points = sum(len(schedule.settings()) for schedule in question.scenario.policy.settings.values())
    if points > limits.schedule_points:
        message = (
            f"found {points:,} points in all schedules; this server takes up to {limits.schedule_points:,}"
        )
        raise InvalidInput([Problem("levers", None, message)])
    if question.size > limits.run_size:
        advice = "take fewer steps a month, fewer years or a smaller place"
        message = f"found {question.substeps}, which makes the run too large for this server; {advice}"
        raise InvalidInput([Problem("substeps", None, message)])


def question_of(scenario: Scenario, place: str, mapping: Mapping[str, Any] | None = None) -> Question:
    """Return the question that a scenario from a file asks, as changes of the baseline, so that it fits into a link.

    Parameters
    ----------
    scenario : Scenario
        At a shipped place.
    place : str
        Name of the place.
    mapping : mapping, optional
        Other fields of the question.
    """
    return Question(
        preset=REFERENCE,
        place=place,
        levers=FrozenMapping(
            sorted((name, schedule.data()) for name, schedule in scenario.policy.settings.items())
        ),
        parameters=scenario.parameters,
        structure=scenario.structure,
        years=scenario.horizon_years,
        start=scenario.start,
        substeps=scenario.substeps,
        extensions=scenario.extensions,
        **dict(mapping or {}),
    )


def with_preset(question: Question, preset: str) -> Question:
    """Return the question about another preset with its own horizon, at the same place with the same accidents."""
    fresh = Question.of_preset(preset, question.place, question.extensions)
    return replace(fresh, seed=question.seed, replicate=question.replicate, reference=question.reference)
