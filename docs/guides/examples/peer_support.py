"""Peer support: practices whose neighbours take part in joint work are visited by them, and lose pressure.

An example of an extension: a lever, a parameter, a state array, a mechanism in plain NumPy, draws and a measure.
"""

import numpy as np

from abm.extension import Submodel, decision, field, lever, measure, mechanism, parameter, uniforms
from abm.world.place import TieKind

submodel = Submodel("peer_support")

VISIT = decision("peer_support.visit")

sessions = lever(
    name="peer.sessions",
    label="Peer visits",
    description="Visits a year that a practice gets from its neighbours if all of them are engaged.",
    unit="per year",
    bounds=(0, 12),
    default=0,
    mechanism="peer_support",
    writes="pressure",
    equation="chance of a visit = 1 - exp(-sessions x engaged share of neighbours x dt)",
    evidence=("E03", "E06"),
    test={
        "direction": "falls",
        "measure": "pressure_practice",
        "context": "leadership_with_reform",
        "low": 0,
        "high": 12,
    },
)

relief = parameter(
    name="peer.relief",
    label="Relief by a peer visit",
    description="Share of a practice's pressure that a visit takes away.",
    unit="share of pressure",
    bounds=(0, 1),
    default=0.2,
    mechanism="peer_support",
    grade="assumed",
    source="Assumption of this example.",
)

visited = field(
    "peer_visited",
    axes=("organisation",),
    unit="0 or 1",
    low=0,
    high=1,
    definition="Whether a practice was visited in this step",
    is_carried=False,
)


@mechanism(writes=("pressure", "peer_visited"), after="pressure")
def peer_support(
    pressure,
    peer_visited,
    engaged,
    tie_ends,
    tie_kind,
    peer_sessions,
    peer_relief,
    seed,
    replicate,
    step,
    dt,
):
    """Let engaged practices visit their neighbours, whose pressure falls.

    Equations, for a practice k and its neighbours j::

        u(VISIT) < 1 - exp(-sessions x mean of engaged_j x dt):   P_k <- (1 - relief) P_k
    """
    first, second = tie_ends[tie_kind == TieKind.PRACTICE_PRACTICE].T
    engaged_neighbours = np.zeros_like(pressure)
    np.add.at(engaged_neighbours, first, engaged[second])
    np.add.at(engaged_neighbours, second, engaged[first])
    neighbours = np.bincount(np.concatenate([first, second]), minlength=len(pressure))
    share = engaged_neighbours / np.maximum(neighbours, 1)[:, np.newaxis]
    chance = 1.0 - np.exp(-peer_sessions * share * dt)
    peer_visited[:] = uniforms(seed, replicate, step, VISIT, len(pressure)) < chance
    pressure *= 1.0 - peer_relief * peer_visited


@measure(label="Peer visits", unit="number in the month", low=0, is_flow=True)
def peer_visits(peer_visited):
    """Visits to practices in the month."""
    return peer_visited.sum(axis=0)
