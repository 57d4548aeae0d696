from dataclasses import replace

import numpy as np
import pytest

from abm.interface.page.background.course import simulate_course
from abm.interface.page.background.curve_bands import band, emergence, emergence_curve, paired_difference
from abm.interface.page.background.simulations import joined, sample, sample_tasks
from abm.interface.page.session.chronicle import chronicle, month_name
from abm.interface.page.session.question import Question
from abm.interface.page.session.schedule_changes import marks
from abm.interface.page.widgets.network_values import values_of
from abm.scenarios.integration_model import IntegrationModel
from abm.scenarios.simulate import cached_place

QUESTION = Question(place="south_somerset", years=6).with_value("leadership.effort", 0.3, 40)
MONTH = 30


@pytest.fixture(scope="module")
def course():
    return simulate_course(QUESTION.scenario, 1, 0)


@pytest.fixture(scope="module")
def place():
    return cached_place(QUESTION.scenario.place)


@pytest.fixture(scope="module")
def model():
    model = IntegrationModel(QUESTION.scenario, seed=1)
    for _ in range(MONTH):
        model.step()
    return model


def test_a_course_has_the_measures_of_the_model(course, model):
    measures = model.measures()
    kept = dict(zip(course.measures, course.series[MONTH].tolist(), strict=True))
    assert kept == pytest.approx(measures, rel=1e-6, abs=1e-6, nan_ok=True)


def test_a_course_has_the_state_of_the_model_as_finely_as_a_picture_shows(course, place, model):
    shown = values_of(place, course.arrays(MONTH), MONTH)
    true = values_of(place, model.batch.state.arrays, MONTH)
    assert shown.tie_trust == pytest.approx(true.tie_trust, abs=0.005, nan_ok=True)
    assert shown.pressure == pytest.approx(true.pressure, abs=0.005)
    assert shown.is_engaged.tolist() == true.is_engaged.tolist()
    assert shown.board.tolist() == true.board.tolist()
    assert shown.network.tolist() == true.network.tolist()
    assert course.history("trust", 0)[MONTH] == pytest.approx(model.batch.state.trust[0, :, 0], abs=0.003)


def test_the_same_past_leads_up_to_a_change(course):
    unchanged = simulate_course(QUESTION.without().scenario, 1, 0)
    np.testing.assert_array_equal(course.series[:41], unchanged.series[:41])
    assert not np.array_equal(course.series[60], unchanged.series[60])


def test_the_chronicle_tells_policy_boards_and_leaders_with_those_concerned(course, place):
    entries = chronicle(course, place, marks(QUESTION.scenario))
    told = {entry.kind for entry in entries}
    assert {"policy", "board", "leader"} <= told
    assert [entry.month for entry in entries] == sorted(entry.month for entry in entries)
    (effort,) = [entry for entry in entries if entry.month == 41 and "effort" in entry.text]
    assert effort.text == "Sustained leadership effort falls from 0.8 to 0.3."
    for entry in entries:
        assert entry.text.endswith(".")
        assert all(0 <= row < place.organisations for row in entry.organisations)
    for entry in entries:
        if entry.kind == "leader":
            row, *_ = entry.organisations
            assert place.organisation_name[row] in entry.text
            assert course.states["exits"][entry.month, row]


def test_the_chronicle_tells_where_leaders_go(place):
    moving = {"leadership.local_share": 0.6}
    course = simulate_course(QUESTION.scenario.with_parameters(moving), 1, 0)
    told = [entry for entry in chronicle(course, place) if " goes to " in entry.text]
    assert told
    for entry in told:
        former, new = entry.organisations
        assert course.states["moved_from"][entry.month, new] == former
        start = f"The leader of {place.organisation_name[former]} goes to {place.organisation_name[new]}"
        assert entry.text.startswith(f"{start} and takes part of the trust along; the new one ")


def test_boards_are_told_in_the_months_in_which_they_stand_anew(course, place):
    board = course.states["board"]
    formed = [month for month in range(1, len(board)) if board[month, 0] and not board[month - 1, 0]]
    told = [
        entry.month
        for entry in chronicle(course, place)
        if "joint board" in entry.text and "form" in entry.text
    ]
    assert told == formed


def test_the_chronicle_is_a_function_of_the_run(course, place):
    assert chronicle(course, place) == chronicle(course, place)


def test_months_have_their_names():
    assert [month_name("2014-04", month) for month in (0, 1, 9, 10, 120)] == [
        "Apr 2014",
        "Apr 2014",
        "Dec 2014",
        "Jan 2015",
        "Mar 2024",
    ]


@pytest.fixture(scope="module")
def pairs():
    tasks = sample_tasks((QUESTION.reference_scenario, QUESTION.scenario), 1, 20)
    return joined([task.function(*task.arguments) for task in tasks])


def test_replicates_come_in_parts_that_make_a_whole(pairs):
    assert pairs.replicates.tolist() == list(range(20))
    whole = sample((QUESTION.reference_scenario, QUESTION.scenario), 1, range(20))
    np.testing.assert_array_equal(pairs.series, whole.series)
    np.testing.assert_array_equal(pairs.emerged_month, whole.emerged_month)


def test_replicates_of_a_large_place_are_single():
    england = Question(place="england", years=2)
    tasks = sample_tasks((england.reference_scenario, england.scenario), 1, 5)
    assert [task.arguments[2] for task in tasks] == [(0,), (1,), (2,), (3,), (4,)]
    assert {task.size for task in tasks} == {2 * england.size}


def test_the_size_of_work_counts_ties_months_steps_and_runs(place):
    finer = replace(QUESTION, substeps=4)
    assert QUESTION.size == place.ties * 72
    assert finer.size == 4 * QUESTION.size
    tasks = sample_tasks((finer.reference_scenario, finer.scenario), 1, 20)
    assert sum(task.size for task in tasks) == 20 * 2 * finer.size


def test_a_replicate_is_the_run_in_view(pairs, course):
    np.testing.assert_array_equal(pairs.series[1, :, :, 0], course.series)


def test_a_band_holds_the_middle_nine_tenths(pairs):
    own = band(pairs.measure(1, "trust"))
    assert (own.low <= own.middle).all() and (own.middle <= own.high).all()
    inside = (own.low <= pairs.measure(1, "trust").T) & (own.high >= pairs.measure(1, "trust").T)
    assert 0.85 <= inside.mean() <= 1.0


def test_differences_are_paired_and_nothing_differs_from_itself(pairs):
    same = paired_difference(pairs, 0, "trust")
    assert not same.middle.any() and not same.low.any()
    apart = paired_difference(pairs, 1, "trust")
    assert apart.middle[0] == 0.0
    assert apart.low[-1] < apart.middle[-1] < apart.high[-1]


def test_one_pair_has_no_interval():
    one = sample((QUESTION.reference_scenario, QUESTION.scenario), 1, [0])
    assert np.isnan(paired_difference(one, 1, "trust").low).all()


def test_the_curve_of_emergence_ends_at_the_share_that_emerged(pairs):
    curve = emergence_curve(pairs, 1, 72)
    assert len(curve.middle) == 73
    assert curve.middle[0] == 0.0
    assert curve.middle[-1] == pytest.approx(emergence(pairs, 1).estimate)
    assert (np.diff(curve.middle) >= 0).all()
