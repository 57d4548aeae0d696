"""Talk: organisations hear of third parties from partners whom they trust.

In a meeting that one side judged good, the other side may pass on what it thinks of a third organisation with which
both deal. The hearer moves towards that opinion in proportion to its trust in the teller (Ferrin, Dirks and Shah
2006, doi:10.1037/0021-9010.91.4.870; McEvily, Zaheer and Soda 2021). Nobody outside the place is talked about, and
where everybody is equally trustworthy talk adds nothing, because averages of chance are chance.

::

    for every tie that met in this step and whose ends share n > 0 partners:
    hearer h, teller j = the sides of the tie, h = side 0 if u_0(TALK) < 1/2, else side 1
    third k = the (1 + floor(u_1(TALK) n))-th shared partner, by row
    heard if S_h > 0 and k is open
    heed  = (1 - (1 - w)^S_h) T_hj
    T_hk <- T_hk + heed (T_jk - T_hk)        one after the other, in the order of ties

What is said is the teller's trust before anybody talked in this step. What is heard is taken up tie by tie, so that
trust stays between 0 and 1 however many opinions one organisation hears. The rule resembles gossip in Burt and Knez
(1995, doi:10.1177/1043463195007003003) in its occasion, a relation that works, but not in its effect: they find that
third parties make strong relations stronger and weak ones weaker, which a transfer of trust does not.

Tests
-----
tests/unit/test_talk.py : what one meeting passes on, and what it cannot
tests/oracle/test_closed_forms.py : no talk without a good meeting
tests/patterns/test_network.py : talk makes those who deal with one organisation agree on it

Symbols
-------
w : talk.weight
"""

import numpy as np

from abm.core.arithmetic import find_nonzero, is_any, row_and_lane
from abm.core.declaration import Submodel, decision, field, measure, mechanism, tally
from abm.core.draws import block
from abm.core.kernels import inlined
from abm.core.vocabulary import MONTHS_PER_YEAR
from abm.world.vocabulary import TIE

submodel = Submodel("talk", records="talk.yaml")

TALK = decision("talk", number=17)

STATE = (
    field(
        "heard",
        axes=(TIE,),
        unit="0 or 1",
        low=0,
        high=1,
        definition="Whether one side heard of a third organisation in this step",
        is_carried=False,
        dtype="uint8",
    ),
)

MEASURES = (
    measure(
        "heard",
        label="Opinions heard",
        unit="per tie and year",
        low=0,
        is_flow=True,
        definition="Mean number of opinions of third organisations that were heard on a tie, times twelve",
    ),
)


@inlined
def which_third(u, number):
    """Return which of some shared partners is talked about, each as likely as the others: floor(u n)."""
    return int(u * number)


@inlined
def heed(weight, good, trust_in_teller):
    """Return how far an opinion is heeded: (1 - (1 - w)^S) T_hj."""
    return (1.0 - (1.0 - weight) ** good) * trust_in_teller


@inlined
def trust_after_talk(level, said, heeded):
    """Return trust drawn towards what a partner thinks of the same organisation: T + heed (said - T)."""
    return level + heeded * (said - level)


@mechanism(writes=("trust", "heard"), idle_at_zero="talk_weight", is_kernel=True)
def talk(
    trust,
    heard,
    meetings,
    good_meetings,
    shut,
    seed,
    replicate,
    step,
    tie_ends,
    third_start,
    third_tie,
    talk_weight,
):
    """Move trust towards what partners say about third organisations.

    Mutates
    -------
    trust (ties, 2, lanes): in [0, 1]
    heard (ties, lanes): 1 where an opinion was heard, else 0
    """
    heard[:] = 0
    if not is_any(talk_weight):
        return
    lanes = meetings.shape[1]
    met = np.empty(meetings.size, dtype=np.uint32)
    events = find_nonzero(meetings, met)
    tie_of = np.empty(events, dtype=np.int64)
    side_of = np.empty(events, dtype=np.int64)
    lane_of = np.empty(events, dtype=np.int64)
    said = np.empty(events)
    heeded = np.empty(events)
    opinions = 0
    for event in range(events):
        tie, lane = row_and_lane(met[event], lanes)
        first = third_start[tie]
        number = third_start[tie + 1] - first
        if number == 0 or talk_weight[lane] == 0.0:
            continue
        u0, u1, _, _ = block(seed[lane], replicate[lane], step, TALK, tie)
        hearer = 0 if u0 < 0.5 else 1
        good = good_meetings[tie, hearer, lane]
        if good == 0:
            continue
        third = first + which_third(u1, number)
        own = third_tie[third, hearer]
        tellers = third_tie[third, 1 - hearer]
        if shut[own, lane] > 0:
            continue
        heard[tie, lane] = 1
        tie_of[opinions] = own
        side_of[opinions] = 0 if tie_ends[own, 0] == tie_ends[tie, hearer] else 1
        lane_of[opinions] = lane
        side = 0 if tie_ends[tellers, 0] == tie_ends[tie, 1 - hearer] else 1
        said[opinions] = trust[tellers, side, lane]
        heeded[opinions] = heed(talk_weight[lane], good, trust[tie, hearer, lane])
        opinions += 1
    for opinion in range(opinions):
        tie, side, lane = tie_of[opinion], side_of[opinion], lane_of[opinion]
        trust[tie, side, lane] = trust_after_talk(trust[tie, side, lane], said[opinion], heeded[opinion])


@tally(fills=("heard",), is_kernel=True)
def tally_talk(fill_heard, heard, shut, talk_weight):
    """Count the opinions heard on open ties, as a yearly rate."""
    fill_heard[:] = 0.0
    if not is_any(talk_weight):
        return
    ties, lanes = heard.shape
    open_ties = np.zeros(lanes)
    for tie in range(ties):
        for lane in range(lanes):
            open_ties[lane] += 1.0 - shut[tie, lane]
            fill_heard[lane] += heard[tie, lane]
    for lane in range(lanes):
        fill_heard[lane] *= MONTHS_PER_YEAR / open_ties[lane]
