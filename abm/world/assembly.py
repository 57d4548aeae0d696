"""Assemble a place from what was drawn or read: derive work, attention segments, exposure; check the sums."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abm.world.place import (
    ORGANISATION_KINDS,
    PAIRED_KINDS,
    TIE_KINDS,
    Floats,
    Integers,
    OrganisationKind,
    Place,
    SegmentGroup,
    TieKind,
)
from abm.world.showcase import Showcase, nearness_of_places

SUM_TOLERANCE = 1e-9
SHOWCASE = Showcase()


@dataclass(frozen=True)
class Organisations:
    """List organisations by kind and id: the columns that cannot be derived, each of length N.

    `beds` and `occupancy` hold a value for acute providers and 0 for the others; `home` is the row of a
    place.
    """

    id: Sequence[str]
    name: Sequence[str]
    kind: Integers
    home: Integers
    people: Floats
    position: Floats
    beds: Floats
    occupancy: Floats


@dataclass(frozen=True)
class Flows:
    """List flows of patients from places to acute providers, each of length F; `outside` has length H."""

    provider: Integers
    place: Integers
    of_provider: Floats
    of_place: Floats
    outside: Floats


@dataclass(frozen=True)
class Work:
    """List the shares of their work that organisations have in places."""

    organisation: Integers
    place: Integers
    share: Floats


@dataclass(frozen=True)
class Ties:
    """List ties in any order, each of length M, with the attributes that cannot be derived."""

    first: Integers
    second: Integers
    kind: Integers
    place: Integers
    use_share: Floats
    core_weight: Floats
    need: Floats


def assemble(
    name: str,
    label: str,
    place_names: Sequence[str],
    population: Floats,
    organisations: Organisations,
    flows: Flows,
    work: Work,
    ties: Ties,
    showcase: Showcase = SHOWCASE,
) -> Place:
    """Build a place: sort the ties and derive work, segments, exposure and nearness from what is given.

    Raises
    ------
    ValueError
        When organisations are not sorted by kind and id, an organisation has a tie where it has no work, or
        sums on which the mechanisms rely do not hold (see `check_sums`).
    """
    kind = organisations.kind
    check_ties(ties, kind)
    order = sorted(range(len(kind)), key=lambda row: (int(kind[row]), organisations.id[row]))
    if order != list(range(len(kind))):
        raise ValueError("organisations must be sorted by kind, then by id")
    ends = np.stack([np.minimum(ties.first, ties.second), np.maximum(ties.first, ties.second)], axis=1)
    rank = np.lexsort((ends[:, 1], ends[:, 0], ties.kind))
    ends, tie_kind, tie_place, use_share = ends[rank], ties.kind[rank], ties.place[rank], ties.use_share[rank]
    flow_rank = np.lexsort((flows.place, flows.provider))
    flows = Flows(
        provider=flows.provider[flow_rank],
        place=flows.place[flow_rank],
        of_provider=flows.of_provider[flow_rank],
        of_place=flows.of_place[flow_rank],
        outside=flows.outside,
    )
    whole_work = spread_work(organisations, flows, work)
    segment, owner, share, group = split_attention(ends, tie_place, kind, whole_work, len(place_names))
    start, provider, weight = expose(organisations, flows, whole_work, ends, tie_kind, use_share)
    acute = np.flatnonzero(kind == OrganisationKind.ACUTE)
    practices = np.flatnonzero(kind == OrganisationKind.PRACTICE)
    nearness = nearness_of_places(
        place_names,
        organisations.position[practices],
        organisations.home[practices],
        flows.provider,
        flows.place,
        flows.of_place,
        showcase,
    )
    incidence_start = starts_of(ends.ravel(), kind.size)
    incidence_tie = as_integers(np.argsort(ends.ravel(), kind="stable") // 2)
    third_start, third_tie = find_thirds(ends, incidence_start, incidence_tie)
    place = Place(
        name=name,
        label=label,
        place_names=tuple(place_names),
        population=as_floats(population),
        organisation_id=tuple(organisations.id),
        organisation_name=tuple(organisations.name),
        organisation_kind=as_integers(kind),
        organisation_place=as_integers(organisations.home),
        population_served=as_floats(organisations.people),
        position=as_floats(organisations.position),
        beds=as_floats(organisations.beds[acute]),
        occupancy_start=as_floats(organisations.occupancy[acute]),
        outside_share=as_floats(flows.outside),
        flow_provider=as_integers(flows.provider),
        flow_place=as_integers(flows.place),
        flow_of_provider=as_floats(flows.of_provider),
        flow_of_place=as_floats(flows.of_place),
        work_organisation=as_integers(whole_work.organisation),
        work_place=as_integers(whole_work.place),
        work_share=as_floats(whole_work.share),
        tie_ends=as_integers(ends),
        kind_start=starts_of(tie_kind, len(TieKind)),
        tie_kind=as_integers(tie_kind),
        tie_place=as_integers(tie_place),
        use_share=as_floats(use_share),
        core_weight=as_floats(ties.core_weight[rank]),
        need=as_floats(ties.need[rank]),
        segment=as_integers(segment),
        segment_organisation=as_integers(owner),
        segment_share=as_floats(share),
        segment_group=as_integers(group),
        segment_ties=as_integers(np.bincount(segment.ravel(), minlength=owner.size)),
        showcase_km=showcase.km,
        showcase_ties=showcase.ties,
        nearness=nearness,
        practice_start=starts_of(organisations.home[practices], len(place_names)),
        practice_row=as_integers(practices[np.argsort(organisations.home[practices], kind="stable")]),
        incidence_start=incidence_start,
        incidence_tie=incidence_tie,
        exposure_start=as_integers(start),
        exposure_provider=as_integers(provider),
        exposure_weight=as_floats(weight),
        third_start=third_start,
        third_tie=third_tie,
    )
    check_sums(place)
    return place


def check_ties(ties: Ties, kind: Integers) -> None:
    """Check that every tie joins two organisations of the kinds that its own kind joins.

    Raises
    ------
    ValueError
        With the first tie that does not.
    """
    first, second = np.minimum(ties.first, ties.second), np.maximum(ties.first, ties.second)
    for i, j, tie_kind in zip(first.tolist(), second.tolist(), ties.kind.tolist(), strict=True):
        joined = (int(kind[i]), int(kind[j]))
        if i == j or joined not in PAIRED_KINDS[TieKind(tie_kind)]:
            names = " and ".join(ORGANISATION_KINDS[number] for number in joined)
            raise ValueError(f"a {TIE_KINDS[tie_kind]} tie cannot join {names} (rows {i} and {j})")


def as_floats(values: NDArray[np.generic]) -> Floats:
    """Return a C-contiguous float64 copy."""
    return np.array(values, dtype=np.float64, order="C")


def as_integers(values: NDArray[np.generic]) -> Integers:
    """Return a C-contiguous int64 copy."""
    return np.array(values, dtype=np.int64, order="C")


def find_thirds(
    ends: Integers, incidence_start: Integers, incidence_tie: Integers
) -> tuple[Integers, Integers]:
    """List the organisations with which both ends of each tie have ties.

    Parameters
    ----------
    ends : (M, 2) int
        Rows of the organisations at the sides of each tie. Of several ties that join one pair the first counts.
    incidence_start : (N+1,) int
    incidence_tie : (2M,) int
        Ties of each organisation, as compressed rows.

    Returns
    -------
    third_start : (M+1,) int
    third_tie : (T, 2) int
        Compressed rows, by tie and third organisation, ascending: the tie of side 0 with the third organisation, and
        that of side 1.
    """
    ties = len(ends)
    organisations = len(incidence_start) - 1
    pairs = np.concatenate([ends[:, 0] * organisations + ends[:, 1], ends[:, 1] * organisations + ends[:, 0]])
    order = np.argsort(pairs, kind="stable")
    pairs, tie_of_pair = pairs[order], order % max(ties, 1)
    degree = np.diff(incidence_start)
    # Whoever the end with fewer ties deals with is looked up among the ties of the other.
    fewer = np.where(degree[ends[:, 0]] <= degree[ends[:, 1]], 0, 1)
    rows = np.arange(ties)
    asked, other = ends[rows, fewer], ends[rows, 1 - fewer]
    counts = degree[asked]
    tie = np.repeat(rows, counts)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    known_by = incidence_tie[np.repeat(incidence_start[asked], counts) + offset]
    third = ends[known_by].sum(axis=1) - asked[tie]
    wanted = other[tie] * organisations + third
    found = np.searchsorted(pairs, wanted)
    found[found == len(pairs)] = 0
    is_shared = pairs[found] == wanted if len(pairs) else np.zeros(0, dtype=bool)
    tie, third, known_by, found = tie[is_shared], third[is_shared], known_by[is_shared], found[is_shared]
    sides = np.stack([known_by, tie_of_pair[found]], axis=1)
    swapped = fewer[tie] == 1
    sides[swapped] = sides[swapped, ::-1]
    _, first = np.unique(tie * organisations + third, return_index=True)
    start = np.concatenate([[0], np.cumsum(np.bincount(tie[first], minlength=ties))])
    return start.astype(np.int64), np.ascontiguousarray(sides[first], dtype=np.int64)


def starts_of(owners: NDArray[np.generic], rows: int) -> Integers:
    """Return where each row begins and ends when entries are sorted by their owners, (rows + 1,)."""
    return as_integers(np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=rows))]))


def spread_work(organisations: Organisations, flows: Flows, work: Work) -> Work:
    """List the work of every organisation by place: acute providers by r_hp, practices wholly at home."""
    practices = np.flatnonzero(organisations.kind == OrganisationKind.PRACTICE)
    owner = np.concatenate([flows.provider, work.organisation, practices])
    place = np.concatenate([flows.place, work.place, organisations.home[practices]])
    share = np.concatenate([flows.of_provider, work.share, np.ones(len(practices))])
    rank = np.lexsort((place, owner))
    return Work(owner[rank], place[rank], share[rank])


def split_attention(
    ends: Integers, tie_place: Integers, kind: Integers, work: Work, places: int
) -> tuple[Integers, Integers, Floats, Integers]:
    """Assign each directed tie to a segment: same owner, same place, counterpart a practice or not.

    A practice's own ties in a place are one segment: reserving time for general practice binds the others.

    Returns
    -------
    segment : (M, 2) int
    segment_organisation : (G,) int
    segment_share : (G,)
    segment_group : (G,) int
    """
    is_practice = kind[ends] == OrganisationKind.PRACTICE
    with_practice = is_practice[:, ::-1] & ~is_practice
    key = (ends * places + tie_place[:, None]) * 2 + np.where(with_practice, 0, 1)
    keys, segment = np.unique(key, return_inverse=True)
    owner = keys // (2 * places)
    share = np.zeros((len(kind), places))
    share[work.organisation, work.place] = work.share
    segment_share = share[owner, keys // 2 % places]
    if np.any(segment_share <= 0.0):
        raise ValueError("an organisation has a tie in a place in which it has no work")
    both = np.isin(keys ^ 1, keys)
    group = np.where(both, keys % 2, SegmentGroup.ALL)
    return segment.reshape(ends.shape), owner, segment_share, group


def expose(
    organisations: Organisations,
    flows: Flows,
    work: Work,
    ends: Integers,
    tie_kind: Integers,
    use_share: Floats,
) -> tuple[Integers, Integers, Floats]:
    """Return whose crowding each organisation feels.

    An acute provider feels its own; a practice that of the acute providers it uses, by its shares of use; the
    others that of the acute providers of the places where they work, by the places' use and their own work.

    Returns
    -------
    exposure_start : (N+1,) int
    exposure_provider : (X,) int
    exposure_weight : (X,)
    """
    kind = organisations.kind
    rows: list[dict[int, float]] = [{} for _ in range(len(kind))]
    users_of_place: list[list[tuple[int, float]]] = [[] for _ in range(int(organisations.home.max()) + 1)]
    users_of_place += [[] for _ in range(int(flows.place.max()) + 1 - len(users_of_place))]
    for provider, place, share in zip(
        flows.provider.tolist(), flows.place.tolist(), flows.of_place.tolist(), strict=True
    ):
        users_of_place[place].append((provider, share))
    used = (tie_kind == TieKind.HOSPITAL_PRACTICE) & (kind[ends[:, 0]] == OrganisationKind.ACUTE)
    for (provider, practice), share in zip(ends[used].tolist(), use_share[used].tolist(), strict=True):
        rows[practice][provider] = share
    for owner, place, share in zip(
        work.organisation.tolist(), work.place.tolist(), work.share.tolist(), strict=True
    ):
        if kind[owner] == OrganisationKind.ACUTE:
            rows[owner] = {owner: 1.0}
        elif kind[owner] != OrganisationKind.PRACTICE or not rows[owner]:
            whole = sum(use for _, use in users_of_place[place])
            for provider, use in users_of_place[place]:
                rows[owner][provider] = rows[owner].get(provider, 0.0) + share * use / whole
    start = np.cumsum([0, *map(len, rows)])
    providers = [provider for row in rows for provider in sorted(row)]
    weights = [row[provider] / sum(row.values()) for row in rows for provider in sorted(row)]
    return start, np.array(providers, dtype=np.int64), np.array(weights)


def check_sums(place: Place) -> None:
    """Check the sums on which the mechanisms rely.

    Raises
    ------
    ValueError
        When core weights do not sum to 1 over a place, shares of use over a practice, patients over an acute
        provider, or an organisation feels no acute provider.
    """
    core = np.bincount(place.tie_place, place.core_weight, len(place.place_names))
    practices = place.of_kind(OrganisationKind.PRACTICE)
    hospital = place.tie_kind == TieKind.HOSPITAL_PRACTICE
    use = np.bincount(place.tie_ends[hospital, 1], place.use_share[hospital], place.organisations)[practices]
    patients = np.bincount(place.flow_provider, place.flow_of_provider, place.acute_providers)
    for sums, what in (
        (core, "core weights over the ties of a place"),
        (use, "shares of use over the ties of a practice"),
        (patients + place.outside_share, "shares of an acute provider's patients"),
    ):
        if np.any(np.abs(sums - 1.0) > SUM_TOLERANCE):
            raise ValueError(f"{what} must sum to 1, found {sums.min()!r} to {sums.max()!r}")
    if np.any(np.diff(place.exposure_start) == 0):
        raise ValueError("every organisation must depend on an acute provider")
