"""Traits belong to organisations: the same in every run and policy, other ones with another draw."""

import numpy as np
import pytest

from abm.core.batch import Lane
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import make_batch
from abm.submodels.traits.traits import lasting_vigour
from abm.world.place_loading import load_place

SPREADS = {"traits.openness": 0.3, "traits.standing": 0.4, "traits.vigour": 0.5, "traits.burden": 0.05}
FIELDS = ("openness", "standing", "vigour", "burden")


@pytest.fixture(scope="module")
def case():
    return load_scenario("leadership_with_reform").with_place("somerset").with_horizon(2)


def batch_of(case, parameters, fates=((1, 0), (9, 5)), place=None):
    case = case.with_parameters(parameters)
    table = case.lever_table()
    lanes = [Lane(seed, replicate, case.parameter_values, table) for seed, replicate in fates]
    return make_batch(load_place(case.place) if place is None else place, lanes)


def test_every_run_meets_the_same_traits_and_they_stay(case):
    batch = batch_of(case, SPREADS)
    first = {name: batch.state.arrays[name].copy() for name in FIELDS}
    for _ in range(3):
        batch.advance()
    for name in FIELDS:
        assert np.array_equal(first[name][:, 0], first[name][:, 1])
        assert np.unique(first[name][:, 0]).size == first[name].shape[0]
        assert np.array_equal(first[name], batch.state.arrays[name])


def test_another_draw_gives_others(case):
    one, other = (batch_of(case, {**SPREADS, "traits.draw": draw}) for draw in (0, 1))
    for name in FIELDS:
        assert not np.any(one.state.arrays[name] == other.state.arrays[name])


def test_two_places_have_different_traits(case):
    one, other = (batch_of(case.with_place(name), SPREADS) for name in ("somerset", "urban"))
    rows = min(one.state.openness.shape[0], other.state.openness.shape[0])
    for name in FIELDS:
        assert not np.any(one.state.arrays[name][:rows] == other.state.arrays[name][:rows])


def test_without_spread_organisations_are_alike(case):
    batch = batch_of(case, {})
    assert not any(batch.state.arrays[name].any() for name in ("openness", "standing", "burden"))
    assert np.all(batch.state.vigour == 1.0)


def test_vigour_is_one_on_average(case):
    mean = np.mean(
        [batch_of(case, {**SPREADS, "traits.draw": draw}).state.vigour[:, 0].mean() for draw in range(40)]
    )
    organisations = batch_of(case, {}).state.vigour.shape[0]
    spread = np.sqrt(np.expm1(0.5**2) / (40 * organisations))
    assert abs(mean - 1.0) < 4.0 * spread
    assert lasting_vigour(0.0, 1.3) == 1.0


PAST = {"trust.start_place": 0.2, "trust.start_partner": 0.3, "trust.start_pair": 0.3}


def test_past_makes_starting_trust_alike_in_all_runs(case):
    fates = [(1, number) for number in range(100)]
    plain, past = (batch_of(case, parameters, fates).state.trust for parameters in ({}, PAST))
    assert plain.mean(axis=2).var() / plain.var() < 0.03
    assert past.mean(axis=2).var() / past.var() > 0.4


def test_past_leaves_the_distribution_of_starting_trust_as_it_is(case):
    """Over draws of the past: within four standard errors, of which the few draws of the place are most."""
    draws = 80
    plain = batch_of(case, {}).state.trust
    past = np.stack([batch_of(case, {**PAST, "traits.draw": draw}).state.trust for draw in range(draws)])
    error = plain.std() * np.sqrt(PAST["trust.start_place"] / draws)
    assert abs(plain.mean() - past.mean()) < 4.0 * error
    assert abs(plain.std() - past.std()) < 4.0 * error


def test_a_run_that_goes_on_under_other_spreads_draws_its_traits_again(case):
    saved = batch_of(case, {})
    saved.advance()
    other = batch_of(case, SPREADS)
    expected = other.state.openness.copy()
    other.restore(saved.save())
    assert np.array_equal(other.state.openness, expected)
