"""Closure: practices close or merge, small ones first, and a neighbour takes their people.

Practices close or merge, small ones more often, and a neighbour takes over their people (E03).

::

    for practices k in the order of their rows, while list_k > 0, the home place has at least two open practices,
    and k has an open neighbour (a practice_practice tie):
    hazard = rate (N_0 / list_k)^power
    closes = u(CLOSE) < 1 - exp(-hazard dt)
    closes:  heir   = the open neighbour that k trusts most, the first in the order of ties among equals
             list_heir <- list_heir + list_k
             list_k <- 0,  engaged_k <- 0,  network_k <- none

A tie is *open* while both its ends are. From then on the practice gives no effort, nobody gives it attention, and
no meeting takes place on its ties; their trust and divergence go back to where they tend by themselves, the base
and the start, and stay there. Its own pressure, margin, leader and trust in partners go on being reckoned, but
act on nothing. Closed practices and their ties count in no measure. The heir keeps its capacity for outward
contact, its ties and its shares of use, and may lie in another place.

Tests
-----
tests/unit/test_closure.py : rate, heirs, what a closed practice no longer does

Symbols
-------
rate : closure.rate
N_0 : closure.reference_list
power : closure.size_power
"""

import numpy as np

from abm.core.arithmetic import chance_within, find_nonzero, row_and_lane
from abm.core.declaration import Submodel, decision, field, measure, mechanism, tally
from abm.core.draws import draw_rows
from abm.core.kernels import inlined
from abm.world.kinds import PRACTICE_PRACTICE
from abm.world.vocabulary import ORGANISATION, SEGMENT, TIE

submodel = Submodel("closure", records="closure.yaml")

CLOSE = decision("closure", number=15)
FEWEST_OPEN = 2

STATE = (
    field(
        "list_size",
        axes=(ORGANISATION,),
        unit="people",
        low=0,
        start="population_served",
        definition="Registered people of a practice now, 0 once closed; of others, people served",
    ),
    field(
        "shut",
        axes=(TIE,),
        unit="0 or 1",
        low=0,
        high=1,
        definition="Whether a practice at one end has closed; it stays so",
        dtype="uint8",
    ),
    field(
        "open_ties",
        axes=(SEGMENT,),
        unit="ties",
        low=0,
        start="segment_ties",
        definition="Ties that share a budget and are not shut",
    ),
    field(
        "closed",
        axes=(ORGANISATION,),
        unit="0 or 1",
        low=0,
        high=1,
        definition="Whether the practice closed in this step",
        is_carried=False,
    ),
)

MEASURES = (
    measure(
        "closures",
        label="Practices that closed",
        unit="number in the month",
        low=0,
        is_flow=True,
        definition="Practices that closed or merged into another in the month",
    ),
    measure("practices", label="Open practices", unit="number", low=0, definition="Practices with a list"),
)


@inlined
def closure_hazard(rate, reference_list, people, size_power):
    """Return the yearly rate at which a practice closes: rate (N_0 / list)^power."""
    return rate * (reference_list / people) ** size_power


@inlined
def count_open(list_size, practice_row, organisation_place, places):
    """Count the open practices of every place, (places, lanes)."""
    lanes = list_size.shape[1]
    count = np.zeros((places, lanes))
    for practice in practice_row:
        for lane in range(lanes):
            count[organisation_place[practice], lane] += 1.0 if list_size[practice, lane] > 0.0 else 0.0
    return count


@inlined
def find_heir(
    trust,
    shut,
    practice,
    lane,
    tie_ends,
    tie_kind,
    incidence_start,
    incidence_tie,
):
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
    ),
    is_kernel=True,
)
def closure(
    list_size,
    shut,
    trust,
    divergence,
    attention_weight,
    open_ties,
    engaged,
    network,
    reshaped,
    closed,
    seed,
    replicate,
    step,
    dt,
    practice_row,
    organisation_place,
    tie_ends,
    tie_kind,
    population,
    incidence_start,
    incidence_tie,
    segment,
    trust_base,
    trust_divergence_start,
    closure_rate,
    closure_reference_list,
    closure_size_power,
):
    """Close practices, and hand their lists to the neighbours that they trust most.

    Mutates
    -------
    list_size (organisations, lanes): people
    shut (ties, lanes): 1 on the ties of a closed practice
    trust (ties, 2, lanes), divergence (ties, lanes): at their base there
    attention_weight (ties, 2, lanes), open_ties (segments, lanes): 0 there, and the fewer
    engaged, network (organisations, lanes): 0 and -1 where a practice closed
    closed (organisations, lanes): 1 where a practice closed in this step, else 0
    reshaped (lanes,): 1 where any did
    """
    organisations, lanes = list_size.shape
    closed[:] = 0.0
    open_practices = count_open(list_size, practice_row, organisation_place, population.size)
    draws = draw_rows(seed, replicate, step, CLOSE, 0, organisations)
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
        hazard = closure_hazard(
            closure_rate[lane], closure_reference_list[lane], people, closure_size_power[lane]
        )
        if draws[practice, lane] >= chance_within(hazard, dt):
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


@tally(fills=("closures", "practices"), is_kernel=True)
def tally_closures(fill_closures, fill_practices, closed, list_size, practice_row):
    """Count the practices that closed, and those that are open."""
    fill_closures[:] = 0.0
    fill_practices[:] = 0.0
    for practice in practice_row:
        for lane in range(list_size.shape[1]):
            fill_practices[lane] += 1.0 if list_size[practice, lane] > 0.0 else 0.0
            fill_closures[lane] += closed[practice, lane]
