"""One visitor's comparison of two or three policies that meet the same accidents: what is chosen, and its runs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import solara

from abm.interface.page.background.course import Course, simulate_course
from abm.interface.page.background.progress import Progress, rested
from abm.interface.page.background.shared_courses import NoRoom
from abm.interface.page.background.simulations import Sample, course_task, joined, run_size, sample_tasks
from abm.interface.page.session.link import MINE, MOST_COMPARED, View
from abm.interface.page.session.question import Question
from abm.interface.page.session.visit_state import Session, is_done_at_once
from abm.records import FrozenMapping
from abm.scenarios.scenario import Scenario, scenario_names
from abm.scenarios.simulate import cached_place
from abm.world.place import Place

SIZES = (20, 50, 100, 200, 500)


@dataclass(frozen=True, eq=False)
class Contest:
    """The policies that are compared, and the run of each that is in view.

    Attributes
    ----------
    question : Question
        Place, horizon, accidents and parameters of all policies.
    names, labels : tuple of str
        Names and labels of the policies; the first policy is the reference.
    scenarios : tuple of Scenario
    place : Place
    courses : tuple of Course
        Empty while they are simulated.
    """

    question: Question
    names: tuple[str, ...]
    labels: tuple[str, ...]
    scenarios: tuple[Scenario, ...]
    place: Place
    courses: tuple[Course, ...] = ()


class ComparisonState:
    """The runs and replicates of a comparison, kept in step with what the visitor asks.

    Parameters
    ----------
    session : Session
        The session whose question sets place, horizon and accidents.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.contest: solara.Reactive[Contest | None] = solara.reactive(None)
        self.sample: solara.Reactive[Sample | None] = solara.reactive(None)
        self.progress = solara.reactive(Progress())
        self.size = solara.reactive(min(session.opened.size, session.limits.replicates))
        self._asked: tuple[object, ...] = ()

    def seen(self, view: View) -> View:
        """Add the state of the comparison to what a link carries."""
        return replace(view, size=self.size.value)

    def choose(self, position: int, name: str) -> None:
        """Set the policy in a position, counted from 0; an empty name removes the third policy."""
        if not 0 <= position < MOST_COMPARED:
            return
        names = list(self.session.compared.value)
        if name and name != MINE and name not in scenario_names():
            return
        if position < len(names):
            names[position : position + 1] = [name] if name else []
        elif name:
            names.append(name)
        if len(names) >= 2:
            self.session.compared.set(tuple(names))

    def resize(self, size: int) -> None:
        """Change the number of replicates."""
        self.size.set(min(max(size, 2), self.session.limits.replicates))
        self._asked = ()
        self.refresh()

    def refresh(self) -> None:
        """Simulate what is asked, unless it has been simulated already."""
        session = self.session
        if session.is_preparing.value:
            return
        question = session.question.value
        names = session.compared.value
        asked = (question if MINE in names else replace(question, levers=FrozenMapping()), names)
        if asked == self._asked:
            return
        self._asked = asked
        scenarios = tuple(scenario_of(question, name) for name in names)
        place = cached_place(scenarios[0].place)
        contest = Contest(question, names, labels_of(names, scenarios), scenarios, place)
        self.sample.set(None)
        if is_done_at_once(question, sum(map(run_size, scenarios))):
            session.stop("rivals")
            runs = [simulate_course(one, question.seed, question.replicate) for one in scenarios]
            self._ran(contest, runs)
            return
        seed, replicate = question.seed, question.replicate
        found = [session.courses.found(one, seed, replicate) for one in scenarios]
        missing = [position for position, course in enumerate(found) if course is None]
        session.stop("rivals")
        try:
            room = session.courses.room(*(scenarios[position] for position in missing))
        except NoRoom as error:
            session.say(error)
            return

        def answer() -> None:
            courses = [course for course in found if course is not None]
            if len(courses) == len(found):
                self._ran(contest, courses)

        def collect(number: int, course: Course) -> None:
            position = missing[number]
            found[position] = session.courses.kept(scenarios[position], seed, replicate, course, room)
            answer()

        self.contest.set(contest)
        if not missing:
            answer()
            return
        tasks = [course_task(scenarios[position], seed, replicate) for position in missing]
        session.begin("rivals", tasks, collect)

    def stop(self) -> None:
        """Cancel the replicates that have not arrived yet."""
        self.session.stop("rival samples")
        self.progress.set(replace(self.progress.value, is_running=False))

    def _ran(self, contest: Contest, courses: Sequence[Course]) -> None:
        self.contest.set(replace(contest, courses=tuple(courses)))
        each = sum(map(run_size, contest.scenarios))
        wanted = self.session.limits.replicates_within(self.size.value, each)
        tasks = sample_tasks(contest.scenarios, contest.question.seed, wanted)
        parts: list[Sample] = []
        self.progress.set(Progress(0, wanted, True))

        def collect(_: int, part: Sample) -> None:
            parts[:] = [joined([*parts, part])]
            self.sample.set(parts[0])
            self.progress.set(Progress(parts[0].size, wanted, parts[0].size < wanted))

        self.session.begin(
            "rival samples", tasks, collect, ended=lambda: self.progress.set(rested(self.progress.value))
        )


def scenario_of(question: Question, name: str) -> Scenario:
    """Return a policy under the place, horizon and parameters of a question."""
    if name == MINE:
        return question.scenario
    return replace(question, preset=name, levers=FrozenMapping()).scenario


def labels_of(names: Sequence[str], scenarios: Sequence[Scenario]) -> tuple[str, ...]:
    """Return the labels of policies; the visitor's own is marked as such."""
    return tuple(
        f"Yours: {scenario.label}" if name == MINE else scenario.label
        for name, scenario in zip(names, scenarios, strict=True)
    )
