"""The commands on sweeps: plan, run, inspect, repair, extend and read them."""

from pathlib import Path
from typing import Annotated

import typer

from abm.interface.cli import cluster_commands as cluster
from abm.interface.cli.carriage import Manner, carry_out, tell_faults, tell_lost, watch_until_done
from abm.interface.terminal.streams import Commands, ExitCode, errors, output

SWEEPS = Path("results")
RESUME = "resume"

app = typer.Typer(
    name="sweep",
    cls=Commands,
    help="Simulate thousands or millions of runs: plan, run, resume, inspect, read.",
    epilog="Start with: abm sweep plan headline_levers, then: abm sweep run results/headline_levers",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Directory = cluster.Directory
Workers = Annotated[str | None, typer.Option(metavar="NUMBER", help="Number of processes, or of Slurm jobs.")]
EngineName = Annotated[str, typer.Option("--engine", metavar="NAME", help="processes, dask or slurm.")]
OtherCode = Annotated[
    bool, typer.Option("--force", help="Continue although the code has changed since the plan.")
]
TakeOver = Annotated[
    bool, typer.Option("--take-over", help="Take over the lock of a command on another host that has ended.")
]
ShardSeconds = Annotated[
    str | None,
    typer.Option(
        metavar="NUMBER",
        help="Target time of a shard in seconds; 300 suits a cluster.",
        show_default="100 to 1,000 runs",
    ),
]
ShardRuns = Annotated[
    str | None, typer.Option(metavar="NUMBER", help="Runs in each shard.", show_default="from a pilot")
]


@app.command()
def plan(
    experiment: Annotated[
        str, typer.Argument(help="Name of an experiment, or path of its file.", show_default=False)
    ],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Directory to create.", show_default="results/EXPERIMENT"),
    ] = None,
    shard_seconds: ShardSeconds = None,
    shard_runs: ShardRuns = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an existing sweep with its results.")
    ] = False,
) -> None:
    """Check an experiment, try a few runs, and write the manifest; report runs, shards, time and disk space."""
    from abm.errors import InvalidInput
    from abm.files.destination import Destination
    from abm.interface.cli.numbers import Numbers
    from abm.interface.terminal.sweep_status import planned
    from abm.runs.batches import available_processors
    from abm.sweeps.plan.experimentfile import load_experiment
    from abm.sweeps.plan.plan import SWEEP_FILES, ShardSize
    from abm.sweeps.plan.plan import plan_sweep as planning

    numbers = Numbers()
    size = numbers.shard_size(shard_seconds, shard_runs)
    directory = out or SWEEPS / Path(experiment).stem
    destination = Destination(directory, force, files=SWEEP_FILES)
    problems = [*numbers.problems, *destination.problems()]
    loaded = None
    try:
        loaded = load_experiment(experiment)
    except InvalidInput as error:
        problems += error.problems
    if problems or loaded is None:
        raise InvalidInput(problems)
    shards, asked = ShardSize(*size) if size else ShardSize(), f"abm sweep plan {experiment}"
    with errors().status("Trying a few runs, after compiling once for this machine"):
        manifest = planning(loaded, destination, shards, asked)
    console = output()
    console.print(planned(manifest, available_processors()))
    console.print()
    console.print(f"Planned in {directory}; run it with: abm sweep run {directory}", soft_wrap=True)


