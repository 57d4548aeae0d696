"""Draw a place from its file, so that what is drawn adds up to what is published."""

from collections.abc import Sequence

import numpy as np

from abm.world.agreement import PRACTICE_ID
from abm.world.place import Floats, Integers, Place
from abm.world.placefile import Hospital, LocalPlace, PlaceFile, PublicBody
from abm.world.practices import (
    ListSizes,
    Settlement,
    fit_lists,
    list_use,
    middle_of_places,
    share_use,
    stack_services,
    uniforms,
)
from abm.world.showcase import Showcase
from abm.world.ties import Draft, Roster, Rules, Service, join, neighbour_pairs


def synthesise(file: PlaceFile) -> Place:
    """Draw the place that a file describes; the same file gives the same place.

    Raises
    ------
    ValueError
        When shares of use cannot be fitted, or a place has no core tie of its own.
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
    hospital_position = place_hospitals(file, hospitals, hospital_use)
    practice, practice_place = draw_practices(file)
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
            showcase=Showcase(file.showcase_km.value, file.showcase_ties.value),
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


def place_hospitals(file: PlaceFile, hospitals: Sequence[Hospital], hospital_use: Service) -> Floats:
    """Return hospital positions, shape (H, 2), in kilometres.

    A position that the file does not give is a town of the place that the hospital serves most: the largest
    town for the hospital with the largest share of use, and so on.
    """
    homes = hospital_use.homes(len(hospitals), np.array([place.population.value for place in file.places]))
    share = {
        (provider, place): use
        for place, users in enumerate(hospital_use.by_place(len(file.places)))
        for provider, use in users
    }
    positions = np.zeros((len(hospitals), 2))
    settled: dict[int, int] = {}
    for number in sorted(range(len(hospitals)), key=lambda row: (-share[row, int(homes[row])], row)):
        home, given = int(homes[number]), hospitals[number].position
        if given is not None:
            positions[number] = given.east_km, given.north_km
            continue
        towns = settle(file.places[home]).draw_towns(file.seed, file.places[home].id)
        positions[number] = towns[settled.get(home, 0) % len(towns)]
        settled[home] = settled.get(home, 0) + 1
    return positions


def draw_practices(file: PlaceFile) -> tuple[Roster, Integers]:
    """Draw the practices of every place, sorted by id, and return them with the row of their place."""
    sizes = ListSizes(file.lists.mu, file.lists.sigma, file.lists.smallest)
    ids: list[str] = []
    names: list[str] = []
    lists, positions, rows = [], [], []
    for row, place in sorted(enumerate(file.places), key=lambda item: practice_id(item[1], "")):
        count = place.practices.value
        width = max(2, len(str(count)))
        ids += [practice_id(place, f"{number:0{width}d}") for number in range(1, count + 1)]
        prefix = "" if len(file.places) == 1 else f"{place.name} "
        names += [f"{prefix}Practice {number:0{width}d}" for number in range(1, count + 1)]
        drawn = sizes.draw(uniforms(file.seed, count, place.id, "practice", "list"))
        lists.append(fit_lists(drawn, file.lists.smallest, place.population.value))
        positions.append(settle(place).draw_practices(file.seed, place.id, count))
        rows.append(np.full(count, row, dtype=np.int64))
    return Roster(ids, names, np.concatenate(lists), np.concatenate(positions)), np.concatenate(rows)


def practice_id(place: LocalPlace, number: str) -> str:
    """Return the id of a place's practice."""
    return f"{place.id}{PRACTICE_ID}{number}"


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


def draft_bodies(
    bodies: Sequence[PublicBody], row: dict[str, int], population: Floats, middles: Floats
) -> tuple[Roster, Service]:
    """Return commissioners or local authorities, and their places, shared equally by those responsible."""
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
