"""Contact: attention becomes meetings, unless rules stand in between."""

from typing import Any

import numpy as np

from abm.draws import WIDE, Decision, draw_rows, poisson_quantile
from abm.kernels import inlined
from abm.mechanisms.arithmetic import exponential, find_nonzero, is_any
from abm.mechanisms.kinds import HOSPITAL_PRACTICE, PRACTICE_PRACTICE
from abm.mechanisms.mechanism import mechanism

DECISION = np.uint32(Decision.MEETINGS)
CHUNK = 4096
"""Numbers drawn at a time, over all lanes."""


@inlined
def background_row(place: Any, kind: Any) -> Any:
    """Return the row for meetings that need no attention: two a place, for ties between practices and for others."""
    return 2 * place + (0 if kind == PRACTICE_PRACTICE else 1)


@mechanism(writes=("meetings",))
def contact(
    meetings: Any,
    attention_weight: Any,
    attention_total: Any,
    attention_budget: Any,
    shut: Any,
    board: Any,
    seed: Any,
    replicate: Any,
    step: Any,
    dt: Any,
    tie_kind: Any,
    tie_place: Any,
    segment: Any,
    competition_strictness: Any,
    competition_dialogue_protection: Any,
    convening_sessions: Any,
    attention_need_power: Any,
    attention_trust_power: Any,
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
    segments = attention_budget.shape[0]
    places = board.shape[0]
    openness = np.empty((kinds, lanes))
    for kind in range(kinds):
        for lane in range(lanes):
            strictness = competition_strictness[lane] * (1.0 - competition_dialogue_protection[lane])
            openness[kind, lane] = 0.5 * (1.0 - strictness * contact_barrier_weight[kind, lane]) * dt
    background = np.empty((2 * places, lanes))
    for place in range(places):
        for lane in range(lanes):
            anyway = contact_chance[lane] + contact_session[lane] * convening_sessions[lane]
            background[background_row(place, PRACTICE_PRACTICE), lane] = anyway * dt
            with_board = anyway + contact_board[lane] * board[place, lane]
            background[background_row(place, HOSPITAL_PRACTICE), lane] = with_board * dt
    given = np.empty((segments, lanes))
    for group in range(segments):
        for lane in range(lanes):
            total = attention_total[group, lane]
            given[group, lane] = attention_budget[group, lane] / total if total > 0.0 else 0.0
    is_weighted = is_any(attention_need_power) or is_any(attention_trust_power)
    if not is_weighted:
        for group in range(segments):
            for lane in range(lanes):
                given[group, lane] = min(given[group, lane], attention_budget[group, lane])
    rows = max(CHUNK // lanes // 4, 1) * 4
    mean = np.empty((rows, lanes))
    every_mean = mean.reshape(-1)
    meetings[:] = 0
    found = np.empty(rows * lanes, dtype=np.uint32)
    drawn = np.empty(rows * lanes)
    expected = np.empty(rows * lanes)
    none = np.empty(rows * lanes)
    number = np.empty(rows * lanes, dtype=np.int64)
    may_meet = np.empty(rows * lanes, dtype=np.uint8)
    for first in range(0, ties, rows):
        last = min(first + rows, ties)
        every_draw = draw_rows(seed, replicate, step, DECISION, first, last).reshape(-1)
        if is_weighted:
            for tie in range(first, last):
                kind = tie_kind[tie]
                anyway = background_row(tie_place[tie], kind)
                group_0, group_1 = segment[tie, 0], segment[tie, 1]
                for lane in range(lanes):
                    offered = min(
                        given[group_0, lane] * attention_weight[tie, 0, lane], attention_budget[group_0, lane]
                    ) + min(
                        given[group_1, lane] * attention_weight[tie, 1, lane], attention_budget[group_1, lane]
                    )
                    mean[tie - first, lane] = offered * openness[kind, lane] + background[anyway, lane]
        elif lanes >= WIDE:
            for tie in range(first, last):
                kind = tie_kind[tie]
                anyway = background_row(tie_place[tie], kind)
                group_0, group_1 = segment[tie, 0], segment[tie, 1]
                for lane in range(lanes):
                    offered = given[group_0, lane] + given[group_1, lane]
                    mean[tie - first, lane] = offered * openness[kind, lane] + background[anyway, lane]
        else:
            for lane in range(lanes):
                for tie in range(first, last):
                    kind = tie_kind[tie]
                    anyway = background_row(tie_place[tie], kind)
                    offered = given[segment[tie, 0], lane] + given[segment[tie, 1], lane]
                    mean[tie - first, lane] = offered * openness[kind, lane] + background[anyway, lane]
        # Nobody meets where u < 1 - mean, which is below exp(-mean).
        held_here, shut_here = meetings[first:last].reshape(-1), shut[first:last].reshape(-1)
        for entry in range(every_draw.size):
            may_meet[entry] = every_draw[entry] >= 1.0 - every_mean[entry]
        count = find_nonzero(may_meet[: every_draw.size], found)
        for event in range(count):
            drawn[event] = every_draw[found[event]]
            expected[event] = every_mean[found[event]] if shut_here[found[event]] == 0 else 0.0
        # Twice at most is settled here, and whoever meets more often is looked at again.
        for event in range(count):
            none[event] = exponential(-expected[event])
            once = none[event] * expected[event]
            at_most_once = none[event] + once
            at_most_twice = at_most_once + once * expected[event] / 2
            number[event] = (
                (1 if drawn[event] >= none[event] else 0)
                + (1 if drawn[event] >= at_most_once else 0)
                + (1 if drawn[event] >= at_most_twice else 0)
            )
        for event in range(count):
            if number[event] > 2:
                number[event] = poisson_quantile(drawn[event], expected[event], none[event])
            held_here[found[event]] = number[event]
