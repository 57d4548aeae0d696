"""Describe a whole country in a file: distributions with their sources, from which all its places are drawn.

A drawn file holds no organisation by name. Where a place file says that a place has 75 practices, a drawn
file says how practices are spread over commissioners; the seed decides the rest.
"""

from typing import ClassVar

from pydantic import Field, model_validator

from abm.records import Fault, Faults, Record
from abm.world.placefile import (
    SHOWCASE_KM,
    SHOWCASE_TIES,
    Count,
    Distance,
    Identity,
    PositiveShare,
    PracticeUse,
    Share,
    Sourced,
    Text,
    TieRules,
)

LIST_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Shares of practices whose lists are below `p5`, `p25`, `p50`, `p75` and `p95`."""


class ListQuantiles(Sourced):
    """The distribution of practice lists by its quantiles."""

    kind: ClassVar[str] = "distribution of practice lists"
    smallest: int = Field(ge=1, le=100_000, description="people, smallest list drawn")
    p5: int = Field(ge=1, le=100_000, description="people, 5% of lists are smaller")
    p25: int = Field(ge=1, le=100_000, description="people, a quarter of lists are smaller")
    p50: int = Field(ge=1, le=100_000, description="people, the median list")
    p75: int = Field(ge=1, le=100_000, description="people, a quarter of lists are larger")
    p95: int = Field(ge=1, le=100_000, description="people, 5% of lists are larger")
    largest: int = Field(ge=1, le=1_000_000, description="people, largest list drawn")

    @property
    def ladder(self) -> tuple[int, ...]:
        """Return the lists from the smallest to the largest."""
        return self.smallest, self.p5, self.p25, self.p50, self.p75, self.p95, self.largest

    @model_validator(mode="after")
    def ascend(self) -> "ListQuantiles":
        """Check that the quantiles rise."""
        if list(self.ladder) != sorted(set(self.ladder)):
            told = f"lists do not rise: {', '.join(map(str, self.ladder))}; each should exceed the one before"
            raise Faults([Fault((), told)])
        return self


class PracticesPerCommissioner(Sourced):
    """The distribution of practices per commissioner: lognormal, between the fewest and the most."""

    kind: ClassVar[str] = "distribution of practices"
    mu: float = Field(ge=0.0, le=8.0, description="mean of the logarithm of the number")
    sigma: float = Field(ge=0.0, le=2.0, description="standard deviation of the logarithm of the number")
    fewest: int = Field(ge=1, le=1000, description="practices of the smallest commissioner")
    most: int = Field(ge=1, le=1000, description="practices of the largest commissioner")


class Density(Sourced):
    """The distribution of people per square kilometre over commissioners: lognormal."""

    kind: ClassVar[str] = "distribution of density"
    mu: float = Field(ge=0.0, le=12.0, description="mean of the logarithm of people per square kilometre")
    sigma: float = Field(ge=0.0, le=3.0, description="standard deviation of that logarithm")


class Landscape(Sourced):
    """The layout of places and of the towns in them."""

    kind: ClassVar[str] = "landscape"
    cities: int = Field(ge=1, le=100, description="conurbations, each smaller than the one before")
    city_places: PositiveShare = Field(description="share of the commissioners that lie in conurbations")
    practices_per_town: float = Field(ge=1.0, le=100.0, description="practices for each town of a place")
    town_reach: float = Field(gt=0.0, le=1.0, description="radius within which towns lie, over the place's")
    town_spread: float = Field(
        gt=0.0, le=1.0, description="mean distance of a practice from its town, over root of the radius in km"
    )


class Providers(Sourced):
    """The number of organisations besides commissioners and practices, and the size of hospitals."""

    kind: ClassVar[str] = "set of numbers of providers"
    hospitals: int = Field(ge=1, le=2000, description="acute providers")
    community_providers: int = Field(ge=1, le=2000, description="providers of community services")
    local_authorities: int = Field(ge=0, le=2000, description="local authorities with social care")
    size_spread: float = Field(
        ge=0.0, le=2.0, description="standard deviation of the logarithm of attraction"
    )
    people_per_bed: float = Field(gt=0.0, le=10_000.0, description="people of the catchment for each bed")
    lowest_occupancy: float = Field(gt=0.0, le=1.5, description="occupied beds over open beds, from")
    highest_occupancy: float = Field(gt=0.0, le=1.5, description="occupied beds over open beds, to")


class UseBetweenPlaces(Sourced):
    """How a commissioner's people divide over hospitals."""

    kind: ClassVar[str] = "variation of use between places"
    decay_km: float = Field(gt=0.0, le=1000.0, description="distance over which use falls by a factor e")
    noise: float = Field(ge=0.0, le=3.0, description="standard deviation of the logarithm beside distance")
    main_mu: float = Field(ge=-5.0, le=10.0, description="mean of the logit of the main hospital's share")
    main_sigma: float = Field(ge=0.0, le=3.0, description="standard deviation of that logit")
    hospitals: int = Field(ge=1, le=20, description="nearest hospitals that a place may use")
    smallest: Share = Field(description="smallest share of use that is kept")
    outside_use: Share = Field(description="share of use outside the country or at other hospitals")
    outside_patients: Share = Field(description="share of hospitals' patients from outside the country")


class Country(Record):
    """The distributions."""

    kind: ClassVar[str] = "country"
    commissioners: Count = Field(description="number of commissioners, each with one place")
    practices: PracticesPerCommissioner
    density: Density
    landscape: Landscape
    providers: Providers
    use: UseBetweenPlaces


class DrawnFile(Record):
    """A country whose places are all drawn."""

    kind: ClassVar[str] = "drawn place file"
    name: Identity
    label: Text
    description: Text
    seed: int = Field(ge=0, lt=2**64, description="seed of the synthetic draw, 0 to 2**64 - 1")
    lists: ListQuantiles
    use: PracticeUse
    ties: TieRules
    showcase_km: Distance = SHOWCASE_KM
    showcase_ties: Share = SHOWCASE_TIES
    drawn: Country
