"""Federation: neighbouring practices form networks, which pool risk and cost coordination.

Neighbouring practices form networks (E09, E10, E13, E14). A network pools risk, which falls with the square root
of its people, and costs coordination, which rises with its members; the best size is computed, not set.

::

    perf(Q, n) = clip(1 - r sqrt(Q_0 / Q) - c (n - 1))        Q people in n practices; a lone practice has n = 1

    join, for practice_practice ties in order, both ends open, of one home place, and not of one network:
      mutual   = min(T_0, T_1)
      push     = F max(O_0, O_1)
      possible = mutual > th_N - p push  and  Q_united <= maximum  and  perf(united) >= min(perf of the two sides)
      joins    = possible and u(FEDERATE) < 1 - exp(-rate dt):  all members of both sides become one network
    leave, for practices in the order of their rows:
      leaves   = u(LEAVE_NETWORK) < 1 - exp(-leave (1 - perf of its network after joining) dt)
    dissolve:  networks left with one member
    contract, for every network:
      event    = u(CONTRACT) < 1 - exp(-rate_c F dt)
      event:     T <- T (1 - loss (1 - governance))  on both sides of its members' commissioner_practice ties

    qualified_p = list-weighted mean over open practices at home in p of
                  perf x (1 if minimum <= Q <= maximum else 0)     [Q, n after leaving; its own list and 1 if alone]

A network is known by the row of a practice, its label: two networks that unite keep the smaller label, a practice
that joins a network takes the network's label, and two practices on their own take the smaller row. The label
stays while the network lives, even if that practice leaves or closes. Where the smaller row is still the label of
a network that its practice has left, the larger row is taken, and if that one is a label too, the two do not
federate in this step. The label is the entity of the draw CONTRACT. The bounds bind at joining (the maximum) and
at contracting (both): lists that grow by closures may carry a network beyond them.

Tests
-----
tests/unit/test_federation.py : best size, bounds, labels, contract events
tests/patterns/test_lever_signs.py : network bounds, governance of conflicts
tests/patterns/test_scenarios.py : a flexible contract alone

Symbols
-------
F : contracting.flexibility
minimum : contracting.network_minimum
maximum : contracting.network_maximum
governance : contracting.conflict_governance
th_N : federation.threshold
p : federation.push
rate : federation.rate
leave : federation.leave_rate
r : federation.risk
Q_0 : federation.risk_population
c : federation.coordination
rate_c : federation.contract_rate
loss : federation.conflict_loss
"""

import numpy as np

from abm.core.arithmetic import find_nonzero, is_any, row_and_lane, weighted_mean
from abm.core.declaration import Submodel, field, measure, mechanism, tally
from abm.world.vocabulary import ORGANISATION, PLACE

from .contract import CONTRACT, contract
from .dissolve import dissolve
from .leave import LEAVE, leave
from .performance import ALONE, count_members, network_performance
from .qualify import qualify
from .unite import FEDERATE, unite

submodel = Submodel("federation", records="federation.yaml")

DECISIONS = (FEDERATE, LEAVE, CONTRACT)

STATE = (
    field(
        "network",
        axes=(ORGANISATION,),
        unit="label",
        low=ALONE,
        start=float(ALONE),
        definition="Network of practices, by the row that gave it its name; -1 for none",
        dtype="int64",
    ),
    field(
        "network_people",
        axes=(ORGANISATION,),
        unit="people",
        low=0,
        definition="Registered people of the network with this label, as federation left it",
    ),
    field(
        "network_members",
        axes=(ORGANISATION,),
        unit="practices",
        low=0,
        definition="Practices of the network with this label, as federation left it",
    ),
    field(
        "qualified",
        axes=(PLACE,),
        unit="share of people",
        low=0,
        high=1,
        definition="People whose network is within its bounds, by how it performs",
        is_carried=False,
    ),
)

MEASURES = (
    measure(
        "networks",
        label="Networks of practices",
        unit="number",
        low=0,
        definition="Networks of two practices or more",
    ),
    measure(
        "networked",
        label="Practices in networks",
        unit="share of people",
        low=0,
        high=1,
        definition="Share of registered people whose practice belongs to a network",
    ),
    measure(
        "network_performance",
        label="Performance of networks",
        unit="share",
        low=0,
        high=1,
        definition="Mean performance of networks, by people; missing where there are none",
    ),
    measure(
        "qualified",
        label="Qualified for a population contract",
        unit="share of people",
        low=0,
        high=1,
        definition="Share of people whose network is within its bounds, times how it performs",
    ),
)


