"""Landscape: the response to the headline levers, or to what a sweep varied; a click opens a point in Explore."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import lt
from pathlib import Path
from typing import Any

import numpy as np
import solara

from abm.errors import AbmError
from abm.interface.app.controls import Action, SurfaceBar
from abm.interface.app.elements import Press, box
from abm.interface.app.explore import Ask
from abm.interface.app.question import Question
from abm.interface.app.response_surface import ResponseSurface, measure_record, pack_surface
from abm.interface.app.share import FIRST_RESPONSE, LEVERS, SWEEP, View
from abm.interface.app.state import Progress, Session, rested
from abm.interface.app.survey import (
    REPLICATES,
    RESPONSES,
    TOO_LARGE,
    Row,
    Surface,
    empty_surface,
    filled,
    question_at,
    row_tasks,
)
from abm.interface.app.sweepview import (
    EVERYTHING,
    SCENARIO,
    SweepView,
    outcomes_of,
    question_of_run,
    read_sweep,
    runs_in,
    sweep_surface,
)
from abm.model.measures import Measure
from abm.model.simulate import cached_place
from abm.policy.times import MONTHS_PER_YEAR
from abm.records import shown_number

Cell = tuple[int, int, int]
OWN_FIELDS = ("landscape", "response", "axes", "is_surveyed", "cell")
"""Fields of a view that tell of the landscape."""


@dataclass(frozen=True, eq=False)
class Survey:
    """Hold a landscape and the question around which it was taken.

    Attributes
    ----------
    question : Question
    surface : Surface
    is_begun : bool
        Whether it is, or is being, simulated.
    """

    question: Question
    surface: Surface
    is_begun: bool = False


class Terrain:
    """Hold the landscape of one visitor.

    Parameters
    ----------
    session : Session
    sweep : Path or None
        Sweep directory that the operator opened.
    """

    def __init__(self, session: Session, sweep: Path | None) -> None:
        self.session = session
        self.directory = sweep
        opened = session.opened
        self.first = LEVERS if sweep is None else SWEEP
        self.source = solara.reactive(LEVERS if sweep is None else opened.landscape or SWEEP)
        self.response = solara.reactive(opened.response)
        self.picked: solara.Reactive[Cell | None] = solara.reactive(None)
        self.survey = solara.reactive(Survey(session.question.value, empty_surface()))
        self.progress = solara.reactive(Progress())
        self.axes = solara.reactive(("", "", EVERYTHING))
        self.view: solara.Reactive[SweepView | None] = solara.reactive(None)
        self._opened: View | None = opened

    def seen(self, view: View) -> View:
        """Add to a view what a link carries of the landscape."""
        is_sweep, survey, waiting = self.source.value == SWEEP, self.survey.value, self._opened
        if waiting is not None:
            own = {name: getattr(waiting, name) for name in OWN_FIELDS}
            return replace(view, **own)
        is_surveyed = not is_sweep and survey.is_begun and survey.question == view.question
        return replace(
            view,
            landscape="" if self.source.value == self.first else self.source.value,
            response=self.response.value,
            axes=self.axes.value if is_sweep and self.axes.value != self._first_axes() else (),
            is_surveyed=is_surveyed,
            cell=self.picked.value or () if is_surveyed or is_sweep else (),
        )

    def open(self) -> None:
        """Show what the link shows that was opened, once."""
        self.open_sweep()
        opened, self._opened = self._opened, None
        if opened is None:
            return
        view = self.view.value
        shape = self.survey.value.surface.shape
        if self.source.value == SWEEP and view is not None:
            if set(opened.axes) and set(opened.axes) <= {*view.dimensions, EVERYTHING, SCENARIO}:
                x, y, panel = opened.axes
                self.axes.set((x, y, panel))
            shape = sweep_surface(view, *self.axes.value)[0].shape
        elif opened.is_surveyed:
            self.start()
        there = self.source.value == SWEEP or self.survey.value.is_begun
        if there and len(opened.cell) == 3 and all(map(lt, opened.cell, shape)):
            self.picked.set((opened.cell[0], opened.cell[1], opened.cell[2]))

    def start(self) -> None:
        """Simulate the landscape around the present question, row by row."""
        session, question = self.session, self.session.question.value
        place = cached_place(question.scenario.place)
        if place.ties * question.years > TOO_LARGE:
            session.notice.set(
                f"{place.label} is too large for a landscape while you wait. Take a smaller place, "
                "or plan a sweep on the command line and open it here with 'abm app --sweep DIR'."
            )
            return
        surface = empty_surface()
        places, tasks = row_tasks(question, surface)
        self.picked.set(None)
        self.survey.set(Survey(question, surface, is_begun=True))
        self.progress.set(Progress(0, len(tasks), True))

        def collect(number: int, row: Row) -> None:
            now = self.survey.value
            self.survey.set(replace(now, surface=filled(now.surface, places[number], row)))
            done = self.progress.value.done + 1
            self.progress.set(Progress(done, len(tasks), done < len(tasks)))

        session.begin(
            "landscape", tasks, collect, ended=lambda: self.progress.set(rested(self.progress.value))
        )

    def stop(self) -> None:
        """Call off the rows that are not there yet."""
        self.session.stop("landscape")
        self.progress.set(Progress(self.progress.value.done, self.progress.value.total, False))

    def open_sweep(self) -> None:
        """Read the operator's sweep, once."""
        if self.directory is None or self.view.value is not None:
            return
        try:
            view = read_sweep(self.directory)
        except AbmError as error:
            self.session.say(error)
            self.source.set(LEVERS)
            return
        self.view.set(view)
        self.axes.set(self._first_axes())

    def _first_axes(self) -> tuple[str, str, str]:
        view = self.view.value
        if view is None:
            return ("", "", EVERYTHING)
        otherwise = SCENARIO if len(view.bases) > 1 else EVERYTHING
        third = view.dimensions[2] if len(view.dimensions) > 2 else otherwise
        names = (*view.dimensions, EVERYTHING, EVERYTHING)
        return (names[0], names[1], third)

    def open_in_explore(self, question: Question) -> None:
        """Show a question in Explore."""
        if self.session.ask(question):
            self.session.tab.set("explore")


