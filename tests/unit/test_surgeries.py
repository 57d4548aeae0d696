"""Surgeries change what they say and nothing else, and pair with the intact model."""

import numpy as np
import pytest

from abm.analysis.dissection.operations.classes import SHUT, averaged, classes_of, open_classes, shuffled
from abm.analysis.dissection.runs import LANES, dissect, operated_scenario, simulate_batch
from abm.analysis.dissection.surgeries import (
    AVERAGE,
    INTACT,
    LOCAL_SHUFFLE,
    REMOVE,
    REWIRE,
    SHUFFLE,
    SILENCE,
    SURGERIES,
    rewired,
    surgeries_for,
    swapped,
    without_attention,
    without_practice_ties,
)
from abm.core.batch import Lane
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import cached_place, make_batch, simulate_lanes
from abm.world.place import TieKind

YEARS = 2.0
ON = {"talk.weight": 0.5, "peers.influence": 0.2}


@pytest.fixture(scope="module")
def case():
    return load_scenario("leadership_with_reform").with_place("region").with_horizon(YEARS)


@pytest.fixture(scope="module")
def place(case):
    return cached_place(case.place)


def batch_of(case, place, surgery, lanes=3):
    operated = operated_scenario(case, surgery)
    table = operated.lever_table()
    fates = [Lane(1, number, operated.parameter_values, table) for number in range(lanes)]
    return make_batch(place, fates, extensions=operated.extensions)


def between_practices(place):
    return place.tie_kind == TieKind.PRACTICE_PRACTICE


def test_trust_is_dealt_out_in_the_order_of_the_draws():
    trust = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    classes = np.array([0, 1, 0, 1, 0, SHUT])
    draws = np.array([0.9, 0.2, 0.1, 0.1, 0.5, 0.0])
    assert shuffled(trust, classes, draws).tolist() == [0.3, 0.4, 0.5, 0.2, 0.1, 0.6]


def test_the_mean_of_a_class_leaves_shut_ties_out():
    trust = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.9])
    assert averaged(trust, np.array([0, 1, 0, 1, SHUT, SHUT])).tolist() == pytest.approx(
        [0.2, 0.3, 0.2, 0.3, 0.5, 0.9]
    )


def test_a_class_is_a_kind_and_a_side_of_it_and_a_place_where_that_is_asked():
    kind, at = np.array([0, 2, 0]), np.array([0, 0, 1])
    assert classes_of(kind).tolist() == [0, 1, 4, 5, 0, 1]
    at_home = classes_of(kind, at)
    assert len(set(at_home.tolist())) == 6
    assert open_classes(classes_of(kind), np.array([0, 1, 0], dtype=np.uint8)).tolist() == [
        0,
        1,
        -1,
        -1,
        0,
        1,
    ]


@pytest.mark.parametrize("surgery", [SHUFFLE, LOCAL_SHUFFLE], ids=lambda one: one.name)
def test_shuffling_keeps_the_values_of_each_class_and_shut_ties(case, place, surgery):
    batch = batch_of(case, place, surgery)
    batch.advance()
    batch.state.trust[:] = np.random.default_rng(1).random(batch.state.trust.shape)
    batch.state.shut[::7] = 1
    before, shut = batch.state.trust.copy(), batch.state.shut > 0
    batch.run_mechanism(batch.theory.parts[-1].name, step=5)
    after = batch.state.trust
    assert (
        after[shut.nonzero()[0], :, shut.nonzero()[1]] == before[shut.nonzero()[0], :, shut.nonzero()[1]]
    ).all()
    assert (after != before).mean() > 0.5
    homes = range(len(place.place_names)) if surgery is LOCAL_SHUFFLE else [slice(None)]
    for kind in TieKind:
        for home in homes:
            here = place.tie_place == home if surgery is LOCAL_SHUFFLE else np.ones(place.ties, dtype=bool)
            for side in range(2):
                for lane in range(3):
                    rows = (place.tie_kind == kind) & here & ~shut[:, lane]
                    assert sorted(after[rows, side, lane]) == sorted(before[rows, side, lane])


def test_averaging_leaves_one_level_for_each_kind_and_side(case, place):
    batch = batch_of(case, place, AVERAGE)
    before = batch.state.trust.copy()
    batch.run_mechanism("averaging")
    for kind in set(place.tie_kind.tolist()):
        rows = place.tie_kind == kind
        assert np.ptp(batch.state.trust[rows], axis=0).max() == 0.0
        assert np.allclose(batch.state.trust[rows].mean(axis=0), before[rows].mean(axis=0))


