import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.interface.page.session.schedule_changes import changed_from, marks
from abm.policy.reading import read_schedule
from abm.scenarios.scenario import load_scenario
from abm.submodels.quantities import levers

EFFORT = levers()["leadership.effort"]
FORMS = (
    0.4,
    {"step": {"at": 1, "to": 0.8}},
    {"ramp": {"start": 1, "end": 4, "to": 0.8}},
    {"pulse": {"start": 1, "end": 4, "to": 0.8}},
    {"dates": {0: 0.2, 2: 0.6, "2017-04": 0.9}},
    [{"ramp": {"start": 1, "end": 3, "to": 0.8}}, {"pulse": {"start": 5, "end": 7, "to": 0.1}}],
)
MONTHS = 120


def settled(data):
    return read_schedule(data, EFFORT).settled(EFFORT.default, "2014-04")


@pytest.mark.parametrize("data", FORMS, ids=str)
@given(month=st.integers(0, MONTHS - 1), value=st.floats(0, 1))
def test_a_change_leaves_the_past_alone_and_holds_from_its_month_on(data, month, value):
    before = settled(data)
    after = changed_from(before, month, value)
    assert after.values(MONTHS)[:month] == pytest.approx(before.values(MONTHS)[:month])
    assert after.values(MONTHS)[month:] == pytest.approx([value] * (MONTHS - month))


@pytest.mark.parametrize("data", FORMS, ids=str)
@given(month=st.integers(0, MONTHS - 1), value=st.floats(0, 1))
def test_a_changed_schedule_can_be_written_and_read(data, month, value):
    after = changed_from(settled(data), month, value)
    again = settled(after.data())
    assert again.values(MONTHS) == pytest.approx(after.values(MONTHS))


def test_dragging_a_slider_at_one_month_leaves_one_step():
    schedule = settled({"step": {"at": 1, "to": 0.8}})
    for value in (0.7, 0.5, 0.2):
        schedule = changed_from(schedule, 48, value)
    assert schedule.data() == [{"step": {"at": 1, "to": 0.8, "from": 0.15}}, {"step": {"at": 4, "to": 0.2}}]


def test_marks_tell_a_ramp_once_and_both_ends_of_a_pulse():
    scenario = load_scenario("baseline").with_levers(
        {
            "leadership.effort": {"ramp": {"start": 1, "end": 3, "to": 0.8}},
            "payment.activity_share": {"pulse": {"start": 2, "end": 4, "to": 0.3}},
        }
    )
    told = [(mark.month, mark.lever, round(mark.before, 3), round(mark.after, 3)) for mark in marks(scenario)]
    assert told == [
        (14, "leadership.effort", 0.15, 0.8),
        (25, "payment.activity_share", 0.8, 0.3),
        (49, "payment.activity_share", 0.3, 0.8),
    ]


def test_a_scenario_without_moves_has_no_marks():
    assert marks(load_scenario("baseline")) == ()
