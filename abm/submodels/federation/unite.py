"""Unite: neighbours that trust each other enough become one network."""

import numpy as np

from abm.core.arithmetic import chance_within, find_below, find_nonzero, row_and_lane
from abm.core.declaration import decision
from abm.core.draws import WIDE, draw_rows
from abm.core.kernels import inlined
from abm.world.kinds import PRACTICE_PRACTICE

from .performance import ALONE, network_performance

FEDERATE = decision("federation.unite", number=12)
CHUNK = 4096


@inlined
def trusts_enough(trust_0, trust_1, orientation_0, orientation_1, threshold, push):
    """Whether two sides trust each other enough to unite, by what flexibility pushes the more outward leader."""
    return min(trust_0, trust_1) > threshold - push * max(orientation_0, orientation_1)


@inlined
def common_label(first, second, label_0, label_1, members, lane):
    """Return the label under which two sides unite, -1 where no row is free to be one."""
    if label_0 >= 0 and label_1 >= 0:
        return min(label_0, label_1)
    if label_0 >= 0:
        return label_0
    if label_1 >= 0:
        return label_1
    if members[first, lane] == 0.0:
        return first
    if members[second, lane] == 0.0:
        return second
    return ALONE


@inlined
def unite(
    network,
    people,
    members,
    reshaped,
    trust,
    orientation,
    list_size,
    seed,
    replicate,
    step,
    dt,
    organisation_place,
    tie_ends,
    kind_start,
    practice_start,
    practice_row,
    contracting_flexibility,
    contracting_network_maximum,
    federation_threshold,
    federation_push,
    federation_rate,
    federation_risk,
    federation_risk_population,
    federation_coordination,
):
    """Unite neighbours, one tie after the other in the order of ties.

    Mutates
    -------
    network (organisations, lanes): label
    people, members (organisations + 1, lanes): of every network, by label
    reshaped (lanes,): 1 where a network changed
    """
    lanes = network.shape[1]
    push = np.empty(lanes)
    joining = np.empty(lanes)
    for lane in range(lanes):
        push[lane] = federation_push[lane] * contracting_flexibility[lane]
        joining[lane] = chance_within(federation_rate[lane], dt)
    first_tie, last_tie = kind_start[PRACTICE_PRACTICE], kind_start[PRACTICE_PRACTICE + 1]
    rows = max(CHUNK // lanes // 4, 1) * 4
    found = np.empty(rows * lanes, dtype=np.uint32)
    may_unite = np.empty((rows, lanes), dtype=np.uint8)
    for start in range(first_tie // 4 * 4, last_tie, rows):
        stop = min(start + rows, last_tie)
        draws = draw_rows(seed, replicate, step, FEDERATE, start, stop)
        if lanes >= WIDE:
            # What most pairs lack is the trust, which is read in one stroke sooner than here and there.
            for tie in range(start, stop):
                first, second = tie_ends[tie, 0], tie_ends[tie, 1]
                for lane in range(lanes):
                    is_trusted = trusts_enough(
                        trust[tie, 0, lane],
                        trust[tie, 1, lane],
                        orientation[first, lane],
                        orientation[second, lane],
                        federation_threshold[lane],
                        push[lane],
                    )
                    may_unite[tie - start, lane] = is_trusted & (draws[tie - start, lane] < joining[lane])
            count = find_nonzero(may_unite[: stop - start], found)
        else:
            count = find_below(draws, joining, found)
        for event in range(count):
            row, lane = row_and_lane(found[event], lanes)
            tie = start + row
            if tie < first_tie:
                continue
            first, second = tie_ends[tie, 0], tie_ends[tie, 1]
            if not trusts_enough(
                trust[tie, 0, lane],
                trust[tie, 1, lane],
                orientation[first, lane],
                orientation[second, lane],
                federation_threshold[lane],
                push[lane],
            ):
                continue
            place = organisation_place[first]
            if place != organisation_place[second]:
                continue
            list_0, list_1 = list_size[first, lane], list_size[second, lane]
            label_0, label_1 = network[first, lane], network[second, lane]
            if not (list_0 > 0.0 and list_1 > 0.0) or (label_0 >= 0 and label_0 == label_1):
                continue
            people_0 = people[label_0, lane] if label_0 >= 0 else list_0
            people_1 = people[label_1, lane] if label_1 >= 0 else list_1
            members_0 = members[label_0, lane] if label_0 >= 0 else 1.0
            members_1 = members[label_1, lane] if label_1 >= 0 else 1.0
            label = common_label(first, second, label_0, label_1, members, lane)
            together = people_0 + people_1
            if label < 0 or together > contracting_network_maximum[lane]:
                continue
            risk = federation_risk[lane]
            at = federation_risk_population[lane]
            cost = federation_coordination[lane]
            worse = min(
                network_performance(people_0, members_0, risk, at, cost),
                network_performance(people_1, members_1, risk, at, cost),
            )
            if network_performance(together, members_0 + members_1, risk, at, cost) < worse:
                continue
            if label_0 >= 0 and label_1 >= 0:
                for entry in range(practice_start[place], practice_start[place + 1]):
                    practice = practice_row[entry]
                    if network[practice, lane] == max(label_0, label_1):
                        network[practice, lane] = label
            network[first, lane] = label
            network[second, lane] = label
            if label_0 >= 0:
                people[label_0, lane] = 0.0
                members[label_0, lane] = 0.0
            if label_1 >= 0:
                people[label_1, lane] = 0.0
                members[label_1, lane] = 0.0
            people[label, lane] = together
            members[label, lane] = members_0 + members_1
            reshaped[lane] = 1.0
