"""Write the chronicle of a run: what happened in which month, to whom, and what in the model lies behind it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from abm.core.part import Measure
from abm.core.quantities.lever import Lever
from abm.core.vocabulary import MONTHS_PER_YEAR
from abm.interface.page.background.course import FULL, Course
from abm.interface.page.session.schedule_changes import Mark
from abm.records import shown_number
from abm.scenarios.extensions import NO_EXTENSIONS, Extensions
from abm.world.place import OrganisationKind, Place

POLICY, BOARD, PRACTICES, LEADER, PRESSURE, CARE, TRUST, EXTENSION = (
    "policy",
    "board",
    "practices",
    "leader",
    "pressure",
    "care",
    "trust",
    "extension",
)
FEW_PLACES = 5
"""Most places for which every leader and hospital is named; beyond that only boards and totals are."""
NAMED = 3
RECENT_MONTHS = 6
"""Months before the end of a board in which the departure of a leader is mentioned with it."""
STEPS_OF_CARE = (0.1, 0.25, 0.5, 0.75, 0.9)
STEPS_OF_PRACTICES = (0.1, 0.25, 0.5, 0.75, 0.9)
STEPS_OF_TRUST = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
SLACK = 0.03
"""How far a value has to fall below a step before another pass is reported."""
MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class ChronicleEntry:
    """One thing that happened.

    Attributes
    ----------
    month : int
        Month of the run.
    kind : str
        What it is about, such as 'board'.
    text : str
        A sentence.
    organisations, places : tuple of int
        Rows of those that it is about.
    """

    month: int
    kind: str
    text: str
    organisations: tuple[int, ...] = ()
    places: tuple[int, ...] = ()


def month_name(start: str, month: int) -> str:
    """Return the calendar month of a month of the run: month 1 of a run from April 2014 is 'Apr 2014'."""
    year, number = (int(part) for part in start.split("-"))
    count = number - 1 + max(month - 1, 0)
    return f"{MONTH_NAMES[count % MONTHS_PER_YEAR]} {year + count // MONTHS_PER_YEAR}"


def chronicle(
    course: Course, place: Place, marks: Sequence[Mark] = (), extensions: Extensions = NO_EXTENSIONS
) -> tuple[ChronicleEntry, ...]:
    """Return the chronicle of a run, in the order of months.

    Parameters
    ----------
    course : Course
        The run.
    place : Place
        Where it was.
    marks : sequence of Mark
        Months in which levers move.
    extensions : Extensions
        What the run had beside the model's own.
    """
    found = [
        *told_levers(marks, extensions.catalogue.levers),
        *told_boards(course, place),
        *told_challenges(course, place),
        *told_leaders(course, place),
        *told_hospitals(course, place),
        *told_practices(course, place),
        *told_closures(course, place),
        *told_networks(course, place),
        *told_care(course),
        *told_trust(course),
        *told_measures(course, [measure for part in extensions.parts for measure in part.measures]),
    ]
    order = (POLICY, LEADER, PRESSURE, EXTENSION, TRUST, PRACTICES, BOARD, CARE)
    return tuple(sorted(found, key=lambda entry: (entry.month, order.index(entry.kind))))


def told_levers(marks: Iterable[Mark], levers: Mapping[str, Lever]) -> Iterator[ChronicleEntry]:
    """Yield the moves of levers."""
    for mark in marks:
        lever = levers.get(mark.lever)
        label = lever.label if lever else mark.lever
        if lever is not None and lever.type == "switch":
            yield ChronicleEntry(
                mark.month, POLICY, f"{label} is {'introduced' if mark.after else 'taken back'}."
            )
            continue
        verb = "rises" if mark.after > mark.before else "falls"
        yield ChronicleEntry(
            mark.month,
            POLICY,
            f"{label} {verb} from {shown_number(mark.before, 3)} to {shown_number(mark.after, 3)}.",
        )


def told_boards(course: Course, place: Place) -> Iterator[ChronicleEntry]:
    """Yield the joint boards that form and dissolve, with the trust behind them."""
    board = course.states["board"]
    for month in range(1, course.months + 1):
        formed = np.flatnonzero(board[month] & ~board[month - 1])
        ended = np.flatnonzero(~board[month] & board[month - 1])
        if len(formed):
            level = course.states["board_trust"][month, formed[0]]
            text = f"The joint board{_of(formed, place)} {'form' if len(formed) > 1 else 'forms'}"
            if len(formed) == 1:
                text += f": trust between its members has reached {level:.2f}"
            yield ChronicleEntry(month, BOARD, text + ".", (), tuple(formed.tolist()))
        if len(ended):
            text = f"The joint board{_of(ended, place)} {'dissolve' if len(ended) > 1 else 'dissolves'}"
            weak: tuple[int, ...] = ()
            if len(ended) == 1:
                reason, weak = _weakest(course, place, month, int(ended[0]))
                text += reason
            yield ChronicleEntry(month, BOARD, text + ".", weak, tuple(ended.tolist()))


def _weakest(course: Course, place: Place, month: int, row: int) -> tuple[str, tuple[int, ...]]:
    """Describe the weakest tie behind a board, and a recent departure of one of its members' leaders."""
    ties = np.flatnonzero((place.core_weight > 0.0) & (place.tie_place == row))
    if not len(ties):
        return "", ()
    sides = course.states["trust"][month, ties].min(axis=1)
    weakest = int(ties[int(np.argmin(sides))])
    ends = tuple(place.tie_ends[weakest].tolist())
    names = " and ".join(place.organisation_name[end] for end in ends)
    text = f": {names} trust each other least ({int(sides.min()) / FULL:.2f})"
    since = max(month - RECENT_MONTHS, 0)
    left = [end for end in ends if course.states["exits"][since : month + 1, end].any()]
    if left:
        text += f", after the leader of {place.organisation_name[left[0]]} left"
    return text, ends


