"""Draw a whole country: commissioners crowded in conurbations or spread over the land, and who serves them.

Numbers that should fit published distributions (practices per commissioner, density, lists) are drawn
stratified: one from each of as many equal slices of the distribution as there are numbers, in shuffled order.
So any seed fits them; positions and flows follow from distances.
"""

import math
from statistics import NormalDist

import numpy as np

from abm.world.drawnfile import LIST_QUANTILES, DrawnFile, UseBetweenPlaces
from abm.world.layout import lay_out, serve_nearest
from abm.world.place import Floats, Integers, Place
from abm.world.practices import (
    POSITION_DECIMALS,
    WEIGHT_DECIMALS,
    Settlement,
    list_use,
    middle_of_places,
    normals,
    share_use,
    stack_services,
    uniforms,
)
from abm.world.region import number_ids, number_names
from abm.world.showcase import Showcase
from abm.world.ties import Draft, Roster, Rules, Service, join, neighbour_pairs

COUNTRY = "country"
SHARPEST = 1000.0
"""Largest power to which the odds of a main hospital are raised."""
HALVINGS = 40
"""Halvings after which that power is known well enough."""


def draw_country(file: DrawnFile) -> Place:
    """Draw the country that a file describes; the same file gives the same country.

    Raises
    ------
    ValueError
        When shares of use cannot be fitted, or there are more hospitals than places.
    """
    drawn, seed = file.drawn, file.seed
    providers = drawn.providers
    places = drawn.commissioners.value
    if providers.hospitals > places:
        raise ValueError(
            f"{providers.hospitals} hospitals are more than {places} places; each stands in its own"
        )
    practices = draw_practice_numbers(file)
    practice_place = np.repeat(np.arange(places), practices)
    lists = draw_lists(file, len(practice_place))
    population: Floats = np.bincount(practice_place, lists).astype(np.float64)
    centres, radius_km = draw_places(file, population)
    position = draw_positions(file, centres, radius_km, practices)
    practice = Roster(
        number_ids("practice", len(lists)), number_names("Practice", len(lists)), lists, position
    )
    home = site_hospitals(seed, population, providers.hospitals)
    hospital_position = centres[home]
    hospital_use = share_between_places(
        seed, centres, hospital_position, population[home], providers.size_spread, drawn.use
    )
    inside = np.bincount(
        hospital_use.organisation, hospital_use.share * population[hospital_use.place], len(home)
    )
    catchment = inside / (1.0 - drawn.use.outside_patients.value)
    middles = middle_of_places(practice, practice_place)
    occupancy = uniforms(seed, len(home), COUNTRY, "hospital", "occupancy")
    span = providers.highest_occupancy - providers.lowest_occupancy
    community, community_service = serve_nearest(
        "community", "Community provider", providers.community_providers, population, middles
    )
    authority, authority_service = serve_nearest(
        "council", "Council", providers.local_authorities, population, middles
    )
    commissioner = Roster(
        number_ids("commissioner", places), number_names("Commissioner", places), population, middles
    )
    own = np.arange(places)
    return join(
        Draft(
            name=file.name,
            label=file.label,
            place_names=number_names("Place", places),
            population=population,
            acute=Roster(
                number_ids("hospital", len(home)),
                number_names("Hospital", len(home)),
                catchment,
                hospital_position,
            ),
            beds=np.maximum(np.round(catchment / providers.people_per_bed), 1.0),
            occupancy=providers.lowest_occupancy + span * occupancy,
            hospital_use=hospital_use,
            outside_share=np.full(len(home), drawn.use.outside_patients.value),
            community=community,
            community_service=community_service,
            commissioner=commissioner,
            commissioner_service=Service(own, own, np.ones(places)),
            practice=practice,
            practice_place=practice_place,
            practice_use=draw_use_of_practices(file, practice, practices, hospital_use, hospital_position),
            neighbours=neighbour_pairs(position, practice_place, file.ties.neighbours.value)[0],
            authority=authority,
            authority_service=authority_service,
            rules=Rules(
                tie_share=file.ties.tie_share.value,
                main_share=file.ties.main_share.value,
                community_use=file.ties.community_use.value,
                social_care_weight=file.ties.social_care_weight.value,
            ),
            showcase=Showcase(file.showcase_km.value, file.showcase_ties.value),
        )
    )


