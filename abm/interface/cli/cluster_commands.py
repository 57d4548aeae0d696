"""The options of sweeps on clusters, and the commands that write a job array or a crate."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from abm.interface.terminal.streams import errors, output

if TYPE_CHECKING:
    from abm.sweeps.engines.job_array import Site

TIME = re.compile(r"(?:(\d{1,3})-)?(\d{1,4}):(\d{2})(?::(\d{2}))?")
MEMORY = re.compile(r"\d{1,6}(?:[KMGT]i?B?)?", re.IGNORECASE)
TIME_ADVICE = "give hours and minutes such as 00:30, or days before them such as 1-00:00"
MEMORY_ADVICE = "give an amount such as 2GB"

Directory = Annotated[
    Path, typer.Argument(metavar="DIR", help="Directory of the sweep, as planned.", show_default=False)
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS", help="Scheduler of Dask, such as tcp://host:8786.", rich_help_panel="Dask"
    ),
]
Partition = Annotated[
    str | None, typer.Option(metavar="NAME", help="Partition of Slurm.", rich_help_panel="Slurm")
]
Account = Annotated[
    str | None, typer.Option(metavar="NAME", help="Account of Slurm.", rich_help_panel="Slurm")
]
Memory = Annotated[
    str | None,
    typer.Option(metavar="AMOUNT", help="Memory of a job.", show_default="2GB", rich_help_panel="Slurm"),
]
TimeLimit = Annotated[
    str | None, typer.Option(metavar="HH:MM", help="Time limit of a job.", rich_help_panel="Slurm")
]
Interface = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Network interface of the nodes, such as ib0.", rich_help_panel="Slurm"
    ),
]
Directives = Annotated[
    list[str] | None,
    typer.Option(
        "--sbatch", metavar="OPTION", help="Further option of sbatch, repeatable.", rich_help_panel="Slurm"
    ),
]
Before = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COMMAND", help="Shell command before the work, repeatable.", rich_help_panel="Slurm"
    ),
]


@dataclass(frozen=True)
class Places:
    """The options of the command line about where shards run.

    Attributes
    ----------
    scheduler, partition, account, memory, time_limit, interface : str or None
        As given.
    directives, before : list of str or None
        As given.
    """

    scheduler: str | None = None
    partition: str | None = None
    account: str | None = None
    memory: str | None = None
    time_limit: str | None = None
    interface: str | None = None
    directives: list[str] | None = None
    before: list[str] | None = None

    def options(self, engine: str) -> dict[str, Any]:
        """Return the options of an engine.

        Raises
        ------
        InvalidInput
            If some belong to another engine, or cannot be read.
        """
        from abm.errors import InvalidInput, Problem

        given = {
            "--scheduler": ("dask", self.scheduler),
            "--partition": ("slurm", self.partition),
            "--account": ("slurm", self.account),
            "--memory": ("slurm", self.memory),
            "--time-limit": ("slurm", self.time_limit),
            "--interface": ("slurm", self.interface),
            "--sbatch": ("slurm", self.directives),
            "--before": ("slurm", self.before),
        }
        problems = [
            Problem(option, None, f"belongs to the engine '{owner}'; add --engine {owner}, or leave it out")
            for option, (owner, value) in given.items()
            if value and owner != engine
        ]
        if problems:
            raise InvalidInput(problems)
        if engine == "dask":
            return {"scheduler": self.scheduler or ""}
        return {"site": self.site()} if engine == "slurm" else {}

    def site(self) -> "Site":
        """Return the settings of a job for Slurm.

        Raises
        ------
        InvalidInput
            If memory or time limit cannot be read.
        """
        from abm.errors import InvalidInput, Problem
        from abm.sweeps.engines.job_array import Site

        problems = []
        if self.memory is not None and not MEMORY.fullmatch(self.memory):
            problems.append(Problem("--memory", None, f"found '{self.memory}'; {MEMORY_ADVICE}"))
        seconds = None if self.time_limit is None else seconds_of(self.time_limit)
        if seconds == 0:
            problems.append(Problem("--time-limit", None, f"found '{self.time_limit}'; {TIME_ADVICE}"))
        if problems:
            raise InvalidInput(problems)
        return Site(
            memory=self.memory or Site.memory,
            seconds=seconds,
            partition=self.partition or "",
            account=self.account or "",
            interface=self.interface or "",
            directives=tuple(self.directives or ()),
            prologue=tuple(self.before or ()),
        )


def seconds_of(text: str) -> float:
    """Read a time limit in Slurm's notation; 0 if it cannot be read."""
    found = TIME.fullmatch(text.strip())
    if found is None:
        return 0.0
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def slurm_script(
    directory: Directory,
    partition: Partition = None,
    account: Account = None,
    memory: Memory = None,
    time_limit: TimeLimit = None,
    at_once: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="Tasks that may run at the same time.")
    ] = None,
    tasks: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER",
            help="Maximum number of tasks in the array.",
            show_default="tasks of five minutes, up to 1,000",
        ),
    ] = None,
    sbatch: Directives = None,
    before: Before = None,
    compile_first: Annotated[
        bool, typer.Option("--compile/--no-compile", help="Compile the kernels now, once for all tasks.")
    ] = True,
    force: Annotated[
        bool,
        typer.Option("--force", help="Let the tasks continue although the code has changed since the plan."),
    ] = False,
) -> None:
    """Write a Slurm job array that runs the missing shards; submit it with sbatch."""
    from abm.errors import InvalidInput
    from abm.interface.cli.numbers import Numbers
    from abm.interface.terminal.sweep_status import duration
    from abm.sweeps.engines.job_array import compile_kernels, write_job_array
    from abm.sweeps.sweep import Sweep

    numbers = Numbers()
    most_at_once, most_tasks = numbers.counted("--at-once", at_once), numbers.counted("--tasks", tasks)
    problems = list(numbers.problems)
    places = Places(None, partition, account, memory, time_limit, None, sbatch, before)
    try:
        site = places.site()
    except InvalidInput as error:
        problems += error.problems
    if problems:
        raise InvalidInput(problems)
    sweep = Sweep(directory)
    if not force:
        sweep.manifest.require_code()
    missing = sweep.survey().open_shards
    if not missing:
        output().print("No shard is missing; there is nothing to submit")
        return
    if compile_first:
        with errors().status("Compiling the kernels, once for all tasks"):
            compile_kernels(directory)
    array = write_job_array(
        directory,
        sweep.manifest.name,
        missing,
        seconds_per_shard(sweep),
        site=site,
        most_tasks=most_tasks,
        most_at_once=most_at_once,
        is_forced=force,
    )
    told = f"{_counted(array.shards, 'shard')} in {_counted(array.tasks, 'task')} of about {duration(array.expected)}"
    limited = f"with a time limit of {duration(array.seconds)}"
    output().print(f"{told}, {limited}; submit with: sbatch {array.script}", soft_wrap=True)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def seconds_per_shard(sweep: Any) -> float:
    """Estimate the time of the longest shard of a sweep from the pilot runs of its plan."""
    pilots = sweep.manifest.content["invocation"]["pilots"]
    longest = max(pilot["seconds_per_run"] for pilot in pilots)
    return float(longest * max(block.shard_runs for block in sweep.manifest.blocks))


