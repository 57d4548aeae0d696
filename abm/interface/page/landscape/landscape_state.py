"""One visitor's landscape: a survey simulated around the question, or the sweep that the operator opened."""

from dataclasses import dataclass, replace
from operator import lt
from pathlib import Path
from typing import Any

import solara

from abm.errors import AbmError
from abm.interface.page.background.progress import Progress, rested
from abm.interface.page.landscape.response_survey import (
    TOO_LARGE,
    Row,
    Surface,
    empty_surface,
    filled,
    responses,
    row_tasks,
)
from abm.interface.page.landscape.swept_landscape import (
    EVERYTHING,
    SCENARIO,
    SweepView,
    outcomes_of,
    read_sweep,
    sweep_surface,
)
from abm.interface.page.session.link import FIRST_RESPONSE, LEVERS, SWEEP, View
from abm.interface.page.session.question import Question
from abm.interface.page.session.visit_state import Session
from abm.scenarios.simulate import cached_place

Cell = tuple[int, int, int]
OWN_FIELDS = ("landscape", "response", "axes", "is_surveyed", "cell")
"""Fields of a view that belong to the landscape."""


@dataclass(frozen=True, eq=False)
class LandscapeSurvey:
    """A landscape, and the question around which it was simulated.

    Attributes
    ----------
    question : Question
    surface : Surface
    is_begun : bool
        Whether its simulation has begun.
    """

    question: Question
    surface: Surface
    is_begun: bool = False


class LandscapeState:
    """The landscape of one visitor.

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
        question = session.question.value
        self.survey = solara.reactive(LandscapeSurvey(question, empty_surface(question.extensions)))
        self.progress = solara.reactive(Progress())
        self.axes = solara.reactive(("", "", EVERYTHING))
        self.view: solara.Reactive[SweepView | None] = solara.reactive(None)
        self._opened: View | None = opened

    def seen(self, view: View) -> View:
        """Add the state of the landscape to what a link carries."""
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
        """Restore what the opened link shows, the first time this is called."""
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
        if question.size > TOO_LARGE:
            session.notice.set(
                f"{place.label} is too large for a landscape while you wait. Take a smaller place, fewer years, "
                "or plan a sweep on the command line and open it here with 'abm app --sweep DIR'."
            )
            return
        surface = empty_surface(question.extensions)
        places, tasks = row_tasks(question, surface)
        self.picked.set(None)
        self.survey.set(LandscapeSurvey(question, surface, is_begun=True))
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
        """Cancel the rows that have not arrived yet."""
        self.session.stop("landscape")
        self.progress.set(Progress(self.progress.value.done, self.progress.value.total, False))

    def open_sweep(self) -> None:
        """Read the operator's sweep, unless it has been read already."""
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


def choose(landscape: LandscapeState, content: dict[str, Any]) -> None:
    """Apply a visitor's choice of what a landscape shows."""
    field, value = str(content.get("field")), str(content.get("value"))
    shown = responses(landscape.session.question.value.extensions)
    if field == "response" and value in {one.name for one in shown} | known_outcomes(landscape):
        landscape.response.set(value)
    elif field == "source" and value in (LEVERS, SWEEP) and landscape.directory is not None:
        landscape.picked.set(None)
        landscape.response.set(FIRST_RESPONSE)
        landscape.source.set(value)
    elif field in ("x", "y", "panel") and landscape.view.value is not None:
        axes = dict(zip(("x", "y", "panel"), landscape.axes.value, strict=True))
        if value in (*landscape.view.value.dimensions, EVERYTHING, SCENARIO):
            landscape.picked.set(None)
            axes[field] = value
            landscape.axes.set((axes["x"], axes["y"], axes["panel"]))


def known_outcomes(landscape: LandscapeState) -> set[str]:
    """Return the names of the sweep's outcomes."""
    return set() if landscape.view.value is None else {one.name for one in outcomes_of(landscape.view.value)}


def cell_of(picked: dict[str, Any], surface: Surface) -> Cell | None:
    """Return the cell that the browser names; None if there is no such cell."""
    found = tuple(picked.get(key) for key in ("panel", "y", "x"))
    if all(isinstance(one, int) and 0 <= one < most for one, most in zip(found, surface.shape, strict=True)):
        return found  # type: ignore[return-value]
    return None
