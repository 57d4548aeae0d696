"""Succession: part of the trust between two organisations leaves with a leader.

Relations between leaders are personal (E01). When a leader leaves, both sides of the organisation's ties fall back
towards the trust between strangers.

::

    T <- base + kappa_own (T - base)                 [the own leader left in this step]
    T <- base + kappa_other (T - base)               [the other's leader left in this step]
    start of the relation <- t                       [either leader left in this step]

Tests
-----
tests/oracle/test_closed_forms.py : exits keep their shares of trust
tests/patterns/test_lever_signs.py : turnover

Symbols
-------
base : trust.base
kappa_own : trust.kept_by_successor
kappa_other : trust.kept_by_partner
"""

import numpy as np

from abm.core.arithmetic import drawn_towards, find_nonzero, row_and_lane
from abm.core.declaration import Submodel, mechanism

submodel = Submodel("succession", records="succession.yaml")

RELATION = 1
"""The rule of trust that looks at how long a relation has lasted."""


@mechanism(writes=("trust", "relation_start"), is_kernel=True)
def succession(
    trust,
    relation_start,
    exits,
    years,
    tie_ends,
    incidence_start,
    incidence_tie,
    trust_base,
    trust_rule,
    trust_kept_by_successor,
    trust_kept_by_partner,
):
    """Take from both sides of the ties of those whose leaders left.

    Mutates
    -------
    trust (ties, 2, lanes): in [0, 1]
    relation_start (ties, 2, lanes): years; now on every tie of an organisation whose leader left, by rule 1
    """
    lanes = exits.shape[1]
    left = np.empty(exits.size, dtype=np.uint32)
    for event in range(find_nonzero(exits, left)):
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
