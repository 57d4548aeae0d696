"""Approach: leaders need not spread their time evenly over practices, and may approach some first.

Time that is reserved for general practice is divided over all practices alike, or goes first to a few that are not
engaged yet: the largest, the best connected, neighbours of those engaged, or the least trusting (E03). Whom to begin
with is the question of network interventions (Valente 2012, doi:10.1126/science.1217330), and trials disagree on it.
In 32 Honduran villages targets with many friends did no better than targets drawn at random, friends of people drawn
at random did (Kim and others 2015, doi:10.1016/S0140-6736(15)60095-2); in 200 Malawian villages targets at the centre
mattered, since most people had to hear from more than one (Beaman and others 2021, doi:10.1257/aer.20200295).

::

    n          = open practices at home in the place;  candidates = those of them that are not engaged, c in number
    m          = max(1, floor(s c + 1/2))
    first      = the m candidates of the highest score; among equals the larger list, then the order of rows
    score_k    = list_k                          rule 1, the largest
               = open neighbours of k            rule 2, the best connected
               = engaged open neighbours of k    rule 3, neighbours of those engaged
               = -e_k                            rule 4, the least trusting
    preference = 1 + f (n / m - 1)  for the first,  1 - f  for all others;  1 for all where c = 0

Engagement and trust in partners, `e`, are those of the step before. A practice that engages makes room for the next
one. Attention multiplies the weight of a tie with a practice by that practice's preference, save where
practices deal with each other. Preference is 1 on average over the open practices of a place. With f = 1 all reserved
time goes to those approached first, and the others meet by chance, in joint sessions and through a board only; a
provider none of whose partners is among the first then keeps its reserved time unused.

Tests
-----
tests/unit/test_approach.py : who comes first by each rule, preferences, time that goes back to all alike
tests/patterns/test_lever_signs.py : `leadership.focus`

Symbols
-------
f : leadership.focus
rule : approach.rule
s : approach.at_once
"""

import math

import numpy as np

from abm.core.arithmetic import is_any
from abm.core.declaration import Submodel, field, measure, mechanism, tally
from abm.core.kernels import compiled, inlined
from abm.world.kinds import PRACTICE_PRACTICE
from abm.world.vocabulary import ORGANISATION

submodel = Submodel("approach", records="approach.yaml")

LARGEST = 1
BEST_CONNECTED = 2
NEXT_TO_ENGAGED = 3
LEAST_TRUSTING = 4

STATE = (
    field(
        "preference",
        axes=(ORGANISATION,),
        unit="multiple",
        low=0,
        start=1.0,
        definition="Multiple of what all practices alike would get of the time reserved for them",
    ),
    field(
        "refocused",
        axes=(),
        unit="0 or 1",
        low=0,
        high=1,
        definition="Whether any practice's preference changed in this step",
        is_carried=False,
    ),
)

MEASURES = (
    measure(
        "approached",
        label="Approached first",
        unit="share of people",
        low=0,
        high=1,
        definition="Share of registered people whose practice gets more than an equal part of the time reserved",
    ),
)


@inlined
def number_at_once(share, candidates):
    """Return how many practices are approached first: max(1, floor(s c + 1/2))."""
    return max(1, math.floor(share * candidates + 0.5))


@inlined
def preferred(focus, is_first, open_practices, at_once):
    """Return the multiple of an equal part: 1 + f (n / m - 1) for a practice among the first, else 1 - f."""
    return 1.0 + focus * (open_practices / at_once - 1.0) if is_first else 1.0 - focus


