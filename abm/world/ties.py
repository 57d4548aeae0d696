"""Join organisations by ties: who can deal with whom, in which place it counts, and what need is behind it.

Shares of use make the ties. A hospital and a commissioner, another hospital, a community provider or a
practice are tied where the hospital has at least `tie_share` of the use of the place or of the practice. A
pair has one tie, which counts in the place that matters most to it, even when both work in several places.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import accumulate

import numpy as np

from abm.world.assembly import SHOWCASE, Flows, Organisations, Ties, Work, assemble
from abm.world.place import Floats, Integers, OrganisationKind, Place, TieKind
from abm.world.showcase import Showcase

PEOPLE_PER_UNIT_OF_NEED = 1000.0


@dataclass(frozen=True)
class Rules:
    """The share of use from which a tie exists, and the weights of core ties.

    Attributes
    ----------
    tie_share : float
        Smallest share of use that makes a tie.
    main_share : float
        Smallest share of a place's use that ties a hospital to the local authority.
    community_use : float
        Share of a practice's use of providers that goes to community providers.
    social_care_weight : float
        Weight of a tie of the local authority, beside 1 for all the hospital use of a place.
    """

    tie_share: float
    main_share: float
    community_use: float
    social_care_weight: float


@dataclass(frozen=True)
class Roster:
    """List the organisations of one kind, sorted by id."""

    id: Sequence[str]
    name: Sequence[str]
    people: Floats
    position: Floats


@dataclass(frozen=True)
class Service:
    """List which organisation of a roster serves which place, with the share of the place's need."""

    organisation: Integers
    place: Integers
    share: Floats

    def by_place(self, places: int) -> list[list[tuple[int, float]]]:
        """Group as (organisation, share) by place."""
        grouped: list[list[tuple[int, float]]] = [[] for _ in range(places)]
        for organisation, place, share in zip(
            self.organisation.tolist(), self.place.tolist(), self.share.tolist(), strict=True
        ):
            grouped[place].append((organisation, share))
        return grouped

    def homes(self, organisations: int, population: Floats) -> Integers:
        """Return the place in which each organisation serves most people; the first of equals."""
        people = np.zeros((organisations, len(population)))
        people[self.organisation, self.place] = self.share * population[self.place]
        homes: Integers = np.argmax(people, axis=1).astype(np.int64)
        return homes


@dataclass(frozen=True)
class Draft:
    """A place before its organisations are joined. Numbers of organisations count within their roster.

    Attributes
    ----------
    hospital_use : Service
        Share s_ph of each place's hospital use by acute provider, all above 0.
    outside_share : (H,)
        Share of an acute provider's patients from outside the places.
    practice_place : (K,) int
    practice_use : Service
        Share s_kh of each practice's hospital use by acute provider; its `place` is the practice's number.
    neighbours : (B, 2) int
        Pairs of neighbouring practices, the smaller number first, each once.
    """

    name: str
    label: str
    place_names: Sequence[str]
    population: Floats
    acute: Roster
    beds: Floats
    occupancy: Floats
    hospital_use: Service
    outside_share: Floats
    community: Roster
    community_service: Service
    commissioner: Roster
    commissioner_service: Service
    practice: Roster
    practice_place: Integers
    practice_use: Service
    neighbours: Integers
    authority: Roster
    authority_service: Service
    rules: Rules
    showcase: Showcase = SHOWCASE

    @property
    def rosters(self) -> tuple[Roster, ...]:
        """Return the rosters in the order of `OrganisationKind`."""
        return self.acute, self.community, self.commissioner, self.practice, self.authority

    @property
    def start(self) -> list[int]:
        """Return the first row of each kind of organisation, and the number of organisations."""
        return [0, *accumulate(len(roster.id) for roster in self.rosters)]


@dataclass(frozen=True)
class Candidate:
    """A core tie that could count in a place; `rank` decides between places."""

    kind: TieKind
    first: int
    second: int
    place: int
    weight: float
    rank: float


def join(draft: Draft) -> Place:
    """Join a draft's organisations and assemble the place."""
    rosters = draft.rosters
    start = draft.start
    homes = (
        draft.hospital_use.homes(len(draft.acute.id), draft.population),
        draft.community_service.homes(len(draft.community.id), draft.population),
        draft.commissioner_service.homes(len(draft.commissioner.id), draft.population),
        draft.practice_place,
        draft.authority_service.homes(len(draft.authority.id), draft.population),
    )
    others = start[OrganisationKind.COMMUNITY]
    organisations = Organisations(
        id=[identity for roster in rosters for identity in roster.id],
        name=[name for roster in rosters for name in roster.name],
        kind=np.repeat(np.arange(len(rosters)), [len(roster.id) for roster in rosters]),
        home=np.concatenate(homes),
        people=np.concatenate([roster.people for roster in rosters]),
        position=np.concatenate([roster.position for roster in rosters]),
        beds=np.concatenate([draft.beds, np.zeros(start[-1] - others)]),
        occupancy=np.concatenate([draft.occupancy, np.zeros(start[-1] - others)]),
    )
    use = draft.hospital_use
    flows = Flows(
        provider=use.organisation,
        place=use.place,
        of_provider=use.share * draft.population[use.place] / draft.acute.people[use.organisation],
        of_place=use.share,
        outside=draft.outside_share,
    )
    ties = stack([core_ties(draft), practice_ties(draft)])
    return assemble(
        draft.name,
        draft.label,
        draft.place_names,
        draft.population,
        organisations,
        flows,
        divide_work(draft),
        ties,
        draft.showcase,
    )


