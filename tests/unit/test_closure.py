"""Closures: as many as were seen in England, small lists first, nobody lost, and nothing left behind that acts."""

import math

import numpy as np
import pytest

from abm.core.batch import Lane
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import make_batch
from abm.submodels.shipped import theory
from abm.world.place import OrganisationKind, TieKind
from abm.world.place_loading import load_place

WIDTH = 32
YEARS = 10


@pytest.fixture(scope="module")
def case():
    return load_scenario("baseline").with_place("somerset")


@pytest.fixture(scope="module")
def place(case):
    return load_place(case.place)


def batch_of(case, place, width=WIDTH, **parameters):
    case = case.with_parameters({name.replace("__", "."): value for name, value in parameters.items()})
    table = case.lever_table()
    return make_batch(place, [Lane(2, number, case.parameter_values, table) for number in range(width)])


@pytest.fixture(scope="module")
def history(case, place):
    """Run ten years, and keep the lists of every month."""
    batch = batch_of(case, place)
    lists = [batch.state.list_size.copy()]
    for _ in range(12 * YEARS):
        batch.advance()
        lists.append(batch.state.list_size.copy())
    return batch, np.array(lists)


def test_about_two_practices_in_a_hundred_close_in_a_year(history, place):
    batch, lists = history
    practices = place.of_kind(OrganisationKind.PRACTICE)
    held = lists[:-1, practices]
    closures = batch.series[1:, theory().row("closures")].sum()
    years_at_risk = (held > 0.0).sum() / 12.0
    hazards = 0.021 * np.sqrt(7055.0 / held[held > 0.0])
    assert abs(closures - hazards.sum() / 12.0) < 4.0 * math.sqrt(closures)
    assert closures / years_at_risk == pytest.approx(0.021, abs=0.003)
    assert batch.series[-1, theory().row("practices")].sum() == (lists[-1, practices] > 0.0).sum()
    assert closures == (lists[-1, practices] == 0.0).sum()


def test_nobody_is_lost_when_practices_close(history, place):
    _, lists = history
    practices = place.of_kind(OrganisationKind.PRACTICE)
    people = lists[:, practices].sum(axis=1)
    assert np.allclose(people, place.population.sum(), rtol=1e-12)
    others = np.setdiff1d(np.arange(place.organisations), practices)
    assert np.array_equal(
        lists[-1, others], np.repeat(place.population_served[others, np.newaxis], WIDTH, axis=1)
    )


def test_small_practices_close_more_often(history, place):
    _, lists = history
    practices = place.of_kind(OrganisationKind.PRACTICE)
    start = place.population_served[practices]
    closed = (lists[-1, practices] == 0.0).mean(axis=1)
    assert closed[start < np.median(start)].mean() > closed[start >= np.median(start)].mean()


def test_a_closed_practice_acts_on_nothing_and_nothing_acts_on_it(history, place):
    batch, lists = history
    state = batch.state
    ties = np.any(lists[-2][place.tie_ends] == 0.0, axis=1)
    assert ties.any()
    assert np.all(state.meetings[ties] == 0)
    assert np.all(state.shut[ties] == 1)
    assert np.all(state.attention_weight[:, 0][ties] == 0.0)
    assert np.all(state.attention_weight[:, 1][ties] == 0.0)
    gone = lists[-2] == 0.0
    for name in ("effort", "engaged"):
        assert np.all(state.arrays[name][gone] == 0.0)
    assert np.all(state.network[gone] == -1)


def test_trust_on_the_ties_of_a_closed_practice_goes_back_to_its_base_and_stays_there(history, place, case):
    batch, lists = history
    shut = np.any(lists[-2][place.tie_ends] == 0.0, axis=1)
    both_sides = np.stack([shut, shut], axis=1)
    assert np.all(batch.state.trust[both_sides] == case.parameter_values["trust.base"])
    assert np.all(batch.state.divergence[shut] == case.parameter_values["trust.divergence_start"])


def close_all(batch):
    batch.run_mechanism("closure", step=1, dt=1e6)


def neighbours_of(place, practice):
    """Return the sides of practice_practice ties on which a practice stands, as (tie, side, neighbour)."""
    found = []
    for tie in np.flatnonzero(place.tie_kind == TieKind.PRACTICE_PRACTICE):
        for side in range(2):
            if place.tie_ends[tie, side] == practice:
                found.append((tie, side, place.tie_ends[tie, 1 - side]))
    return found


def test_the_most_trusted_open_neighbour_takes_the_list(case, place):
    practices = place.of_kind(OrganisationKind.PRACTICE)
    practice = practices[0]
    sides = neighbours_of(place, practice)
    assert len(sides) > 1
    for chosen in range(len(sides)):
        batch = batch_of(case, place, width=1, closure__reference_list=1e5, closure__size_power=1.0)
        state = batch.state
        state.trust[:] = 0.2
        tie, side, heir = sides[chosen]
        state.trust[tie, side] = 0.6
        state.trust[tie, 1 - side] = 0.0
        # Lists so long that no other practice closes in the step.
        state.list_size[practices] = 1e15
        state.list_size[practice] = 1.0
        batch.run_mechanism("closure", step=1, dt=1e6)
        assert state.list_size[practice, 0] == 0.0
        assert state.closed[:, 0].sum() == 1.0
        assert state.list_size[heir, 0] == 1e15 + 1.0
        assert state.reshaped[0] == 1.0


def test_every_place_keeps_a_practice(case):
    region = load_place(case.with_place("region").place)
    batch = batch_of(case, region, width=4)
    people = batch.state.list_size.sum(axis=0)
    close_all(batch)
    practices = region.of_kind(OrganisationKind.PRACTICE)
    for row in range(len(region.place_names)):
        at_home = practices[region.organisation_place[practices] == row]
        assert np.all((batch.state.list_size[at_home] > 0.0).sum(axis=0) >= 1)
    assert np.allclose(batch.state.list_size.sum(axis=0), people)


def test_without_a_rate_nobody_closes(case, place):
    batch = batch_of(case, place, width=2, closure__rate=0.0)
    close_all(batch)
    assert np.all(batch.state.closed == 0.0)
    assert np.all(batch.state.reshaped == 0.0)
