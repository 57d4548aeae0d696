"""Describe a local health economy in a file: aggregates with their sources, from which a place is drawn.

Every number is accompanied by its source: a publication, or an assumption of the file's author.
"""

from collections.abc import Iterator, Set
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from abm.records import SAYS_SOMETHING, Fault, Faults, KeyPath, Record
from abm.world.agreement import contradictions

Identity = Annotated[
    str,
    Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60, description="lower-case name, as in 'south_somerset'"),
]
Text = Annotated[str, Field(pattern=SAYS_SOMETHING, max_length=2000, description="text for readers")]
Source = Annotated[
    str, Field(pattern=SAYS_SOMETHING, max_length=2000, description="publication, or 'assumption: why'")
]


class Sourced(Record):
    """The source of a number."""

    kind: ClassVar[str] = "number with its source"
    source: Source


class People(Sourced):
    """A number of people."""

    value: int = Field(ge=1, le=100_000_000, description="people")


class Count(Sourced):
    """A number of things."""

    value: int = Field(ge=1, le=10_000, description="whole number from 1")


class Share(Sourced):
    """A share of a whole."""

    value: float = Field(ge=0.0, le=1.0, description="share from 0 to 1")


class PositiveShare(Sourced):
    """A share above 0 and below 1."""

    value: float = Field(gt=0.0, lt=1.0, description="share above 0 and below 1")


class Distance(Sourced):
    """A distance."""

    value: float = Field(gt=0.0, le=1000.0, description="kilometres")


class Occupancy(Sourced):
    """A share of beds that are occupied."""

    value: float = Field(gt=0.0, le=1.5, description="occupied beds over open beds")


class Position(Sourced):
    """A position in kilometres."""

    kind: ClassVar[str] = "position"
    east_km: float = Field(ge=-1000.0, le=1000.0, description="kilometres east of an arbitrary origin")
    north_km: float = Field(ge=-1000.0, le=1000.0, description="kilometres north of an arbitrary origin")


class Geography(Sourced):
    """Where people live: towns in a disc, the first in the middle, each smaller than the one before."""

    kind: ClassVar[str] = "geography"
    east_km: float = Field(
        default=0.0, ge=-1000.0, le=1000.0, description="centre, kilometres east of the origin"
    )
    north_km: float = Field(
        default=0.0, ge=-1000.0, le=1000.0, description="centre, kilometres north of the origin"
    )
    radius_km: float = Field(gt=0.0, le=300.0, description="distance within which the towns lie")
    towns: int = Field(ge=1, le=500, description="number of towns or quarters with practices")
    town_spread_km: float = Field(
        gt=0.0, le=50.0, description="mean distance of a practice from the middle of its town"
    )


class PracticeLists(Sourced):
    """The distribution of lists before they are fitted: lognormal above the smallest."""

    kind: ClassVar[str] = "distribution of practice lists"
    mu: float = Field(ge=0.0, le=15.0, description="mean of the logarithm of the list")
    sigma: float = Field(gt=0.0, le=3.0, description="standard deviation of the logarithm of the list")
    smallest: int = Field(ge=1, le=100_000, description="people, smallest list drawn")


class PracticeUse(Sourced):
    """How practices' use of hospitals varies around the place's."""

    kind: ClassVar[str] = "variation of use"
    decay_km: float = Field(
        gt=0.0, le=1000.0, description="distance over which use of a hospital falls by a factor e"
    )
    noise: float = Field(
        ge=0.0, le=3.0, description="standard deviation of the logarithm of use beside distance"
    )


class TieRules(Record):
    """Which organisations have ties, and how the ties are weighted."""

    kind: ClassVar[str] = "set of tie rules"
    tie_share: PositiveShare = Field(description="smallest share of use that makes a tie")
    main_share: PositiveShare = Field(
        description="smallest share of use that ties a hospital to the local authority"
    )
    community_use: PositiveShare = Field(
        description="share of a practice's use that goes to community providers"
    )
    social_care_weight: PositiveShare = Field(
        description="weight of a tie of the local authority in board trust"
    )
    neighbours: Count = Field(description="nearest practices with which a practice has dealings")


