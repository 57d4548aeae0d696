"""Draw a place from its file: lists, positions and shares of use that add up to the published totals.

Every draw is keyed by the seed and by what it is for, so that a further practice, place or hospital leaves the other
draws as they were. Drawn numbers are rounded before they are used (people, tens of metres, nine decimals), because the
last bits of exponentials and logarithms differ between processors.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from abm.world.place import Floats, Integers, Place
from abm.world.placefile import Hospital, LocalPlace, PlaceFile, PublicBody
from abm.world.ties import Draft, Roster, Rules, Service, join, neighbour_pairs

FULL_TURN = 2.0 * math.pi
POSITION_DECIMALS = 2
WEIGHT_DECIMALS = 9
RAKING_ROUNDS = 2000
RAKING_TOLERANCE = 1e-13


def uniforms(seed: int, count: int, *purpose: str) -> Floats:
    """Draw uniforms in (0, 1), shape (count,), keyed by the seed and a purpose; the first ones do not depend on count.

    Bits come from Philox4x64-10 (Salmon and others, SC11, doi:10.1145/2063384.2063405), whose output NumPy keeps
    stable, and whose second key word is a digest of the purpose.
    """
    digest = hashlib.sha256("/".join(purpose).encode()).digest()
    key = np.array([seed, int.from_bytes(digest[:8], "little")], dtype=np.uint64)
    raw = np.asarray(np.random.Philox(key=key).random_raw(count), dtype=np.uint64)
    drawn: Floats = ((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    return drawn


def normals(seed: int, count: int, *purpose: str) -> Floats:
    """Draw standard normals, shape (count,), by inversion."""
    quantile = NormalDist().inv_cdf
    return np.array([quantile(u) for u in uniforms(seed, count, *purpose).tolist()])


@dataclass(frozen=True)
class ListSizes:
    """Describe the distribution of practice lists: lognormal above a smallest list."""

    mu: float
    sigma: float
    smallest: float

    def draw(self, uniform: Floats) -> Floats:
        """Return the lists, in people, at these quantiles, rounded to whole people."""
        logarithm = NormalDist(self.mu, self.sigma)
        below = logarithm.cdf(math.log(self.smallest))
        highest = 1.0 - 2.0**-53
        quantiles = [min(below + (1.0 - below) * u, highest) for u in uniform.tolist()]
        return np.array([float(round(math.exp(logarithm.inv_cdf(quantile)))) for quantile in quantiles])


def fit_lists(lists: Floats, smallest: float, population: int) -> Floats:
    """Rescale lists to add up to a population exactly, in whole people.

    What is above the smallest list is rescaled, so that no list falls below it; the largest remainders are rounded up.
    """
    above = np.maximum(lists - smallest, 1.0)
    exact = smallest + above * ((population - smallest * len(lists)) / math.fsum(above.tolist()))
    whole = np.floor(exact)
    missing = round(population - math.fsum(whole.tolist()))
    whole[np.argsort(whole - exact, kind="stable")[:missing]] += 1.0
    return whole


@dataclass(frozen=True)
class Settlement:
    """Describe where practices stand: towns in a disc, smaller and smaller, the first in the middle."""

    centre: tuple[float, float]
    radius_km: float
    towns: int
    town_spread_km: float

    def draw_towns(self, seed: int, place: str) -> Floats:
        """Draw town centres, shape (towns, 2), in kilometres."""
        distance = self.radius_km * np.sqrt(uniforms(seed, self.towns, place, "town", "distance"))
        distance[0] = 0.0
        return scatter(self.centre, distance, uniforms(seed, self.towns, place, "town", "direction"))

    def draw_practices(self, seed: int, place: str, practices: int) -> Floats:
        """Draw positions of practices, shape (practices, 2): a town by its size, then a distance from its centre."""
        towns = self.draw_towns(seed, place)
        size = np.cumsum(1.0 / np.arange(1, self.towns + 1))
        chosen = np.searchsorted(size, uniforms(seed, practices, place, "practice", "town") * size[-1])
        distance = -self.town_spread_km * np.log(uniforms(seed, practices, place, "practice", "distance"))
        return scatter(towns[chosen], distance, uniforms(seed, practices, place, "practice", "direction"))


def scatter(centre: Floats | tuple[float, float], distance: Floats, turn: Floats) -> Floats:
    """Return points at distances (n,) and turns (n,) in [0, 1] around centres, shape (n, 2), to ten metres."""
    offset = np.stack([np.cos(FULL_TURN * turn), np.sin(FULL_TURN * turn)], axis=1) * distance[:, None]
    points: Floats = np.round(np.asarray(centre, dtype=np.float64) + offset, POSITION_DECIMALS)
    return points


def share_use(
    seed: int,
    purpose: str,
    lists: Floats,
    practice_position: Floats,
    hospital_position: Floats,
    place_share: Floats,
    outside_use: float,
    decay_km: float,
    noise: float,
) -> Floats:
    """Draw each practice's shares of hospital use, so that they add up to the place's.

    A practice's use of a hospital falls exponentially with distance, times a lognormal accident; use outside the
    places modelled has no distance. Rows and columns are raked in turn (iterative proportional fitting) until
    practices' shares sum to 1 and their list-weighted means equal the place's shares.

    Parameters
    ----------
    lists : (K,)
    practice_position : (K, 2)
    hospital_position : (H, 2)
    place_share : (H,)
        The place's share of use by hospital, above 0, summing to 1 with `outside_use`.
    outside_use : float
        The place's share of use outside.
    decay_km : float
        Distance over which use falls by a factor e.
    noise : float
        Standard deviation of the logarithm of the accident.

    Returns
    -------
    (K, H+1)
        Shares of use; the last column is use outside, all 0 if the place has none.
    """
    practices, hospitals = len(lists), len(place_share)
    apart = np.sqrt(((practice_position[:, None, :] - hospital_position[None, :, :]) ** 2).sum(axis=2))
    nearness = -(apart - apart.min()) / decay_km
    accident = noise * normals(seed, practices * (hospitals + 1), purpose, "use").reshape(
        practices, hospitals + 1
    )
    level = np.concatenate([nearness, np.full((practices, 1), np.median(nearness))], axis=1) + accident
    weight = np.round(np.exp(level), WEIGHT_DECIMALS) + 10.0**-WEIGHT_DECIMALS
    wanted = np.append(place_share, outside_use)
    weight[:, wanted <= 0.0] = 0.0
    return rake(weight, lists, wanted)


def rake(weight: Floats, lists: Floats, wanted: Floats) -> Floats:
    """Scale rows to sum to 1 and list-weighted columns to the wanted shares, by turns, until both hold.

    Raises
    ------
    ValueError
        When the shares wanted do not sum to 1, so that no scaling can hold.
    """
    if abs(wanted.sum() - 1.0) > RAKING_TOLERANCE:
        wanted = wanted / wanted.sum()
    part = lists / lists.sum()
    shares = weight / weight.sum(axis=1, keepdims=True)
    for _ in range(RAKING_ROUNDS):
        found = (shares * part[:, None]).sum(axis=0)
        if np.all(np.abs(found - wanted) <= RAKING_TOLERANCE):
            return shares
        shares = shares * np.divide(wanted, found, out=np.zeros_like(wanted), where=found > 0.0)
        shares = shares / shares.sum(axis=1, keepdims=True)
    raise ValueError("shares of use cannot be fitted to the place's shares")


def synthesise(file: PlaceFile) -> Place:
    """Draw the place that a file describes; the same file gives the same place.

    Raises
    ------
    ValueError
        When shares of use cannot be fitted, which a valid file excludes.
    """
    row = {place.id: number for number, place in enumerate(file.places)}
    hospitals = sorted(file.hospitals, key=lambda hospital: hospital.id)
    population = np.array([float(place.population.value) for place in file.places])
    flows = [
        (number, row[flow.place], flow.share_of_use.value)
        for number, hospital in enumerate(hospitals)
        for flow in hospital.flows
    ]
    hospital_use = service_of(flows)
    hospital_position = place_hospitals(file, hospitals, hospital_use.homes(len(hospitals), population))
    practice = draw_practices(file)
    practice_place = np.repeat(np.arange(len(file.places)), [place.practices.value for place in file.places])
    neighbours, _ = neighbour_pairs(practice.position, practice_place, file.ties.neighbours.value)
    catchment = np.array([float(hospital.catchment.value) for hospital in hospitals])
    inside = np.bincount(
        hospital_use.organisation, hospital_use.share * population[hospital_use.place], len(hospitals)
    )
    communities = sorted(file.community_providers, key=lambda provider: provider.id)
    community_service = service_of(
        [
            (number, row[service.place], service.share.value)
            for number, provider in enumerate(communities)
            for service in provider.services
        ]
    )
    middles = middle_of_places(practice, practice_place)
    commissioner, commissioner_service = draft_bodies(file.commissioners, row, population, middles)
    authority, authority_service = draft_bodies(file.authorities, row, population, middles)
    return join(
        Draft(
            name=file.name,
            label=file.label,
            place_names=[place.name for place in file.places],
            population=population,
            acute=Roster(
                [hospital.id for hospital in hospitals],
                [hospital.name for hospital in hospitals],
                catchment,
                hospital_position,
            ),
            beds=np.array([float(hospital.beds.value) for hospital in hospitals]),
            occupancy=np.array([hospital.occupancy.value for hospital in hospitals]),
            hospital_use=hospital_use,
            outside_share=np.maximum(1.0 - inside / catchment, 0.0),
            community=Roster(
                [provider.id for provider in communities],
                [provider.name for provider in communities],
                np.array([float(provider.people_served.value) for provider in communities]),
                middles[community_service.homes(len(communities), population)],
            ),
            community_service=community_service,
            commissioner=commissioner,
            commissioner_service=commissioner_service,
            practice=practice,
            practice_place=practice_place,
            practice_use=draw_practice_use(file, practice, practice_place, hospital_use, hospital_position),
            neighbours=neighbours,
            authority=authority,
            authority_service=authority_service,
            rules=Rules(
                tie_share=file.ties.tie_share.value,
                main_share=file.ties.main_share.value,
                community_use=file.ties.community_use.value,
                social_care_weight=file.ties.social_care_weight.value,
            ),
        )
    )


def service_of(rows: Sequence[tuple[int, int, float]]) -> Service:
    """Turn (organisation, place, share) rows into columns."""
    return Service(
        np.array([organisation for organisation, _, _ in rows], dtype=np.int64),
        np.array([place for _, place, _ in rows], dtype=np.int64),
        np.array([share for _, _, share in rows], dtype=np.float64),
    )


def settle(place: LocalPlace) -> Settlement:
    """Return where people live in a place."""
    geography = place.geography
    centre = (geography.east_km, geography.north_km)
    return Settlement(centre, geography.radius_km, geography.towns, geography.town_spread_km)


def place_hospitals(file: PlaceFile, hospitals: Sequence[Hospital], homes: Integers) -> Floats:
    """Return hospital positions, shape (H, 2): as given, or in the largest towns of the place each serves most."""
    positions = np.zeros((len(hospitals), 2))
    settled: dict[int, int] = {}
    for number, hospital in enumerate(hospitals):
        if hospital.position is not None:
            positions[number] = hospital.position.east_km, hospital.position.north_km
            continue
        home = int(homes[number])
        towns = settle(file.places[home]).draw_towns(file.seed, file.places[home].id)
        positions[number] = towns[settled.get(home, 0) % len(towns)]
        settled[home] = settled.get(home, 0) + 1
    return positions


def draw_practices(file: PlaceFile) -> Roster:
    """Draw the practices of every place, places in file order, numbered within a place."""
    sizes = ListSizes(file.lists.mu, file.lists.sigma, file.lists.smallest)
    ids: list[str] = []
    names: list[str] = []
    lists, positions = [], []
    for place in file.places:
        count = place.practices.value
        width = max(2, len(str(count)))
        ids += [f"{place.id}_practice_{number:0{width}d}" for number in range(1, count + 1)]
        prefix = "" if len(file.places) == 1 else f"{place.name} "
        names += [f"{prefix}Practice {number:0{width}d}" for number in range(1, count + 1)]
        drawn = sizes.draw(uniforms(file.seed, count, place.id, "practice", "list"))
        lists.append(fit_lists(drawn, file.lists.smallest, place.population.value))
        positions.append(settle(place).draw_practices(file.seed, place.id, count))
    return Roster(ids, names, np.concatenate(lists), np.concatenate(positions))


def draw_practice_use(
    file: PlaceFile,
    practice: Roster,
    practice_place: Integers,
    hospital_use: Service,
    hospital_position: Floats,
) -> Service:
    """Draw the practices' shares of use of the hospitals that their place uses; use outside is left out."""
    rows: list[Service] = []
    for number, users in enumerate(hospital_use.by_place(len(file.places))):
        place = file.places[number]
        members = np.flatnonzero(practice_place == number)
        hospitals = np.array([hospital for hospital, _ in users])
        shares = share_use(
            file.seed,
            place.id,
            practice.people[members],
            practice.position[members],
            hospital_position[hospitals],
            np.array([share for _, share in users]),
            place.outside_use.value,
            file.use.decay_km,
            file.use.noise,
        )
        rows.append(list_use(members, hospitals, shares))
    return stack_services(rows)


