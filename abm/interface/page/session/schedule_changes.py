"""Change a schedule from a month on without changing its past, and list the months in which levers move."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from abm.core.quantities.lever import Lever
from abm.core.vocabulary import MONTHS_PER_YEAR
from abm.policy.schedule import Constant, Dated, Pulse, Ramp, Schedule, Segment, Segments, Step
from abm.scenarios.scenario import Scenario

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Mark:
    """A month in which a lever starts to move.

    Attributes
    ----------
    month : int
        The first month with the new setting, from 1.
    lever : str
        Name.
    before, after : float
        Setting before the month, and setting after the move.
    """

    month: int
    lever: str
    before: float
    after: float


def changed_from(schedule: Schedule, month: int, value: float) -> Schedule:
    """Return a settled schedule that jumps to a value after some months and stays there.

    Parameters
    ----------
    schedule : Schedule
        Settled.
    month : int
        Months completed; the value applies from the next month on. 0 replaces the whole schedule.
    value : float
        New setting.

    Returns
    -------
    Schedule
        Equal to the given one before the change.
    """
    at = month / MONTHS_PER_YEAR
    if month <= 0:
        return Constant(value)
    if isinstance(schedule, Constant):
        return schedule if schedule.value == value else Step(at, value, schedule.value)
    if isinstance(schedule, Dated):
        kept = tuple((when, setting) for when, setting in schedule.dates if _years(when) < at - TOLERANCE)
        return Dated((*kept, (at, value)), schedule.before)
    parts = schedule.parts if isinstance(schedule, Segments) else (schedule,)
    kept_parts: list[Segment] = []
    for part in parts:
        assert isinstance(part, Segment)
        kept_parts.extend(_until(part, at))
    if not kept_parts:
        first = parts[0]
        assert isinstance(first, Segment)
        assert first.before is not None
        return Step(at, value, first.before)
    now = kept_parts[-1].after
    assert now is not None
    kept_parts.append(Step(at, value, now))
    return Segments(tuple(kept_parts))


def _until(part: Segment, at: float) -> Iterator[Segment]:
    """Yield the part of a settled segment before a time."""
    times = [_years(when) for when in part.times().values()]
    if times[0] >= at - TOLERANCE:
        return
    if times[-1] <= at + TOLERANCE or isinstance(part, Step):
        yield part
        return
    assert part.before is not None
    if isinstance(part, Pulse):
        yield Step(times[0], part.to, part.before)
    elif isinstance(part, Ramp):
        share = (at - times[0]) / (times[1] - times[0])
        yield Ramp(times[0], at, part.before + share * (part.to - part.before), part.before)


def _years(when: float | str) -> float:
    assert not isinstance(when, str), "schedules are settled before they are changed"
    return when


def settled_schedule(scenario: Scenario, lever: Lever) -> Schedule:
    """Return a scenario's schedule of a lever; its default if none is set."""
    found = scenario.policy.settings.get(lever.name)
    return Constant(lever.default) if found is None else found


def marks(scenario: Scenario) -> tuple[Mark, ...]:
    """List the months in which levers start to move, in the order of months, then of the catalogue."""
    found = []
    for name, schedule in scenario.policy.settings.items():
        settings = schedule.values(scenario.months)
        moves = [float(after) - float(before) for before, after in pairwise(settings)]
        for index, move in enumerate(moves):
            if abs(move) <= TOLERANCE:
                continue
            # A ramp is one move: its later months go on as the month before them did.
            if index and abs(moves[index - 1] - move) <= TOLERANCE:
                continue
            last = index
            while last + 1 < len(moves) and abs(moves[last + 1] - move) <= TOLERANCE:
                last += 1
            found.append(Mark(index + 2, name, float(settings[index]), float(settings[last + 1])))
    order = list(scenario.catalogue.lever_names)
    return tuple(sorted(found, key=lambda mark: (mark.month, order.index(mark.lever))))
