"""Approach: who comes first by each rule, what they get, and that time goes back to all alike."""

import numpy as np
import pytest

from abm.core.batch import Lane
from abm.errors import InvalidInput
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import make_batch
from abm.submodels.shipped import theory
from abm.world.place import TieKind
from abm.world.place_loading import load_place

LARGEST, BEST_CONNECTED, NEXT_TO_ENGAGED, LEAST_TRUSTING = 1, 2, 3, 4
AT_ONCE = 0.2


@pytest.fixture(scope="module")
def place():
    return load_place(load_scenario("baseline").place)


def case_of(rule=LARGEST, focus=1.0, **parameters):
    case = load_scenario("leadership_with_reform").with_levers({"leadership.focus": focus}).with_horizon(2)
    return case.with_parameters({"approach.rule": rule, "approach.at_once": AT_ONCE, **parameters})


def batch_of(place, case, width=1):
    return make_batch(
        place, [Lane(4, lane, case.parameter_values, case.lever_table()) for lane in range(width)]
    )


def first_of(batch, place):
    batch.run_mechanism("approach", step=1)
    preference = batch.state.preference[place.practice_row, 0]
    return set(place.practice_row[preference > 1.0].tolist())


def highest(place, scores, number):
    """Return the practices of the highest scores; among equals the larger list, then the smaller row."""
    lists = place.population_served
    ranked = sorted(place.practice_row.tolist(), key=lambda row: (-scores[row], -lists[row], row))
    return set(ranked[:number])


def neighbours(place, counted=None):
    number = np.zeros(place.organisation_kind.size)
    for one, other in place.tie_ends[place.tie_kind == TieKind.PRACTICE_PRACTICE]:
        number[one] += 1 if counted is None else counted[other]
        number[other] += 1 if counted is None else counted[one]
    return number


def at_once(place):
    return round(AT_ONCE * place.practice_row.size)


def test_the_largest_lists_come_first(place):
    expected = highest(place, place.population_served, at_once(place))
    assert first_of(batch_of(place, case_of(LARGEST)), place) == expected


def test_the_best_connected_come_first(place):
    expected = highest(place, neighbours(place), at_once(place))
    assert first_of(batch_of(place, case_of(BEST_CONNECTED)), place) == expected


def test_neighbours_of_those_engaged_come_first(place):
    batch = batch_of(place, case_of(NEXT_TO_ENGAGED))
    engaged = place.practice_row[::5]
    batch.state.engaged[engaged] = 1.0
    scores = neighbours(place, batch.state.engaged[:, 0])
    scores[engaged] = -1.0
    number = round(AT_ONCE * (place.practice_row.size - engaged.size))
    assert first_of(batch, place) == highest(place, scores, number)


def test_the_least_trusting_come_first(place):
    batch = batch_of(place, case_of(LEAST_TRUSTING))
    expected = highest(place, -batch.state.practice_trust[:, 0], at_once(place))
    assert first_of(batch, place) == expected


def test_a_practice_that_engages_makes_room_for_the_next(place):
    batch = batch_of(place, case_of(LARGEST))
    largest = max(first_of(batch, place), key=lambda row: place.population_served[row])
    batch.state.engaged[largest] = 1.0
    scores = place.population_served.copy()
    scores[largest] = -1.0
    number = round(AT_ONCE * (place.practice_row.size - 1))
    assert first_of(batch, place) == highest(place, scores, number)


def test_a_closed_practice_is_not_approached(place):
    batch = batch_of(place, case_of(LARGEST))
    largest = max(first_of(batch, place), key=lambda row: place.population_served[row])
    batch.state.list_size[largest] = 0.0
    assert largest not in first_of(batch, place)


@pytest.mark.parametrize("focus", [0.0, 0.3, 1.0])
def test_preference_is_one_on_average(place, focus):
    batch = batch_of(place, case_of(focus=focus))
    batch.run_mechanism("approach", step=1)
    preference = batch.state.preference[place.practice_row, 0]
    assert preference.mean() == pytest.approx(1.0, abs=1e-12)
    assert preference.min() == pytest.approx(1.0 - focus)