class Named(Record):
    """An id, which files refer to, and a name for readers."""

    id: Identity
    name: Text


class LocalPlace(Named):
    """Describe one place."""

    kind: ClassVar[str] = "place"
    population: People = Field(description="registered people")
    practices: Count = Field(description="number of general practices")
    outside_use: Share = Field(description="share of hospital use at hospitals that are not in the file")
    geography: Geography


class HospitalUse(Record):
    """One hospital's share of a place's hospital use."""

    kind: ClassVar[str] = "flow of patients"
    place: Identity
    share_of_use: Share = Field(description="share of the place's hospital use, above 0")
    share_of_patients: Share | None = Field(
        default=None, description="share of the hospital's patients, checked if given"
    )


class Hospital(Named):
    """Describe an acute provider."""

    kind: ClassVar[str] = "hospital"
    beds: Count = Field(description="open general and acute beds")
    occupancy: Occupancy = Field(description="share of the beds occupied at the start")
    catchment: People = Field(description="people who depend on the hospital, wherever they live")
    position: Position | None = Field(
        default=None, description="where it stands; drawn in a town if not given"
    )
    flows: tuple[HospitalUse, ...] = Field(min_length=1, description="the places that use it")


class Service(Record):
    """The share of a place that a community provider serves."""

    kind: ClassVar[str] = "service"
    place: Identity
    share: Share = Field(description="share of the place's community services")


class CommunityProvider(Named):
    """Describe a provider of community and mental health services."""

    kind: ClassVar[str] = "community provider"
    people_served: People = Field(description="people served in all, in the file's places or not")
    services: tuple[Service, ...] = Field(min_length=1, description="the places it serves")


class PublicBody(Named):
    """Describe a commissioner or a local authority."""

    kind: ClassVar[str] = "public body"
    people_served: People = Field(description="people served in all, in the file's places or not")
    places: tuple[Identity, ...] = Field(min_length=1, description="the places it is responsible for")


class LocalAuthority(PublicBody):
    """Describe a local authority with its social care, which a file can switch off."""

    kind: ClassVar[str] = "local authority"
    present: bool = Field(default=True, description="false leaves it out")


SHOWCASE_KM: Distance = Field(
    default=Distance(value=50.0, source="assumption: examples are seen within about an hour's drive."),
    description="distance over which a place sees less of others' examples by a factor e",
)
SHOWCASE_TIES: Share = Field(
    default=Share(value=0.5, source="assumption: shared hospitals carry examples half as well as nearness."),
    description="how well examples are seen where all hospital use is at hospitals that both places use",
)


class PlaceFile(Record):
    """Describe a local health economy of one or more places."""

    kind: ClassVar[str] = "place file"
    name: Identity
    label: Text
    description: Text
    seed: int = Field(ge=0, lt=2**64, description="seed of the synthetic draw, 0 to 2**64 - 1")
    lists: PracticeLists
    use: PracticeUse
    ties: TieRules
    showcase_km: Distance = SHOWCASE_KM
    showcase_ties: Share = SHOWCASE_TIES
    places: tuple[LocalPlace, ...] = Field(min_length=1, description="at least one place")
    hospitals: tuple[Hospital, ...] = Field(min_length=1, description="at least one acute provider")
    community_providers: tuple[CommunityProvider, ...] = ()
    commissioners: tuple[PublicBody, ...] = Field(min_length=1, description="at least one commissioner")
    local_authorities: tuple[LocalAuthority, ...] = ()

    @model_validator(mode="after")
    def agree(self) -> "PlaceFile":
        """Check what one number must say of another; report every disagreement."""
        faults = list(self.disagreements())
        if faults:
            raise Faults(faults)
        return self

    def disagreements(self, faulty: Set[KeyPath] = frozenset()) -> Iterator[Fault]:
        """Return where numbers and names contradict each other, as far as they can be read."""
        return contradictions(self, faulty)

    @property
    def authorities(self) -> tuple[LocalAuthority, ...]:
        """Return the local authorities that are switched on."""
        return tuple(authority for authority in self.local_authorities if authority.present)
