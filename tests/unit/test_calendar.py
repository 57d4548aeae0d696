"""The order of a month: what each mechanism reads is known by then, and every fault is told at once."""

import pytest

from abm.mechanisms.mechanism import Mechanism, mechanism
from abm.model.batch import Batch, Lane
from abm.model.calendar import ORDER, CalendarError, check_order, describe_order
from abm.model.scenario import load_scenario
from abm.model.state import FIELDS
from abm.world.place import load_place


def known_names():
    fields = {field.name for field in FIELDS}
    return {name for one in ORDER for name in one.arguments} - fields


def test_the_order_of_the_month_holds():
    check_order(ORDER, known_names())


@pytest.mark.parametrize("name", [one.name for one in ORDER])
def test_no_mechanism_can_be_left_out(name):
    with pytest.raises(CalendarError, match="no mechanism writes"):
        check_order([one for one in ORDER if one.name != name], known_names())


def test_reading_what_is_not_yet_known_is_refused():
    order = list(ORDER)
    order.insert(0, order.pop())
    order.reverse()
    with pytest.raises(CalendarError) as refusal:
        check_order(order, known_names())
    assert "mechanism 'trust' reads 'meetings' before the step has set it" in str(refusal.value)
    assert "mechanism 'pressure' reads 'occupancy' before the step has set it" in str(refusal.value)


def test_unknown_names_and_repeated_mechanisms_are_told_at_once():
    @mechanism(writes=("hope",), is_kernel=False)
    def wishing(hope, moonlight):
        hope[:] = moonlight

    with pytest.raises(CalendarError) as refusal:
        check_order([*ORDER, ORDER[0], wishing], known_names())
    told = str(refusal.value)
    for fault in ("'demand' stands in the month more than once", "asks for 'moonlight'", "writes 'hope'"):
        assert fault in told


def test_a_mechanism_cannot_write_what_it_does_not_name():
    with pytest.raises(ValueError, match="not among its arguments"):

        @mechanism(writes=("trust",))
        def nothing(board):
            pass


def test_every_mechanism_says_what_it_reads_and_writes():
    for row, one in zip(describe_order(), ORDER, strict=True):
        assert row["mechanism"] == one.name
        assert row["summary"].endswith(".")
        assert set(row["writes"].split(", ")) == set(one.writes)
        assert not set(one.reads) & set(one.writes)


def test_levers_and_parameters_are_all_read_by_some_mechanism():
    from abm.policy.levers import lever_names
    from abm.policy.parameters import parameters

    read = {name for one in ORDER for name in one.arguments}
    start_and_outcomes = {
        "competition_tender_threshold",
        "form_first_cohort",
        "leadership_orientation_alpha",
        "leadership_orientation_beta",
        "trust_start_alpha",
        "trust_start_beta",
        "emergence_threshold",
        "emergence_months",
    }
    for name in (*lever_names(), *parameters()):
        argument = name.replace(".", "_")
        assert argument in read or argument in start_and_outcomes, name


def test_a_mechanism_in_plain_numpy_takes_a_place_in_the_month():
    @mechanism(writes=("orientation",), is_kernel=False)
    def retreat(orientation, dt):
        orientation *= 1.0 - 0.5 * dt

    scenario = load_scenario("baseline").with_horizon(1)
    lane = Lane(1, 0, scenario.parameter_values, scenario.lever_table())
    place = load_place(scenario.place)
    ours, theirs = Batch(place, [lane], order=[*ORDER, retreat]), Batch(place, [lane])
    assert isinstance(retreat, Mechanism)
    for batch in (ours, theirs):
        for _ in range(12):
            batch.advance()
    assert ours.measures()["orientation"] < theirs.measures()["orientation"]
