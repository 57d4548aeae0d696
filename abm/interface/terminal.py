"""Talk to a terminal: results on standard output, progress and problems on standard error, a code to end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import typer

from abm.errors import AbmError, InvalidInput

if TYPE_CHECKING:
    from rich.console import Console

MOST_WIDTH = 100


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    FAILED = 1
    INVALID_INPUT = 2
    SOME_RUNS_FAILED = 3
    INTERRUPTED = 130


class Commands(typer.core.TyperGroup):
    """Turn errors that abm raises on purpose into messages and exit codes."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except InvalidInput as error:
            complain(error)
            raise typer.Exit(ExitCode.INVALID_INPUT) from None
        except AbmError as error:
            errors().print(f"{error}", style="red", markup=False)
            raise typer.Exit(ExitCode.FAILED) from None
        except OSError as error:
            errors().print(f"{error.strerror or error}: {error.filename or ''}", style="red", markup=False)
            raise typer.Exit(ExitCode.FAILED) from None
        except KeyboardInterrupt:
            errors().print("Interrupted; nothing was written.", style="red")
            raise typer.Exit(ExitCode.INTERRUPTED) from None


def output() -> "Console":
    """Return the console for results, at most a hundred columns wide."""
    from rich.console import Console

    console = Console(highlight=False, emoji=False)
    console.width = min(console.width, MOST_WIDTH)
    return console


def errors() -> "Console":
    """Return the console for progress and problems."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)


def complain(error: InvalidInput) -> None:
    """List every problem of an input."""
    console = errors()
    count = len(error.problems)
    console.print(f"[bold red]{count} problem{'s' if count > 1 else ''}, nothing was written[/]")
    for problem in error.problems:
        console.print(f"  {problem}", markup=False)


@contextmanager
def progress(total: int, unit: str = "runs") -> Iterator[Callable[[int, int], None]]:
    """Show how many of some runs are done, how fast and how long it will take.

    Parameters
    ----------
    total : int
        Runs; 0 where the caller tells it later.
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
        task = bar.add_task("Compiling, once on a machine", total=total, rate="")

        def show(done: int, of: int) -> None:
            if done:
                speed = bar.tasks[0].speed
                rate = f"{shown_number(speed, 3)} {unit}/s" if speed else ""
                bar.update(task, completed=done, total=of, description="Simulating", rate=rate)

        yield show
