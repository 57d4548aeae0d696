"""How organisations look on a map: shape, colour and size by kind."""

from __future__ import annotations

import math

from abm.interface.pictures.canvas import WHITE, Circle, Point, Polygon, Shape
from abm.world.place import OrganisationKind, Place

INK, QUIET, LAND = "#222B33", "#5B6670", "#EEF2F5"
COLOURS = {
    OrganisationKind.ACUTE: "#D55E00",
    OrganisationKind.COMMUNITY: "#009E73",
    OrganisationKind.COMMISSIONER: "#AA4499",
    OrganisationKind.PRACTICE: "#0072B2",
    OrganisationKind.LOCAL_AUTHORITY: "#E69F00",
}
LABELS = {
    OrganisationKind.ACUTE: "Acute provider",
    OrganisationKind.COMMUNITY: "Community provider",
    OrganisationKind.COMMISSIONER: "Commissioner",
    OrganisationKind.PRACTICE: "General practice",
    OrganisationKind.LOCAL_AUTHORITY: "Local authority",
}
FULL_CIRCLE = 2.0 * math.pi
BODY_RADIUS = 7.0


def size_of(place: Place, row: int, is_detailed: bool) -> float:
    """Return the radius of a marker in pixels: areas go with lists and with beds."""
    kind = place.organisation_kind[row]
    if kind == OrganisationKind.PRACTICE:
        return practice_radius(float(place.population_served[row]), is_detailed)
    if kind == OrganisationKind.ACUTE:
        return hospital_radius(float(place.beds[row]), is_detailed)
    return BODY_RADIUS if is_detailed else 3.0


def practice_radius(people: float, is_detailed: bool) -> float:
    """Return the radius of a practice with so many people."""
    return (5.0 if is_detailed else 1.1) * math.sqrt(people / 10_000.0) + (0.0 if is_detailed else 0.3)


def hospital_radius(beds: float, is_detailed: bool) -> float:
    """Return the radius of a hospital with so many beds."""
    return (9.0 if is_detailed else 4.6) * math.sqrt(beds / 700.0) + (3.0 if is_detailed else 0.6)


def marker(kind: OrganisationKind, at: Point, radius: float) -> Shape:
    """Return the marker of a kind of organisation."""
    colour = COLOURS[kind]
    if kind == OrganisationKind.PRACTICE:
        return Circle(at, radius, colour, 0.85, WHITE, 0.5 if radius > 2.0 else 0.0)
    corners, turn = {
        OrganisationKind.ACUTE: (4, 0.125),
        OrganisationKind.COMMUNITY: (4, 0.0),
        OrganisationKind.COMMISSIONER: (3, 0.25),
        OrganisationKind.LOCAL_AUTHORITY: (6, 0.25),
    }[kind]
    angles = [FULL_CIRCLE * (step / corners - turn) for step in range(corners)]
    reach = radius * (1.25 if corners == 3 else 1.1)
    shape = tuple((at[0] + reach * math.cos(angle), at[1] + reach * math.sin(angle)) for angle in angles)
    return Polygon(shape, colour, 1.0, WHITE, 1.0 if radius > 3.5 else 0.5)
