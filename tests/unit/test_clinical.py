"""Clinical leaders: the best connected practices sit, and meet those beside whom they sit."""

import numpy as np
import pytest

from abm.core.batch import Lane
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import make_batch
from abm.world.place import OrganisationKind, TieKind
from abm.world.place_loading import load_place

WIDTH = 8
MONTH = 1.0 / 12.0


@pytest.fixture(scope="module")
def region():
    return load_place(load_scenario("baseline").with_place("region").place)


def batch_of(place, leaders, width=WIDTH, **parameters):
    values = {name.replace("__", "."): value for name, value in parameters.items()}
    case = load_scenario("leadership_with_reform").with_levers({"convening.clinical_leaders": leaders})
    case = case.with_parameters(values)
    table = case.lever_table()
    batch = make_batch(place, [Lane(3, lane, case.parameter_values, table) for lane in range(width)])
    batch.state.meetings[:] = 0
    return batch


def neighbours_of(place, shut):
    """Count open neighbours, (organisations, lanes)."""
    found = np.zeros((place.organisations, shut.shape[1]))
    for tie in np.flatnonzero(place.tie_kind == TieKind.PRACTICE_PRACTICE):
        found[place.tie_ends[tie]] += 1.0 - shut[tie]
    return found


def test_without_clinical_leaders_nothing_changes(region):
    batch = batch_of(region, 0.0)
    batch.run_mechanism("clinical", step=1, dt=MONTH)
    assert not batch.state.seat.any()
    assert not batch.state.meetings.any()


@pytest.mark.parametrize(("leaders", "expected"), [(1.0, 1), (3.9, 3), (10.0, 10)])
def best_connected(place, batch, lane, number):
    """Return the rows of the practices that are to sit in a lane, by place."""
    neighbours = neighbours_of(place, batch.state.shut)[:, lane]
    found = set()
    for one in range(len(place.place_names)):
        rows = place.practice_row[place.practice_start[one] : place.practice_start[one + 1]]
        is_open = batch.state.list_size[rows, lane] > 0.0
        found |= set(sorted(rows[is_open].tolist(), key=lambda row: (-neighbours[row], row))[:number])
    return found


@pytest.mark.parametrize(("leaders", "expected"), [(1.0, 1), (3.9, 3), (10.0, 10)])
def test_so_many_of_the_best_connected_practices_of_every_place_sit(region, leaders, expected):
    batch = batch_of(region, leaders)
    batch.run_mechanism("clinical", step=1, dt=MONTH)
    for lane in range(WIDTH):
        assert set(np.flatnonzero(batch.state.seat[:, lane])) == best_connected(region, batch, lane, expected)


def test_nobody_sits_for_a_closed_practice_and_closed_neighbours_do_not_count(region):
    batch = batch_of(region, 2.0)
    chosen = np.random.default_rng(4)
    practices = region.of_kind(OrganisationKind.PRACTICE)
    for lane in range(WIDTH):
        closed = chosen.choice(practices, practices.size // 2, replace=False)
        batch.state.list_size[closed, lane] = 0.0
        batch.state.shut[np.isin(region.tie_ends, closed).any(axis=1), lane] = 1
    batch.run_mechanism("clinical", step=1, dt=MONTH)
    for lane in range(WIDTH):
        assert set(np.flatnonzero(batch.state.seat[:, lane])) == best_connected(region, batch, lane, 2)


def test_more_leaders_than_practices_is_all_of_them():
    place = load_place(load_scenario("baseline").place)
    batch = batch_of(place, 10.0)
    practices = place.of_kind(OrganisationKind.PRACTICE)
    batch.state.list_size[practices[3:]] = 0.0
    batch.run_mechanism("clinical", step=1, dt=MONTH)
    assert np.all(batch.state.seat[practices[:3]] == 1.0)
    assert batch.state.seat.sum() == 3 * WIDTH


@pytest.mark.parametrize("has_board", [False, True])
def test_a_seat_brings_meetings_with_the_commissioner_and_on_a_board_with_providers(region, has_board):
    batch = batch_of(region, 4.0, width=200, clinical__contacts=12.0)
    batch.state.board[:] = float(has_board)
    batch.run_mechanism("clinical", step=1, dt=MONTH)
    practice = region.tie_ends[:, 1]
    sits = batch.state.seat[practice] > 0.0
    kinds = [TieKind.COMMISSIONER_PRACTICE] + [TieKind.HOSPITAL_PRACTICE] * has_board
    concerned = sits & np.isin(region.tie_kind, kinds)[:, np.newaxis]
    assert not batch.state.meetings[~concerned].any()
    # One meeting a month is expected.
    number = concerned.sum()
    assert batch.state.meetings[concerned].mean() == pytest.approx(1.0, abs=4.0 / np.sqrt(number))


def test_meetings_of_a_seat_come_on_top_and_end_at_the_most(region):
    batch = batch_of(region, 10.0, clinical__contacts=24.0)
    batch.state.meetings[:] = 62
    batch.run_mechanism("clinical", step=1, dt=1.0)
    assert batch.state.meetings.max() == 63
    assert batch.state.meetings.min() == 62


def test_no_meeting_takes_place_on_a_shut_tie(region):
    batch = batch_of(region, 10.0, clinical__contacts=24.0)
    batch.state.shut[:] = 1
    batch.run_mechanism("clinical", step=1, dt=1.0)
    assert not batch.state.meetings.any()
