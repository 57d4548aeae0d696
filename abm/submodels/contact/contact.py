"""Contact: attention becomes meetings, unless rules stand in between.

Attention becomes meetings, unless rules stand in between (E07); sessions and boards bring more (E02, E21).

::

    barrier = felt weight_kind                     [felt as of the place]
    lambda  = 0.5 (attention_0 + attention_1) (1 - barrier) + l_0 + l_W sessions
              + l_B board    [not between practices; board of the step before]
    K       = 0 on a tie with a closed practice, else
              smallest k with u(MEETINGS) < Poisson cdf(k; lambda dt), at most 63

Tests
-----
tests/oracle/test_closed_forms.py : no meetings without effort, chance or a board
tests/patterns/test_lever_signs.py : sessions

Symbols
-------
sessions : convening.sessions
weight : contact.barrier_weight
l_0 : contact.chance
l_W : contact.session
l_B : contact.board
"""

import numpy as np

from abm.core.arithmetic import exponential, find_nonzero, is_any, sum_rows
from abm.core.declaration import Submodel, decision, field, measure, mechanism, tally
from abm.core.draws import MOST_EVENTS, WIDE, draw_rows, poisson_quantile
from abm.core.kernels import inlined
from abm.core.vocabulary import MONTHS_PER_YEAR
from abm.world.kinds import HOSPITAL_PRACTICE, PRACTICE_PRACTICE
from abm.world.vocabulary import TIE

submodel = Submodel("contact", records="contact.yaml")

MEETINGS = decision("contact.meetings", number=7)
CHUNK = 4096
"""Numbers drawn at a time, over all lanes."""

STATE = (
    field(
        "meetings",
        axes=(TIE,),
        unit="number",
        low=0,
        high=MOST_EVENTS,
        definition="Meetings held in this step",
        is_carried=False,
        dtype="uint8",
    ),
)

MEASURES = (
    measure(
        "meetings",
        label="Meetings",
        unit="per tie and year",
        low=0,
        is_flow=True,
        definition="Mean number of meetings on a tie, times twelve",
    ),
)


@inlined
def meetings_anyway(chance, session, sessions):
    """Return the contacts a year that need no attention: l_0 + l_W sessions."""
    return chance + session * sessions


@inlined
def background_row(place, kind):
    """Return the row for meetings that need no attention: two a place, for ties between practices and for others."""
    return 2 * place + (0 if kind == PRACTICE_PRACTICE else 1)


@mechanism(writes=("meetings",), is_kernel=True)
def contact(
    meetings,
    attention_weight,
    attention_total,
    attention_budget,
    shut,
    board,
    felt,
    seed,
    replicate,
    step,
    dt,
    tie_kind,
    tie_place,
    segment,
    convening_sessions,
    leadership_focus,
    attention_need_power,
    attention_trust_power,
    attention_popularity_power,
    contact_barrier_weight,
    contact_chance,
    contact_session,
    contact_board,
    caution_weight,
):
    """Draw the meetings on every tie in this step.

    Mutates
    -------
    meetings (ties, lanes): number in this step, at most 63
    """
    ties, lanes = meetings.shape
    kinds = contact_barrier_weight.shape[0]
    segments = attention_budget.shape[0]
    places = board.shape[0]
    # Where nobody learns, all places feel the same.
    is_apart = is_any(caution_weight)
    openness = np.empty((places * kinds if is_apart else kinds, lanes))
    for row in range(openness.shape[0]):
        place, kind = row // kinds, row % kinds
        for lane in range(lanes):
            strictness = felt[place, lane]
            openness[row, lane] = 0.5 * (1.0 - strictness * contact_barrier_weight[kind, lane]) * dt
    background = np.empty((2 * places, lanes))
    for place in range(places):
        for lane in range(lanes):
            anyway = meetings_anyway(contact_chance[lane], contact_session[lane], convening_sessions[lane])
            background[background_row(place, PRACTICE_PRACTICE), lane] = anyway * dt
            with_board = anyway + contact_board[lane] * board[place, lane]
            background[background_row(place, HOSPITAL_PRACTICE), lane] = with_board * dt
    given = np.empty((segments, lanes))
    for group in range(segments):
        for lane in range(lanes):
            total = attention_total[group, lane]
            given[group, lane] = attention_budget[group, lane] / total if total > 0.0 else 0.0
    follows_partners = is_any(attention_trust_power) or is_any(attention_popularity_power)
    is_weighted = is_any(attention_need_power) or follows_partners or is_any(leadership_focus)
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
        every_draw = draw_rows(seed, replicate, step, MEETINGS, first, last).reshape(-1)
        if is_weighted:
            for tie in range(first, last):
                kind = tie_kind[tie]
                felt_row = tie_place[tie] * kinds + kind if is_apart else kind
                anyway = background_row(tie_place[tie], kind)
                group_0, group_1 = segment[tie, 0], segment[tie, 1]
                for lane in range(lanes):
                    offered = min(
                        given[group_0, lane] * attention_weight[tie, 0, lane], attention_budget[group_0, lane]
                    ) + min(
                        given[group_1, lane] * attention_weight[tie, 1, lane], attention_budget[group_1, lane]
                    )
                    mean[tie - first, lane] = offered * openness[felt_row, lane] + background[anyway, lane]
        elif lanes >= WIDE:
            for tie in range(first, last):
                kind = tie_kind[tie]
                felt_row = tie_place[tie] * kinds + kind if is_apart else kind
                anyway = background_row(tie_place[tie], kind)
                group_0, group_1 = segment[tie, 0], segment[tie, 1]
                for lane in range(lanes):
                    offered = given[group_0, lane] + given[group_1, lane]
                    mean[tie - first, lane] = offered * openness[felt_row, lane] + background[anyway, lane]
        else:
            for lane in range(lanes):
                for tie in range(first, last):
                    kind = tie_kind[tie]
                    felt_row = tie_place[tie] * kinds + kind if is_apart else kind
                    anyway = background_row(tie_place[tie], kind)
                    offered = given[segment[tie, 0], lane] + given[segment[tie, 1], lane]
                    mean[tie - first, lane] = offered * openness[felt_row, lane] + background[anyway, lane]
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


@tally(fills=("meetings",), is_kernel=True)
def tally_contact(fill_meetings, meetings, shut):
    """Count meetings on open ties."""
    ties, lanes = meetings.shape
    met = np.zeros(lanes)
    gone = np.zeros(lanes)
    sum_rows(meetings.reshape(-1), met)
    sum_rows(shut.reshape(-1), gone)
    for lane in range(lanes):
        fill_meetings[lane] = MONTHS_PER_YEAR * met[lane] / (ties - gone[lane])
