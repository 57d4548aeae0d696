"""Write the sections of a report that tell what came of the policies: tables and figures."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from abm.analysis import wording
from abm.analysis.comparison import FEWEST_FOR_RANGE, Band, Emergence
from abm.analysis.effects import Effect
from abm.analysis.emergence import Proportion
from abm.analysis.figures import Frame, Line, interval_bar, line_plot, nice_axis
from abm.analysis.markup import figure, group, head, key, note, paragraph, row, row_head, section, table
from abm.analysis.story import Story
from abm.core.part import Measure
from abm.core.vocabulary import MONTHS_PER_YEAR
from abm.texts import escape

PERCENT_TICKS = tuple((share, f"{100 * share:.0f}%") for share in (0.0, 0.25, 0.5, 0.75, 1.0))
WIDE_WIDTH, WIDE_HEIGHT = 880.0, 340.0
NARROW_WIDTH, NARROW_HEIGHT = 340.0, 280.0
SMALL_WIDTH, SMALL_HEIGHT = 290.0, 180.0
LABEL_LETTER_WIDTH = 7.0
WIDEST_LABELS = 0.4
YEAR_INTERVALS, SMALL_YEAR_INTERVALS = 10, 2
LEVEL_INTERVALS, SHARE_INTERVALS = 3, 2


def emergence_section(story: Story) -> str:
    """Describe in how many runs integrated care emerged and stood, and when it emerged."""
    rows = []
    for index, entry in enumerate(story.comparison.emergence):
        median = wording.median_time(entry.survival)
        time = _told_cell(escape(median.estimate), escape(median.interval))
        shares = [
            _share_cell(entry.ever, entry.ever_effect, index),
            _share_cell(entry.standing, entry.standing_effect, index),
        ]
        rows.append(row(row_head(story.labels[entry.scenario], series=index), *shares, time))
    heads = [
        head("Policy"),
        head("Emerged at some time", "share of runs"),
        head("Standing at the end", "share of runs"),
        head("Median", "years"),
    ]
    values = story.scenarios[0].parameter_values
    return section(
        "Whether and when it emerges",
        paragraph(
            "Integrated care has <strong>emerged</strong> when implementation, weighted by registered people, has "
            f"been at {values['emergence.threshold']:g} or above for {values['emergence.months']:g} months in a "
            "row. It <strong>stands</strong> when that is so in the last month."
        ),
        table(heads, rows),
        figure(
            _survival_figure(story),
            "Share of runs in which integrated care has emerged, by years since the start: Kaplan&ndash;Meier "
            "estimate with 95% log-log interval. Runs that have not emerged by the end are censored there, not "
            "counted as failures.",
        ),
        note(
            "Shares carry Wilson's 95% score interval; differences from the reference are paired, with "
            "Newcombe's interval. A median is given where half of the runs emerge within the horizon."
        ),
    )


def effects_section(story: Story) -> str:
    """Describe what the policies changed, pair by pair, at the end and before."""
    comparison = story.comparison
    if len(comparison.scenarios) == 1:
        return ""
    tables = "".join(
        f"<h3>After {wording.span(month)}</h3>{_effect_table(story, month)}"
        for month in reversed(comparison.months)
    )
    reference = escape(story.labels[comparison.reference])
    expected = max(1, round(len(comparison.effects) * 0.05))
    return section(
        "What else the policies change",
        paragraph(
            f"Each number is the mean difference from <strong>{reference}</strong> over replicates that share "
            "every accident of fate, with its 95% interval (Student's t over pairs; Newcombe's method "
            "for yes/no outcomes)."
        ),
        tables,
        note(
            "Bars of one group share a scale; groups do not. Grey marks intervals that include zero. Of "
            f"{len(comparison.effects)} intervals at 95% about {expected} would miss by chance alone."
        ),
    )


def courses_section(story: Story) -> str:
    """Show how each measure moved over the years under each policy."""
    panels = "".join(_panel(story, measure) for measure in story.comparison.measures)
    median = "Median over replicates, month by month"
    if story.comparison.replicates >= FEWEST_FOR_RANGE:
        median += ", and the band that holds the middle 80% of them"
    return section(
        "How it unfolds",
        paragraph(
            f"{median}; for yes/no outcomes, the share of replicates with the outcome. Years since the start run "
            "to the right. "
            "The number at the end of a curve is its last value."
        ),
        key(story),
        f'<div class="multiples">{panels}</div>',
    )


def break_even_section(story: Story) -> str:
    """Describe where the hospital's payoff of cooperation turns under each policy."""
    rows = [
        row(
            row_head(story.labels[scenario.name], series=index),
            f"<td>{wording.number(entry.activity_share)}</td>",
            f'<td><span class="est">{wording.number(entry.break_even)}</span></td>',
            f"<td>{'gains by cooperation' if entry.gains else 'loses by cooperation'}</td>",
        )
        for index, (entry, scenario) in enumerate(zip(story.break_even, story.scenarios, strict=True))
    ]
    heads = [
        head("Policy"),
        head("Paid by activity", "share, at the end"),
        head("Break-even share a*"),
        head("A hospital's own payoff"),
    ]
    return section(
        "Where a hospital's payoff turns",
        paragraph(
            "An avoided admission costs a hospital its tariff and spares it the marginal cost; from the share of "
            'savings it gains. The sign turns at the activity share <span class="mono">a* = gain&nbsp;h / '
            '((1 &minus; c) + gain&nbsp;h)</span>, with <span class="mono">c</span> the marginal cost share and '
            '<span class="mono">h</span> the weight of the budget horizon: above a* cooperation costs the '
            "hospital money, below it pays."
        ),
        table(heads, rows),
        note("Own payoff, before an alliance pools it and before incentive money."),
    )


