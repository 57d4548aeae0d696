"""Output to a terminal: results on standard output, progress and problems on standard error, and exit codes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import typer

from abm.errors import AbmError, InvalidInput
from abm.texts import visible_lines

if TYPE_CHECKING:
    from rich.console import Console

MOST_WIDTH = 100
# typer carries click within it, and exports no more of its errors.
UsageError: Any = typer.BadParameter.__bases__[0]
"""The error of a command line that cannot be read."""


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    FAILED = 1
    INVALID_INPUT = 2
    SOME_RUNS_FAILED = 3
    INTERRUPTED = 130


class Commands(typer.core.TyperGroup):
    """Commands whose errors become messages and exit codes."""

    def make_context(self, *args: Any, **options: Any) -> Any:
        """Read the command line, and escape it wherever a message quotes it."""
        try:
            return super().make_context(*args, **options)
        except UsageError as error:
            raise _shown(error) from None

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except UsageError as error:
            raise _shown(error) from None
        except InvalidInput as error:
            complain(error)
            raise typer.Exit(ExitCode.INVALID_INPUT) from None
        except AbmError as error:
            errors().print(f"{error}", style="red")
            raise typer.Exit(ExitCode.FAILED) from None
        except OSError as error:
            errors().print(f"{error.strerror or error}: {error.filename or ''}", style="red")
            raise typer.Exit(ExitCode.FAILED) from None
        except KeyboardInterrupt:
            errors().print("Interrupted; nothing was written.", style="red")
            raise typer.Exit(ExitCode.INTERRUPTED) from None


def _shown(error: Any) -> Any:
    error.message = visible_lines(error.message)
    return error


def emit(text: str) -> None:
    """Write a text to standard output for other programs, with control characters escaped."""
    typer.echo(visible_lines(text))


def output() -> "Console":
    """Return the console for results, at most a hundred columns wide."""
    from abm.interface.terminal.console import PlainConsole

    console = PlainConsole(highlight=False, emoji=False)
    console.width = min(console.width, MOST_WIDTH)
    return console


def errors() -> "Console":
    """Return the console for progress and problems."""
    from abm.interface.terminal.console import PlainConsole

    return PlainConsole(stderr=True, highlight=False, emoji=False, soft_wrap=True)


def complain(error: InvalidInput) -> None:
    """List every problem of an input."""
    console = errors()
    count = len(error.problems)
    console.print(f"{count} problem{'s' if count > 1 else ''}, nothing was written", style="bold red")
    for problem in error.problems:
        console.print(f"  {problem}")


@contextmanager
def progress(total: int, unit: str = "runs") -> Iterator[Callable[[int, int], None]]:
    """Show how many runs are done, how fast they go, and how much time is left.

    Parameters
    ----------
    total : int
        Number of runs; 0 if the caller passes it later.
    unit : str
        What is counted.

    Yields
    ------
    callable
        To be called with the number of runs done and the number of runs.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from abm.records import shown_number

    columns = (
        TextColumn("{task.description}"),
        BarColumn(complete_style="cyan"),
        TextColumn("[progress.download]{task.completed:,}/{task.total:,}"),
        TextColumn("{task.fields[rate]}"),
        TextColumn("[dim]left[/]"),
        TimeRemainingColumn(compact=True),
    )
    console = errors()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Starting", total=total, rate="")

        def show(done: int, of: int) -> None:
            if done:
                speed = bar.tasks[0].speed
                rate = f"{shown_number(speed, 3)} {unit}/s" if speed else ""
                bar.update(task, completed=done, total=of, description="Simulating", rate=rate)

        yield show
