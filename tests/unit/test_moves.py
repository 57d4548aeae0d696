"""Moves: a leader who moves brings orientation and part of the trust, and leaves a post behind."""

import numpy as np
import pytest

from abm.core.batch import Lane
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import make_batch
from abm.submodels.moves.moves import NOWHERE
from abm.submodels.shipped import theory
from abm.submodels.succession.succession import brought
from abm.world.place import OrganisationKind
from abm.world.place_loading import load_place

WIDTH = 64
KEPT_OWN, KEPT_OTHER, BASE = 0.4, 0.75, 0.3
QUIET = {"trust.kept_by_successor": KEPT_OWN, "trust.kept_by_partner": KEPT_OTHER, "trust.base": BASE}


@pytest.fixture(scope="module")
def place():
    return load_place(load_scenario("baseline").place)


def batch_of(place, width=WIDTH, scenario="leadership_with_reform", **parameters):
    values = {name.replace("__", "."): value for name, value in parameters.items()}
    case = load_scenario(scenario).with_parameters({**QUIET, **values})
    table = case.lever_table()
    return make_batch(place, [Lane(3, lane, case.parameter_values, table) for lane in range(width)])


def chiefs_of(place):
    return np.flatnonzero(place.organisation_kind != OrganisationKind.PRACTICE)


def vacate(batch, *rows):
    batch.state.exits[:] = 0.0
    batch.state.exits[list(rows)] = 1.0
    batch.run_mechanism("moves", step=1)


def tie_between(place, one, other):
    (tie,) = np.flatnonzero((np.sort(place.tie_ends, axis=1) == sorted((one, other))).all(axis=1))
    return tie


def trust_of(batch, place, one, other):
    """Return what an organisation thinks of another, (lanes,)."""
    tie = tie_between(place, one, other)
    return batch.state.trust[tie, int(place.tie_ends[tie, 1] == one)]


def partners(place, row):
    at_end = place.tie_ends == row
    return set(place.tie_ends[at_end.any(axis=1)][~at_end[at_end.any(axis=1)]].tolist())


def test_nobody_moves_by_default(place):
    batch = batch_of(place)
    orientation = batch.state.orientation.copy()
    vacate(batch, *chiefs_of(place)[:2])
    assert np.all(batch.state.moved_from == NOWHERE)
    assert np.array_equal(batch.state.orientation, orientation)


def test_the_share_who_move_is_that_of_the_parameter(place):
    batch = batch_of(place, width=2_000, leadership__local_share=0.3)
    row = chiefs_of(place)[0]
    vacate(batch, row)
    moved = batch.state.moved_from[row] != NOWHERE
    assert moved.mean() == pytest.approx(0.3, abs=4.0 * np.sqrt(0.21 / 2_000))


def test_who_moves_brings_the_orientation_and_leaves_a_post_behind(place):
    batch = batch_of(place, leadership__local_share=0.6)
    state = batch.state
    row = chiefs_of(place)[0]
    state.tenure[:] = 3.0
    before = state.orientation.copy()
    vacate(batch, row)
    lanes = np.flatnonzero(state.moved_from[row] != NOWHERE)
    assert 0 < lanes.size < WIDTH
    for lane in lanes:
        former = state.moved_from[row, lane]
        assert state.orientation[row, lane] == before[former, lane]
        assert state.orientation[former, lane] != before[former, lane]
        assert state.tenure[former, lane] == 0.0
        assert np.array_equal(np.flatnonzero(state.exits[:, lane]), sorted((row, former)))
    others = np.setdiff1d(np.arange(WIDTH), lanes)
    assert np.array_equal(state.orientation[:, others], before[:, others])
    assert np.all(state.exits[:, others].sum(axis=0) == 1.0)


def test_leaders_come_from_partners_that_are_no_practices_each_alike(place):
    width = 3_000
    batch = batch_of(place, width=width, leadership__local_share=0.6)
    row = chiefs_of(place)[0]
    vacate(batch, row)
    found = batch.state.moved_from[row]
    rows, counts = np.unique(found[found != NOWHERE], return_counts=True)
    possible = sorted(partners(place, row) & set(chiefs_of(place).tolist()))
    assert rows.tolist() == possible
    expected = counts.sum() / len(possible)
    assert np.all(np.abs(counts - expected) < 4.0 * np.sqrt(expected))


def test_no_leader_moves_to_or_from_a_practice(place):
    batch = batch_of(place, leadership__local_share=0.6)
    practices = place.of_kind(OrganisationKind.PRACTICE)
    vacate(batch, *practices)
    assert np.all(batch.state.moved_from == NOWHERE)


def test_nobody_moves_twice_and_nobody_who_left_moves(place):
    batch = batch_of(place, width=500, leadership__local_share=0.6)
    chiefs = chiefs_of(place)
    gone = chiefs[:2]
    vacate(batch, *gone)
    moved_from = batch.state.moved_from
    assert np.all(moved_from[chiefs[2:]] == NOWHERE)
    assert not np.isin(moved_from[gone], gone).any()
    both = np.all(moved_from[gone] != NOWHERE, axis=0)
    assert both.any()
    assert np.all(moved_from[gone[0], both] != moved_from[gone[1], both])


