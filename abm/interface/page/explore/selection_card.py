"""The card of what is selected in the picture: an organisation, a tie or a place, with its history."""

from typing import Any

import numpy as np
import solara

from abm.core.part import Measure
from abm.interface.page.background.course import Course
from abm.interface.page.session.visit_state import AnsweredQuestion, Session
from abm.interface.page.widgets.elements import Press, box
from abm.interface.page.widgets.network_values import TIE_LABELS
from abm.interface.page.widgets.picture_tables import Table, series_table
from abm.interface.page.widgets.series_chart import SeriesChart
from abm.interface.page.widgets.series_values import Panel, SeriesLine, pack_lines, panel_records
from abm.interface.pictures.map_symbols import LABELS
from abm.world.place import OrganisationKind, Place

PARTNERS_SHOWN = 12


@solara.component
def Selection(session: Session, answer: AnsweredQuestion, selected: dict[str, Any]) -> None:
    """Show name, facts, history and partners of what is selected."""
    first = session.use_first_month()
    kind, row = selected.get("kind"), selected.get("row")
    place = answer.place
    sizes = {"organisation": place.organisations, "tie": place.ties, "place": len(place.place_names)}
    if kind not in sizes or not isinstance(row, int) or not 0 <= row < sizes[str(kind)]:
        return
    title, facts, panels = described(str(kind), row, answer)
    month = min(session.month.value, answer.course.months)
    with box("lab-card lab-selection", "section", **{"aria-label": title}):
        with box("lab-card-head"):
            box("", "h2", [title])
            Press("Close", lambda: session.select(None))
        box("lab-hint", "p", [facts])
        SeriesChart.element(
            panels=panel_records(panels),
            values=pack_lines(panels, answer.course.months),
            months=answer.course.months,
            month=first,
            has_clock=True,
            start=answer.question.start,
            title=title,
            columns=2,
            height=130,
            theme=session.theme.value,
        )
        Table(f"{title}, by year", lambda: series_table(panels, answer.course.months))
        if kind == "organisation":
            Partners(answer, row, month)


@solara.component
def Partners(answer: AnsweredQuestion, row: int, month: int) -> None:
    """Show the partners of an organisation, and how much either side trusts the other."""
    rows = partner_rows(answer.place, answer.course, row, month)
    with (
        box("lab-scroll", tabindex="0", role="region", **{"aria-label": "Partners"}),
        box("lab-table", "table"),
    ):
        box("lab-hidden-text", "caption", ["Partners, in the order of trust"])
        with box("", "thead"), box("", "tr"):
            for head in ("Partner", "Tie", "Trusts them", "Is trusted"):
                box("", "th", [head], scope="col")
        with box("", "tbody"):
            for name, tie, given, received in rows[:PARTNERS_SHOWN]:
                with box("", "tr"):
                    box("", "th", [name], scope="row")
                    box("", "td", [tie])
                    box("lab-number", "td", [f"{given:.2f}"])
                    box("lab-number", "td", [f"{received:.2f}"])
    if len(rows) > PARTNERS_SHOWN:
        box("lab-hint", "p", [f"and {len(rows) - PARTNERS_SHOWN} more partners"])


def partner_rows(place: Place, course: Course, row: int, month: int) -> list[tuple[str, str, float, float]]:
    """List partners of an organisation: name, kind of tie, trust given and received; the most trusted first."""
    found = []
    for tie in np.flatnonzero((place.tie_ends == row).any(axis=1)).tolist():
        side = int(place.tie_ends[tie, 1] == row)
        other = int(place.tie_ends[tie, 1 - side])
        both = course.history("trust", tie)[month]
        found.append(
            (
                place.organisation_name[other],
                TIE_LABELS[int(place.tie_kind[tie])],
                float(both[side]),
                float(both[1 - side]),
            )
        )
    return sorted(found, key=lambda one: -one[2])


def described(kind: str, row: int, answer: AnsweredQuestion) -> tuple[str, str, list[Panel]]:
    """Return title, facts and history of what is selected."""
    if kind == "organisation":
        return organisation(row, answer)
    return tie(row, answer) if kind == "tie" else one_place(row, answer)


def organisation(row: int, answer: AnsweredQuestion) -> tuple[str, str, list[Panel]]:
    """Return title, facts and history of an organisation."""
    place, course = answer.place, answer.course
    own = OrganisationKind(int(place.organisation_kind[row]))
    ties = np.flatnonzero((place.tie_ends == row).any(axis=1))
    sides = (place.tie_ends[ties, 1] == row).astype(int)
    trust = (
        course.states["trust"][:, ties, sides].mean(axis=1) / 255
        if len(ties)
        else np.zeros(course.months + 1)
    )
    name = place.organisation_name[row]
    people = round(float(place.population_served[row]))
    facts = f"{LABELS[own]}, {people:,} people, {len(ties)} partners"
    if row < place.acute_providers:
        facts += f", {round(float(place.beds[row])):,} beds"
    panels = [
        panel("Trust in partners", "trust", 1.0, trust, name),
        panel("Pressure", "index", 1.0, course.history("pressure", row), name),
    ]
    if row < place.acute_providers:
        panels.append(panel("Bed occupancy", "share of beds", np.inf, course.history("occupancy", row), name))
    return name, facts + ".", panels


def tie(row: int, answer: AnsweredQuestion) -> tuple[str, str, list[Panel]]:
    """Return title, facts and history of a tie."""
    place, course = answer.place, answer.course
    first, second = (place.organisation_name[end] for end in place.tie_ends[row].tolist())
    both = course.history("trust", row)
    measure = Measure("trust", "Trust", "trust", 0, 1, "Trust of either side in the other")
    lines = [
        SeriesLine(f"{first} in {second}", "policy", both[:, 0], number=0),
        SeriesLine(f"{second} in {first}", "policy", both[:, 1], number=1),
    ]
    facts = f"{TIE_LABELS[int(place.tie_kind[row])]}, in {place.place_names[place.tie_place[row]]}."
    return f"{first} and {second}", facts, [Panel(measure, lines)]


def one_place(row: int, answer: AnsweredQuestion) -> tuple[str, str, list[Panel]]:
    """Return title, facts and history of a place."""
    place, course = answer.place, answer.course
    name = place.place_names[row]
    at_home = place.organisation_place == row
    practices = int((at_home & (place.organisation_kind == OrganisationKind.PRACTICE)).sum())
    facts = f"{round(float(place.population[row])):,} people, {practices} practices."
    panels = [
        panel("Implementation", "share", 1.0, course.states["implementation"][:, row], name),
        panel("Engaged practices", "share of people", 1.0, course.states["engagement"][:, row], name),
        panel("Trust behind the board", "trust", 1.0, course.states["board_trust"][:, row], name),
    ]
    return name, facts, panels


def panel(label: str, unit: str, high: float, values: Any, name: str) -> Panel:
    """Return a chart of one line."""
    measure = Measure(label.lower().replace(" ", "_"), label, unit, 0.0, high, label)
    return Panel(measure, [SeriesLine(name, "focus", values)])
