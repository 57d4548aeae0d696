"""Draw a region of a given size at random, for benchmarks and tests of scale.

Proportions follow England around 2014: 211 commissioners, about 155 acute providers, 71 providers of mental
health or community services and 152 local authorities with social care; the other organisations are
practices.
"""

import math
from dataclasses import replace

import numpy as np

from abm.world.place import Floats, Integers, Place
from abm.world.practices import (
    POSITION_DECIMALS,
    WEIGHT_DECIMALS,
    ListSizes,
    Settlement,
    list_use,
    middle_of_places,
    normals,
    share_use,
    stack_services,
    uniforms,
)
from abm.world.ties import Draft, Roster, Rules, Service, core_ties, join, neighbour_pairs, practice_ties

ORGANISATIONS_PER_PLACE = 39.1
HOSPITALS_PER_PLACE = 155.0 / 211.0
COMMUNITIES_PER_PLACE = 71.0 / 211.0
AUTHORITIES_PER_PLACE = 152.0 / 211.0

PLACE_SPACING_KM = 25.0
PLACE_SIZE_SPREAD = 0.5
FEWEST_PRACTICES = 3
HOSPITALS_USED = 4
PLACE_DECAY_KM = 10.0
SMALLEST_USE = 0.005
OUTSIDE_USE = 0.03
OUTSIDE_PATIENTS = 0.02
PEOPLE_PER_BED = 400.0
OCCUPANCY_RANGE = (0.82, 0.92)
PRACTICE_DECAY_KM = 12.0
USE_NOISE = 0.3
LISTS = ListSizes(mu=8.690, sigma=0.622, smallest=1000.0)
RULES = Rules(tie_share=0.05, main_share=0.2, community_use=0.25, social_care_weight=0.1)


