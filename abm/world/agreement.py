"""Check what one number or name of a place file says against another: the parts must make one place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence, Set
from types import MappingProxyType
from typing import TYPE_CHECKING

from abm.errors import did_you_mean
from abm.records import Fault, KeyPath

if TYPE_CHECKING:
    from abm.world.placefile import LocalPlace, Named, PlaceFile

SHARE_TOLERANCE = 1e-6
"""Largest departure from 1 of shares that should add up."""
IDENTITY_TOLERANCE = 0.005
"""Largest departure of a given share of patients from use x population / catchment; allows for rounding."""

MENTIONS: Mapping[str, str] = MappingProxyType(
    {
        "hospitals": "flows",
        "community_providers": "services",
        "commissioners": "places",
        "local_authorities": "places",
    }
)
"""Lists of organisations, and the key under which each of theirs says which places it works for."""

PRACTICE_ID = "_practice_"
"""Stands between the id of a place and the number of one of its practices."""


def contradictions(file: PlaceFile, faulty: Set[KeyPath] = frozenset()) -> Iterator[Fault]:
    """Find everything in a file that contradicts something else in it.

    Parameters
    ----------
    file : PlaceFile
        The file, as far as it can be read.
    faulty : set of key paths
        What cannot be read, and must not be blamed twice.
    """
    faults = list(wrong_places(file))
    yield from faults
    yield from repeated_names(file)
    # Shares can be added up over a list only where it is known whom each of them is for.
    unsure = {str(fault.path[0]) for fault in faults}
    unsure |= {key for key, inner in MENTIONS.items() if any(_hides(path, key, inner) for path in faulty)}
    yield from wrong_uses(file, unsure)
    yield from wrong_patients(file)
    yield from wrong_services(file, unsure)
    yield from wrong_people(file)
    yield from wrong_lists(file)


def _hides(path: KeyPath, key: str, inner: str) -> bool:
    """Return whether a fault leaves unknown which places the organisations of a list work for."""
    if path[:1] != (key,):
        return False
    return len(path) < 3 or (path[2] == inner and (len(path) < 5 or path[4] == "place"))


def references(file: PlaceFile) -> Iterator[tuple[KeyPath, str]]:
    """List every mention of a place with its path."""
    for number, hospital in enumerate(file.hospitals):
        for row, flow in enumerate(hospital.flows):
            yield ("hospitals", number, "flows", row, "place"), flow.place
    for number, provider in enumerate(file.community_providers):
        for row, service in enumerate(provider.services):
            yield ("community_providers", number, "services", row, "place"), service.place
    for key, bodies in (("commissioners", file.commissioners), ("local_authorities", file.local_authorities)):
        for number, body in enumerate(bodies):
            for row, place in enumerate(body.places):
                yield (key, number, "places", row), place


def wrong_places(file: PlaceFile) -> Iterator[Fault]:
    """Find mentions of places that the file does not describe, and those repeated for one organisation."""
    known: list[str | None] = [place.id for place in file.places]
    # A place that cannot be read may be any of those that seem to be unknown.
    is_complete = bool(known) and None not in known
    names = [name for name in known if name is not None]
    mentioned: set[KeyPath] = set()
    for path, place in references(file):
        if not is_complete or _is_unreadable(place):
            continue
        if place not in known:
            yield Fault(
                path,
                f"place '{place}' is not in this file{did_you_mean(place, names)} Valid: {', '.join(names)}.",
            )
        elif (*path[:2], place) in mentioned:
            yield Fault(path, f"place '{place}' is given twice for one organisation; keep one of the two")
        mentioned.add((*path[:2], place))


def repeated_names(file: PlaceFile) -> Iterator[Fault]:
    """Find places or organisations that share an id, and places that share a name."""
    groups: tuple[tuple[str, Sequence[Named]], ...] = (
        ("places", file.places),
        ("hospitals", file.hospitals),
        ("community_providers", file.community_providers),
        ("commissioners", file.commissioners),
        ("local_authorities", file.local_authorities),
    )
    labels = [place.name for place in file.places]
    for number, label in enumerate(labels):
        if label in labels[:number] and not _is_unreadable(label):
            yield Fault(
                ("places", number, "name"), f"name '{label}' is taken by another place; choose another"
            )
    taken: dict[tuple[bool, str], str] = {}
    for key, items in groups:
        for number, item in enumerate(items):
            if _is_unreadable(item.id):
                continue
            space = (key == "places", item.id)
            if space in taken:
                yield Fault((key, number, "id"), f"id '{item.id}' is taken by {taken[space]}; choose another")
            if key != "places" and PRACTICE_ID in item.id:
                yield Fault(
                    (key, number, "id"), f"id '{item.id}' is kept for practices; avoid '{PRACTICE_ID}'"
                )
            taken.setdefault(space, f"{key} number {number + 1}")


def _is_unreadable(name: str | None) -> bool:
    """Return whether text could not be read."""
    return name is None


def wrong_uses(file: PlaceFile, unsure: Set[str]) -> Iterator[Fault]:
    """Find places without a hospital or a commissioner, or whose shares of hospital use do not add up."""
    for number, place in enumerate(file.places):
        if _is_unreadable(place.id):
            continue
        where = ("places", number)
        if "hospitals" not in unsure:
            yield from _wrong_use(file, place, where)
        if "commissioners" not in unsure and not any(
            place.id in commissioner.places for commissioner in file.commissioners
        ):
            yield Fault(where, f"place '{place.id}' has no commissioner; add it to the places of one")


def _wrong_use(file: PlaceFile, place: LocalPlace, where: KeyPath) -> Iterator[Fault]:
    """Find a place without a hospital, or whose shares of hospital use do not add up."""
    uses = [
        flow.share_of_use.value
        for hospital in file.hospitals
        for flow in hospital.flows
        if flow.place == place.id
    ]
    total = sum(uses) + place.outside_use.value
    if not uses:
        yield Fault(where, f"place '{place.id}' has no hospital; give it a flow in a hospital of 'hospitals'")
    elif abs(total - 1.0) > SHARE_TOLERANCE:
        listed = " + ".join(f"{use:g}" for use in uses)
        listed += f", outside {place.outside_use.value:g}"
        told = f"shares of hospital use of '{place.id}' add up to {total:g} ({listed})"
        yield Fault(
            (*where, "outside_use"),
            f"{told}; they should add up to 1, change a share_of_use or outside_use",
        )
    elif not math.isnan(total) and max(uses) < file.ties.tie_share.value:
        smallest = file.ties.tie_share.value
        told = f"no hospital has as much of the use of '{place.id}' as makes a tie ({smallest:g})"
        yield Fault(where, f"{told}; raise a share_of_use or lower tie_share")


def _population(file: PlaceFile) -> Mapping[str, float]:
    return {place.id: place.population.value for place in file.places if not _is_unreadable(place.id)}


def wrong_patients(file: PlaceFile) -> Iterator[Fault]:
    """Find hospitals whose shares of patients contradict use, population and catchment."""
    population = _population(file)
    for number, hospital in enumerate(file.hospitals):
        where = ("hospitals", number)
        inside = sum(
            flow.share_of_use.value * population.get(flow.place, math.nan) for flow in hospital.flows
        )
        if inside > hospital.catchment.value * (1.0 + SHARE_TOLERANCE):
            people = hospital.catchment.value
            told = f"catchment of '{hospital.id}' is {people:,} people, but its flows bring {inside:,.0f}"
            yield Fault((*where, "catchment"), f"{told}; raise the catchment or lower a share_of_use")
        for row, flow in enumerate(hospital.flows):
            at = (*where, "flows", row)
            if flow.share_of_use.value <= 0.0:
                yield Fault(
                    (*at, "share_of_use"), "share_of_use is 0; it should be above 0, or remove the flow"
                )
            implied = (
                flow.share_of_use.value * population.get(flow.place, math.nan) / hospital.catchment.value
            )
            given = flow.share_of_patients
            if given is not None and abs(given.value - implied) > IDENTITY_TOLERANCE:
                told = (
                    f"share_of_patients is {given.value:g}, but use x population / catchment is {implied:.4g}"
                )
                yield Fault((*at, "share_of_patients"), f"{told}; remove it or change one of the others")


def wrong_services(file: PlaceFile, unsure: Set[str]) -> Iterator[Fault]:
    """Find places whose community services do not add up, and services of nothing."""
    for number, place in enumerate(file.places):
        if "community_providers" in unsure or _is_unreadable(place.id):
            continue
        shares = [
            service.share.value
            for provider in file.community_providers
            for service in provider.services
            if service.place == place.id
        ]
        if shares and abs(sum(shares) - 1.0) > SHARE_TOLERANCE:
            told = f"shares of the community services of '{place.id}' add up to {sum(shares):g}"
            yield Fault(
                ("places", number),
                f"{told}; they should add up to 1, change the shares in 'community_providers'",
            )
    for number, provider in enumerate(file.community_providers):
        for row, service in enumerate(provider.services):
            if service.share.value <= 0.0:
                at = ("community_providers", number, "services", row, "share")
                yield Fault(at, "share is 0; it should be above 0, or remove the service")


def wrong_people(file: PlaceFile) -> Iterator[Fault]:
    """Find organisations that serve more people than they say."""
    population = _population(file)
    served: list[tuple[KeyPath, str, int, float]] = []
    for number, provider in enumerate(file.community_providers):
        here = sum(
            service.share.value * population.get(service.place, math.nan) for service in provider.services
        )
        served.append((("community_providers", number), provider.id, provider.people_served.value, here))
    for key, bodies in (("commissioners", file.commissioners), ("local_authorities", file.local_authorities)):
        for number, body in enumerate(bodies):
            here = sum(
                population.get(place, math.nan) / sum(place in other.places for other in bodies)
                for place in body.places
            )
            served.append(((key, number), body.id, body.people_served.value, here))
    for where, identity, people, here in served:
        if here > people * (1.0 + SHARE_TOLERANCE):
            told = f"'{identity}' serves {people:,} people in all, but {here:,.0f} in the places of this file"
            yield Fault((*where, "people_served"), f"{told}; raise people_served")


def wrong_lists(file: PlaceFile) -> Iterator[Fault]:
    """Find places whose population is too small for so many practices."""
    for number, place in enumerate(file.places):
        smallest = file.lists.smallest * place.practices.value
        if place.population.value <= smallest:
            each = file.lists.smallest
            told = (
                f"{place.practices.value} practices of {each:,} people and above need more than {smallest:,}"
            )
            told += f", the population is {place.population.value:,}"
            advice = "lower 'practices' or 'smallest' of 'lists', or raise the population"
            yield Fault(("places", number, "practices"), f"{told}; {advice}")
