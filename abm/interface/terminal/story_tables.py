"""Print a comparison of scenarios, or the course of one: tables that fit eighty columns."""

import math
from collections.abc import Iterable, Sequence

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from abm.analysis import wording
from abm.analysis.comparison import FEWEST_FOR_RANGE, Comparison
from abm.analysis.differences import Setting
from abm.analysis.effects import Effect
from abm.analysis.story import Story
from abm.interface.terminal.plain_tables import QUIET, plain_table

MEASURE_WIDTH, MEAN_WIDTH, EFFECT_WIDTH, GAP = 22, 5, 23, 2
ESTIMATE_WIDTH = 6
DECIMALS = 3


def differences_table(story: Story) -> RenderableType:
    """Return which levers differ, how they move, and their doses."""
    if not story.levers and not story.others:
        return Text("The policies do not differ in anything that can change a result.")
    reference = story.labels[story.comparison.reference]
    table = plain_table(
        "", *story.labels.values(), title=f"What differs between the policies (same: as under {reference})"
    )
    for line in story.levers:
        cells = [
            Text("same", style=QUIET) if place and setting == line.settings[0] else _setting(setting)
            for place, setting in enumerate(line.settings)
        ]
        table.add_row(Text(line.lever.label), *cells)
    for other in story.others:
        table.add_row(Text(other.label), *map(Text, other.values))
    return table


def emergence_table(story: Story) -> Table:
    """Return how often and when integrated care emerged, with intervals."""
    heads = ("", "Emerged ever", "Standing at the end", "Median years")
    table = plain_table(*heads, title="Whether and when integrated care emerges")
    for entry in story.comparison.emergence:
        cells = (
            wording.share(entry.ever),
            wording.share(entry.standing),
            wording.median_time(entry.survival),
        )
        table.add_row(Text(story.labels[entry.scenario]), *map(_told, cells))
    return table


def effects_tables(story: Story, width: int) -> RenderableType:
    """Return what each policy changed by the end, in as many tables as the width requires.

    Parameters
    ----------
    story : Story
        The comparison and what is needed to report it.
    width : int
        Columns of the terminal.
    """
    others = story.comparison.scenarios[1:]
    abreast = max(1, (width - MEASURE_WIDTH - GAP - MEAN_WIDTH) // (EFFECT_WIDTH + GAP))
    parts: list[RenderableType] = []
    for start in range(0, len(others), abreast):
        parts += [Text()] if start else []
        parts.append(_effects_table(story, others[start : start + abreast]))
    return Group(*parts)


def course_table(story: Story) -> Table:
    """Return one scenario's measures at the start, half way and at the end."""
    comparison = story.comparison
    moments = (0, *comparison.months)
    table = plain_table(
        "", *(f"Year {wording.whole_years(month)}" for month in moments), title="How it unfolds"
    )
    bands = {band.measure.name: band for band in comparison.bands}
    for group, _, measures in wording.grouped(comparison.measures):
        table.add_row(Text(group, style="italic"))
        for measure in measures:
            told = [_quantiles(bands[measure.name].quantiles[:, month].tolist()) for month in moments]
            table.add_row(Text(wording.short_label(measure)), *map(_told, told))
    return table


def print_story(console: Console, story: Story) -> None:
    """Print a comparison, or the course of a single scenario."""
    comparison = story.comparison
    is_comparison = len(comparison.scenarios) > 1
    console.print()
    console.print(Text(f"{story.place}, {_size(comparison)}", style="bold"))
    console.print(Text(wording.finding(comparison, story.labels)))
    console.print()
    if is_comparison:
        console.print(differences_table(story))
        console.print()
    console.print(emergence_table(story))
    console.print()
    console.print(effects_tables(story, console.width) if is_comparison else course_table(story))
    console.print()
    console.print(Text(_note(story), style=QUIET))


def _note(story: Story) -> str:
    if len(story.comparison.scenarios) == 1:
        has_range = story.comparison.replicates >= FEWEST_FOR_RANGE
        middle = (
            "with the range of the middle 80%" if has_range else "(a range needs five or more replicates)"
        )
        return (
            f"Shares with Wilson's 95% interval. Medians over replicates {middle}; "
            "for yes/no outcomes, the share of runs."
        )
    reference = story.labels[story.comparison.reference]
    return (
        f"Mean: under {reference}. Differences are means over pairs of replicates with 95% intervals; "
        "dim ones include zero. Shares with Wilson's 95% interval."
    )


def _effects_table(story: Story, names: Sequence[str]) -> Table:
    comparison = story.comparison
    month = comparison.months[-1]
    title = f"Change at year {wording.whole_years(month)} from {story.labels[comparison.reference]}"
    table = plain_table("", "Mean", *(story.labels[name] for name in names), title=title)
    table.columns[0].min_width = MEASURE_WIDTH
    table.columns[1].justify = "right"
    for column in table.columns[2:]:
        column.min_width = EFFECT_WIDTH
    chosen = [entry for entry in comparison.emergence if entry.scenario in names]
    _add_effects(table, "Emerged ever", [entry.ever_effect for entry in chosen])
    _add_effects(table, "Standing at the end", [entry.standing_effect for entry in chosen])
    for group, _, measures in wording.grouped(comparison.measures):
        table.add_row(Text(group, style="italic"))
        for measure in measures:
            effects = [comparison.effect(measure.name, name, month) for name in names]
            _add_effects(table, wording.short_label(measure), effects)
    return table


def _add_effects(table: Table, label: str, effects: Iterable[Effect | None]) -> None:
    known = [effect for effect in effects if effect is not None]
    cells = []
    for effect in known:
        told = wording.difference(effect, DECIMALS)
        style = "bold" if effect.excludes_zero else QUIET
        cells.append(
            Text.assemble((f"{told.estimate:>{ESTIMATE_WIDTH}}", style), (f" {told.bracket}", QUIET))
        )
    table.add_row(Text(label), Text(wording.number(known[0].reference)), *cells)


def _setting(setting: Setting) -> Text:
    dose = f" dose {wording.amount(setting.dose)}" if setting.dose else ""
    return Text.assemble(setting.course, (dose, QUIET))


def _quantiles(quantiles: Sequence[float]) -> wording.Told:
    low, middle, high = quantiles
    if not math.isfinite(low):
        return wording.Told(wording.number(middle))
    return wording.Told(*map(wording.number, (middle, low, high)))


def _told(told: wording.Told) -> Text:
    return Text.assemble((told.estimate, "bold"), (f" {told.bracket}" if told.low else "", QUIET))


def _size(comparison: Comparison) -> str:
    runs = f"{comparison.replicates} replicate{'s' if comparison.replicates > 1 else ''}"
    paired = f"{runs} each, paired" if len(comparison.scenarios) > 1 else runs
    return f"{wording.span(comparison.months[-1])}, {paired}"
