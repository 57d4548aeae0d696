"""Memory: regard after meetings and after a leader, goodwill that answers, and none where it is fixed."""

import numpy as np
import pytest

from abm.core.batch import Lane
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import make_batch
from abm.world.place_loading import load_place

USUAL = 0.7
PACE = 0.3
CONDITIONAL = {"memory.reciprocity": 1.5, "memory.pace": PACE, "memory.usual": USUAL}


@pytest.fixture(scope="module")
def place():
    return load_place(load_scenario("baseline").place)


def batch_of(place, parameters, width=1):
    case = load_scenario("leadership_with_reform").with_parameters(parameters).with_horizon(2)
    return make_batch(
        place, [Lane(4, lane, case.parameter_values, case.lever_table()) for lane in range(width)]
    )


def remember(batch, held, good_first, good_second):
    batch.state.meetings[:] = held
    batch.state.good_meetings[:, 0] = good_first
    batch.state.good_meetings[:, 1] = good_second
    batch.run_mechanism("memory", step=1)
    return batch.state.regard


def test_each_side_remembers_how_the_other_took_their_meetings(place):
    regard = remember(batch_of(place, CONDITIONAL), held=3, good_first=3, good_second=1)
    kept = (1.0 - PACE) ** 3
    assert np.allclose(regard[:, 0], kept * USUAL + (1.0 - kept) / 3.0)
    assert np.allclose(regard[:, 1], kept * USUAL + (1.0 - kept) * 1.0)


def test_without_meetings_regard_stays(place):
    batch = batch_of(place, CONDITIONAL)
    batch.state.regard[:] = 0.2
    assert np.all(remember(batch, held=0, good_first=0, good_second=0) == 0.2)


def test_a_new_leader_forgets_a_part_and_partners_nothing(place):
    batch = batch_of(place, CONDITIONAL)
    leaver = place.practice_row[0]
    batch.state.regard[:] = 0.2
    batch.state.exits[leaver] = 1.0
    regard = remember(batch, held=0, good_first=0, good_second=0)[..., 0]
    kept = load_scenario("baseline").parameter_values["trust.kept_by_successor"]
    own = place.tie_ends == leaver
    assert np.allclose(regard[own], USUAL + kept * (0.2 - USUAL))
    assert np.all(regard[~own] == 0.2)


def test_fixed_goodwill_remembers_nothing(place):
    regard = remember(batch_of(place, {"memory.usual": USUAL}), held=3, good_first=3, good_second=0)
    assert np.all(regard == USUAL)


def share_of_good_meetings(place, parameters, regard):
    batch = batch_of(place, parameters, width=64)
    batch.state.meetings[:] = 8
    batch.state.regard[:] = regard
    batch.run_mechanism("encounter", step=1)
    return batch.state.good_meetings.mean() / 8.0


def test_goodwill_answers_in_kind(place):
    fixed = share_of_good_meetings(place, {}, 0.75)
    assert share_of_good_meetings(place, CONDITIONAL, USUAL) == fixed
    assert share_of_good_meetings(place, CONDITIONAL, 1.0) > fixed
    assert share_of_good_meetings(place, CONDITIONAL, 0.0) < fixed


def test_conditional_goodwill_in_one_lane_leaves_the_others_as_they_are(place):
    alone = batch_of(place, {})
    cases = [
        load_scenario("leadership_with_reform").with_horizon(2).with_parameters(p) for p in (CONDITIONAL, {})
    ]
    together = make_batch(place, [Lane(4, 0, case.parameter_values, case.lever_table()) for case in cases])
    for batch in (alone, together):
        for _ in range(18):
            batch.advance()
    assert together.series[:19, :, 1].tobytes() == alone.series[:19, :, 0].tobytes()
    assert together.state.regard[..., 1].tobytes() == alone.state.regard[..., 0].tobytes()
    assert together.series[:19, :, 0].tobytes() != alone.series[:19, :, 0].tobytes()


def test_conditional_goodwill_is_a_variant_of_a_scenario():
    case = load_scenario("leadership_with_reform").with_structure({"memory": "conditional"})
    assert case.parameter_values["memory.reciprocity"] == 1.5
    assert case.with_structure({"memory": "fixed"}).parameter_values["memory.reciprocity"] == 0.0
