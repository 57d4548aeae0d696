"""Write numbers, intervals and findings the same way in the terminal and in the report."""

import math
from collections.abc import Mapping, Sequence

from abm.analysis.comparison import MONTHS_PER_YEAR, TRUST_OF_A_KIND, Comparison, Measured
from abm.analysis.effects import Effect
from abm.analysis.emergence import Proportion, Survival

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


def difference(effect: Effect) -> tuple[str, str]:
    """Write an effect and its interval, such as ``('+0.31', '+0.29 to +0.33')``."""
    places = decimals(effect.estimate, effect.low, effect.high)
    if not math.isfinite(effect.low):
        return signed(effect.estimate, places), ""
    if effect.low == effect.high:
        return signed(effect.estimate, places), "the same in every pair"
    return signed(effect.estimate, places), f"{signed(effect.low, places)} to {signed(effect.high, places)}"


def points(effect: Effect) -> tuple[str, str]:
    """Write a difference of shares and its interval in points of 100, such as ``('+39', '+29 to +49')``."""
    estimate, low, high = (signed(100.0 * value, 0) for value in (effect.estimate, effect.low, effect.high))
    return estimate, f"{low} to {high}"


def percentage(share: float) -> str:
    """Write a share as whole per cent."""
    return f"{100.0 * share:.0f}%" if math.isfinite(share) else UNKNOWN


def share(proportion: Proportion) -> tuple[str, str]:
    """Write a share of runs and its interval, such as ``('38%', '29 to 48%')``."""
    low, high = 100.0 * proportion.low, 100.0 * proportion.high
    return percentage(proportion.estimate), f"{low:.0f} to {high:.0f}%" if math.isfinite(low) else ""


def years(months: float) -> str:
    """Write a number of months as years with one decimal."""
    return f"{months / MONTHS_PER_YEAR:.1f}" if math.isfinite(months) else UNKNOWN


def whole_years(months: int) -> str:
    """Write a number of months as years without needless decimals."""
    return f"{months / MONTHS_PER_YEAR:.3g}"


def median_time(survival: Survival) -> tuple[str, str]:
    """Write the median time to emergence and its interval in years.

    Where fewer than half emerge, the median lies beyond the follow-up, as does an open end of its interval.
    """
    median, low, high = survival.median()
    beyond = f"> {whole_years(round(survival.follow_up))}"
    told = [years(value) if math.isfinite(value) else beyond for value in (median, low, high)]
    if not math.isfinite(low):
        return beyond, ""
    return told[0], f"{told[1]} to {told[2]}"


def listed(words: Sequence[str], last: str = "and") -> str:
    """Join words with commas and a last conjunction."""
    if len(words) <= 1:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def short_label(measure: Measured) -> str:
    """Call a measure by what tells it from others of its kind: 'Trust, acute-acute' is 'Acute-acute'."""
    if not measure.name.startswith(TRUST_OF_A_KIND):
        return measure.label
    text = measure.label.partition(", ")[2] or measure.label
    return text[:1].upper() + text[1:]


def finding(comparison: Comparison, labels: Mapping[str, str]) -> str:
    """Say in a sentence in how many runs integrated care stands at the end, policy by policy.

    Parameters
    ----------
    comparison : Comparison
        What the runs show.
    labels : mapping of str to str
        What to call each scenario; it may hold markup.
    """
    horizon = whole_years(comparison.months[-1])
    parts = [
        f"{entry.standing.count} of {entry.standing.trials} runs under {labels[entry.scenario]}"
        for entry in comparison.emergence
    ]
    return f"After {horizon} years integrated care stands in {listed(parts)}."
