"""Write a job array for Slurm that runs the missing shards of a sweep, and needs nothing but the command abm.

A task runs one or more shards, one after the other, with ``abm sweep shard DIR INDEX...``. A task that is killed, or
reaches its time limit, loses the shard it was at and those it had not begun; write the script again, and it lists what
is missing by then.
"""

from __future__ import annotations

import hashlib
import math
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from abm.errors import InvalidInput, Problem
from abm.files.durable import put
from abm.runs.pool import SINGLE_THREADED
from abm.sweeps.store.manifest import Manifest
from abm.sweeps.store.shard import cases_of
from abm.texts import visible

FOLDER = "slurm"
LOGS = "slurm/logs"
KERNELS = "slurm/kernels"
"""Compiled kernels, on the file system that all nodes share, so that they are compiled once."""
KERNELS_VARIABLE = "NUMBA_CACHE_DIR"
SCRIPT = "sweep.sbatch"
DIGITS = 8
MOST_TASKS = 1000
"""Slurm takes indices of arrays below 1,001 unless its administrators allow more."""
TASK_SECONDS = 300.0
"""Length of a task unless shards take longer: queues suit jobs of minutes, not of seconds."""
WORST_SLOWDOWN = 3.0
"""How much slower than the pilot's machine a node may be before a task reaches its time limit."""
START_SECONDS = 180.0
"""Time for Python to start on a busy file system, and for kernels to be compiled if necessary."""
MINUTE = 60.0


@dataclass(frozen=True)
class Site:
    """Settings of a cluster's jobs.

    Attributes
    ----------
    memory : str
        Of a job, such as ``2GB``.
    seconds : float or None
        Time limit; None leaves it to the site, or for an array to what the pilot took.
    partition, account, interface : str
        As the site names them; empty leaves them out. The network interface matters to Dask only.
    directives : tuple of str
        Further options of sbatch, such as ``--constraint=avx2``.
    prologue : tuple of str
        Shell commands before the work, such as ``module load python``.
    """

    memory: str = "2GB"
    seconds: float | None = None
    partition: str = ""
    account: str = ""
    interface: str = ""
    directives: tuple[str, ...] = ()
    prologue: tuple[str, ...] = ()


@dataclass(frozen=True)
class JobArray:
    """A job array as written.

    Attributes
    ----------
    script : Path
        To be given to sbatch.
    tasks, shards : int
        Tasks of the array, and the shards that they run together.
    seconds : float
        Time limit of a task.
    expected : float
        Seconds that a task takes by the pilot, on one processor of its machine.
    """

    script: Path
    tasks: int
    shards: int
    seconds: float
    expected: float


