"""The order of a month: what each mechanism reads is known by then, and every fault is told at once."""

import pytest

from abm.core.batch import Batch, Lane
from abm.core.order import OrderError, check_order, listed, placed
from abm.core.part import Mechanism, Part
from abm.core.theory import describe_order
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import make_batch
from abm.submodels.shipped import theory
from abm.world.place_loading import load_place

ORDER = theory().order
FIELDS = theory().fields


def test_the_order_of_the_month_holds():
    check_order(ORDER, theory().given, FIELDS)
    assert tuple(one.name for one in ORDER) == listed(theory().month)


def writers_of(name):
    return [one.name for one in ORDER if name in one.writes]


@pytest.mark.parametrize(
    "name", sorted({writers_of(field.name)[0] for field in FIELDS if len(writers_of(field.name)) == 1})
)
def test_no_mechanism_can_be_left_out_that_alone_writes_something(name):
    with pytest.raises(OrderError, match="no mechanism writes"):
        check_order([one for one in ORDER if one.name != name], theory().given, FIELDS)


def test_reading_what_is_not_yet_known_is_refused():
    order = list(ORDER)
    order.insert(0, order.pop())
    order.reverse()
    with pytest.raises(OrderError) as refusal:
        check_order(order, theory().given, FIELDS)
    assert "mechanism 'trust' reads 'meetings' before the step has set it" in str(refusal.value)
    assert "mechanism 'pressure' reads 'occupancy' before the step has set it" in str(refusal.value)


def test_unknown_names_and_repeated_mechanisms_are_told_at_once():
    def wishing(hope, moonlight):
        hope[:] = moonlight

    wish = Mechanism("wishing", wishing, ("hope",))
    with pytest.raises(OrderError) as refusal:
        check_order([*ORDER, ORDER[0], wish], theory().given, FIELDS)
    told = str(refusal.value)
    for fault in ("'traits' stands in the month more than once", "asks for 'moonlight'", "writes 'hope'"):
        assert fault in told


@pytest.mark.parametrize("switch", ["trust", "nonsense", "trust_gain", "dt"])
def test_what_switches_a_mechanism_off_is_a_parameter_or_lever_that_it_reads(switch):
    def act(trust, dt):
        """Return without any effect."""

    own = Mechanism("own", act, ("trust",), idle_at_zero=switch)
    with pytest.raises(OrderError, match=f"'own' is idle at 0 of '{switch}'"):
        check_order([*ORDER, own], theory().given, FIELDS)


def test_every_mechanism_says_what_it_reads_and_writes():
    for row, one in zip(describe_order(theory()), ORDER, strict=True):
        assert row["mechanism"] == one.name
        assert row["summary"].endswith(".")
        assert set(row["writes"].split(", ")) == set(one.writes)
        assert not set(one.reads) & set(one.writes)


def test_a_name_that_no_mechanism_has_is_passed_over():
    month = (("First", ("nobody", "demand")), ("Then", ("trust",)))
    chosen = [one for one in ORDER if one.name in ("trust", "demand")]
    assert [one.name for one in placed(month, chosen)] == ["demand", "trust"]


def test_mechanisms_that_choose_their_place_keep_their_order_and_join_a_phase():
    def act(orientation):
        """Return without any effect."""

    own = [Mechanism(name, act, ("orientation",), after="demand") for name in ("one", "two")]
    own.append(Mechanism("before", act, ("orientation",), before="trust"))
    extended = theory().joined([Part("own", theory().parts[0].path, "own.py", mechanisms=tuple(own))])
    names = [one.name for one in extended.order]
    assert names[1:4] == ["demand", "one", "two"]
    assert names[names.index("trust") - 1] == "before"
    phases = dict(extended.phases())
    (begins,) = (members for members in phases.values() if "demand" in members)
    assert begins[1:4] == ("demand", "one", "two")
    assert any("before" in members and "encounter" in members for members in phases.values())


def test_a_mechanism_in_plain_numpy_takes_a_place_in_the_month():
    def retreat(orientation, dt):
        """Turn inwards."""
        orientation *= 1.0 - 0.5 * dt

    scenario = load_scenario("baseline").with_horizon(1)
    lane = Lane(1, 0, scenario.parameter_values, scenario.lever_table())
    place = load_place(scenario.place)
    mechanism = Mechanism("retreat", retreat, ("orientation",), after="integration")
    extended = theory().joined([Part("own", theory().parts[0].path, "own.py", mechanisms=(mechanism,))])
    ours, theirs = Batch(extended, place, [lane]), make_batch(place, [lane])
    for batch in (ours, theirs):
        for _ in range(12):
            batch.advance()
    assert ours.measures()["orientation"] < theirs.measures()["orientation"]