def strata(seed: int, count: int, *purpose: str) -> Floats:
    """Draw one uniform in each of `count` equal slices of (0, 1), in shuffled order."""
    order = np.argsort(uniforms(seed, count, *purpose, "order"), kind="stable")
    drawn: Floats = (order + uniforms(seed, count, *purpose, "within")) / count
    return np.clip(drawn, 2.0**-53, 1.0 - 2.0**-53)


def draw_practice_numbers(file: DrawnFile) -> Integers:
    """Draw the number of practices of each commissioner, shape (P,)."""
    given = file.drawn.practices
    logarithm = NormalDist(given.mu, given.sigma or 1e-12)
    quantiles = strata(file.seed, file.drawn.commissioners.value, COUNTRY, "practices").tolist()
    numbers = np.array([math.exp(logarithm.inv_cdf(u)) for u in quantiles])
    return np.clip(np.round(numbers), given.fewest, given.most).astype(np.int64)


def draw_lists(file: DrawnFile, count: int) -> Floats:
    """Draw lists, in whole people: their logarithm is piecewise linear in the normal score."""
    score = NormalDist().inv_cdf
    ends = 0.5 / max(count, 1 / min(LIST_QUANTILES) + 1)
    known = [score(ends), *map(score, LIST_QUANTILES), score(1.0 - ends)]
    wanted = [score(u) for u in strata(file.seed, count, COUNTRY, "practice", "list").tolist()]
    logarithm = np.interp(wanted, known, [math.log(people) for people in file.lists.ladder])
    return np.array([float(round(math.exp(value))) for value in logarithm.tolist()])


def draw_places(file: DrawnFile, population: Floats) -> tuple[Floats, Floats]:
    """Draw the centres of places, shape (P, 2), and their radii, shape (P,), in kilometres."""
    given = file.drawn.density
    logarithm = NormalDist(given.mu, given.sigma or 1e-12)
    quantiles = strata(file.seed, len(population), COUNTRY, "density").tolist()
    density = np.array([math.exp(logarithm.inv_cdf(u)) for u in quantiles])
    radius_km: Floats = np.round(np.sqrt(population / density / math.pi), POSITION_DECIMALS)
    landscape = file.drawn.landscape
    in_cities = round(landscape.city_places.value * len(population))
    return lay_out(file.seed, radius_km, landscape.cities, in_cities), radius_km


def draw_positions(file: DrawnFile, centres: Floats, radius_km: Floats, practices: Integers) -> Floats:
    """Draw the positions of practices, shape (K, 2), in kilometres."""
    landscape = file.drawn.landscape
    return np.concatenate(
        [
            Settlement(
                (east, north),
                radius * landscape.town_reach,
                max(1, round(count / landscape.practices_per_town)),
                landscape.town_spread * math.sqrt(radius),
            ).draw_practices(file.seed, f"{COUNTRY} {number}", count)
            for number, (east, north, radius, count) in enumerate(
                zip(*centres.T.tolist(), radius_km.tolist(), practices.tolist(), strict=True)
            )
        ]
    )


def site_hospitals(seed: int, population: Floats, hospitals: int) -> Integers:
    """Choose the places with a hospital, ascending: chances go with population, none has two."""
    luck = np.array(
        [math.log(u) for u in uniforms(seed, len(population), COUNTRY, "hospital", "place").tolist()]
    )
    waiting = np.round(-luck / population * population.mean(), WEIGHT_DECIMALS)
    return np.sort(np.argsort(waiting, kind="stable")[:hospitals])


