"""Print what surgeries change, and how trust is arranged, in tables that fit eighty columns."""

from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from abm.analysis import wording
from abm.analysis.dissection.relations import Estimate
from abm.analysis.dissection.results import Anatomy, Dissection
from abm.analysis.dissection.surgeries import AVERAGE, INTACT
from abm.analysis.dissection.variance import COMPONENTS, MUTUAL
from abm.analysis.effects import Effect
from abm.interface.terminal.plain_tables import QUIET, plain_table
from abm.world.place import ORGANISATION_KINDS, TIE_KINDS

SHOWN = 5
"""Organisations listed at either end."""
MEANINGS = {
    "truster": "Who trusts, in every run",
    "trusted": "Who is trusted, in every run",
    "pair": "The pair, in every run",
    "run": "Luck of the whole run",
    "judging": "Who trusts, made in the run",
    "reputation": "Who is trusted, made in the run",
    "chance": "Chance of the single side",
    MUTUAL: "Mutual, among these",
}
ATTRIBUTES = {
    "people": "list",
    "neighbours": "neighbours",
    "main_share": "share of main hospital",
    "main_km": "distance to it",
}


def print_dissection(console: Console, found: Dissection) -> None:
    """Print what was found in one place."""
    console.print()
    head = (
        f"{found.place.label}, {found.scenario}, {wording.span(found.months)}, {found.replicates} paired runs"
    )
    console.print(Text(head, style="bold"))
    for table in (
        outcomes_table(found),
        relations_table(found),
        shares_table(found),
        *([] if found.betweenness is None else [brokers_table(found)]),
        left_out_table(found),
    ):
        console.print()
        console.print(table)
    console.print()
    console.print(Text(explanation(found), style=QUIET))


def outcomes_table(found: Dissection) -> Table:
    """Show how often integrated care stands under each surgery, and what it changes."""
    table = plain_table(
        "",
        "Standing",
        "Points",
        "Years until",
        "Achieved",
        "Trust",
        title="What surgery changes",
    )
    for one in found.outcomes:
        if one.surgery is INTACT:
            levels = (one.implementation_change.reference, one.trust_change.reference)
            cells = [
                Text(),
                Text(wording.years(one.months)),
                *(Text(wording.number(level)) for level in levels),
            ]
        else:
            cells = [
                _changed(one.standing_change, 100.0, 0),
                _changed(one.months_change, 1.0 / 12.0, 1),
                _changed(one.implementation_change, 1.0, 2),
                _changed(one.trust_change, 1.0, 2),
            ]
        table.add_row(Text(one.surgery.label), _share(one.standing), *cells)
    return table


def relations_table(found: Dissection) -> Table:
    """Show the measures of how trust is arranged, under each surgery that keeps the ties."""
    # Where everybody trusts alike there is nothing to correlate.
    bodies = {name: body for name, body in found.anatomies.items() if name != AVERAGE.name}
    labels = {one.surgery.name: one.surgery.label for one in found.outcomes}
    table = plain_table("", *(labels[name] for name in bodies), title="How trust is arranged at the end")

    def add(label: str, values: Sequence[Estimate]) -> None:
        table.add_row(Text(label), *map(_estimate, values))

    add("Reciprocity within kinds", [body.reciprocity["all"] for body in bodies.values()])
    for kind in TIE_KINDS:
        if kind in found.anatomies[INTACT.name].reciprocity:
            add(f"  {kind.replace('_', ' ')}", [body.reciprocity[kind] for body in bodies.values()])
    add("Agreement with third parties", [body.agreement for body in bodies.values()])
    add("Practices' trust, like neighbours'", [body.assortativity for body in bodies.values()])
    add("Neighbours alike in engagement", [body.joins for body in bodies.values()])
    return table


