"""Read schedules and lever settings from plain values, with every fault's place in the file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from abm.core.quantities.quantity import Quantity
from abm.errors import InvalidInput, Problem, did_you_mean
from abm.policy.catalogue import Catalogue, shipped
from abm.policy.schedule import (
    Constant,
    Dated,
    Pulse,
    Ramp,
    Schedule,
    Segment,
    Segments,
    Step,
)
from abm.policy.times import When, is_month
from abm.records import Document, Fault, Faults, FrozenMapping, KeyPath, plain_value, shown

SEGMENT_KEYS: Mapping[str, tuple[str, ...]] = {
    "step": ("at", "to"),
    "ramp": ("start", "end", "to"),
    "pulse": ("start", "end", "to"),
}
"""Keys that each form of segment needs; 'from' may be added."""
FORMS = (
    "a number, {step: {at, to}}, {ramp: {start, end, to}}, {pulse: {start, end, to}}, {dates: {TIME: VALUE}} "
    "or a list of step, ramp and pulse"
)
TIME_FORM = "years from the start (0 or more) or a month such as '2016-04'"


def read_lever_settings(data: Any, catalogue: Catalogue | None = None) -> FrozenMapping[Schedule]:
    """Read the schedules of several levers.

    Parameters
    ----------
    data : Any
        A mapping from names of levers to schedules, plain or ready.
    catalogue : Catalogue, optional
        The levers that are known; abm's own unless given.

    Returns
    -------
    FrozenMapping of Schedule
        By name, in the given order.

    Raises
    ------
    Faults
        With every unknown lever, form, setting out of bounds and time out of order.
    """
    if not isinstance(data, Mapping):
        raise Faults(
            [
                Fault(
                    (),
                    "'levers' should be a mapping from names of levers to settings; 'abm levers' lists them",
                )
            ]
        )
    settings, faults = readable_lever_settings(data, catalogue)
    if faults:
        raise Faults(faults)
    return settings


def readable_lever_settings(
    data: Mapping[str, Any], catalogue: Catalogue | None = None
) -> tuple[FrozenMapping[Schedule], list[Fault]]:
    """Read the valid schedules, and return the faults of the others.

    Parameters
    ----------
    data : mapping
        Schedules by lever, plain or ready.
    catalogue : Catalogue, optional
        The levers that are known; abm's own unless given.

    Returns
    -------
    settings : FrozenMapping of Schedule
        Those without fault.
    faults : list of Fault
        Every fault of the others.
    """
    known = catalogue or shipped()
    faults: list[Fault] = []
    settings: dict[str, Schedule] = {}
    for name, value in data.items():
        lever = known.levers.get(name)
        if lever is None:
            if not known.is_partial:
                faults.append(Fault((name,), known.unknown_lever(str(name), len(faults))))
            continue
        try:
            settings[name] = read_schedule(value, lever)
        except Faults as error:
            faults.extend(fault.under(name) for fault in error.faults)
    return FrozenMapping(settings), faults


def read_schedule(data: Any, quantity: Quantity) -> Schedule:
    """Read one schedule.

    Parameters
    ----------
    data : Any
        A plain value in one of the forms, or a `Schedule`, whose settings are checked.
    quantity : Quantity
        The lever that it moves, for bounds and type.

    Returns
    -------
    Schedule
        Not yet settled: its value before and its months may be open.

    Raises
    ------
    Faults
        With every fault's place.
    """
    reader = _Reader(quantity)
    if isinstance(data, Schedule):
        schedule: Schedule | None = data
        for path, value in data.settings():
            reader.setting(path, value)
    else:
        schedule = reader.schedule(data)
    if schedule is not None:
        if quantity.type == "switch":
            reader.refuse_ramps(schedule)
        for fault in schedule.time_faults():
            reader.fault(fault.path, f"schedule of {quantity.noun} {fault.message}")
    if reader.faults or schedule is None:
        raise Faults(reader.faults)
    return schedule


def parse_setting(
    text: str, origin: str = "--set", catalogue: Catalogue | None = None
) -> tuple[str, Schedule]:
    """Read a lever setting from the command line.

    Parameters
    ----------
    text : str
        ``LEVER=VALUE``; the value in any form of a schedule, such as ``0.8`` or ``{step: {at: 1, to: 0.8}}``.
    origin : str
        Name of the option in messages.
    catalogue : Catalogue, optional
        The levers that are known; abm's own unless given.

    Returns
    -------
    name : str
        The lever.
    schedule : Schedule
        Not yet settled.

    Raises
    ------
    InvalidInput
        With every problem of the setting.
    """
    ((name, schedule),) = parse_settings([text], origin, catalogue).items()
    return name, schedule


def parse_settings(
    texts: Iterable[str], origin: str = "--set", catalogue: Catalogue | None = None
) -> dict[str, Schedule]:
    """Read several lever settings from the command line, as `parse_setting` does.

    Raises
    ------
    InvalidInput
        With every problem of every setting.
    """
    settings: dict[str, Schedule] = {}
    problems: list[Problem] = []
    for text in texts:
        place = f"{origin} {text}"
        name, separator, value = text.partition("=")
        name = name.strip()
        if not separator or not value.strip():
            problems.append(Problem(place, None, "is not LEVER=VALUE; write it like leadership.effort=0.8"))
            continue
        if name in settings:
            problems.append(Problem(place, None, f"sets lever '{name}' a second time; keep one of the two"))
            continue
        try:
            document = Document.parse(value, place)
            if document.problems:
                raise InvalidInput(document.problems)
            settings.update(read_lever_settings({name: document.data}, catalogue))
        except InvalidInput as error:
            problems.extend(Problem(place, None, problem.message) for problem in error.problems)
        except Faults as error:
            problems.extend(Problem(place, None, fault.message) for fault in error.faults)
    if problems:
        raise InvalidInput(problems)
    return settings


class _Reader:
    """A reader of one schedule, which goes on after a fault so that all faults are reported together."""

    def __init__(self, quantity: Quantity) -> None:
        self.quantity = quantity
        self.faults: list[Fault] = []

    def fault(self, path: KeyPath, message: str) -> None:
        """Record a fault."""
        self.faults.append(Fault(path, message))

    def schedule(self, data: Any) -> Schedule | None:
        """Read any form."""
        if isinstance(data, list):
            return self.segments(data)
        if not isinstance(data, dict):
            return Constant(self.setting((), data))
        form = self.form(data, (*SEGMENT_KEYS, "dates"), ())
        if form is None:
            return None
        if form == "dates":
            return self.dates(data["dates"])
        return self.segment(form, data[form], (), first=True)

    def form(self, data: Any, forms: tuple[str, ...], path: KeyPath) -> str | None:
        """Return the form of a mapping, which is its only key."""
        if isinstance(data, dict) and len(data) == 1 and next(iter(data)) in forms:
            return str(next(iter(data)))
        unknown = [str(key) for key in data if key not in forms] if isinstance(data, dict) else []
        found = f"'{unknown[0]}' in the schedule" if unknown else "schedule"
        hint = did_you_mean(unknown[0], forms) if unknown else "."
        self.fault(
            (*path, *unknown[:1]), f"{found} of {self.quantity.noun} has no known form{hint} Valid: {FORMS}."
        )
        return None

    def segments(self, data: list[Any]) -> Segments | None:
        """Read a list of segments."""
        if not data:
            self.fault((), f"schedule of {self.quantity.noun} is an empty list; valid: {FORMS}")
        parts: list[Segment] = []
        for place, item in enumerate(data):
            form = self.form(item, tuple(SEGMENT_KEYS), (place,))
            part = None if form is None else self.segment(form, item[form], (place,), first=place == 0)
            if part is not None:
                parts.append(part)
        return Segments(tuple(parts)) if parts and len(parts) == len(data) else None

    def segment(self, form: str, data: Any, path: KeyPath, *, first: bool) -> Segment | None:
        """Read a step, ramp or pulse."""
        place = (*path, form)
        needed = SEGMENT_KEYS[form]
        valid = (*needed, "from")
        if not isinstance(data, dict):
            self.fault(place, f"{form} of {self.quantity.noun} should be a mapping of {', '.join(needed)}")
            return None
        for key in data:
            if key not in valid:
                hint = did_you_mean(str(key), valid)
                self.fault(
                    (*place, key), f"'{key}' is not a key of a {form}{hint} Valid keys: {', '.join(valid)}."
                )
        for key in needed:
            if key not in data:
                self.fault(
                    place, f"{form} of {self.quantity.noun} lacks '{key}'; a {form} needs {', '.join(needed)}"
                )
        if "from" in data and not first:
            advice = "a later segment starts from where the one before ended; remove it"
            self.fault(
                (*place, "from"),
                f"'from' is valid in the first segment of {self.quantity.noun} only; {advice}",
            )
        times = [self.time((*place, key), data[key]) for key in needed[:-1] if key in data]
        settings = {key: self.setting((*place, key), data[key]) for key in ("to", "from") if key in data}
        known = [when for when in times if when is not None]
        if len(known) < len(needed) - 1 or "to" not in settings:
            return None
        to, before = settings["to"], settings.get("from")
        if form == "step":
            return Step(known[0], to, before)
        return (Ramp if form == "ramp" else Pulse)(known[0], known[1], to, before)

    def dates(self, data: Any) -> Dated | None:
        """Read a dated list."""
        if not isinstance(data, dict) or not data:
            wanted = 'a mapping from times to settings, such as {0: 0.15, "2016-04": 0.8}'
            self.fault(("dates",), f"'dates' of {self.quantity.noun} should be {wanted}")
            return None
        dates: list[tuple[When, float]] = []
        for key, value in data.items():
            when = self.time(("dates", key), key)
            setting = self.setting(("dates", key), value)
            if when is not None:
                dates.append((when, setting))
        return Dated(tuple(dates)) if len(dates) == len(data) else None

    def time(self, path: KeyPath, value: Any) -> When | None:
        """Read a time; keys of mappings arrive as text."""
        if is_month(value):
            return str(value)
        try:
            number = plain_value(value) if isinstance(value, str) else value
        except ValueError:
            number = math.inf
        if isinstance(number, int | float) and not isinstance(number, bool) and 0 <= number < math.inf:
            return float(number)
        self.fault(path, f"time {shown(value)} in the schedule of {self.quantity.noun} should be {TIME_FORM}")
        return None

    def setting(self, path: KeyPath, value: Any) -> float:
        """Read a setting; record a fault if it is invalid, and read it as zero if it is no number."""
        complaint = self.quantity.complaint(value)
        if complaint is not None:
            self.fault(path, f"{complaint}; 'abm levers {self.quantity.name}' describes it")
        return float(value) if isinstance(value, int | float) else 0.0

    def refuse_ramps(self, schedule: Schedule) -> None:
        """Record a fault for each ramp of a switch."""
        listed = isinstance(schedule, Segments)
        parts = schedule.parts if isinstance(schedule, Segments) else (schedule,)
        for place, part in enumerate(parts):
            if isinstance(part, Ramp):
                path: KeyPath = (place, "ramp") if listed else ("ramp",)
                self.fault(path, f"{self.quantity.noun} is a switch and cannot ramp; use a step")
