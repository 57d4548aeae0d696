"""Qualify: networks within their bounds can hold a contract for their people, by how well they perform."""

import numpy as np

from abm.core.kernels import inlined

from .performance import well_served


@inlined
def qualify(
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
):
    """Measure how many people's network, or lone practice, qualifies, by how it performs.

    Mutates
    -------
    qualified (places, lanes): share of people
    """
    places, lanes = qualified.shape
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
