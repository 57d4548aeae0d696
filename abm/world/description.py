"""Describe a place in figures: sizes, who serves whom, and how far apart everybody is."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from abm.world.place import Floats, Integers, OrganisationKind, Place, TieKind

LIST_PERCENTILES = (5, 25, 50, 75, 95)
SHARED_USE = 0.05
"""Share of a commissioner's hospital use from which it counts as served by a provider."""
FIFTH = 5


@dataclass(frozen=True)
class Description:
    """What is said of a place.

    Attributes
    ----------
    organisations : mapping of OrganisationKind to int
    ties : mapping of TieKind to int
    figures : mapping of str to float
        `list_p5` to `list_p95`, `list_mean` and `list_sd` (people); `practices_mean` and `_sd` (per
        commissioner); `population_mean`, `_sd` and `_total` (people, per place); `main_share_mean` and `_sd`
        (largest share of a place's hospital use); `providers_used` (with at least 5% of a place's use, mean);
        `shared_providers` (acute providers with at least 5% of two or more places); `nearest_hospital_km` and
        `fifth_practice_km` (medians over practices, NaN with fewer than six practices).
    """

    organisations: Mapping[OrganisationKind, int]
    ties: Mapping[TieKind, int]
    figures: Mapping[str, float]


def describe(place: Place) -> Description:
    """Describe a place."""
    practices = place.of_kind(OrganisationKind.PRACTICE)
    lists = place.population_served[practices]
    served = practices_of_commissioners(place)
    main = main_shares(place)
    strong = place.flow_of_place >= SHARED_USE
    clients = np.bincount(place.flow_provider[strong], minlength=place.acute_providers)
    position = place.position[practices]
    quantiles = np.percentile(lists, LIST_PERCENTILES).tolist()
    figures = dict(zip((f"list_p{percent}" for percent in LIST_PERCENTILES), quantiles, strict=True))
    for name, values in (
        ("list", lists),
        ("practices", served.astype(np.float64)),
        ("population", place.population),
        ("main_share", main),
    ):
        figures[f"{name}_mean"] = float(values.mean())
        figures[f"{name}_sd"] = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    figures["population_total"] = float(place.population.sum())
    figures["providers_used"] = float(strong.sum()) / len(place.place_names)
    figures["shared_providers"] = float((clients >= 2).sum())
    hospitals = place.position[: place.acute_providers]
    figures["nearest_hospital_km"] = float(np.median(nth_nearest_km(position, hospitals, 1)))
    figures["fifth_practice_km"] = (
        float(np.median(nth_nearest_km(position, position, FIFTH + 1)))
        if len(practices) > FIFTH
        else float("nan")
    )
    return Description(
        organisations={kind: len(place.of_kind(kind)) for kind in OrganisationKind},
        ties={kind: int((place.tie_kind == kind).sum()) for kind in TieKind},
        figures=figures,
    )


def practices_of_commissioners(place: Place) -> Integers:
    """Return the number of practices of each commissioner that has any."""
    buying = place.tie_kind == TieKind.COMMISSIONER_PRACTICE
    counts = np.bincount(place.tie_ends[buying, 0], minlength=place.organisations)
    return counts[counts > 0].astype(np.int64)


def main_shares(place: Place) -> Floats:
    """Return the largest share of each place's hospital use, shape (P,)."""
    main = np.zeros(len(place.place_names))
    np.maximum.at(main, place.flow_place, place.flow_of_place)
    return main


def nth_nearest_km(points: Floats, others: Floats, nth: int) -> Floats:
    """Return the distance of each point to the n-th nearest of others, a point itself being its own first."""
    found = np.empty(len(points))
    for row, point in enumerate(points):
        apart = ((others - point) ** 2).sum(axis=1)
        found[row] = np.partition(apart, nth - 1)[nth - 1]
    distance: Floats = np.sqrt(found)
    return distance
