"""How well a network of practices performs, and who counts in it."""

import math

from abm.core.arithmetic import clip
from abm.core.kernels import inlined

ALONE = -1
"""The label of a practice that belongs to no network."""


@inlined
def network_performance(people, members, risk, risk_population, coordination):
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
    people,
    members,
    minimum,
    maximum,
    risk,
    risk_population,
    coordination,
):
    """Return the people of a network within its bounds, times its performance, and 0 out of bounds."""
    if not (people > 0.0 and minimum <= people <= maximum):
        return 0.0
    return people * network_performance(people, members, risk, risk_population, coordination)


@inlined
def count_members(people, members, network, list_size, practices):
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