@mechanism(
    writes=("network", "network_people", "network_members", "qualified", "trust", "reshaped"),
    settles=True,
    is_kernel=True,
)
def federation(
    network,
    network_people,
    network_members,
    qualified,
    trust,
    reshaped,
    list_size,
    orientation,
    seed,
    replicate,
    step,
    dt,
    organisation_place,
    tie_ends,
    kind_start,
    tie_kind,
    practice_start,
    practice_row,
    incidence_start,
    incidence_tie,
    contracting_flexibility,
    contracting_network_minimum,
    contracting_network_maximum,
    contracting_conflict_governance,
    federation_threshold,
    federation_push,
    federation_rate,
    federation_leave_rate,
    federation_risk,
    federation_risk_population,
    federation_coordination,
    federation_contract_rate,
    federation_conflict_loss,
):
    """Unite practices into networks, remove those that leave, and settle contracts.

    Mutates
    -------
    network (organisations, lanes): label, -1 for none
    network_people, network_members (organisations, lanes): of every network, by label
    qualified (places, lanes): share of people
    trust (ties, 2, lanes): in [0, 1]
    reshaped (lanes,): 1 where a network changed
    """
    organisations, lanes = network.shape
    people = np.empty((organisations + 1, lanes))
    members = np.empty((organisations + 1, lanes))
    count_members(people, members, network, list_size, practice_row)
    unite(
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
    )
    if is_any(members[:organisations].reshape(-1)):
        # Chances below are never above rate x dt, which sorts most practices and networks out.
        leaving = np.empty(lanes)
        contracting = np.empty(lanes)
        for lane in range(lanes):
            leaving[lane] = federation_leave_rate[lane] * dt
            contracting[lane] = federation_contract_rate[lane] * contracting_flexibility[lane] * dt
        first_practice = practice_row.min() // 4 * 4
        found = np.empty(organisations * lanes, dtype=np.uint32)
        leave(
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
        )
        dissolve(network, people, members, reshaped, found, organisation_place, practice_start, practice_row)
        contract(
            trust,
            network,
            members,
            found,
            contracting,
            first_practice,
            seed,
            replicate,
            step,
            organisation_place,
            practice_start,
            practice_row,
            tie_kind,
            incidence_start,
            incidence_tie,
            contracting_conflict_governance,
            federation_conflict_loss,
        )
    for label in range(organisations):
        for lane in range(lanes):
            network_people[label, lane] = people[label, lane]
            network_members[label, lane] = members[label, lane]
    qualify(
        qualified,
        network,
        people,
        members,
        list_size,
        organisation_place,
        practice_row,
        contracting_network_minimum,
        contracting_network_maximum,
        federation_risk,
        federation_risk_population,
        federation_coordination,
    )


@tally(fills=("networks", "networked", "network_performance", "qualified"), is_kernel=True)
def tally_federation(
    fill_networks,
    fill_networked,
    fill_network_performance,
    fill_qualified,
    network_people,
    network_members,
    list_size,
    qualified,
    practice_row,
    population,
    federation_risk,
    federation_risk_population,
    federation_coordination,
):
    """Count networks and their people, and measure how they perform and qualify."""
    organisations, lanes = network_people.shape
    fill_networks[:] = 0.0
    fill_networked[:] = 0.0
    fill_network_performance[:] = 0.0
    registered = np.zeros(lanes)
    for practice in practice_row:
        for lane in range(lanes):
            registered[lane] += list_size[practice, lane]
    found = np.empty(organisations * lanes, dtype=np.uint32)
    for event in range(find_nonzero(network_members, found)):
        label, lane = row_and_lane(found[event], lanes)
        people = network_people[label, lane]
        fill_networks[lane] += 1.0
        fill_networked[lane] += people
        fill_network_performance[lane] += people * network_performance(
            people,
            network_members[label, lane],
            federation_risk[lane],
            federation_risk_population[lane],
            federation_coordination[lane],
        )
    for lane in range(lanes):
        served = fill_networked[lane]
        fill_network_performance[lane] = fill_network_performance[lane] / served if served > 0.0 else np.nan
        fill_networked[lane] = served / registered[lane]
    weighted_mean(qualified, population, fill_qualified)
