"""Networks of practices: an optimum that is computed, bounds that hold, labels that last, one voice to others."""

import math

import numpy as np
import pytest

from abm.core.batch import Lane
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import make_batch
from abm.submodels.federation.performance import network_performance, optimal_members
from abm.submodels.quantities import levers, parameters
from abm.submodels.shipped import theory
from abm.world.place import OrganisationKind, TieKind
from abm.world.place_loading import load_place

MEAN_LIST = 7055.0
WIDTH = 32
COST = tuple(
    parameters()[f"federation.{name}"].default for name in ("risk", "risk_population", "coordination")
)
ALWAYS = 24.0
LONG = 12.0
"""Years so long that whatever can happen at the fastest rate does."""


@pytest.fixture(scope="module")
def case():
    return load_scenario("leadership_with_reform").with_place("somerset")


@pytest.fixture(scope="module")
def place(case):
    return load_place(case.place)


def batch_of(case, place, width=WIDTH, months=120, parameters=None, **settings):
    case = case.with_parameters({"closure.rate": 0.0, **(parameters or {})})
    case = case.with_levers({name.replace("__", "."): value for name, value in settings.items()})
    table = case.lever_table()[-1:].repeat(months, axis=0)
    return make_batch(place, [Lane(1, number, case.parameter_values, table) for number in range(width)])


def federate(batch, step=1, dt=1.0 / 12.0):
    batch.run_mechanism("federation", step=step, dt=dt)


def neighbours(place):
    """Return a practice_practice tie within one place, and its ends."""
    tie = int(np.flatnonzero(place.tie_kind == TieKind.PRACTICE_PRACTICE)[0])
    return tie, *place.tie_ends[tie].tolist()


# ---- performance ----------------------------------------------------------------------------------


def test_performance_against_size_is_an_inverted_u():
    members = np.arange(1, 60)
    found = np.array([network_performance(MEAN_LIST * number, number, *COST) for number in members])
    best = int(found.argmax())
    assert 0 < best < len(members) - 1
    assert np.all(np.diff(found[: best + 1]) > 0.0)
    assert np.all(np.diff(found[best:])[found[best + 1 :] > 0.0] < 0.0)
    assert 25_000 <= MEAN_LIST * members[best] <= 100_000


@pytest.mark.parametrize("list_size", [3000.0, MEAN_LIST, 12_000.0])
def test_the_optimum_is_where_no_network_of_other_size_does_better(list_size):
    best = optimal_members(list_size, *COST)
    grid = np.linspace(1.0, 60.0, 5901)
    found = [network_performance(list_size * number, number, *COST) for number in grid]
    assert grid[int(np.argmax(found))] == pytest.approx(best, abs=0.01)


def test_the_optimum_has_limits():
    risk, risk_population, _ = COST
    assert optimal_members(MEAN_LIST, risk, risk_population, 0.0) == math.inf
    assert optimal_members(MEAN_LIST, 0.0, risk_population, 0.016) == 1.0


def test_networks_outside_the_bounds_lose_more_members(case, place):
    batch = batch_of(case, place, contracting__flexibility=0.0)
    practices = place.of_kind(OrganisationKind.PRACTICE)
    sizes = {"small": 2, "within": 7, "large": 30}
    groups = np.split(practices[: sum(sizes.values())], np.cumsum(list(sizes.values()))[:-1])
    left = dict.fromkeys(sizes, 0.0)
    steps = 120
    for step in range(1, steps + 1):
        batch.state.trust[:] = 0.0
        batch.state.list_size[practices] = MEAN_LIST
        batch.state.network[:] = -1
        for group in groups:
            batch.state.network[group] = group[0]
        federate(batch, step)
        for name, group in zip(sizes, groups, strict=True):
            # Where one of two leaves, the network is gone: half of the leavers.
            gone = batch.state.network[group] < 0
            left[name] += (gone.any(axis=0) if name == "small" else gone.sum(axis=0)).sum()
    rates = {name: left[name] * 12.0 / (WIDTH * steps * sizes[name]) for name in sizes}
    for name, members in sizes.items():
        hazard = 0.4 * (1.0 - network_performance(MEAN_LIST * members, members, *COST))
        spread = math.sqrt(hazard * 12.0 / (WIDTH * steps * members))
        assert abs(rates[name] - hazard) < 4.0 * spread, name
    assert rates["within"] < min(rates["small"], rates["large"])


