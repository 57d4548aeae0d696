"""Evaluate, integrate and check schedules: piecewise linear functions of time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from math import fsum
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from abm.core.vocabulary import MONTHS_PER_YEAR
from abm.policy.times import When, order, told, years_from
from abm.records import Fault, KeyPath


class Piece(NamedTuple):
    """A straight line of a settled schedule.

    Attributes
    ----------
    start, end : float
        Years from the start of the scenario; the end may be infinite.
    first, last : float
        Values at start and end, in the lever's unit.
    """

    start: float
    first: float
    end: float
    last: float


class Span(NamedTuple):
    """The times of a move and their places in the file; a jump has one time and one place.

    Attributes
    ----------
    start_path, end_path : KeyPath
        Places in the file.
    start, end : float or str
        Times.
    """

    start_path: KeyPath
    start: When
    end_path: KeyPath
    end: When

    @property
    def is_instant(self) -> bool:
        """Return whether this is a jump and not a move that lasts."""
        return self.start_path == self.end_path


class Schedule(ABC):
    """Base of all schedules."""

    __slots__ = ()

    @abstractmethod
    def settled(self, default: float, start: str) -> Self:
        """Convert months into years from the start, and fill in the lever's default as the value before.

        Parameters
        ----------
        default : float
            Setting of the lever without a schedule.
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
    def spans(self) -> tuple[Span, ...]:
        """List when the schedule moves, in the order of the file."""

    @abstractmethod
    def data(self) -> Any:
        """Return the plain values that a file would hold."""

    @abstractmethod
    def pieces(self) -> Iterator[Piece]:
        """Return the settled schedule as straight lines from time 0 on, in order, the last one without end.

        Raises
        ------
        ValueError
            If the schedule is not settled.
        """

    def values(self, months: int) -> NDArray[np.float64]:
        """Evaluate the settled schedule at the start of each month.

        Parameters
        ----------
        months : int
            Number of months.

        Returns
        -------
        NDArray of shape (months,)
            Element m - 1 is the value at time (m - 1) / 12 years; a jump takes effect at its own instant.

        Raises
        ------
        ValueError
            If the schedule is not settled.
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
            Value with a dose of zero, usually the lever's default.

        Returns
        -------
        float
            Area in the lever's unit times years; negative where the schedule lies below the reference.

        Raises
        ------
        ValueError
            If the schedule is not settled.
        """
        areas = []
        for start, first, end, last in self.pieces():
            begin, stop = max(start, 0.0), min(end, horizon_years)
            if stop > begin:
                middle = (begin + stop) / 2
                mean = first if first == last else first + (last - first) * ((middle - start) / (end - start))
                areas.append((mean - reference) * (stop - begin))
        return fsum(areas)

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
            With places in the file; each message follows the words 'schedule of lever NAME'.
        """
        faults: list[Fault] = []
        before: Span | None = None
        for span in self.spans():
            faults.extend(_order_faults(span, before, start))
            before = span
            if start is None:
                continue
            years = years_from(start, span.start)
            if years < 0:
                message = (
                    f"starts at {told(span.start)}, before the scenario does ({start}); start at 0 or later"
                )
                faults.append(Fault(span.start_path, message))
            elif horizon_years is not None and years >= horizon_years:
                over = f"when the scenario of {horizon_years:g} years from {start} is over"
                advice = "start earlier or lengthen 'horizon_years'"
                faults.append(Fault(span.start_path, f"starts at {told(span.start)}, {over}; {advice}"))
        return faults


def _order_faults(span: Span, before: Span | None, start: str | None) -> Iterator[Fault]:
    """Find what is wrong with a span's end and with its start after the span before."""
    begin, end = told(span.start), told(span.end)
    if not span.is_instant and order(span.start, span.end, start) in (0, 1):
        yield Fault(span.end_path, f"ends at {end}, not after its start at {begin}; give a later end")
    if before is None:
        return
    position = order(before.end, span.start, start)
    if before.is_instant and span.is_instant:
        if position in (0, 1):
            message = f"gives {begin} after {told(before.end)}; sort the times and give each only once"
            yield Fault(span.start_path, message)
    elif position == 1:
        where = f"{begin} lies before {told(before.end)}, where the segment before ends"
        yield Fault(span.start_path, f"overlaps itself: {where}; start then or later")