def divide_work(draft: Draft) -> Work:
    """Return the work of community providers, commissioners and local authorities by place."""
    owners, places, shares = [], [], []
    for kind, roster, service in (
        (OrganisationKind.COMMUNITY, draft.community, draft.community_service),
        (OrganisationKind.COMMISSIONER, draft.commissioner, draft.commissioner_service),
        (OrganisationKind.LOCAL_AUTHORITY, draft.authority, draft.authority_service),
    ):
        owners.append(draft.start[kind] + service.organisation)
        places.append(service.place)
        shares.append(service.share * draft.population[service.place] / roster.people[service.organisation])
    return Work(np.concatenate(owners), np.concatenate(places), np.concatenate(shares))


def core_ties(draft: Draft) -> Ties:
    """Join commissioners, hospitals, community providers and local authorities.

    A tie weighs in board trust by the use behind it: s_ph for a commissioner and a hospital, the community
    provider's share for a commissioner and a community provider, their product for a hospital and a community
    provider; weights are scaled to sum to 1 over a place. Ties between hospitals do not weigh.

    Raises
    ------
    ValueError
        When a place has no core tie, because every pair counts in another place.
    """
    chosen: dict[tuple[int, int, int], Candidate] = {}
    for candidate in core_candidates(draft):
        pair = (candidate.kind, candidate.first, candidate.second)
        if pair not in chosen or candidate.rank > chosen[pair].rank:
            chosen[pair] = candidate
    kept = list(chosen.values())
    place = np.array([candidate.place for candidate in kept], dtype=np.int64)
    kind = np.array([candidate.kind for candidate in kept], dtype=np.int64)
    weight = np.array([candidate.weight for candidate in kept])
    core = np.where(kind == TieKind.ACUTE_ACUTE, 0.0, weight)
    total = np.bincount(place, core, len(draft.population))
    if np.any(total <= 0.0):
        told = "every pair of its organisations has more to do with each other elsewhere"
        raise ValueError(
            f"place '{draft.place_names[int(np.argmin(total))]}' has no core tie of its own: {told}; "
            "give it an organisation of its own or merge it with its neighbour"
        )
    return Ties(
        first=np.array([candidate.first for candidate in kept], dtype=np.int64),
        second=np.array([candidate.second for candidate in kept], dtype=np.int64),
        kind=kind,
        place=place,
        use_share=np.zeros(len(kept)),
        core_weight=core / total[place],
        need=draft.population[place] / PEOPLE_PER_UNIT_OF_NEED * weight,
    )


def core_candidates(draft: Draft) -> list[Candidate]:
    """List every core tie in every place in which it could count, places in order."""
    acute, community, commissioner, _, authority = draft.start[:-1]
    rules = draft.rules
    places = len(draft.population)
    found: list[Candidate] = []
    hospital_use = draft.hospital_use.by_place(places)
    community_service = draft.community_service.by_place(places)
    commissioner_service = draft.commissioner_service.by_place(places)
    authority_service = draft.authority_service.by_place(places)
    for place, people in enumerate(draft.population.tolist()):
        hospitals = [(acute + row, share) for row, share in hospital_use[place] if share >= rules.tie_share]
        providers = [(community + row, share) for row, share in community_service[place]]
        commissioners = [(commissioner + row, share) for row, share in commissioner_service[place]]
        pairs: list[tuple[TieKind, int, int, float]] = []
        for buyer, bought in commissioners:
            part = bought / sum(share for _, share in commissioners)
            pairs += [(TieKind.COMMISSIONER_ACUTE, row, buyer, part * share) for row, share in hospitals]
            pairs += [(TieKind.COMMISSIONER_COMMUNITY, row, buyer, part * share) for row, share in providers]
        for row, share in hospitals:
            pairs += [(TieKind.ACUTE_COMMUNITY, row, other, share * part) for other, part in providers]
        for council, _ in authority_service[place]:
            main = [row for row, share in hospitals if share >= rules.main_share]
            for row in main + [row for row, _ in providers] + [row for row, _ in commissioners]:
                pairs.append((TieKind.LOCAL_AUTHORITY, row, authority + council, rules.social_care_weight))
        found += [Candidate(kind, i, j, place, weight, weight * people) for kind, i, j, weight in pairs]
        for number, (row, share) in enumerate(hospitals):
            for other, part in hospitals[number + 1 :]:
                both = min(share, part)
                first, second = min(row, other), max(row, other)
                found.append(Candidate(TieKind.ACUTE_ACUTE, first, second, place, both, both))
    return found


