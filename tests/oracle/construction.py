"""Build the objects of the oracle from the arrays of a place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .local_place import LocalPlace
from .organisations import AcuteProvider, Commissioner, CommunityProvider, LocalAuthority, Organisation
from .practice import Practice
from .ties import TIE_KINDS, Segment, Tie

if TYPE_CHECKING:
    from abm.world.place import Place

    from .model import OracleModel

KINDS: tuple[type[Organisation], ...] = (
    AcuteProvider,
    CommunityProvider,
    Commissioner,
    Practice,
    LocalAuthority,
)
"""Classes by the integer code of their kind."""

PURCHASING_KINDS = ("commissioner_acute", "commissioner_community")
BIDDING_KINDS = ("acute_acute", "acute_community")


def build_places(model: OracleModel, place: Place) -> list[LocalPlace]:
    """Build an object per local place, and tell each what it can see of the others."""
    places = [
        LocalPlace(model, index, name, people)
        for index, (name, people) in enumerate(zip(place.place_names, place.population.tolist(), strict=True))
    ]
    for one, row in zip(places, place.nearness.tolist(), strict=True):
        one.in_sight = [
            (other, nearness) for other, nearness in zip(places, row, strict=True) if nearness > 0.0
        ]
    return places


def build_organisations(model: OracleModel, place: Place, places: list[LocalPlace]) -> list[Organisation]:
    """Build an agent per organisation, and tell each whose beds it feels."""
    patients: list[list[tuple[LocalPlace, float]]] = [[] for _ in place.beds]
    for hospital, origin, share in zip(
        place.flow_provider.tolist(), place.flow_place.tolist(), place.flow_of_provider.tolist(), strict=True
    ):
        patients[hospital].append((places[origin], share))

    organisations: list[Organisation] = []
    for index, (code, home, people) in enumerate(
        zip(
            place.organisation_kind.tolist(),
            place.organisation_place.tolist(),
            place.population_served.tolist(),
            strict=True,
        )
    ):
        kind = KINDS[code]
        own: dict[str, Any] = {}
        if kind is AcuteProvider:
            own = {
                "beds": float(place.beds[index]),
                "occupancy_start": float(place.occupancy_start[index]),
                "outside_share": float(place.outside_share[index]),
                "patients": patients[index],
            }
        organisation = kind(model, index, places[home], people, **own)
        organisations.append(organisation)
        if isinstance(organisation, Practice):
            places[home].practices.append(organisation)
            places[home].open_practices += 1

    starts = place.exposure_start.tolist()
    providers = place.exposure_provider.tolist()
    weights = place.exposure_weight.tolist()
    for organisation in organisations:
        for entry in range(starts[organisation.index], starts[organisation.index + 1]):
            hospital = organisations[providers[entry]]
            assert isinstance(hospital, AcuteProvider)
            organisation.exposures.append((hospital, weights[entry]))
    return organisations


def build_ties(
    place: Place,
    organisations: list[Organisation],
    places: list[LocalPlace],
    parameters: dict[str, float],
) -> tuple[list[Tie], list[Segment]]:
    """Build an object per tie and per segment of attention, and tell organisations and places which ties are theirs."""
    segments = [
        Segment(organisations[owner], share, group)
        for owner, share, group in zip(
            place.segment_organisation.tolist(),
            place.segment_share.tolist(),
            place.segment_group.tolist(),
            strict=True,
        )
    ]
    ties = []
    for index, (first, second) in enumerate(place.tie_ends.tolist()):
        tie = Tie(
            index,
            TIE_KINDS[place.tie_kind[index]],
            places[place.tie_place[index]],
            (organisations[first], organisations[second]),
            need_weight=float(place.need[index]) ** parameters["attention.need_power"],
            use_share=float(place.use_share[index]),
            core_weight=float(place.core_weight[index]),
        )
        ties.append(tie)
        for side, segment in zip(tie.sides, place.segment[index].tolist(), strict=True):
            segments[segment].sides.append(side)
            side.organisation.sides.append(side)
        attach_to_place(tie)
        attach_to_practice(tie)
    for segment in segments:
        assert all(side.organisation is segment.organisation for side in segment.sides)
        if segment.sides:
            segment.organisation.segments.append(segment)
    return ties, segments


def attach_to_place(tie: Tie) -> None:
    """Enter a tie where its place needs it."""
    if tie.core_weight > 0.0:
        tie.place.core_ties.append(tie)
    if tie.kind in PURCHASING_KINDS:
        tie.place.purchasing_ties.append(tie)
    if tie.kind in BIDDING_KINDS:
        tie.place.bidding_ties.append(tie)


def attach_to_practice(tie: Tie) -> None:
    """Enter a tie where the practice on its second side, or practices on both, need it."""
    practice = tie.second.organisation
    if not isinstance(practice, Practice):
        return
    if tie.kind == "hospital_practice":
        practice.provider_sides.append((tie.second, tie.use_share))
    elif tie.kind == "commissioner_practice":
        practice.commissioner_sides.append((tie.second, tie.use_share))
    else:
        for side in tie.sides:
            side.organisation.neighbour_sides.append(side)
