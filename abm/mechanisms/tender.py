"""Tender: what partners do together may have to be put out to competition among them."""

import math
from typing import Any

import numpy as np

from abm.draws import Decision, uniform
from abm.mechanisms.kinds import ACUTE_COMMUNITY, COMMISSIONER_COMMUNITY, COMMISSIONER_PRACTICE
from abm.mechanisms.mechanism import mechanism

TENDER = np.uint32(Decision.TENDER)


@mechanism(writes=("trust", "tendered", "delay"))
def tender(
    trust: Any,
    tendered: Any,
    delay: Any,
    board: Any,
    board_trust: Any,
    scope: Any,
    seed: Any,
    replicate: Any,
    step: Any,
    dt: Any,
    tie_kind: Any,
    tie_place: Any,
    competition_strictness: Any,
    competition_tender_rate: Any,
    competition_tender_threshold: Any,
    tender_trust_loss: Any,
    tender_duration: Any,
    governance_board_threshold: Any,
) -> None:
    """Put joint arrangements that stand or form out to tender, and suspend them meanwhile.

    Equations, while a board stands or board trust suffices for one, scope is above the tender threshold and nothing
    suspends the arrangement::

        hazard = t C
        T     *= 1 - kappa_t of providers in their commissioners, and between hospitals and community providers
        delay  = duration

    A commissioner calls a tender and outsiders bring a challenge: providers lose trust in the commissioner who makes
    them bid, and in those against whom they bid, while the commissioner's own trust stays. Protected dialogue lets
    partners plan beside a tender and does not spare them one.

    Mutates
    -------
    trust (ties, 2, lanes): in [0, 1]
    tendered (places, lanes): 1 where a tender began in this step, else 0
    delay (places, lanes): years for which the arrangement is suspended

    Source: E07 (KF15, BMJ15).
    """
    places, lanes = delay.shape
    is_any = False
    for place in range(places):
        for lane in range(lanes):
            tendered[place, lane] = 0.0
            is_joint = board[place, lane] > 0.0 or board_trust[place, lane] > governance_board_threshold[lane]
            if not (is_joint and scope[place, lane] > competition_tender_threshold[lane]):
                continue
            if delay[place, lane] > 0.0:
                continue
            hazard = competition_tender_rate[lane] * competition_strictness[lane]
            if uniform(seed[lane], replicate[lane], step, TENDER, place) < 1.0 - math.exp(-hazard * dt):
                tendered[place, lane] = 1.0
                delay[place, lane] = tender_duration[lane]
                is_any = True
    if not is_any:
        return
    # Ties are sorted by kind, and those with practices at one end stand among and after these.
    for tie in range(tie_kind.shape[0]):
        kind = tie_kind[tie]
        if kind > ACUTE_COMMUNITY:
            break
        if kind == COMMISSIONER_PRACTICE:
            continue
        place = tie_place[tie]
        # Ends are sorted as kinds of organisation are, so that a provider is at side 0 of a tie with a commissioner.
        sides = 1 if kind <= COMMISSIONER_COMMUNITY else 2
        for side in range(sides):
            for lane in range(lanes):
                trust[tie, side, lane] *= 1.0 - tendered[place, lane] * tender_trust_loss[lane]