def practice_ties(draft: Draft) -> Ties:
    """Join practices with commissioners, the hospitals and community providers they use, and neighbours.

    A practice that uses no hospital for `tie_share` of its patients is tied to the one it uses most.
    """
    acute, community, commissioner, practice, _ = draft.start[:-1]
    people = draft.practice.people / PEOPLE_PER_UNIT_OF_NEED
    buyers, bought = match(draft.commissioner_service, draft.practice_place)
    providers, served = match(draft.community_service, draft.practice_place)
    used = draft.practice_use
    most = np.zeros(len(people))
    np.maximum.at(most, used.place, used.share)
    strong = used.share >= np.minimum(draft.rules.tie_share, most)[used.place]
    hospital, patient, hospital_use = used.organisation[strong], used.place[strong], used.share[strong]
    community_use = draft.community_service.share[providers]
    whole_hospital = np.bincount(patient, hospital_use, len(people))
    whole_community = np.bincount(served, community_use, len(people))
    to_community = np.where(whole_community > 0.0, draft.rules.community_use, 0.0)
    hospital_use = hospital_use / whole_hospital[patient] * (1.0 - to_community[patient])
    community_use = community_use / whole_community[served] * to_community[served]
    buying = 1.0 / np.bincount(bought, minlength=len(people))[bought]
    neighbour, other = draft.neighbours[:, 0], draft.neighbours[:, 1]
    mean_list = (people[neighbour] + people[other]) / 2.0

    def tied(kind: TieKind, first: Integers, number: Integers, use_share: Floats, need: Floats) -> Ties:
        return Ties(
            first=first,
            second=practice + number,
            kind=np.full(len(number), kind, dtype=np.int64),
            place=draft.practice_place[number],
            use_share=use_share,
            core_weight=np.zeros(len(number)),
            need=need,
        )

    commissioners = commissioner + draft.commissioner_service.organisation[buyers]
    communities = community + draft.community_service.organisation[providers]
    hospital_need, community_need = people[patient] * hospital_use, people[served] * community_use
    return stack(
        [
            tied(TieKind.COMMISSIONER_PRACTICE, commissioners, bought, buying, people[bought]),
            tied(TieKind.HOSPITAL_PRACTICE, acute + hospital, patient, hospital_use, hospital_need),
            tied(TieKind.HOSPITAL_PRACTICE, communities, served, community_use, community_need),
            tied(TieKind.PRACTICE_PRACTICE, practice + neighbour, other, np.zeros(len(other)), mean_list),
        ]
    )


def match(service: Service, practice_place: Integers) -> tuple[Integers, Integers]:
    """Pair each row of a service with the practices of its place.

    Returns
    -------
    row, practice : (R,) int
        Row of the service and number of the practice, one pair each.
    """
    practices = [np.flatnonzero(practice_place == place) for place in service.place.tolist()]
    rows = np.repeat(np.arange(len(practices)), [len(found) for found in practices])
    return rows, np.concatenate([np.zeros(0, dtype=np.int64), *practices])


def stack(parts: Sequence[Ties]) -> Ties:
    """Concatenate lists of ties."""
    return Ties(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(Ties)
        }
    )


def neighbour_pairs(position: Floats, practice_place: Integers, nearest: int) -> tuple[Integers, Floats]:
    """Pair each practice with the nearest others of its place.

    Returns
    -------
    pairs : (B, 2) int
        The smaller number first, each pair once, ascending.
    closeness : (B,)
        Rank of one among the other's neighbours, from 0, plus a fraction that grows with distance.
    """
    pairs, closeness = [np.zeros((0, 2), dtype=np.int64)], [np.zeros(0)]
    for place in range(int(practice_place.max()) + 1):
        rows = np.flatnonzero(practice_place == place)
        reach = min(nearest, len(rows) - 1)
        if reach < 1:
            continue
        apart_km = np.sqrt(((position[rows, None, :] - position[None, rows, :]) ** 2).sum(axis=2))
        np.fill_diagonal(apart_km, -1.0)
        found = np.argsort(apart_km, axis=1, kind="stable")[:, 1 : reach + 1]
        distance = np.take_along_axis(apart_km, found, axis=1).ravel()
        rank = np.tile(np.arange(reach), len(rows)) + distance / (1.0 + distance)
        pairs.append(np.sort(np.stack([np.repeat(rows, reach), rows[found.ravel()]], axis=1), axis=1))
        closeness.append(rank)
    every, near = np.concatenate(pairs), np.concatenate(closeness)
    unique, position_of = np.unique(every, axis=0, return_inverse=True)
    best = np.full(len(unique), np.inf)
    np.minimum.at(best, position_of.ravel(), near)
    return unique, best
