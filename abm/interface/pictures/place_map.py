"""A map of a place: organisations at their positions, ties between them, patients as size.

Kinds differ by shape and by colours that colour-blind people can distinguish (Okabe and Ito). Small places show
every tie; of many places only each practice's main hospital is drawn, which shows catchments.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from abm.interface.pictures.canvas import WHITE, Drawing, Lines, Point, Polygon, Shape, Words
from abm.interface.pictures.captions import LABEL_SIZE, MARGIN, TOP, names
from abm.interface.pictures.map_symbols import (
    BODY_RADIUS,
    COLOURS,
    FULL_CIRCLE,
    INK,
    LABELS,
    LAND,
    QUIET,
    hospital_radius,
    marker,
    practice_radius,
    size_of,
)
from abm.world.place import Floats, OrganisationKind, Place, TieKind

MAP_WIDTH, MAP_HEIGHT, LEGEND_WIDTH = 720.0, 720.0, 250.0
TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 22.0, 13.0, 11.5
CORE_TIES = (
    TieKind.COMMISSIONER_ACUTE,
    TieKind.COMMISSIONER_COMMUNITY,
    TieKind.ACUTE_ACUTE,
    TieKind.ACUTE_COMMUNITY,
    TieKind.LOCAL_AUTHORITY,
)
FEW_PLACES = 12
"""Places up to which every tie, every organisation and every name is drawn."""
RING = 15.0
"""Pixels by which a body is set aside, the first time."""
SCALES_KM = (1, 2, 5, 10, 20, 50, 100, 200)


@dataclass(frozen=True)
class Frame:
    """Turn kilometres into pixels, north up."""

    west_km: float
    north_km: float
    pixels_per_km: float
    left: float
    top: float

    def at(self, position: Floats) -> Point:
        """Return where a position is drawn."""
        east, north = position.tolist()
        return (
            self.left + (east - self.west_km) * self.pixels_per_km,
            self.top + (self.north_km - north) * self.pixels_per_km,
        )


def draw_map(place: Place) -> Drawing:
    """Draw a place."""
    frame, width, height = fit(place.position)
    is_detailed = len(place.place_names) <= FEW_PLACES
    practices = place.of_kind(OrganisationKind.PRACTICE)
    facts = (
        f"{place.population.sum():,.0f} people · {len(practices):,} general practices · "
        f"{place.acute_providers:,} acute provider{'s' if place.acute_providers > 1 else ''}"
    )
    if len(place.place_names) > 1:
        facts = f"{len(place.place_names):,} places · {facts}"
    drawing = Drawing(
        MARGIN * 2 + width + LEGEND_WIDTH,
        TOP + height + MARGIN,
        place.label,
        f"Map of {place.label}: {facts}.",
    )
    points = [frame.at(position) for position in place.position]
    if is_detailed:
        points = part_bodies(place, points)
        drawing.add(*land(place, points))
    drawing.add(*practice_ties(place, points, is_detailed))
    if is_detailed:
        drawing.add(*core_ties(place, points))
    drawing.add(*organisations(place, points, is_detailed))
    if is_detailed:
        drawing.add(*names(place, points, MARGIN + width))
    drawing.add(
        Words((MARGIN, 36.0), place.label, TITLE_SIZE, INK, is_bold=True),
        Words((MARGIN, 58.0), facts, TEXT_SIZE, QUIET),
    )
    drawing.add(*legend(place, MARGIN * 2 + width, is_detailed))
    drawing.add(*scale_bar(frame, MARGIN, TOP + height + MARGIN / 3))
    return drawing


def fit(position: Floats) -> tuple[Frame, float, float]:
    """Return the frame of a map, and its width and height in pixels."""
    west, south = position.min(axis=0).tolist()
    east, north = position.max(axis=0).tolist()
    wide, high = max(east - west, 1.0), max(north - south, 1.0)
    edge = 26.0
    scale = min((MAP_WIDTH - 2 * edge) / wide, (MAP_HEIGHT - 2 * edge) / high)
    width, height = max(wide * scale + 2 * edge, 420.0), max(high * scale + 2 * edge, 470.0)
    left = MARGIN + (width - wide * scale) / 2.0
    top = TOP + (height - high * scale) / 2.0
    return Frame(west, north, scale, left, top), width, height


def part_bodies(place: Place, points: list[Point]) -> list[Point]:
    """Set bodies that would hide a hospital or each other a little aside."""
    parted = list(points)
    placed = [(points[row], size_of(place, row, is_detailed=True)) for row in range(place.acute_providers)]
    fixed = (OrganisationKind.ACUTE, OrganisationKind.PRACTICE)
    for row in range(place.organisations):
        if place.organisation_kind[row] in fixed:
            continue
        x, y = points[row]
        asides = [(x, y)] + [
            (x + RING * ring * math.cos(turn), y + RING * ring * math.sin(turn))
            for ring in (1.2, 1.8, 2.6)
            for turn in (FULL_CIRCLE * (step + 0.5) / 6.0 for step in range(6))
        ]
        free = (
            aside
            for aside in asides
            if all(math.dist(aside, at) > radius + BODY_RADIUS + 2.0 for at, radius in placed)
        )
        parted[row] = next(free, asides[-1])
        placed.append((parted[row], BODY_RADIUS))
    return parted


def land(place: Place, points: list[Point]) -> list[Shape]:
    """Tint the area of each place's practices, and name it where there are several."""
    shapes: list[Shape] = []
    practices = place.of_kind(OrganisationKind.PRACTICE)
    for number in range(len(place.place_names)):
        members = practices[place.organisation_place[practices] == number].tolist()
        corners = hull([grown for row in members for grown in around(points[row], 16.0)])
        shapes.append(Polygon(tuple(corners), LAND, 0.9, WHITE, 2.0))
    return shapes