def told_challenges(course: Course, place: Place) -> Iterator[ChronicleEntry]:
    """Yield the challenges to joint arrangements."""
    for month in range(1, course.months + 1):
        rows = np.flatnonzero(course.states["challenged"][month])
        if len(rows):
            where = _of(rows, place).replace(" of ", " in ", 1)
            text = (
                f"A competitor challenges the joint arrangement{where}; "
                "commissioner and providers trust each other less."
            )
            yield ChronicleEntry(month, BOARD, text, (), tuple(rows.tolist()))


def told_leaders(course: Course, place: Place) -> Iterator[ChronicleEntry]:
    """Yield the departures of leaders of hospitals, community providers and commissioners."""
    if len(place.place_names) > FEW_PLACES:
        return
    large = place.organisation_kind != OrganisationKind.PRACTICE
    for month, row in np.argwhere(course.states["exits"][:, large]).tolist():
        organisation = int(np.flatnonzero(large)[row])
        before = int(course.states["orientation"][max(month - 1, 0), organisation]) / FULL
        after = int(course.states["orientation"][month, organisation]) / FULL
        turn = "looks further outwards" if after > before + 0.1 else "looks further inwards"
        who = "the new one is much like the last" if abs(after - before) <= 0.1 else f"the new one {turn}"
        name = place.organisation_name[organisation]
        text = f"The leader of {name} leaves"
        concerned: tuple[int, ...] = (organisation,)
        goes_to = np.flatnonzero(course.states["moved_from"][month] == organisation)
        if len(goes_to):
            text = f"The leader of {name} goes to {place.organisation_name[goes_to[0]]}"
            if course.parameters["leadership.carried"] > 0.0:
                text += " and takes part of the trust along"
            concerned += (int(goes_to[0]),)
        yield ChronicleEntry(month, LEADER, f"{text}; {who}.", concerned)


def told_hospitals(course: Course, place: Place) -> Iterator[ChronicleEntry]:
    """Yield the hospitals that fill up, and those that turn inwards under pressure."""
    if len(place.place_names) > FEW_PLACES:
        return
    threshold = course.parameters["effort.fortress_threshold"]
    for row in range(place.acute_providers):
        name = place.organisation_name[row]
        for month, is_up in _passes(course.states["occupancy"][:, row], (1.0,)):
            more = "is full: patients wait for beds" if is_up[1] else "has room again"
            yield ChronicleEntry(month, PRESSURE, f"{name} {more}.", (row,))
        for month, is_up in _passes(course.states["pressure"][:, row] / FULL, (threshold,)):
            more = (
                "turns inwards: under this much pressure it has little time for others"
                if is_up[1]
                else "has time for others again: pressure has eased"
            )
            yield ChronicleEntry(month, PRESSURE, f"{name} {more}.", (row,))


def told_practices(course: Course, place: Place) -> Iterator[ChronicleEntry]:
    """Yield the number of engaged practices whenever their share passes a step, with the names of the latest."""
    rows = place.of_kind(OrganisationKind.PRACTICE)
    if not len(rows):
        return
    engaged = course.states["engaged"][:, rows]
    count = engaged.sum(axis=1)
    steps = (
        (1.0 / len(rows), *STEPS_OF_PRACTICES)
        if len(rows) >= 1.0 / STEPS_OF_PRACTICES[0]
        else STEPS_OF_PRACTICES
    )
    told_first = False
    for month, (_, is_up) in _passes(count / len(rows), steps):
        since = engaged[month] & ~engaged[month - 1] if is_up else engaged[month - 1] & ~engaged[month]
        who = tuple(rows[np.flatnonzero(since)].tolist())
        names = _listed([place.organisation_name[row] for row in who])
        if is_up and not told_first and count[month] <= NAMED:
            text = f"The first practice{'s' if len(who) > 1 else ''} to engage: {names}."
        else:
            verb = "are engaged" if is_up else "are still engaged"
            text = f"{count[month]:,} of {len(rows):,} practices {verb}"
            text += f"; the latest {'to join' if is_up else 'to leave'}: {names}." if names else "."
        told_first = True
        yield ChronicleEntry(month, PRACTICES, text, who)


