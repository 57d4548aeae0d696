"""The commands on places: build them from the publishers' files, describe, draw, export and report on them."""

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from abm.interface.terminal.streams import Commands, output

if TYPE_CHECKING:
    from rich.console import Console

    from abm.errors import Problem
    from abm.world.place import Place

LABELS = {
    "acute": "Acute providers",
    "community": "Community providers",
    "commissioner": "Commissioners",
    "practice": "General practices",
    "local_authority": "Local authorities",
}
TIE_LABELS = {"LOCAL_AUTHORITY": "local authority and others", "HOSPITAL_PRACTICE": "provider and practice"}
VINTAGE_EXAMPLE = "such as --vintage 'flows of 2018', to keep it with the place"
PICTURES = (".svg", ".png")

app = typer.Typer(
    name="place",
    cls=Commands,
    help="Build places from the publishers' files, describe, draw and export them.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

PlaceName = Annotated[
    str, typer.Argument(metavar="PLACE", help="Name of a place, or path of its file.", show_default=False)
]
Force = Annotated[bool, typer.Option("--force", help="Replace an existing file.")]


@app.command()
def build(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR", help="Folder with epraccur.csv and the other files.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE.npz", help="File for the place.", show_default=False)],
    commissioners: Annotated[
        list[str] | None,
        typer.Option(
            "--commissioner",
            metavar="CODE",
            help="Commissioner to build, such as 11X; repeat for more.",
            show_default=False,
        ),
    ] = None,
    is_all: Annotated[bool, typer.Option("--all", help="Build every commissioner in the files.")] = False,
    vintage: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="A note on the dates of the files, stored with the place."),
    ] = None,
    is_full: Annotated[bool, typer.Option("--full", help="List every code that did not match.")] = False,
    force: Force = False,
) -> None:
    """Build a place from the publishers' own files, and report what could not be matched."""
    from abm.errors import InvalidInput, Problem
    from abm.files.destination import staged_file
    from abm.world.built import write_built
    from abm.world.publishers import build_place, read_folder

    problems = file_problems(out, (".npz",), force)
    if bool(commissioners) == is_all:
        told = (
            "says which commissioners to build, such as '--commissioner 11X'; give it, or '--all', not both"
        )
        problems.append(Problem("--commissioner", None, told))
    if problems:
        raise InvalidInput(problems)
    with staged_file(out, force) as aside:
        data = read_folder(folder)
        place, told_of_place = build_place(data, commissioners or None, name_of(out))
        if vintage:
            told_of_place.tell("vintages", f"note: {vintage}")
        elif any(source.latest is None for source in data.sources):
            told_of_place.tell(
                "vintages", f"say what you know of their dates with --vintage, {VINTAGE_EXAMPLE}"
            )
        write_built(place, aside, told_of_place.text(is_full=True))
    console = output()
    console.print(told_of_place.text(is_full), soft_wrap=True)
    console.print()
    console.print(
        f"Written to {out}: {place.label}, {place.organisations:,} organisations and {place.ties:,} ties. "
        f"A scenario can use it by its path, as in 'place: ./{out.name}'.",
        soft_wrap=True,
    )


@app.command()
def describe(
    place: PlaceName,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw a map as .svg or .png.", show_default=False),
    ] = None,
    force: Force = False,
) -> None:
    """Print the figures of a place, and draw it as a map."""
    from abm.errors import InvalidInput
    from abm.files.destination import staged_file
    from abm.interface.pictures.canvas import svg, write_png
    from abm.interface.pictures.place_map import draw_map
    from abm.scenarios.library import find_place
    from abm.world.place_loading import load_place

    problems = file_problems(out, PICTURES, force) if out is not None else []
    if problems:
        raise InvalidInput(problems)
    found = load_place(find_place(place))
    if out is not None:
        with staged_file(out, force) as aside:
            if out.suffix == ".png":
                write_png(draw_map(found), aside)
            else:
                aside.write_text(svg(draw_map(found)), encoding="utf-8")
    print_description(output(), found)
    if out is not None:
        output().print(f"Drawn in {out}", soft_wrap=True)


@app.command()
def export(
    place: PlaceName,
    out: Annotated[
        Path,
        typer.Argument(metavar="FILE.graphml", help="File for the network.", show_default=False),
    ],
    force: Force = False,
) -> None:
    """Write a place as a network in GraphML, to view or edit elsewhere; a scenario can use the file as its place."""
    from abm.errors import InvalidInput
    from abm.files.destination import staged_file
    from abm.scenarios.library import find_place
    from abm.world.network import to_network, write_graphml
    from abm.world.place_loading import NETWORK_ENDING, load_place

    problems = file_problems(out, (NETWORK_ENDING,), force, "FILE.graphml")
    try:
        found = load_place(find_place(place))
    except InvalidInput as error:
        raise InvalidInput([*problems, *error.problems]) from None
    if problems:
        raise InvalidInput(problems)
    with staged_file(out, force, "FILE.graphml") as aside:
        write_graphml(to_network(found), aside)
    output().print(
        f"Written to {out}: {found.label}, {found.organisations:,} organisations and {found.ties:,} ties. "
        f"A scenario can use it by its path, as in 'place: ./{out.name}'.",
        soft_wrap=True,
    )


