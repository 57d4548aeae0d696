"""Schedules, which move a lever over the years: constant, step, ramp, pulse, dated list, or several segments.

Time is in years from the start of a scenario. A schedule is piecewise linear, so its values and its dose
(area) are exact. In a file::

    0.8
    {step: {at: 1, to: 0.8}}
    {ramp: {start: 1, end: 3, to: 0.8}}
    {pulse: {start: 1, end: 4, to: 0.8}}            # afterwards the value before returns
    {dates: {0: 0.15, 1: 0.5, "2016-04": 0.8}}
    [{ramp: {start: 1, end: 3, to: 0.8}}, {step: {at: 6, to: 0.2}}]

Any time may be a month (``"2016-04"``) instead of a number of years. Before a step, ramp or pulse a lever
stays at its default unless ``from`` says otherwise. A schedule is *settled* before it is evaluated: its
months become years from the start of a scenario, and the value before becomes a number.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from abm.policy.piecewise import Piece, Schedule, Span
from abm.policy.times import When, key_of, years_from
from abm.records import KeyPath

__all__ = ["Constant", "Dated", "Pulse", "Ramp", "Schedule", "Segment", "Segments", "Step"]


def _set(value: float | None) -> float:
    if value is None:
        raise ValueError("the schedule is not settled: its value before is open; call settled() first")
    return value


def _number(when: When) -> float:
    if isinstance(when, str):
        raise ValueError(f"the schedule is not settled: {when} is a month; call settled() first")
    return when


@dataclass(frozen=True, slots=True)
class Constant(Schedule):
    """A schedule that keeps one value."""

    value: float

    def settled(self, default: float, start: str) -> Self:
        """Return the schedule as it is."""
        return self

    def settings(self) -> tuple[tuple[KeyPath, float], ...]:
        """Return the value."""
        return (((), self.value),)

    def spans(self) -> tuple[Span, ...]:
        """Return nothing, since a constant never moves."""
        return ()

    def data(self) -> Any:
        """Return the value."""
        return self.value

    def pieces(self) -> Iterator[Piece]:
        """Return one line."""
        yield Piece(0.0, self.value, math.inf, self.value)


@dataclass(frozen=True, slots=True)
class Dated(Schedule):
    """A schedule that jumps to the next value of a list at each of its times."""

    dates: tuple[tuple[When, float], ...]
    before: float | None = None

    def settled(self, default: float, start: str) -> Self:
        """Settle the times and the value before."""
        dates = tuple((years_from(start, when), value) for when, value in self.dates)
        return type(self)(dates, default if self.before is None else self.before)

    def settings(self) -> tuple[tuple[KeyPath, float], ...]:
        """List the value at each time."""
        return tuple((("dates", key_of(when)), value) for when, value in self.dates)

    def spans(self) -> tuple[Span, ...]:
        """Return each time as an instant."""
        places: list[tuple[KeyPath, When]] = [(("dates", key_of(when)), when) for when, _ in self.dates]
        return tuple(Span(path, when, path, when) for path, when in places)

    def data(self) -> Any:
        """Return the plain values."""
        return {"dates": {key_of(when): value for when, value in self.dates}}

    def pieces(self) -> Iterator[Piece]:
        """Return one line between each two times."""
        times = [_number(when) for when, _ in self.dates]
        before = _set(self.before)
        yield Piece(0.0, before, times[0], before)
        for start, end, (_, value) in zip(times, [*times[1:], math.inf], self.dates, strict=True):
            yield Piece(start, value, end, value)


class Segment(Schedule):
    """Base of the segments that a list may contain: step, ramp and pulse."""

    __slots__ = ()
    form: ClassVar[str]
    """Key of the segment in files."""
    to: float
    before: float | None

    @property
    def after(self) -> float | None:
        """Return the value that the segment leaves behind, None while it is open."""
        return self.to

    @abstractmethod
    def times(self) -> dict[str, When]:
        """Return the times by their keys in files: one for a jump, start and end for a move."""

    @abstractmethod
    def moves(self) -> Iterator[Piece]:
        """Return the lines from the settled segment's start on, the last one without end."""

    @abstractmethod
    def with_before(self, before: float | None) -> Self:
        """Return the segment with another value before."""

    def settings(self) -> tuple[tuple[KeyPath, float], ...]:
        """List the setting and, if it is given, the value before."""
        to: tuple[tuple[KeyPath, float], ...] = (((self.form, "to"), self.to),)
        return to if self.before is None else (*to, ((self.form, "from"), self.before))

    def spans(self) -> tuple[Span, ...]:
        """List the segment's only span."""
        places = [((self.form, key), when) for key, when in self.times().items()]
        return (Span(*places[0], *places[-1]),)

    def data(self) -> Any:
        """Return the plain values."""
        before = {} if self.before is None else {"from": self.before}
        return {self.form: {**self.times(), "to": self.to, **before}}

    def pieces(self) -> Iterator[Piece]:
        """Return the value before, then the segment's own lines."""
        moves = tuple(self.moves())
        before = _set(self.before)
        yield Piece(0.0, before, moves[0].start, before)
        yield from moves