@solara.component
def Landscape(session: Session, terrain: Terrain) -> None:
    """Show the page."""
    is_sweep = terrain.source.value == SWEEP
    solara.use_effect(terrain.open, [])
    with box("lab-page lab-landscape"):
        if not is_sweep:
            Ask(session)
        with box("lab-middle", tag="main", id="lab-main", tabindex="-1"):
            if is_sweep:
                Swept(session, terrain)
            else:
                Headline(session, terrain)


@solara.component
def Headline(session: Session, terrain: Terrain) -> None:
    """Show the landscape of the headline levers."""
    progress, survey = terrain.progress.value, terrain.survey.value
    is_old = bool(survey.surface.runs.any()) and survey.question != session.question.value

    def act(action: Action | None) -> None:
        if action is None:
            return
        if action.kind == "start":
            terrain.start()
        elif action.kind == "stop":
            terrain.stop()
        elif action.kind == "choose":
            choose(terrain, action.content)

    about = (
        "Each cell moves competition rules, contract and effort after a year, and leaves all else as in Explore; "
        f"{REPLICATES} runs a cell, the same accidents in all."
    )
    if is_old:
        about = "The question has changed since this landscape was simulated. " + about
    SurfaceBar.element(
        choices=[*source_choice(terrain), response_choice(terrain, list(RESPONSES))],
        is_running=progress.is_running,
        can_start=True,
        done=progress.done,
        total=progress.total,
        about=about,
        on_action=act,
    )
    panels = [f"{survey.surface.panel.label} {value:g}" for value in survey.surface.panel.values]
    Heat(session, terrain, survey.surface, RESPONSES, panels)
    if terrain.picked.value is not None:
        Picked(terrain, survey)


def choose(terrain: Terrain, content: dict[str, Any]) -> None:
    """Change what a landscape shows."""
    field, value = str(content.get("field")), str(content.get("value"))
    if field == "response" and value in {response.name for response in RESPONSES} | known_outcomes(terrain):
        terrain.response.set(value)
    elif field == "source" and value in (LEVERS, SWEEP) and terrain.directory is not None:
        terrain.picked.set(None)
        terrain.response.set(FIRST_RESPONSE)
        terrain.source.set(value)
    elif field in ("x", "y", "panel") and terrain.view.value is not None:
        axes = dict(zip(("x", "y", "panel"), terrain.axes.value, strict=True))
        if value in (*terrain.view.value.dimensions, EVERYTHING, SCENARIO):
            terrain.picked.set(None)
            axes[field] = value
            terrain.axes.set((axes["x"], axes["y"], axes["panel"]))


def known_outcomes(terrain: Terrain) -> set[str]:
    """Name the outcomes of the sweep."""
    return set() if terrain.view.value is None else {one.name for one in outcomes_of(terrain.view.value)}


def source_choice(terrain: Terrain) -> list[dict[str, Any]]:
    """Offer the sweep, where there is one."""
    if terrain.directory is None:
        return []
    options = [(LEVERS, "Headline levers, simulated now"), (SWEEP, f"Sweep '{terrain.directory.name}'")]
    return [{"field": "source", "label": "Landscape", "value": terrain.source.value, "options": options}]


