"""What a crowd asks for costs a neighbour little, stays within memory and threads, and ends when the crowd leaves."""

import difflib
import threading
import time

import pytest

from abm.errors import InvalidInput
from abm.interface.page.background.limits import Limits
from abm.interface.page.background.shared_courses import Courses, bytes_of
from abm.interface.page.background.workshop import Workshop
from abm.interface.page.session.atlas import Atlas
from abm.interface.page.session.question import Question
from abm.interface.page.session.upload import uploaded
from abm.interface.page.session.visit_state import Session

PATIENCE_SECONDS = 120.0
LIMITS = Limits()
HEAVY = Question(place="england", years=4)
VISITORS = 30
MOST_MATCHES = 20_000
"""Comparisons of names, letter by letter, for one upload; each takes about a twentieth of a millisecond."""


@pytest.fixture(scope="module")
def workshop():
    """Start the two workers of a server."""
    workshop = Workshop.within(LIMITS)
    workshop.warm()
    workshop.wait_until_prepared()
    yield workshop
    workshop.close()


@pytest.fixture
def crowd(workshop):
    """Request a different run of England for each of thirty visitors, with room for three of them."""
    atlas = Atlas()
    courses = Courses(most_bytes=3 * 2 * bytes_of(HEAVY.scenario))
    sessions = [
        Session(
            f"visitor {number}",
            workshop,
            LIMITS,
            f"place=england&years=4&seed={number + 1}",
            atlas=atlas,
            courses=courses,
        )
        for number in range(VISITORS)
    ]
    yield sessions
    for session in sessions:
        session.close()


def until(condition):
    ends = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.01)


def test_a_neighbour_is_answered_before_the_crowd(workshop, crowd):
    neighbour = Session("neighbour", workshop, LIMITS, "place=somerset&years=30")
    until(lambda: neighbour.answer.value is not None and neighbour.sample.value is not None)
    served = [session for session in crowd if session.answer.value is not None]
    neighbour.close()
    assert len(served) <= 3
    until(lambda: sum(session.answer.value is not None for session in crowd) == 3)


def test_a_crowd_needs_no_threads_of_its_own(workshop):
    before, atlas, courses = threading.active_count(), Atlas(), Courses()
    sessions = [
        Session(
            f"visitor {number}",
            workshop,
            LIMITS,
            f"place=england&years=2&seed={number}",
            atlas=atlas,
            courses=courses,
        )
        for number in range(8)
    ]
    # One lays out the place, and one for each worker ends a run that takes too long.
    assert threading.active_count() <= before + 1 + workshop.workers
    for session in sessions:
        session.close()


def test_runs_beyond_the_memory_are_refused_calmly_and_the_others_are_served(crowd):
    told = [session for session in crowd if "try again later" in session.notice.value]
    assert len(told) == VISITORS - 3
    assert not any(session.is_busy.value for session in told)
    until(lambda: all(session.answer.value is not None for session in crowd if session not in told))


def test_what_a_crowd_asked_for_ends_when_it_leaves(workshop, crowd):
    until(lambda: workshop._turns)
    for session in crowd:
        session.close()
    assert workshop.waiting() == 0
    until(lambda: not workshop._turns)


@pytest.mark.parametrize("key", ["{n}", "leadership_effor{n}", "x{n}" + "y" * 60, "competition.strictnes{n}"])
def test_an_upload_of_unknown_keys_costs_few_comparisons(monkeypatch, key):
    matches = []
    ratio = difflib.SequenceMatcher.ratio

    def counted(self):
        matches.append(1)
        return ratio(self)

    monkeypatch.setattr(difflib.SequenceMatcher, "ratio", counted)
    lines = [f"  {key.format(n=number)}: 1" for number in range(100)]
    text = "name: mine\nplace: somerset\nlevers:\n" + "\n".join(lines)
    with pytest.raises(InvalidInput, match="unknown"):
        uploaded(text, LIMITS.upload_bytes, Question())
    assert len(matches) < MOST_MATCHES