def around(point: Point, radius: float) -> list[Point]:
    """Return points around a point."""
    turns = [FULL_CIRCLE * step / 12.0 for step in range(12)]
    return [(point[0] + radius * math.cos(turn), point[1] + radius * math.sin(turn)) for turn in turns]


def hull(points: list[Point]) -> list[Point]:
    """Return the corners of the convex hull (Andrew's monotone chain)."""
    ordered = sorted(set(points))

    def half(chain: list[Point]) -> list[Point]:
        kept: list[Point] = []
        for x, y in chain:
            while len(kept) > 1:
                (ax, ay), (bx, by) = kept[-2], kept[-1]
                if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                    break
                kept.pop()
            kept.append((x, y))
        return kept[:-1]

    return half(ordered) + half(ordered[::-1])


def practice_ties(place: Place, points: list[Point], is_detailed: bool) -> list[Shape]:
    """Draw who practices use: every acute provider, darker with use, or the main one only."""
    chosen = (place.tie_kind == TieKind.HOSPITAL_PRACTICE) & (place.tie_ends[:, 0] < place.acute_providers)
    ties = np.flatnonzero(chosen)
    shapes: list[Shape] = []
    if is_detailed:
        near = np.flatnonzero(place.tie_kind == TieKind.PRACTICE_PRACTICE)
        shapes.append(
            Lines(ends_of(place, points, near.tolist()), COLOURS[OrganisationKind.PRACTICE], 0.9, 0.45)
        )
        for low, high, width, opacity in (
            (0.0, 0.2, 0.5, 0.16),
            (0.2, 0.45, 0.7, 0.26),
            (0.45, 1.01, 1.0, 0.4),
        ):
            strong = ties[(place.use_share[ties] >= low) & (place.use_share[ties] < high)]
            shapes.append(
                Lines(
                    ends_of(place, points, strong.tolist()), COLOURS[OrganisationKind.ACUTE], width, opacity
                )
            )
        return shapes
    main: dict[int, int] = {}
    for tie in ties[np.argsort(place.use_share[ties], kind="stable")].tolist():
        main[int(place.tie_ends[tie, 1])] = tie
    return [Lines(ends_of(place, points, sorted(main.values())), COLOURS[OrganisationKind.ACUTE], 0.5, 0.3)]


def core_ties(place: Place, points: list[Point]) -> list[Shape]:
    """Draw the ties between commissioners, hospitals, community providers and local authorities."""
    ties = np.flatnonzero(np.isin(place.tie_kind, CORE_TIES))
    return [Lines(ends_of(place, points, ties.tolist()), INK, 1.3, 0.55)]