def test_where_all_have_left_nobody_moves(place):
    batch = batch_of(place, leadership__local_share=0.6)
    vacate(batch, *chiefs_of(place))
    assert np.all(batch.state.moved_from == NOWHERE)


@pytest.mark.parametrize("carried", [0.0, 0.5, 1.0])
def test_what_a_leader_brings_is_what_the_former_organisation_loses(place, carried):
    batch = batch_of(place, width=1, leadership__carried=carried)
    state = batch.state
    to, former = chiefs_of(place)[:2]
    state.exits[:] = 0.0
    state.exits[[to, former]] = 1.0
    state.moved_from[:] = NOWHERE
    state.moved_from[to] = former
    state.trust[:] = np.random.default_rng(2).uniform(0.2, 0.6, state.trust.shape)
    before = state.trust.copy()
    batch.run_mechanism("succession")
    after = state.trust.copy()
    shared = (partners(place, to) & partners(place, former)) - {to, former}
    assert shared
    for third in shared:
        loss, gain = {}, {}
        for one, found in ((former, loss), (to, gain)):
            for judge, judged in ((one, third), (third, one)):
                key = "own" if judge == one else "other"
                state.trust[:] = before
                was = trust_of(batch, place, judge, judged)[0]
                state.trust[:] = after
                found[key] = trust_of(batch, place, judge, judged)[0], was
        for key, kept in (("own", KEPT_OWN), ("other", KEPT_OTHER)):
            now, was = loss[key]
            assert now == pytest.approx(BASE + kept * (was - BASE))
            lost = was - now
            now, was = gain[key]
            assert now == pytest.approx(BASE + kept * (was - BASE) + carried * lost)


def test_nobody_brings_what_would_leave_the_unit_interval(place):
    batch = batch_of(place, leadership__carried=1.0, leadership__local_share=0.6, trust__base=0.9)
    state = batch.state
    state.trust[:] = np.where(np.arange(WIDTH) % 2 == 0, 0.0, 1.0)
    vacate(batch, *chiefs_of(place)[:1])
    batch.run_mechanism("succession")
    assert state.trust.min() >= 0.0
    assert state.trust.max() <= 1.0


def test_to_carry_nothing_is_to_leave_and_come_from_outside(place):
    found = []
    for forget in (False, True):
        batch = batch_of(place, leadership__carried=0.0, leadership__local_share=0.6)
        vacate(batch, chiefs_of(place)[0])
        if forget:
            batch.state.moved_from[:] = NOWHERE
        batch.run_mechanism("succession")
        found.append(batch.state.trust.copy())
    assert np.array_equal(*found)


@pytest.mark.parametrize(
    ("carried", "kept", "level", "expected"),
    [(0.5, 0.4, 0.8, 0.15), (1.0, 1.0, 0.8, 0.0), (0.5, 0.0, 0.1, -0.1)],
)
def test_distrust_goes_along_too(carried, kept, level, expected):
    assert brought(carried, kept, level, BASE) == pytest.approx(expected)


@pytest.mark.parametrize("local_share", [0.0, 0.4])
def test_as_many_chief_executives_leave_as_the_lever_says_whether_or_not_they_move(place, local_share):
    case = (
        load_scenario("baseline")
        .with_horizon(10)
        .with_levers({"leadership.turnover": 0.24})
        .with_parameters({"leadership.turnover_pressure": 0.0, "leadership.local_share": local_share})
    )
    lanes = [Lane(5, lane, case.parameter_values, case.lever_table()) for lane in range(128)]
    batch = make_batch(place, lanes)
    for _ in range(case.months):
        batch.advance()
    found = batch.series[1:, theory().row("turnover")].mean()
    years = case.months / 12 * len(lanes) * len(chiefs_of(place))
    assert found == pytest.approx(0.24, abs=4.0 * np.sqrt(0.24 / years))
    moves = batch.series[1:, theory().row("moves")].sum()
    assert (moves > 0) == (local_share > 0.0)


def test_usual_pressure_leaves_the_rate_of_the_lever(place):
    found = {}
    for usual in (0.0, 0.2):
        batch = batch_of(
            place, width=2_000, leadership__turnover_pressure=4.0, leadership__turnover_usual=usual
        )
        batch.settings[:] = batch.levers[0]
        batch.state.pressure[:] = 0.7
        batch.run_mechanism("leadership", step=1, dt=1.0 / 12.0)
        found[usual] = batch.state.exits[chiefs_of(place)].mean()
    rate = load_scenario("leadership_with_reform").lever_table()[0]
    turnover = rate[[lever.name for lever in theory().levers].index("leadership.turnover")]
    samples = 2_000 * len(chiefs_of(place))
    for usual, multiple in ((0.0, 1.8), (0.2, 1.0)):
        chance = 1.0 - np.exp(-turnover * multiple / 12.0)
        assert found[usual] == pytest.approx(chance, abs=4.0 * np.sqrt(chance / samples))
