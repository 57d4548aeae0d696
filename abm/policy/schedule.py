"""Say how a lever moves over the years: constant, step, ramp, pulse, dated list, or segments one after the other.

Time is in years from the start of a scenario. A schedule is piecewise linear, so its values and its dose (area) are exact.
In a file:

    0.8
    {step: {at: 1, to: 0.8}}
    {ramp: {start: 1, end: 3, to: 0.8}}
    {pulse: {start: 1, end: 4, to: 0.8}}            # afterwards the value before returns
    {dates: {0: 0.15, 1: 0.5, "2016-04": 0.8}}
    [{ramp: {start: 1, end: 3, to: 0.8}}, {step: {at: 6, to: 0.2}}]

Any time may be a month (``"2016-04"``) instead of a number of years. Before a step, ramp or pulse a lever stands at its default unless
``from`` says otherwise. A schedule read from a file or written in Python is *settled* before it is evaluated: its months become
years from the start of a scenario, and the value before becomes a number.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.records import Fault, KeyPath

MONTHS_PER_YEAR = 12
_MONTH = re.compile(r"[12][0-9]{3}-(?:0[1-9]|1[0-2])")

When = float | str
"""A time: years from the start, or a month as 'YYYY-MM'."""
Piece = tuple[float, float, float, float]
"""A straight line: from time and value, to time and value; years and the lever's unit."""


def is_month(text: object) -> bool:
    """Tell whether a value is a month such as '2014-04'."""
    return isinstance(text, str) and _MONTH.fullmatch(text) is not None


def months_between(start: str, month: str) -> int:
    """Count the months from one month to another, both 'YYYY-MM'; negative if the second is earlier."""
    start_year, start_month = (int(part) for part in start.split("-"))
    year, number = (int(part) for part in month.split("-"))
    return (year - start_year) * MONTHS_PER_YEAR + number - start_month


def years_from(start: str, when: When) -> float:
    """Give a time in years from the start month; a number of years is returned as it is."""
    return months_between(start, when) / MONTHS_PER_YEAR if isinstance(when, str) else float(when)


class Schedule(ABC):
    """Be the base of all schedules."""

    @abstractmethod
    def settled(self, default: float, start: str) -> Schedule:
        """Turn months into years from the start, and an open value before into the lever's default.

        Parameters
        ----------
        default : float
            Setting of the lever where no schedule says otherwise.
        start : str
            First month of the scenario, 'YYYY-MM'.

        Returns
        -------
        Schedule
            Of the same class.
        """

    @abstractmethod
    def settings(self) -> tuple[tuple[KeyPath, float], ...]:
        """List every setting that the schedule names, with its place in the file."""

    @abstractmethod
    def spans(self) -> tuple[tuple[KeyPath, When, KeyPath, When], ...]:
        """List the times at which the schedule moves: start and end of each segment, with their places in the file."""

    @abstractmethod
    def data(self) -> Any:
        """Give the plain values that a file would hold."""

    @abstractmethod
    def pieces(self) -> Iterator[Piece]:
        """Give the settled schedule as straight lines, in order, the last one without end."""

    def values(self, months: int) -> NDArray[np.float64]:
        """Evaluate the settled schedule at the start of each month.

        Parameters
        ----------
        months : int
            Number of months.

        Returns
        -------
        NDArray of shape (months,)
            Element m - 1 is the value at time (m - 1) / 12 years; a step or jump counts from its own instant on.
        """
        times = np.arange(months, dtype=np.float64) / MONTHS_PER_YEAR
        values = np.full(months, np.nan)
        for start, first, end, last in self.pieces():
            inside = (times >= start) & (times < end)
            if first == last:
                values[inside] = first
            else:
                values[inside] = first + (last - first) * ((times[inside] - start) / (end - start))
        return values

    def dose(self, horizon_years: float, reference: float) -> float:
        """Integrate the settled schedule's distance from a reference over the horizon, exactly.

        Parameters
        ----------
        horizon_years : float
            Years from the start.
        reference : float
            Value that counts as no dose, usually the lever's default.

        Returns
        -------
        float
            Area in the lever's unit times years; negative where the schedule lies below the reference.
        """
        areas = []
        for start, first, end, last in self.pieces():
            begin, stop = max(start, 0.0), min(end, horizon_years)
            if stop <= begin:
                continue
            slope = 0.0 if first == last else (last - first) / (end - start)
            middle = first + slope * ((begin + stop) / 2 - start) if slope else first
            areas.append((middle - reference) * (stop - begin))
        return math.fsum(areas)

    def time_faults(self, start: str | None = None, horizon_years: float | None = None) -> list[Fault]:
        """Find times out of order, overlaps, and times outside the horizon.

        Parameters
        ----------
        start : str, optional
            First month of the scenario; without it a month and a number of years are not compared.
        horizon_years : float, optional
            Years from the start; without it only the order is checked.

        Returns
        -------
        list of Fault
            With places in the file.
        """
        faults: list[Fault] = []
        before: tuple[When, When] | None = None
        for start_path, begin, end_path, end in self.spans():
            instant = start_path == end_path
            if not instant and _order(begin, end, start) not in (-1, None):
                faults.append(Fault(end_path, f"ends at {_told(end)}, not after its start at {_told(begin)}; give a later end"))
            if before is not None:
                order = _order(before[1], begin, start)
                both_instants = instant and before[0] == before[1]
                if order == 1 or (order == 0 and both_instants):
                    faults.append(Fault(start_path, self._overlap(begin, before[1], instant and both_instants)))
            before = (begin, end)
            if start is not None:
                years = years_from(start, begin)
                if years < 0:
                    message = f"starts at {_told(begin)}, before the scenario does ({start}); start at 0 or later"
                    faults.append(Fault(start_path, message))
                elif horizon_years is not None and years >= horizon_years:
                    message = (
                        f"starts at {_told(begin)}, when the scenario of {horizon_years:g} years from {start} is over; "
                        "start earlier or lengthen 'horizon_years'"
                    )
                    faults.append(Fault(start_path, message))
        return faults

    def _overlap(self, begin: When, end: When, instants: bool) -> str:
        if instants:
            return f"gives {_told(begin)} after {_told(end)}; sort the times and give each only once"
        return f"overlaps: {_told(begin)} lies before {_told(end)}, where the segment before ends; start it then or later"


