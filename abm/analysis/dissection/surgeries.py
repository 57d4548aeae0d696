"""Name the surgeries: what each does to trust every month, or to the place before the first.

Every surgery keeps seed and replicate, so that its runs pair with those of the intact model.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from abm.world.network import from_network, to_network
from abm.world.place import TIE_KINDS, Integers, Place, SegmentGroup, TieKind
from abm.world.ties import PEOPLE_PER_UNIT_OF_NEED

OPERATIONS = "abm.analysis.dissection.operations"
SWAPS_PER_TIE = 10
"""Attempts to swap the ends of ties, per tie: enough to forget the first arrangement (Milo and others 2003)."""


@dataclass(frozen=True)
class Surgery:
    """One way to cut into the network.

    Attributes
    ----------
    name, label, description : str
        Name in tables, a few words, and a sentence.
    operation : str or None
        Module of the submodel that joins the theory.
    transform : callable or None
        Makes of a place, and of the number of a batch, another place.
    keeps_ties : bool
        Whether the ties are those of the intact place.
    """

    name: str
    label: str
    description: str
    operation: str | None = None
    transform: Callable[[Place, int], Place] | None = None
    keeps_ties: bool = True


def without_attention(place: Place, _: int) -> Place:
    """Return a place in which practices give each other no attention and hear of nobody through each other.

    Their sides of these ties get an attention segment of their own, which has no share of the owner's work.
    """
    silent = np.flatnonzero(place.tie_kind == TieKind.PRACTICE_PRACTICE)
    segment = place.segment.copy()
    first = place.segment_organisation.size
    owners, number = np.unique(place.tie_ends[silent], return_inverse=True)
    segment[silent] = first + number.reshape(silent.size, 2)
    is_kept = ~np.isin(place.third_tie, silent).any(axis=1)
    is_kept &= ~np.isin(np.repeat(np.arange(place.ties), np.diff(place.third_start)), silent)
    kept_before = np.concatenate([[0], np.cumsum(is_kept)])
    return replace(
        place,
        segment=segment,
        segment_organisation=np.concatenate([place.segment_organisation, owners]),
        segment_share=np.concatenate([place.segment_share, np.zeros(owners.size)]),
        segment_group=np.concatenate(
            [place.segment_group, np.full(owners.size, int(SegmentGroup.ALL), dtype=np.int64)]
        ),
        segment_ties=np.bincount(segment.ravel(), minlength=first + owners.size).astype(np.int64),
        third_start=kept_before[place.third_start].astype(np.int64),
        third_tie=np.ascontiguousarray(place.third_tie[is_kept]),
    )


def without_practice_ties(place: Place, _: int) -> Place:
    """Return a place without ties between practices, assembled anew."""
    network = to_network(place)
    kind = TIE_KINDS[TieKind.PRACTICE_PRACTICE]
    network.remove_edges_from(
        [(one, other) for one, other, values in network.edges(data=True) if values["kind"] == kind]
    )
    return from_network(network)


def rewired(place: Place, number: int) -> Place:
    """Return a place whose practices have other neighbours in their home place, and as many as before.

    Pairs of ties a-b and c-d become a-d and c-b, where neither is there yet (Maslov and Sneppen 2002). Another number
    gives another arrangement.
    """
    generator = np.random.default_rng(number)
    network = to_network(place)
    ids, kind = place.organisation_id, TieKind.PRACTICE_PRACTICE
    homes = place.organisation_place[place.tie_ends]
    for home, name in enumerate(place.place_names):
        ends = place.tie_ends[(place.tie_kind == kind) & (homes == home).all(axis=1)]
        network.remove_edges_from([(ids[one], ids[other]) for one, other in ends.tolist()])
        for one, other in swapped(ends, generator).tolist():
            people = float(place.population_served[[one, other]].mean())
            network.add_edge(
                ids[one],
                ids[other],
                kind=TIE_KINDS[kind],
                place=name,
                use_share=0.0,
                core_weight=0.0,
                need=people / PEOPLE_PER_UNIT_OF_NEED,
            )
    return from_network(network)


def swapped(ends: Integers, generator: np.random.Generator) -> Integers:
    """Return ties, (m, 2), with ends swapped at random: as many at every end, none twice, none to itself."""
    pairs = [tuple(sorted(pair)) for pair in ends.tolist()]
    there = set(pairs)
    for _ in range(SWAPS_PER_TIE * len(pairs) if len(pairs) > 1 else 0):
        one, other = (int(number) for number in generator.choice(len(pairs), 2, replace=False))
        (a, b), (c, d) = pairs[one], pairs[other]
        if generator.random() < 0.5:
            c, d = d, c
        made = tuple(sorted((a, d))), tuple(sorted((c, b)))
        if a == d or c == b or made[0] in there or made[1] in there:
            continue
        there -= {pairs[one], pairs[other]}
        there |= set(made)
        pairs[one], pairs[other] = made
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


INTACT = Surgery("intact", "Intact", "The model as it is.")
SHUFFLE = Surgery(
    "shuffle",
    "Shuffle trust",
    "Every month trust is dealt out anew among the open ties of a kind, each side on its own.",
    f"{OPERATIONS}.shuffling",
)
LOCAL_SHUFFLE = Surgery(
    "shuffle_at_home",
    "Shuffle trust at home",
    "The same, among the ties that count in one home place.",
    f"{OPERATIONS}.local_shuffling",
)
AVERAGE = Surgery(
    "average",
    "Average trust",
    "Every month each open side of a tie trusts as much as the mean of its kind and side.",
    f"{OPERATIONS}.averaging",
)
REWIRE = Surgery(
    "rewire",
    "Rewire practices",
    "Practices have other neighbours in their home place, and as many as before; each batch of runs is rewired anew.",
    transform=rewired,
    keeps_ties=False,
)
SILENCE = Surgery(
    "silence",
    "Silence practices",
    "Practices do not meet their neighbours, nor follow their example; they still close into them and federate.",
    f"{OPERATIONS}.silencing",
    without_attention,
)
REMOVE = Surgery(
    "remove",
    "Remove practices' ties",
    "There are no ties between practices: none to meet, to close into or to federate with.",
    transform=without_practice_ties,
    keeps_ties=False,
)
SURGERIES = (SHUFFLE, LOCAL_SHUFFLE, AVERAGE, REWIRE, SILENCE, REMOVE)


def surgeries_for(place: Place) -> tuple[Surgery, ...]:
    """Return the surgeries that differ in a place: where there is one home place, shuffling at home is shuffling."""
    return tuple(one for one in SURGERIES if one is not LOCAL_SHUFFLE or len(place.place_names) > 1)