def ends_of(
    place: Place, points: list[Point], ties: list[int]
) -> tuple[tuple[float, float, float, float], ...]:
    """Return the ends of ties in pixels."""
    return tuple((*points[i], *points[j]) for i, j in place.tie_ends[ties].tolist())


def organisations(place: Place, points: list[Point], is_detailed: bool) -> list[Shape]:
    """Draw the organisations, practices at the back, the largest first."""
    shapes: list[Shape] = []
    order = [OrganisationKind.PRACTICE, OrganisationKind.COMMUNITY, OrganisationKind.ACUTE]
    if is_detailed:
        order[1:1] = [OrganisationKind.LOCAL_AUTHORITY, OrganisationKind.COMMISSIONER]
    for kind in order:
        rows = place.of_kind(kind)
        for row in rows[np.argsort(-place.population_served[rows], kind="stable")].tolist():
            shapes.append(marker(kind, points[row], size_of(place, row, is_detailed)))
    return shapes


def legend(place: Place, left: float, is_detailed: bool) -> list[Shape]:
    """Explain markers, sizes and lines."""
    shapes: list[Shape] = []
    y = TOP + 14.0

    def head(text: str) -> None:
        nonlocal y
        shapes.append(Words((left, y), text, TEXT_SIZE, INK, is_bold=True))
        y += 24.0

    def entry(draw: Callable[[Point], Shape], text: str) -> None:
        nonlocal y
        shapes.append(draw((left + 13.0, y - 4.0)))
        shapes.append(Words((left + 34.0, y), text, LABEL_SIZE, INK))
        y += 23.0

    def line(colour: str, width: float, opacity: float, text: str) -> None:
        entry(lambda at: Lines(((at[0] - 12.0, at[1], at[0] + 12.0, at[1]),), colour, width, opacity), text)

    head("Organisations")
    kinds = [kind for kind in OrganisationKind if len(place.of_kind(kind))]
    hidden = (OrganisationKind.COMMISSIONER, OrganisationKind.LOCAL_AUTHORITY)
    for kind in kinds:
        if is_detailed or kind not in hidden:
            number = len(place.of_kind(kind))
            entry(lambda at, kind=kind: marker(kind, at, 6.5), f"{LABELS[kind]} ({number:,})")  # type: ignore[misc]
    if not is_detailed:
        for kind in kinds:
            if kind in hidden:
                text = f"{LABELS[kind]} ({len(place.of_kind(kind)):,}), not drawn"
                shapes.append(Words((left + 34.0, y), text, LABEL_SIZE, QUIET))
                y += 23.0
    y += 12.0
    head("Size")
    for people in (5_000, 20_000):
        radius = practice_radius(people, is_detailed)
        entry(
            lambda at, radius=radius: marker(OrganisationKind.PRACTICE, at, radius),  # type: ignore[misc]
            f"{people:,} on the list",
        )
    for beds in (300, 1_000):
        radius = hospital_radius(beds, is_detailed)
        entry(lambda at, radius=radius: marker(OrganisationKind.ACUTE, at, radius), f"{beds:,} beds")  # type: ignore[misc]
    y += 12.0
    head("Ties")
    if is_detailed:
        line(COLOURS[OrganisationKind.ACUTE], 1.6, 0.5, "Practice uses provider")
        line(COLOURS[OrganisationKind.PRACTICE], 1.2, 0.6, "Neighbouring practices")
        line(INK, 1.3, 0.6, "Other organisations")
        shapes.append(Words((left + 34.0, y - 4.0), "Darker: larger share of use", SMALL_SIZE, QUIET))
    else:
        line(COLOURS[OrganisationKind.ACUTE], 1.0, 0.6, "Practice to the provider")
        shapes.append(Words((left + 34.0, y - 7.0), "that it uses most", LABEL_SIZE, INK))
    return shapes


def scale_bar(frame: Frame, left: float, y: float) -> list[Shape]:
    """Draw a bar of a round number of kilometres."""
    length = max((km for km in SCALES_KM if km * frame.pixels_per_km <= 180.0), default=SCALES_KM[0])
    right = left + length * frame.pixels_per_km
    ends = ((left, y, right, y), (left, y - 4.0, left, y + 4.0), (right, y - 4.0, right, y + 4.0))
    return [Lines(ends, INK, 1.4, 1.0), Words((right + 8.0, y + 4.0), f"{length} km", SMALL_SIZE, INK)]
