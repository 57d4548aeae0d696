"""Hold a local health economy as arrays: organisations, ties, flows of patients, and what follows from them.

A `Place` is what every run of a scenario shares. It is drawn once (`abm.world.synthesis`) or read from a network
(`abm.world.network`) and never changes afterwards.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from abm.records import load
from abm.world.placefile import PlaceFile

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SUM_TOLERANCE = 1e-9


class OrganisationKind(IntEnum):
    """Number the kinds of organisation in the order in which a place lists them."""

    ACUTE = 0
    COMMUNITY = 1
    COMMISSIONER = 2
    PRACTICE = 3
    LOCAL_AUTHORITY = 4


class TieKind(IntEnum):
    """Number the kinds of tie in the order in which a place lists them."""

    COMMISSIONER_ACUTE = 0
    COMMISSIONER_COMMUNITY = 1
    COMMISSIONER_PRACTICE = 2
    ACUTE_ACUTE = 3
    ACUTE_COMMUNITY = 4
    HOSPITAL_PRACTICE = 5
    PRACTICE_PRACTICE = 6
    LOCAL_AUTHORITY = 7


ORGANISATION_KINDS = tuple(kind.name.lower() for kind in OrganisationKind)
TIE_KINDS = tuple(kind.name.lower() for kind in TieKind)

PAIRED_KINDS: dict[TieKind, tuple[tuple[OrganisationKind, OrganisationKind], ...]] = {
    TieKind.COMMISSIONER_ACUTE: ((OrganisationKind.ACUTE, OrganisationKind.COMMISSIONER),),
    TieKind.COMMISSIONER_COMMUNITY: ((OrganisationKind.COMMUNITY, OrganisationKind.COMMISSIONER),),
    TieKind.COMMISSIONER_PRACTICE: ((OrganisationKind.COMMISSIONER, OrganisationKind.PRACTICE),),
    TieKind.ACUTE_ACUTE: ((OrganisationKind.ACUTE, OrganisationKind.ACUTE),),
    TieKind.ACUTE_COMMUNITY: ((OrganisationKind.ACUTE, OrganisationKind.COMMUNITY),),
    TieKind.HOSPITAL_PRACTICE: (
        (OrganisationKind.ACUTE, OrganisationKind.PRACTICE),
        (OrganisationKind.COMMUNITY, OrganisationKind.PRACTICE),
    ),
    TieKind.PRACTICE_PRACTICE: ((OrganisationKind.PRACTICE, OrganisationKind.PRACTICE),),
    TieKind.LOCAL_AUTHORITY: (
        (OrganisationKind.ACUTE, OrganisationKind.LOCAL_AUTHORITY),
        (OrganisationKind.COMMUNITY, OrganisationKind.LOCAL_AUTHORITY),
        (OrganisationKind.COMMISSIONER, OrganisationKind.LOCAL_AUTHORITY),
    ),
}


class SegmentGroup(IntEnum):
    """Say which part of an organisation's attention in a place a segment receives."""

    PRACTICES = 0
    OTHERS = 1
    ALL = 2


