"""Write numbers, intervals and findings the same way in the terminal and in the report."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from abm.analysis.comparison import SCALES, Comparison
from abm.analysis.effects import Effect
from abm.analysis.emergence import Proportion, Survival
from abm.core.part import Measure
from abm.core.vocabulary import MONTHS_PER_YEAR
from abm.records import shown_number

UNKNOWN = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
FEWEST_DECIMALS, MOST_DECIMALS = 2, 5


def decimals(*values: float) -> int:
    """Choose how many decimals give the greatest of some values two digits: from two to five."""
    greatest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if round(greatest, MOST_DECIMALS) == 0.0:
        return FEWEST_DECIMALS
    return min(max(1 - math.floor(math.log10(greatest)), FEWEST_DECIMALS), MOST_DECIMALS)


def number(value: float, places: int = 2) -> str:
    """Write a number with a fixed number of decimals and a true minus; a dash when it is unknown."""
    if not math.isfinite(value):
        return UNKNOWN
    text = f"{value:.{places}f}"
    if float(text) == 0.0:
        return text.lstrip("-")
    return text.replace("-", MINUS)


def signed(value: float, places: int = 2) -> str:
    """Write a difference with its sign; a difference that rounds to nothing has none."""
    text = number(value, places)
    return f"+{text}" if math.isfinite(value) and value > 0.0 and float(f"{value:.{places}f}") > 0.0 else text


def amount(value: float) -> str:
    """Write a signed quantity with three digits and no idle zeros, such as '+5.85' or '+54'."""
    return (
        "0" if value == 0.0 else f"{'+' if value > 0.0 else ''}{shown_number(value, 3)}".replace("-", MINUS)
    )


@dataclass(frozen=True)
class Told:
    """A number and its interval, written out.

    Attributes
    ----------
    estimate, low, high : str
        As they are to be read; low and high are empty where there is no interval.
    """

    estimate: str
    low: str = ""
    high: str = ""

    @property
    def interval(self) -> str:
        """The interval in prose, such as '+0.29 to +0.33'."""
        return f"{self.low} to {self.high}" if self.low else ""

    @property
    def bracket(self) -> str:
        """The interval in brackets and without plus signs, such as '[0.29, 0.33]'."""
        return f"[{self.low}, {self.high}]".replace("+", "") if self.low else ""


def difference(effect: Effect, most_decimals: int = MOST_DECIMALS) -> Told:
    """Write an effect and its interval; one that is the same in every pair has none."""
    places = min(decimals(effect.estimate, effect.low, effect.high), most_decimals)
    if not math.isfinite(effect.low) or effect.low == effect.high:
        return Told(signed(effect.estimate, places))
    return Told(*(signed(value, places) for value in (effect.estimate, effect.low, effect.high)))


def points(effect: Effect) -> Told:
    """Write a difference of shares and its interval in points of 100, such as +39, +29 to +49."""
    return Told(*(signed(100.0 * value, 0) for value in (effect.estimate, effect.low, effect.high)))


def percentage(share: float) -> str:
    """Write a share as whole per cent."""
    return f"{100.0 * share:.0f}%" if math.isfinite(share) else UNKNOWN


def share(proportion: Proportion) -> Told:
    """Write a share of runs and its interval, such as 38%, 29 to 48."""
    if not math.isfinite(proportion.low):
        return Told(UNKNOWN)
    return Told(
        percentage(proportion.estimate), f"{100.0 * proportion.low:.0f}", f"{100.0 * proportion.high:.0f}"
    )


def years(months: float) -> str:
    """Write a number of months as years with one decimal."""
    return f"{months / MONTHS_PER_YEAR:.1f}" if math.isfinite(months) else UNKNOWN


def whole_years(months: int) -> str:
    """Write a number of months as years without needless decimals."""
    return f"{months / MONTHS_PER_YEAR:.3g}"


def span(months: int) -> str:
    """Write a length of time, such as '10 years' or '1 year'."""
    told = whole_years(months)
    return f"{told} year{'' if told == '1' else 's'}"


def median_time(survival: Survival) -> Told:
    """Write the median time to emergence and its interval in years.

    Where fewer than half emerge, the median lies beyond the follow-up, as does an open end of its interval.
    """
    beyond = f"> {whole_years(round(survival.follow_up))}"
    median, low, high = (years(months) if math.isfinite(months) else beyond for months in survival.median())
    return Told(median) if low == beyond else Told(median, low, high)


def range_of(low: float, high: float) -> str:
    """Describe which values are possible, such as '0 to 1' or '0 or more'."""
    if math.isinf(low):
        return "any"
    return (
        f"{shown_number(low)} or more" if math.isinf(high) else f"{shown_number(low)} to {shown_number(high)}"
    )


def listed(words: Sequence[str], last: str = "and") -> str:
    """Join words with commas and a last conjunction."""
    if len(words) <= 1:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def short_label(measure: Measure) -> str:
    """Return what tells a measure from others of its group: 'Trust, acute-acute' is 'Acute-acute'."""
    text = measure.label.partition(", ")[2] if measure.group in SCALES else ""
    return text[:1].upper() + text[1:] if text else measure.label


def grouped(measures: Sequence[Measure]) -> list[tuple[str, str, list[Measure]]]:
    """Group measures: the title of each group, its scale in words, and its measures."""
    groups: dict[tuple[str, str], list[Measure]] = {}
    for measure in measures:
        # Where a group says nothing of a scale, measures of one unit share theirs.
        scale = SCALES.get(measure.group, measure.unit)
        groups.setdefault((measure.group, scale), []).append(measure)
    return [(title, scale, members) for (title, scale), members in groups.items()]


def finding(comparison: Comparison, labels: Mapping[str, str]) -> str:
    """Write a sentence on the number of runs in which integrated care stands at the end, policy by policy.

    Parameters
    ----------
    comparison : Comparison
        What the runs show.
    labels : mapping of str to str
        What to call each scenario; it may hold markup.
    """
    parts = [
        f"{entry.standing.count} of {entry.standing.trials} runs under {labels[entry.scenario]}"
        for entry in comparison.emergence
    ]
    return f"After {span(comparison.months[-1])} integrated care stands in {listed(parts)}."
