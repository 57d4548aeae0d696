"""Measure Mesa's own examples beside Mesa's own runner: `python -m tests.benchmarks.mesa_models [--rounds N]`.

Both run the same models with the same seeds, as many steps, on two processes, and give a value of every model
reporter for every step. They take turns, round by round; figures are medians over rounds, and so are ratios. Mesa's
runner is told one step less, because it takes one more than it is told.
"""

import argparse
import os
import platform
import statistics

import mesa
import numpy as np
from mesa.examples import BoltzmannWealth, Schelling, VirusOnNetwork
from rich.console import Console
from rich.table import Table

from abm.experiments.engines import execute
from abm.experiments.mesa_checks import checked
from abm.experiments.mesa_models import derived_seed, simulate
from abm.experiments.run import Run
from tests.benchmarks.__main__ import timed

WORKERS = 2
CASES = {
    BoltzmannWealth: ({"n": 100}, 100, 200),
    Schelling: ({"height": 20, "width": 20, "homophily": 0.7}, 50, 100),
    VirusOnNetwork: ({"num_nodes": 100, "avg_node_degree": 4}, 100, 800),
}
"""Parameters, steps and runs by model."""


def measured(kind: type[mesa.Model], rounds: int) -> tuple[float, float, float]:
    """Return median seconds of Mesa's runner and of ours, and the median of theirs over ours."""
    parameters, steps, count = CASES[kind]
    found, faults = checked(f"{kind.__module__}:{kind.__name__}", steps=steps, parameters=parameters)
    if found is None:
        raise SystemExit("\n".join(fault.message for fault in faults))
    runs = [Run(found.scenario(kind.__name__, {}), 1, replicate) for replicate in range(count)]
    seeds = [derived_seed(1, replicate) for replicate in range(count)]
    rows: list[int] = []

    def theirs() -> None:
        taken = mesa.batch_run(
            kind,
            parameters | {"seed": seeds},
            number_processes=WORKERS,
            data_collection_period=1,
            max_steps=steps - 1,
            display_progress=False,
        )
        rows.append(len(taken))

    def ours() -> None:
        done = execute(runs, simulate, workers=WORKERS)
        if done.failures or done.tables is None:
            raise SystemExit(done.failures[0].message)
        rows.append(len(done.tables.months["month"]))

    pairs = [(timed(theirs), timed(ours)) for _ in range(rounds)]
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
        slow, quick, ratio = measured(kind, rounds)
        table.add_row(kind.__name__, str(count), str(steps), f"{slow:.2f}", f"{quick:.2f}", f"{ratio:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