@dataclass(frozen=True, eq=False)
class Place:
    """Hold a local health economy: N organisations, M ties, P places, H acute providers, F flows, G segments.

    Organisations are sorted by kind, then by id, so that acute providers are rows 0 to H-1; ties by kind, then by
    their ends i < j. Side 0 of a tie is i, side 1 is j. Integer arrays are int64, the others float64, C-contiguous.

    Attributes
    ----------
    name, label : str
        Name as in files, and as shown to readers.
    place_names : tuple of str, length P
    population : (P,)
        Registered people.
    organisation_id, organisation_name : tuple of str, length N
    organisation_kind, organisation_place : (N,) int
        `OrganisationKind`, and the home place (row of `place_names`).
    population_served : (N,)
        People: whole catchment of an acute provider, list of a practice, everybody served by the others, including
        those outside the places modelled.
    position : (N, 2)
        Kilometres east and north of an arbitrary origin.
    beds, occupancy_start, outside_share : (H,)
        Open general and acute beds; share of them occupied at the start; share of the patients who come from
        outside the places modelled.
    flow_provider, flow_place : (F,) int
    flow_of_provider, flow_of_place : (F,)
        r_hp, the share of the acute provider's patients who come from the place; s_ph, the share of the place's
        hospital use that goes to the provider.
    work_organisation, work_place : (W,) int
    work_share : (W,)
        Share of an organisation's work that is in a place.
    tie_ends : (M, 2) int
    tie_kind, tie_place : (M,) int
        `TieKind`, and the place in which the tie counts.
    use_share : (M,)
        On hospital_practice ties the share of the practice's use of providers, summing to 1 over a practice; on
        commissioner_practice ties 1 over the number of the practice's commissioners; 0 on others.
    core_weight : (M,)
        Weight in the board trust of the tie's place, summing to 1 over a place.
    need : (M,)
        Need behind the tie, in thousands of people.
    segment : (M, 2) int
        Attention segment of each directed tie, that is of the attention of the organisation at that side.
    segment_organisation, segment_group : (G,) int
        Owner, and `SegmentGroup`.
    segment_share : (G,)
        Share of the owner's work that is in the segment's place.
    exposure_start : (N+1,) int
    exposure_provider : (X,) int
    exposure_weight : (X,)
        Acute providers whose crowding each organisation feels, as compressed rows; weights sum to 1 over a row.
    """

    name: str
    label: str
    place_names: tuple[str, ...]
    population: Floats
    organisation_id: tuple[str, ...]
    organisation_name: tuple[str, ...]
    organisation_kind: Integers
    organisation_place: Integers
    population_served: Floats
    position: Floats
    beds: Floats
    occupancy_start: Floats
    outside_share: Floats
    flow_provider: Integers
    flow_place: Integers
    flow_of_provider: Floats
    flow_of_place: Floats
    work_organisation: Integers
    work_place: Integers
    work_share: Floats
    tie_ends: Integers
    tie_kind: Integers
    tie_place: Integers
    use_share: Floats
    core_weight: Floats
    need: Floats
    segment: Integers
    segment_organisation: Integers
    segment_share: Floats
    segment_group: Integers
    exposure_start: Integers
    exposure_provider: Integers
    exposure_weight: Floats

    @property
    def organisations(self) -> int:
        """Count the organisations."""
        return len(self.organisation_id)

    @property
    def ties(self) -> int:
        """Count the ties."""
        return len(self.tie_kind)

    @property
    def acute_providers(self) -> int:
        """Count the acute providers, which are the first rows."""
        return len(self.beds)

    @property
    def has_local_authority(self) -> bool:
        """Tell whether any organisation is a local authority."""
        return bool(np.any(self.organisation_kind == OrganisationKind.LOCAL_AUTHORITY))

    def of_kind(self, kind: OrganisationKind) -> Integers:
        """Return the rows of the organisations of a kind, ascending."""
        return np.flatnonzero(self.organisation_kind == kind).astype(np.int64)

    @cached_property
    def content_hash(self) -> str:
        """Return the SHA-256 of every attribute, as 64 hexadecimal digits."""
        digest = hashlib.sha256()
        for field in fields(self):
            value = getattr(self, field.name)
            digest.update(field.name.encode())
            if isinstance(value, np.ndarray):
                digest.update(f"{value.dtype.str}{value.shape}".encode())
                digest.update(value.tobytes())
            else:
                digest.update(repr(value).encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class Organisations:
    """List organisations by kind and id: the columns that cannot be derived, each of length N.

    `beds` and `occupancy` hold a value for acute providers and 0 for the others. `home` is the row of the place.
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
    """List the shares of work that community providers, commissioners and local authorities have in places."""

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
) -> Place:
    """Build a place: sort the ties and derive work, segments and exposure from what is given.

    Raises
    ------
    ValueError
        When organisations are not sorted by kind and id, a place has no core tie or an organisation no work, or
        shares of use do not sum to 1 over a practice.
    """
    kind = organisations.kind
    order = sorted(range(len(kind)), key=lambda row: (int(kind[row]), organisations.id[row]))
    if order != list(range(len(kind))):
        raise ValueError("organisations must be sorted by kind, then by id")
    ends = np.stack([np.minimum(ties.first, ties.second), np.maximum(ties.first, ties.second)], axis=1)
    rank = np.lexsort((ends[:, 1], ends[:, 0], ties.kind))
    ends, tie_kind, tie_place, use_share = (
        values[rank] for values in (ends, ties.kind, ties.place, ties.use_share)
    )
    flow_rank = np.lexsort((flows.place, flows.provider))
    flows = Flows(
        *(values[flow_rank] for values in (flows.provider, flows.place, flows.of_provider, flows.of_place)),
        outside=flows.outside,
    )
    whole_work = spread_work(organisations, flows, work)
    segment, owner, share, group = split_attention(ends, tie_place, kind, whole_work, len(place_names))
    start, provider, weight = expose(organisations, flows, whole_work, ends, tie_kind, use_share)
    acute = np.flatnonzero(kind == OrganisationKind.ACUTE)
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
        tie_kind=as_integers(tie_kind),
        tie_place=as_integers(tie_place),
        use_share=as_floats(use_share),
        core_weight=as_floats(ties.core_weight[rank]),
        need=as_floats(ties.need[rank]),
        segment=as_integers(segment),
        segment_organisation=as_integers(owner),
        segment_share=as_floats(share),
        segment_group=as_integers(group),
        exposure_start=as_integers(start),
        exposure_provider=as_integers(provider),
        exposure_weight=as_floats(weight),
    )
    check_sums(place)
    return place


def as_floats(values: NDArray[np.generic]) -> Floats:
    """Return a C-contiguous float64 copy."""
    return np.array(values, dtype=np.float64, order="C")


def as_integers(values: NDArray[np.generic]) -> Integers:
    """Return a C-contiguous int64 copy."""
    return np.array(values, dtype=np.int64, order="C")


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
    """Put each directed tie into a segment: same owner, same place, counterpart a practice or not.

    Returns
    -------
    segment : (M, 2) int
    segment_organisation : (G,) int
    segment_share : (G,)
    segment_group : (G,) int
    """
    with_practice = kind[ends[:, ::-1]] == OrganisationKind.PRACTICE
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
    """Say whose crowding each organisation feels.

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


def load_place(path: str | Path) -> Place:
    """Read a place file and draw the place it describes.

    Raises
    ------
    abm.errors.InvalidInput
        With every problem of the file.
    """
    from abm.world.synthesis import synthesise

    return synthesise(load(path, PlaceFile))
