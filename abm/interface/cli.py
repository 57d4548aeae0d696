"""The command line: list what can be set, check files, run scenarios and compare policies."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from abm.interface.dissect import structure
from abm.interface.ending import ending_by_signals
from abm.interface.places import app as places
from abm.interface.sweep import app as sweeps
from abm.interface.terminal import Commands, ExitCode, output, progress

if TYPE_CHECKING:
    from abm.interface.experiment import Answer, Request

REPLICATES, RUN_REPLICATES, SEED = "100", "20", "1"

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

app.add_typer(places, rich_help_panel=LOOK)
app.add_typer(sweeps, rich_help_panel=SIMULATE)
app.command(rich_help_panel=SIMULATE)(structure)

# Numbers arrive as text: what is wrong with them is told together with all other problems.
Replicates = Annotated[
    str, typer.Option(metavar="NUMBER", help="Runs of each scenario; policies share their accidents.")
]
Seed = Annotated[
    str, typer.Option(metavar="NUMBER", help="Seed of every accident; the same seed gives the same results.")
]
Settings = Annotated[
    list[str],
    typer.Option(
        "--set", metavar="LEVER=VALUE", help="Set a lever in every scenario; repeat for more levers."
    ),
]
Years = Annotated[
    str | None,
    typer.Option(metavar="NUMBER", help="Horizon instead of the scenarios' own.", show_default=False),
]
Workers = Annotated[
    str | None,
    typer.Option(metavar="NUMBER", help="Processes to use; without it, as many as pay.", show_default=False),
]
Extensions = Annotated[
    list[str],
    typer.Option(
        "--extension",
        metavar="FILE",
        help="Add the levers and mechanisms of a Python file or module; repeat for more.",
    ),
]
RunCode = Annotated[
    bool,
    typer.Option(
        "--run-code", help="Run the code that files name too: extensions, and the models of others."
    ),
]
PlaceOption = Annotated[
    str | None,
    typer.Option(
        "--place",
        metavar="PLACE",
        help="Move to another place, by name or path.",
        show_default="the scenario's",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace results that are there.")]


def print_version(is_asked: bool) -> None:
    """Print the version and stop, where that is asked for."""
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
    """Handle what stands before a command."""


@app.command(rich_help_panel=LOOK)
def scenarios(
    name: Annotated[
        str | None, typer.Argument(help="A scenario, by name or path, or a policy.", show_default=False)
    ] = None,
    run_code: RunCode = False,
) -> None:
    """List what comes with abm to run, or show one scenario or policy in full."""
    from abm.interface.scenarios import print_one, print_shipped

    if name is None:
        print_shipped(output())
    else:
        print_one(output(), name, run_code)


@app.command(rich_help_panel=LOOK)
def levers(
    name: Annotated[str | None, typer.Argument(help="A lever, or a group such as 'leadership'.")] = None,
    extension: Extensions = [],  # noqa: B006
    run_code: RunCode = False,
) -> None:
    """List what a policymaker can set, or show one lever in full with its claim."""
    from abm.interface.listings import print_levers

    print_levers(output(), name, extension, run_code)


@app.command(rich_help_panel=LOOK)
def parameters(
    name: Annotated[str | None, typer.Argument(help="A parameter, or a group such as 'trust'.")] = None,
    extension: Extensions = [],  # noqa: B006
    run_code: RunCode = False,
) -> None:
    """List the facts and assumptions of the model, or show one in full with its source."""
    from abm.interface.listings import print_parameters

    print_parameters(output(), name, extension, run_code)


@app.command(rich_help_panel=LOOK)
def measures(
    extension: Extensions = [],  # noqa: B006
    run_code: RunCode = False,
) -> None:
    """List what is measured every month, and what is judged at the end of a run."""
    from abm.interface.listings import print_measures

    print_measures(output(), extension, run_code)


@app.command(rich_help_panel=LOOK)
def order(
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the picture of the month to an SVG file.")
    ] = None,
    extension: Extensions = [],  # noqa: B006
    run_code: RunCode = False,
) -> None:
    """Show the order of a month: what happens when, what it reads and what it sets."""
    from abm.interface.listings import print_order

    print_order(output(), picture, extension, run_code)


@app.command(rich_help_panel=CHECK)
def validate(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Paths, or names of what comes with abm.", show_default=False),
    ],
    extension: Extensions = [],  # noqa: B006
    run_code: RunCode = False,
) -> None:
    """Check scenario, policy, place, experiment, study and extension files, and list every problem with its line.

    Code that files name is read, not run.
    """
    from abm.interface.listings import print_validation

    print_validation(output(), files, extension, run_code)


@app.command(rich_help_panel=CHECK)
def schema(
    kind: Annotated[str, typer.Argument(metavar="scenario|policy|place|experiment|study")] = "scenario",
    extension: Extensions = [],  # noqa: B006
    run_code: RunCode = False,
) -> None:
    """Print the JSON Schema of a kind of file, for editors."""
    from abm.interface.listings import print_schema

    print_schema(kind, extension, run_code)


@app.command(rich_help_panel=SIMULATE)
def run(
    scenario: Annotated[
        str, typer.Argument(help="Name of a scenario, or path of its file.", show_default=False)
    ],
    replicates: Replicates = RUN_REPLICATES,
    seed: Seed = SEED,
    settings: Settings = [],  # noqa: B006
    extension: Extensions = [],  # noqa: B006
    years: Years = None,
    place: PlaceOption = None,
    workers: Workers = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write results here; without it nothing is written.")
    ] = None,
    force: Force = False,
) -> None:
    """Run one scenario and print what came of it."""
    from abm.interface.experiment import RUN, asked

    request = asked(
        RUN,
        [scenario],
        settings=settings,
        extensions=extension,
        replicates=replicates,
        seed=seed,
        years=years,
        place=place,
        workers=workers,
        out=out,
        force=force,
    )
    _carry_out(request)


@app.command(rich_help_panel=SIMULATE)
def compare(
    scenarios: Annotated[
        list[str],
        typer.Argument(
            metavar="SCENARIO SCENARIO...",
            help="Names or paths; the first is the reference.",
            show_default=False,
        ),
    ],
    replicates: Replicates = REPLICATES,
    seed: Seed = SEED,
    settings: Settings = [],  # noqa: B006
    extension: Extensions = [],  # noqa: B006
    years: Years = None,
    place: PlaceOption = None,
    workers: Workers = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write results here.", show_default="results/FIRST-vs-SECOND..."),
    ] = None,
    force: Force = False,
) -> None:
    """Compare policies that meet the same accidents: tables, effects with intervals, and a report."""
    from abm.interface.experiment import COMPARE, asked, default_directory

    request = asked(
        COMPARE,
        scenarios,
        settings=settings,
        extensions=extension,
        replicates=replicates,
        seed=seed,
        years=years,
        place=place,
        workers=workers,
        out=out or default_directory(scenarios),
        force=force,
    )
    _carry_out(request)


@app.command(rich_help_panel=SIMULATE)
def calibrate(
    study: Annotated[str, typer.Argument(help="Name of a shipped study, or path of its file.")] = "defaults",
    is_search: Annotated[
        bool, typer.Option("--search/--defaults", help="Search the box of parameters, or show the defaults.")
    ] = False,
    workers: Workers = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write what was found as JSON.", show_default=False)
    ] = None,
    force: Force = False,
) -> None:
    """Show how the defaults meet the calibration targets, or search for parameters that do."""
    from contextlib import nullcontext

    from abm.experiments.destination import staged_file
    from abm.interface.calibration import (
        checked_study,
        describe_defaults,
        describe_search,
        write_calibration,
    )

    wanted, processes = checked_study(study, workers, out, force)
    with nullcontext() if out is None else staged_file(out, force) as written:
        if is_search:
            with progress(0, "points") as show:
                found = describe_search(output(), wanted, processes, show)
        else:
            found = describe_defaults(output(), wanted)
        if written is not None:
            write_calibration(found, written)


@app.command("app", rich_help_panel=SEE)
def serve(
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8765,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 lets other computers in.")
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
            help="Answer to this name too, beside those of this computer; may be given several times.",
            show_default=False,
        ),
    ] = None,
    public_address: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where visitors find the page if a proxy stands in front: https://lab.example/abm.",
            show_default=False,
        ),
    ] = None,
    max_sessions: Annotated[int, typer.Option(help="People at once; the next one is asked to wait.")] = 30,
    max_per_address: Annotated[
        int | None,
        typer.Option(
            help="People at once from one address; a class behind one router has one.  [default: all]",
            min=1,
            show_default=False,
        ),
    ] = None,
    max_replicates: Annotated[int, typer.Option(help="Pairs of runs behind bands and intervals.")] = 100,
    max_years: Annotated[int, typer.Option(help="Longest horizon.")] = 30,
    workers: Annotated[int, typer.Option(help="Processes for work in the background.")] = 2,
    idle_minutes: Annotated[
        int, typer.Option(help="Minutes after which a session without a browser is forgotten.")
    ] = 10,
) -> None:
    """Open the page: explore a place, compare policies, and survey the landscape in a browser."""
    from abm.interface.serving import serve_page

    serve_page(
        output(),
        host,
        port,
        opens=browser,
        sweep=sweep,
        limits={
            "sessions": max_sessions,
            "replicates": max_replicates,
            "years": max_years,
            "workers": workers,
            "idle_minutes": idle_minutes,
        },
        names=allow_host or (),
        public=public_address,
        per_address=max_per_address,
    )


def _carry_out(request: "Request") -> None:
    from abm.interface.experiment import carried_out, checked

    found = checked(request)
    with progress(len(found) * request.replicates) as show:
        answer = carried_out(request, found, show)
    _tell(answer)
    if answer.execution.failures:
        raise typer.Exit(ExitCode.SOME_RUNS_FAILED)


def _tell(answer: "Answer") -> None:
    from abm.experiments.destination import REPORT
    from abm.interface.tables import print_story
    from abm.interface.terminal import errors

    console = output()
    print_story(console, answer.story)
    if answer.written is not None:
        console.print()
        console.print(f"Written to {answer.written}; open {answer.written / REPORT}", soft_wrap=True)
    for failure in answer.execution.failures:
        run = failure.run
        errors().print(
            f"run {run.run_id} failed ({run.scenario.name}, replicate {run.replicate}): {failure.message}",
            style="red",
        )


def main() -> Any:
    """Run the command line; the installed command `abm` is this."""
    with ending_by_signals():
        return app()


if __name__ == "__main__":
    main()