# Decorators apply from below, and the help lists commands in the order in which they were added.
@app.command(
    name=RESUME, help="Check every byte of existing shards, then run those that are missing or damaged."
)
@app.command(
    name="run", help="Run the missing shards of a sweep; a stopped sweep continues where it stopped."
)
def carry(
    context: typer.Context,
    directory: Directory,
    engine: EngineName = "processes",
    workers: Workers = None,
    failed: Annotated[
        bool, typer.Option("--failed", help="Repeat failed runs too; other rows stay the same.")
    ] = False,
    go_on: Annotated[
        bool,
        typer.Option("--go-on", help="Continue however many runs fail, and however similar the failures."),
    ] = False,
    force: OtherCode = False,
    take_over: TakeOver = False,
    scheduler: cluster.Scheduler = None,
    partition: cluster.Partition = None,
    account: cluster.Account = None,
    memory: cluster.Memory = None,
    time_limit: cluster.TimeLimit = None,
    interface: cluster.Interface = None,
    sbatch: cluster.Directives = None,
    before: cluster.Before = None,
) -> None:
    """Run the missing shards of a sweep; `resume` first verifies every byte of the existing ones."""
    places = cluster.Places(scheduler, partition, account, memory, time_limit, interface, sbatch, before)
    manner = Manner(
        is_forced=force,
        takes_over=take_over,
        is_thorough=context.info_name == RESUME,
        retries_failed=failed,
        goes_on=go_on,
    )
    carry_out(directory, engine, workers, manner, places)


@app.command()
def shard(
    directory: Directory,
    indices: Annotated[
        list[str],
        typer.Argument(
            metavar="INDEX...", help="Indices of shards, or ranges such as 8-15.", show_default=False
        ),
    ],
    force: OtherCode = False,
) -> None:
    """Run single shards, for job arrays; this needs no lock, and running a shard twice does no harm."""
    from abm.errors import InvalidInput
    from abm.interface.cli.numbers import Numbers
    from abm.sweeps.engines.engine import carry_all
    from abm.sweeps.store.manifest import Manifest

    manifest = Manifest.read(directory)
    numbers = Numbers()
    wanted = numbers.shards(indices, manifest.shards)
    if numbers.problems:
        raise InvalidInput(numbers.problems)
    failed = lost = 0
    for carried in carry_all(directory, wanted, force, manifest):
        if carried.refused is not None:
            raise carried.refused
        failed, lost = failed + carried.failed, lost + bool(carried.lost and carried.is_final)
        if carried.lost:
            tell_lost(carried)
        else:
            output().print(
                f"shard {carried.shard}: {carried.runs:,} runs, {carried.failed:,} failed, {carried.seconds:.1f} s"
            )
    if lost:
        raise typer.Exit(ExitCode.FAILED)
    if failed:
        raise typer.Exit(ExitCode.SOME_RUNS_FAILED)


@app.command()
def status(
    directory: Directory,
    watch: Annotated[
        bool, typer.Option("--watch", help="Refresh until the sweep is done; Ctrl-C stops watching.")
    ] = False,
) -> None:
    """Show the progress of a sweep: done, failed, missing, damaged, running, rate and time left."""
    from abm.files.lock import holder_of
    from abm.interface.terminal.sweep_status import surveyed
    from abm.sweeps.sweep import Sweep

    sweep = Sweep(directory)
    console = output()
    if watch:
        watch_until_done(sweep)
    else:
        console.print(surveyed(sweep.manifest, sweep.survey(), holder_of(directory)))
    survey = sweep.survey()
    tell_faults(sweep)
    if not survey.is_complete and holder_of(directory) is None:
        console.print(f"Continue with: abm sweep resume {directory}", soft_wrap=True)


@app.command()
def verify(directory: Directory) -> None:
    """Read every byte and compare every checksum, row count and hash with the manifest and the commits."""
    from abm.interface.terminal.sweep_status import faults, surveyed
    from abm.sweeps.sweep import Sweep

    sweep = Sweep(directory)
    with errors().status("Reading every byte"):
        survey = sweep.survey(is_thorough=True)
    console = output()
    console.print(surveyed(sweep.manifest, survey))
    if survey.damaged or survey.faults:
        console.print(faults(survey))
        console.print(f"Repair it with: abm sweep resume {directory}", soft_wrap=True)
        raise typer.Exit(ExitCode.FAILED)
    console.print("Every existing file is intact", style="green")


