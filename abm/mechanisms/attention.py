"""Attention: effort is finite and divides over everybody an organisation deals with."""

from typing import Any

import numpy as np

from abm.mechanisms.kinds import PRACTICE
from abm.mechanisms.mechanism import closed_anywhere, mechanism

TO_PRACTICES = 0
TO_OTHERS = 1


@mechanism(writes=("attention_budget", "attention_share", "reshaped"))
def attention(
    attention_budget: Any,
    attention_share: Any,
    reshaped: Any,
    effort: Any,
    trust: Any,
    list_size: Any,
    network: Any,
    step: Any,
    organisation_kind: Any,
    tie_ends: Any,
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
        share     = min(1, weight / sum over the group of weight / (practices of the other end's network))

    Nothing singles general practice out: a hospital with seventy-five practices spreads its reserved share over
    seventy-five ties, and the bottleneck of primary care comes out of that division. To all but practices, a network
    is one counterpart, and what is given to one of its members reaches all. An organisation whose ties in a place are
    all of one group gives that group everything, and so does a practice: the reservation binds the others.

    Mutates
    -------
    attention_budget (segments, lanes): contacts a year for one group of ties
    attention_share (ties, 2, lanes): share within the group; set at the start, after practices closed or networks
        changed, and every step where a2 is not 0
    reshaped (lanes,): 0 once the shares are set

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
    follows_trust = np.any(attention_trust_power != 0.0)
    if step > 0 and not follows_trust and not np.any(reshaped != 0.0):
        return
    reshaped[:] = 0.0
    follows_need = np.any(attention_need_power != 0.0)
    ties = need.shape[0]
    organisations = organisation_kind.shape[0]
    members = np.zeros((organisations, lanes))
    for practice in range(organisations):
        if organisation_kind[practice] == PRACTICE:
            for lane in range(lanes):
                label = network[practice, lane]
                if label >= 0:
                    members[label, lane] += 1.0
    # A row for every organisation as others count it, and a last one for the practices, who count everybody as one.
    counted = np.ones((organisations + 1, lanes))
    for practice in range(organisations):
        if organisation_kind[practice] == PRACTICE:
            for lane in range(lanes):
                label = network[practice, lane]
                if label >= 0:
                    counted[practice, lane] = 1.0 / members[label, lane]
    closed = closed_anywhere(list_size)
    follows = follows_need or follows_trust
    weight = np.ones(lanes)
    total = np.zeros((segments, lanes))
    for tie in range(ties):
        for side in range(2):
            own, other = tie_ends[tie, side], tie_ends[tie, 1 - side]
            row = organisations if organisation_kind[own] == PRACTICE else other
            group = segment[tie, side]
            if follows:
                for lane in range(lanes):
                    regard = attention_trust_floor[lane] + trust[tie, side, lane]
                    weight[lane] = (
                        need[tie] ** attention_need_power[lane] * regard ** attention_trust_power[lane]
                    )
            for lane in range(lanes):
                attention_share[tie, side, lane] = weight[lane]
            if closed[own] or closed[other]:
                for lane in range(lanes):
                    if not (list_size[own, lane] > 0.0 and list_size[other, lane] > 0.0):
                        attention_share[tie, side, lane] = 0.0
            for lane in range(lanes):
                total[group, lane] += attention_share[tie, side, lane] * counted[row, lane]
    for group in range(segments):
        for lane in range(lanes):
            total[group, lane] = 1.0 / total[group, lane] if total[group, lane] > 0.0 else 0.0
    for tie in range(ties):
        for side in range(2):
            group = segment[tie, side]
            for lane in range(lanes):
                attention_share[tie, side, lane] = min(
                    attention_share[tie, side, lane] * total[group, lane], 1.0
                )
