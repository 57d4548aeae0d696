"""Encounter: each side judges for itself whether a meeting went well."""

from typing import Any

import numpy as np

from abm.draws import Decision, binomial_quantile, block
from abm.mechanisms.mechanism import logistic, mechanism

DECISION = int(Decision.JUDGEMENT)


@mechanism(writes=("good_meetings",))
def encounter(
    good_meetings: Any,
    meetings: Any,
    trust: Any,
    divergence: Any,
    pressure: Any,
    payoff: Any,
    seed: Any,
    replicate: Any,
    step: Any,
    organisation_kind: Any,
    tie_ends: Any,
    tie_kind: Any,
    competition_strictness: Any,
    competition_dialogue_protection: Any,
    regulation_system_weight: Any,
    contact_barrier_weight: Any,
    encounter_base: Any,
    encounter_trust_slope: Any,
    encounter_alignment_slope: Any,
    encounter_pressure_slope: Any,
    encounter_divergence_slope: Any,
    encounter_trust_reference: Any,
    encounter_alignment_reference: Any,
    encounter_pressure_reference: Any,
    encounter_shared_judgement: Any,
    encounter_payoff_gain: Any,
    encounter_regulation_gain: Any,
    encounter_barrier_loss: Any,
) -> None:
    """Draw how many of the meetings went well, once for each side.

    Equations, for side i of a tie of some kind::

        A_i     = logistic(k payoff_i + k_R R - k_B barrier)
        logit q = b0 + bT (T - T_ref) + bA (A_i - A_ref) - bP (P_i - P_ref) - bD D
        S_i     ~ Binomial(K, q)

    The sides' draws share their uniform with probability rho, so that reciprocity of trust is an outcome.

    Mutates
    -------
    good_meetings (ties, 2, lanes): number in this step, at most `meetings`

    Sources: E06, E08 (BMJ15), E07 (KF15), E22 (NHE14).
    """
    ties, lanes = meetings.shape
    kinds = payoff.shape[0]
    tie_kinds = contact_barrier_weight.shape[0]
    outset = np.empty((kinds, tie_kinds, lanes))
    for kind in range(kinds):
        for between in range(tie_kinds):
            for lane in range(lanes):
                strictness = competition_strictness[lane] * (1.0 - competition_dialogue_protection[lane])
                aligned = logistic(
                    encounter_payoff_gain[lane] * payoff[kind, lane]
                    + encounter_regulation_gain[lane] * regulation_system_weight[lane]
                    - encounter_barrier_loss[lane] * strictness * contact_barrier_weight[between, lane]
                )
                outset[kind, between, lane] = (
                    encounter_base[lane]
                    - encounter_trust_slope[lane] * encounter_trust_reference[lane]
                    + encounter_alignment_slope[lane] * (aligned - encounter_alignment_reference[lane])
                    + encounter_pressure_slope[lane] * encounter_pressure_reference[lane]
                )
    for tie in range(ties):
        between = tie_kind[tie]
        end_0, end_1 = tie_ends[tie, 0], tie_ends[tie, 1]
        kind_0, kind_1 = organisation_kind[end_0], organisation_kind[end_1]
        for lane in range(lanes):
            held = meetings[tie, lane]
            if held == 0:
                good_meetings[tie, 0, lane] = 0
                good_meetings[tie, 1, lane] = 0
                continue
            u0, own, shared, _ = block(seed[lane], replicate[lane], step, DECISION, tie)
            u1 = u0 if shared < encounter_shared_judgement[lane] else own
            for side in range(2):
                end = end_0 if side == 0 else end_1
                kind = kind_0 if side == 0 else kind_1
                chance = logistic(
                    outset[kind, between, lane]
                    + encounter_trust_slope[lane] * trust[tie, side, lane]
                    - encounter_pressure_slope[lane] * pressure[end, lane]
                    - encounter_divergence_slope[lane] * divergence[tie, side, lane]
                )
                good_meetings[tie, side, lane] = binomial_quantile(u0 if side == 0 else u1, held, chance)
