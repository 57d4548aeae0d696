"""A local health economy as arrays: organisations, ties, flows of patients, and what follows from them.

All runs of a scenario share one `Place`, which never changes. `abm.world.place_loading` reads places from files.
"""

import hashlib
from dataclasses import dataclass, field, fields
from enum import IntEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


DERIVED = MappingProxyType({"is_derived": True})
"""Metadata of arrays that follow from the others, and so are left out of the content hash."""


class OrganisationKind(IntEnum):
    """The kinds of organisation, in the order in which a place lists them."""

    ACUTE = 0
    COMMUNITY = 1
    COMMISSIONER = 2
    PRACTICE = 3
    LOCAL_AUTHORITY = 4


class TieKind(IntEnum):
    """The kinds of tie, in the order in which a place lists them."""

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
    """The part of an organisation's attention in a place that a segment receives."""

    PRACTICES = 0
    OTHERS = 1
    ALL = 2


@dataclass(frozen=True, eq=False)
class Place:
    """A local health economy: N organisations, M ties, P places, H acute providers, F flows, G segments.

    Organisations are sorted by kind, then by id, so that acute providers are rows 0 to H-1; ties by kind,
    then by their ends i < j. Side 0 of a tie is i, side 1 is j. Integer arrays are int64, the others float64,
    C-contiguous.

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
        People: whole catchment of an acute provider, list of a practice, everybody served by any other organisation,
        including those outside the places modelled.
    position : (N, 2)
        Kilometres east and north of an arbitrary origin.
    beds, occupancy_start, outside_share : (H,)
        Open general and acute beds; share of them occupied at the start; share of the patients who come from
        outside the places modelled.
    flow_provider, flow_place : (F,) int
    flow_of_provider, flow_of_place : (F,)
        r_hp, the share of the acute provider's patients who come from the place; s_ph, the share of the
        place's hospital use that goes to the provider.
    work_organisation, work_place : (W,) int
    work_share : (W,)
        Share of an organisation's work that is in a place.
    tie_ends : (M, 2) int
    kind_start : (9,) int
        Where the ties of each `TieKind` begin, and end where the next begin.
    tie_kind, tie_place : (M,) int
        `TieKind`, and the place in which the tie counts.
    use_share : (M,)
        On hospital_practice ties the share of the practice's use of providers, summing to 1 over a practice;
        on commissioner_practice ties 1 over the number of the practice's commissioners; 0 on others.
    core_weight : (M,)
        Weight in the board trust of the tie's place, summing to 1 over a place.
    need : (M,)
        Need behind the tie, in thousands of people.
    segment : (M, 2) int
        Attention segment of each directed tie, that is of the attention of the organisation at that side.
    segment_organisation, segment_group, segment_ties : (G,) int
        Owner, `SegmentGroup`, and number of directed ties.
    segment_share : (G,)
        Share of the owner's work that is in the segment's place.
    showcase_km, showcase_ties : float
        Reach of examples in kilometres; nearness added by use of the same acute providers.
    nearness : (P, P)
        How well the place of the row sees the example of the place of the column (`abm.world.showcase`), from
        0 to 1; 0 on the diagonal.
    practice_start : (P+1,) int
    practice_row : (K,) int
        Practices at home in each place, as compressed rows, ascending in a row.
    incidence_start : (N+1,) int
    incidence_tie : (2M,) int
        Ties of each organisation, as compressed rows, ascending in a row.
    exposure_start : (N+1,) int
    exposure_provider : (X,) int
    exposure_weight : (X,)
        Acute providers whose crowding each organisation feels, as compressed rows; weights sum to 1 over a
        row.
    third_start : (M+1,) int
    third_tie : (T, 2) int
        Organisations with which both ends of each tie have ties, as compressed rows, ascending in a row: the tie of
        side 0 with the third organisation and that of side 1.
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
    kind_start: Integers
    tie_kind: Integers
    tie_place: Integers
    use_share: Floats
    core_weight: Floats
    need: Floats
    segment: Integers
    segment_organisation: Integers
    segment_share: Floats
    segment_group: Integers
    segment_ties: Integers
    showcase_km: float
    showcase_ties: float
    nearness: Floats
    practice_start: Integers
    practice_row: Integers
    incidence_start: Integers
    incidence_tie: Integers
    exposure_start: Integers
    exposure_provider: Integers
    exposure_weight: Floats
    third_start: Integers = field(metadata=DERIVED)
    third_tie: Integers = field(metadata=DERIVED)

    @property
    def organisations(self) -> int:
        """Return the number of organisations."""
        return len(self.organisation_id)

    @property
    def ties(self) -> int:
        """Return the number of ties."""
        return len(self.tie_kind)

    @property
    def acute_providers(self) -> int:
        """Return the number of acute providers, which are the first rows."""
        return len(self.beds)

    @property
    def has_local_authority(self) -> bool:
        """Return whether any organisation is a local authority."""
        return bool(np.any(self.organisation_kind == OrganisationKind.LOCAL_AUTHORITY))

    def of_kind(self, kind: OrganisationKind) -> Integers:
        """Return the rows of the organisations of a kind, ascending."""
        return np.flatnonzero(self.organisation_kind == kind).astype(np.int64)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """The length of every axis of state (`abm.world.vocabulary`)."""
        return {
            "organisation": self.organisations,
            "acute provider": self.acute_providers,
            "tie": self.ties,
            "side": 2,
            "place": len(self.place_names),
            "attention segment": len(self.segment_organisation),
            "kind of organisation": len(ORGANISATION_KINDS),
        }

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays by name."""
        return {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}

    @cached_property
    def content_hash(self) -> str:
        """Return the SHA-256 of every attribute that does not follow from others, as 64 hexadecimal digits."""
        digest = hashlib.sha256()
        for one in fields(self):
            if one.metadata is DERIVED:
                continue
            value = getattr(self, one.name)
            digest.update(one.name.encode())
            if isinstance(value, np.ndarray):
                digest.update(f"{value.dtype.str}{value.shape}".encode())
                digest.update(value.tobytes())
            else:
                digest.update(repr(value).encode())
        return digest.hexdigest()
