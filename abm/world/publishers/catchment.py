"""Count the people and the beds of each provider, by the codes of today."""

import math
from collections.abc import Sequence

import numpy as np

from abm.world.place import Floats
from abm.world.publishers.folder import BEDS
from abm.world.publishers.matching import Matched
from abm.world.publishers.publications import Publications
from abm.world.publishers.recoding import tell_total
from abm.world.publishers.reconciliation import Reconciliation

OCCUPANCY = 0.87
"""Occupied general and acute beds over open ones, England between 86% in 2010 and 90% in 2018 (KH03)."""
PEOPLE_PER_BED = 430.0
"""People of the catchment per bed where no beds are known, as in South Somerset."""
OCCUPANCY_RANGE = (0.5, 1.2)
"""Occupancy outside is taken for an error of the table."""


def catchments(
    matched: Matched, chosen: Sequence[str], hospitals: Sequence[str], file: str, told: Reconciliation
) -> tuple[Floats, Floats]:
    """Return the people who depend on each provider, and the share of its patients from elsewhere.

    Where the table gives the provider's shares for all the places built, people of the places are divided by
    these; otherwise the people of all commissioners of the files are counted. Shares of a provider's patients belong
    to the provider as published, so people are counted by its code there, and then follow it.
    """
    inside: dict[str, float] = {}
    given: dict[str, list[float | None]] = {}
    for code in chosen:
        people = matched.people(code)
        for provider, share in matched.published[code].items():
            inside[provider] = inside.get(provider, 0.0) + share * people
            given.setdefault(provider, []).append(matched.of_provider.get((code, provider)))
    whole = dict.fromkeys(inside, 0.0)
    for code in matched.members:
        people = matched.people(code)
        for provider, share in matched.published[code].items():
            if provider in whole:
                whole[provider] += share * people
    published: dict[str, float] = {}
    for provider, shares in given.items():
        known = [share for share in shares if share is not None]
        if len(known) == len(shares) and 0.0 < math.fsum(known) <= 1.0:
            published[provider] = inside[provider] / math.fsum(known)
        else:
            published[provider] = max(inside[provider], whole[provider])
    followed = matched.providers.add_up(published)
    inside = matched.providers.add_up(inside)
    tell_total(
        told,
        file,
        "people of the providers' catchments",
        math.fsum(published.values()),
        math.fsum(followed.values()),
    )
    catchment = np.array([followed[provider] for provider in hospitals])
    return catchment, np.maximum(
        1.0 - np.array([inside[provider] for provider in hospitals]) / catchment, 0.0
    )


def count_beds(
    data: Publications, matched: Matched, hospitals: Sequence[str], catchment: Floats, told: Reconciliation
) -> tuple[Floats, Floats]:
    """Return open beds and the share occupied, followed through mergers, assumed where none are known."""
    file = data.file_of(BEDS)
    # All that are used, here or not: beds of one that is used elsewhere are not lost.
    used = {provider for shares in matched.flows.values() for provider in shares}
    available = matched.providers.add_up({code: row.available for code, row in data.beds.items()})
    with_occupied = {code: row for code, row in data.beds.items() if row.occupied is not None}
    occupied = matched.providers.add_up({code: row.occupied or 0.0 for code, row in with_occupied.items()})
    open_then = matched.providers.add_up({code: row.available for code, row in with_occupied.items()})
    lost = [
        code
        for code, row in data.beds.items()
        if row.available > 0.0 and not any(new in used for new in matched.providers.parts(code))
    ]
    here = [
        code
        for code, row in sorted(data.beds.items())
        if row.available > 0.0 and any(new in hospitals for new in matched.providers.parts(code))
    ]
    joined = matched.providers.followed(here)
    if data.beds:
        tell_total(
            told,
            file,
            "open beds",
            math.fsum(row.available for row in data.beds.values()),
            math.fsum(available.values()),
        )
    told.tell_codes(file, "providers with beds are in no flow, nor is a successor; beds left out", lost)
    told.tell_codes(file, "providers' beds followed to their successors", joined)
    beds, occupancy = np.zeros(len(hospitals)), np.full(len(hospitals), OCCUPANCY)
    assumed, odd = [], []
    for row_number, provider in enumerate(hospitals):
        beds[row_number] = max(round(available.get(provider, 0.0)), 0)
        if beds[row_number] < 1.0:
            beds[row_number] = max(round(catchment[row_number] / PEOPLE_PER_BED), 1)
            assumed.append(provider)
        if open_then.get(provider, 0.0) > 0.0:
            share = occupied[provider] / open_then[provider]
            if OCCUPANCY_RANGE[0] <= share <= OCCUPANCY_RANGE[1]:
                occupancy[row_number] = share
                continue
        odd.append(provider)
    told.tell_codes(
        file, f"providers have no beds; assumed one for {PEOPLE_PER_BED:g} people of the catchment", assumed
    )
    told.tell_codes(file, f"providers have no believable occupancy; assumed {OCCUPANCY:.0%}", odd)
    return beds, occupancy
