"""Attention: effort is finite and divides over everybody an organisation deals with."""

from typing import Any

import numpy as np

from abm.mechanisms.mechanism import mechanism

TO_PRACTICES = 0
TO_OTHERS = 1


@mechanism(writes=("attention_budget", "attention_share"))
def attention(
    attention_budget: Any,
    attention_share: Any,
    effort: Any,
    trust: Any,
    step: Any,
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
        share     ~ need^a1 (nu + T)^a2 within the group

    Nothing singles general practice out: a hospital with seventy-five practices spreads its reserved share over
    seventy-five ties, and the bottleneck of primary care comes out of that division. An organisation whose ties
    in a place are all of one group gives that group everything, and so does a practice: the reservation binds the
    others.

    Mutates
    -------
    attention_budget (segments, lanes): contacts a year for one group of ties
    attention_share (ties, 2, lanes): share within the group; set at the start, and every step where a2 is not 0

    Source: E03 (KF15, BMJ15).
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
    if step > 0 and not np.any(attention_trust_power != 0.0):
        return
    ties = need.shape[0]
    total = np.zeros((segments, lanes))
    for tie in range(ties):
        for side in range(2):
            for lane in range(lanes):
                weight = need[tie] ** attention_need_power[lane]
                weight *= (attention_trust_floor[lane] + trust[tie, side, lane]) ** attention_trust_power[
                    lane
                ]
                attention_share[tie, side, lane] = weight
                total[segment[tie, side], lane] += weight
    for tie in range(ties):
        for side in range(2):
            for lane in range(lanes):
                attention_share[tie, side, lane] /= total[segment[tie, side], lane]
