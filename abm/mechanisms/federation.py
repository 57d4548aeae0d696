"""Federation: neighbouring practices form networks, which pool risk and cost coordination."""

import math
from typing import Any

import numpy as np

from abm.draws import WIDE, Decision, draw_rows
from abm.kernels import compiled, inlined
from abm.mechanisms.arithmetic import clip, find_below, find_nonzero, is_any, row_and_lane
from abm.mechanisms.kinds import COMMISSIONER_PRACTICE, PRACTICE_PRACTICE
from abm.mechanisms.mechanism import mechanism

FEDERATE = np.uint32(Decision.FEDERATE)
LEAVE = np.uint32(Decision.LEAVE_NETWORK)
CONTRACT = np.uint32(Decision.CONTRACT)
ALONE = -1
CHUNK = 4096


@inlined
def network_performance(people: Any, members: Any, risk: Any, risk_population: Any, coordination: Any) -> Any:
    """Return how well a network performs, from 0 to 1.

    Equation::

        perf = clip(1 - risk sqrt(risk population / people) - coordination (members - 1))

    Parameters
    ----------
    people : float
        Registered people of all members, above 0.
    members : float
        Practices, 1 for a practice on its own.
    risk : float
        Performance lost to chance by a network of the risk population.
    risk_population : float
        People.
    coordination : float
        Performance lost to every further member.

    Source: E10 (FCN14).
    """
    return clip(1.0 - risk * math.sqrt(risk_population / people) - coordination * (members - 1.0))


def optimal_members(list_size: float, risk: float, risk_population: float, coordination: float) -> float:
    """Return the number of practices of one size at which a network performs best, as if it could be a fraction.

    With n practices of list L, performance is 1 - r sqrt(Q0 / (n L)) - c (n - 1) before clipping, and its derivative
    is zero at n = (r sqrt(Q0 / L) / (2 c))^(2/3). The best network holds n L people; it is at least one practice, and
    without a cost of coordination it has no end.

    Parameters
    ----------
    list_size : float
        People of each practice.
    risk, risk_population, coordination : float
        As in `network_performance`.
    """
    if coordination == 0.0:
        return math.inf
    best: float = (risk * math.sqrt(risk_population / list_size) / (2.0 * coordination)) ** (2.0 / 3.0)
    return max(best, 1.0)


@inlined
def well_served(
    people: Any,
    members: Any,
    minimum: Any,
    maximum: Any,
    risk: Any,
    risk_population: Any,
    coordination: Any,
) -> Any:
    """Return the people of a network within its bounds, times its performance, and 0 out of bounds."""
    if not (people > 0.0 and minimum <= people <= maximum):
        return 0.0
    return people * network_performance(people, members, risk, risk_population, coordination)


@compiled
def count_members(people: Any, members: Any, network: Any, list_size: Any, practices: Any) -> None:
    """Fill people and members (organisations + 1, lanes) of every network, by label, from the rows of practices.

    The last row, at which the label of a practice on its own points, is of no network: to leave these practices out
    would take a branch that a processor cannot foresee.
    """
    people[:] = 0.0
    members[:] = 0.0
    for practice in practices:
        for lane in range(network.shape[1]):
            label = network[practice, lane]
            people[label, lane] += list_size[practice, lane]
            members[label, lane] += 1.0


@inlined
def trusts_enough(
    trust_0: Any, trust_1: Any, orientation_0: Any, orientation_1: Any, threshold: Any, push: Any
) -> Any:
    """Tell whether two sides trust each other enough to unite, by what flexibility pushes the more outward leader."""
    return min(trust_0, trust_1) > threshold - push * max(orientation_0, orientation_1)


@inlined
def common_label(first: Any, second: Any, label_0: Any, label_1: Any, members: Any, lane: Any) -> Any:
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


