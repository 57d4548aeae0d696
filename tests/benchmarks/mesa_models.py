"""Measure Mesa's own examples beside Mesa's own runner: `python -m tests.benchmarks.mesa_models [--rounds N]`.

Both run the same models with the same seeds, as many steps, on two processes, and give a value of every model
reporter for every step; a planned sweep also writes its tables and commits them. They take turns, round by round;
figures are medians over rounds, and so are ratios. Mesa's runner is told one step less, because it takes one more than
it is told. Every case is long enough for the start of workers not to decide it.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import tempfile
from pathlib import Path

import mesa
import numpy as np
from mesa.examples import BoltzmannWealth, Schelling, VirusOnNetwork
from rich.console import Console
from rich.table import Table

from abm.files.destination import Destination
from abm.sweeps.engines.processes import Processes
from abm.sweeps.foreign.mesa_models import derived_seed
from abm.sweeps.plan.experimentfile import load_experiment
from abm.sweeps.plan.plan import plan_sweep
from abm.sweeps.sweep import Sweep
from tests.benchmarks.__main__ import timed

WORKERS = 2
CASES = {
    BoltzmannWealth: ({"n": 100}, 100, 200),
    Schelling: ({"height": 20, "width": 20, "homophily": 0.7}, 50, 100),
    VirusOnNetwork: ({"num_nodes": 100, "avg_node_degree": 4}, 100, 1600),
}
"""Parameters, steps and runs by model."""


def measured(kind: type[mesa.Model], rounds: int, folder: Path) -> tuple[float, float, float]:
    """Return median seconds of Mesa's runner and of ours, and the median of theirs over ours."""
    parameters, steps, count = CASES[kind]
    planned = folder / kind.__name__
    file = planned.with_suffix(".yaml")
    asked = {"model": f"{kind.__module__}:{kind.__name__}", "steps": steps, "parameters": parameters}
    design = {"design": "full_factorial", "replicates": count, "seed": 1}
    file.write_text(json.dumps({"name": "benchmark", **asked, **design}))
    plan_sweep(load_experiment(file), Destination(planned))
    seeds = [derived_seed(1, replicate) for replicate in range(count)]
    directories: list[Path] = []

    def theirs() -> None:
        taken = mesa.batch_run(
            kind,
            parameters | {"seed": seeds},
            number_processes=WORKERS,
            data_collection_period=1,
            max_steps=steps - 1,
            display_progress=False,
        )
        assert len({row["Step"] for row in taken}) == steps

    def ours() -> None:
        Sweep(directories[-1]).carry_out(Processes(WORKERS))

    pairs = []
    for number in range(rounds):
        directories.append(Path(shutil.copytree(planned, folder / f"{kind.__name__}-{number}")))
        pairs.append((timed(theirs), timed(ours)))
    slow, quick = (statistics.median(column) for column in zip(*pairs, strict=True))
    return slow, quick, float(np.median([one / other for one, other in pairs]))


def main() -> None:
    """Measure every example and print it."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.mesa_models", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds a figure is the median of (default 5)")
    rounds = parser.parse_args().rounds
    table = Table(
        title=f"Medians of {rounds} rounds, {WORKERS} processes on {os.cpu_count()} processors, "
        f"Mesa {mesa.__version__}, Python {platform.python_version()}"
    )
    table.add_column("Model")
    for heading in ("Runs", "Steps", "mesa.batch_run, s", "abm, s", "Ratio (aim: 1 or more)"):
        table.add_column(heading, justify="right")
    for kind, (_, steps, count) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            slow, quick, ratio = measured(kind, rounds, Path(folder))
        table.add_row(kind.__name__, str(count), str(steps), f"{slow:.2f}", f"{quick:.2f}", f"{ratio:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