def list_use(members: Integers, hospitals: Integers, shares: Floats) -> Service:
    """Turn shares of use (K, H+1) into rows, without the last column, which is use outside."""
    return Service(
        np.tile(hospitals, len(members)),
        np.repeat(members, len(hospitals)),
        shares[:, : len(hospitals)].ravel(),
    )


def stack_services(parts: Sequence[Service]) -> Service:
    """Put services one after the other."""
    return Service(
        np.concatenate([part.organisation for part in parts]),
        np.concatenate([part.place for part in parts]),
        np.concatenate([part.share for part in parts]),
    )


def middle_of_places(practice: Roster, practice_place: Integers) -> Floats:
    """Return the list-weighted middle of each place's practices, shape (P, 2), to ten metres."""
    weighted = practice.position * practice.people[:, None]
    people = np.bincount(practice_place, practice.people)
    sums = [np.bincount(practice_place, weighted[:, axis]) / people for axis in range(2)]
    middles: Floats = np.round(np.stack(sums, axis=1), POSITION_DECIMALS)
    return middles


def draft_bodies(
    bodies: Sequence[PublicBody], row: dict[str, int], population: Floats, middles: Floats
) -> tuple[Roster, Service]:
    """Return commissioners or local authorities, and their places, each shared equally by those responsible for it."""
    ordered = sorted(bodies, key=lambda body: body.id)
    responsible = {place: sum(place in body.places for body in ordered) for place in row}
    service = service_of(
        [
            (number, row[place], 1.0 / responsible[place])
            for number, body in enumerate(ordered)
            for place in body.places
        ]
    )
    roster = Roster(
        [body.id for body in ordered],
        [body.name for body in ordered],
        np.array([float(body.people_served.value) for body in ordered]),
        middles[service.homes(len(ordered), population)],
    )
    return roster, service
