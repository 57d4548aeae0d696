"""Rules of trust by name: what each makes of good and bad meetings, and that rules do not touch each other's runs."""

import numpy as np
import pytest

from abm.core.batch import Lane
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import make_batch
from abm.world.place_loading import load_place

STILL = {"trust.decay": 0.0, "trust.base": 0.25}
RELATION = {
    **STILL,
    "trust.rule": 1,
    "trust.relation_factor": 0.5,
    "trust.relation_pace": 2.0,
    "trust.loss": 0.1,
}
ADAPTATION = {**STILL, "trust.rule": 2, "trust.adaptation": 0.1}
DT = 1.0 / 12.0


@pytest.fixture(scope="module")
def place():
    return load_place(load_scenario("baseline").place)


def batch_of(place, parameters, width=1, **options):
    case = load_scenario("leadership_with_reform").with_parameters(parameters).with_horizon(5)
    table = case.lever_table()
    return make_batch(
        place, [Lane(4, number, case.parameter_values, table) for number in range(width)], **options
    )


def meet(batch, held, good, month=1):
    batch.state.meetings[:] = held
    batch.state.good_meetings[:] = good
    batch.run_mechanism("trust", step=month, dt=DT, years=month * DT)


def warranted(years, factor=0.5, pace=2.0, base=0.25):
    return base + (1.0 - base) * (1.0 - 1.0 / (factor * (1.0 + pace * years) + 1.0 - factor))


def test_trust_follows_the_length_of_an_unbroken_relation(place):
    batch = batch_of(place, RELATION)
    batch.state.trust[:] = 0.0
    for month in range(1, 61):
        meet(batch, 1, 1, month)
        assert np.all(batch.state.relation_start == 0.0)
        assert np.allclose(batch.state.trust, warranted(month * DT))


def test_without_meetings_a_relation_grows_older_but_trust_does_not_move(place):
    batch = batch_of(place, RELATION)
    batch.state.trust[:] = 0.3
    for month in range(1, 25):
        meet(batch, 0, 0, month)
    assert np.all(batch.state.trust == 0.3)
    assert np.all(batch.state.relation_start == 0.0)
    meet(batch, 2, 2, 25)
    assert np.allclose(batch.state.trust, warranted(2.0 + DT))


def test_trust_above_what_the_relation_warrants_stays(place):
    batch = batch_of(place, RELATION)
    batch.state.trust[:] = 0.9
    meet(batch, 3, 3)
    assert np.all(batch.state.trust == 0.9)


def test_a_bad_meeting_ends_the_relation_and_costs_trust(place):
    batch = batch_of(place, RELATION)
    batch.state.trust[:] = 0.8
    meet(batch, 3, 1, 60)
    assert np.allclose(batch.state.trust, 0.8 * 0.9**2)
    assert np.all(batch.state.relation_start == 60 * DT)


@pytest.mark.parametrize("rule", [0, 1, 2])
def test_a_new_leader_on_either_side_starts_the_relation_anew(place, rule):
    batch = batch_of(place, {"trust.rule": rule})
    batch.state.exits[0] = 1.0
    meet(batch, 0, 0, 36)
    batch.run_mechanism("succession", step=36, dt=DT, years=36 * DT)
    touched = np.any(place.tie_ends == 0, axis=1)
    assert np.all(batch.state.relation_start[touched] == (36 * DT if rule == 1 else 0.0))
    assert np.all(batch.state.relation_start[~touched] == 0.0)


@pytest.mark.parametrize(("held", "good"), [(1, 1), (1, 0), (4, 3), (10, 2)])
def test_trust_adapts_to_the_share_of_good_meetings(place, held, good):
    batch = batch_of(place, ADAPTATION)
    batch.state.trust[:] = 0.4
    meet(batch, held, good)
    share = good / held
    assert np.allclose(batch.state.trust, share + (0.4 - share) * 0.9**held)
    for _ in range(400):
        meet(batch, held, good)
    assert np.allclose(batch.state.trust, share, atol=1e-9)


def test_trust_does_not_adapt_without_meetings(place):
    batch = batch_of(place, ADAPTATION)
    batch.state.trust[:] = 0.4
    meet(batch, 0, 0)
    assert np.all(batch.state.trust == 0.4)


def test_parameters_of_other_rules_have_no_effect_on_encounters(place):
    moved = {"trust.relation_factor": 0.9, "trust.relation_pace": 5.0, "trust.adaptation": 0.5}
    series = []
    for parameters in ({}, moved):
        batch = batch_of(place, parameters, width=2)
        for _ in range(24):
            batch.advance()
        series.append(batch.series)
    assert np.array_equal(*series, equal_nan=True)


def test_runs_by_different_rules_share_a_batch_without_touching_each_other(place):
    case = load_scenario("leadership_with_reform").with_horizon(2)
    rules = [case.with_parameters({"trust.rule": rule}).parameter_values for rule in (0, 1, 2)]
    lanes = [Lane(4, 0, values, case.lever_table()) for values in rules]
    together = make_batch(place, lanes)
    for _ in range(24):
        together.advance()
    for number, one in enumerate(lanes):
        alone = make_batch(place, [one])
        for _ in range(24):
            alone.advance()
        assert np.array_equal(alone.series[:, :, 0], together.series[:, :, number], equal_nan=True)
    ends = together.measures()["trust"]
    assert len(set(ends.tolist())) == 3


@pytest.mark.parametrize("rule", [1, 2])
def test_every_rule_keeps_trust_within_its_range(place, rule):
    batch = batch_of(place, {"trust.rule": rule}, width=4)
    for _ in range(60):
        batch.advance()
        assert np.all((batch.state.trust >= 0.0) & (batch.state.trust <= 1.0))


@pytest.mark.parametrize("rule", [1, 2])
def test_the_plain_form_of_a_rule_gives_the_same(place, rule):
    ends = []
    for is_compiled in (True, False):
        batch = batch_of(place, {"trust.rule": rule, "trust.third_party_pull": 0.2}, is_compiled=is_compiled)
        for _ in range(3):
            batch.advance()
        ends.append(batch.state.trust)
    assert np.allclose(*ends, rtol=0.0, atol=1e-12)