def shares_table(found: Dissection) -> Table:
    """Show where the variance of trust comes from."""
    body: Anatomy = found.anatomies[INTACT.name]
    table = plain_table("", "Per cent", title="Variance of trust at the end")
    if not body.shares:
        table.add_row(Text("takes two runs or more"), Text(wording.UNKNOWN))
        return table
    for name in (*COMPONENTS, MUTUAL):
        table.add_row(Text(MEANINGS[name]), _estimate(body.shares[name], 100.0, 1, " "))
    return table


def brokers_table(found: Dissection) -> Table:
    """Show over whom most paths of trust between others lead."""
    assert found.betweenness is not None
    table = plain_table("", "Kind", "Paths between others", title="Brokers")
    for row in np.argsort(-found.betweenness, kind="stable")[:SHOWN].tolist():
        kind = ORGANISATION_KINDS[found.place.organisation_kind[row]].replace("_", " ")
        share = wording.percentage(float(found.betweenness[row]))
        table.add_row(Text(found.place.organisation_name[row]), Text(kind), Text(share))
    return table


def left_out_table(found: Dissection) -> Table:
    """Show the practices that are engaged least and most often, and what they are like."""
    out = found.anatomies[INTACT.name].left_out
    table = plain_table("", "Engaged", "List", "Neighbours", "Main hospital", "Km", title="Who is left out")
    order = np.argsort(np.nan_to_num(out.engaged, nan=2.0), kind="stable").tolist()
    shown = order if len(order) <= 2 * SHOWN else [*order[:SHOWN], None, *order[-SHOWN:]]
    for place in shown:
        if place is None:
            table.add_row(Text("..."), *(Text() for _ in range(5)))
            continue
        table.add_row(
            Text(found.place.organisation_name[out.row[place]]),
            Text(wording.percentage(float(out.engaged[place]))),
            Text(f"{out.people[place]:,.0f}"),
            Text(f"{out.neighbours[place]:.0f}"),
            Text(wording.percentage(float(out.main_share[place]))),
            Text(wording.number(float(out.main_km[place]), 1)),
        )
    return table


def explanation(found: Dissection) -> str:
    """Return the note below the tables."""
    out = found.anatomies[INTACT.name].left_out
    ranks = ", ".join(
        f"{ATTRIBUTES[name]} {wording.signed(value)}" for name, value in out.correlations().items()
    )
    return (
        "Changes are means over pairs of runs, with 95% intervals; dim ones include zero. Points: of runs in which "
        "integrated care stands. Years until it emerges; runs without count with the month after the horizon. "
        "Achieved: implementation at the end. Trust: at the end, not counting that among practices. Correlations "
        "and shares of variance: 95% intervals by bootstrap over runs. How often practices of a place are engaged "
        "differs (variance) "
        f"{wording.number(out.spread_ratio, 1)} times as much as if they were exchangeable. Ranks of being "
        f"engaged correlate with: {ranks}. Partners of one organisation deal with each other in "
        f"{wording.percentage(found.transitivity)} of pairs."
    )


def _share(value: object) -> Text:
    told = wording.share(value)  # type: ignore[arg-type]
    return Text.assemble((told.estimate, "bold"), (f"\n{told.bracket}", QUIET))


def _changed(effect: Effect, unit: float, places: int) -> Text:
    values = [wording.signed(unit * value, places) for value in (effect.estimate, effect.low, effect.high)]
    style = "bold" if effect.excludes_zero else QUIET
    bracket = f"\n[{values[1]}, {values[2]}]".replace("+", "") if effect.pairs > 1 else ""
    return Text.assemble((values[0], style), (bracket, QUIET))


def _estimate(value: Estimate, unit: float = 1.0, places: int = 2, gap: str = "\n") -> Text:
    middle, low, high = (
        wording.number(unit * number, places) for number in (value.value, value.low, value.high)
    )
    if not np.isfinite(value.low):
        return Text(middle)
    style = "bold" if value.low > 0.0 or value.high < 0.0 else QUIET
    return Text.assemble((middle, style), (f"{gap}[{low}, {high}]", QUIET))
