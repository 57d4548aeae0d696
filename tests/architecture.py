"""Read which module imports which, and draw the rooms of abm: ``python -m tests.architecture``.

The command writes `docs/pictures/architecture.svg`. It takes the layers from the contract of the import linter, and
everything else from the source, so that the picture follows whatever is moved or renamed.
"""

from __future__ import annotations

import ast
import textwrap
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

import networkx as nx

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "abm"
PICTURE = ROOT / "docs" / "pictures" / "architecture.svg"
FOUNDATIONS = ("records", "errors", "texts")
"""Rooms that nearly every module imports: drawn as the ground, without arrows."""
FRONT = ("__init__", "__main__", "extension")
"""Modules of the package itself, which offer what the rooms hold to users: not drawn."""

COLOURS = ("#33658A", "#B5542B", "#4B7F52", "#7A4E8A", "#A67C00", "#2A8C8C", "#94364B", "#5B6770", "#6B7F1E")
LEFT, BOX = 16, 720
LINE, PAD, GAP, CHIP = 17, 11, 16, 24
LETTER = 6.3
"""Width of a letter of the small text, in pixels."""
REACH, STEP = 52, 0.33
"""How far an arrow swings out to the right: at least, and per pixel of its height."""


@dataclass(frozen=True)
class Room:
    """A folder directly in the package, or a module beside these folders.

    Attributes
    ----------
    name : str
        Name of the folder or module.
    purpose : str
        First line of its docstring.
    rooms : tuple of (str, int)
        Folders in it with their numbers of modules.
    modules : int
        Number of its modules, those of inner folders included.
    """

    name: str
    purpose: str
    rooms: tuple[tuple[str, int], ...]
    modules: int


def module_files(package: Path = ROOT / PACKAGE) -> dict[str, Path]:
    """Return the files of all modules by dotted name; a package goes by its own name."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(tree: ast.AST, known: Mapping[str, Path]) -> Iterator[str]:
    """Yield the known modules that a module imports when it runs, those within functions included."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            for otherwise in node.orelse:
                yield from imports_of(otherwise, known)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in known:
                    yield inner
                elif node.module in known:
                    yield node.module
        else:
            yield from imports_of(node, known)


def import_graph(files: Mapping[str, Path] | None = None) -> nx.DiGraph:
    """Return the graph of imports between modules, without those for type checkers only."""
    files = module_files() if files is None else files
    graph = nx.DiGraph()
    graph.add_nodes_from(files)
    for module, path in files.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        graph.add_edges_from((module, other) for other in imports_of(tree, files) if other != module)
    return graph


def circles(graph: nx.DiGraph) -> list[list[str]]:
    """Return the groups of modules that import each other in a circle, each sorted."""
    return sorted(sorted(group) for group in nx.strongly_connected_components(graph) if len(group) > 1)


def folder_of(module: str) -> str:
    """Return the package in which a module lies."""
    return module.rpartition(".")[0]


def room_of(module: str) -> str:
    """Return the name of the room of a module: the second part of its dotted name."""
    return (module.split(".") + ["__init__"])[1]