def write_job_array(
    directory: Path,
    name: str,
    shards: Sequence[int],
    seconds_per_shard: float,
    *,
    site: Site = Site(),
    most_tasks: int | None = None,
    most_at_once: int | None = None,
    is_forced: bool = False,
) -> JobArray:
    """Write the script, and the list of the shards that it runs, into the folder `slurm` of a sweep.

    Parameters
    ----------
    directory : Path
        The sweep's, on a file system that all nodes share.
    name : str
        Of the experiment.
    shards : sequence of int
        Shards to be run, at least one.
    seconds_per_shard : float
        Time of the longest on one processor of the pilot's machine.
    site : Site
        Settings of the cluster's jobs.
    most_tasks : int, optional
        Tasks of the array; with more shards, a task runs several. Default: so many that a task lasts five minutes,
        and a thousand at most.
    most_at_once : int, optional
        Tasks that may run at the same time.
    is_forced : bool
        Run even if the sources are not those of the plan.

    Returns
    -------
    JobArray

    Raises
    ------
    ValueError
        If there is no shard.
    """
    if not shards:
        raise ValueError("a job array needs at least one shard")
    seen = directory.resolve()
    _require_one_line(seen, name)
    lasting = max(math.ceil(len(shards) * seconds_per_shard / TASK_SECONDS), 1)
    tasks = min(len(shards), most_tasks or min(lasting, MOST_TASKS))
    each = -(-len(shards) // tasks)
    expected = each * seconds_per_shard
    seconds = site.seconds or START_SECONDS + expected * WORST_SLOWDOWN
    seconds = math.ceil(seconds / MINUTE) * MINUTE
    prepared(seen)
    content = "".join(f"{shard}\n" for shard in shards).encode()
    # Tasks of an earlier array may still wait, and use the list that they were submitted with.
    name_of_list = f"shards-{hashlib.sha256(content).hexdigest()[:DIGITS]}.txt"
    put(seen / FOLDER / name_of_list, content)
    listed = f"$sweep/{FOLDER}/{name_of_list}"
    at_once = f"%{most_at_once}" if most_at_once else ""
    given = {
        "job-name": f"abm-{name}",
        "array": f"0-{tasks - 1}{at_once}",
        "ntasks": "1",
        "cpus-per-task": "1",
        "mem": megabytes(site.memory),
        "time": clock_time(seconds),
        "output": _escaped(seen / LOGS / "%A_%a.log"),
        "open-mode": "append",
        **({"partition": site.partition} if site.partition else {}),
        **({"account": site.account} if site.account else {}),
    }
    forced = " --force" if is_forced else ""
    command = shlex.join([sys.executable, "-m", "abm.interface.cli", "sweep", "shard"])
    lines = [
        "#!/bin/bash",
        *(f"#SBATCH --{option}={value}" for option, value in given.items()),
        # A shard done twice does no harm, so a task may start again on another node.
        "#SBATCH --requeue",
        *(f"#SBATCH {directive}" for directive in site.directives),
        f"# {len(shards)} missing shards of {seen}, up to {each} a task. Submit it with: sbatch {SCRIPT}",
        "set -u",
        f"sweep={shlex.quote(str(seen))}",
        *(f"export {variable}=1" for variable in SINGLE_THREADED),
        f"export {KERNELS_VARIABLE}={kernels(seen)}",
        *site.prologue,
        f'shards=$(awk -v task="$SLURM_ARRAY_TASK_ID" \'(NR - 1) % {tasks} == task\' "{listed}")',
        "status=0",
        f'{command} "$sweep" $shards{forced} || status=$?',
        "# 3 says that runs failed; their rows say why, and the task has done its work.",
        'if [ "$status" -eq 3 ]; then status=0; fi',
        'exit "$status"',
    ]
    script = seen / FOLDER / SCRIPT
    put(script, ("\n".join(lines) + "\n").encode())
    return JobArray(script, tasks, len(shards), seconds, expected)


def _require_one_line(directory: Path, name: str) -> None:
    """Refuse text that would end a line of the script, because the rest would become a command."""
    for text in (str(directory), name):
        if visible(text) != text:
            told = f"'{text}' cannot stand in a script; rename it without line breaks and control characters"
            raise InvalidInput([Problem(str(directory), None, told)])


def prepared(directory: Path) -> None:
    """Create the folders of logs and of kernels in a sweep."""
    (directory / LOGS).mkdir(parents=True, exist_ok=True)
    (directory / KERNELS).mkdir(exist_ok=True)


def kernels(directory: Path) -> str:
    """Return the folder of compiled kernels as shell text: the user's own if there is one, else the sweep's."""
    return f"${{{KERNELS_VARIABLE}:-{shlex.quote(str(directory / KERNELS))}}}"


def compile_kernels(directory: Path) -> None:
    """Compile the kernels that a sweep needs into the folder that its tasks use, by simulating one run.

    Raises
    ------
    subprocess.CalledProcessError
        If that fails.
    """
    seen = directory.resolve()
    prepared(seen)
    folder = os.environ.get(KERNELS_VARIABLE) or os.fspath(seen / KERNELS)
    # The folder is read when numba is imported, so this takes a process of its own.
    code = (
        f"import sys, pathlib; from {__name__} import simulate_one; simulate_one(pathlib.Path(sys.argv[1]))"
    )
    subprocess.run(
        [sys.executable, "-c", code, os.fspath(seen)],
        env={**os.environ, KERNELS_VARIABLE: folder, **dict.fromkeys(SINGLE_THREADED, "1")},
        check=True,
    )


def simulate_one(directory: Path) -> None:
    """Simulate the first run of each block of a sweep, and discard the results."""
    manifest = Manifest.read(directory)
    for block in manifest.blocks:
        case = cases_of(manifest, block.first_run, 1)[0][0]
        if not case.refusal:
            manifest.bases[case.base].simulate([case.run])


def clock_time(seconds: float) -> str:
    """Format a duration for Slurm, rounded up to whole minutes."""
    minutes = math.ceil(seconds / MINUTE)
    return f"{minutes // 60:02}:{minutes % 60:02}:00"


def megabytes(memory: str) -> str:
    """Format an amount of memory for sbatch: 2GB becomes 2G."""
    return memory.upper().removesuffix("B")


def _escaped(path: Path) -> str:
    # sbatch reads the rest of the line, and takes quotes where a path holds spaces.
    text = str(path)
    return f'"{text}"' if " " in text else text