@app.command()
def report(place: PlaceName) -> None:
    """Print how a built place was made, with every code that did not match."""
    from abm.errors import InvalidInput, Problem
    from abm.records import shown_path
    from abm.scenarios.library import find_place
    from abm.world.built import told_of
    from abm.world.place_loading import is_built, is_network

    path = find_place(place)
    if not is_built(path):
        told = "was drawn, not built from data; its file gives the source of every number"
        if is_network(path):
            told = "is a network, which does not record how it was made; report on the place from which it was exported"
        raise InvalidInput([Problem(shown_path(path), None, told)])
    output().print(told_of(path), soft_wrap=True)


def file_problems(out: Path, endings: Sequence[str], force: bool, option: str = "--out") -> list["Problem"]:
    """Return why a file cannot be written."""
    from abm.errors import Problem

    if out.suffix not in endings:
        told = f"'{out}' should end in {' or '.join(endings)}; name such a file"
    elif not out.parent.is_dir():
        told = f"'{out}' is in a folder that does not exist; create '{out.parent}' first"
    elif out.is_symlink():
        told = f"'{out}' is a link; name the file itself"
    elif out.is_dir():
        told = f"'{out}' is a folder; name a file"
    elif out.exists() and not force:
        told = f"'{out}' exists; name a new file, or replace it with --force"
    else:
        return []
    return [Problem(option, None, told)]


def name_of(out: Path) -> str:
    """Return a name for a place after its file."""
    plain = re.sub(r"[^a-z0-9]+", "_", out.stem.lower()).strip("_")
    return plain if plain[:1].isalpha() else f"place_{plain}".rstrip("_")


def print_description(console: "Console", place: "Place") -> None:
    """Print the description of a place."""
    from rich.text import Text

    from abm.interface.terminal.plain_tables import plain_table
    from abm.world.description import LIST_PERCENTILES
    from abm.world.description import describe as figures_of

    found = figures_of(place)
    figures = found.figures
    console.print(Text(place.label, style="bold"))
    sizes = plain_table("Organisations", "", "Ties", "")
    sizes.columns[1].justify = sizes.columns[3].justify = "right"
    kinds = [(LABELS[kind.name.lower()], f"{count:,}") for kind, count in found.organisations.items()]
    ties = [
        (TIE_LABELS.get(kind.name, kind.name.replace("_", " and ")).capitalize(), f"{count:,}")
        for kind, count in found.ties.items()
    ]
    for row in range(max(len(kinds), len(ties))):
        left = kinds[row] if row < len(kinds) else ("", "")
        sizes.add_row(*map(Text, (*left, *ties[row])))
    console.print(sizes)
    console.print()

    def spread(name: str, form: str) -> str:
        mean, deviation = figures[f"{name}_mean"], figures[f"{name}_sd"]
        return f"{mean:{form}}" + (f" (sd {deviation:{form}})" if deviation > 0.0 else "")

    def distance(name: str) -> str:
        return "too few practices" if math.isnan(figures[name]) else f"{figures[name]:.1f} km"

    quantiles = " / ".join(f"{figures[f'list_p{percent}']:,.0f}" for percent in LIST_PERCENTILES)
    rows = [
        ("Registered people", f"{figures['population_total']:,.0f}"),
        (f"Lists, {'/'.join(map(str, LIST_PERCENTILES))}% quantiles", quantiles),
        ("List, mean", spread("list", ",.0f")),
        ("Practices per commissioner, mean", spread("practices", ".1f")),
        ("People per place, mean", spread("population", ",.0f")),
        ("Main provider's share of use, mean", spread("main_share", ".2f")),
        ("Providers with 5% or more of a place's use, mean", f"{figures['providers_used']:.1f}"),
        (
            "Acute providers with 5% or more of two or more places",
            f"{figures['shared_providers']:.0f} of {place.acute_providers}",
        ),
        ("Practice to nearest acute provider, median", distance("nearest_hospital_km")),
        ("Practice to fifth-nearest practice, median", distance("fifth_practice_km")),
    ]
    table = plain_table("Figure", "")
    table.columns[1].justify = "right"
    for row_cells in rows:
        table.add_row(*map(Text, row_cells))
    console.print(table)
