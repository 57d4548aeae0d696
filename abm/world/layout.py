"""Lay places out on a map without overlap, and assign each to the nearest organisation that serves many places."""

import math

import numpy as np

from abm.world.place import Floats, Integers
from abm.world.practices import POSITION_DECIMALS, scatter, uniforms
from abm.world.region import number_ids, number_names
from abm.world.ties import Roster, Service

GOLDEN_TURN = (3.0 - math.sqrt(5.0)) / 2.0
"""Share of a turn from one place of a conurbation to the next, as seeds lie in a sunflower."""
CANDIDATES = 30
"""Spots from which the emptiest is chosen."""
ROUNDS = 300
"""Rounds in which places that overlap push each other apart."""
PACKING = 0.8
"""Distance kept between two centres, over the sum of their radii; places are not round and fit closer."""
STEP = 0.5
OBLONG = 1.25
"""Height of the country over its width, roughly."""


def lay_out(seed: int, radius_km: Floats, cities: int, in_cities: int) -> Floats:
    """Draw centres of places, shape (P, 2), in kilometres.

    The places of smallest radius form conurbations, whose numbers of places fall as 1, 1/2, 1/3 and so on;
    the others are put where there is room. Places that overlap are then pushed apart.
    """
    places = len(radius_km)
    land = math.sqrt(float((radius_km**2).sum()))
    order = np.argsort(radius_km, kind="stable")
    sizes = divide(in_cities, cities)
    tried = uniforms(seed, 2 * CANDIDATES * (places + len(sizes)), "country", "spot").reshape(
        -1, CANDIDATES, 2
    )
    centres = np.zeros((places, 2))
    taken = np.zeros((0, 3))
    start = 0
    for number, size in enumerate(sizes):
        members = order[start : start + size]
        start += size
        span = math.sqrt(float((radius_km[members] ** 2).sum()))
        middle = emptiest(tried[number], taken, land - span, span)
        taken = np.vstack([taken, [*middle, span]])
        inner_km2 = np.cumsum(radius_km[members] ** 2) - radius_km[members] ** 2
        around = np.sqrt(inner_km2)
        turn = np.arange(size, dtype=np.float64) * GOLDEN_TURN % 1.0
        centres[members] = scatter((float(middle[0]), float(middle[1])), around, turn)
    # The widest first, as long as there is room.
    for number, place in enumerate(order[start:][::-1].tolist()):
        spot = emptiest(tried[len(sizes) + number], taken, land, float(radius_km[place]))
        taken = np.vstack([taken, [*spot, radius_km[place]]])
        centres[place] = spot
    return spread(centres, radius_km)


def divide(places: int, cities: int) -> list[int]:
    """Divide places over conurbations by their rank, the largest first; none is empty."""
    weight = 1.0 / np.arange(1, cities + 1)
    edges = np.round(np.cumsum(weight) / weight.sum() * places).astype(np.int64)
    return [size for size in np.diff(edges, prepend=0).tolist() if size > 0]


def emptiest(tried: Floats, taken: Floats, reach_km: float, radius_km: float) -> Floats:
    """Return the spot, of those tried in the country, with most room to what is taken (T, 3)."""
    distance = max(reach_km, 0.0) * np.sqrt(tried[:, 0])
    spots = scatter((0.0, 0.0), distance, tried[:, 1]) * np.array([1.0 / OBLONG, OBLONG])
    if not len(taken):
        return np.array([0.0, 0.0])
    apart = np.sqrt(((spots[:, None, :] - taken[None, :, :2]) ** 2).sum(axis=2))
    room = (apart - taken[None, :, 2] - radius_km).min(axis=1)
    chosen: Floats = spots[int(np.argmax(np.round(room, POSITION_DECIMALS)))]
    return chosen


def spread(centres: Floats, radius_km: Floats) -> Floats:
    """Push places apart until they hardly overlap; the small ones move, the large ones less."""
    wanted = PACKING * (radius_km[:, None] + radius_km[None, :])
    np.fill_diagonal(wanted, 0.0)
    yields = radius_km[None, :] ** 2 / (radius_km[:, None] ** 2 + radius_km[None, :] ** 2)
    moved = centres.copy()
    for _ in range(ROUNDS):
        offset = moved[:, None, :] - moved[None, :, :]
        apart = np.sqrt((offset**2).sum(axis=2))
        overlap = np.maximum(wanted - apart, 0.0)
        if overlap.max() <= 10.0**-POSITION_DECIMALS:
            break
        push = STEP * overlap * yields / np.maximum(apart, 10.0**-POSITION_DECIMALS)
        # Rounded in every round, so that last bits of sums cannot grow into another map.
        moved = np.round(moved + (push[:, :, None] * offset).sum(axis=1), POSITION_DECIMALS)
    return moved


def serve_nearest(
    stem: str, label: str, count: int, population: Floats, middles: Floats
) -> tuple[Roster, Service]:
    """Spread organisations as far apart as possible, and assign to each the places nearest to it."""
    if count == 0:
        none = np.zeros(0, dtype=np.int64)
        return Roster([], [], np.zeros(0), np.zeros((0, 2))), Service(none, none, np.zeros(0))
    homes = farthest(middles, min(count, len(middles)))
    apart = np.sqrt(((middles[:, None, :] - middles[None, homes, :]) ** 2).sum(axis=2))
    nearest: Integers = np.argmin(np.round(apart, POSITION_DECIMALS), axis=1).astype(np.int64)
    service = Service(nearest, np.arange(len(population)), np.ones(len(population)))
    people: Floats = np.bincount(nearest, population, len(homes)).astype(np.float64)
    roster = Roster(number_ids(stem, len(homes)), number_names(label, len(homes)), people, middles[homes])
    return roster, service


def farthest(middles: Floats, count: int) -> Integers:
    """Choose places one after the other, each the farthest from those chosen, ascending."""
    chosen = [0]
    apart = ((middles - middles[0]) ** 2).sum(axis=1)
    while len(chosen) < count:
        chosen.append(int(np.argmax(np.round(apart, POSITION_DECIMALS))))
        apart = np.minimum(apart, ((middles - middles[chosen[-1]]) ** 2).sum(axis=1))
        apart[chosen] = -1.0
    return np.sort(np.array(chosen, dtype=np.int64))
