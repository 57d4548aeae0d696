"""Showcase: success elsewhere is seen by nearness, and turns leaders outward where it is shown."""

import numpy as np
import pytest

from abm.core.batch import Lane
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import make_batch
from abm.submodels.shipped import theory
from abm.world.place import OrganisationKind
from abm.world.place_loading import load_place


@pytest.fixture(scope="module")
def case():
    return load_scenario("leadership_with_reform").with_place("region").with_horizon(4)


@pytest.fixture(scope="module")
def region(case):
    return load_place(case.place)


def batch_of(case, place, width=2, **levers):
    case = case.with_levers({name.replace("__", "."): value for name, value in levers.items()})
    table = case.lever_table()
    return make_batch(place, [Lane(3, number, case.parameter_values, table) for number in range(width)])


def test_visible_success_is_that_of_other_places_by_nearness(case, region):
    batch = batch_of(case, region)
    success = np.random.default_rng(1).random(batch.state.implementation.shape)
    batch.state.implementation[:] = success
    batch.run_mechanism("showcase", step=1)
    assert np.all(np.diag(region.nearness) == 0.0)
    assert np.allclose(batch.state.visible, region.nearness @ success)


def test_success_here_is_not_visible_here(case, region):
    batch = batch_of(case, region)
    batch.state.implementation[0] = 1.0
    batch.run_mechanism("showcase", step=1)
    assert np.all(batch.state.visible[0] == 0.0)
    assert np.all(batch.state.visible[1:] == region.nearness[1:, :1])


def test_leaders_turn_outward_by_what_their_place_sees_and_hospitals_by_what_their_patients_see(case, region):
    still = {"leadership.turnover": 0.0, "leadership.effort": 0.0, "regulation.system_weight": 0.0}
    quiet = case.with_levers(still).with_parameters({"leadership.orientation_decay": 0.0})
    batch = batch_of(quiet, region, convening__showcase=0.5)
    state = batch.state
    state.orientation[:] = 0.2
    state.visible[:] = np.array([0.0, 0.4, 0.8, 1.2])[:, np.newaxis]
    batch.settings[:] = batch.levers[-1]
    batch.run_mechanism("leadership", step=1, dt=0.25)
    seen = state.visible[region.organisation_place].copy()
    for hospital in range(region.acute_providers):
        flows = region.flow_provider == hospital
        weights = region.flow_of_provider[flows] / region.flow_of_provider[flows].sum()
        seen[hospital] = weights @ state.visible[region.flow_place[flows]]
    assert np.allclose(state.orientation, 1.0 - 0.8 * np.exp(-0.3 * 0.5 * seen * 0.25))


@pytest.mark.parametrize("name", ["orientation", "trust", "implementation"])
def test_where_there_is_nowhere_else_a_showcase_changes_nothing(name):
    case = load_scenario("leadership_with_reform").with_horizon(2)
    place = load_place(case.place)
    series = []
    for showcase in (0.0, 1.0):
        batch = batch_of(case, place, convening__showcase=showcase)
        for _ in range(24):
            batch.advance()
        series.append(batch.series[:, theory().row(name)])
    assert np.array_equal(*series)


def test_a_showcase_without_success_changes_nothing(region):
    case = load_scenario("baseline").with_place("region").with_horizon(1)
    practices = region.of_kind(OrganisationKind.PRACTICE)
    found = []
    for showcase in (0.0, 1.0):
        batch = batch_of(case, region, convening__showcase=showcase)
        for _ in range(12):
            batch.advance()
        assert np.all(batch.state.implementation == 0.0)
        found.append(batch.state.orientation[practices])
    assert np.array_equal(*found)