def share_between_places(
    seed: int,
    centres: Floats,
    hospital_position: Floats,
    people_around: Floats,
    size_spread: float,
    given: UseBetweenPlaces,
) -> Service:
    """Draw each place's shares of use of its nearest hospitals: attraction, distance and an accident."""
    places, hospitals = len(centres), len(hospital_position)
    apart = np.sqrt(((centres[:, None, :] - hospital_position[None, :, :]) ** 2).sum(axis=2))
    near = np.argsort(apart, axis=1, kind="stable")[:, : given.hospitals]
    attraction = 0.5 * np.log(people_around) + size_spread * normals(seed, hospitals, COUNTRY, "attraction")
    accident = given.noise * normals(seed, places * hospitals, COUNTRY, "use").reshape(places, hospitals)
    level = np.take_along_axis(accident + attraction - apart / given.decay_km, near, axis=1)
    weight = concentrate(level, draw_main_shares(level, given))
    weight[weight < given.smallest.value * weight.sum(axis=1, keepdims=True)] = 0.0
    used = np.zeros((places, hospitals))
    np.put_along_axis(used, near, weight, axis=1)
    # A hospital that nobody near uses would have no patients: its own place uses it.
    for hospital in np.flatnonzero(used.sum(axis=0) == 0.0).tolist():
        used[int(np.argmin(apart[:, hospital])), hospital] = used.max()
    share = used / used.sum(axis=1, keepdims=True) * (1.0 - given.outside_use.value)
    place, hospital_row = np.nonzero(share)
    return Service(hospital_row.astype(np.int64), place.astype(np.int64), share[place, hospital_row])


def draw_main_shares(level: Floats, given: UseBetweenPlaces) -> Floats:
    """Draw the share of each place's main hospital, shape (P,): logit-normal.

    The larger shares go to the places in which distance and attraction favour one hospital more.
    """
    places = len(level)
    favour = np.exp(level - level.max(axis=1, keepdims=True)).sum(axis=1)
    ranked = np.argsort(-np.round(favour, WEIGHT_DECIMALS), kind="stable")
    logit = NormalDist(given.main_mu, given.main_sigma or 1e-12)
    shares = np.zeros(places)
    shares[ranked] = [1.0 / (1.0 + math.exp(-logit.inv_cdf((row + 0.5) / places))) for row in range(places)]
    wanted: Floats = np.maximum(shares, 1.0 / level.shape[1])
    return wanted


def concentrate(level: Floats, main_share: Floats) -> Floats:
    """Return weights exp(theta level), theta by row such that the largest has the share wanted of its row."""
    below = level - level.max(axis=1, keepdims=True)
    low, high = np.zeros(len(level)), np.full(len(level), SHARPEST)
    for _ in range(HALVINGS):
        theta = 0.5 * (low + high)
        is_flat = 1.0 / np.exp(theta[:, None] * below).sum(axis=1) < main_share
        low, high = np.where(is_flat, theta, low), np.where(is_flat, high, theta)
    weight: Floats = np.round(np.exp(high[:, None] * below), WEIGHT_DECIMALS)
    return weight


def draw_use_of_practices(
    file: DrawnFile, practice: Roster, practices: Integers, hospital_use: Service, hospital_position: Floats
) -> Service:
    """Draw the practices' shares of use, place by place."""
    rows = []
    starts = np.concatenate([[0], np.cumsum(practices)])
    for place, users in enumerate(hospital_use.by_place(len(practices))):
        members = np.arange(starts[place], starts[place + 1])
        hospitals = np.array([hospital for hospital, _ in users])
        shares = share_use(
            file.seed,
            f"{COUNTRY} {place}",
            practice.people[members],
            practice.position[members],
            hospital_position[hospitals],
            np.array([share for _, share in users]),
            file.drawn.use.outside_use.value,
            file.use.decay_km,
            file.use.noise,
        )
        rows.append(list_use(members, hospitals, shares))
    return stack_services(rows)
