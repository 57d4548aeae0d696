"""Challenge: under strict competition rules a joint arrangement can be taken to review."""

import math
from typing import Any

import numpy as np

from abm.draws import Decision, uniform
from abm.mechanisms.kinds import COMMISSIONER_COMMUNITY
from abm.mechanisms.mechanism import mechanism

CHALLENGE = np.uint32(Decision.CHALLENGE)
DELAY = np.uint32(Decision.CHALLENGE_DELAY)


@mechanism(writes=("trust", "challenged", "delay"))
def challenge(
    trust: Any,
    challenged: Any,
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
    competition_dialogue_protection: Any,
    competition_challenge_rate: Any,
    competition_tender_threshold: Any,
    challenge_trust_loss: Any,
    challenge_delay: Any,
    governance_board_threshold: Any,
) -> None:
    """Challenge joint arrangements that stand or form, and delay them.

    Equations, while a board stands or board trust suffices for one and scope is above the tender threshold::

        hazard = c C (1 - X)
        T     *= 1 - kappa_c on commissioner-provider ties of a challenged place
        delay  = max(delay, exponential with the mean delay)

    Mutates
    -------
    trust (ties, 2, lanes): in [0, 1]
    challenged (places, lanes): 1 where a challenge came in this step, else 0
    delay (places, lanes): years for which the arrangement is suspended

    Source: E07 (KF15, BMJ15).
    """
    places, lanes = delay.shape
    for place in range(places):
        for lane in range(lanes):
            delay[place, lane] = max(delay[place, lane] - dt, 0.0)
            challenged[place, lane] = 0.0
            is_joint = board[place, lane] > 0.0 or board_trust[place, lane] > governance_board_threshold[lane]
            if not (is_joint and scope[place, lane] > competition_tender_threshold[lane]):
                continue
            strictness = competition_strictness[lane] * (1.0 - competition_dialogue_protection[lane])
            hazard = competition_challenge_rate[lane] * strictness
            if uniform(seed[lane], replicate[lane], step, CHALLENGE, place) < 1.0 - math.exp(-hazard * dt):
                challenged[place, lane] = 1.0
                u = uniform(seed[lane], replicate[lane], step, DELAY, place)
                delay[place, lane] = max(delay[place, lane], -challenge_delay[lane] * math.log(u))
    # Ties are sorted by kind, and those between commissioners and providers come first.
    for tie in range(tie_kind.shape[0]):
        if tie_kind[tie] > COMMISSIONER_COMMUNITY:
            break
        place = tie_place[tie]
        for side in range(2):
            for lane in range(lanes):
                trust[tie, side, lane] *= 1.0 - challenged[place, lane] * challenge_trust_loss[lane]
