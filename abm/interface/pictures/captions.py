"""Names on a map, placed where they hide least."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from abm.interface.pictures.canvas import WHITE, Point, Shape, Words
from abm.interface.pictures.map_symbols import INK, QUIET, size_of
from abm.world.place import OrganisationKind, Place

TOP, MARGIN = 76.0, 36.0
LABEL_SIZE = 12.0
LETTER = 0.56
"""Width of a letter over its height, roughly."""
SHORTER = re.compile(
    r"( University)?( Teaching)?( Healthcare)? NHS( Foundation)? Trust$|^The | University Hospitals?$"
)


@dataclass(frozen=True)
class Box:
    """The area that a name or a symbol covers."""

    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """Return the area shared with another box."""
        wide = min(self.right, other.right) - max(self.left, other.left)
        high = min(self.bottom, other.bottom) - max(self.top, other.top)
        return wide * high if wide > 0.0 and high > 0.0 else 0.0


def names(place: Place, points: list[Point], right_edge: float) -> list[Shape]:
    """Return the names of hospitals, and of places if there are several, placed where they hide least."""
    taken = [
        Box(x - r, y - r, x + r, y + r)
        for row, (x, y) in enumerate(points)
        for r in (size_of(place, row, is_detailed=True),)
    ]
    shapes: list[Shape] = []
    wanted: list[tuple[Point, float, str, str, bool]] = [
        (points[row], size_of(place, row, is_detailed=True), short(place.organisation_name[row]), INK, False)
        for row in range(place.acute_providers)
    ]
    if len(place.place_names) > 1:
        practices = place.of_kind(OrganisationKind.PRACTICE)
        for number, name in enumerate(place.place_names):
            rows = practices[place.organisation_place[practices] == number].tolist()
            x = math.fsum(points[row][0] for row in rows) / len(rows)
            lowest = max(points[row][1] for row in rows)
            wanted.append(((x, lowest + 10.0), 4.0, name, QUIET, True))
    for at, radius, text, colour, is_bold in wanted:
        best = min(
            placements(at, radius, text),
            key=lambda found: sum(found[1].overlap(box) for box in taken) + outside(found[1], right_edge),
        )
        words, box = best
        taken.append(box)
        shapes.append(Words(words, text, LABEL_SIZE, colour, "start", is_bold, WHITE))
    return shapes


def outside(box: Box, right_edge: float) -> float:
    """Return a penalty for names that leave the map."""
    return 1e4 * (max(MARGIN - box.left, 0.0) + max(box.right - right_edge, 0.0) + max(TOP - box.top, 0.0))


def placements(at: Point, radius: float, text: str) -> list[tuple[Point, Box]]:
    """Return the positions where a name can start, with the area that it covers there."""
    wide, high, gap = len(text) * LETTER * LABEL_SIZE, LABEL_SIZE, radius + 5.0
    x, y = at
    starts = [
        (x + gap, y + high * 0.35),
        (x - gap - wide, y + high * 0.35),
        (x - wide / 2.0, y - gap),
        (x - wide / 2.0, y + gap + high * 0.8),
        (x + gap * 0.8, y - gap * 0.8),
        (x + gap * 0.8, y + gap * 0.8 + high * 0.8),
    ]
    return [
        ((left, base), Box(left, base - high * 0.8, left + wide, base + high * 0.2)) for left, base in starts
    ]


def short(name: str) -> str:
    """Return a provider's name without its legal form."""
    found = SHORTER.sub("", name)
    return found or name