def _order(first: When, second: When, start: str | None) -> int | None:
    """Compare two times: -1, 0 or 1; None if a month and a number of years cannot be compared without a start."""
    if start is None and isinstance(first, str) != isinstance(second, str):
        return None
    origin = start or "2000-01"
    one, other = years_from(origin, first), years_from(origin, second)
    return (one > other) - (one < other)


def _told(when: When) -> str:
    return when if isinstance(when, str) else f"year {when:g}"


def _key(when: When) -> str:
    return when if isinstance(when, str) else f"{when:g}"


def _set(value: float | None) -> float:
    if value is None:
        raise ValueError("the schedule is not settled: the value before it is open; call settled() first")
    return value


def _number(when: When) -> float:
    if isinstance(when, str):
        raise ValueError(f"the schedule is not settled: {when} is a month; call settled() first")
    return when


@dataclass(frozen=True, slots=True)
class Constant(Schedule):
    """Hold one value throughout."""

    value: float

    def settled(self, default: float, start: str) -> Constant:
        """Return the schedule as it is."""
        return self

    def settings(self) -> tuple[tuple[KeyPath, float], ...]:
        """List the value."""
        return (((), self.value),)

    def spans(self) -> tuple[tuple[KeyPath, When, KeyPath, When], ...]:
        """List nothing: a constant never moves."""
        return ()

    def data(self) -> Any:
        """Give the value."""
        return self.value

    def pieces(self) -> Iterator[Piece]:
        """Give one line."""
        yield (0.0, self.value, math.inf, self.value)


class Segment(Schedule):
    """Be the base of what may stand in a list of segments: step, ramp and pulse."""

    before: float | None

    @property
    @abstractmethod
    def after(self) -> float | None:
        """Give the value that the segment leaves behind, None while the value before is open."""

    @abstractmethod
    def moves(self) -> Iterator[Piece]:
        """Give the lines from the settled segment's start on, the last one without end."""

    def pieces(self) -> Iterator[Piece]:
        """Give the value before, then the segment's own lines."""
        moves = tuple(self.moves())
        before = _set(self.before)
        yield (0.0, before, moves[0][0], before)
        yield from moves

    def _from(self) -> dict[str, Any]:
        return {} if self.before is None else {"from": self.before}


@dataclass(frozen=True, slots=True)
class Step(Segment):
    """Jump to a value at a time and stay there."""

    at: When
    to: float
    before: float | None = None

    @property
    def after(self) -> float:
        """Give the value after the step."""
        return self.to

    def settled(self, default: float, start: str) -> Step:
        """Settle time and value before."""
        return Step(years_from(start, self.at), self.to, default if self.before is None else self.before)

    def settings(self) -> tuple[tuple[KeyPath, float], ...]:
        """List the value after and, if given, before."""
        return _settings("step", self.to, self.before)

    def spans(self) -> tuple[tuple[KeyPath, When, KeyPath, When], ...]:
        """List the instant of the step."""
        return ((("step", "at"), self.at, ("step", "at"), self.at),)

    def data(self) -> Any:
        """Give the plain values."""
        return {"step": {"at": self.at, "to": self.to, **self._from()}}

    def moves(self) -> Iterator[Piece]:
        """Give the line after the step."""
        yield (_number(self.at), self.to, math.inf, self.to)


@dataclass(frozen=True, slots=True)
class Ramp(Segment):
    """Move in a straight line to a value and stay there."""

    start: When
    end: When
    to: float
    before: float | None = None

    @property
    def after(self) -> float:
        """Give the value at the end of the ramp."""
        return self.to

    def settled(self, default: float, start: str) -> Ramp:
        """Settle times and value before."""
        begin, end = years_from(start, self.start), years_from(start, self.end)
        return Ramp(begin, end, self.to, default if self.before is None else self.before)

    def settings(self) -> tuple[tuple[KeyPath, float], ...]:
        """List the value after and, if given, before."""
        return _settings("ramp", self.to, self.before)

    def spans(self) -> tuple[tuple[KeyPath, When, KeyPath, When], ...]:
        """List start and end."""
        return ((("ramp", "start"), self.start, ("ramp", "end"), self.end),)

    def data(self) -> Any:
        """Give the plain values."""
        return {"ramp": {"start": self.start, "end": self.end, "to": self.to, **self._from()}}

    def moves(self) -> Iterator[Piece]:
        """Give the slope and the line after it."""
        yield (_number(self.start), _set(self.before), _number(self.end), self.to)
        yield (_number(self.end), self.to, math.inf, self.to)