# ---- joining --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("above", "joins"), [(0.01, True), (-0.01, False)])
@pytest.mark.parametrize(
    ("flexibility", "orientation", "pushed"),
    [(0.0, 1.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.5, 1.0, 0.5)],
)
def test_trust_or_the_push_of_a_leader_under_a_flexible_contract_brings_practices_together(
    case, place, flexibility, orientation, pushed, above, joins
):
    values = case.parameter_values
    trust = values["federation.threshold"] - values["federation.push"] * pushed + above
    batch = batch_of(case, place, width=2, contracting__flexibility=flexibility)
    tie, first, second = neighbours(place)
    batch.state.trust[:] = 0.0
    batch.state.trust[tie] = trust
    batch.state.orientation[:] = 0.0
    batch.state.orientation[second] = orientation
    federate(batch, dt=LONG * 4)
    # In years without end a network that has formed may have lost its members again.
    assert np.all(batch.state.reshaped == float(joins))
    if not joins:
        assert np.all(batch.state.network[[first, second]] == -1)


def together(batch):
    """Return an arrangement in which every practice federates if it may, and none leaves."""
    batch.state.trust[:] = 1.0
    federate(batch, dt=LONG)


CALM = {"federation.rate": ALWAYS, "federation.leave_rate": 0.0, "federation.conflict_loss": 0.0}


@pytest.mark.parametrize("maximum", [20_000.0, 60_000.0, 200_000.0])
def test_no_network_grows_beyond_the_maximum(case, place, maximum):
    batch = batch_of(case, place, parameters=CALM, contracting__network_maximum=maximum)
    for _ in range(3):
        together(batch)
    state = batch.state
    for lane in range(2):
        labels = [label for label in np.unique(state.network[:, lane]) if label >= 0]
        people = [state.list_size[state.network[:, lane] == label, lane].sum() for label in labels]
        assert labels
        assert max(people) <= maximum
        assert min(np.count_nonzero(state.network[:, lane] == label) for label in labels) >= 2


def test_no_union_does_worse_than_the_weaker_side(case, place):
    batch = batch_of(case, place, parameters=CALM, contracting__network_maximum=500_000.0)
    for _ in range(3):
        together(batch)
    state = batch.state
    for label in np.unique(state.network[:, 0]):
        if label >= 0:
            people = state.list_size[state.network[:, 0] == label, 0]
            alone = min(network_performance(one, 1.0, *COST) for one in people)
            assert network_performance(people.sum(), float(len(people)), *COST) >= alone


def test_a_network_keeps_its_label_when_the_practice_of_that_row_leaves(case, place):
    tie, first, second = neighbours(place)
    practices = place.of_kind(OrganisationKind.PRACTICE)
    others = [row for row in practices if row not in (first, second)][:2]
    batch = batch_of(case, place, parameters=CALM, width=2, contracting__network_maximum=500_000.0)
    state = batch.state
    state.trust[:] = 0.0
    state.trust[tie] = 1.0
    state.network[:] = -1
    state.network[others] = first
    federate(batch, dt=LONG)
    assert np.all(state.network[others] == first)
    assert np.all(state.network[[first, second]] == second)


def test_two_networks_that_unite_keep_the_smaller_label(case, place):
    tie, first, second = neighbours(place)
    practices = place.of_kind(OrganisationKind.PRACTICE)
    one, two = [row for row in practices if row not in (first, second)][:2]
    batch = batch_of(case, place, parameters=CALM, width=2, contracting__network_maximum=500_000.0)
    state = batch.state
    state.trust[:] = 0.0
    state.trust[tie] = 1.0
    state.network[:] = -1
    state.network[[first, one]] = max(first, one)
    state.network[[second, two]] = min(second, two)
    federate(batch, dt=LONG)
    expected = min(max(first, one), second, two)
    assert np.all(state.network[[first, second, one, two]] == expected)


def test_a_network_of_one_dissolves(case, place):
    batch = batch_of(case, place, width=2)
    practice = place.of_kind(OrganisationKind.PRACTICE)[3]
    batch.state.trust[:] = 0.0
    batch.state.network[practice] = practice
    federate(batch)
    assert np.all(batch.state.network == -1)
    assert np.all(batch.state.reshaped == 1.0)


# ---- what a network does --------------------------------------------------------------------------


@pytest.mark.parametrize(("governance", "kept"), [(0.0, 0.9), (0.5, 0.95), (1.0, 1.0)])
def test_a_contract_costs_trust_with_the_commissioner_unless_conflicts_are_governed(
    case, place, governance, kept
):
    settings = {"contracting__conflict_governance": governance, "contracting__flexibility": 1.0}
    batch = batch_of(case, place, parameters={"federation.leave_rate": 0.0}, width=2, **settings)
    members = place.of_kind(OrganisationKind.PRACTICE)[:4]
    state = batch.state
    state.orientation[:] = 0.0
    state.trust[:] = 0.5
    state.network[members] = members[0]
    federate(batch, dt=1000.0)
    touched = (place.tie_kind == TieKind.COMMISSIONER_PRACTICE) & np.isin(place.tie_ends[:, 1], members)
    assert np.allclose(state.trust[touched], 0.5 * kept)
    assert np.all(state.trust[~touched] == 0.5)


