"""Closure: practices close or merge, small ones first, and a neighbour takes their people."""

import math
from typing import Any

import numpy as np

from abm.draws import Decision, compiled, fill_block
from abm.mechanisms.kinds import PRACTICE, PRACTICE_PRACTICE
from abm.mechanisms.mechanism import mechanism

DECISION = int(Decision.CLOSE)
FEWEST_OPEN = 2


@compiled
def count_open(
    list_size: Any, practice: Any, lane: Any, organisation_kind: Any, organisation_place: Any
) -> Any:
    """Count the open practices at home where a practice is."""
    place = organisation_place[practice]
    count = 0
    for other in range(organisation_kind.shape[0]):
        is_here = organisation_kind[other] == PRACTICE and organisation_place[other] == place
        if is_here and list_size[other, lane] > 0.0:
            count += 1
    return count


@compiled
def find_heir(trust: Any, list_size: Any, practice: Any, lane: Any, tie_ends: Any, tie_kind: Any) -> Any:
    """Return the row of the open neighbour that a practice trusts most, the first among equals; -1 if it has none."""
    heir = -1
    most = -1.0
    for tie in range(tie_kind.shape[0]):
        if tie_kind[tie] != PRACTICE_PRACTICE:
            continue
        for side in range(2):
            other = tie_ends[tie, 1 - side]
            if (
                tie_ends[tie, side] == practice
                and list_size[other, lane] > 0.0
                and trust[tie, side, lane] > most
            ):
                heir = other
                most = trust[tie, side, lane]
    return heir


@mechanism(writes=("list_size", "engaged", "network", "reshaped", "closed"))
def closure(
    list_size: Any,
    engaged: Any,
    network: Any,
    reshaped: Any,
    closed: Any,
    trust: Any,
    seed: Any,
    replicate: Any,
    step: Any,
    dt: Any,
    organisation_kind: Any,
    organisation_place: Any,
    tie_ends: Any,
    tie_kind: Any,
    closure_rate: Any,
    closure_reference_list: Any,
    closure_size_power: Any,
) -> None:
    """Close practices, and hand their lists to the neighbours that they trust most.

    Equations, for a practice with an open neighbour in a place with two open practices or more::

        hazard = rate (reference list / list)^power
        list of the most trusted open neighbour += list;  list = 0

    Practices close one after the other, in the order of their rows. Trust on the ties of a closed practice stays
    where it was and counts nowhere.

    Mutates
    -------
    list_size (organisations, lanes): people
    engaged, network (organisations, lanes): 0 and -1 where a practice closed
    closed (organisations, lanes): 1 where a practice closed in this step, else 0
    reshaped (lanes,): 1 where any did

    Source: E03 (KF15); rate and lists of practices in England.
    """
    organisations, lanes = list_size.shape
    closed[:] = 0.0
    draws = np.empty((4, lanes))
    drawn = -1
    for practice in range(organisations):
        if organisation_kind[practice] != PRACTICE:
            continue
        if practice // 4 != drawn:
            drawn = practice // 4
            fill_block(draws, seed, replicate, step, DECISION, drawn)
        for lane in range(lanes):
            people = list_size[practice, lane]
            if not people > 0.0:
                continue
            u = draws[practice % 4, lane]
            shortness = closure_reference_list[lane] / people
            # No power for most: between 0 and 1 it lifts the hazard no higher than the larger of one and the ratio.
            if u >= closure_rate[lane] * dt * max(shortness, 1.0):
                continue
            hazard = closure_rate[lane] * shortness ** closure_size_power[lane]
            if u >= 1.0 - math.exp(-hazard * dt):
                continue
            if count_open(list_size, practice, lane, organisation_kind, organisation_place) < FEWEST_OPEN:
                continue
            heir = find_heir(trust, list_size, practice, lane, tie_ends, tie_kind)
            if heir < 0:
                continue
            list_size[heir, lane] += people
            list_size[practice, lane] = 0.0
            engaged[practice, lane] = 0.0
            network[practice, lane] = -1
            closed[practice, lane] = 1.0
            reshaped[lane] = 1.0
