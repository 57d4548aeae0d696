"""Draw the order of a month as a picture: which mechanism runs when, what it reads and what it sets.

Mechanisms run from left to right, one a column; every state array is a row, in the order in which the month
first sets it, so that what is set forms a staircase. The drawing follows from the mechanisms' declarations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from abm.core.part import Field
from abm.core.theory import Theory
from abm.core.vocabulary import RECENT_STEP
from abm.texts import escape
from abm.world.vocabulary import ACUTE_PROVIDER, KIND, ORGANISATION, PLACE, SEGMENT, TIE

OWNERS = {
    ORGANISATION: ("organisation", "#E6F1F8"),
    ACUTE_PROVIDER: ("hospital", "#DDF0E8"),
    TIE: ("tie", "#FBEBDD"),
    PLACE: ("place", "#F6E6F0"),
    RECENT_STEP: ("place", "#F6E6F0"),
    SEGMENT: ("organisation", "#E6F1F8"),
    KIND: ("kind", "#EEEEEE"),
    None: ("area", "#EEEEEE"),
}
"""What has a state array, by the array's first axis: a word for it, and a tint behind the word."""

INK, QUIET, RULE, BAND = "#222B33", "#5B6670", "#D9DEE3", "#F5F7F9"
SETS, LATE = "#0072B2", "#B34A00"
COLUMN, ROW, LEFT, RIGHT = 78.0, 22.0, 238.0, 40.0
TITLE, PHASE, HEAD, LEGEND = 62.0, 34.0, 50.0, 66.0
RADIUS = 5.5
ROOT = 'font-family="Helvetica, Arial, sans-serif" role="img" aria-labelledby="t d"'
FROM_LAST_MONTH = f'stroke="{LATE}" stroke-width="1.4" stroke-dasharray="2 4" stroke-linecap="round"'
OF_THIS_MONTH = f'fill="none" stroke="{SETS}" stroke-width="1.4"'
TITLE_SIZE, NAME_SIZE, SMALL_SIZE = 20.0, 13.0, 11.5


@dataclass(frozen=True)
class Strand:
    """How one state array passes through the month.

    Attributes
    ----------
    field : Field
        The array.
    sets : tuple of int
        Positions of the mechanisms that set or change it, ascending.
    reads : tuple of int
        Positions of the mechanisms that only read it, ascending.
    """

    field: Field
    sets: tuple[int, ...]
    reads: tuple[int, ...]

    @property
    def late(self) -> tuple[int, ...]:
        """Positions that read what the month before left."""
        return tuple(position for position in self.reads if position < self.sets[0])

    @property
    def prompt(self) -> tuple[int, ...]:
        """Positions that read what this month has set."""
        return tuple(position for position in self.reads if position > self.sets[0])


def strands(theory: Theory) -> list[Strand]:
    """Follow every state array through the month, in the order in which the month first sets it."""
    found = [
        Strand(
            field,
            tuple(
                position for position, mechanism in enumerate(theory.order) if field.name in mechanism.writes
            ),
            tuple(
                position for position, mechanism in enumerate(theory.order) if field.name in mechanism.reads
            ),
        )
        for field in theory.fields
    ]
    return sorted(found, key=lambda strand: strand.sets[0])


def month_picture(theory: Theory) -> str:
    """Draw the month as an SVG document with a light background.

    Parameters
    ----------
    theory : Theory
        Every state array is set by at least one of its mechanisms.

    Returns
    -------
    str
        Text of the file, ending in a newline.
    """
    rows, order = strands(theory), theory.order
    width = LEFT + COLUMN * len(order) + RIGHT
    top = TITLE + PHASE + HEAD
    bottom = top + ROW * len(rows)
    height = bottom + LEGEND
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" {ROOT}>',
        '<title id="t">The order of a month</title>',
        '<desc id="d">Mechanisms in columns, state arrays in rows, with who sets and who reads each.</desc>',
        f'<rect width="{width:g}" height="{height:g}" fill="#FFFFFF"/>',
        text(24.0, 34.0, "The order of a month", size=TITLE_SIZE, weight="bold"),
        text(24.0, 54.0, "Each column is a mechanism, each row a part of the state.", fill=QUIET),
        *bands(rows, top, width),
        *headings(theory, top, bottom),
    ]
    for number, strand in enumerate(rows):
        parts += draw_strand(strand, top + ROW * (number + 0.5), len(order))
    parts += legend(bottom, width)
    return "\n".join([*parts, "</svg>"]) + "\n"


def text(
    x: float,
    y: float,
    words: str,
    *,
    size: float = SMALL_SIZE,
    fill: str = INK,
    weight: str = "normal",
    anchor: str = "start",
) -> str:
    """Return a line of text whose baseline starts, ends or is centred at a point."""
    style = f'font-size="{size:g}" fill="{fill}" font-weight="{weight}" text-anchor="{anchor}"'
    return f'<text x="{x:g}" y="{y:g}" {style}>{escape(words)}</text>'


def centre(position: int) -> float:
    """Return the middle of a mechanism's column."""
    return LEFT + COLUMN * (position + 0.5)


def bands(rows: Sequence[Strand], top: float, width: float) -> list[str]:
    """Shade every other group of rows; a group is what one mechanism is the first to set."""
    parts = []
    groups = list(dict.fromkeys(strand.sets[0] for strand in rows))
    for number, position in enumerate(groups):
        members = [row for row, strand in enumerate(rows) if strand.sets[0] == position]
        if number % 2 == 0:
            y, tall = top + ROW * members[0], ROW * len(members)
            parts.append(f'<rect x="0" y="{y:g}" width="{width:g}" height="{tall:g}" fill="{BAND}"/>')
    return parts


