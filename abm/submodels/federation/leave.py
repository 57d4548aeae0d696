"""Leave: practices turn away from networks that perform badly."""

from abm.core.arithmetic import chance_within, find_below, row_and_lane
from abm.core.declaration import decision
from abm.core.draws import draw_rows
from abm.core.kernels import inlined

from .performance import ALONE, network_performance

LEAVE = decision("federation.leave", number=13)


@inlined
def leave(
    network,
    people,
    members,
    reshaped,
    found,
    leaving,
    first_practice,
    list_size,
    seed,
    replicate,
    step,
    dt,
    federation_leave_rate,
    federation_risk,
    federation_risk_population,
    federation_coordination,
):
    """Remove leaving practices from their networks, judged by the performance before any left.

    Mutates
    -------
    network (organisations, lanes): label
    people, members (organisations + 1, lanes): of every network, by label
    reshaped (lanes,): 1 where a network changed
    found: space for flat positions
    """
    organisations, lanes = network.shape
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
        if draws[practice - first_practice, lane] < chance_within(hazard, dt):
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
