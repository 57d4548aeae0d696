"""Memory: organisations remember how the other side took their meetings, and may answer in kind.

In public-goods games about half of all players cooperate on condition that others do, a third do not cooperate, and
the rest do neither (Fischbacher, Gächter and Fehr 2001, doi:10.1016/S0165-1765(01)00394-9); actors in ten estuaries
sought reciprocal ties and quickly learnt whom to trust (Berardo and Scholz 2010,
doi:10.1111/j.1540-5907.2010.00451.x). Goodwill is fixed unless reciprocity is above 0. Then either side keeps for
every tie a regard, the share of its meetings that the other side found good.

::

    m_side <- m_side + (1 - (1 - r)^K) (S_other / K - m_side)      if K > 0
    m_side <- m_0 + kappa_own (m_side - m_0)                       [the own leader left in this step]
    goodwill of side = c (m_side - m_0)                            adds to the log-odds of a good meeting

S_other counts the meetings that the *other* side judged good: trust follows one's own experience, regard follows the
answer. Regard starts at m_0 and stays there where c = 0. It takes effect in the encounters of the next
step.

Tests
-----
tests/unit/test_memory.py : regard after meetings and after a leader, goodwill that answers, none where it is fixed

Symbols
-------
c : memory.reciprocity
r : memory.pace
m_0 : memory.usual
kappa_own : trust.kept_by_successor
"""

import numpy as np

from abm.core.arithmetic import drawn_towards, find_nonzero, is_any, row_and_lane
from abm.core.declaration import Submodel, field, mechanism
from abm.core.draws import MOST_EVENTS
from abm.core.kernels import inlined
from abm.world.vocabulary import SIDE, TIE

submodel = Submodel("memory", records="memory.yaml")

STATE = (
    field(
        "regard",
        axes=(TIE, SIDE),
        unit="share",
        low=0,
        high=1,
        start="memory.usual",
        definition="Share of recent meetings that the other side found good, as this side remembers it",
    ),
)


@inlined
def regard_after_meetings(regard, good, held, kept):
    """Return regard after meetings of which the other side found some good: m + (1 - kept) (S / K - m).

    Parameters
    ----------
    kept : float
        (1 - r)^K, what K meetings leave of the regard before.
    """
    return regard + (1.0 - kept) * (good / held - regard)


@mechanism(writes=("regard",), idle_at_zero="memory_reciprocity", is_kernel=True)
def memory(
    regard,
    meetings,
    good_meetings,
    exits,
    tie_ends,
    incidence_start,
    incidence_tie,
    trust_kept_by_successor,
    memory_reciprocity,
    memory_pace,
    memory_usual,
):
    """Update how each side remembers the other's judgement of their meetings.

    Mutates
    -------
    regard (ties, 2, lanes): share, in [0, 1]
    """
    if not is_any(memory_reciprocity):
        return
    lanes = meetings.shape[1]
    kept = np.ones((MOST_EVENTS + 1, lanes))
    for number in range(1, MOST_EVENTS + 1):
        for lane in range(lanes):
            kept[number, lane] = kept[number - 1, lane] * (1.0 - memory_pace[lane])
    met = np.empty(meetings.size, dtype=np.uint32)
    for event in range(find_nonzero(meetings, met)):
        tie, lane = row_and_lane(met[event], lanes)
        if memory_reciprocity[lane] > 0.0:
            for side in range(2):
                regard[tie, side, lane] = regard_after_meetings(
                    regard[tie, side, lane],
                    good_meetings[tie, 1 - side, lane],
                    meetings[tie, lane],
                    kept[meetings[tie, lane], lane],
                )
    left = np.empty(exits.size, dtype=np.uint32)
    for event in range(find_nonzero(exits, left)):
        leaver, lane = row_and_lane(left[event], lanes)
        if memory_reciprocity[lane] > 0.0:
            for entry in range(incidence_start[leaver], incidence_start[leaver + 1]):
                tie = incidence_tie[entry]
                side = 0 if tie_ends[tie, 0] == leaver else 1
                regard[tie, side, lane] = drawn_towards(
                    memory_usual[lane], regard[tie, side, lane], trust_kept_by_successor[lane]
                )
