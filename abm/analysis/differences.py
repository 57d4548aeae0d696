"""Describe in words and numbers how policies differ: which levers, how they move, and their dose."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from abm.core.quantities.lever import Lever
from abm.policy.piecewise import Piece, Schedule
from abm.policy.schedule import Constant
from abm.records import shown_number
from abm.submodels.payment.payment import break_even_activity_share

if TYPE_CHECKING:
    from abm.scenarios.scenario import Scenario


@dataclass(frozen=True)
class Setting:
    """How one scenario sets one lever.

    Attributes
    ----------
    before, after : float
        Value at the start, and at the end of the horizon.
    course : str
        How it gets from one to the other, in words.
    dose : float
        Area between the lever and its default over the horizon, in the lever's unit times years.
    """

    before: float
    after: float
    course: str
    dose: float


@dataclass(frozen=True)
class LeverDifference:
    """A lever that scenarios set differently, with its setting in each."""

    lever: Lever
    settings: tuple[Setting, ...]


@dataclass(frozen=True)
class OtherDifference:
    """Anything else that differs: place, horizon, or a parameter, with its value in each scenario."""

    label: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class BreakEven:
    """Where a hospital's own payoff of cooperation turns.

    Attributes
    ----------
    activity_share : float
        Share of its income that is paid by activity, at the end of the horizon.
    break_even : float
        Share at which it would neither gain nor lose.
    """

    activity_share: float
    break_even: float

    @property
    def gains(self) -> bool:
        """Whether the hospital gains by cooperation."""
        return self.activity_share < self.break_even


def lever_differences(scenarios: Sequence["Scenario"]) -> tuple[LeverDifference, ...]:
    """Return the levers whose course is not the same in all scenarios, in the order of the catalogue."""
    doses = [scenario.policy.dose(scenario.horizon_years) for scenario in scenarios]
    rows = []
    every = {name: lever for one in scenarios for name, lever in one.catalogue.levers.items()}
    for lever in every.values():
        schedules = [
            scenario.policy.settings.get(lever.name, Constant(lever.default)) for scenario in scenarios
        ]
        courses = [
            _simplified(schedule.pieces(), scenario.horizon_years)
            for schedule, scenario in zip(schedules, scenarios, strict=True)
        ]
        if any(course != courses[0] for course in courses):
            settings = tuple(
                Setting(course[0][1], course[-1][3], _told(course), dose.get(lever.name, 0.0))
                for course, dose in zip(courses, doses, strict=True)
            )
            rows.append(LeverDifference(lever, settings))
    return tuple(rows)


def other_differences(scenarios: Sequence["Scenario"]) -> tuple[OtherDifference, ...]:
    """Return what differs besides levers; empty when scenarios differ in policy alone."""
    found = [
        OtherDifference("Place", tuple(scenario.place.stem for scenario in scenarios)),
        OtherDifference("Horizon, years", tuple(f"{scenario.horizon_years:g}" for scenario in scenarios)),
    ]
    labels = {
        name: parameter.label
        for scenario in scenarios
        for parameter in scenario.catalogue.parameters.values()
        for name in parameter.flat_defaults
    }
    added = tuple(", ".join(source.name for source in one.extensions.sources) or "none" for one in scenarios)
    found.append(OtherDifference("Extensions", added))
    for name, label in labels.items():
        given = [scenario.parameter_values.get(name) for scenario in scenarios]
        # A parameter that only some scenarios have differs as their extensions do.
        values = tuple(shown_number(value) for value in given if value is not None)
        if len(values) < len(given):
            continue
        found.append(OtherDifference(f"{label} ({name})", values))
    return tuple(row for row in found if len(set(row.values)) > 1)


def break_even_shares(scenarios: Sequence["Scenario"]) -> tuple[BreakEven, ...]:
    """Return, for each scenario, where the hospital's own payoff turns under its payment at the end."""
    found = []
    for scenario in scenarios:
        last = dict(zip(scenario.catalogue.lever_names, scenario.lever_table()[-1].tolist(), strict=True))
        values = scenario.parameter_values
        share = break_even_activity_share(
            last["payment.gain_share"],
            last["payment.budget_horizon"],
            values["payment.marginal_cost_share"],
            values["payment.discount"],
            values["payment.reference_horizon"],
        )
        found.append(BreakEven(last["payment.activity_share"], float(share)))
    return tuple(found)


def course_in_words(schedule: Schedule, horizon_years: float) -> str:
    """Describe how a settled schedule moves within the horizon, such as '0.15, then 0.8 from year 1'."""
    return _told(_simplified(schedule.pieces(), horizon_years))


def _simplified(pieces: Iterator[Piece], horizon: float) -> list[Piece]:
    """Cut pieces at the horizon, drop empty ones and join neighbours that hold one value."""
    joined: list[Piece] = []
    for piece in pieces:
        begin, stop = max(piece.start, 0.0), min(piece.end, horizon)
        if stop <= begin:
            continue
        slope = 0.0 if piece.first == piece.last else (piece.last - piece.first) / (piece.end - piece.start)
        first, last = (piece.first + slope * (time - piece.start) for time in (begin, stop))
        if joined and joined[-1].first == joined[-1].last == first == last:
            joined[-1] = Piece(joined[-1].start, first, stop, last)
        else:
            joined.append(Piece(begin, first, stop, last))
    return joined


def _told(pieces: Sequence[Piece]) -> str:
    words = [shown_number(pieces[0].first, 4)]
    at = pieces[0].first
    for piece in pieces:
        if piece.first != at:
            words.append(f"{shown_number(piece.first, 4)} from year {piece.start:.3g}")
        if piece.last != piece.first:
            words.append(f"to {shown_number(piece.last, 4)} over years {piece.start:.3g} to {piece.end:.3g}")
        at = piece.last
    return ", then ".join(words)
