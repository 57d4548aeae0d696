"""The command that cuts into a place's network of trust, and shows what that changes."""

from pathlib import Path
from typing import Annotated

import typer

from abm.interface.terminal.streams import output, progress

REPLICATES, SEED = "96", "1"


def structure(
    scenario: Annotated[
        str, typer.Argument(help="Name of a scenario, or path of its file.", show_default=False)
    ],
    place: Annotated[
        list[str],
        typer.Option(
            metavar="PLACE",
            help="Look at another place, by name or path; repeat for several.",
            show_default="the scenario's",
        ),
    ] = [],  # noqa: B006
    replicates: Annotated[
        str, typer.Option(metavar="NUMBER", help="Runs of each surgery; all share their accidents.")
    ] = REPLICATES,
    seed: Annotated[
        str,
        typer.Option(metavar="NUMBER", help="Seed of every accident; the same seed gives the same results."),
    ] = SEED,
    settings: Annotated[
        list[str],
        typer.Option("--set", metavar="LEVER=VALUE", help="Set a lever; repeat for more levers."),
    ] = [],  # noqa: B006
    extension: Annotated[
        list[str],
        typer.Option(
            metavar="FILE",
            help="Add the levers and mechanisms of a Python file or module; repeat for more.",
        ),
    ] = [],  # noqa: B006
    years: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="Horizon instead of the scenario's own.", show_default=False),
    ] = None,
    workers: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER", help="Processes to use; without it, one a processor.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write tables and a picture here; without it nothing is written."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace results that are there.")] = False,
) -> None:
    """Show whether it matters who trusts whom: cut into the network of trust, and measure its structure."""
    from abm.interface.cli.dissection import Asked, carry_out

    asked = Asked.read(
        scenario,
        places=place,
        replicates=replicates,
        seed=seed,
        settings=settings,
        extensions=extension,
        years=years,
        workers=workers,
        out=out,
        force=force,
    )
    found = asked.checked()
    with progress(asked.runs(found)) as show:
        answer = carry_out(asked, found, show)
    answer.print(output())