def crate(
    directory: Directory,
    agent: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Person or organisation that ran the sweep; omitted by default."),
    ] = None,
    agent_id: Annotated[
        str | None,
        typer.Option("--agent-id", metavar="URL", help="Web address of the agent, such as an ORCID."),
    ] = None,
    organisation: Annotated[
        bool, typer.Option("--organisation", help="The agent is an organisation, not a person.")
    ] = False,
    licence: Annotated[
        str, typer.Option(metavar="URL", help="Licence of the results.", show_default="none")
    ] = "",
) -> None:
    """Describe a finished sweep as an RO-Crate (Process Run Crate), in its own directory."""
    from abm.errors import AbmError, InvalidInput, Problem

    if agent is None and (agent_id or organisation):
        raise InvalidInput(
            [Problem("--agent", None, "is missing; name the agent whom the other options describe")]
        )
    try:
        from abm.sweeps.crate import Agent, write_crate
    except ModuleNotFoundError as error:
        told = (
            f"a crate needs {error.name}, which is not installed; install it with: pip install 'abm[crate]'"
        )
        raise AbmError(told) from None
    who = None if agent is None else Agent(agent, agent_id or "", organisation)
    with errors().status("Reading every byte"):
        path = write_crate(directory, agent=who, licence=licence)
    output().print(f"Written to {path}; the directory is now a crate", soft_wrap=True)
