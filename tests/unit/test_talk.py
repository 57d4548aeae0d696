"""Talk: one good meeting passes on what a partner thinks of a third organisation, and nothing else does."""

import numpy as np
import pytest

from abm.core.batch import Lane
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import make_batch
from abm.submodels.talk.talk import heed, trust_after_talk, which_third
from abm.world.place_loading import load_place


@pytest.fixture(scope="module")
def case():
    return load_scenario("leadership_with_reform").with_place("south_somerset").with_horizon(2)


@pytest.fixture(scope="module")
def place(case):
    return load_place(case.place)


def batch_after_one_meeting(case, place, tie, weight=0.4, good=(1, 1), lanes=40):
    """Return a batch in which only one tie has met, with trust that differs from side to side."""
    case = case.with_parameters({"talk.weight": weight})
    table = case.lever_table()
    batch = make_batch(place, [Lane(3, number, case.parameter_values, table) for number in range(lanes)])
    state = batch.state
    state.trust[:] = np.random.default_rng(4).random(state.trust.shape[:2])[..., np.newaxis]
    state.meetings[:] = 0
    state.good_meetings[:] = 0
    state.meetings[tie] = max(good)
    state.good_meetings[tie] = np.array(good, dtype=np.uint8)[:, np.newaxis]
    return batch


def shared_partners(place, tie):
    near = [set(place.tie_ends[(place.tie_ends == end).any(axis=1)].ravel()) for end in place.tie_ends[tie]]
    return sorted((near[0] & near[1]) - set(place.tie_ends[tie]))


def test_an_opinion_is_heeded_by_trust_in_the_teller_and_by_good_meetings():
    assert heed(0.4, 0, 0.5) == 0.0
    assert heed(0.4, 1, 0.5) == pytest.approx(0.2)
    assert heed(0.4, 2, 0.5) == pytest.approx(0.32)
    assert trust_after_talk(0.3, 0.8, 0.2) == pytest.approx(0.4)
    assert [which_third(u, 3) for u in (0.01, 0.34, 0.99)] == [0, 1, 2]


def test_one_meeting_moves_one_opinion_towards_what_the_teller_thinks(case, place):
    tie = int(place.kind_start[5])
    ends = place.tie_ends[tie].tolist()
    batch = batch_after_one_meeting(case, place, tie)
    before = batch.state.trust.copy()
    batch.run_mechanism("talk", step=1)
    thirds, hearers = set(), set()
    for lane in range(batch.width):
        (changed,) = np.argwhere(before[..., lane] != batch.state.trust[..., lane])
        own, side = changed
        hearer, third = place.tie_ends[own, side], place.tie_ends[own, 1 - side]
        assert hearer in ends
        teller = ends[1 - ends.index(hearer)]
        (told,) = np.flatnonzero((np.sort(place.tie_ends, axis=1) == sorted((teller, third))).all(axis=1))
        said = before[told, place.tie_ends[told].tolist().index(teller), lane]
        trusted = before[tie, ends.index(hearer), lane]
        expected = before[own, side, lane] + 0.4 * trusted * (said - before[own, side, lane])
        assert batch.state.trust[own, side, lane] == pytest.approx(expected)
        thirds.add(int(third))
        hearers.add(int(hearer))
    assert hearers == set(ends)
    assert thirds <= set(map(int, shared_partners(place, tie)))
    assert len(thirds) > 3
    assert batch.state.heard.sum() == batch.width


def test_whoever_found_the_meeting_bad_hears_nothing(case, place):
    tie = int(place.kind_start[5])
    batch = batch_after_one_meeting(case, place, tie, good=(1, 0))
    before = batch.state.trust.copy()
    batch.run_mechanism("talk", step=1)
    moved = np.argwhere(before != batch.state.trust)
    assert {int(place.tie_ends[own, side]) for own, side, _ in moved} == {int(place.tie_ends[tie, 0])}
    assert 0 < len(moved) < batch.width


def test_nothing_is_heard_of_an_organisation_that_has_closed(case, place):
    tie = int(place.kind_start[5])
    batch = batch_after_one_meeting(case, place, tie)
    batch.state.shut[:] = 1
    batch.state.shut[tie] = 0
    before = batch.state.trust.copy()
    batch.run_mechanism("talk", step=1)
    assert np.array_equal(before, batch.state.trust)
    assert batch.state.heard.sum() == 0


def test_talk_keeps_trust_between_nothing_and_everything(case, place):
    batch = batch_after_one_meeting(case, place, 0, weight=1.0)
    batch.state.meetings[:] = 3
    batch.state.good_meetings[:] = 3
    low, high = batch.state.trust.min(), batch.state.trust.max()
    for step in range(1, 30):
        batch.run_mechanism("talk", step=step)
    assert low <= batch.state.trust.min() <= batch.state.trust.max() <= high


def test_without_weight_nobody_talks(case, place):
    batch = batch_after_one_meeting(case, place, 0, weight=0.0)
    before = batch.state.trust.copy()
    batch.run_mechanism("talk", step=1)
    assert np.array_equal(before, batch.state.trust)