def test_swapping_keeps_the_number_of_neighbours_and_makes_no_tie_twice():
    generator = np.random.default_rng(4)
    ends = np.array([[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [0, 5], [1, 4]])
    made = swapped(ends, generator)
    assert np.bincount(made.ravel()).tolist() == np.bincount(ends.ravel()).tolist()
    assert (made[:, 0] < made[:, 1]).all()
    assert len(set(map(tuple, made.tolist()))) == len(ends)
    assert set(map(tuple, made.tolist())) != set(map(tuple, ends.tolist()))
    assert swapped(ends[:1], generator).tolist() == ends[:1].tolist()
    assert swapped(ends[:0], generator).shape == (0, 2)


def test_rewiring_moves_the_ends_of_practices_ties_alone(place):
    cut = rewired(place, 3)
    assert (cut.tie_kind == place.tie_kind).all()
    others = ~between_practices(place)
    for name in ("tie_ends", "tie_place", "use_share", "core_weight", "need"):
        assert (getattr(cut, name)[others] == getattr(place, name)[others]).all(), name
    ours, theirs = place.tie_ends[between_practices(place)], cut.tie_ends[between_practices(place)]
    assert np.bincount(ours.ravel()).tolist() == np.bincount(theirs.ravel()).tolist()
    shared = set(map(tuple, ours.tolist())) & set(map(tuple, theirs.tolist()))
    assert len(shared) < len(ours)
    homes = place.organisation_place
    assert (homes[theirs[:, 0]] == homes[theirs[:, 1]]).sum() == (
        homes[ours[:, 0]] == homes[ours[:, 1]]
    ).sum()
    assert rewired(place, 3).content_hash == cut.content_hash != rewired(place, 4).content_hash


def test_silent_ties_have_no_share_of_attention_and_no_third_parties(place):
    cut = without_attention(place, 0)
    silent = between_practices(place)
    assert (cut.segment_share[cut.segment[silent]] == 0.0).all()
    assert (cut.segment[~silent] == place.segment[~silent]).all()
    assert (
        np.bincount(cut.segment.ravel(), minlength=cut.segment_ties.size).tolist()
        == cut.segment_ties.tolist()
    )
    assert not silent[cut.third_tie].any()
    assert (np.diff(cut.third_start)[silent] == 0).all()
    for tie in np.flatnonzero(~silent)[:40]:
        theirs = place.third_tie[place.third_start[tie] : place.third_start[tie + 1]]
        mine = cut.third_tie[cut.third_start[tie] : cut.third_start[tie + 1]]
        assert mine.tolist() == theirs[~silent[theirs].any(axis=1)].tolist()


def test_silenced_practices_do_not_meet_and_follow_nobody_but_still_close(case, place):
    case = case.with_parameters({**ON, "closure.rate": 0.3})
    batch = batch_of(case, without_attention(place, 0), SILENCE)
    silent = between_practices(place)
    met = np.zeros(place.ties)
    for _ in range(batch.months):
        batch.advance()
        assert batch.state.meetings[silent].sum() == 0
        assert not batch.state.encouragement.any()
        met += batch.state.meetings.sum(axis=1)
    assert met[~silent].sum() > 0
    assert batch.state.shut.any()


def test_the_time_of_silenced_practices_goes_to_their_other_ties(case, place):
    whole, cut = batch_of(case, place, INTACT), batch_of(case, without_attention(place, 0), SILENCE)
    met = []
    for batch in (whole, cut):
        total = 0.0
        for _ in range(batch.months):
            batch.advance()
            total += batch.state.meetings[place.tie_kind == TieKind.HOSPITAL_PRACTICE].sum()
        met.append(total)
    assert met[1] > 1.1 * met[0]


def test_removed_ties_are_gone_and_the_rest_is_as_it_was(place):
    cut = without_practice_ties(place, 0)
    rest = ~between_practices(place)
    assert not between_practices(cut).any()
    assert (cut.tie_ends == place.tie_ends[rest]).all()
    assert (cut.need == place.need[rest]).all()
    assert cut.organisation_id == place.organisation_id


def test_intact_runs_are_those_of_the_model_bit_for_bit(case):
    ends = simulate_batch(case, INTACT, 1, 0, 3)
    series, judged = simulate_lanes([case] * 3, [1] * 3, range(3))
    row = case.extensions.theory.row("implementation")
    assert ends.implementation.tolist() == series[-1, row].tolist()
    assert ends.standing.tolist() == judged["standing"].tolist()


def test_runs_pair_by_replicate_whatever_the_workers_and_batches(case):
    seen = []
    replicates = LANES + 2
    one = dissect(case, (SHUFFLE, REWIRE), 1, replicates, 1, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (3 * replicates, 3 * replicates)
    many = dissect(case, (SHUFFLE, REWIRE), 1, replicates, 2, lambda done, total: None)
    assert list(one) == ["intact", "shuffle", "rewire"]
    for name, ends in one.items():
        assert ends.runs == replicates
        assert (ends.trust == many[name].trust).all(), name
    alone = simulate_batch(case, SHUFFLE, 1, LANES, replicates)
    assert (alone.trust == one["shuffle"].trust[LANES:]).all()


def test_shuffling_at_home_is_left_out_where_there_is_one_place(place):
    assert len(place.place_names) > 1
    assert surgeries_for(place) == SURGERIES
    one = cached_place(load_scenario("baseline").place)
    assert len(one.place_names) == 1
    assert LOCAL_SHUFFLE not in surgeries_for(one)
    assert REMOVE in surgeries_for(one)
