"""Attention: effort is finite and divides over everybody an organisation deals with."""

from typing import Any

import numpy as np

from abm.mechanisms.arithmetic import is_any
from abm.mechanisms.kinds import COMMISSIONER_PRACTICE, HOSPITAL_PRACTICE
from abm.mechanisms.mechanism import mechanism

TO_PRACTICES = 0
TO_OTHERS = 1


@mechanism(writes=("attention_budget", "attention_total", "attention_weight", "reshaped"))
def attention(
    attention_budget: Any,
    attention_total: Any,
    attention_weight: Any,
    reshaped: Any,
    effort: Any,
    trust: Any,
    shut: Any,
    open_ties: Any,
    network: Any,
    network_members: Any,
    step: Any,
    tie_ends: Any,
    kind_start: Any,
    practice_row: Any,
    need: Any,
    segment: Any,
    segment_organisation: Any,
    segment_share: Any,
    segment_group: Any,
    leadership_practice_share: Any,
    attention_need_power: Any,
    attention_trust_power: Any,
    attention_trust_floor: Any,
) -> None:
    """Divide every organisation's effort over its ties.

    Equation::

        attention = budget x share
        budget    = E x (share of the organisation's work in the place)
                    x (g towards general practices, 1 - g towards others)
        weight    = need^a1 (nu + T)^a2, 0 on the ties of a closed practice
        total     = sum over the group of weight / (practices of the other end's network)
        share     = min(1, weight / total)

    Nothing singles general practice out: a hospital with seventy-five practices spreads its reserved share over
    seventy-five ties, and the bottleneck of primary care comes out of that division. To all but practices, a network
    is one counterpart, and what is given to one of its members reaches all. An organisation whose ties in a place are
    all of one group gives that group everything, and so does a practice: the reservation binds the others.

    Mutates
    -------
    attention_budget (segments, lanes): contacts a year for one group of ties
    attention_weight (ties, 2, lanes): weight in the group; set at the start, after practices closed, and every step
        where a2 is not 0
    attention_total (segments, lanes): sum of weights of the group; set when weights are, and after networks changed
    reshaped (lanes,): 0 once the totals are set

    Sources: E03 (KF15, BMJ15), E10 (FCN14).
    """
    segments, lanes = attention_budget.shape
    for group in range(segments):
        organisation = segment_organisation[group]
        for lane in range(lanes):
            reserved = leadership_practice_share[lane]
            part = 1.0
            if segment_group[group] == TO_PRACTICES:
                part = reserved
            elif segment_group[group] == TO_OTHERS:
                part = 1.0 - reserved
            attention_budget[group, lane] = effort[organisation, lane] * segment_share[group] * part
    follows_trust = is_any(attention_trust_power)
    if step > 0 and not follows_trust and not is_any(reshaped):
        return
    reshaped[:] = 0.0
    ties = need.shape[0]
    if follows_trust or step == 0:
        for tie in range(ties):
            for side in range(2):
                for lane in range(lanes):
                    regard = attention_trust_floor[lane] + trust[tie, side, lane]
                    attention_weight[tie, side, lane] = (
                        need[tie] ** attention_need_power[lane] * regard ** attention_trust_power[lane]
                    )
                    if shut[tie, lane] > 0:
                        attention_weight[tie, side, lane] = 0.0
    is_weighted = follows_trust or is_any(attention_need_power)
    if is_weighted:
        attention_total[:] = 0.0
        for tie in range(ties):
            for side in range(2):
                group = segment[tie, side]
                for lane in range(lanes):
                    attention_total[group, lane] += attention_weight[tie, side, lane]
    else:
        for group in range(segments):
            for lane in range(lanes):
                attention_total[group, lane] = open_ties[group, lane]

    # To all but practices a network is one counterpart, so each of its members counts for a part of one. The label of
    # a practice on its own points at the last row, where nothing is saved.
    organisations = network.shape[0]
    saving = np.zeros((organisations + 1, lanes))
    every_saving, every_member = saving.reshape(-1), network_members.reshape(-1)
    for entry in range(every_member.size):
        every_saving[entry] = 1.0 - 1.0 / max(every_member[entry], 1.0)
    shared = np.zeros((organisations, lanes))
    is_shared = np.zeros(organisations, dtype=np.bool_)
    for practice in practice_row:
        for lane in range(lanes):
            shared[practice, lane] = saving[network[practice, lane], lane]
        is_shared[practice] = is_any(shared[practice])
    for kind in (COMMISSIONER_PRACTICE, HOSPITAL_PRACTICE):
        for tie in range(kind_start[kind], kind_start[kind + 1]):
            practice = tie_ends[tie, 1]
            if not is_shared[practice]:
                continue
            group = segment[tie, 0]
            for lane in range(lanes):
                weight = attention_weight[tie, 0, lane] if is_weighted else 1.0 - shut[tie, lane]
                attention_total[group, lane] -= weight * shared[practice, lane]
