"""Trust: it grows slowly with good meetings, breaks faster, and fades without contact."""

import math
from typing import Any

import numpy as np

from abm.draws import MOST_EVENTS
from abm.mechanisms.mechanism import mechanism


@mechanism(writes=("trust", "divergence", "relation"))
def trust(
    trust: Any,
    divergence: Any,
    relation: Any,
    meetings: Any,
    good_meetings: Any,
    exits: Any,
    dt: Any,
    tie_ends: Any,
    trust_gain: Any,
    trust_loss: Any,
    trust_decay: Any,
    trust_base: Any,
    trust_kept_by_successor: Any,
    trust_kept_by_partner: Any,
    trust_third_party_pull: Any,
    trust_divergence_start: Any,
    trust_divergence_contact: Any,
    trust_divergence_return: Any,
) -> None:
    """Update trust and perceived divergence on both sides of every tie.

    Equations, with S good meetings of K::

        T = 1 - (1 - T) (1 - gain)^S
        T = T (1 - loss)^(K - S)
        T = base + (T - base) exp(-decay dt)
        T = T + (reputation - T) (1 - exp(-pull dt))       where there is a third-party pull
        T = base + kept_by_successor (T - base)            when the own leader left
        T = base + kept_by_partner (T - base)              when the other's leader left
        D = D exp(-xi K), then back towards its start at a slow rate

    Mutates
    -------
    trust, divergence (ties, 2, lanes): in [0, 1]

    Sources: E01 (KF15), E21 and E22 (NHE14); third parties after Nowak and Sigmund (2005).
    """
    ties, _, lanes = trust.shape
    organisations = exits.shape[0]
    events = MOST_EVENTS + 1
    gained = np.empty((events, lanes))
    lost = np.empty((events, lanes))
    dispelled = np.empty((events, lanes))
    kept = np.empty(lanes)
    returned = np.empty(lanes)
    pulled = np.empty(lanes)
    is_pulled = False
    for lane in range(lanes):
        gained[0, lane] = 1.0
        lost[0, lane] = 1.0
        for number in range(1, events):
            gained[number, lane] = gained[number - 1, lane] * (1.0 - trust_gain[lane])
            lost[number, lane] = lost[number - 1, lane] * (1.0 - trust_loss[lane])
        for number in range(events):
            dispelled[number, lane] = math.exp(-trust_divergence_contact[lane] * number)
        kept[lane] = math.exp(-trust_decay[lane] * dt)
        returned[lane] = math.exp(-trust_divergence_return[lane] * dt)
        pulled[lane] = 1.0 - math.exp(-trust_third_party_pull[lane] * dt)
        is_pulled = is_pulled or pulled[lane] > 0.0

    reputation = np.zeros((organisations if is_pulled else 0, lanes))
    if is_pulled:
        partners = np.zeros(organisations)
        for tie in range(ties):
            for side in range(2):
                other = tie_ends[tie, 1 - side]
                partners[other] += 1.0
                for lane in range(lanes):
                    reputation[other, lane] += trust[tie, side, lane]
        for organisation in range(organisations):
            for lane in range(lanes):
                reputation[organisation, lane] /= max(partners[organisation], 1.0)

    for tie in range(ties):
        for side in range(2):
            own, other = tie_ends[tie, side], tie_ends[tie, 1 - side]
            for lane in range(lanes):
                held = meetings[tie, lane]
                good = good_meetings[tie, side, lane]
                base = trust_base[lane]
                level = (1.0 - (1.0 - trust[tie, side, lane]) * gained[good, lane]) * lost[held - good, lane]
                level = base + (level - base) * kept[lane]
                if is_pulled:
                    level += (reputation[other, lane] - level) * pulled[lane]
                remembered = (1.0 - exits[own, lane] * (1.0 - trust_kept_by_successor[lane])) * (
                    1.0 - exits[other, lane] * (1.0 - trust_kept_by_partner[lane])
                )
                trust[tie, side, lane] = base + (level - base) * remembered
                start = trust_divergence_start[lane]
                divergence[tie, side, lane] = (
                    start + (divergence[tie, side, lane] * dispelled[held, lane] - start) * returned[lane]
                )
