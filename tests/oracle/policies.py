"""Policies and parameters for the comparison: between them they move every lever and use every parameter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from abm.policy.catalogue import parameter_values
from abm.submodels.quantities import lever_names, levers

Settings = Mapping[str, Sequence[tuple[int, float]]]
"""By lever, the months (from 0) from which a setting holds, ascending."""

POLICIES: dict[str, Settings] = {
    "as things are": {},
    "leadership comes and goes": {
        "leadership.effort": [(6, 0.9), (60, 0.0), (84, 0.6)],
        "leadership.practice_share": [(6, 0.5), (72, 0.1)],
        "leadership.focus": [(8, 0.7), (48, 0.0), (66, 0.4)],
        "leadership.development": [(12, 1.0)],
        "convening.clinical_leaders": [(18, 2.6), (50, 1.0)],
        "leadership.turnover": [(0, 0.4), (40, 0.05)],
        "contracting.flexibility": [(12, 0.9)],
        "competition.strictness": [(12, 0.15), (66, 1.0)],
        "competition.dialogue_protection": [(12, 0.6), (66, 0.0)],
        "convening.sessions": [(24, 10.0)],
        "regulation.system_weight": [(0, 0.6), (48, 1.0)],
        "convening.showcase": [(30, 1.0)],
        "competition.tender_rate": [(0, 3.0)],
    },
    "courts step in": {
        "leadership.effort": [(0, 1.0)],
        "leadership.turnover": [(0, 0.0)],
        "contracting.flexibility": [(0, 0.8)],
        "regulation.system_weight": [(0, 1.0)],
        "payment.activity_share": [(0, 0.1)],
        "competition.strictness": [(0, 0.2), (30, 0.7)],
        "competition.challenge_rate": [(0, 0.2), (30, 3.0)],
        "competition.tender_rate": [(0, 4.0), (60, 1.0)],
        "competition.tender_threshold": [(0, 0.5), (40, 0.2), (70, 0.95)],
        "form.first_cohort": [(0, 0.3), (50, 0.8)],
    },
    "imposed from above": {
        "form.mandate": [(10, 1.0), (60, 0.0)],
        "form.single_organisation": [(20, 1.0)],
        "form.takeover_signal": [(0, 1.0), (50, 0.2)],
        "form.hospital_network": [(6, 0.8)],
        "leadership.effort": [(0, 0.7)],
        "contracting.flexibility": [(0, 0.7)],
    },
    "imposed from the start": {
        "form.mandate": [(0, 1.0), (24, 0.0)],
        "leadership.effort": [(0, 0.8)],
        "contracting.flexibility": [(0, 1.0)],
        "competition.strictness": [(0, 0.0)],
    },
    "money talks": {
        "payment.activity_share": [(6, 0.2)],
        "payment.gain_share": [(6, 0.6)],
        "payment.budget_horizon": [(6, 7.0)],
        "payment.risk_share": [(12, 0.7)],
        "payment.contribution_parity": [(12, 0.3)],
        "payment.incentive_money": [(18, 0.2)],
        "leadership.effort": [(6, 0.8)],
        "contracting.flexibility": [(6, 0.6)],
        "pressure.demand_growth": [(24, 0.06), (80, -0.03)],
        "pressure.funding_growth": [(12, -0.05), (60, 0.06)],
        "payment.practice_funding_share": [(18, 0.11), (60, 0.06)],
        "contracting.outcomes_share": [(6, 0.8)],
    },
    "practices federate": {
        "leadership.effort": [(0, 0.9)],
        "leadership.practice_share": [(0, 0.5)],
        "leadership.focus": [(10, 1.0)],
        "contracting.flexibility": [(0, 0.7), (30, 0.9)],
        "competition.strictness": [(0, 0.1)],
        "contracting.population_contract": [(20, 1.0), (70, 0.0)],
        "contracting.network_minimum": [(0, 12_500.0), (50, 22_500.0)],
        "contracting.network_maximum": [(0, 50_500.0), (40, 30_500.0), (60, 80_500.0)],
        "contracting.conflict_governance": [(44, 0.9)],
        "contracting.outcomes_share": [(26, 0.6)],
        "convening.showcase": [(12, 0.8)],
        "convening.clinical_leaders": [(0, 10.0), (60, 0.5)],
    },
}

PARAMETERS: dict[str, dict[str, float]] = {
    "defaults": {},
    "attention follows": {
        "attention.need_power": 0.7,
        "attention.trust_power": 1.3,
        "attention.popularity_power": 0.8,
        "approach.rule": 2.0,
        "approach.at_once": 0.625,
        "trust.third_party_pull": 0.4,
        "demand.effect_lag": 1.0,
        "talk.weight": 0.5,
        "leadership.local_share": 0.6,
        "leadership.carried": 0.9,
        "leadership.turnover_usual": 0.15,
        "traits.standing": 0.6,
        "traits.vigour": 0.3,
        "traits.draw": 7.0,
        "payment.margin_start": -0.02,
        "encounter.shared_judgement": 0.2,
    },
    "trust comes easily": {
        "encounter.base": 2.5,
        "trust.start_alpha": 5.0,
        "trust.start_beta": 4.0,
        "trust.kept_by_successor": 0.8,
        "governance.board_hysteresis": 0.05,
        "governance.engagement_hysteresis": 0.05,
        "demand.effect_lag": 0.0,
        "leadership.orientation_alpha": 4.0,
        "trust.rule": 2.0,
        "caution.weight": 0.8,
        "caution.fading": 1.0,
        "memory.reciprocity": 2.0,
        "memory.usual": 0.6,
        "approach.rule": 3.0,
        "approach.at_once": 0.4,
        "federation.threshold": 0.5,
        "closure.rate": 0.1,
        "talk.weight": 0.9,
        "peers.influence": 0.4,
        "leadership.local_share": 0.4,
        "leadership.carried": 0.3,
        "clinical.contacts": 20.0,
        "peers.reference": 0.3,
        "traits.openness": 0.5,
        "traits.burden": 0.1,
        "trust.start_place": 0.3,
        "trust.start_partner": 0.33,
        "trust.start_pair": 0.3,
    },
    "networks come and go": {
        "trust.rule": 1.0,
        "trust.base": 0.4,
        "trust.relation_pace": 3.0,
        "federation.threshold": 0.45,
        "federation.risk": 0.3,
        "federation.coordination": 0.1,
        "federation.rate": 3.0,
        "federation.leave_rate": 1.2,
        "closure.rate": 0.06,
        "closure.size_power": 0.9,
    },
    "trust needs time": {
        "trust.rule": 1.0,
        "trust.base": 0.4,
        "trust.relation_pace": 3.0,
        "attention.need_power": 1.0,
        "caution.weight": 0.5,
        "caution.jump": 0.8,
        "memory.reciprocity": 1.0,
        "memory.pace": 0.6,
        "approach.rule": 4.0,
        "federation.threshold": 0.45,
        "federation.risk": 0.3,
        "federation.coordination": 0.1,
        "federation.rate": 3.0,
        "federation.leave_rate": 1.2,
        "closure.rate": 0.06,
        "closure.size_power": 0.9,
        "pressure.funding_power": 0.6,
        "talk.weight": 0.15,
        "peers.influence": 0.2,
        "traits.standing": 0.2,
        "traits.burden": 0.02,
        "trust.start_pair": 0.2,
    },
}


def make_table(settings: Settings, months: int) -> NDArray[np.float64]:
    """Return the table of a policy, shape (months, levers)."""
    table = np.tile([lever.default for lever in levers().values()], (months, 1)).astype(np.float64)
    for name, dated in settings.items():
        column = lever_names().index(name)
        for month, value in dated:
            table[month:, column] = value
    return table


def make_parameters(name: str) -> dict[str, float]:
    """Return all parameters of a named set by flat name."""
    return parameter_values(PARAMETERS[name])
