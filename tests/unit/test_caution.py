"""Barrier and caution: what is felt where nobody learns, where places learn, and what brings caution back."""

import numpy as np
import pytest

from abm.core.batch import Lane
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import make_batch
from abm.world.place import TieKind
from abm.world.place_loading import load_place

DT = 1.0 / 12.0
FADING, JUMP = 0.6, 0.4
LEARNING = {"caution.weight": 0.8, "caution.fading": FADING, "caution.jump": JUMP}
RULES = {"competition.strictness": 0.5, "competition.dialogue_protection": 0.2}


@pytest.fixture(scope="module")
def region():
    return load_place(load_scenario("baseline").with_place("region").place)


def case_of(parameters):
    return (
        load_scenario("leadership_with_reform").with_levers(RULES).with_parameters(parameters).with_horizon(2)
    )


def batch_of(place, parameters, width=1):
    case = case_of(parameters)
    return make_batch(
        place, [Lane(4, lane, case.parameter_values, case.lever_table()) for lane in range(width)]
    )


def test_where_nobody_learns_rules_are_felt_as_they_are_written(region):
    batch = batch_of(region, {})
    batch.state.caution[:] = 0.1
    batch.run_mechanism("barrier")
    assert np.all(batch.state.felt == 0.5 * (1.0 - 0.2))


def test_bold_places_feel_the_rules_less(region):
    batch = batch_of(region, LEARNING)
    batch.state.caution[0] = 0.25
    batch.run_mechanism("barrier")
    assert batch.state.felt[0] == pytest.approx(0.4 * (0.2 + 0.8 * 0.25))
    assert np.allclose(batch.state.felt[1:], 0.4)


def test_caution_fades_and_comes_back_with_a_challenge_or_a_tender(region):
    batch = batch_of(region, LEARNING)
    batch.state.caution[:] = 0.5
    batch.state.challenged[0] = 1.0
    batch.state.tendered[1] = 1.0
    batch.run_mechanism("caution", step=1, dt=DT)
    faded = 0.5 * np.exp(-FADING * DT)
    assert np.allclose(batch.state.caution[2:], faded)
    assert np.allclose(batch.state.caution[:2], faded + (1.0 - faded) * JUMP)


def test_where_nobody_learns_caution_stays(region):
    batch = batch_of(region, {})
    batch.run_mechanism("caution", step=1, dt=DT)
    assert np.all(batch.state.caution == 1.0)


def test_a_bold_place_meets_more_and_others_as_before(region):
    cautious, bold = (batch_of(region, LEARNING, width=64) for _ in range(2))
    bold.state.caution[0] = 0.0
    met = []
    for batch in (cautious, bold):
        for name in ("barrier", "contact"):
            batch.run_mechanism(name, step=1, dt=1.0)
        met.append(batch.state.meetings.sum(axis=1))
    in_place = region.tie_place == 0
    with_commissioner = in_place & (region.tie_kind == TieKind.COMMISSIONER_ACUTE)
    assert met[1][with_commissioner].sum() > met[0][with_commissioner].sum()
    assert np.array_equal(met[1][~in_place], met[0][~in_place])


def test_learning_in_one_lane_leaves_the_others_as_they_are(region):
    alone = batch_of(region, {})
    lanes = [Lane(4, 0, case.parameter_values, case.lever_table()) for case in map(case_of, (LEARNING, {}))]
    together = make_batch(region, lanes)
    for batch in (alone, together):
        for _ in range(18):
            batch.advance()
    assert together.series[:19, :, 1].tobytes() == alone.series[:19, :, 0].tobytes()
    assert together.series[:19, :, 0].tobytes() != alone.series[:19, :, 0].tobytes()
