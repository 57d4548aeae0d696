"""Equations as functions of numbers: what each says at its limits, called from Python."""

import math

import pytest

from abm.submodels.attention.attention import regard_weight
from abm.submodels.barrier.barrier import felt_barrier, heeded_share
from abm.submodels.challenge.challenge import challenge_hazard
from abm.submodels.closure.closure import closure_hazard
from abm.submodels.contact.contact import meetings_anyway
from abm.submodels.demand.demand import bed_demand, grown, queued
from abm.submodels.effort.effort import invested_share
from abm.submodels.encounter.encounter import alignment, good_log_odds
from abm.submodels.federation.contract import kept_in_conflict
from abm.submodels.governance.governance import engaged_now
from abm.submodels.integration.integration import permission, ramp, widened
from abm.submodels.leadership.leadership import exit_hazard, settled_orientation
from abm.submodels.payment.payment import commissioner_payoff, hospital_payoff, pooled_payoff
from abm.submodels.pressure.pressure import practice_strain, spread_within
from abm.submodels.suspension.suspension import is_exposed
from abm.submodels.tender.tender import tender_hazard
from abm.submodels.trust.trust import (
    trust_after_experience,
    trust_after_hearsay,
    trust_after_meetings,
    trust_after_relation,
)


def test_trust_grows_by_good_meetings_and_shrinks_by_bad_ones():
    assert trust_after_meetings(0.3, 1.0, 1.0) == pytest.approx(0.3)
    assert trust_after_meetings(0.3, 0.94**2, 1.0) == pytest.approx(1.0 - 0.7 * 0.94**2)
    assert trust_after_meetings(0.3, 1.0, 0.9) == pytest.approx(0.27)
    assert trust_after_meetings(0.3, 0.0, 0.5) == 0.5


def test_a_long_relation_lifts_trust_and_never_lowers_it():
    assert trust_after_relation(0.9, 0.25, 0.0, 0.5, 1.0) == 0.9
    assert trust_after_relation(0.0, 0.25, 0.0, 0.5, 1.0) == pytest.approx(0.25)
    assert trust_after_relation(0.0, 0.25, 1e9, 0.5, 1.0) == pytest.approx(1.0)


def test_trust_follows_experience_and_hearsay_by_their_share():
    assert trust_after_experience(0.4, 3.0, 4, 1.0) == pytest.approx(0.75)
    assert trust_after_experience(0.4, 3.0, 4, 0.0) == 0.4
    assert trust_after_hearsay(0.4, 0.8, 0.5) == pytest.approx(0.6)


def test_demand_grows_and_what_does_not_fit_waits():
    assert grown(2.0, 0.1, 0.5) == pytest.approx(2.0 * math.exp(0.05))
    assert bed_demand(0.9, 1.0, 1.0, 0.67, 1.0) == pytest.approx(0.9)
    assert queued(0.0, 1.2, 0.5) == pytest.approx(0.1)
    assert queued(0.01, 0.5, 0.5) == 0.0


def test_payoffs_turn_with_the_share_paid_by_activity():
    assert hospital_payoff(1.0, 0.5, 0.2, 1.0, 0.0) == pytest.approx(-0.5)
    assert hospital_payoff(0.0, 0.5, 0.2, 1.0, 0.1) == pytest.approx(0.3)
    assert commissioner_payoff(1.0, 0.3, 0.2, 1.0) == pytest.approx(0.3)
    assert pooled_payoff(-1.0, 0.5, 0.0, 9.0) == -1.0
    assert pooled_payoff(-1.0, 0.5, 1.0, 0.1) == pytest.approx(0.4)


def test_pressure_spreads_with_time_and_practices_strain_with_less_funding():
    assert spread_within(0.1, 2.5, 0.0) == 0.0
    assert spread_within(0.1, 2.5, math.inf) == pytest.approx(0.1 / math.sqrt(5.0))
    assert practice_strain(0.01, 0.0, 0.08, 0.08, 1.0) == 1.0
    assert practice_strain(0.01, 0.0, 0.04, 0.08, 1.0) == pytest.approx(2.0)


def test_leaders_leave_more_under_pressure_and_tend_to_a_balance():
    assert exit_hazard(0.24, 1.0, 4.9, 0.5) == pytest.approx(0.24)
    assert exit_hazard(0.24, 1.0, 5.0, 0.7) == pytest.approx(0.48)
    assert settled_orientation(0.0, 0.0) == 0.0
    assert settled_orientation(0.3, 0.1) == pytest.approx(0.75)
    assert invested_share(0.5, 0.12, 1.0, 0.5, 0.0) == pytest.approx(0.06)
    assert invested_share(0.0, 0.12, 1.0, 0.5, 1.0) == pytest.approx(0.5)


def test_attention_contact_and_judgement():
    assert regard_weight(3.0, 0.4, 0.0, 0.0, 0.1) == 1.0
    assert regard_weight(3.0, 0.4, 1.0, 1.0, 0.1) == pytest.approx(1.5)
    assert felt_barrier(0.7, 1.0) == 0.0
    assert heeded_share(0.4, 0.5) == pytest.approx(0.8)
    assert meetings_anyway(0.25, 0.2, 10.0) == pytest.approx(2.25)
    assert alignment(0.0, 0.0, 0.0, 1.0, 2.2, 0.8, 2.3) == pytest.approx(0.5)
    assert good_log_odds(1.0, 3.0, 0.5, 1.5, 0.4, 0.2) == pytest.approx(1.7)


def test_rules_of_competition_reach_what_is_joint_and_large():
    assert is_exposed(1.0, 0.0, 0.5, 0.46, 0.2)
    assert is_exposed(0.0, 0.5, 0.5, 0.46, 0.2)
    assert not is_exposed(0.0, 0.4, 0.5, 0.46, 0.2)
    assert not is_exposed(1.0, 0.5, 0.2, 0.46, 0.2)
    assert challenge_hazard(0.5, 0.8, 0.25) == pytest.approx(0.3)
    assert tender_hazard(0.2, 0.5) == pytest.approx(0.1)


def test_practices_close_contract_and_engage():
    assert closure_hazard(0.021, 7055.0, 7055.0, 0.5) == pytest.approx(0.021)
    assert closure_hazard(0.021, 7200.0, 1800.0, 0.5) == pytest.approx(0.042)
    assert kept_in_conflict(0.1, 1.0) == 1.0
    assert [engaged_now(was, 0.5, 0.6, 0.4) for was in (0.0, 1.0)] == [0.0, 1.0]
    assert [engaged_now(1.0, level, 0.6, 0.4) for level in (0.3, 0.7)] == [0.0, 1.0]


def test_integration_needs_permission_and_widens_towards_everybody():
    assert permission(0.15, 2.0, 0.0) == 1.0
    assert [ramp(level, 0.35, 0.3) for level in (0.2, 0.5, 0.9)] == pytest.approx([0.0, 0.5, 1.0])
    assert widened(0.5, 0.0, 1.0) == 0.5
    assert widened(0.5, 1e9, 1.0) == 1.0
