"""Governance: boards form on trust at the top, practices engage on trust on the ground."""

import math
from typing import Any

import numpy as np

from abm.draws import Decision, uniform
from abm.mechanisms.kinds import COMMISSIONER_PRACTICE, HOSPITAL_PRACTICE, PRACTICE_PRACTICE
from abm.mechanisms.mechanism import mechanism

BOARD = np.uint32(Decision.BOARD)


@mechanism(writes=("board", "board_trust", "engaged", "practice_trust", "engagement", "engagement_trust"))
def governance(
    board: Any,
    board_trust: Any,
    engaged: Any,
    practice_trust: Any,
    engagement: Any,
    engagement_trust: Any,
    trust: Any,
    list_size: Any,
    network: Any,
    network_people: Any,
    delay: Any,
    seed: Any,
    replicate: Any,
    step: Any,
    dt: Any,
    organisation_place: Any,
    practice_row: Any,
    tie_ends: Any,
    kind_start: Any,
    tie_place: Any,
    use_share: Any,
    core_weight: Any,
    form_mandate: Any,
    form_takeover_signal: Any,
    governance_board_threshold: Any,
    governance_board_hysteresis: Any,
    governance_board_rate: Any,
    governance_provider_weight: Any,
    governance_engagement_threshold: Any,
    governance_engagement_hysteresis: Any,
    governance_takeover_deterrence: Any,
) -> None:
    """Form and dissolve boards, and let practices engage or leave.

    Equations::

        B_p   = sum of core weight x min(T_ij, T_ji) over the ties between commissioner, providers, local authority
        e_k   = w sum_h s_kh T_kh + (1 - w) T_kc;  to decide, a network takes the mean over its members' lists
        board   forms at rate rho_B when B > thB and no challenge delays it; dissolves when B < thB - hB
        engaged when e_k > thG + deterrence x takeover signal; leaves when e_k < that less hG

    A mandate sets the board up at once and holds it there. Engagement is measured whether or not there is a board.

    Mutates
    -------
    board (places, lanes): 1 where a joint board stands, else 0
    board_trust, engagement, engagement_trust (places, lanes): trust; share of registered people; trust
    engaged, practice_trust (organisations, lanes): 1 where a practice is engaged; e_k

    Sources: E02, E03 (KF15), E15 (ST14), E24 (NHE14).
    """
    places, lanes = board.shape
    organisations = engaged.shape[0]
    board_trust[:] = 0.0
    practice_trust[:] = 0.0
    weight = np.empty((2, lanes))
    for lane in range(lanes):
        weight[0, lane] = governance_provider_weight[lane]
        weight[1, lane] = 1.0 - governance_provider_weight[lane]
    for kind in range(kind_start.size - 1):
        if kind == PRACTICE_PRACTICE:
            continue
        partner = 1 if kind == COMMISSIONER_PRACTICE else 0
        for tie in range(kind_start[kind], kind_start[kind + 1]):
            if kind == HOSPITAL_PRACTICE or kind == COMMISSIONER_PRACTICE:
                practice = tie_ends[tie, 1]
                share = use_share[tie]
                for lane in range(lanes):
                    practice_trust[practice, lane] += share * weight[partner, lane] * trust[tie, 1, lane]
            elif core_weight[tie] > 0.0:
                place = tie_place[tie]
                for lane in range(lanes):
                    weaker = min(trust[tie, 0, lane], trust[tie, 1, lane])
                    board_trust[place, lane] += core_weight[tie] * weaker

    # The label of a practice on its own points at the last row, which nobody reads.
    pooled = np.zeros((organisations + 1, lanes))
    for practice in practice_row:
        for lane in range(lanes):
            label = network[practice, lane]
            pooled[label, lane] += list_size[practice, lane] * practice_trust[practice, lane]
    every_pooled, every_people = pooled.reshape(-1), network_people.reshape(-1)
    for entry in range(every_people.size):
        every_pooled[entry] /= every_people[entry] if every_people[entry] > 0.0 else 1.0
    level = np.empty((organisations, lanes))
    for practice in practice_row:
        for lane in range(lanes):
            label = network[practice, lane]
            common = pooled[label, lane]
            level[practice, lane] = common if label >= 0 else practice_trust[practice, lane]

    joins_above = np.empty(lanes)
    leaves_below = np.empty(lanes)
    for lane in range(lanes):
        deterred = governance_takeover_deterrence[lane] * form_takeover_signal[lane]
        joins_above[lane] = governance_engagement_threshold[lane] + deterred
        leaves_below[lane] = joins_above[lane] - governance_engagement_hysteresis[lane]
    engagement[:] = 0.0
    engagement_trust[:] = 0.0
    registered = np.zeros((places, lanes))
    for practice in practice_row:
        place = organisation_place[practice]
        for lane in range(lanes):
            was = engaged[practice, lane] if level[practice, lane] >= leaves_below[lane] else 0.0
            now = 1.0 if level[practice, lane] > joins_above[lane] else was
            engaged[practice, lane] = now if list_size[practice, lane] > 0.0 else 0.0
        for lane in range(lanes):
            registered[place, lane] += list_size[practice, lane]
        for lane in range(lanes):
            engagement[place, lane] += list_size[practice, lane] * engaged[practice, lane]
        for lane in range(lanes):
            engagement_trust[place, lane] += list_size[practice, lane] * practice_trust[practice, lane]

    for place in range(places):
        for lane in range(lanes):
            engagement[place, lane] /= registered[place, lane]
            engagement_trust[place, lane] /= registered[place, lane]
            threshold = governance_board_threshold[lane]
            if form_mandate[lane] >= 0.5:
                board[place, lane] = 1.0
            elif board[place, lane] > 0.0:
                if board_trust[place, lane] < threshold - governance_board_hysteresis[lane]:
                    board[place, lane] = 0.0
            elif board_trust[place, lane] > threshold and delay[place, lane] == 0.0:
                u = uniform(seed[lane], replicate[lane], step, BOARD, place)
                if u < 1.0 - math.exp(-governance_board_rate[lane] * dt):
                    board[place, lane] = 1.0
