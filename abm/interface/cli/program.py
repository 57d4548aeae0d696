"""The commands of `abm`, put together."""

from pathlib import Path
from typing import Annotated

import typer

from abm.interface.cli import look, simulate
from abm.interface.cli.options import Extensions
from abm.interface.cli.place_commands import app as places
from abm.interface.cli.structure_command import structure
from abm.interface.cli.sweep_commands import app as sweeps
from abm.interface.terminal.streams import Commands, output

app = typer.Typer(
    name="abm",
    cls=Commands,
    help="Simulate how trust between organisations lets integrated care emerge, and what policies change.",
    epilog="Start with: abm compare baseline sustained_leadership leadership_with_reform",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

LOOK, CHECK, SIMULATE, SEE = "Look", "Check", "Simulate", "See"
PANELS = {
    LOOK: (look.scenarios, look.levers, look.parameters, look.measures, look.order),
    CHECK: (look.validate, look.schema),
    SIMULATE: (simulate.run, simulate.compare, structure, simulate.calibrate),
}
"""Commands by the panel of the help that lists them."""

app.add_typer(places, rich_help_panel=LOOK)
app.add_typer(sweeps, rich_help_panel=SIMULATE)
for panel, commands in PANELS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)


def print_version(is_asked: bool) -> None:
    """Print the version and stop if `--version` is given."""
    if is_asked:
        from abm import __version__

        typer.echo(f"abm {__version__}")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=print_version, help="Print the version and stop."),
    ] = False,
) -> None:
    """Accept the options that come before a command."""


@app.command("app", rich_help_panel=SEE)
def serve(
    scenario: Annotated[
        str | None, typer.Argument(help="Open this scenario, by name or path.", show_default=False)
    ] = None,
    extension: Extensions = [],  # noqa: B006
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8765,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 admits other computers.")
    ] = "127.0.0.1",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page at once.")] = True,
    sweep: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Show the sweep in this directory too.", show_default=False),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Accept requests for this host name too, besides those of this computer; repeat for more.",
            show_default=False,
        ),
    ] = None,
    public_address: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Address of the page for visitors if it is behind a proxy: https://lab.example/abm.",
            show_default=False,
        ),
    ] = None,
    max_sessions: Annotated[
        int, typer.Option(help="Maximum number of visitors at once; others are asked to wait.")
    ] = 30,
    max_per_address: Annotated[
        int | None,
        typer.Option(
            help="Maximum number of visitors at once from one address, which a class may share.  [default: all]",
            min=1,
            show_default=False,
        ),
    ] = None,
    max_replicates: Annotated[
        int, typer.Option(help="Maximum number of pairs of runs behind bands and intervals.")
    ] = 100,
    max_years: Annotated[int, typer.Option(help="Longest horizon, in years.")] = 30,
    workers: Annotated[int, typer.Option(help="Number of processes for background work.")] = 2,
    idle_minutes: Annotated[
        int, typer.Option(help="Minutes after which a session without a browser is deleted.")
    ] = 10,
) -> None:
    """Open the page: explore a place, compare policies, and survey the landscape in a browser.

    The page has the extensions that the scenario names or --extension adds. They are code that runs on this computer.
    """
    from abm.interface.cli.serving import opened_at, serve_page

    limits = {
        "sessions": max_sessions,
        "replicates": max_replicates,
        "years": max_years,
        "workers": workers,
        "idle_minutes": idle_minutes,
    }
    query, extensions = opened_at(scenario, extension, limits)
    serve_page(
        output(),
        host,
        port,
        opens=browser,
        sweep=sweep,
        limits=limits,
        query=query,
        extensions=extensions,
        names=allow_host or (),
        public=public_address,
        per_address=max_per_address,
    )
