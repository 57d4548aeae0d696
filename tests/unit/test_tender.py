"""Tenders: as often as their rate says, suspending what they concern, at the cost of the right trust."""

import numpy as np
import pytest

from abm.core.batch import Lane
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import make_batch
from abm.submodels.shipped import theory
from abm.world.place import OrganisationKind, TieKind
from abm.world.place_loading import load_place

WIDTH = 400
MONTH = 1.0 / 12.0
CERTAIN = 1e4
"""Years so long that a tender is certain, whatever the rate."""


@pytest.fixture(scope="module")
def place():
    return load_place(load_scenario("baseline").place)


def batch_of(place, width=WIDTH, board=1.0, **levers):
    case = load_scenario("leadership_with_reform")
    case = case.with_levers({name.replace("__", "."): value for name, value in levers.items()})
    batch = make_batch(
        place, [Lane(3, lane, case.parameter_values, case.lever_table()) for lane in range(width)]
    )
    batch.state.board[:] = board
    batch.state.scope[:] = 0.5
    return batch


def tender(batch, step=1, dt=MONTH):
    batch.run_mechanism("suspension")
    batch.run_mechanism("tender", step=step, dt=dt)
    return batch.state.tendered[0] > 0.0


@pytest.mark.parametrize(("strictness", "expected"), [(1.0, 2.4), (0.5, 1.2), (0.0, 0.0)])
def test_tenders_come_at_the_rate_that_strictness_sets(place, strictness, expected):
    batch = batch_of(
        place,
        competition__tender_rate=2.4,
        competition__strictness=strictness,
        competition__dialogue_protection=1,
    )
    found = 0
    for step in range(1, 13):
        batch.state.delay[:] = 0.0
        found += tender(batch, step).sum()
    chance = 12.0 * (1.0 - np.exp(-expected * MONTH))
    assert found / WIDTH == pytest.approx(chance, abs=4.0 * np.sqrt(max(chance, 1e-9) / WIDTH))


def test_providers_lose_trust_in_commissioners_and_rivals_and_commissioners_in_nobody(place):
    batch = batch_of(place, width=4)
    before = batch.state.trust.copy()
    assert tender(batch, dt=CERTAIN).all()
    kept = batch.state.trust / before
    lost = 1.0 - load_scenario("baseline").parameter_values["tender.trust_loss"]
    is_commissioner = place.organisation_kind[place.tie_ends] == OrganisationKind.COMMISSIONER
    concerned = np.isin(
        place.tie_kind,
        [
            TieKind.COMMISSIONER_ACUTE,
            TieKind.COMMISSIONER_COMMUNITY,
            TieKind.ACUTE_ACUTE,
            TieKind.ACUTE_COMMUNITY,
        ],
    )
    loses = concerned[:, np.newaxis] & ~is_commissioner
    assert loses.any() and is_commissioner[concerned].any()
    assert np.allclose(kept[loses], lost)
    assert np.array_equal(kept[~loses], np.ones_like(kept[~loses]))


def test_a_tender_suspends_the_arrangement_and_no_other_begins_meanwhile(place):
    batch = batch_of(place, width=4)
    assert tender(batch, dt=CERTAIN).all()
    assert np.all(batch.state.delay == load_scenario("baseline").parameter_values["tender.duration"])
    assert not tender(batch, step=2, dt=CERTAIN).any()


@pytest.mark.parametrize(
    ("board", "threshold", "is_exposed"), [(1.0, 0.4, True), (1.0, 0.6, False), (0.0, 0.4, False)]
)
def test_only_joint_arrangements_above_the_threshold_are_tendered(place, board, threshold, is_exposed):
    batch = batch_of(place, width=4, board=board, competition__tender_threshold=threshold)
    batch.state.board_trust[:] = 0.1
    assert tender(batch, dt=CERTAIN).all() == is_exposed
    batch = batch_of(place, width=4, board=0.0, competition__tender_threshold=0.4)
    batch.state.board_trust[:] = 0.9
    assert tender(batch, dt=CERTAIN).all()


def test_tenders_of_a_month_are_counted(place):
    batch = batch_of(place, width=16, competition__tender_rate=5, competition__strictness=1)
    batch.advance()
    counted = batch.series[1, theory().row("tenders")]
    assert np.array_equal(counted, batch.state.tendered.sum(axis=0))
    assert counted.any()


def test_an_arrangement_that_is_challenged_is_not_tendered_in_the_same_step(place):
    rates = {"competition__tender_rate": 5, "competition__challenge_rate": 5, "competition__strictness": 1}
    batch = batch_of(place, width=64, **rates)
    challenged = 0
    for _ in range(12):
        batch.state.delay[:] = 0.0
        batch.state.board[:] = 1.0
        batch.state.scope[:] = 1.0
        batch.advance()
        challenged += (batch.state.challenged > 0.0).sum()
        assert not ((batch.state.challenged > 0.0) & (batch.state.tendered > 0.0)).any()
    assert challenged > 0