@app.command()
def expand(
    directory: Directory,
    replicates: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="New total of replicates at every point.")
    ] = None,
    points: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="New total of points, samples or trajectories."),
    ] = None,
    experiment: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Add the points of this experiment that are not in the sweep yet."),
    ] = None,
    shard_seconds: ShardSeconds = None,
    shard_runs: ShardRuns = None,
    take_over: TakeOver = False,
) -> None:
    """Add replicates or points; existing runs keep their ids and files."""
    from abm.errors import InvalidInput
    from abm.interface.cli.numbers import Numbers
    from abm.sweeps.plan.expansion import expand_sweep as expanding
    from abm.sweeps.plan.experimentfile import load_experiment
    from abm.sweeps.plan.plan import ShardSize
    from abm.sweeps.sweep import Sweep

    numbers = Numbers()
    more, samples = numbers.more("--replicates", replicates), numbers.more("--points", points)
    size = numbers.shard_size(shard_seconds, shard_runs)
    if numbers.problems:
        raise InvalidInput(numbers.problems)
    sweep = Sweep(directory)
    loaded = None if experiment is None else load_experiment(experiment)
    with sweep.locked(take_over), errors().status("Trying a few runs"):
        grown = expanding(
            sweep.manifest,
            replicates=more,
            samples=samples,
            experiment=loaded,
            size=ShardSize(*size) if size else ShardSize(),
        )
    told = (
        f"{grown.runs - sweep.manifest.runs:,} runs in {grown.shards - sweep.manifest.shards:,} shards added"
    )
    output().print(f"{told}; run them with: abm sweep run {directory}", soft_wrap=True)


@app.command()
def compact(directory: Directory, take_over: TakeOver = False) -> None:
    """Merge the files of all shards into a few large ones, after checking each of them."""
    from abm.sweeps.sweep import Sweep

    with errors().status("Checking and writing"):
        parts, survey = Sweep(directory).compact(take_over)
    files = sum(len(part.files) for part in parts)
    shards = sum(1 for part in parts for _ in part.indices)
    told = f"{shards:,} of {survey.shards:,} shards are in {files:,} files in {directory / 'compact'}"
    output().print(told, soft_wrap=True)
    if not survey.is_complete:
        output().print(f"Run the rest with: abm sweep resume {directory}", soft_wrap=True)


@app.command()
def collect(
    directory: Directory,
    out: Annotated[
        Path,
        typer.Option(metavar="FILE", help="File to write: .parquet, .csv or .arrow.", show_default=False),
    ],
    table: Annotated[str, typer.Option(metavar="runs|months|points", help="Table to write.")] = "runs",
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write one table of all runs, months or points of the design to one file for other tools."""
    from abm.sweeps.store.collection import collect_table as collecting
    from abm.sweeps.store.dataset import SweepTables
    from abm.sweeps.store.manifest import Manifest

    rows = collecting(directory, out, table, force)
    output().print(f"{rows:,} rows written to {out}", soft_wrap=True)
    failures = SweepTables(Manifest.read(directory)).told_failures()
    if failures and table != "points":
        errors().print(f"{failures}; they have no outcomes and no months", style="red")


@app.command()
def rerun(
    directory: Directory,
    run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="Id of a run.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Directory for the run with every month and measure.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing results.")] = False,
    opens: Annotated[bool, typer.Option("--open", help="Open the run in the page, in a browser.")] = False,
    browser: Annotated[
        bool,
        typer.Option("--browser/--no-browser", help="With --open: start a browser, or only print the link."),
    ] = True,
    port: Annotated[
        int, typer.Option(help="With --open: port of the page.", min=1, max=65535, metavar="NUMBER")
    ] = 8765,
) -> None:
    """Repeat one run from the manifest alone, and compare it bit for bit with the stored one."""
    from abm.interface.cli.rerun import Opening, print_rerun

    print_rerun(output(), directory, run_id, out, force, Opening(port, browser) if opens else None)


app.command(name="slurm-script")(cluster.slurm_script)
app.command(name="crate")(cluster.crate)