def _share_cell(proportion: Proportion, change: Effect | None, series: int) -> str:
    told = wording.share(proportion)
    said = f"{proportion.count} of {proportion.trials}, {told.interval}%"
    bar = interval_bar(proportion.estimate, proportion.low, proportion.high, (0.0, 1.0), series)
    against = ""
    if change is not None:
        more = wording.points(change)
        against = f'<span class="ci">{more.estimate} points on reference ({more.interval})</span>'
    return f'<td><span class="est">{told.estimate}</span> <span class="unit">{said}</span>{bar}{against}</td>'


def _survival_figure(story: Story) -> str:
    """Draw the curves twice, for wide and for narrow screens, so that text keeps its size."""
    letters = max(len(label) for label in story.labels.values())
    margin = min(16.0 + letters * LABEL_LETTER_WIDTH, WIDE_WIDTH * WIDEST_LABELS)
    wide = _survival_plot(story, (WIDE_WIDTH, WIDE_HEIGHT, margin), is_labelled=True)
    narrow = _survival_plot(story, (NARROW_WIDTH, NARROW_HEIGHT, 16.0), is_labelled=False)
    return f'<div class="wide">{wide}</div><div class="narrow">{key(story)}{narrow}</div>'


def _survival_plot(story: Story, size: tuple[float, float, float], is_labelled: bool) -> str:
    width, height, margin = size
    longest = max(entry.survival.follow_up for entry in story.comparison.emergence) / MONTHS_PER_YEAR
    return line_plot(
        [
            _survival_line(entry, index, story.labels[entry.scenario] if is_labelled else "")
            for index, entry in enumerate(story.comparison.emergence)
        ],
        Frame(width, height, 44, margin, 12, 44, (0.0, longest), (0.0, 1.0)),
        description=wording.finding(story.comparison, story.labels),
        y_ticks=PERCENT_TICKS,
        x_ticks=_year_ticks(longest, YEAR_INTERVALS),
        x_label="years since the start",
        is_step=True,
    )


def _survival_line(entry: Emergence, series: int, label: str) -> Line:
    curve = entry.survival
    x = np.concatenate(([0.0], curve.times, [curve.follow_up])) / MONTHS_PER_YEAR
    middle, low, high = _carried(1.0 - curve.survival), _carried(1.0 - curve.high), _carried(1.0 - curve.low)
    return Line(series, x, middle, low, high, label)


