"""Schedules: values, doses and faults of every form, and of policies composed of them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.errors import InvalidInput
from abm.policy.policy import Policy, PolicyBlock, compose
from abm.policy.reading import read_lever_settings, read_schedule
from abm.policy.schedule import Constant, Dated, Pulse, Ramp, Segments, Step
from abm.policy.times import months_between, years_from
from abm.records import Document, Faults, dump
from abm.submodels.quantities import lever_names, levers

EFFORT = levers()["leadership.effort"]
DEFAULT = EFFORT.default
START = "2014-04"
HORIZON = 10.0


def settled(data, lever=EFFORT):
    """Read and settle a schedule."""
    return read_schedule(data, lever).settled(lever.default, START)


def faults_of(data, lever=EFFORT):
    """Return path and message of every fault of a schedule."""
    with pytest.raises(Faults) as raised:
        read_schedule(data, lever)
    return [(fault.path, fault.message) for fault in raised.value.faults]


setting = st.floats(0, 1)
month = st.integers(0, 118)
"""Moves in months from the start, so that a schedule's jumps fall on the grid of a run's months."""


@st.composite
def forms(draw):
    """Draw the data of any form, its times in whole months."""
    kind = draw(st.sampled_from(["constant", "dates", "segments", "step", "ramp", "pulse"]))
    if kind == "constant":
        return draw(setting)
    if kind == "dates":
        times = sorted(draw(st.sets(month, min_size=1, max_size=5)))
        return {"dates": {repr(time / 12): draw(setting) for time in times}}
    if kind == "segments":
        times = sorted(draw(st.sets(month, min_size=2, max_size=8)))
        pairs = list(zip(times[::2], times[1::2], strict=False))
        return [draw(segments(pair, place == 0)) for place, pair in enumerate(pairs)]
    first, second = sorted(draw(st.sets(month, min_size=2, max_size=2)))
    return draw(segments((first, second), True, kind))


@st.composite
def segments(draw, pair, is_first, kind=None):
    """Draw one segment between two months."""
    kind = kind or draw(st.sampled_from(["step", "ramp", "pulse"]))
    times = {"at": pair[0] / 12} if kind == "step" else {"start": pair[0] / 12, "end": pair[1] / 12}
    before = {"from": draw(setting)} if is_first and draw(st.booleans()) else {}
    return {kind: {**times, "to": draw(setting), **before}}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (0.4, [0.4, 0.4, 0.4, 0.4, 0.4]),
        ({"step": {"at": 1, "to": 0.8}}, [0.15, 0.8, 0.8, 0.8, 0.8]),
        ({"step": {"at": 1, "to": 0.8, "from": 0}}, [0, 0.8, 0.8, 0.8, 0.8]),
        ({"ramp": {"start": 1, "end": 3, "to": 0.75}}, [0.15, 0.15, 0.45, 0.75, 0.75]),
        ({"ramp": {"start": 1, "end": 3, "to": 0.5, "from": 1}}, [1, 1, 0.75, 0.5, 0.5]),
        ({"pulse": {"start": 1, "end": 3, "to": 0.8}}, [0.15, 0.8, 0.8, 0.15, 0.15]),
        ({"dates": {"0": 0.2, "2": 0.5, "2017-04": 0.8}}, [0.2, 0.2, 0.5, 0.8, 0.8]),
        ({"dates": {"2": 0.5}}, [0.15, 0.15, 0.5, 0.5, 0.5]),
        (
            [{"ramp": {"start": 0, "end": 2, "to": 0.85}}, {"pulse": {"start": 3, "end": 4, "to": 0}}],
            [0.15, 0.5, 0.85, 0, 0.85],
        ),
        ([{"step": {"at": 1, "to": 1}}, {"ramp": {"start": 2, "end": 4, "to": 0}}], [0.15, 1, 1, 0.5, 0]),
    ],
    ids=str,
)
def test_value_at_the_start_of_each_year(data, expected):
    assert settled(data).values(49)[::12] == pytest.approx(expected, abs=1e-12)


def test_a_jump_counts_from_its_own_month_and_a_pulse_ends_before_its_last():
    step = settled({"step": {"at": 0.5, "to": 1}}).values(12)
    assert step[:6].tolist() == [DEFAULT] * 6
    assert step[6:].tolist() == [1.0] * 6
    pulse = settled({"pulse": {"start": "2014-06", "end": "2014-09", "to": 1}}).values(12)
    assert np.flatnonzero(pulse == 1).tolist() == [2, 3, 4]


@given(st.integers(0, 600))
def test_a_month_of_the_calendar_falls_on_the_grid_of_months_exactly(months):
    year, number = divmod(months, 12)
    name = f"{2014 + year}-{number + 1:02}"
    assert months_between("2014-01", name) == months
    assert settled({"step": {"at": name, "to": 1}}).settled(0, "2014-01").data()["step"]["at"] == years_from(
        START, name
    )
    values = Step(name, 1.0).settled(0.0, "2014-01").values(months + 1)
    assert values.sum() == 1


@pytest.mark.parametrize(
    ("data", "dose"),
    [
        (0.15, 0),
        (0.65, 5),
        ({"step": {"at": 1, "to": 0.65}}, 4.5),
        ({"pulse": {"start": 2, "end": 5, "to": 0.65}}, 1.5),
        ({"pulse": {"start": 8, "end": 15, "to": 0.65}}, 1),
        ({"ramp": {"start": 0, "end": 10, "to": 0.35}}, 1),
        ({"ramp": {"start": 5, "end": 15, "to": 0.35}}, 0.25),
        ({"dates": {"2": 0.65, "4": 0.15}}, 1),
        ({"step": {"at": 0, "to": 0}}, -1.5),
        ([{"ramp": {"start": 0, "end": 2, "to": 0.65}}, {"ramp": {"start": 2, "end": 4, "to": 0.15}}], 1),
    ],
    ids=str,
)
def test_dose_is_the_area_above_the_default(data, dose):
    assert settled(data).dose(HORIZON, DEFAULT) == pytest.approx(dose, abs=1e-12)


@given(forms())
def test_dose_is_the_sum_of_monthly_values_up_to_what_ramps_and_monthly_steps_leave(data):
    schedule = settled(data)
    monthly = float(np.sum(schedule.values(120) - DEFAULT)) / 12
    # A left sum errs by at most half a month of each ramp's rise.
    rises = sum(abs(piece.last - piece.first) for piece in schedule.pieces())
    assert abs(schedule.dose(HORIZON, DEFAULT) - monthly) <= rises / 24 + 1e-9


@given(forms(), st.integers(2, 4))
def test_dose_equals_the_integral_of_values_in_the_limit(data, exponent):
    schedule = settled(data)
    points = 10**exponent * 12
    edges = np.linspace(0, HORIZON, points + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    values = np.empty(points)
    for start, first, end, last in schedule.pieces():
        inside = (middles >= start) & (middles < end)
        slope = 0.0 if first == last else (last - first) / (end - start)
        values[inside] = first + slope * (middles[inside] - start) if slope else first
    integral = float(np.mean(values - DEFAULT)) * HORIZON
    jumps = 2 * (len(tuple(schedule.pieces())) + 1)
    assert schedule.dose(HORIZON, DEFAULT) == pytest.approx(integral, abs=jumps * HORIZON / points)


@given(forms(), st.floats(0.1, 20), st.floats(0.1, 20), setting)
def test_dose_adds_up_over_time_and_shifts_with_its_reference(data, first, second, reference):
    schedule = settled(data)
    short, long = sorted((first, second))
    rest = schedule.dose(long, reference) - schedule.dose(short, reference)
    assert abs(rest) <= (long - short) + 1e-9
    shifted = schedule.dose(long, 0) - reference * long
    assert schedule.dose(long, reference) == pytest.approx(shifted, abs=1e-9)


@given(forms())
def test_values_stay_between_the_settings_that_the_schedule_names(data):
    schedule = settled(data)
    named = [value for _, value in schedule.settings()] + [DEFAULT]
    values = schedule.values(120)
    assert np.isfinite(values).all()
    assert values.min() >= min(named) - 1e-12
    assert values.max() <= max(named) + 1e-12


@given(forms())
def test_schedule_written_to_a_file_is_read_back_the_same(data):
    schedule = read_schedule(data, EFFORT)
    again = read_schedule(Document.parse(dump(schedule.data()), "file.yaml").data, EFFORT)
    assert (
        again.settled(DEFAULT, START).values(120).tolist()
        == schedule.settled(DEFAULT, START).values(120).tolist()
    )
    once = schedule.settled(DEFAULT, START)
    assert once.settled(0.9, "1999-01") == once


@given(forms())
def test_longer_horizon_leaves_earlier_months_unchanged(data):
    schedule = settled(data)
    assert schedule.values(60).tolist() == schedule.values(120)[:60].tolist()


def test_open_schedule_refuses_to_be_evaluated():
    for schedule in (
        Step(1, 0.8),
        Step("2016-04", 0.8, 0.1),
        Ramp(1, 2, 0.8),
        Pulse(1, 2, 0.8),
        Dated(((1, 0.8),)),
    ):
        with pytest.raises(ValueError, match="not settled"):
            schedule.values(12)
    with pytest.raises(ValueError, match="not settled"):
        Segments((Step(1, 0.8),)).dose(HORIZON, 0)
    assert Constant(0.8).values(2).tolist() == [0.8, 0.8]


@pytest.mark.parametrize(
    ("data", "path", "message"),
    [
        (1.8, (), "lever 'leadership.effort' is 1.8; valid is 0 to 1 (index 0-1)"),
        (1.8, (), "; 'abm levers leadership.effort' describes it"),
        ("0.8", (), "is '0.8', not a number"),
        (None, (), "is empty, not a number"),
        (True, (), "is true, not a number"),
        (math.nan, (), "valid is 0 to 1"),
        ([], (), "is an empty list"),
        ({}, (), "has no known form"),
        ({"stp": {"at": 1, "to": 0.8}}, ("stp",), "did you mean 'step'?"),
        ({"step": 3}, ("step",), "should be a mapping of at, to"),
        ({"step": {"at": 1}}, ("step",), "lacks 'to'"),
        ({"step": {"at": 1, "to": 0.8, "form": 0}}, ("step", "form"), "did you mean 'from'?"),
        ({"step": {"at": -1, "to": 0.8}}, ("step", "at"), "time -1 in the schedule"),
        ({"step": {"at": "2016-13", "to": 0.8}}, ("step", "at"), "a month such as '2016-04'"),
        ({"step": {"at": True, "to": 0.8}}, ("step", "at"), "time true"),
        ({"step": {"at": 1, "to": 0.8, "from": 7}}, ("step", "from"), "is 7; valid is 0 to 1"),
        (
            {"ramp": {"start": 3, "end": 3, "to": 0.8}},
            ("ramp", "end"),
            "ends at year 3, not after its start at year 3",
        ),
        (
            {"pulse": {"start": "2016-04", "end": "2015-04", "to": 0.8}},
            ("pulse", "end"),
            "ends at 2015-04, not after",
        ),
        ({"dates": {}}, ("dates",), "should be a mapping from times to settings"),
        ({"dates": {"1": 0.3, "0": 0.2}}, ("dates", "0"), "gives year 0 after year 1; sort the times"),
        ({"dates": {"1": 0.3, "1.0": 0.2}}, ("dates", "1"), "gives year 1 after year 1"),
        ({"dates": {"1_0": 0.3}}, ("dates", "1_0"), "time '1_0'"),
        ({"dates": {"0": 3}}, ("dates", "0"), "is 3; valid is 0 to 1"),
        ([0.5], (0,), "has no known form"),
        ([{"dates": {"0": 0.5}}], (0, "dates"), "has no known form"),
        (
            [{"step": {"at": 1, "to": 1}}, {"step": {"at": 2, "to": 0, "from": 1}}],
            (1, "step", "from"),
            "first segment",
        ),
        (
            [{"pulse": {"start": 1, "end": 4, "to": 1}}, {"step": {"at": 3, "to": 0}}],
            (1, "step", "at"),
            "overlaps itself",
        ),
        (
            [{"step": {"at": 3, "to": 1}}, {"step": {"at": 3, "to": 0}}],
            (1, "step", "at"),
            "gives year 3 after year 3",
        ),
        (
            [{"step": {"at": 3, "to": 1}}, {"ramp": {"start": 1, "end": 2, "to": 0}}],
            (1, "ramp", "start"),
            "overlaps itself",
        ),
    ],
    ids=str,
)
def test_faulty_schedule_says_where_and_what_is_valid(data, path, message):
    found = faults_of(data)
    assert any(at == path and message in told for at, told in found), found


def test_every_fault_of_a_schedule_is_found_at_once():
    data = [{"pulse": {"start": 4, "end": 1, "to": 3}}, {"ramp": {"start": "soon", "to": 2}}, {"jump": 1}]
    assert [path for path, _ in faults_of(data)] == [
        (0, "pulse", "to"),
        (1, "ramp"),
        (1, "ramp", "start"),
        (1, "ramp", "to"),
        (2, "jump"),
    ]


def test_a_switch_takes_true_and_false_but_no_ramp_and_nothing_between():
    mandate = levers()["form.mandate"]
    assert settled({"step": {"at": 1, "to": True}}, mandate).values(13).tolist() == [0.0] * 12 + [1.0]
    assert "is 0.5; valid is 0 or 1" in faults_of(0.5, mandate)[0][1]
    assert faults_of({"ramp": {"start": 1, "end": 2, "to": 1}}, mandate)[0][0] == ("ramp",)
    assert faults_of([{"ramp": {"start": 1, "end": 2, "to": 1}}], mandate)[0][0] == (0, "ramp")


def test_times_outside_the_scenario_are_faults():
    late = read_schedule({"step": {"at": 10, "to": 0.8}}, EFFORT).time_faults(START, HORIZON)
    assert ["when the scenario of 10 years from 2014-04 is over" in fault.message for fault in late] == [True]
    early = read_schedule({"dates": {"2013-04": 0.8}}, EFFORT).time_faults(START, HORIZON)
    assert ["before the scenario does (2014-04)" in fault.message for fault in early] == [True]
    mixed = read_schedule({"dates": {"5": 0.8, "2015-04": 0.2}}, EFFORT)
    assert mixed.time_faults() == []
    assert ["sort the times" in fault.message for fault in mixed.time_faults(START, HORIZON)] == [True]


def test_ready_schedules_are_checked_like_those_of_files():
    with pytest.raises(Faults, match="is 1.8; valid is 0 to 1"):
        read_lever_settings({"leadership.effort": Step(1, 1.8)})
    with pytest.raises(Faults, match="should be a mapping"):
        read_lever_settings([0.8])


def block(name, settings, **more):
    """Build a policy block in Python."""
    return PolicyBlock(name=name, levers=settings, **more)


def test_table_has_a_row_a_month_and_a_column_a_lever_in_their_order():
    policy = compose([block("effort", {"leadership.effort": {"step": {"at": 1, "to": 0.8}}})])
    table = policy.table(24)
    assert table.shape == (24, len(lever_names()))
    assert table.flags["C_CONTIGUOUS"]
    column = lever_names().index("leadership.effort")
    assert table[11, column] == DEFAULT
    assert table[12, column] == 0.8
    others = np.delete(table, column, axis=1)
    assert (others == [lever.default for lever in levers().values() if lever is not EFFORT]).all()


def test_policy_without_blocks_is_the_defaults_without_dose():
    policy = compose([])
    assert policy == Policy()
    assert set(policy.dose(HORIZON).values()) == {0.0}
    assert tuple(policy.dose(HORIZON)) == lever_names()


def test_two_blocks_that_set_one_lever_are_an_error_unless_the_later_replaces():
    first = block("first", {"leadership.effort": 0.5, "payment.gain_share": 0.3})
    second = block("second", {"leadership.effort": 0.8})
    with pytest.raises(InvalidInput, match="set by 'second' and before it by 'first'"):
        compose([first, second])
    replacing = block("second", {"leadership.effort": 0.8}, replaces=("leadership.effort",))
    policy = compose([first, replacing])
    assert policy.settings["leadership.effort"] == Constant(0.8)
    assert policy.settings["payment.gain_share"] == Constant(0.3)
    with pytest.raises(InvalidInput, match="set by 'first' and before it by 'second'"):
        compose([replacing, first])


def test_order_of_blocks_that_do_not_conflict_does_not_matter():
    first = block("first", {"leadership.effort": 0.5})
    second = block("second", {"competition.strictness": 0.1})
    assert compose([first, second]) == compose([second, first])
    assert list(compose([first, second]).settings) == ["competition.strictness", "leadership.effort"]


def test_replaces_must_name_a_lever_that_the_block_sets():
    with pytest.raises(ValueError, match="which 'levers' does not set"):
        block("second", {"leadership.effort": 0.8}, replaces=("payment.gain_share",))
    with pytest.raises(ValueError, match="is unknown"):
        block("second", {"leadership.effort": 0.8}, replaces=("leadership.efort",))


def test_composing_checks_times_against_start_and_horizon():
    late = block("late", {"leadership.effort": {"step": {"at": "2020-04", "to": 0.8}}})
    assert compose([late], START, 7).settings["leadership.effort"] == Step(6.0, 0.8, DEFAULT)
    with pytest.raises(InvalidInput, match="policy block 'late'.*is over"):
        compose([late], START, 6)


def test_later_settings_replace_whatever_a_policy_sets():
    policy = compose([block("effort", {"leadership.effort": 0.5})])
    changed = policy.with_settings({"leadership.effort": {"pulse": {"start": 1, "end": 2, "to": 1}}})
    assert changed.dose(HORIZON)["leadership.effort"] == pytest.approx(0.85)
    assert policy.settings["leadership.effort"] == Constant(0.5)
    with pytest.raises(InvalidInput) as raised:
        policy.with_settings({"leadership.efort": 0.5, "payment.gain_share": 4}, origin="--set")
    assert [problem.file for problem in raised.value.problems] == ["--set", "--set"]
