"""Closure: practices close or merge, small ones first, and a neighbour takes their people."""

import math
from typing import Any

import numpy as np

from abm.draws import Decision, draw_rows
from abm.kernels import compiled
from abm.mechanisms.arithmetic import find_nonzero, row_and_lane
from abm.mechanisms.kinds import PRACTICE_PRACTICE
from abm.mechanisms.mechanism import mechanism

DECISION = np.uint32(Decision.CLOSE)
FEWEST_OPEN = 2


@compiled
def count_open(list_size: Any, practice_row: Any, organisation_place: Any, places: Any) -> Any:
    """Count the open practices of every place, (places, lanes)."""
    lanes = list_size.shape[1]
    count = np.zeros((places, lanes))
    for practice in practice_row:
        for lane in range(lanes):
            count[organisation_place[practice], lane] += 1.0 if list_size[practice, lane] > 0.0 else 0.0
    return count


@compiled
def find_heir(
    trust: Any,
    shut: Any,
    practice: Any,
    lane: Any,
    tie_ends: Any,
    tie_kind: Any,
    incidence_start: Any,
    incidence_tie: Any,
) -> Any:
    """Return the row of the open neighbour that a practice trusts most, the first among equals; -1 if it has none."""
    heir = -1
    most = -1.0
    for entry in range(incidence_start[practice], incidence_start[practice + 1]):
        tie = incidence_tie[entry]
        side = 0 if tie_ends[tie, 0] == practice else 1
        is_open_neighbour = tie_kind[tie] == PRACTICE_PRACTICE and shut[tie, lane] == 0
        if is_open_neighbour and trust[tie, side, lane] > most:
            heir = tie_ends[tie, 1 - side]
            most = trust[tie, side, lane]
    return heir


@mechanism(
    writes=(
        "list_size",
        "shut",
        "trust",
        "divergence",
        "attention_weight",
        "open_ties",
        "engaged",
        "network",
        "reshaped",
        "closed",
    )
)
def closure(
    list_size: Any,
    shut: Any,
    trust: Any,
    divergence: Any,
    attention_weight: Any,
    open_ties: Any,
    engaged: Any,
    network: Any,
    reshaped: Any,
    closed: Any,
    seed: Any,
    replicate: Any,
    step: Any,
    dt: Any,
    practice_row: Any,
    organisation_place: Any,
    tie_ends: Any,
    tie_kind: Any,
    population: Any,
    incidence_start: Any,
    incidence_tie: Any,
    segment: Any,
    trust_base: Any,
    trust_divergence_start: Any,
    closure_rate: Any,
    closure_reference_list: Any,
    closure_size_power: Any,
) -> None:
    """Close practices, and hand their lists to the neighbours that they trust most.

    Equations, for a practice with an open neighbour in a place with two open practices or more::

        hazard = rate (reference list / list)^power
        list of the most trusted open neighbour += list;  list = 0

    Practices close one after the other, in the order of their rows. On the ties of a closed practice, trust and
    divergence go back to where they tend by themselves, stay there and count nowhere.

    Mutates
    -------
    list_size (organisations, lanes): people
    shut (ties, lanes): 1 on the ties of a closed practice
    trust (ties, 2, lanes), divergence (ties, lanes): at their base there
    attention_weight (ties, 2, lanes), open_ties (segments, lanes): 0 there, and the fewer
    engaged, network (organisations, lanes): 0 and -1 where a practice closed
    closed (organisations, lanes): 1 where a practice closed in this step, else 0
    reshaped (lanes,): 1 where any did

    Source: E03 (KF15); rate and lists of practices in England.
    """
    organisations, lanes = list_size.shape
    closed[:] = 0.0
    open_practices = count_open(list_size, practice_row, organisation_place, population.size)
    draws = draw_rows(seed, replicate, step, DECISION, 0, organisations)
    # No power for most: between 0 and 1 it lifts the hazard no higher than the larger of one and the ratio.
    may_close = np.zeros((organisations, lanes), dtype=np.uint8)
    for practice in practice_row:
        for lane in range(lanes):
            people = list_size[practice, lane]
            most = closure_rate[lane] * dt * max(closure_reference_list[lane], people)
            may_close[practice, lane] = draws[practice, lane] * people < most
    found = np.empty(may_close.size, dtype=np.uint32)
    for event in range(find_nonzero(may_close, found)):
        practice, lane = row_and_lane(found[event], lanes)
        people = list_size[practice, lane]
        if not people > 0.0:
            continue
        hazard = closure_rate[lane] * (closure_reference_list[lane] / people) ** closure_size_power[lane]
        if draws[practice, lane] >= 1.0 - math.exp(-hazard * dt):
            continue
        place = organisation_place[practice]
        if open_practices[place, lane] < FEWEST_OPEN:
            continue
        heir = find_heir(trust, shut, practice, lane, tie_ends, tie_kind, incidence_start, incidence_tie)
        if heir < 0:
            continue
        list_size[heir, lane] += people
        list_size[practice, lane] = 0.0
        engaged[practice, lane] = 0.0
        network[practice, lane] = -1
        closed[practice, lane] = 1.0
        open_practices[place, lane] -= 1.0
        for entry in range(incidence_start[practice], incidence_start[practice + 1]):
            tie = incidence_tie[entry]
            if shut[tie, lane] == 0:
                shut[tie, lane] = 1
                divergence[tie, lane] = trust_divergence_start[lane]
                for side in range(2):
                    trust[tie, side, lane] = trust_base[lane]
                    attention_weight[tie, side, lane] = 0.0
                    open_ties[segment[tie, side], lane] -= 1.0
        reshaped[lane] = 1.0
