"""A drawing made of shapes, written as SVG, or as PNG if matplotlib is installed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import Any

from abm.errors import InvalidInput, Problem
from abm.texts import escape

FONT = "Helvetica, Arial, sans-serif"
PIXELS_PER_INCH = 100
PNG_SCALE = 2
WHITE = "#FFFFFF"
LABELLED = 'role="img" aria-labelledby="t d"'

Point = tuple[float, float]


@dataclass(frozen=True)
class Lines:
    """Straight lines that share one look."""

    ends: tuple[tuple[float, float, float, float], ...]
    colour: str
    width: float
    opacity: float


@dataclass(frozen=True)
class Circle:
    """A disc."""

    centre: Point
    radius: float
    fill: str
    opacity: float = 1.0
    edge: str = WHITE
    edge_width: float = 0.6


@dataclass(frozen=True)
class Polygon:
    """A filled area."""

    corners: tuple[Point, ...]
    fill: str
    opacity: float = 1.0
    edge: str = WHITE
    edge_width: float = 1.0


@dataclass(frozen=True)
class Words:
    """A line of text; `anchor` is start, middle or end; `halo` is the colour around the letters."""

    at: Point
    text: str
    size: float
    colour: str
    anchor: str = "start"
    is_bold: bool = False
    halo: str | None = None


Shape = Lines | Circle | Polygon | Words


@dataclass
class Drawing:
    """Shapes, the first at the back; the origin is the top left corner, units are pixels."""

    width: float
    height: float
    title: str
    description: str
    shapes: list[Shape] = field(default_factory=list)

    def add(self, *shapes: Shape) -> None:
        """Add shapes in front of the existing ones."""
        self.shapes += shapes


def svg(drawing: Drawing) -> str:
    """Return a drawing as SVG."""
    size = f'width="{drawing.width:.0f}" height="{drawing.height:.0f}"'
    box = f'viewBox="0 0 {drawing.width:.0f} {drawing.height:.0f}"'
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {box} font-family="{FONT}" {LABELLED}>',
        f'<title id="t">{escape(drawing.title)}</title>',
        f'<desc id="d">{escape(drawing.description)}</desc>',
        f'<rect width="100%" height="100%" fill="{WHITE}"/>',
    ]
    return "\n".join([*head, *elements(drawing.shapes), "</svg>", ""])


def elements(shapes: Sequence[Shape]) -> Iterator[str]:
    """Yield the shapes as SVG elements; consecutive discs of one look share a group, as a country has thousands."""
    for shared, members in groupby(
        shapes, key=lambda shape: look(shape) if isinstance(shape, Circle) else ""
    ):
        if shared:
            yield f"<g {shared}>"
        for shape in members:
            if isinstance(shape, Circle):
                x, y = shape.centre
                yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{shape.radius:.2f}"/>'
            else:
                yield element(shape)
        if shared:
            yield "</g>"


def element(shape: Lines | Polygon | Words) -> str:
    """Return a shape other than a disc as an SVG element."""
    if isinstance(shape, Lines):
        path = "".join(f"M{a:.1f} {b:.1f}L{c:.1f} {d:.1f}" for a, b, c, d in shape.ends)
        return (
            f'<path d="{path}" fill="none" stroke="{shape.colour}" stroke-width="{shape.width:.2f}" '
            f'stroke-opacity="{shape.opacity:.2f}" stroke-linecap="round"/>'
        )
    if isinstance(shape, Polygon):
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.corners)
        return f'<polygon points="{corners}" stroke-linejoin="round" {look(shape)}/>'
    x, y = shape.at
    weight = ' font-weight="bold"' if shape.is_bold else ""
    halo = f' stroke="{shape.halo}" stroke-width="3.5" paint-order="stroke"' if shape.halo else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{shape.size:g}" fill="{shape.colour}" '
        f'text-anchor="{shape.anchor}"{weight}{halo} stroke-linejoin="round">{escape(shape.text)}</text>'
    )


def look(shape: Circle | Polygon) -> str:
    """Return the attributes of a filled shape."""
    return (
        f'fill="{shape.fill}" fill-opacity="{shape.opacity:.2f}" '
        f'stroke="{shape.edge}" stroke-width="{shape.edge_width:.2f}"'
    )


def has_png() -> bool:
    """Return whether PNG can be written."""
    return find_spec("matplotlib") is not None


def write_png(drawing: Drawing, path: Path) -> None:
    """Write a drawing as PNG.

    Raises
    ------
    InvalidInput
        If matplotlib is not installed.
    """
    if not has_png():
        told = f"'{path}' needs matplotlib, which is not installed; name an .svg file, or 'pip install matplotlib'"
        raise InvalidInput([Problem("--out", None, told)])
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure: Any = Figure(
        figsize=(drawing.width / PIXELS_PER_INCH, drawing.height / PIXELS_PER_INCH), dpi=PIXELS_PER_INCH
    )
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, drawing.width)
    axes.set_ylim(drawing.height, 0)
    axes.axis("off")
    for order, shape in enumerate(drawing.shapes):
        paint(axes, shape, order)
    figure.savefig(path, format="png", dpi=PIXELS_PER_INCH * PNG_SCALE, facecolor=WHITE)


def paint(axes: Any, shape: Shape, order: int) -> None:
    """Paint a shape with matplotlib, whose lengths are points."""
    from matplotlib.collections import LineCollection
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Circle as Disc
    from matplotlib.patches import Polygon as Area
    from matplotlib.patheffects import withStroke

    points = 72.0 / PIXELS_PER_INCH
    if isinstance(shape, Lines):
        segments: Sequence[Any] = [((a, b), (c, d)) for a, b, c, d in shape.ends]
        axes.add_collection(
            LineCollection(
                segments,
                colors=shape.colour,
                linewidths=shape.width * points,
                alpha=shape.opacity,
                capstyle="round",
                zorder=order,
            )
        )
    elif isinstance(shape, Circle | Polygon):
        style = {
            "facecolor": to_rgba(shape.fill, shape.opacity),
            "edgecolor": shape.edge,
            "linewidth": shape.edge_width * points,
            "zorder": order,
        }
        patch = (
            Disc(shape.centre, shape.radius, **style)
            if isinstance(shape, Circle)
            else Area(shape.corners, closed=True, joinstyle="round", **style)
        )
        axes.add_patch(patch)
    else:
        effects = [withStroke(linewidth=3.5 * points, foreground=shape.halo)] if shape.halo else []
        axes.text(
            *shape.at,
            shape.text,
            fontsize=shape.size * points,
            color=shape.colour,
            ha={"start": "left", "middle": "center", "end": "right"}[shape.anchor],
            va="baseline",
            weight="bold" if shape.is_bold else "normal",
            family="DejaVu Sans",
            path_effects=effects,
            zorder=order,
        )
