"""Encounter: each side judges for itself whether a meeting went well."""

from typing import Any

import numpy as np

from abm.draws import Decision, binomial_quantile, block
from abm.mechanisms.arithmetic import find_nonzero, logistic, row_and_lane
from abm.mechanisms.mechanism import mechanism

DECISION = np.uint32(Decision.JUDGEMENT)
CHUNK = 64


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
    lanes = meetings.shape[1]
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
    good_meetings[:] = 0
    met = np.empty(meetings.size, dtype=np.uint32)
    events = find_nonzero(meetings, met)
    quads = np.empty(CHUNK, dtype=np.uint32)
    lane_of = np.empty(CHUNK, dtype=np.uint32)
    seeds = np.empty(CHUNK, dtype=np.uint64)
    replicates = np.empty(CHUNK, dtype=np.uint64)
    sharing = np.empty(CHUNK)
    draws = np.empty((2, CHUNK))
    chance = np.empty((2, CHUNK))
    good = np.empty((2, CHUNK), dtype=np.uint32)
    for first in range(0, events, CHUNK):
        found = met[first : min(first + CHUNK, events)]
        for event in range(found.size):
            tie, lane = row_and_lane(found[event], lanes)
            quads[event] = tie
            lane_of[event] = lane
            seeds[event] = seed[lane]
            sharing[event] = encounter_shared_judgement[lane]
            replicates[event] = replicate[lane]
            between = tie_kind[tie]
            confidence, strain = encounter_trust_slope[lane], encounter_pressure_slope[lane]
            apart = encounter_divergence_slope[lane] * divergence[tie, lane]
            for side in range(2):
                end = tie_ends[tie, side]
                chance[side, event] = (
                    outset[organisation_kind[end], between, lane]
                    + confidence * trust[tie, side, lane]
                    - strain * pressure[end, lane]
                    - apart
                )
        for event in range(found.size):
            u0, own, shared, _ = block(seeds[event], replicates[event], step, DECISION, quads[event])
            draws[0, event] = u0
            draws[1, event] = u0 if shared < sharing[event] else own
        for side in range(2):
            for event in range(found.size):
                chance[side, event] = logistic(chance[side, event])
                good[side, event] = draws[side, event] >= 1.0 - chance[side, event]
        for event in range(found.size):
            tie = quads[event]
            lane = lane_of[event]
            held = meetings[tie, lane]
            # Most meet once, which is settled above.
            for side in range(2):
                if held > 1:
                    good[side, event] = binomial_quantile(draws[side, event], held, chance[side, event])
                good_meetings[tie, side, lane] = good[side, event]