def _carried(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Start a curve at 0 and carry it to the end of the follow-up.

    Where every run has emerged the log-log interval has no value; the last one that it had is carried on.
    """
    filled = [0.0]
    for value in shares.tolist():
        filled.append(value if math.isfinite(value) else filled[-1])
    return np.array([*filled, filled[-1]])


def _effect_table(story: Story, month: int) -> str:
    comparison = story.comparison
    others = comparison.scenarios[1:]
    rows = []
    for title, scale, measures in wording.grouped(comparison.measures):
        effects = [[comparison.effect(measure.name, name, month) for name in others] for measure in measures]
        reach = _reach([effect for line in effects for effect in line])
        rows.append(group(f"{title}, {scale}", len(others) + 2))
        for measure, line in zip(measures, effects, strict=True):
            reference = f"<td>{wording.number(line[0].reference)}</td>"
            cells = [_effect_cell(effect, reach, index + 1) for index, effect in enumerate(line)]
            rows.append(row(row_head(wording.short_label(measure)), reference, *cells))
    heads = [head("Measure"), head(story.labels[comparison.reference], "mean", 0)]
    heads += [
        head(story.labels[name], "difference, 95% interval", index + 1) for index, name in enumerate(others)
    ]
    return table(heads, rows)


def _effect_cell(effect: Effect, reach: tuple[float, float], series: int) -> str:
    told = wording.difference(effect)
    bar = interval_bar(effect.estimate, effect.low, effect.high, reach, series if effect.excludes_zero else 0)
    interval = told.interval or ("the same in every pair" if effect.pairs > 1 else "one pair")
    return _told_cell(told.estimate, interval, bar, "" if effect.excludes_zero else ' class="none"')


def _told_cell(estimate: str, interval: str, bar: str = "", attributes: str = "") -> str:
    return f'<td{attributes}><span class="est">{estimate}</span><span class="ci">{interval}</span>{bar}</td>'


def _reach(effects: Sequence[Effect]) -> tuple[float, float]:
    ends = [value for effect in effects for value in (effect.low, effect.high) if math.isfinite(value)]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    return (low, high) if low < high else (-1.0, 1.0)


def _panel(story: Story, measure: Measure) -> str:
    bands = [band for band in story.comparison.bands if band.measure.name == measure.name]
    (low, high), ticks = _levels(measure, bands)
    places = max(2, 1 + _decimals_of(ticks[1] - ticks[0]))
    lines = [_panel_line(band, index, places) for index, band in enumerate(bands)]
    longest = max(float(line.x[-1]) for line in lines)
    ends = [f"{story.labels[band.scenario]} {line.label}" for band, line in zip(bands, lines, strict=True)]
    plot = line_plot(
        lines,
        Frame(SMALL_WIDTH, SMALL_HEIGHT, 32, 40, 8, 24, (0.0, longest), (low, high)),
        description=f"{measure.label} over the years, at the end {', '.join(ends)}",
        y_ticks=[(tick, wording.number(tick, _decimals_of(ticks[1] - ticks[0]))) for tick in ticks],
        x_ticks=_year_ticks(longest, SMALL_YEAR_INTERVALS),
        kind="small",
    )
    return (
        f'<figure><h3>{escape(measure.label)}</h3><p class="unit">{escape(measure.unit)}</p>{plot}</figure>'
    )


def _panel_line(band: Band, series: int, places: int) -> Line:
    low, middle, high = band.quantiles
    known = middle[np.isfinite(middle)]
    label = wording.number(float(known[-1]), places) if known.size else ""
    return Line(series, np.arange(middle.size) / MONTHS_PER_YEAR, middle, low, high, label)


def _levels(measure: Measure, bands: Sequence[Band]) -> tuple[tuple[float, float], tuple[float, ...]]:
    """Choose the vertical axis: the whole range where it is bounded, what occurs where it is not."""
    if math.isfinite(measure.low) and math.isfinite(measure.high):
        return nice_axis(measure.low, measure.high, SHARE_INTERVALS)
    values = np.concatenate([band.quantiles.ravel() for band in bands])
    values = values[np.isfinite(values)]
    return nice_axis(float(values.min()), float(values.max()), LEVEL_INTERVALS)


def _decimals_of(step: float) -> int:
    text = f"{step:.6f}".rstrip("0")
    return len(text) - text.index(".") - 1


def _year_ticks(longest: float, intervals: int) -> tuple[tuple[float, str], ...]:
    _, ticks = nice_axis(0.0, longest, intervals)
    return tuple((tick, f"{tick:g}") for tick in ticks if tick <= longest)
