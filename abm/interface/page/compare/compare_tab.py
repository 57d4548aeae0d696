"""Compare: two or three policies side by side on the same accidents of fate, at the same time."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import solara

from abm.core.part import Measure
from abm.interface.page.background.curve_bands import (
    BAND_LABEL,
    band,
    emergence,
    emergence_curve,
    paired_difference,
)
from abm.interface.page.background.simulations import Sample
from abm.interface.page.compare.comparison_state import SIZES, ComparisonState, Contest
from abm.interface.page.session.asking import PREPARING, Ask, choices
from abm.interface.page.session.chronicle import month_name
from abm.interface.page.session.link import FIRST_MEASURE
from abm.interface.page.session.picture_frames import Frames
from abm.interface.page.session.question import measures_by_name
from abm.interface.page.session.visit_state import Session
from abm.interface.page.widgets.controls import Action, EmergenceTable, Rivals, Timeline
from abm.interface.page.widgets.elements import box
from abm.interface.page.widgets.network_values import names_of
from abm.interface.page.widgets.network_view import NetworkView
from abm.interface.page.widgets.picture_tables import (
    Rows,
    Table,
    difference_table,
    network_table,
    series_table,
)
from abm.interface.page.widgets.series_chart import SeriesChart
from abm.interface.page.widgets.series_values import Panel, SeriesLine, pack_lines, panel_records

GROUP = "compare"
EMERGED = Measure(
    "emerged", "Integrated care has emerged", "share", 0, 1, "Share of runs in which it has emerged by then"
)


@solara.component
def Compare(session: Session, comparison: ComparisonState) -> None:
    """Show the tab."""
    question, names = session.question.value, session.compared.value
    is_preparing = session.is_preparing.value
    solara.use_effect(comparison.refresh, [question, names, is_preparing])
    contest = comparison.contest.value
    with box("lab-page lab-compare"):
        Ask(session, ("place",))
        Choose(session, comparison)
        with box("lab-middle", tag="main", id="lab-main", tabindex="-1"):
            Clock(session)
            if contest is None or not contest.courses:
                text = PREPARING if is_preparing else "The policies are being simulated …"
                box("lab-card lab-waiting", "p", [text], role="status")
            else:
                Pictures(session, contest)
                with box("lab-results"):
                    Chart(session, comparison, contest)
                    Odds(session, comparison, contest)


@solara.component
def Choose(session: Session, comparison: ComparisonState) -> None:
    """Show the choice of policies, measure and number of replicates."""
    progress = comparison.progress.value
    known = measures_by_name(session.question.value.extensions)
    mine = ("mine", f"Yours from Explore: {session.question.value.scenario.label}")

    def act(action: Action | None) -> None:
        if action is not None:
            answer_choice(session, comparison, action)

    Rivals.element(
        names=list(session.compared.value),
        choices=[mine, *choices()["preset"]],
        measures=[(name, measure.label) for name, measure in known.items()],
        measure=session.measure.value,
        sizes=[size for size in SIZES if size <= session.limits.replicates],
        size=comparison.size.value,
        done=progress.done,
        is_running=progress.is_running,
        on_action=act,
    )


def answer_choice(session: Session, comparison: ComparisonState, action: Action) -> None:
    """Apply what a visitor chose."""
    content = action.content
    known = measures_by_name(session.question.value.extensions)
    position, size = content.get("position"), content.get("size")
    if action.kind == "policy" and isinstance(position, int):
        comparison.choose(position, str(content.get("name")))
    elif action.kind == "measure" and content.get("measure") in known:
        session.measure.set(str(content["measure"]))
    elif action.kind == "size" and isinstance(size, int):
        comparison.resize(size)
    elif action.kind == "stop":
        comparison.stop()


@solara.component
def Clock(session: Session) -> None:
    """Show the controls of the time that all policies share."""
    question = session.question.value
    Timeline.element(
        month=session.month.value,
        shown=session.month.value,
        months=question.months,
        start=question.start,
        marks=[],
        on_month=session.show_month,
    )


@solara.component
def Pictures(session: Session, contest: Contest) -> None:
    """Draw the place under each policy in the month in view; for two policies also the difference."""
    month = min(session.month.value, contest.question.months)
    frames = solara.use_memo(lambda: frames_of(contest), [contest])
    titles = list(contest.labels)
    if len(titles) == 2:
        titles.append(f"Difference: {contest.labels[1]} less {contest.labels[0]}")
    structure = session.atlas.sheet(contest.place)
    names = names_of(contest.place)
    when = month_name(contest.question.start, month)
    with box("lab-pictures"):
        for number, (title, own) in enumerate(zip(titles, frames, strict=True)):
            with box("lab-card lab-stage", "section", **{"aria-label": title}).key(f"{number}-{len(titles)}"):
                with box("lab-rival"):
                    if own.against is None:
                        box(f"lab-key lab-key-{number}", "span", **{"aria-hidden": "true"})
                    box("", "h2", [title])
                NetworkView.element(
                    names=names,
                    structure=structure,
                    values=own.packed(month),
                    upcoming=own.packed(month + 1),
                    has_clock=True,
                    start=contest.question.start,
                    title=f"{title}, {when}",
                    selected=session.selected.value,
                    theme=session.theme.value,
                    height=330,
                    group=GROUP,
                    on_selected=session.select,
                )
                Table(f"{title}, {when}", partial(month_table, frames, number, month, session.selected.value))


def frames_of(contest: Contest) -> list[Frames]:
    """Prepare the pictures of a comparison; for two policies also their difference."""
    place, courses = contest.place, contest.courses
    frames = [Frames(place, course) for course in courses]
    return [*frames, Frames(place, courses[1], courses[0])] if len(courses) == 2 else frames


def month_table(
    frames: Sequence[Frames], number: int, month: int, selected: dict[str, Any] | None
) -> tuple[Sequence[str], Rows]:
    """Tabulate a picture of a comparison."""
    own = frames[number]
    if own.against is None:
        return network_table(own.place, own.values(month), selected)
    return difference_table(own.place, own.values(month), frames[0].values(month), selected)


@solara.component
def Chart(session: Session, comparison: ComparisonState, contest: Contest) -> None:
    """Draw the measure under each policy, and the difference from the reference with its interval."""
    sample, first = comparison.sample.value, session.use_first_month()
    name, measure = measure_in_view(session)
    size = sample.size if sample is not None else 0

    def prepared() -> tuple[list[Panel], list[dict[str, Any]], bytes]:
        found = panels_of(contest, sample, name)
        return found, panel_records(found), pack_lines(found, contest.question.months)

    panels, records, values = solara.use_memo(prepared, [contest, sample, name])
    with box("lab-card lab-figures", "section", **{"aria-label": "Measures over time"}):
        SeriesChart.element(
            panels=records,
            values=values,
            months=contest.question.months,
            month=first,
            has_clock=True,
            start=contest.question.start,
            band_label=(
                f"{BAND_LABEL.format(size=size)}; of differences and shares the 95% interval" if size else ""
            ),
            title=f"{measure.label} at {contest.place.label}",
            columns=1,
            height=190,
            theme=session.theme.value,
        )
        Table("The charts by year", lambda: series_table(panels, contest.question.months))


def measure_in_view(session: Session) -> tuple[str, Measure]:
    """Return the name and the record of the measure that is shown."""
    known = measures_by_name(session.question.value.extensions)
    name = session.measure.value if session.measure.value in known else FIRST_MEASURE
    return name, known[name]


def panels_of(contest: Contest, sample: Sample | None, name: str) -> list[Panel]:
    """Return the charts of a comparison: curves and, once there are replicates, differences and emergence."""
    measure = measures_by_name(contest.question.extensions)[name]
    lines = []
    for number, (label, course) in enumerate(zip(contest.labels, contest.courses, strict=True)):
        own = band(sample.measure(number, name)) if sample is not None and sample.size > 1 else None
        low, high = (own.low, own.high) if own else (None, None)
        lines.append(SeriesLine(label, "policy", course.measure(name), low, high, number))
    found = [Panel(measure, lines)]
    if sample is None or sample.size < 2:
        return found
    apart = []
    curves = []
    for number, label in enumerate(contest.labels):
        curve = emergence_curve(sample, number, contest.question.months)
        curves.append(SeriesLine(label, "policy", curve.middle, curve.low, curve.high, number))
        if number:
            difference = paired_difference(sample, number, name)
            apart.append(
                SeriesLine(label, "policy", difference.middle, difference.low, difference.high, number)
            )
    told = Measure(
        f"{name}_difference",
        f"{measure.label}: difference from {contest.labels[0]}",
        measure.unit,
        -np.inf,
        np.inf,
        f"Mean over {sample.size} pairs of runs",
    )
    return [*found, Panel(told, apart, is_difference=True), Panel(EMERGED, curves, is_step=True)]


@solara.component
def Odds(session: Session, comparison: ComparisonState, contest: Contest) -> None:
    """Show how likely integrated care is to emerge under each policy, and the measure in the last month."""
    sample = comparison.sample.value
    name, measure = measure_in_view(session)
    EmergenceTable.element(
        rows=odds_rows(contest, sample, name),
        measure=measure.label,
        is_share=measure.unit.startswith("share"),
        size=sample.size if sample is not None else 0,
        years=f"{contest.question.years:g}",
    )


def odds_rows(contest: Contest, sample: Sample | None, name: str) -> list[dict[str, Any]]:
    """Tabulate the last month of a comparison, one row per policy."""
    rows = []
    for number, label in enumerate(contest.labels):
        row: dict[str, Any] = {"label": label, "number": number}
        if sample is not None and sample.size > 1:
            share = emergence(sample, number)
            apart = paired_difference(sample, number, name)
            ends = sample.measure(number, name)[-1].astype(np.float64)
            row |= {
                "share": share.estimate,
                "low": share.low,
                "high": share.high,
                "mean": told(ends.mean()),
                "difference": None if number == 0 else told(apart.middle[-1]),
                "from": None if number == 0 else told(apart.low[-1]),
                "to": None if number == 0 else told(apart.high[-1]),
            }
        rows.append(row)
    return rows


def told(value: float) -> float | None:
    """Return a number for the browser; None if it is missing."""
    return None if np.isnan(value) else float(value)
