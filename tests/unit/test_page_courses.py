import gc

import pytest

from abm.interface.page.background.course import simulate_course
from abm.interface.page.background.shared_courses import Courses, NoRoom, bytes_of
from abm.interface.page.session.question import Question

QUESTION = Question(place="somerset", years=2)
SCENARIO = QUESTION.scenario


@pytest.fixture(scope="module")
def course():
    return simulate_course(SCENARIO, 1, 0)


def test_who_asks_for_what_another_looks_at_gets_the_same_run(course):
    courses = Courses()
    room = courses.room(SCENARIO)
    assert courses.found(SCENARIO, 1, 0) is None
    assert courses.kept(SCENARIO, 1, 0, course, room) is course
    assert courses.kept(SCENARIO, 1, 0, simulate_course(SCENARIO, 1, 0), room) is course
    assert courses.found(SCENARIO, 1, 0) is course
    assert courses.found(SCENARIO, 2, 0) is None
    assert courses.found(QUESTION.reference_scenario, 1, 0) is None


def test_runs_go_with_the_last_who_looks_at_them():
    courses = Courses()
    courses.kept(SCENARIO, 1, 0, simulate_course(SCENARIO, 1, 0), courses.room(SCENARIO))
    gc.collect()
    assert courses.found(SCENARIO, 1, 0) is None


def test_there_is_room_for_so_many_runs_also_while_they_are_simulated(course):
    courses = Courses(most_bytes=5 * bytes_of(SCENARIO) // 2)
    first, second = courses.room(SCENARIO), courses.room(SCENARIO)
    with pytest.raises(NoRoom, match="try again later"):
        courses.room(SCENARIO)
    assert courses.room().size == 0
    courses.kept(SCENARIO, 1, 0, course, first)
    with pytest.raises(NoRoom):
        courses.room(SCENARIO)
    del second
    gc.collect()
    assert courses.room(SCENARIO).size == bytes_of(SCENARIO)


@pytest.mark.parametrize("place", ["somerset", "england"])
def test_what_a_run_will_take_is_known_before(place):
    question = Question(place=place, years=2)
    taken = simulate_course(question.scenario, 1, 0).size
    assert taken == pytest.approx(bytes_of(question.scenario), rel=0.25)