def random_region(
    organisations: int = 400, ties: int = 4000, seed: int = 0, places: int | None = None
) -> Place:
    """Draw a region with exactly so many organisations and ties.

    Core and hospital ties follow from the shares of use; the closest pairs of practices fill up the ties.

    Parameters
    ----------
    organisations, ties : int
        Numbers wanted; about ten ties an organisation are as dense as England.
    seed : int
        Seed of the draw, from 0 to 2**64 - 1.
    places : int, optional
        Number of places; by default one for 39 organisations.

    Raises
    ------
    ValueError
        When the numbers cannot be reached: too few practices, or too few or too many ties for them.
    """
    places = max(1, round(organisations / ORGANISATIONS_PER_PLACE)) if places is None else places
    hospitals = max(1, round(places * HOSPITALS_PER_PLACE))
    communities = max(1, round(places * COMMUNITIES_PER_PLACE))
    authorities = max(1, round(places * AUTHORITIES_PER_PLACE))
    practices = organisations - hospitals - communities - authorities - places
    if practices < FEWEST_PRACTICES * places:
        needed = organisations - practices + FEWEST_PRACTICES * places
        raise ValueError(
            f"{organisations} organisations are too few for {places} places; {needed} are needed"
        )
    centres = lay_out(seed, places)
    practice_place = spread_practices(seed, places, practices)
    lists = LISTS.draw(uniforms(seed, practices, "region", "practice", "list"))
    population: Floats = np.bincount(practice_place, lists).astype(np.float64)
    position = np.concatenate(
        [
            Settlement((east, north), PLACE_SPACING_KM / 2.0, max(1, count // 5), 1.5).draw_practices(
                seed, f"region {number}", count
            )
            for number, (east, north, count) in enumerate(
                zip(*centres.T.tolist(), np.bincount(practice_place).tolist(), strict=True)
            )
        ]
    )
    hospital_home = np.arange(hospitals) * places // hospitals
    hospital_use = share_between_places(seed, centres, centres[hospital_home])
    inside = np.bincount(
        hospital_use.organisation, hospital_use.share * population[hospital_use.place], hospitals
    )
    catchment = inside / (1.0 - OUTSIDE_PATIENTS)
    practice = Roster(number_ids("practice", practices), number_names("Practice", practices), lists, position)
    middles = middle_of_places(practice, practice_place)
    occupancy = uniforms(seed, hospitals, "region", "hospital", "occupancy")
    community, community_service = serve("community", "Community provider", communities, population, middles)
    commissioner, commissioner_service = serve("commissioner", "Commissioner", places, population, middles)
    authority, authority_service = serve("council", "Council", authorities, population, middles)
    draft = Draft(
        name=f"region_{organisations}_{ties}_{seed}",
        label=f"Random region of {organisations:,} organisations",
        place_names=number_names("Place", places),
        population=population,
        acute=Roster(
            number_ids("hospital", hospitals),
            number_names("Hospital", hospitals),
            catchment,
            centres[hospital_home],
        ),
        beds=np.maximum(np.round(catchment / PEOPLE_PER_BED), 1.0),
        occupancy=OCCUPANCY_RANGE[0] + (OCCUPANCY_RANGE[1] - OCCUPANCY_RANGE[0]) * occupancy,
        hospital_use=hospital_use,
        outside_share=np.full(hospitals, OUTSIDE_PATIENTS),
        community=community,
        community_service=community_service,
        commissioner=commissioner,
        commissioner_service=commissioner_service,
        practice=practice,
        practice_place=practice_place,
        practice_use=use_of_practices(seed, practice, practice_place, hospital_use, centres[hospital_home]),
        neighbours=np.zeros((0, 2), dtype=np.int64),
        authority=authority,
        authority_service=authority_service,
        rules=RULES,
    )
    wanted = ties - len(core_ties(draft).kind) - len(practice_ties(draft).kind)
    return join(replace(draft, neighbours=closest_pairs(position, practice_place, wanted, ties)))


def closest_pairs(position: Floats, practice_place: Integers, wanted: int, ties: int) -> Integers:
    """Return so many of the closest pairs of practices, shape (wanted, 2).

    Raises
    ------
    ValueError
        When there are fewer pairs, or fewer than none are wanted.
    """
    sizes = np.bincount(practice_place)
    possible = int((sizes * (sizes - 1) // 2).sum())
    if not 0 <= wanted <= possible:
        raise ValueError(
            f"{ties} ties cannot be drawn; from {ties - wanted} to {ties - wanted + possible} are possible"
        )
    nearest = max(1, -(-2 * wanted // len(position)))
    pairs, closeness = neighbour_pairs(position, practice_place, nearest)
    while len(pairs) < wanted:
        nearest *= 2
        pairs, closeness = neighbour_pairs(position, practice_place, nearest)
    return pairs[np.sort(np.argsort(closeness, kind="stable")[:wanted])]


def lay_out(seed: int, places: int) -> Floats:
    """Draw centres of places on a loose grid, shape (P, 2), in kilometres."""
    side = math.ceil(math.sqrt(places))
    corner = np.stack([np.arange(places) % side, np.arange(places) // side], axis=1)
    shift = uniforms(seed, 2 * places, "region", "place", "position").reshape(places, 2) - 0.5
    centres: Floats = np.round((corner + 0.5 * shift) * PLACE_SPACING_KM, POSITION_DECIMALS)
    return centres


def spread_practices(seed: int, places: int, practices: int) -> Integers:
    """Draw the place of each practice, shape (K,), ascending: a few in each, the rest by lognormal size."""
    size = np.round(
        np.exp(PLACE_SIZE_SPREAD * normals(seed, places, "region", "place", "size")), WEIGHT_DECIMALS
    )
    spare = practices - FEWEST_PRACTICES * places
    edges = np.round(np.cumsum(size) / size.sum() * spare).astype(np.int64)
    return np.repeat(np.arange(places), FEWEST_PRACTICES + np.diff(edges, prepend=0))


def share_between_places(seed: int, centres: Floats, hospital_position: Floats) -> Service:
    """Draw each place's shares of use over the nearest hospitals, by distance and a lognormal accident."""
    places, hospitals = len(centres), len(hospital_position)
    apart = np.sqrt(((centres[:, None, :] - hospital_position[None, :, :]) ** 2).sum(axis=2))
    used = np.argsort(apart, axis=1, kind="stable")[:, :HOSPITALS_USED]
    accident = USE_NOISE * normals(seed, places * hospitals, "region", "place", "use").reshape(
        places, hospitals
    )
    level = np.take_along_axis(accident - apart / PLACE_DECAY_KM, used, axis=1)
    weight = np.round(np.exp(level - level.max(axis=1, keepdims=True)), WEIGHT_DECIMALS)
    weight[weight < SMALLEST_USE] = 0.0
    share = weight / weight.sum(axis=1, keepdims=True) * (1.0 - OUTSIDE_USE)
    place, column = np.nonzero(share)
    return Service(used[place, column], place.astype(np.int64), share[place, column])


def use_of_practices(
    seed: int, practice: Roster, practice_place: Integers, hospital_use: Service, hospital_position: Floats
) -> Service:
    """Draw the practices' shares of use, place by place."""
    rows = []
    starts = np.searchsorted(practice_place, np.arange(int(practice_place.max()) + 2))
    for place, users in enumerate(hospital_use.by_place(len(starts) - 1)):
        members = np.arange(starts[place], starts[place + 1])
        hospitals = np.array([hospital for hospital, _ in users])
        shares = share_use(
            seed,
            f"region {place}",
            practice.people[members],
            practice.position[members],
            hospital_position[hospitals],
            np.array([share for _, share in users]),
            OUTSIDE_USE,
            PRACTICE_DECAY_KM,
            USE_NOISE,
        )
        rows.append(list_use(members, hospitals, shares))
    return stack_services(rows)


def serve(stem: str, label: str, count: int, population: Floats, middles: Floats) -> tuple[Roster, Service]:
    """Divide adjoining places among a number of organisations, each of which serves whole places."""
    places = np.arange(len(population))
    service = Service(places * count // len(population), places, np.ones(len(population)))
    people: Floats = np.bincount(service.organisation, population).astype(np.float64)
    home = service.homes(count, population)
    return Roster(number_ids(stem, count), number_names(label, count), people, middles[home]), service


def number_ids(stem: str, count: int) -> list[str]:
    """Return ids that sort in the order of their numbers."""
    return [f"{stem}_{number:0{len(str(count))}d}" for number in range(1, count + 1)]


def number_names(label: str, count: int) -> list[str]:
    """Return names with their numbers."""
    return [f"{label} {number}" for number in range(1, count + 1)]
