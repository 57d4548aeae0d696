"""The tab Explore: levers on the left, the place in the middle, its measures and story on the right."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import solara

from abm.core.quantities.lever import Lever
from abm.interface.page.background.curve_bands import BAND_LABEL, CurveBand, emergence
from abm.interface.page.background.simulations import Sample
from abm.interface.page.session.asking import PREPARING, Ask, finite
from abm.interface.page.session.chronicle import month_name
from abm.interface.page.session.lever_records import HEADLINE, lever_groups, lever_records, lever_states
from abm.interface.page.session.picture_frames import Frames
from abm.interface.page.session.question import measures_by_name
from abm.interface.page.session.schedule_changes import Mark
from abm.interface.page.session.visit_state import AnsweredQuestion, Session, first_measures
from abm.interface.page.widgets.controls import Action, LeverPanel, Readout, Storyline, Timeline
from abm.interface.page.widgets.elements import box
from abm.interface.page.widgets.network_values import names_of
from abm.interface.page.widgets.network_view import NetworkView
from abm.interface.page.widgets.picture_tables import Table, network_table, series_table
from abm.interface.page.widgets.series_chart import SeriesChart
from abm.interface.page.widgets.series_values import Panel, SeriesLine, pack_lines, panel_records
from abm.records import shown_number

CHOSEN = ""
SMALL_PANELS = ("trust", "engagement", "admissions")


@solara.component
def Explore(session: Session) -> None:
    """Show the tab."""
    with box("lab-page lab-explore"):
        Ask(session)
        with box("lab-columns"):
            with box("lab-left"):
                Levers(session)
            with box("lab-middle", tag="main", id="lab-main", tabindex="-1"):
                Time(session)
                Stage(session)
                Selected(session)
            with box("lab-right"):
                Outcome(session)


@solara.component
def Outcome(session: Session) -> None:
    """Show the measures and the story, once the first run has arrived."""
    if session.answer.value is None:
        return
    with box("lab-card lab-figures", "section", **{"aria-label": "Measures over time"}):
        Now(session)
        Curves(session, (CHOSEN,))
    Happened(session)
    with box("lab-card lab-figures", "section", **{"aria-label": "Other measures over time"}):
        Curves(session, SMALL_PANELS)


@solara.component
def Levers(session: Session) -> None:
    """Show the levers."""
    question, month = session.question.value, session.use_first_month()
    states = solara.use_memo(lambda: lever_states(question), [question])
    levers = question.extensions.catalogue.levers
    records, groups = solara.use_memo(lambda: (lever_records(levers), lever_groups(levers)), [])

    def changed(change: dict[str, Any] | None) -> None:
        if change is None:
            return
        name = str(change.get("lever"))
        if "schedule" in change:
            session.change(lambda now: now.with_schedule(name, change["schedule"]))
        elif (value := finite(change.get("value"))) is not None:
            session.change(lambda now: now.with_value(name, value, session.month.value))

    def act(action: Action | None) -> None:
        if action is not None and action.kind == "undo":
            lever = action.content.get("lever")
            session.change(lambda now: now.without(lever if isinstance(lever, str) else None))

    LeverPanel.element(
        levers=records,
        groups=groups,
        headline=list(HEADLINE),
        states=states,
        month=month,
        months=question.months,
        start=question.start,
        on_change=changed,
        on_action=act,
    )


@solara.component
def Stage(session: Session) -> None:
    """Show the place in the month in view, once the first run has arrived."""
    if session.answer.value is None:
        text = PREPARING if session.is_preparing.value else "The first run of this place is being simulated …"
        with box("lab-card lab-stage lab-waiting", role="status"):
            box("", "p", [text])
        return
    with box("lab-card lab-stage"):
        if session.is_busy.value:
            box("lab-busy", "p", ["Simulating …"], role="status")
        Picture(session, session.answer.value)


@solara.component
def Picture(session: Session, answer: AnsweredQuestion) -> None:
    """Draw the place."""
    names = solara.use_memo(lambda: names_of(answer.place), [answer.place])
    frames = solara.use_memo(lambda: Frames(answer.place, answer.course), [answer])
    month = min(session.month.value, answer.course.months)
    organisations, places = session.highlighted.value
    title = f"{answer.place.label}, {month_name(answer.question.start, month)}"
    NetworkView.element(
        names=names,
        structure=session.atlas.sheet(answer.place),
        values=frames.packed(month),
        upcoming=frames.packed(month + 1),
        has_clock=True,
        start=answer.question.start,
        title=title,
        selected=session.selected.value,
        highlighted=list(organisations),
        highlighted_places=list(places),
        theme=session.theme.value,
        height=500,
        on_selected=session.select,
    )
    Table(
        f"{answer.place.label} in the month in view",
        lambda: network_table(answer.place, frames.values(month), session.selected.value),
    )


@solara.component
def Time(session: Session) -> None:
    """Show the controls of time."""
    question, answer = session.question.value, session.answer.value
    moves = answer.marks if answer else ()
    Timeline.element(
        month=session.month.value,
        shown=session.month.value,
        months=question.months,
        start=question.start,
        marks=told_marks(moves, question.extensions.catalogue.levers),
        on_month=session.show_month,
    )


def told_marks(moves: Sequence[Mark], levers: Mapping[str, Lever]) -> list[dict[str, Any]]:
    """Label the months in which levers move; for several levers in one month, give their number."""
    found: dict[int, list[Mark]] = {}
    for mark in moves:
        found.setdefault(mark.month, []).append(mark)
    return [{"month": month, "label": marks_label(own, levers)} for month, own in found.items()]


def marks_label(own: Sequence[Mark], levers: Mapping[str, Lever]) -> str:
    """Return a short label for the moves of a month."""
    if len(own) > 1:
        return f"{len(own)} levers move"
    record = levers.get(own[0].lever)
    return f"{record.label if record else own[0].lever} {shown_number(own[0].after, 3)}"


@solara.component
def Now(session: Session) -> None:
    """Show the measure in view as a number, and all measures as a table."""
    answer, month = session.answer.value, session.month.value
    if answer is None:
        return
    month = min(month, answer.course.months)
    is_open = session.is_listing.value
    names = first_measures(answer) if is_open else (session.measure.value,)
    known = measures_by_name(answer.question.extensions)
    rows = [measure_row(answer, name, month) for name in names if name in known]

    def act(action: Action | None) -> None:
        if action is not None and action.kind == "measure" and action.content.get("measure") in known:
            session.measure.set(str(action.content["measure"]))

    Readout.element(
        rows=rows,
        measure=session.measure.value,
        reference=answer.question.reference_scenario.label,
        odds=odds_told(answer, session.sample.value),
        is_open=is_open,
        on_is_open=session.is_listing.set,
        on_action=act,
    )


def measure_row(answer: AnsweredQuestion, name: str, month: int) -> dict[str, Any]:
    """Return the record of a measure in a month for the browser."""
    measure = measures_by_name(answer.question.extensions)[name]
    return {
        "name": name,
        "label": measure.label,
        "unit": measure.unit,
        "is_share": measure.unit.startswith("share"),
        "definition": measure.definition,
        "value": shown(float(answer.course.measure(name)[month])),
        "reference": shown(float(answer.reference.measure(name)[month])),
    }


def odds_told(answer: AnsweredQuestion, sample: Sample | None) -> str:
    """Return the sentence that says in how many runs integrated care emerges."""
    if sample is None:
        return ""
    share = emergence(sample, 1)
    return (
        f"Integrated care emerges within {answer.question.years:g} years in {share.count} of {share.trials} runs "
        f"({share.low:.0%} to {share.high:.0%})."
    )


def shown(value: float) -> float | None:
    """Return a number for the browser; None if it is missing."""
    return None if math.isnan(value) else value


@solara.component
def Curves(session: Session, names: tuple[str, ...]) -> None:
    """Show measures over the months; `CHOSEN` stands for the measure in view."""
    if session.answer.value is not None:
        wanted = tuple(session.measure.value if name == CHOSEN else name for name in names)
        Drawn(session, session.answer.value, session.sample.value, wanted)


@solara.component
def Drawn(session: Session, answer: AnsweredQuestion, sample: Sample | None, names: tuple[str, ...]) -> None:
    """Draw measures over the months; during play only the month moves, within the browser."""
    months, first = answer.course.months, session.use_first_month()

    def prepared() -> tuple[list[Panel], list[dict[str, Any]], bytes]:
        known = measures_by_name(answer.question.extensions)
        panels = [panel_of(session, answer, name) for name in names if name in known]
        return panels, panel_records(panels), pack_lines(panels, months)

    panels, records, values = solara.use_memo(prepared, [answer, sample, names])
    SeriesChart.element(
        panels=records,
        values=values,
        months=months,
        month=first,
        has_clock=True,
        start=answer.question.start,
        marks=told_marks(answer.marks, answer.question.extensions.catalogue.levers),
        band_label=BAND_LABEL.format(size=sample.size) if sample is not None else "",
        title=f"{answer.question.scenario.label} at {answer.place.label}",
        columns=1,
        height=150,
        theme=session.theme.value,
    )
    Table(
        f"{', '.join(panel.measure.label for panel in panels)}, by year", lambda: series_table(panels, months)
    )


def panel_of(session: Session, answer: AnsweredQuestion, name: str) -> Panel:
    """Return the chart of a measure: the counterfactual and the run, with their bands."""
    bands = session.bands(name) or (None, None)
    question = answer.question
    lines = [
        line(question.reference_scenario.label, "counterfactual", answer.reference.measure(name), bands[0]),
        line("This policy", "focus", answer.course.measure(name), bands[1]),
    ]
    return Panel(measures_by_name(question.extensions)[name], lines)


def line(label: str, role: str, values: Any, own: CurveBand | None) -> SeriesLine:
    """Return a line, with its band if there is one."""
    return SeriesLine(label, role, values, own.low if own else None, own.high if own else None)


@solara.component
def Happened(session: Session) -> None:
    """Show the run in words."""
    answer = session.answer.value
    entries = solara.use_memo(lambda: told_entries(answer), [answer])

    def act(action: Action | None) -> None:
        if action is None or action.kind != "entry":
            return
        number = action.content.get("number")
        if isinstance(number, int):
            session.point_at(number)

    Storyline.element(entries=entries, month=session.use_first_month(), on_action=act)


def told_entries(answer: AnsweredQuestion | None) -> list[dict[str, Any]]:
    """Prepare the chronicle for the browser."""
    if answer is None:
        return []
    return [
        {
            "number": number,
            "month": entry.month,
            "when": month_name(answer.question.start, entry.month),
            "kind": entry.kind,
            "text": entry.text,
        }
        for number, entry in enumerate(answer.entries)
    ]


@solara.component
def Selected(session: Session) -> None:
    """Show the history of what is selected."""
    from abm.interface.page.explore.selection_card import Selection

    answer, selected = session.answer.value, session.selected.value
    if answer is not None and selected:
        Selection(session, answer, selected)