@mechanism(writes=("network", "network_people", "network_members", "qualified", "trust", "reshaped"))
def federation(
    network: Any,
    network_people: Any,
    network_members: Any,
    qualified: Any,
    trust: Any,
    reshaped: Any,
    list_size: Any,
    orientation: Any,
    seed: Any,
    replicate: Any,
    step: Any,
    dt: Any,
    organisation_place: Any,
    tie_ends: Any,
    kind_start: Any,
    tie_kind: Any,
    practice_start: Any,
    practice_row: Any,
    incidence_start: Any,
    incidence_tie: Any,
    contracting_flexibility: Any,
    contracting_network_minimum: Any,
    contracting_network_maximum: Any,
    contracting_conflict_governance: Any,
    federation_threshold: Any,
    federation_push: Any,
    federation_rate: Any,
    federation_leave_rate: Any,
    federation_risk: Any,
    federation_risk_population: Any,
    federation_coordination: Any,
    federation_contract_rate: Any,
    federation_conflict_loss: Any,
) -> None:
    """Let practices federate and leave, and settle the contracts of their networks.

    Equations, for neighbours of one home place::

        perf      = clip(1 - risk sqrt(risk population / people) - coordination (members - 1))
        may unite = min(T_ij, T_ji) > threshold - p F max(O_i, O_j), people together <= maximum,
                    and perf together >= the smaller of both
        leave     at the rate leave (1 - perf)
        contract  at the rate rate_c F:  T *= 1 - loss (1 - governance) with the members' commissioners
        qualified = list-weighted mean of perf where minimum <= people <= maximum, else 0

    Practices unite one tie after the other, in the order of ties. A network left with one member dissolves. Its label
    is the row of a practice, kept while it lives.

    Mutates
    -------
    network (organisations, lanes): label, -1 for none
    network_people, network_members (organisations, lanes): of every network, by label
    qualified (places, lanes): share of people
    trust (ties, 2, lanes): in [0, 1]
    reshaped (lanes,): 1 where a network changed

    Sources: E09, E10, E13 and E14 (FCN14).
    """
    organisations, lanes = network.shape
    places = qualified.shape[0]
    people = np.empty((organisations + 1, lanes))
    members = np.empty((organisations + 1, lanes))
    count_members(people, members, network, list_size, practice_row)

    push = np.empty(lanes)
    joining = np.empty(lanes)
    leaving = np.empty(lanes)
    contracting = np.empty(lanes)
    for lane in range(lanes):
        push[lane] = federation_push[lane] * contracting_flexibility[lane]
        joining[lane] = 1.0 - math.exp(-federation_rate[lane] * dt)
        leaving[lane] = federation_leave_rate[lane] * dt
        contracting[lane] = federation_contract_rate[lane] * contracting_flexibility[lane] * dt
    first_tie, last_tie = kind_start[PRACTICE_PRACTICE], kind_start[PRACTICE_PRACTICE + 1]
    rows = max(CHUNK // lanes // 4, 1) * 4
    found = np.empty(max(rows, organisations) * lanes, dtype=np.uint32)
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

    if is_any(members[:organisations].reshape(-1)):
        # Chances below are never above rate x dt, which sorts most practices and networks out.
        first_practice = practice_row.min() // 4 * 4
        draws = draw_rows(seed, replicate, step, LEAVE, first_practice, organisations)
        leavers = 0
        for event in range(find_below(draws, leaving, found)):
            row, lane = row_and_lane(found[event], lanes)
            practice = first_practice + row
            label = network[practice, lane]
            if label < 0:
                continue
            performance = network_performance(
                people[label, lane],
                members[label, lane],
                federation_risk[lane],
                federation_risk_population[lane],
                federation_coordination[lane],
            )
            hazard = federation_leave_rate[lane] * (1.0 - performance)
            if draws[practice - first_practice, lane] < 1.0 - math.exp(-hazard * dt):
                found[leavers] = found[event]
                leavers += 1
        for event in range(leavers):
            row, lane = row_and_lane(found[event], lanes)
            practice = first_practice + row
            label = network[practice, lane]
            people[label, lane] -= list_size[practice, lane]
            members[label, lane] -= 1.0
            network[practice, lane] = ALONE
            reshaped[lane] = 1.0
        is_single = np.empty((organisations, lanes), dtype=np.uint8)
        for label in range(organisations):
            for lane in range(lanes):
                is_single[label, lane] = members[label, lane] == 1.0
        for event in range(find_nonzero(is_single, found)):
            label, lane = row_and_lane(found[event], lanes)
            place = organisation_place[label]
            for entry in range(practice_start[place], practice_start[place + 1]):
                if network[practice_row[entry], lane] == label:
                    network[practice_row[entry], lane] = ALONE
            people[label, lane] = 0.0
            members[label, lane] = 0.0
            reshaped[lane] = 1.0

        draws = draw_rows(seed, replicate, step, CONTRACT, first_practice, organisations)
        for event in range(find_below(draws, contracting, found)):
            row, lane = row_and_lane(found[event], lanes)
            label = first_practice + row
            is_network = members[label, lane] > 0.0
            if not is_network or draws[label - first_practice, lane] >= 1.0 - math.exp(-contracting[lane]):
                continue
            kept = 1.0 - federation_conflict_loss[lane] * (1.0 - contracting_conflict_governance[lane])
            place = organisation_place[label]
            for entry in range(practice_start[place], practice_start[place + 1]):
                practice = practice_row[entry]
                if network[practice, lane] == label:
                    for row in range(incidence_start[practice], incidence_start[practice + 1]):
                        tie = incidence_tie[row]
                        if tie_kind[tie] > COMMISSIONER_PRACTICE:
                            break
                        if tie_kind[tie] == COMMISSIONER_PRACTICE:
                            trust[tie, 0, lane] *= kept
                            trust[tie, 1, lane] *= kept

    counted_people, counted_members = people.reshape(-1), members.reshape(-1)
    every_people, every_member = network_people.reshape(-1), network_members.reshape(-1)
    for entry in range(every_people.size):
        every_people[entry] = counted_people[entry]
    for entry in range(every_member.size):
        every_member[entry] = counted_members[entry]

    # A network counts at the row of its label, and a practice on its own at its own.
    registered = np.zeros((places, lanes))
    qualified[:] = 0.0
    for practice in practice_row:
        place = organisation_place[practice]
        for lane in range(lanes):
            own = list_size[practice, lane]
            registered[place, lane] += own
            alone = own if network[practice, lane] < 0 else 0.0
            minimum, maximum = contracting_network_minimum[lane], contracting_network_maximum[lane]
            risk = federation_risk[lane]
            at = federation_risk_population[lane]
            cost = federation_coordination[lane]
            qualified[place, lane] += well_served(alone, 1.0, minimum, maximum, risk, at, cost)
            qualified[place, lane] += well_served(
                people[practice, lane], members[practice, lane], minimum, maximum, risk, at, cost
            )
    for place in range(places):
        for lane in range(lanes):
            qualified[place, lane] /= registered[place, lane]
