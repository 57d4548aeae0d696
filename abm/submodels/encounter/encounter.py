"""Encounter: each side judges for itself whether a meeting went well.

Each side judges for itself how many of the meetings went well (E06, E07, E08, E22).

::

    A_side  = logistic(k payoff + k_R R - k_B barrier)            [barrier as in contact]
    logit q = b_0 + b_T (T - T_ref) + b_A (A - A_ref) - b_P (P - P_ref) - b_D D + openness_own + standing_other
              + c (m - m_0)                  [what the other side's answers add]; nothing by default
    u_0     = first uniform of JUDGEMENT for the tie
    u_1     = u_0 where the third uniform < rho, else the second uniform
    S_side  = smallest s with u_side < Binomial cdf(s; K, q_side)

`payoff` is that of the judging organisation's kind, `barrier` that of the kind of tie, T and D those of the side
before this step's update.

Tests
-----
tests/patterns/test_lever_signs.py : strictness, whole-system regulation, payment

Symbols
-------
b_0 : encounter.base
b_T : encounter.trust_slope
b_A : encounter.alignment_slope
b_P : encounter.pressure_slope
b_D : encounter.divergence_slope
T_ref : encounter.trust_reference
A_ref : encounter.alignment_reference
P_ref : encounter.pressure_reference
rho : encounter.shared_judgement
c : memory.reciprocity
m_0 : memory.usual
k : encounter.payoff_gain
k_R : encounter.regulation_gain
k_B : encounter.barrier_loss
"""

import numpy as np

from abm.core.arithmetic import find_nonzero, is_any, logistic, row_and_lane
from abm.core.declaration import Submodel, decision, field, mechanism
from abm.core.draws import MOST_EVENTS, binomial_quantile, block
from abm.core.kernels import inlined
from abm.world.vocabulary import SIDE, TIE

submodel = Submodel("encounter", records="encounter.yaml")

JUDGEMENT = decision("encounter.judgement", number=8)
CHUNK = 64

STATE = (
    field(
        "good_meetings",
        axes=(TIE, SIDE),
        unit="number",
        low=0,
        high=MOST_EVENTS,
        definition="Meetings this side judged good",
        is_carried=False,
        dtype="uint8",
    ),
)


@inlined
def alignment(payoff, system_weight, strictness, barrier_weight, payoff_gain, regulation_gain, barrier_loss):
    """Return how far interests are aligned, from 0 to 1: logistic(k payoff + k_R R - k_B barrier)."""
    return logistic(
        payoff_gain * payoff + regulation_gain * system_weight - barrier_loss * strictness * barrier_weight
    )


@inlined
def good_log_odds(outset, trust_slope, trust, pressure_slope, pressure, divergence):
    """Return the log-odds that a meeting goes well: outset + b_T T - b_P P - b_D D, the last worked out before."""
    return outset + trust_slope * trust - pressure_slope * pressure - divergence


@inlined
def answered(reciprocity, regard, usual):
    """Return the log-odds that goodwill gains from how the other side took the last meetings: c (m - m_0)."""
    return reciprocity * (regard - usual)


@mechanism(writes=("good_meetings",), is_kernel=True)
def encounter(
    good_meetings,
    meetings,
    trust,
    divergence,
    pressure,
    openness,
    standing,
    regard,
    felt,
    payoff,
    seed,
    replicate,
    step,
    organisation_kind,
    tie_ends,
    tie_kind,
    tie_place,
    regulation_system_weight,
    contact_barrier_weight,
    encounter_base,
    encounter_trust_slope,
    encounter_alignment_slope,
    encounter_pressure_slope,
    encounter_divergence_slope,
    encounter_trust_reference,
    encounter_alignment_reference,
    encounter_pressure_reference,
    encounter_shared_judgement,
    encounter_payoff_gain,
    encounter_regulation_gain,
    encounter_barrier_loss,
    memory_reciprocity,
    memory_usual,
    caution_weight,
):
    """Draw how many of the meetings went well, once for each side.

    Mutates
    -------
    good_meetings (ties, 2, lanes): number in this step, at most `meetings`
    """
    lanes = meetings.shape[1]
    kinds = payoff.shape[0]
    tie_kinds = contact_barrier_weight.shape[0]
    # Where nobody learns, all places feel the same.
    is_apart = is_any(caution_weight)
    rows = (felt.shape[0] if is_apart else 1) * tie_kinds
    rows_a_place = np.uint32(tie_kinds if is_apart else 0)
    outset = np.empty((kinds, rows, lanes))
    for kind in range(kinds):
        for row in range(rows):
            place, between = row // tie_kinds, row % tie_kinds
            for lane in range(lanes):
                strictness = felt[place, lane]
                aligned = alignment(
                    payoff[kind, lane],
                    regulation_system_weight[lane],
                    strictness,
                    contact_barrier_weight[between, lane],
                    encounter_payoff_gain[lane],
                    encounter_regulation_gain[lane],
                    encounter_barrier_loss[lane],
                )
                outset[kind, row, lane] = (
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
            between = np.uint32(tie_place[tie] * rows_a_place + tie_kind[tie])
            answers = memory_reciprocity[lane]
            confidence, strain = encounter_trust_slope[lane], encounter_pressure_slope[lane]
            apart = encounter_divergence_slope[lane] * divergence[tie, lane]
            for side in range(2):
                end = tie_ends[tie, side]
                other = tie_ends[tie, 1 - side]
                usual = good_log_odds(
                    outset[organisation_kind[end], between, lane],
                    confidence,
                    trust[tie, side, lane],
                    strain,
                    pressure[end, lane],
                    apart,
                )
                chance[side, event] = usual + openness[end, lane] + standing[other, lane]
                if answers > 0.0:
                    chance[side, event] += answered(answers, regard[tie, side, lane], memory_usual[lane])
        for event in range(found.size):
            u0, own, shared, _ = block(seeds[event], replicates[event], step, JUDGEMENT, quads[event])
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
