"""Peers: engaged neighbours lower what it takes to engage, idle ones raise it."""

import numpy as np
import pytest

from abm.core.batch import Lane
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import make_batch
from abm.submodels.peers.peers import encouraged
from abm.submodels.shipped import theory
from abm.world.place import OrganisationKind, TieKind
from abm.world.place_loading import load_place

INFLUENCE, REFERENCE = 0.2, 0.4


@pytest.fixture(scope="module")
def case():
    parameters = {"peers.influence": INFLUENCE, "peers.reference": REFERENCE}
    return (
        load_scenario("leadership_with_reform")
        .with_place("somerset")
        .with_parameters(parameters)
        .with_horizon(2)
    )


@pytest.fixture(scope="module")
def place(case):
    return load_place(case.place)


@pytest.fixture
def batch(case, place):
    table = case.lever_table()
    made = make_batch(place, [Lane(3, number, case.parameter_values, table) for number in range(3)])
    practices = place.of_kind(OrganisationKind.PRACTICE)
    made.state.engaged[practices] = np.random.default_rng(2).integers(0, 2, (practices.size, 3))
    return made


def neighbours_of(place, practice):
    ties = place.tie_ends[place.tie_kind == TieKind.PRACTICE_PRACTICE]
    return [int(ends[ends != practice][0]) for ends in ties if practice in ends]


def test_as_many_engaged_neighbours_as_usual_change_nothing():
    assert encouraged(0.2, 0.5, 0.5) == 0.0
    assert encouraged(0.2, 1.0, 0.5) == pytest.approx(0.1)
    assert encouraged(0.2, 0.0, 0.5) == pytest.approx(-0.1)


def test_encouragement_follows_the_share_of_engaged_neighbours(batch, place):
    batch.run_mechanism("peers")
    for practice in place.of_kind(OrganisationKind.PRACTICE):
        share = batch.state.engaged[neighbours_of(place, practice)].mean(axis=0)
        expected = INFLUENCE * (share - REFERENCE)
        assert np.allclose(batch.state.encouragement[practice], expected, atol=1e-15)


def test_closed_neighbours_do_not_count_and_who_has_none_is_left_alone(batch, place):
    practice = int(place.of_kind(OrganisationKind.PRACTICE)[0])
    around = neighbours_of(place, practice)
    ties = [np.flatnonzero((place.tie_ends == sorted((practice, one))).all(axis=1))[0] for one in around]
    batch.state.shut[ties[1:]] = 1
    batch.run_mechanism("peers")
    only = batch.state.engaged[around[0]]
    assert np.allclose(batch.state.encouragement[practice], INFLUENCE * (only - REFERENCE))
    batch.state.shut[ties[0]] = 1
    batch.run_mechanism("peers")
    assert np.all(batch.state.encouragement[practice] == 0.0)


def test_a_network_is_encouraged_as_one(batch, place):
    one = int(place.of_kind(OrganisationKind.PRACTICE)[0])
    other = neighbours_of(place, one)[0]
    batch.run_mechanism("peers")
    alone = batch.state.encouragement[[one, other]].copy()
    batch.state.network[[one, other]] = one
    batch.run_mechanism("peers")
    weights = place.population_served[[one, other]]
    assert np.allclose(batch.state.encouragement[one], weights @ alone / weights.sum())
    assert np.array_equal(batch.state.encouragement[one], batch.state.encouragement[other])


def test_encouragement_is_taken_off_the_threshold(case, place, batch):
    state = batch.state
    threshold = case.parameter_values["governance.engagement_threshold"]
    state.engaged[:] = 0.0
    state.trust[:] = threshold + 0.05
    practices = place.of_kind(OrganisationKind.PRACTICE)
    state.encouragement[practices] = -0.06
    batch.run_mechanism("governance", step=1)
    assert not state.engaged[practices].any()
    state.encouragement[practices] = -0.04
    batch.run_mechanism("governance", step=1)
    assert state.engaged[practices].all()


def test_encouragement_keeps_engaged_practices_in(case, place, batch):
    state = batch.state
    stays = case.parameter_values["governance.engagement_threshold"]
    stays -= case.parameter_values["governance.engagement_hysteresis"]
    practices = place.of_kind(OrganisationKind.PRACTICE)
    state.engaged[practices] = 1.0
    state.trust[:] = stays - 0.05
    state.encouragement[practices] = 0.06
    batch.run_mechanism("governance", step=1)
    assert state.engaged[practices].all()
    state.encouragement[practices] = 0.04
    batch.run_mechanism("governance", step=1)
    assert not state.engaged[practices].any()


def test_clustering_is_measured_against_the_share_that_chance_would_give(batch, place):
    practices = place.of_kind(OrganisationKind.PRACTICE)
    batch.state.engaged[practices] = 1.0
    batch._tally(batch.series[0])
    assert np.allclose(batch.series[0][theory().row("engaged_neighbours")], 0.0)
    batch.state.engaged[practices] = 0.0
    one = int(practices[0])
    both = [one, neighbours_of(place, one)[0]]
    batch.state.engaged[both] = 1.0
    batch._tally(batch.series[0])
    around = sum(len(neighbours_of(place, practice)) for practice in both)
    expected = 2.0 / around - 2.0 / practices.size
    assert np.allclose(batch.series[0][theory().row("engaged_neighbours")], expected)