@dataclass(frozen=True, slots=True)
class Step(Segment):
    """A schedule that jumps to a value at a time and stays there."""

    form: ClassVar[str] = "step"
    at: When
    to: float
    before: float | None = None

    def settled(self, default: float, start: str) -> Self:
        """Settle the time and the value before."""
        return type(self)(
            years_from(start, self.at), self.to, default if self.before is None else self.before
        )

    def with_before(self, before: float | None) -> Self:
        """Return the step with another value before."""
        return type(self)(self.at, self.to, before)

    def times(self) -> dict[str, When]:
        """Return the instant."""
        return {"at": self.at}

    def moves(self) -> Iterator[Piece]:
        """Return the line after the step."""
        yield Piece(_number(self.at), self.to, math.inf, self.to)


@dataclass(frozen=True, slots=True)
class _Lasting(Segment):
    """Base of segments that last from a start to an end."""

    start: When
    end: When
    to: float
    before: float | None = None

    def settled(self, default: float, start: str) -> Self:
        """Settle the times and the value before."""
        begin, end = years_from(start, self.start), years_from(start, self.end)
        return type(self)(begin, end, self.to, default if self.before is None else self.before)

    def with_before(self, before: float | None) -> Self:
        """Return the segment with another value before."""
        return type(self)(self.start, self.end, self.to, before)

    def times(self) -> dict[str, When]:
        """Return start and end."""
        return {"start": self.start, "end": self.end}


@dataclass(frozen=True, slots=True)
class Ramp(_Lasting):
    """A schedule that moves in a straight line to a value and stays there."""

    form: ClassVar[str] = "ramp"

    def moves(self) -> Iterator[Piece]:
        """Return the slope and the line after it."""
        yield Piece(_number(self.start), _set(self.before), _number(self.end), self.to)
        yield Piece(_number(self.end), self.to, math.inf, self.to)


@dataclass(frozen=True, slots=True)
class Pulse(_Lasting):
    """A schedule that jumps to a value from start to end, then returns to the value before."""

    form: ClassVar[str] = "pulse"

    @property
    def after(self) -> float | None:
        """Return the value before, to which the pulse returns."""
        return self.before

    def moves(self) -> Iterator[Piece]:
        """Return the line within and the line after."""
        before = _set(self.before)
        yield Piece(_number(self.start), self.to, _number(self.end), self.to)
        yield Piece(_number(self.end), before, math.inf, before)


@dataclass(frozen=True, slots=True)
class Segments(Schedule):
    """A schedule of several segments, each of which starts from the value that the one before leaves behind."""

    parts: tuple[Segment, ...]

    def settled(self, default: float, start: str) -> Self:
        """Settle each segment in turn."""
        before = default
        settled: list[Segment] = []
        for part in self.parts:
            settled.append(part.settled(before, start))
            before = _set(settled[-1].after)
        return type(self)(tuple(settled))

    def settings(self) -> tuple[tuple[KeyPath, float], ...]:
        """List the settings of all segments."""
        given = ((place, part.settings()) for place, part in enumerate(self.parts))
        return tuple(((place, *path), value) for place, settings in given for path, value in settings)

    def spans(self) -> tuple[Span, ...]:
        """List the spans of all segments."""
        given = ((place, span) for place, part in enumerate(self.parts) for span in part.spans())
        return tuple(
            Span((place, *span.start_path), span.start, (place, *span.end_path), span.end)
            for place, span in given
        )

    def data(self) -> Any:
        """Return the plain values; only the first segment says where it starts from."""
        return [self.parts[0].data(), *(part.with_before(None).data() for part in self.parts[1:])]

    def pieces(self) -> Iterator[Piece]:
        """Return each segment's lines until the next one starts."""
        moves = [tuple(part.moves()) for part in self.parts]
        starts = [lines[0].start for lines in moves]
        before = _set(self.parts[0].before)
        yield Piece(0.0, before, starts[0], before)
        for lines, until in zip(moves, [*starts[1:], math.inf], strict=True):
            # Segments do not overlap, so only the endless line of each is cut short.
            for line in lines:
                if line.start < until:
                    yield line._replace(end=min(line.end, until))
