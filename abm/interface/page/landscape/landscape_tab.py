"""The tab Landscape: the response to the headline levers, or to what a sweep varied; a click picks a point."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import solara

from abm.core.part import Measure
from abm.core.vocabulary import MONTHS_PER_YEAR
from abm.errors import AbmError
from abm.interface.page.landscape.landscape_state import LandscapeState, LandscapeSurvey, cell_of, choose
from abm.interface.page.landscape.response_survey import REPLICATES, Surface, question_at, responses
from abm.interface.page.landscape.swept_landscape import (
    EVERYTHING,
    SCENARIO,
    SweepView,
    outcomes_of,
    question_of_run,
    runs_in,
    sweep_surface,
)
from abm.interface.page.session.asking import Ask
from abm.interface.page.session.link import LEVERS, SWEEP
from abm.interface.page.session.visit_state import Session
from abm.interface.page.widgets.controls import Action, SurfaceBar
from abm.interface.page.widgets.elements import Press, box
from abm.interface.page.widgets.response_surface import ResponseSurface, measure_record, pack_surface
from abm.records import shown_number


@solara.component
def Landscape(session: Session, landscape: LandscapeState) -> None:
    """Show the tab."""
    is_sweep = landscape.source.value == SWEEP
    solara.use_effect(landscape.open, [])
    with box("lab-page lab-landscape"):
        if not is_sweep:
            Ask(session)
        with box("lab-middle", tag="main", id="lab-main", tabindex="-1"):
            if is_sweep:
                Swept(session, landscape)
            else:
                Headline(session, landscape)


@solara.component
def Headline(session: Session, landscape: LandscapeState) -> None:
    """Show the landscape of the headline levers."""
    progress, survey = landscape.progress.value, landscape.survey.value
    shown = responses(survey.question.extensions)
    is_old = bool(survey.surface.runs.any()) and survey.question != session.question.value

    def act(action: Action | None) -> None:
        if action is None:
            return
        if action.kind == "start":
            landscape.start()
        elif action.kind == "stop":
            landscape.stop()
        elif action.kind == "choose":
            choose(landscape, action.content)

    about = (
        "Each cell moves competition rules, contract and effort after a year, and leaves all else as in Explore; "
        f"{REPLICATES} runs a cell, the same accidents in all."
    )
    if is_old:
        about = "The question has changed since this landscape was simulated. " + about
    SurfaceBar.element(
        choices=[*source_choice(landscape), response_choice(landscape, shown)],
        is_running=progress.is_running,
        can_start=True,
        done=progress.done,
        total=progress.total,
        about=about,
        on_action=act,
    )
    panels = [f"{survey.surface.panel.label} {value:g}" for value in survey.surface.panel.values]
    Heat(session, landscape, survey.surface, shown, panels)
    if landscape.picked.value is not None:
        Picked(landscape, survey)


def source_choice(landscape: LandscapeState) -> list[dict[str, Any]]:
    """Return the choice between headline levers and sweep; empty without a sweep."""
    if landscape.directory is None:
        return []
    options = [(LEVERS, "Headline levers, simulated now"), (SWEEP, f"Sweep '{landscape.directory.name}'")]
    return [{"field": "source", "label": "Landscape", "value": landscape.source.value, "options": options}]


def response_choice(landscape: LandscapeState, shown: Sequence[Measure]) -> dict[str, Any]:
    """Return the choice of the response that is shown."""
    options = [(response.name, response.label) for response in shown]
    return {"field": "response", "label": "Shows", "value": landscape.response.value, "options": options}


@solara.component
def Heat(
    session: Session,
    landscape: LandscapeState,
    surface: Surface,
    shown: Sequence[Measure],
    panels: list[str],
) -> None:
    """Draw a landscape."""
    by_name = {response.name: response for response in shown}
    measure = by_name.get(landscape.response.value, shown[0])

    def pick(picked: dict[str, Any] | None) -> None:
        landscape.picked.set(None if picked is None else cell_of(picked, surface))

    picked = landscape.picked.value
    with box("lab-card lab-surface"):
        ResponseSurface.element(
            x=surface.x.record(),
            y=surface.y.record(),
            panels=panels,
            measure=measure_record(measure),
            values=pack_surface(surface.values[measure.name]),
            picked=None if picked is None else {"panel": picked[0], "y": picked[1], "x": picked[2]},
            threshold=0.5 if measure.name == "emerged_ever" else None,
            title=measure.label,
            theme=session.theme.value,
            on_picked=pick,
        )
        Cells(surface, measure, panels)


@solara.component
def Cells(surface: Surface, measure: Measure, panels: list[str]) -> None:
    """Show a landscape as tables."""
    values = surface.values[measure.name]
    with box("lab-more", "details"):
        box("", "summary", ["As tables"])
        for number, title in enumerate(panels):
            with (
                box("lab-scroll", tabindex="0", role="region", **{"aria-label": title}),
                box("lab-table", "table"),
            ):
                box("lab-caption", "caption", [f"{title}: {measure.label}, {measure.unit}"])
                with box("", "thead"), box("", "tr"):
                    box("", "th", [f"{surface.y.label} / {surface.x.label}"], scope="col")
                    for value in surface.x.values:
                        box("lab-number", "th", [shown_number(value, 3)], scope="col")
                with box("", "tbody"):
                    for row, setting in enumerate(surface.y.values):
                        with box("", "tr"):
                            box("", "th", [shown_number(setting, 3)], scope="row")
                            for column in range(len(surface.x.values)):
                                box("lab-number", "td", [told(float(values[number, row, column]))])


def told(value: float) -> str:
    """Write a number for a table."""
    return "–" if np.isnan(value) else shown_number(value, 3)


@solara.component
def Picked(landscape: LandscapeState, survey: LandscapeSurvey) -> None:
    """Describe the picked cell, and offer to open it in Explore."""
    at = landscape.picked.value
    if at is None:
        return
    surface = survey.surface
    name = landscape.response.value if landscape.response.value in surface.values else "emerged_ever"
    shown = responses(survey.question.extensions)
    label = next(response.label for response in shown if response.name == name)
    settings = ", ".join(
        f"{one.label.lower()} {one.values[index]:g}"
        for one, index in zip((surface.panel, surface.y, surface.x), at, strict=True)
    )
    question = question_at(survey.question, surface, at)
    with box("lab-card lab-picked", "section", **{"aria-label": "The point that is picked"}):
        box("", "p", [f"{settings[0].upper()}{settings[1:]}."])
        box("", "p", [f"{label}: {surface.told(name, at)}."])
        opened: Callable[[], None] = lambda: landscape.open_in_explore(question)  # noqa: E731
        Press("Open in Explore", opened, "lab-primary")


@solara.component
def Swept(session: Session, landscape: LandscapeState) -> None:
    """Show the landscape of a sweep."""
    view = landscape.view.value
    if view is None:
        box("lab-card lab-waiting", "p", ["The sweep is being read …"], role="status")
        return
    Sweeping(session, landscape, view)


@solara.component
def Sweeping(session: Session, landscape: LandscapeState, view: SweepView) -> None:
    """Show the runs of a sweep over the dimensions that are chosen."""
    x, y, panel = landscape.axes.value
    surface, cell = solara.use_memo(lambda: sweep_surface(view, x, y, panel), [view, x, y, panel])
    outcomes = outcomes_of(view)
    names = [(name, name) for name in view.dimensions]
    others = [(EVERYTHING, "everything together"), (SCENARIO, "scenario")]
    choices = [
        *source_choice(landscape),
        response_choice(landscape, outcomes),
        {"field": "x", "label": "Across", "value": x, "options": [*names, others[0]]},
        {"field": "y", "label": "Up", "value": y, "options": [*names, others[0]]},
        {"field": "panel", "label": "Panels", "value": panel, "options": [*names, *others]},
    ]

    def act(action: Action | None) -> None:
        if action is not None and action.kind == "choose":
            choose(landscape, action.content)

    SurfaceBar.element(
        choices=choices,
        is_running=False,
        can_start=False,
        done=0,
        total=0,
        about=f"{view.runs:,} runs of the sweep '{view.name}'; what is not on an axis is averaged."
        + (f" {view.failures}, and are left out." if view.failures else ""),
        on_action=act,
    )
    panels = [panel_label(view, surface, panel, value) for value in surface.panel.values]
    Heat(session, landscape, surface, outcomes, panels)
    at = landscape.picked.value
    if at is not None:
        runs = runs_in(view, cell, int(np.ravel_multi_index(at, surface.shape)))
        Runs(landscape, view, runs)


def panel_label(view: SweepView, surface: Surface, panel: str, value: float) -> str:
    """Return the label of a panel of a sweep."""
    if panel == SCENARIO:
        return view.bases[int(value)]
    return surface.panel.label if panel == EVERYTHING else f"{surface.panel.label} {shown_number(value, 3)}"


@solara.component
def Runs(landscape: LandscapeState, view: SweepView, runs: list[dict[str, Any]]) -> None:
    """List runs of a sweep, each with a button that replays it."""

    def replay(run_id: str) -> None:
        try:
            question, is_same_code = question_of_run(
                view, run_id, landscape.session.question.value.extensions
            )
        except AbmError as error:
            landscape.session.say(error)
            return
        landscape.open_in_explore(question)
        if not is_same_code:
            landscape.session.notice.set(
                "The sweep was made with another version of abm, so this run may come out otherwise."
            )

    with box("lab-card lab-picked", "section", **{"aria-label": "Runs of the point that is picked"}):
        box("", "h2", ["Runs of this point"])
        if not runs:
            box("lab-hint", "p", ["The sweep has none here."])
        for run in runs:
            month = float(run.get("emerged_month") or np.nan)
            end = (
                "did not emerge" if np.isnan(month) else f"emerged after {month / MONTHS_PER_YEAR:.1f} years"
            )
            with box("lab-run"):
                box("", "span", [f"{run['scenario']}, replicate {run['replicate']}: {end}"])
                Press(f"Replay {run['run_id']}", lambda run_id=run["run_id"]: replay(str(run_id)))
