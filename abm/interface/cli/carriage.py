"""Run a sweep from a terminal: show progress and lost attempts, and say what to do next."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from abm.interface.cli import cluster_commands as cluster
from abm.interface.terminal.streams import ExitCode, errors, output, progress

if TYPE_CHECKING:
    from abm.sweeps.engines.engine import Carried
    from abm.sweeps.sweep import Advance, Carriage, Sweep

WATCH_SECONDS = 1.0


@dataclass(frozen=True)
class Manner:
    """The options of `abm.sweeps.sweep.Sweep.carry_out`.

    Attributes
    ----------
    is_forced, takes_over, is_thorough, retries_failed, goes_on : bool
        As there.
    """

    is_forced: bool = False
    takes_over: bool = False
    is_thorough: bool = False
    retries_failed: bool = False
    goes_on: bool = False


def carry_out(
    directory: Path, engine: str, workers: str | None, manner: Manner, places: cluster.Places
) -> None:
    """Run the missing shards of a sweep, show progress, and print a summary."""
    from abm.errors import InvalidInput
    from abm.interface.cli.numbers import Numbers
    from abm.scenarios.simulate import compile_shipped
    from abm.sweeps.engines.engine import engine_named
    from abm.sweeps.sweep import Sweep

    numbers = Numbers()
    processes = numbers.workers(workers)
    if numbers.problems:
        raise InvalidInput(numbers.problems)
    chosen = engine_named(engine, workers=processes, is_forced=manner.is_forced, **places.options(engine))
    sweep = Sweep(directory)
    if engine == "processes" and not all(base.is_foreign for base in sweep.manifest.bases):
        compile_shipped()
    with _interruptible(directory), progress(sweep.manifest.runs) as show:

        def tell(advance: "Advance") -> None:
            if advance.carried is not None and advance.carried.lost:
                tell_lost(advance.carried)
            show(advance.runs_done, advance.runs)

        carriage = sweep.carry_out(chosen, progress=tell, **vars(manner))
    _conclude(sweep, carriage)


def tell_lost(carried: "Carried") -> None:
    """Report a failed attempt at a shard."""
    again = "" if carried.is_final else "; trying again"
    errors().print(f"shard {carried.shard}: {carried.lost}{again}", style="red")


@contextmanager
def _interruptible(directory: Path) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        told = f"Interrupted; committed shards are valid. Continue with: abm sweep resume {directory}"
        errors().print(told, style="red")
        raise typer.Exit(ExitCode.INTERRUPTED) from None


def _conclude(sweep: "Sweep", carriage: "Carriage") -> None:
    from abm.interface.terminal.sweep_status import duration

    console = output()
    failed = f", {carriage.runs_failed:,} of them failed" if carriage.runs_failed else ""
    told = f"{carriage.runs_done:,} of {carriage.runs:,} runs done{failed}, in {duration(carriage.seconds)}"
    console.print(told)
    tell_faults(sweep)
    if carriage.runs_done < carriage.runs:
        console.print(f"Continue with: abm sweep resume {sweep.directory}", soft_wrap=True)
        raise typer.Exit(ExitCode.FAILED)
    console.print(f"Read it with: abm.open_sweep('{sweep.directory}')", soft_wrap=True)
    if carriage.runs_failed:
        raise typer.Exit(ExitCode.SOME_RUNS_FAILED)


def tell_faults(sweep: "Sweep") -> None:
    """Print which shards are damaged, and why runs failed."""
    from abm.interface.terminal.sweep_status import failures, faults
    from abm.sweeps.store.dataset import SweepTables

    survey = sweep.survey()
    if survey.damaged or survey.faults:
        errors().print(faults(survey))
    if survey.runs_failed:
        errors().print(failures(SweepTables(sweep.manifest).failures()))


def watch_until_done(sweep: "Sweep") -> None:
    """Show the progress of a sweep repeatedly until it is done or interrupted."""
    import time

    from rich.live import Live

    from abm.files.lock import holder_of
    from abm.interface.terminal.sweep_status import surveyed

    def look() -> tuple[Any, bool]:
        survey = sweep.survey()
        return surveyed(sweep.manifest, survey, holder_of(sweep.directory)), survey.is_complete

    view, is_complete = look()
    with Live(view, console=output(), auto_refresh=False) as live:
        try:
            while not is_complete:
                time.sleep(WATCH_SECONDS)
                view, is_complete = look()
                live.update(view, refresh=True)
        except KeyboardInterrupt:
            return
