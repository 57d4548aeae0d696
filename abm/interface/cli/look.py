"""The commands that list what abm knows, and that check files."""

from pathlib import Path
from typing import Annotated

import typer

from abm.interface.cli.options import Extensions, RunCode
from abm.interface.terminal.streams import output


def scenarios(
    name: Annotated[
        str | None, typer.Argument(help="A scenario, by name or path, or a policy.", show_default=False)
    ] = None,
    run_code: RunCode = False,
) -> None:
    """List the scenarios and other files that come with abm, or show one scenario or policy in full."""
    from abm.interface.terminal.scenario_cards import print_one, print_shipped

    if name is None:
        print_shipped(output())
    else:
        print_one(output(), name, run_code)


def levers(
    name: Annotated[str | None, typer.Argument(help="A lever, or a group such as 'leadership'.")] = None,
    extension: Extensions = [],  # noqa: B006
    run_code: RunCode = False,
) -> None:
    """List what a policymaker can set, or show one lever in full with its claim."""
    from abm.interface.terminal.listings import print_levers

    print_levers(output(), name, extension, run_code)


def parameters(
    name: Annotated[str | None, typer.Argument(help="A parameter, or a group such as 'trust'.")] = None,
    extension: Extensions = [],  # noqa: B006
    run_code: RunCode = False,
) -> None:
    """List the facts and assumptions of the model, or show one in full with its source."""
    from abm.interface.terminal.listings import print_parameters

    print_parameters(output(), name, extension, run_code)


def measures(
    extension: Extensions = [],  # noqa: B006
    run_code: RunCode = False,
) -> None:
    """List what is measured every month, and the outcomes at the end of a run."""
    from abm.interface.terminal.listings import print_measures

    print_measures(output(), extension, run_code)


def order(
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the picture of the month to an SVG file.")
    ] = None,
    extension: Extensions = [],  # noqa: B006
    run_code: RunCode = False,
) -> None:
    """Show the order of a month: what happens when, what it reads and what it sets."""
    from abm.interface.terminal.listings import print_order

    print_order(output(), picture, extension, run_code)


def validate(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", help="Paths, or names of files that come with abm.", show_default=False
        ),
    ],
    extension: Extensions = [],  # noqa: B006
    run_code: RunCode = False,
) -> None:
    """Check scenario, policy, place, experiment, study and extension files, and list every problem with its line.

    The code that the files name is read but not run.
    """
    from abm.interface.terminal.listings import print_validation

    print_validation(output(), files, extension, run_code)


def schema(
    kind: Annotated[str, typer.Argument(metavar="scenario|policy|place|experiment|study")] = "scenario",
    extension: Extensions = [],  # noqa: B006
    run_code: RunCode = False,
) -> None:
    """Print the JSON Schema of a kind of file, for editors."""
    from abm.interface.terminal.listings import print_schema

    print_schema(kind, extension, run_code)