def layers() -> list[str]:
    """Return the names of the rooms from top to bottom, as the import linter's contract lists them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (contract,) = (one for one in contracts if one.get("id") == "layers")
    named = [name.strip(" ()") for layer in contract["layers"] for name in layer.replace(":", "|").split("|")]
    return [name for name in named if name not in FRONT]


def rooms_of(files: Mapping[str, Path]) -> dict[str, Room]:
    """Return the rooms by name, from top to bottom."""
    found = {}
    for name in layers():
        inside = [module for module in files if room_of(module) == name]
        inner = Counter(module.split(".")[2] for module in inside if module.count(".") > 2)
        folder = files[f"{PACKAGE}.{name}"]
        purpose = (ast.get_docstring(ast.parse(folder.read_text(encoding="utf-8"))) or "").partition("\n")[0]
        count = sum(files[module].name != "__init__.py" for module in inside)
        found[name] = Room(name, purpose.replace("`", "").rstrip("."), tuple(sorted(inner.items())), count)
    return found


def picture() -> str:
    """Return the picture of the rooms and the imports between them, as SVG."""
    files = module_files()
    rooms = rooms_of(files)
    weights: Counter[tuple[str, str]] = Counter()
    for module, other in import_graph(files).edges:
        pair = room_of(module), room_of(other)
        if pair[0] != pair[1] and set(pair) <= set(rooms) and not set(pair) & set(FOUNDATIONS):
            weights[pair] += 1
    boxes, tops, y = [], {}, float(LEFT)
    for name, room in rooms.items():
        height, drawn = box(room, y, colour_of(name, rooms))
        boxes += drawn
        tops[name] = (y, height)
        y += height + GAP
    arrows = [line for pair in sorted(weights) for line in arrow(pair, weights, tops, rooms)]
    wide = LEFT + BOX + 0.75 * (REACH + STEP * y) + 24
    size = f'width="{wide:.0f}" height="{y:.0f}" viewBox="0 0 {wide:.0f} {y:.0f}"'
    look = 'font-family="Helvetica, Arial, sans-serif" role="img" aria-labelledby="t d"'
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {look}>',
        '<title id="t">The rooms of abm and the imports between them</title>',
        f'<desc id="d">{escape(description(weights))}</desc>',
        '<rect width="100%" height="100%" fill="#FFFFFF"/>',
    ]
    return "\n".join([*head, *boxes, *arrows, "</svg>", ""])


def description(weights: Mapping[tuple[str, str], int]) -> str:
    """Return the picture in words."""
    return "; ".join(
        f"{upper} imports {lower} {count} times" for (upper, lower), count in sorted(weights.items())
    )


def colour_of(name: str, rooms: Mapping[str, Room]) -> str:
    """Return the colour of a room and of the arrows that start there."""
    return "#5B6770" if name in FOUNDATIONS else COLOURS[list(rooms).index(name) % len(COLOURS)]


def box(room: Room, top: float, colour: str) -> tuple[float, list[str]]:
    """Return the height of a room's box, and the box as lines of SVG."""
    lines = textwrap.wrap(room.purpose, int((BOX - 190) / LETTER))
    chips, x, row = [], LEFT + 160.0, 0
    for name, count in room.rooms:
        text = name if count == 1 else f"{name} {count}"
        wide = len(text) * LETTER + 16
        if x + wide > LEFT + BOX - PAD:
            x, row = LEFT + 160.0, row + 1
        chips.append((x, row, wide, text))
        x += wide + 6
    below = PAD + len(lines) * LINE + 5
    height = below + (CHIP * (row + 1) if chips else 0) + PAD - 5
    height = max(height, 2 * PAD + 2 * LINE - 6)
    frame = f'fill="{colour}" fill-opacity="0.07" stroke="{colour}" stroke-width="1.2"'
    count = "1 module" if room.modules < 2 else f"{room.modules} modules"
    drawn = [
        f'<rect x="{LEFT}" y="{top:.1f}" width="{BOX}" height="{height:.1f}" rx="6" {frame}/>',
        text_at(LEFT + 14, top + PAD + 13, room.name, 16, colour, is_bold=True),
        text_at(LEFT + 14, top + PAD + 30, count, 11.5),
    ]
    drawn += [text_at(LEFT + 160, top + PAD + 12 + LINE * row, line) for row, line in enumerate(lines)]
    for x, row, wide, text in chips:
        y = top + below + CHIP * row
        drawn.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="19" rx="9.5" fill="#FFFFFF" '
            f'stroke="{colour}" stroke-opacity="0.5"/>'
        )
        drawn.append(text_at(x + wide / 2, y + 13.5, text, 11.5, "#333333", anchor="middle"))
    return height, drawn


def text_at(
    x: float,
    y: float,
    text: str,
    size: float = 12.5,
    colour: str = "#444444",
    *,
    anchor: str = "start",
    is_bold: bool = False,
) -> str:
    """Return a line of text as SVG; a white halo keeps it readable on lines."""
    weight = ' font-weight="bold"' if is_bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{colour}" text-anchor="{anchor}"{weight} '
        f'stroke="#FFFFFF" stroke-width="3" paint-order="stroke">{escape(text)}</text>'
    )


def arrow(
    pair: tuple[str, str],
    weights: Mapping[tuple[str, str], int],
    tops: Mapping[str, tuple[float, float]],
    rooms: Mapping[str, Room],
) -> Iterator[str]:
    """Yield an arrow from the room that imports to the one that is imported, as thick as it has imports."""
    order = list(rooms)
    start, end = (port(name, pair, weights, tops, order) for name in pair)
    width = 1.0 + 0.55 * weights[pair] ** 0.5
    colour, edge = colour_of(pair[0], rooms), LEFT + BOX
    swing = REACH + STEP * abs(end - start)
    tip = edge + 5 + 1.6 * width
    yield (
        f'<path d="M{edge} {start:.1f}C{edge + swing:.1f} {start:.1f} {edge + swing:.1f} {end:.1f} '
        f'{tip:.1f} {end:.1f}" fill="none" stroke="{colour}" stroke-width="{width:.2f}" stroke-opacity="0.75"/>'
    )
    half = 2.5 + 0.9 * width
    yield (
        f'<polygon points="{edge + 1},{end:.1f} {tip + 1:.1f},{end - half:.1f} {tip + 1:.1f},{end + half:.1f}" '
        f'fill="{colour}"/>'
    )
    yield text_at(edge + 0.75 * swing + 4, (start + end) / 2 + 4, str(weights[pair]), 10.5, colour)


def port(
    name: str,
    pair: tuple[str, str],
    weights: Mapping[tuple[str, str], int],
    tops: Mapping[str, tuple[float, float]],
    order: list[str],
) -> float:
    """Return the height at which an arrow meets a room: arrows from above first, those that reach farthest outside."""
    mine = [one for one in weights if name in one]

    def rank(one: tuple[str, str]) -> tuple[bool, int]:
        is_out = one[0] == name
        other = order.index(one[1] if is_out else one[0])
        # From above, the nearest room comes first at the top; downwards, the farthest comes first.
        return is_out, -other

    place = sorted(mine, key=rank).index(pair)
    top, height = tops[name]
    return top + height * (place + 1) / (len(mine) + 1)


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