def headings(theory: Theory, top: float, bottom: float) -> list[str]:
    """Name and number the mechanisms, mark those that draw chance, and bracket the phases."""
    order = theory.order
    names = [mechanism.name for mechanism in order]
    parts = []
    for label, members in theory.phases():
        held = [names.index(name) for name in members]
        start, end = centre(held[0]) - COLUMN / 2 + 5, centre(held[-1]) + COLUMN / 2 - 5
        y = TITLE + 22.0
        parts.append(text((start + end) / 2, y - 7.0, label, fill=QUIET, anchor="middle"))
        parts.append(
            f'<path d="M{start:g} {y + 6:g}v-6H{end:g}v6" fill="none" stroke="{QUIET}" stroke-width="1"/>'
        )
    for position, mechanism in enumerate(order):
        x = centre(position)
        parts.append(
            f'<line x1="{x:g}" y1="{top:g}" x2="{x:g}" y2="{bottom:g}" stroke="{RULE}" stroke-width="1"/>'
        )
        draws = "seed" in mechanism.arguments
        at = x - 8.0 if draws else x
        parts.append(text(at, top - 28.0, str(position + 1), size=NAME_SIZE, fill=QUIET, anchor="middle"))
        if draws:
            parts.append(die(x + 9.0, top - 32.5))
        parts.append(
            text(x, top - 10.0, mechanism.name, size=SMALL_SIZE + 0.5, weight="bold", anchor="middle")
        )
    return parts


def die(x: float, y: float) -> str:
    """Return the face of a die, the mark of a mechanism that draws chance."""
    dots = "".join(
        f'<circle cx="{x + dx:g}" cy="{y + dy:g}" r="1.1" fill="{INK}"/>'
        for dx, dy in ((-2.6, -2.6), (0.0, 0.0), (2.6, 2.6))
    )
    outline = f'<rect x="{x - 5.5:g}" y="{y - 5.5:g}" width="11" height="11" rx="2.5"'
    return f'<g>{outline} fill="#FFFFFF" stroke="{INK}" stroke-width="1"/>{dots}</g>'


def draw_strand(strand: Strand, y: float, columns: int) -> list[str]:
    """Draw one row: its owner, its name, the life of its value, and what reads and sets it."""
    field = strand.field
    owner, tint = OWNERS[field.axes[0] if field.axes else None]
    parts = [
        f'<rect x="14" y="{y - 8:g}" width="78" height="16" rx="8" fill="{tint}"/>',
        text(53.0, y + 4.0, owner, size=SMALL_SIZE - 0.5, fill=INK, anchor="middle"),
        text(100.0, y + 4.2, field.name.replace("_", " "), size=NAME_SIZE),
    ]
    first = centre(strand.sets[0])
    edge = LEFT + COLUMN * columns
    if field.is_carried:
        parts.append(f'<path d="M{LEFT - 6:g} {y:g}H{first:g}" {FROM_LAST_MONTH}/>')
        tip = edge + 14.0
        parts.append(f'<path d="M{first:g} {y:g}H{tip:g}m-5 -4l5 4l-5 4" {OF_THIS_MONTH}/>')
    elif strand.prompt:
        last = centre(strand.prompt[-1])
        parts.append(f'<path d="M{first:g} {y:g}H{last:g}" {OF_THIS_MONTH}/>')
    parts += [diamond(centre(position), y) for position in strand.late]
    parts += [ring(centre(position), y) for position in strand.prompt]
    parts += [disc(centre(position), y) for position in strand.sets]
    return parts


def disc(x: float, y: float) -> str:
    """Return the mark of a mechanism that sets a value."""
    return f'<circle cx="{x:g}" cy="{y:g}" r="{RADIUS + 0.5:g}" fill="{SETS}"/>'


def ring(x: float, y: float) -> str:
    """Return the mark of a mechanism that reads this month's value."""
    outline = f'fill="#FFFFFF" stroke="{SETS}" stroke-width="2"'
    return f'<circle cx="{x:g}" cy="{y:g}" r="{RADIUS - 0.5:g}" {outline}/>'


def diamond(x: float, y: float) -> str:
    """Return the mark of a mechanism that reads last month's value."""
    reach = RADIUS + 1.0
    path = f"M{x:g} {y - reach:g}l{reach:g} {reach:g}l{-reach:g} {reach:g}l{-reach:g} {-reach:g}z"
    return f'<path d="{path}" fill="#FFFFFF" stroke="{LATE}" stroke-width="2"/>'


def legend(bottom: float, width: float) -> list[str]:
    """Explain the marks below the rows."""
    y = bottom + 26.0
    line = f'<line x1="0" y1="{bottom:g}" x2="{width:g}" y2="{bottom:g}" stroke="{RULE}" stroke-width="1"/>'
    entries: tuple[tuple[float, str, str], ...] = (
        (24.0, disc(24.0, y), "sets or changes it"),
        (164.0, ring(164.0, y), "reads what this month has set"),
        (368.0, diamond(368.0, y), "reads what earlier months left"),
        (578.0, die(578.0, y), "draws chance"),
    )
    parts = [line]
    for x, mark, words in entries:
        parts += [mark, text(x + 13.0, y + 4.0, words)]
    x = 690.0
    parts += [
        f'<path d="M{x:g} {y:g}h28" {FROM_LAST_MONTH}/>',
        text(x + 36.0, y + 4.0, "comes from last month"),
        f'<path d="M{x + 190:g} {y:g}h28m-5 -4l5 4l-5 4" {OF_THIS_MONTH}/>',
        text(x + 226.0, y + 4.0, "goes on to the next month"),
        text(
            24.0,
            y + 26.0,
            "Levers and parameters are read as well; the table beside this picture lists them.",
            fill=QUIET,
        ),
    ]
    return parts
