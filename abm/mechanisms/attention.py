"""Attention: effort is finite and divides over everybody an organisation deals with."""

from typing import Any

import numpy as np

from abm.mechanisms.mechanism import mechanism

TO_PRACTICES = 0
TO_OTHERS = 1


@mechanism(writes=("attention", "attention_share"))
def attention(
    attention: Any,
    attention_share: Any,
    effort: Any,
    trust: Any,
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

        attention = E x (share of the organisation's work in the place)
                    x (g towards general practices, 1 - g towards others) x share within the group
        share     ~ need^a1 (nu + T)^a2

    Nothing singles general practice out: a hospital with seventy-five practices spreads its reserved share over
    seventy-five ties, and the bottleneck of primary care comes out of that division.

    Mutates
    -------
    attention, attention_share (ties, 2, lanes): contacts a year; share within the group

    Source: E03 (KF15, BMJ15).
    """
    ties, _, lanes = attention.shape
    segments = segment_organisation.shape[0]
    total = np.zeros((segments, lanes))
    for tie in range(ties):
        for side in range(2):
            group = segment[tie, side]
            for lane in range(lanes):
                weight = 1.0
                if attention_need_power[lane] != 0.0:
                    weight = need[tie] ** attention_need_power[lane]
                if attention_trust_power[lane] != 0.0:
                    weight *= (attention_trust_floor[lane] + trust[tie, side, lane]) ** attention_trust_power[lane]
                attention_share[tie, side, lane] = weight
                total[group, lane] += weight
    budget = np.empty((segments, lanes))
    for group in range(segments):
        organisation = segment_organisation[group]
        for lane in range(lanes):
            reserved = leadership_practice_share[lane]
            part = 1.0
            if segment_group[group] == TO_PRACTICES:
                part = reserved
            elif segment_group[group] == TO_OTHERS:
                part = 1.0 - reserved
            budget[group, lane] = effort[organisation, lane] * segment_share[group] * part
    for tie in range(ties):
        for side in range(2):
            group = segment[tie, side]
            for lane in range(lanes):
                share = attention_share[tie, side, lane] / total[group, lane]
                attention_share[tie, side, lane] = share
                attention[tie, side, lane] = budget[group, lane] * share
