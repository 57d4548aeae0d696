"""Succession: part of the trust between two organisations leaves with a leader, and some of it arrives elsewhere.

Relations between leaders are personal (E01). When a leader leaves, both sides of the organisation's ties fall back
towards the trust between strangers. A leader who moves (`moves`) to a partner organisation takes some of what was lost
along, to those with whom both organisations deal.

::

    T <- base + kappa_own (T - base)                 [the own leader left in this step]
    T <- base + kappa_other (T - base)               [the other's leader left in this step]
    start of the relation <- t                       [either leader left in this step]
    where the new leader of A led B, for every k with whom both have a tie:
    T_Ak <- clip(T_Ak + c (1 - kappa_own) (T_Bk - base))
    T_kA <- clip(T_kA + c (1 - kappa_other) (T_kB - base))

What arrives is reckoned from trust before anybody lost any in this step, and added after all have lost it, A by A in
the order of rows, k by k. It is the share c of what B and k lose with the leader, distrust included, so that nothing
comes from nowhere. Where several ties join one pair, one in each place that they share, the first is meant. Few sources
bear on c: of clients whose lobbyist went to another firm more stayed than followed (Bermiss and Greenbaum 2016,
doi:10.1177/0001839215619198), and exits of executives at the top end ties between firms less than those of middle ranks
(Broschak and Block 2014).

Tests
-----
tests/unit/test_moves.py : what a leader takes along is what the former organisation loses
tests/oracle/test_closed_forms.py : exits keep their shares of trust
tests/patterns/test_lever_signs.py : turnover

Symbols
-------
base : trust.base
kappa_own : trust.kept_by_successor
kappa_other : trust.kept_by_partner
c : leadership.carried
"""

import numpy as np

from abm.core.arithmetic import clip, drawn_towards, find_nonzero, row_and_lane
from abm.core.declaration import Submodel, mechanism
from abm.core.kernels import compiled, inlined

submodel = Submodel("succession", records="succession.yaml")

RELATION = 1
"""The rule of trust that looks at how long a relation has lasted."""


@inlined
def brought(carried, kept, level, base):
    """Return the trust that a leader takes along from an organisation that keeps a share: c (1 - kappa) (T - base)."""
    return carried * (1.0 - kept) * (level - base)


@inlined
def side_of(tie_ends, tie, organisation):
    """Return the side of a tie, 0 or 1, at which an organisation stands."""
    return 0 if tie_ends[tie, 0] == organisation else 1


@compiled
def find_tie(one, other, tie_ends, incidence_start, incidence_tie):
    """Return the first tie between two organisations that have one."""
    entry = incidence_start[one]
    while tie_ends[incidence_tie[entry], 0] != other and tie_ends[incidence_tie[entry], 1] != other:
        entry += 1
    return incidence_tie[entry]


@mechanism(writes=("trust", "relation_start"), is_kernel=True)
def succession(
    trust,
    relation_start,
    exits,
    moved_from,
    years,
    tie_ends,
    incidence_start,
    incidence_tie,
    third_start,
    third_tie,
    trust_base,
    trust_rule,
    trust_kept_by_successor,
    trust_kept_by_partner,
    leadership_carried,
):
    """Take from both sides of the ties of those whose leaders left, and add what leaders who moved bring.

    Mutates
    -------
    trust (ties, 2, lanes): in [0, 1]
    relation_start (ties, 2, lanes): years; now on every tie of an organisation whose leader left, by rule 1
    """
    lanes = exits.shape[1]
    left = np.empty(exits.size, dtype=np.uint32)
    leavers = find_nonzero(exits, left)

    most = np.int64(0)
    for event in range(leavers):
        row, lane = row_and_lane(left[event], lanes)
        if moved_from[row, lane] >= 0:
            most += np.int64(incidence_start[row + 1]) - np.int64(incidence_start[row])
    goes_to = np.empty((most, 3), dtype=np.int64)
    brought_own = np.empty(most)
    brought_other = np.empty(most)
    gains = 0
    for event in range(leavers):
        row, lane = row_and_lane(left[event], lanes)
        former = moved_from[row, lane]
        if former < 0 or leadership_carried[lane] == 0.0:
            continue
        base, carried = trust_base[lane], leadership_carried[lane]
        between = find_tie(row, former, tie_ends, incidence_start, incidence_tie)
        here = side_of(tie_ends, between, row)
        for third in range(third_start[between], third_start[between + 1]):
            to, away = third_tie[third, here], third_tie[third, 1 - here]
            side = side_of(tie_ends, away, former)
            goes_to[gains, 0], goes_to[gains, 1] = to, side_of(tie_ends, to, row)
            goes_to[gains, 2] = lane
            brought_own[gains] = brought(
                carried, trust_kept_by_successor[lane], trust[away, side, lane], base
            )
            brought_other[gains] = brought(
                carried, trust_kept_by_partner[lane], trust[away, 1 - side, lane], base
            )
            gains += 1

    for event in range(leavers):
        leaver, lane = row_and_lane(left[event], lanes)
        base = trust_base[lane]
        by_successor, by_partner = trust_kept_by_successor[lane], trust_kept_by_partner[lane]
        for entry in range(incidence_start[leaver], incidence_start[leaver + 1]):
            tie = incidence_tie[entry]
            is_first = tie_ends[tie, 0] == leaver
            kept_here = by_successor if is_first else by_partner
            kept_there = by_partner if is_first else by_successor
            trust[tie, 0, lane] = drawn_towards(base, trust[tie, 0, lane], kept_here)
            trust[tie, 1, lane] = drawn_towards(base, trust[tie, 1, lane], kept_there)
            if trust_rule[lane] == RELATION:
                relation_start[tie, 0, lane] = years
                relation_start[tie, 1, lane] = years

    for gain in range(gains):
        tie, side, lane = goes_to[gain, 0], goes_to[gain, 1], goes_to[gain, 2]
        trust[tie, side, lane] = clip(trust[tie, side, lane] + brought_own[gain])
        trust[tie, 1 - side, lane] = clip(trust[tie, 1 - side, lane] + brought_other[gain])