def told_closures(course: Course, place: Place) -> Iterator[ChronicleEntry]:
    """Yield the practices that close, up to a few a month by name."""
    lists = course.states.get("list_size")
    if lists is None:
        return
    for month in range(1, course.months + 1):
        rows = np.flatnonzero((lists[month] <= 0.0) & (lists[month - 1] > 0.0))
        if not len(rows):
            continue
        people = round(float(lists[month - 1, rows].sum()))
        names = _listed([place.organisation_name[row] for row in rows])
        verb, whose = ("closes", "its") if len(rows) == 1 else ("close", "their")
        text = f"{names} {verb}; neighbours take {whose} {people:,} people."
        yield ChronicleEntry(month, PRACTICES, text, tuple(rows.tolist()))


def told_networks(course: Course, place: Place) -> Iterator[ChronicleEntry]:
    """Yield the networks that practices form, by name if one forms in a month, else by number."""
    labels = course.states.get("network")
    if labels is None:
        return
    known = set(np.unique(labels[0][labels[0] >= 0]).tolist())
    for month in range(1, course.months + 1):
        fresh = [
            label for label in np.unique(labels[month][labels[month] >= 0]).tolist() if label not in known
        ]
        known.update(fresh)
        if not fresh:
            continue
        rows = tuple(np.flatnonzero(np.isin(labels[month], fresh)).tolist())
        names = _listed([place.organisation_name[row] for row in rows])
        text = (
            f"{names} form a network."
            if len(fresh) == 1
            else f"{len(fresh)} networks of practices form: {names}."
        )
        yield ChronicleEntry(month, PRACTICES, text, rows)


def told_care(course: Course) -> Iterator[ChronicleEntry]:
    """Yield the steps that integrated care reaches, and the month in which it has emerged."""
    values = course.measure("implementation")
    for month, (step, is_up) in _passes(values, STEPS_OF_CARE):
        verb = "reaches" if is_up else "is down to"
        yield ChronicleEntry(month, CARE, f"Integrated care {verb} {step:.0%} of what it could be.")
    if not np.isnan(course.emerged_month):
        threshold = course.parameters["emergence.threshold"]
        months = round(course.parameters["emergence.months"])
        text = f"Integrated care has emerged: {months} months in a row above {threshold:.0%}."
        yield ChronicleEntry(int(course.emerged_month), CARE, text)


def told_trust(course: Course) -> Iterator[ChronicleEntry]:
    """Yield the tenths that mean trust passes."""
    for month, (step, is_up) in _passes(course.measure("trust"), STEPS_OF_TRUST):
        yield ChronicleEntry(
            month, TRUST, f"Mean trust {'rises above' if is_up else 'falls below'} {step:.1f}."
        )


def told_measures(course: Course, measures: Iterable[Measure]) -> Iterator[ChronicleEntry]:
    """Yield the events of extensions: the first month in which a flow occurs, and the steps that a share passes."""
    for measure in measures:
        values = course.measure(measure.name)
        if measure.is_flow:
            months = np.flatnonzero(values[1:] > 0.0) + 1
            if len(months):
                first = shown_number(float(values[months[0]]), 3)
                text = f"{measure.label}: the first of this run ({first}, {measure.unit})."
                yield ChronicleEntry(int(months[0]), EXTENSION, text)
        elif (measure.low, measure.high) == (0.0, 1.0):
            for month, (step, is_up) in _passes(values, STEPS_OF_CARE):
                text = f"{measure.label}: {'above' if is_up else 'below'} {step:g} from this month on."
                yield ChronicleEntry(month, EXTENSION, text)


def _passes(
    values: np.ndarray[tuple[int], np.dtype[np.floating]], steps: Sequence[float]
) -> Iterator[tuple[int, tuple[float, bool]]]:
    """Yield the months in which values pass steps, with the highest step; wavering about a step counts once."""
    is_above = [bool(values[0] >= step) for step in steps]
    for month in range(1, len(values)):
        up: float | None = None
        down: float | None = None
        for index, step in enumerate(steps):
            if not is_above[index] and values[month] >= step:
                is_above[index], up = True, step
            elif is_above[index] and values[month] < step - SLACK:
                is_above[index], down = False, step if down is None else down
        if up is not None:
            yield month, (up, True)
        if down is not None:
            yield month, (down, False)


def _of(rows: Iterable[int], place: Place) -> str:
    names = [place.place_names[row] for row in rows]
    plural = "s" if len(names) > 1 else ""
    return f"{plural} of {_listed(names)}"


def _listed(names: Sequence[str]) -> str:
    if len(names) > NAMED + 1:
        return f"{', '.join(names[:NAMED])} and {len(names) - NAMED:,} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""
