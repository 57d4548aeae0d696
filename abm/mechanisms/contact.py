"""Contact: attention becomes meetings, unless rules stand in between."""

from typing import Any

import numpy as np

from abm.draws import Decision, fill_block, poisson_quantile
from abm.mechanisms.kinds import PRACTICE_PRACTICE
from abm.mechanisms.mechanism import mechanism

DECISION = int(Decision.MEETINGS)


@mechanism(writes=("meetings",))
def contact(
    meetings: Any,
    attention_share: Any,
    attention_budget: Any,
    list_size: Any,
    board: Any,
    seed: Any,
    replicate: Any,
    step: Any,
    dt: Any,
    tie_ends: Any,
    tie_kind: Any,
    tie_place: Any,
    segment: Any,
    competition_strictness: Any,
    competition_dialogue_protection: Any,
    convening_sessions: Any,
    contact_barrier_weight: Any,
    contact_chance: Any,
    contact_session: Any,
    contact_board: Any,
) -> None:
    """Draw the meetings on every tie in this step.

    Equations::

        barrier = C (1 - X) weight(kind)
        lambda  = 0.5 (attention_ij + attention_ji) (1 - barrier) + chance + session x sessions + board
        K       ~ Poisson(lambda dt), by inversion of one uniform

    The board adds contacts on every tie of its place but those between practices. Nobody meets a closed practice.

    Mutates
    -------
    meetings (ties, lanes): number in this step, at most 63

    Sources: E07, E02 (KF15), E21 (NHE14).
    """
    ties, lanes = meetings.shape
    kinds = contact_barrier_weight.shape[0]
    openness = np.empty((kinds, lanes))
    background = np.empty(lanes)
    for lane in range(lanes):
        background[lane] = contact_chance[lane] + contact_session[lane] * convening_sessions[lane]
        strictness = competition_strictness[lane] * (1.0 - competition_dialogue_protection[lane])
        for kind in range(kinds):
            openness[kind, lane] = 1.0 - strictness * contact_barrier_weight[kind, lane]
    draws = np.empty((4, lanes))
    for tie in range(ties):
        if tie % 4 == 0:
            fill_block(draws, seed, replicate, step, DECISION, tie // 4)
        kind = tie_kind[tie]
        place = tie_place[tie]
        group_0, group_1 = segment[tie, 0], segment[tie, 1]
        end_0, end_1 = tie_ends[tie, 0], tie_ends[tie, 1]
        sits_on_board = 0.0 if kind == PRACTICE_PRACTICE else 1.0
        for lane in range(lanes):
            given = (
                attention_budget[group_0, lane] * attention_share[tie, 0, lane]
                + attention_budget[group_1, lane] * attention_share[tie, 1, lane]
            )
            rate = 0.5 * given * openness[kind, lane] + background[lane]
            rate += sits_on_board * contact_board[lane] * board[place, lane]
            if not (list_size[end_0, lane] > 0.0 and list_size[end_1, lane] > 0.0):
                rate = 0.0
            meetings[tie, lane] = poisson_quantile(draws[tie % 4, lane], rate * dt)