def test_all_are_alike_where_everybody_is_engaged(place):
    batch = batch_of(place, case_of())
    batch.state.engaged[place.practice_row] = 1.0
    assert not first_of(batch, place)
    assert np.all(batch.state.preference == 1.0)


def test_all_reserved_time_goes_to_those_approached_first(place):
    batch = batch_of(place, case_of(focus=1.0))
    first = first_of(batch, place)
    batch.run_mechanism("attention", step=1)
    share = batch.state.attention_weight / batch.state.attention_total[place.segment]
    (to_practices,) = np.nonzero(place.tie_kind == TieKind.COMMISSIONER_PRACTICE)
    for tie in to_practices:
        expected = 1.0 / len(first) if place.tie_ends[tie, 1] in first else 0.0
        assert share[tie, 0, 0] == pytest.approx(expected)
    between = place.tie_kind == TieKind.PRACTICE_PRACTICE
    assert np.all(batch.state.attention_weight[between] == 1.0)


def test_when_focus_ends_time_goes_to_all_alike_again(place):
    focused = case_of(focus=0.7)
    table = focused.lever_table()
    column = [lever.name for lever in theory().levers].index("leadership.focus")
    table[6:, column] = 0.0
    batch = make_batch(place, [Lane(4, 0, focused.parameter_values, table)])
    for _ in range(6):
        batch.advance()
    assert batch.state.preference.max() > 1.0
    assert len(np.unique(batch.state.attention_weight)) > 2
    batch.advance()
    assert np.all(batch.state.preference == 1.0)
    assert set(np.unique(batch.state.attention_weight)) <= {0.0, 1.0}


def test_focus_in_one_lane_leaves_the_others_as_they_are(place):
    alone = batch_of(place, case_of(focus=0.0))
    with_focus, without = case_of(focus=0.8), case_of(focus=0.0)
    lanes = [Lane(4, 0, case.parameter_values, case.lever_table()) for case in (with_focus, without)]
    together = make_batch(place, lanes)
    for batch in (alone, together):
        for _ in range(18):
            batch.advance()
    assert together.series[:19, :, 1].tobytes() == alone.series[:19, :, 0].tobytes()
    assert together.series[:19, :, 0].tobytes() != alone.series[:19, :, 0].tobytes()


def test_a_restored_run_goes_on_as_if_it_had_not_been_interrupted(place):
    case = case_of(NEXT_TO_ENGAGED, focus=0.6)
    whole = batch_of(place, case)
    for _ in range(9):
        whole.advance()
    restored = batch_of(place, case)
    restored.restore(whole.save())
    for _ in range(9):
        whole.advance()
        restored.advance()
    assert whole.series.tobytes() == restored.series.tobytes()


def test_whom_to_approach_is_a_variant_of_a_scenario():
    case = load_scenario("leadership_with_reform")
    chosen = case.with_structure({"approach": "best_connected"})
    assert chosen.parameter_values["approach.rule"] == BEST_CONNECTED
    with pytest.raises(InvalidInput, match="best_connected"):
        case.with_structure({"approach": "best_conected"})


def test_popular_organisations_get_more_attention(place):
    case = load_scenario("leadership_with_reform").with_structure({"attention": "popular"})
    batch = batch_of(place, case)
    batch.state.trust[:] = 0.5
    popular = place.practice_row[0]
    sides = place.tie_ends[:, ::-1] == popular
    batch.state.trust[sides] = 0.9
    batch.run_mechanism("attention", step=1)
    weight = batch.state.attention_weight[..., 0]
    floor = case.parameter_values["attention.trust_floor"]
    assert np.allclose(weight[sides], floor + 0.9)
    assert np.allclose(weight[~sides], floor + 0.5)


def test_people_approached_first_are_measured(place):
    batch = batch_of(place, case_of(LARGEST))
    batch.advance()
    lists = batch.state.list_size[place.practice_row, 0]
    is_first = batch.state.preference[place.practice_row, 0] > 1.0
    measured = batch.series[1, theory().row("approached"), 0]
    assert measured == pytest.approx(lists[is_first].sum() / lists.sum())
    assert measured > AT_ONCE
