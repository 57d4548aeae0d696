"""Peers: practices look at whether their neighbours take part before they do.

A practice whose neighbours are engaged needs less trust to engage itself, one whose neighbours keep out needs more: a
threshold model after Granovetter (1978, doi:10.1086/226707). Contagion between neighbouring hospitals and physicians
has been measured for electronic records (Angst and others 2010, doi:10.1287/mnsc.1100.1183) and for a cancer drug
(Keating and others 2020, doi:10.1001/jamanetworkopen.2019.18586: odds ratio 1.64 between the highest and the lowest
third of peers' earlier use), not for English practices that join a local programme.

::

    share_k  = engaged open neighbours / open neighbours      [engagement of the step before; s_0 without neighbours]
    share'_k = share_k;  in a network the list-weighted mean over its open members
    encouragement_k = p (share'_k - s_0)

Governance takes the encouragement off the trust to engage and to stay. Networks are made of
neighbours, so the fellows of a network count among the neighbours; the mean over a network is taken because a network
engages as one. With s_0 = 1/2 nobody's example is a free gift: where few are engaged, peers hold each other back.

Tests
-----
tests/unit/test_peers.py : encouragement of a practice, of a network, of one without neighbours
tests/patterns/test_network.py : engagement spreads among neighbours

Symbols
-------
p : peers.influence
s_0 : peers.reference
"""

import numpy as np

from abm.core.arithmetic import is_any
from abm.core.declaration import Submodel, field, measure, mechanism, tally
from abm.core.kernels import inlined
from abm.world.kinds import PRACTICE_PRACTICE
from abm.world.vocabulary import ORGANISATION

submodel = Submodel("peers", records="peers.yaml")

STATE = (
    field(
        "encouragement",
        axes=(ORGANISATION,),
        unit="trust",
        low=-0.5,
        high=0.5,
        definition="By how much engaged peers lower the trust that a practice needs to engage",
        is_carried=False,
    ),
)

MEASURES = (
    measure(
        "engaged_neighbours",
        label="Engaged neighbours of the engaged",
        unit="share",
        low=-1,
        high=1,
        definition=(
            "Share of the open neighbours of engaged practices that are engaged, less the share of engaged practices; "
            "above 0 engagement clusters among neighbours; missing where no engaged practice has a neighbour"
        ),
    ),
)


@inlined
def encouraged(influence, share, reference):
    """Return by how much engaged peers lower what it takes to engage: p (share - s_0)."""
    return influence * (share - reference)


@mechanism(writes=("encouragement",), settles=True, idle_at_zero="peers_influence", is_kernel=True)
def peers(
    encouragement,
    engaged,
    shut,
    list_size,
    network,
    tie_ends,
    kind_start,
    practice_row,
    peers_influence,
    peers_reference,
):
    """Set how far practices encourage each other to engage.

    Mutates
    -------
    encouragement (organisations, lanes): trust, between minus and plus half of the influence's bound
    """
    encouragement[:] = 0.0
    if not is_any(peers_influence):
        return
    organisations, lanes = encouragement.shape
    neighbours = np.zeros((organisations, lanes))
    engaged_neighbours = np.zeros((organisations, lanes))
    for tie in range(kind_start[PRACTICE_PRACTICE], kind_start[PRACTICE_PRACTICE + 1]):
        one, other = tie_ends[tie, 0], tie_ends[tie, 1]
        for lane in range(lanes):
            is_open = 1.0 - shut[tie, lane]
            neighbours[one, lane] += is_open
            neighbours[other, lane] += is_open
            engaged_neighbours[one, lane] += is_open * engaged[other, lane]
            engaged_neighbours[other, lane] += is_open * engaged[one, lane]
    # The label of a practice on its own points at the last row, which nobody reads.
    pooled = np.zeros((organisations + 1, lanes))
    people = np.zeros((organisations + 1, lanes))
    for practice in practice_row:
        for lane in range(lanes):
            around = neighbours[practice, lane]
            share = engaged_neighbours[practice, lane] / around if around > 0.0 else peers_reference[lane]
            encouragement[practice, lane] = encouraged(peers_influence[lane], share, peers_reference[lane])
            label = network[practice, lane]
            pooled[label, lane] += list_size[practice, lane] * encouragement[practice, lane]
            people[label, lane] += list_size[practice, lane]
    for practice in practice_row:
        for lane in range(lanes):
            label = network[practice, lane]
            if label >= 0:
                encouragement[practice, lane] = pooled[label, lane] / people[label, lane]


@tally(fills=("engaged_neighbours",), is_kernel=True)
def tally_peers(fill_engaged_neighbours, engaged, shut, list_size, tie_ends, kind_start, practice_row):
    """Measure whether the neighbours of engaged practices are engaged more often than practices are."""
    lanes = engaged.shape[1]
    around = np.zeros(lanes)
    found = np.zeros(lanes)
    practices = np.zeros(lanes)
    taking_part = np.zeros(lanes)
    for tie in range(kind_start[PRACTICE_PRACTICE], kind_start[PRACTICE_PRACTICE + 1]):
        one, other = tie_ends[tie, 0], tie_ends[tie, 1]
        for lane in range(lanes):
            is_open = 1.0 - shut[tie, lane]
            around[lane] += is_open * (engaged[one, lane] + engaged[other, lane])
            found[lane] += 2.0 * is_open * engaged[one, lane] * engaged[other, lane]
    for practice in practice_row:
        for lane in range(lanes):
            practices[lane] += 1.0 if list_size[practice, lane] > 0.0 else 0.0
            taking_part[lane] += engaged[practice, lane]
    for lane in range(lanes):
        if around[lane] > 0.0:
            fill_engaged_neighbours[lane] = found[lane] / around[lane] - taking_part[lane] / practices[lane]
        else:
            fill_engaged_neighbours[lane] = np.nan
