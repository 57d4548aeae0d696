"""The state of one visitor: what is asked and looked at, with runs, bands and chronicle kept in step.

One `Session` belongs to one browser page; nothing of it is shared. Components read its reactive fields; every
change goes through its methods.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import solara
from solara.server import kernel_context

from abm.errors import AbmError, InvalidInput
from abm.interface.page.background.course import Course, simulate_course
from abm.interface.page.background.curve_bands import CurveBand, band
from abm.interface.page.background.jobs import Task
from abm.interface.page.background.limits import Limits
from abm.interface.page.background.progress import BackgroundWork, Progress, rested
from abm.interface.page.background.shared_courses import Courses, NoRoom
from abm.interface.page.background.simulations import Sample, course_task, joined, run_size, sample_tasks
from abm.interface.page.background.workshop import Workshop
from abm.interface.page.session.atlas import Atlas
from abm.interface.page.session.chronicle import ChronicleEntry, chronicle
from abm.interface.page.session.link import View, from_query, to_query
from abm.interface.page.session.question import Question, checked
from abm.interface.page.session.schedule_changes import Mark, marks
from abm.interface.page.session.selection_names import found, name_of
from abm.runs.pool import WorkerLost
from abm.runs.worker import TaskFailed
from abm.scenarios.extensions import NO_EXTENSIONS, Extensions
from abm.scenarios.simulate import cached_place
from abm.world.place import Place

logger = logging.getLogger(__name__)
AT_ONCE = 100_000
"""Size, ties times steps, up to which a run is simulated at once on a click: a few hundredths of a second."""
EXPLORE_REPLICATES = 50
PAUSE = 0.25
"""Seconds between a change and the start of its replicates, so that dragging a slider starts none."""
COURSE = "course"
STOPPED = "The background work stopped unexpectedly; change a lever to try again."
BLAME = " An extension may be at fault; whoever started the page finds the reason in what it printed."


@dataclass(frozen=True, eq=False)
class AnsweredQuestion:
    """A question with its answer: the run in view, its counterfactual, and its chronicle.

    Attributes
    ----------
    question : Question
    place : Place
    course, reference : Course
        The run and the same accidents under the reference.
    marks : tuple of Mark
    entries : tuple of ChronicleEntry
    """

    question: Question
    place: Place
    course: Course
    reference: Course
    marks: tuple[Mark, ...]
    entries: tuple[ChronicleEntry, ...]


def is_done_at_once(question: Question, size: int) -> bool:
    """Return whether runs are simulated at once, on a click; the code of extensions runs in workers only."""
    return size <= AT_ONCE and not question.extensions


def kernel() -> Callable[[], AbstractContextManager[Any]]:
    """Return a context in which any thread acts for the same browser page as this thread."""
    if not kernel_context.has_current_context():
        return nullcontext
    now = kernel_context.get_current_context()
    return lambda: now


class Session:
    """The state of one visitor.

    Parameters
    ----------
    name : str
        Name of the visitor in the workshop's lines.
    workshop : Workshop
        For work in the background.
    limits : Limits
    query : str
        Query of the link that was opened.
    atlas : Atlas, optional
        Places laid out, for all visitors of a server.
    courses : Courses, optional
        Large runs, for all visitors of a server.
    extensions : Extensions
        Those with which the page was started.
    """

    def __init__(
        self,
        name: str,
        workshop: Workshop,
        limits: Limits,
        query: str = "",
        *,
        atlas: Atlas | None = None,
        courses: Courses | None = None,
        extensions: Extensions = NO_EXTENSIONS,
    ) -> None:
        self.name = name
        self.atlas = atlas or Atlas()
        self.courses = courses or Courses(limits.memory_bytes)
        self.workshop = workshop
        self.limits = limits
        notice = ""
        try:
            view = from_query(query, limits, extensions)
        except InvalidInput as error:
            view = View(Question(extensions=extensions))
            notice = "This link cannot be opened: " + " ".join(
                f"{problem}." for problem in error.problems[:3]
            )
        self.opened = view
        self.tab = solara.reactive(view.tab)
        self.month = solara.reactive(view.month)
        self.measure = solara.reactive(view.measure)
        self.selected: solara.Reactive[dict[str, Any] | None] = solara.reactive(None)
        self.highlighted: solara.Reactive[tuple[tuple[int, ...], tuple[int, ...]]] = solara.reactive(((), ()))
        self.compared = solara.reactive(view.compared)
        self.question = solara.reactive(view.question)
        self.answer: solara.Reactive[AnsweredQuestion | None] = solara.reactive(None)
        self.sample: solara.Reactive[Sample | None] = solara.reactive(None)
        self.progress = solara.reactive(Progress())
        self.is_busy = solara.reactive(False)
        self.notice = solara.reactive(notice)
        self.theme = solara.reactive("light")
        self.is_listing = solara.reactive(False)
        self._works: dict[str, BackgroundWork] = {}
        self._references: dict[tuple[str, int, int], Course] = {}
        self._is_opening = True
        self._is_closed = False
        self.is_preparing = solara.reactive(workshop.is_preparing())
        if self.is_preparing.value:
            threading.Thread(target=self._answer_when_prepared, name="abm-prepare", daemon=True).start()
        else:
            self._answer(view.question)

    def view(self) -> View:
        """Return the state that a link carries."""
        return View(
            question=self.question.value,
            tab=self.tab.value,
            month=self.month.value,
            measure=self.measure.value,
            selected=self._selected_name(),
            line=self._pointed_line(),
            compared=self.compared.value,
            size=self.opened.size,
        )

    def query(self) -> str:
        """Write the state of Explore as the query of a link."""
        return to_query(self.view())

    def ask(self, question: Question) -> bool:
        """Ask another question and return True; if it is not valid, show why, keep the present one and return False."""
        try:
            question = checked(question, self.limits)
        except AbmError as error:
            self.say(error)
            return False
        self.notice.set("")
        self.month.set(min(self.month.value, question.months))
        self.question.set(question)
        self._answer(question)
        return True

    def change(self, change: Callable[[Question], Question]) -> bool:
        """Change the present question; the result is that of `ask`."""
        try:
            return self.ask(change(self.question.value))
        except AbmError as error:
            self.say(error)
            return False

    def say(self, error: AbmError) -> None:
        """Show a problem to the visitor."""
        problems = error.problems if isinstance(error, InvalidInput) else (error,)
        self.notice.set(" ".join(str(problem).strip().removesuffix(".") + "." for problem in problems))

    def use_first_month(self) -> int:
        """Return the month at which a control is first shown; from then on the control follows the page's clock."""
        first: int = solara.use_memo(self.month.peek, [])
        return first

    def show_month(self, month: int) -> None:
        """Move to a month."""
        self.month.set(min(max(month, 0), self.question.value.months))

    def select(self, selected: dict[str, Any] | None) -> None:
        """Select an organisation, tie or place; None for nothing."""
        self.selected.set(selected)

    def begin(
        self,
        line: str,
        tasks: Sequence[Task],
        collect: Callable[[int, Any], None],
        *,
        after: float = 0.0,
        ended: Callable[[], None] | None = None,
    ) -> None:
        """Start tasks in the background and collect their results; newer work for a purpose replaces older work.

        Parameters
        ----------
        line : str
            Purpose of the work.
        tasks : sequence of Task
        collect : callable
            Receives the number and the result of a task.
        after : float
            Seconds to wait first, so that a picture is drawn before the processors are busy.
        ended : callable, optional
            Called when the work has ended for whatever reason, unless newer work has replaced it.
        """
        self.stop(line)
        work = BackgroundWork()
        self._works[line] = work

        context = kernel()

        def start() -> None:
            with context():
                try:
                    if not work.is_cancelled:
                        job = self.workshop.submit(self.name, tasks, is_urgent=line == COURSE)
                        work.begun(job).follow(self.workshop.couriers, handed, over)
                except AbmError as error:
                    over(error)

        def handed(number: int, result: Any) -> None:
            with context():
                if self._works.get(line) is work:
                    collect(number, result)

        def over(failure: BaseException | None) -> None:
            work.cancel()
            with context():
                if isinstance(failure, AbmError) and not isinstance(failure, WorkerLost | TaskFailed):
                    self.say(failure)
                elif failure is not None:
                    logger.error("the work of a visitor was lost", exc_info=failure)
                    self.notice.set(STOPPED + (BLAME if self.question.value.extensions else ""))
                if ended is not None and self._works.get(line) is work:
                    ended()

        if after:
            timer = threading.Timer(after, start)
            timer.daemon = True
            timer.start()
        else:
            start()

    def stop(self, line: str) -> None:
        """Cancel the work for a purpose."""
        work = self._works.pop(line, None)
        if work is not None:
            work.cancel()

    def close(self) -> None:
        """End the session, and cancel its work in the background."""
        self._is_closed = True
        for line in list(self._works):
            self.stop(line)
        self.workshop.leave(self.name)

    def point_at(self, number: int) -> None:
        """Point at a line of the chronicle: move to its month, and highlight whom it is about."""
        answer = self.answer.value
        if answer is not None and 0 <= number < len(answer.entries):
            entry = answer.entries[number]
            self.highlighted.set((entry.organisations, entry.places))
            self.show_month(entry.month)

    def _selected_name(self) -> str:
        answer = self.answer.value
        # Until the first run has arrived, the link is the one that was opened.
        return name_of(answer.place, self.selected.value) if answer is not None else self.opened.selected

    def _pointed_line(self) -> int:
        answer, pointed = self.answer.value, self.highlighted.value
        if answer is None:
            return self.opened.line
        about = [(entry.organisations, entry.places) for entry in answer.entries] if any(pointed) else []
        return about.index(pointed) if pointed in about else -1

    def _answer_when_prepared(self) -> None:
        self.workshop.wait_until_prepared()
        if self._is_closed:
            return
        self.is_preparing.set(False)
        try:
            self._answer(self.question.value)
        except AbmError as error:
            self.say(error)

    def _answer(self, question: Question) -> None:
        if self.is_preparing.value:
            return
        place = cached_place(question.scenario.place)
        if is_done_at_once(question, question.size):
            self.stop(COURSE)
            course = simulate_course(question.scenario, question.seed, question.replicate)
            self._answered(question, place, course, self._reference(question))
            return
        seed, replicate = question.seed, question.replicate
        scenarios = {"course": question.scenario, "reference": question.reference_scenario}
        courses = {name: self.courses.found(one, seed, replicate) for name, one in scenarios.items()}
        missing = [name for name, course in courses.items() if course is None]
        # Stopped first, since replaced work frees memory.
        self.stop(COURSE)
        try:
            room = self.courses.room(*(scenarios[name] for name in missing))
        except NoRoom as error:
            self.say(error)
            return

        def answer() -> None:
            run, reference = courses["course"], courses["reference"]
            if run is not None and reference is not None:
                self._answered(question, place, run, reference)

        def collect(number: int, course: Course) -> None:
            name = missing[number]
            courses[name] = self.courses.kept(scenarios[name], seed, replicate, course, room)
            answer()

        self.is_busy.set(True)
        self.atlas.prepare(place)
        if not missing:
            answer()
            return
        tasks = [course_task(scenarios[name], seed, replicate) for name in missing]
        self.begin(COURSE, tasks, collect, ended=lambda: self.is_busy.set(False))

    def _key(self, question: Question) -> tuple[str, int, int]:
        return question.reference_scenario.content_hash, question.seed, question.replicate

    def _reference(self, question: Question) -> Course:
        key = self._key(question)
        if key not in self._references:
            course = simulate_course(question.reference_scenario, question.seed, question.replicate)
            self._remember(question, course)
        return self._references[key]

    def _remember(self, question: Question, course: Course) -> None:
        self._references = {self._key(question): course}

    def _answered(self, question: Question, place: Place, course: Course, reference: Course) -> None:
        moves = marks(question.scenario)
        before = self.answer.value
        if before is not None and before.place is not place:
            self.selected.set(None)
            self.highlighted.set(((), ()))
        entries = chronicle(course, place, moves, question.extensions)
        answer = AnsweredQuestion(question, place, course, reference, moves, entries)
        self.answer.set(answer)
        if self._is_opening:
            self._is_opening = False
            self.selected.set(found(place, self.opened.selected))
            month = self.month.value
            self.point_at(self.opened.line)
            self.month.set(month)
        self.is_busy.set(False)
        self._replicate(question)

    def _replicate(self, question: Question) -> None:
        pair = (question.reference_scenario, question.scenario)
        wanted = self.limits.replicates_within(EXPLORE_REPLICATES, sum(map(run_size, pair)))
        tasks = sample_tasks(pair, question.seed, wanted)
        parts: list[Sample] = []
        # Stopped first, or a part of the older sample might still arrive.
        self.stop("sample")
        self.sample.set(None)
        self.progress.set(Progress(0, wanted, True))

        def collect(_: int, part: Sample) -> None:
            parts[:] = [joined([*parts, part])]
            done = parts[0].size
            self.sample.set(parts[0])
            self.progress.set(Progress(done, wanted, done < wanted))

        self.begin(
            "sample",
            tasks,
            collect,
            after=PAUSE,
            ended=lambda: self.progress.set(rested(self.progress.value)),
        )

    def bands(self, measure: str) -> tuple[CurveBand, CurveBand] | None:
        """Return the bands of the reference and of the scenario; None before the first replicates have arrived."""
        sample = self.sample.value
        if sample is None or sample.size < 2 or measure not in sample.measures:
            return None
        return band(sample.measure(0, measure)), band(sample.measure(1, measure))


def first_measures(answer: AnsweredQuestion) -> tuple[str, ...]:
    """Return the names of the measures that have values in a run, in their order."""
    course = answer.course
    return tuple(name for name in course.measures if not np.isnan(course.measure(name)).all())