def response_choice(terrain: Terrain, responses: list[Measure]) -> dict[str, Any]:
    """Offer the responses."""
    options = [(response.name, response.label) for response in responses]
    return {"field": "response", "label": "Shows", "value": terrain.response.value, "options": options}


@solara.component
def Heat(
    session: Session, terrain: Terrain, surface: Surface, responses: tuple[Measure, ...], panels: list[str]
) -> None:
    """Draw a landscape."""
    by_name = {response.name: response for response in responses}
    measure = by_name.get(terrain.response.value, responses[0])

    def pick(picked: dict[str, Any] | None) -> None:
        terrain.picked.set(None if picked is None else cell_of(picked, surface))

    picked = terrain.picked.value
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


def cell_of(picked: dict[str, Any], surface: Surface) -> Cell | None:
    """Return the cell that the browser names, None where there is none."""
    found = tuple(picked.get(key) for key in ("panel", "y", "x"))
    if all(isinstance(one, int) and 0 <= one < most for one, most in zip(found, surface.shape, strict=True)):
        return found  # type: ignore[return-value]
    return None


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
def Picked(terrain: Terrain, survey: Survey) -> None:
    """Say what the picked cell is, and offer to open it."""
    at = terrain.picked.value
    if at is None:
        return
    surface = survey.surface
    name = terrain.response.value if terrain.response.value in surface.values else "emerged_ever"
    label = next(response.label for response in RESPONSES if response.name == name)
    settings = ", ".join(
        f"{one.label.lower()} {one.values[index]:g}"
        for one, index in zip((surface.panel, surface.y, surface.x), at, strict=True)
    )
    question = question_at(survey.question, surface, at)
    with box("lab-card lab-picked", "section", **{"aria-label": "The point that is picked"}):
        box("", "p", [f"{settings[0].upper()}{settings[1:]}."])
        box("", "p", [f"{label}: {surface.told(name, at)}."])
        opened: Callable[[], None] = lambda: terrain.open_in_explore(question)  # noqa: E731
        Press("Open in Explore", opened, "lab-primary")


@solara.component
def Swept(session: Session, terrain: Terrain) -> None:
    """Show the landscape of a sweep."""
    view = terrain.view.value
    if view is None:
        box("lab-card lab-waiting", "p", ["The sweep is being read …"], role="status")
        return
    Sweeping(session, terrain, view)


@solara.component
def Sweeping(session: Session, terrain: Terrain, view: SweepView) -> None:
    """Show the runs of a sweep over the dimensions that are chosen."""
    x, y, panel = terrain.axes.value
    surface, cell = solara.use_memo(lambda: sweep_surface(view, x, y, panel), [view, x, y, panel])
    outcomes = outcomes_of(view)
    names = [(name, name) for name in view.dimensions]
    others = [(EVERYTHING, "everything together"), (SCENARIO, "scenario")]
    choices = [
        *source_choice(terrain),
        response_choice(terrain, outcomes),
        {"field": "x", "label": "Across", "value": x, "options": [*names, others[0]]},
        {"field": "y", "label": "Up", "value": y, "options": [*names, others[0]]},
        {"field": "panel", "label": "Panels", "value": panel, "options": [*names, *others]},
    ]

    def act(action: Action | None) -> None:
        if action is not None and action.kind == "choose":
            choose(terrain, action.content)

    SurfaceBar.element(
        choices=choices,
        is_running=False,
        can_start=False,
        done=0,
        total=0,
        about=f"{view.runs:,} runs of the sweep '{view.name}'; what is not on an axis is averaged.",
        on_action=act,
    )
    panels = [panel_label(view, surface, panel, value) for value in surface.panel.values]
    Heat(session, terrain, surface, tuple(outcomes), panels)
    at = terrain.picked.value
    if at is not None:
        runs = runs_in(view, cell, int(np.ravel_multi_index(at, surface.shape)))
        Runs(terrain, view, runs)


def panel_label(view: SweepView, surface: Surface, panel: str, value: float) -> str:
    """Say what a panel of a sweep is."""
    if panel == SCENARIO:
        return view.bases[int(value)]
    return surface.panel.label if panel == EVERYTHING else f"{surface.panel.label} {shown_number(value, 3)}"


@solara.component
def Runs(terrain: Terrain, view: SweepView, runs: list[dict[str, Any]]) -> None:
    """List runs of a sweep, each to be replayed."""

    def replay(run_id: str) -> None:
        try:
            question, is_same_code = question_of_run(view, run_id)
        except AbmError as error:
            terrain.session.say(error)
            return
        terrain.open_in_explore(question)
        if not is_same_code:
            terrain.session.notice.set(
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
