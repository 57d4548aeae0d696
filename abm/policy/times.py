"""Times in schedules: years from the start of a scenario, or calendar months."""

from __future__ import annotations

import re

from abm.core.vocabulary import MONTHS_PER_YEAR

MONTH_PATTERN = "^[12][0-9]{3}-(0[1-9]|1[0-2])$"
"""A month as text, such as '2014-04'."""

When = float | str
"""A time: years from the start, or a month as 'YYYY-MM'."""

_ANY_MONTH = "2000-01"


def is_month(value: object) -> bool:
    """Return whether a value is a month such as '2014-04'."""
    return isinstance(value, str) and re.fullmatch(MONTH_PATTERN, value) is not None


def months_between(start: str, month: str) -> int:
    """Return the number of months from one month to another, both 'YYYY-MM'; negative if the second is earlier."""
    start_year, start_month = (int(part) for part in start.split("-"))
    year, number = (int(part) for part in month.split("-"))
    return (year - start_year) * MONTHS_PER_YEAR + number - start_month


def years_from(start: str, when: When) -> float:
    """Return a time in years from the start month; a number of years is returned as it is."""
    return months_between(start, when) / MONTHS_PER_YEAR if isinstance(when, str) else float(when)


def order(first: When, second: When, start: str | None) -> int | None:
    """Compare two times.

    Parameters
    ----------
    first, second : float or str
        Two times.
    start : str or None
        First month of the scenario, None if it is not known.

    Returns
    -------
    int or None
        -1, 0 or 1 as the first is earlier, the same or later; None if the start is needed to say so.
    """
    if start is None and isinstance(first, str) != isinstance(second, str):
        return None
    one, other = (years_from(start or _ANY_MONTH, when) for when in (first, second))
    return (one > other) - (one < other)


def told(when: When) -> str:
    """Format a time for a message."""
    return when if isinstance(when, str) else f"year {when:g}"


def key_of(when: When) -> str:
    """Format a time as the key of a dated list, without loss."""
    if isinstance(when, str):
        return when
    return f"{when:g}" if float(f"{when:g}") == when else repr(when)