@dataclass(frozen=True, slots=True)
class Pulse(Segment):
    """Jump to a value from start to end, then return to the value before."""

    start: When
    end: When
    to: float
    before: float | None = None

    @property
    def after(self) -> float | None:
        """Give the value before, to which the pulse returns."""
        return self.before

    def settled(self, default: float, start: str) -> Pulse:
        """Settle times and value before."""
        begin, end = years_from(start, self.start), years_from(start, self.end)
        return Pulse(begin, end, self.to, default if self.before is None else self.before)

    def settings(self) -> tuple[tuple[KeyPath, float], ...]:
        """List the value within and, if given, before."""
        return _settings("pulse", self.to, self.before)

    def spans(self) -> tuple[tuple[KeyPath, When, KeyPath, When], ...]:
        """List start and end."""
        return ((("pulse", "start"), self.start, ("pulse", "end"), self.end),)

    def data(self) -> Any:
        """Give the plain values."""
        return {"pulse": {"start": self.start, "end": self.end, "to": self.to, **self._from()}}

    def moves(self) -> Iterator[Piece]:
        """Give the line within and the line after."""
        before = _set(self.before)
        yield (_number(self.start), self.to, _number(self.end), self.to)
        yield (_number(self.end), before, math.inf, before)


@dataclass(frozen=True, slots=True)
class Dated(Schedule):
    """Jump to the next value of a list at each of its times."""

    dates: tuple[tuple[When, float], ...]
    before: float | None = None

    def settled(self, default: float, start: str) -> Dated:
        """Settle times and value before."""
        dates = tuple((years_from(start, when), value) for when, value in self.dates)
        return Dated(dates, default if self.before is None else self.before)

    def settings(self) -> tuple[tuple[KeyPath, float], ...]:
        """List the value at each time."""
        return tuple((("dates", _key(when)), value) for when, value in self.dates)

    def spans(self) -> tuple[tuple[KeyPath, When, KeyPath, When], ...]:
        """List each time as an instant."""
        places = [(("dates", _key(when)), when) for when, _ in self.dates]
        return tuple((path, when, path, when) for path, when in places)

    def data(self) -> Any:
        """Give the plain values."""
        return {"dates": {_key(when): value for when, value in self.dates}}

    def pieces(self) -> Iterator[Piece]:
        """Give one line between each two times."""
        times = [_number(when) for when, _ in self.dates]
        before = _set(self.before)
        yield (0.0, before, times[0], before)
        for (when, value), end in zip(self.dates, [*times[1:], math.inf], strict=True):
            yield (_number(when), value, end, value)


@dataclass(frozen=True, slots=True)
class Segments(Schedule):
    """Follow several segments, each from the value that the one before left behind."""

    parts: tuple[Segment, ...]

    def settled(self, default: float, start: str) -> Segments:
        """Settle each segment in turn."""
        before = default
        settled: list[Segment] = []
        for part in self.parts:
            one = part.settled(before, start)
            assert isinstance(one, Segment)
            settled.append(one)
            before = _set(one.after)
        return Segments(tuple(settled))

    def settings(self) -> tuple[tuple[KeyPath, float], ...]:
        """List the settings of all segments."""
        return tuple(
            ((place, *path), value) for place, part in enumerate(self.parts) for path, value in part.settings()
        )

    def spans(self) -> tuple[tuple[KeyPath, When, KeyPath, When], ...]:
        """List the spans of all segments."""
        return tuple(
            ((place, *begin_path), begin, (place, *end_path), end)
            for place, part in enumerate(self.parts)
            for begin_path, begin, end_path, end in part.spans()
        )

    def data(self) -> Any:
        """Give the plain values; only the first segment says where it starts from."""
        return [(part if place == 0 else replace(part, before=None)).data() for place, part in enumerate(self.parts)]

    def pieces(self) -> Iterator[Piece]:
        """Give each segment's lines until the next one starts."""
        before = _set(self.parts[0].before)
        starts = [next(part.moves())[0] for part in self.parts]
        yield (0.0, before, starts[0], before)
        for part, until in zip(self.parts, [*starts[1:], math.inf], strict=True):
            for start, first, end, last in part.moves():
                # Segments do not overlap, so only the endless line of each is cut.
                if start < until:
                    yield (start, first, min(end, until), last)


def _settings(form: str, to: float, before: float | None) -> tuple[tuple[KeyPath, float], ...]:
    given: tuple[tuple[KeyPath, float], ...] = (((form, "to"), to),)
    return given if before is None else (*given, ((form, "from"), before))
