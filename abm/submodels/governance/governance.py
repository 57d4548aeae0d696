"""Governance: boards form on trust at the top, practices engage on trust on the ground.

Boards form on trust at the top, practices engage on trust on the ground (E02, E03, E15, E24).

::

    B_p  = sum over core ties of weight x min(T_0, T_1)
    e_k  = w sum_h s_kh T_kh + (1 - w) T_kc       trust of practice k in its providers and commissioners
    th   = th_G + d_G signal
    e'_k = e_k;  in a network the list-weighted mean of e over its open members
    th_k = th - encouragement_k                 [of engaged peers]
    engaged <- 1 if e'_k > th_k;  0 if e'_k < th_k - h_G;  else as before   [open practices only]
    engagement_p       = list-weighted share of engaged practices           [lists of today]
    engagement trust_p = list-weighted mean of e_k
    mandate >= 0.5:    board <- 1
    board stands:      board <- 0 if B_p < th_B - h_B
    no board:          board <- 1 if B_p > th_B and delay = 0 and u(BOARD) < 1 - exp(-rho_B dt)

Engagement is measured whether or not there is a board; it acts only with one.

Tests
-----
tests/unit/test_federation.py : a network engages as one
tests/patterns/test_lever_signs.py : mandate, takeover signal

Symbols
-------
mandate : form.mandate
signal : form.takeover_signal
th_B : governance.board_threshold
h_B : governance.board_hysteresis
rho_B : governance.board_rate
w : governance.provider_weight
th_G : governance.engagement_threshold
h_G : governance.engagement_hysteresis
d_G : governance.takeover_deterrence
"""

import numpy as np

from abm.core.arithmetic import chance_within, weighted_mean
from abm.core.declaration import Submodel, decision, field, measure, mechanism, tally
from abm.core.draws import uniform
from abm.core.kernels import inlined
from abm.world.kinds import COMMISSIONER_PRACTICE, HOSPITAL_PRACTICE, PRACTICE_PRACTICE
from abm.world.vocabulary import ORGANISATION, PLACE

submodel = Submodel("governance", records="governance.yaml")

BOARD = decision("governance.board", number=11)
MANDATED = 0.5
"""The setting of the mandate from which it holds."""

STATE = (
    field("board", axes=(PLACE,), unit="0 or 1", low=0, high=1, definition="Whether a joint board stands"),
    field(
        "board_trust",
        axes=(PLACE,),
        unit="trust",
        low=0,
        high=1,
        definition="Weaker-side trust between those who would form a board",
    ),
    field(
        "engaged",
        axes=(ORGANISATION,),
        unit="0 or 1",
        low=0,
        high=1,
        definition="Whether a practice is engaged",
    ),
    field(
        "engagement",
        axes=(PLACE,),
        unit="share of people",
        low=0,
        high=1,
        definition="Registered people whose practice is engaged",
    ),
    field(
        "engagement_trust",
        axes=(PLACE,),
        unit="trust",
        low=0,
        high=1,
        definition="Trust of practices in providers and commissioner",
    ),
    field(
        "practice_trust",
        axes=(ORGANISATION,),
        unit="trust",
        low=0,
        high=1,
        definition="A practice's trust in its partners",
    ),
)

MEASURES = (
    measure(
        "board",
        label="Joint board",
        unit="share of people",
        low=0,
        high=1,
        group="Working together",
        definition="Share of people who live in a place with a joint board",
    ),
    measure(
        "board_trust",
        label="Board trust",
        unit="trust",
        low=0,
        high=1,
        definition="Mean weaker-side trust between commissioner, providers and local authority",
    ),
    measure(
        "engagement",
        label="Engaged practices",
        unit="share of people",
        low=0,
        high=1,
        group="Working together",
        definition="Share of registered people whose practice is engaged",
    ),
    measure(
        "engagement_trust",
        label="Trust of practices",
        unit="trust",
        low=0,
        high=1,
        definition="Mean trust of practices in their providers and commissioner, by list",
    ),
)


@inlined
def engaged_now(was_engaged, level, joins_above, leaves_below):
    """Return whether a practice is engaged, 0 or 1: above one threshold yes, below another no, else as before."""
    was = was_engaged if level >= leaves_below else 0.0
    return 1.0 if level > joins_above else was


@mechanism(
    writes=("board", "board_trust", "engaged", "practice_trust", "engagement", "engagement_trust"),
    settles=True,
    is_kernel=True,
)
def governance(
    board,
    board_trust,
    engaged,
    practice_trust,
    engagement,
    engagement_trust,
    trust,
    encouragement,
    list_size,
    network,
    network_people,
    delay,
    seed,
    replicate,
    step,
    dt,
    organisation_place,
    practice_row,
    tie_ends,
    kind_start,
    tie_place,
    use_share,
    core_weight,
    form_mandate,
    form_takeover_signal,
    governance_board_threshold,
    governance_board_hysteresis,
    governance_board_rate,
    governance_provider_weight,
    governance_engagement_threshold,
    governance_engagement_hysteresis,
    governance_takeover_deterrence,
):
    """Form and dissolve boards, and let practices engage or leave.

    Mutates
    -------
    board (places, lanes): 1 where a joint board stands, else 0
    board_trust, engagement, engagement_trust (places, lanes): trust; share of registered people; trust
    engaged, practice_trust (organisations, lanes): 1 where a practice is engaged; e_k
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
            easier = encouragement[practice, lane]
            now = engaged_now(
                engaged[practice, lane],
                level[practice, lane],
                joins_above[lane] - easier,
                leaves_below[lane] - easier,
            )
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
            if form_mandate[lane] >= MANDATED:
                board[place, lane] = 1.0
            elif board[place, lane] > 0.0:
                if board_trust[place, lane] < threshold - governance_board_hysteresis[lane]:
                    board[place, lane] = 0.0
            elif board_trust[place, lane] > threshold and delay[place, lane] == 0.0:
                u = uniform(seed[lane], replicate[lane], step, BOARD, place)
                if u < chance_within(governance_board_rate[lane], dt):
                    board[place, lane] = 1.0


@tally(fills=("board", "board_trust", "engagement", "engagement_trust"), is_kernel=True)
def tally_governance(
    fill_board,
    fill_board_trust,
    fill_engagement,
    fill_engagement_trust,
    board,
    board_trust,
    engagement,
    engagement_trust,
    population,
):
    """Measure boards and engagement, by people."""
    weighted_mean(board, population, fill_board)
    weighted_mean(board_trust, population, fill_board_trust)
    weighted_mean(engagement, population, fill_engagement)
    weighted_mean(engagement_trust, population, fill_engagement_trust)