@compiled
def count_neighbours(neighbours, counted, is_weighed, shut, tie_ends, kind_start):
    """Count the open neighbours of every practice, or of `counted` (organisations, lanes) those that are not 0.

    Mutates
    -------
    neighbours (organisations, lanes): number
    """
    lanes = shut.shape[1]
    for tie in range(kind_start[PRACTICE_PRACTICE], kind_start[PRACTICE_PRACTICE + 1]):
        one, other = tie_ends[tie, 0], tie_ends[tie, 1]
        for lane in range(lanes):
            if shut[tie, lane] == 0:
                neighbours[one, lane] += counted[other, lane] if is_weighed[lane] else 1.0
                neighbours[other, lane] += counted[one, lane] if is_weighed[lane] else 1.0


@mechanism(writes=("preference", "refocused"), idle_at_zero="leadership_focus", is_kernel=True)
def approach(
    preference,
    refocused,
    engaged,
    practice_trust,
    list_size,
    shut,
    tie_ends,
    kind_start,
    practice_start,
    practice_row,
    leadership_focus,
    approach_rule,
    approach_at_once,
):
    """Choose the practices that leaders approach first.

    Mutates
    -------
    preference (organisations, lanes): multiple, 1 on average over the open practices of a place
    refocused (lanes,): 1 where a preference changed in this step, else 0
    """
    organisations, lanes = preference.shape
    refocused[:] = 0.0
    if not is_any(leadership_focus):
        for practice in practice_row:
            for lane in range(lanes):
                if preference[practice, lane] != 1.0:
                    preference[practice, lane] = 1.0
                    refocused[lane] = 1.0
        return
    neighbours = np.zeros((organisations, lanes))
    by_neighbours = (approach_rule == BEST_CONNECTED) | (approach_rule == NEXT_TO_ENGAGED)
    if is_any(by_neighbours):
        count_neighbours(neighbours, engaged, approach_rule == NEXT_TO_ENGAGED, shut, tie_ends, kind_start)
    waiting = np.empty(organisations, dtype=np.int64)
    score = np.empty(organisations)
    people = np.empty(organisations)
    is_first = np.zeros(organisations, dtype=np.bool_)
    for place in range(practice_start.size - 1):
        rows = practice_row[practice_start[place] : practice_start[place + 1]]
        for lane in range(lanes):
            focus = leadership_focus[lane]
            rule = approach_rule[lane]
            open_practices = 0
            candidates = 0
            for practice in rows:
                is_first[practice] = False
                if not list_size[practice, lane] > 0.0:
                    continue
                open_practices += 1
                if engaged[practice, lane] > 0.0:
                    continue
                waiting[candidates] = practice
                people[candidates] = list_size[practice, lane]
                score[candidates] = neighbours[practice, lane]
                if rule == LARGEST:
                    score[candidates] = people[candidates]
                elif rule == LEAST_TRUSTING:
                    score[candidates] = -practice_trust[practice, lane]
                candidates += 1
            at_once = number_at_once(approach_at_once[lane], candidates) if candidates > 0 else 0
            for _ in range(at_once if focus > 0.0 else 0):
                best = 0
                for entry in range(1, candidates):
                    is_equal = score[entry] == score[best]
                    if score[entry] > score[best] or (is_equal and people[entry] > people[best]):
                        best = entry
                is_first[waiting[best]] = True
                score[best] = -np.inf
                people[best] = -np.inf
            for practice in rows:
                wanted = 1.0
                if focus > 0.0 and candidates > 0:
                    wanted = preferred(focus, is_first[practice], open_practices, at_once)
                if preference[practice, lane] != wanted:
                    preference[practice, lane] = wanted
                    refocused[lane] = 1.0


@tally(fills=("approached",), is_kernel=True)
def tally_approach(fill_approached, preference, list_size, practice_row):
    """Measure how many people's practices leaders approach first."""
    lanes = preference.shape[1]
    registered = np.zeros(lanes)
    fill_approached[:] = 0.0
    for practice in practice_row:
        for lane in range(lanes):
            people = list_size[practice, lane]
            registered[lane] += people
            fill_approached[lane] += people if preference[practice, lane] > 1.0 else 0.0
    for lane in range(lanes):
        fill_approached[lane] /= registered[lane]
