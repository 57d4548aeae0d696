"""The commands that simulate: run a scenario, compare policies, calibrate parameters."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from abm.interface.cli.options import Force, RunOptions, Workers, with_run_options
from abm.interface.terminal.streams import ExitCode, errors, output, progress

if TYPE_CHECKING:
    from abm.interface.cli.answer import Answer
    from abm.interface.cli.request import Request


@with_run_options(replicates="20")
def run(
    scenario: Annotated[
        str, typer.Argument(help="Name of a scenario, or path of its file.", show_default=False)
    ],
    options: RunOptions,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Directory for results.", show_default="nothing is written"),
    ] = None,
) -> None:
    """Run one scenario and print the results."""
    from abm.interface.cli.request import RUN, read_request

    _answer(read_request(RUN, [scenario], options, out))


@with_run_options(replicates="100")
def compare(
    scenarios: Annotated[
        list[str],
        typer.Argument(
            metavar="SCENARIO SCENARIO...",
            help="Names or paths; the first is the reference.",
            show_default=False,
        ),
    ],
    options: RunOptions,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Directory for results.", show_default="results/FIRST-vs-SECOND..."),
    ] = None,
) -> None:
    """Compare policies that face the same random events: tables, effects with intervals, and a report."""
    from abm.interface.cli.request import COMPARE, default_directory, read_request

    _answer(read_request(COMPARE, scenarios, options, out or default_directory(scenarios)))


def calibrate(
    study: Annotated[str, typer.Argument(help="Name of a shipped study, or path of its file.")] = "defaults",
    is_search: Annotated[
        bool,
        typer.Option(
            "--search/--defaults", help="Search the ranges of the parameters, or show the defaults."
        ),
    ] = False,
    workers: Workers = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the findings as JSON.", show_default=False)
    ] = None,
    force: Force = False,
) -> None:
    """Show how well the defaults meet the calibration targets, or search for parameters that meet them."""
    from contextlib import nullcontext

    from abm.files.destination import staged_file
    from abm.interface.cli.request import checked_study
    from abm.interface.terminal.calibration_tables import (
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


def _answer(request: "Request") -> None:
    from abm.interface.cli.answer import answer_request
    from abm.interface.cli.request import checked
    from abm.scenarios.simulate import compile_shipped

    scenarios = checked(request)
    compile_shipped()
    with progress(len(scenarios) * request.replicates) as show:
        answer = answer_request(request, scenarios, show)
    _print(answer)
    if answer.execution.failures:
        raise typer.Exit(ExitCode.SOME_RUNS_FAILED)


def _print(answer: "Answer") -> None:
    from abm.files.destination import REPORT
    from abm.interface.terminal.story_tables import print_story

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
