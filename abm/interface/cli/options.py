"""Options that several commands share, each declared once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, get_type_hints

import typer

# Numbers arrive as text, so that a bad one is reported together with all other problems.
Replicates = Annotated[
    str, typer.Option(metavar="NUMBER", help="Runs of each scenario; policies face the same random events.")
]
Seed = Annotated[
    str, typer.Option(metavar="NUMBER", help="Seed of all random events; the same seed repeats the results.")
]
Settings = Annotated[
    list[str],
    typer.Option(
        "--set", metavar="LEVER=VALUE", help="Set a lever in every scenario; repeat for more levers."
    ),
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
        "--run-code", help="Run the code that files name too: extensions, and other people's models."
    ),
]
Years = Annotated[
    str | None,
    typer.Option(metavar="NUMBER", help="Years to simulate.", show_default="as each scenario says"),
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
Workers = Annotated[
    str | None,
    typer.Option(metavar="NUMBER", help="Processes to use.", show_default="as many as are worthwhile"),
]
Force = Annotated[bool, typer.Option("--force", help="Replace existing results.")]


@dataclass(frozen=True)
class RunOptions:
    """The options of `run` and of `compare`, as typed.

    Attributes
    ----------
    replicates, seed : str
        Size and seed of the design.
    settings : list of str
        ``LEVER=VALUE`` for every scenario.
    extension : list of str
        Files or modules that extend every scenario.
    years, place, workers : str or None
        Horizon, place and number of processes; None leaves the choice to the scenarios and to abm.
    force : bool
        Whether existing results are replaced.
    """

    replicates: Replicates
    seed: Seed = "1"
    settings: Settings = field(default_factory=list)
    extension: Extensions = field(default_factory=list)
    years: Years = None
    place: PlaceOption = None
    workers: Workers = None
    force: Force = False


def with_run_options(replicates: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add every option of `RunOptions` to a command, which receives them as its argument `options`.

    Parameters
    ----------
    replicates : str
        Default number of replicates of the command.
    """
    hints = get_type_hints(RunOptions, include_extras=True)
    defaults = {"replicates": replicates, "settings": [], "extension": []}
    shared = [
        inspect.Parameter(
            option.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=defaults.get(option.name, option.default),
            annotation=hints[option.name],
        )
        for option in fields(RunOptions)
    ]

    def add(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def called(**values: Any) -> None:
            options = RunOptions(**{option.name: values.pop(option.name) for option in shared})
            command(**values, options=options)

        own = inspect.signature(command, eval_str=True)
        kept = [one for one in own.parameters.values() if one.name != "options"]
        parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*kept, *shared)]
        called.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        called.__annotations__ = {one.name: one.annotation for one in parameters}
        return called

    return add