def unite(state, members):
    """Unite some practices in a network, as federation would."""
    state.network[members] = members[0]
    state.network_members[members[0]] = len(members)
    state.network_people[members[0]] = state.list_size[members].sum(axis=0)


def shares(batch):
    """Return the share of its budget that each side gives to a tie, (ties, 2, lanes)."""
    return batch.state.attention_weight / batch.state.attention_total[batch.place.segment]


def test_a_network_is_one_counterpart_to_a_commissioner_but_not_to_a_practice(case, place):
    batch = batch_of(case, place, width=1)
    members = place.of_kind(OrganisationKind.PRACTICE)[:10]
    state = batch.state
    before = shares(batch)
    unite(state, members)
    state.reshaped[:] = 1.0
    batch.run_mechanism("attention", step=1)
    bought = np.flatnonzero(place.tie_kind == TieKind.COMMISSIONER_PRACTICE)
    practices = len(bought)
    assert np.allclose(before[bought, 0], 1.0 / practices)
    assert np.allclose(shares(batch)[bought, 0], 1.0 / (practices - 10 + 1))
    assert np.array_equal(shares(batch)[bought, 1], before[bought, 1])
    assert state.reshaped[0] == 0.0


@pytest.mark.parametrize(
    ("lists", "together"), [((8000.0, 5000.0, 3000.0), 1.0), ((2000.0, 7000.0, 7000.0), 0.0)]
)
def test_a_network_engages_as_one(case, place, lists, together):
    batch = batch_of(case, place, width=1)
    members = place.of_kind(OrganisationKind.PRACTICE)[:3]
    state = batch.state
    state.list_size[members, 0] = lists
    state.trust[:] = 0.1
    partners = np.isin(place.tie_kind, (TieKind.COMMISSIONER_PRACTICE, TieKind.HOSPITAL_PRACTICE))
    state.trust[partners & (place.tie_ends[:, 1] == members[0])] = 0.9
    state.engaged[:] = 0.0
    batch.run_mechanism("governance")
    assert state.engaged[members, 0].tolist() == [1.0, 0.0, 0.0]
    own_view = state.engagement_trust.copy()
    state.engaged[:] = 0.0
    unite(state, members)
    batch.run_mechanism("governance")
    assert np.all(state.engaged[members, 0] == together)
    assert np.array_equal(state.engagement_trust, own_view)


def test_qualified_people_are_those_of_networks_within_the_bounds_by_performance(case, place):
    batch = batch_of(case, place, parameters=CALM, width=1)
    practices = place.of_kind(OrganisationKind.PRACTICE)
    state = batch.state
    state.trust[:] = 0.0
    state.list_size[practices] = MEAN_LIST
    state.network[practices[:7]] = practices[0]
    state.network[practices[7:9]] = practices[7]
    federate(batch)
    within = network_performance(7 * MEAN_LIST, 7.0, *COST)
    assert state.qualified[0, 0] == pytest.approx(7 * within / len(practices))
    values = np.zeros((len(theory().measures), 1))
    batch._tally(values)
    outside = network_performance(2 * MEAN_LIST, 2.0, *COST)
    assert values[theory().row("networks"), 0] == 2.0
    assert values[theory().row("networked"), 0] == pytest.approx(9 / len(practices))
    assert values[theory().row("network_performance"), 0] == pytest.approx((7 * within + 2 * outside) / 9)


def test_hardly_any_practice_can_carry_a_population_contract_alone(case, place):
    batch = batch_of(case, place, width=1)
    lists = place.population_served[place.of_kind(OrganisationKind.PRACTICE)]
    assert np.mean(lists >= levers()["contracting.network_minimum"].default) < 0.02
    assert batch.measures()["networks"][0] == 0.0
    assert np.isnan(batch.measures()["network_performance"][0])


def test_flexibility_alone_brings_hardly_any_network(place):
    baseline = load_scenario("baseline").with_place("somerset")
    found = {}
    for name, settings in {
        "flexibility": {"contracting.flexibility": 0.9},
        "both": {"contracting.flexibility": 0.9, "leadership.effort": 0.8, "competition.strictness": 0.15},
    }.items():
        case = baseline.with_levers(settings)
        batch = make_batch(
            place, [Lane(1, number, case.parameter_values, case.lever_table()) for number in range(16)]
        )
        for _ in range(60):
            batch.advance()
        found[name] = batch.measures()["networked"].mean()
    assert found["flexibility"] < 0.1, found
    assert found["both"] > 0.5, found
