"""Measure speed and memory: `python -m tests.benchmarks [--rounds N] [--england] [--json FILE]`.

What is compared runs in turn, round by round, so that a machine whose speed drifts does not tilt a ratio; every figure
is a median over rounds. Nothing here passes or fails: figures are for reading beside their aims.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from abm.core.batch import Batch, Lane
from abm.scenarios.integration_model import IntegrationModel
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import make_batch, simulate_lanes
from abm.world.region import random_region
from tests.oracle.model import OracleModel

MONTHS = 24
LANES = 16
ENGLAND = (8_249, 80_902)
ENGLAND_MONTHS = 120
ENGLAND_ROUNDS = 3
REGION = (400, 4_000)


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that a piece of work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def advance(model: Batch | IntegrationModel | OracleModel, months: int) -> None:
    """Advance a batch, a model or the oracle, measures included."""
    for _ in range(months):
        if isinstance(model, Batch):
            model.advance()
            continue
        model.step()
        if isinstance(model, OracleModel):
            model.measures()


def tie_month(model: Batch | IntegrationModel | OracleModel, ties: int, months: int) -> float:
    """Advance a model, and return the nanoseconds that it took per directed tie-month of a run."""
    runs = model.width if isinstance(model, Batch) else 1
    return 1e9 * timed(lambda: advance(model, months)) / (months * 2 * ties * runs)


def region_figures(rounds: int) -> dict[str, float]:
    """Return nanoseconds per directed tie-month on a drawn region: oracle, Mesa's face, lanes, and ratios.

    The first month of each, which touches its memory for the first time, is not timed.
    """
    place = random_region(*REGION, seed=1)
    case = load_scenario("leadership_with_reform")
    table = case.lever_table()
    lanes = [Lane(1, replicate, case.parameter_values, table) for replicate in range(LANES)]
    advance(make_batch(place, lanes), 1)
    samples: dict[str, list[float]] = {"oracle": [], "face": [], "lanes": []}
    for number in range(rounds):
        models = {
            "oracle": OracleModel(place, dict(case.parameter_values), table, 1, number),
            "face": IntegrationModel(case, seed=1, replicate=number, place=place),
            "lanes": make_batch(place, lanes),
        }
        for model in models.values():
            advance(model, 1)
        for name, model in models.items():
            samples[name].append(tie_month(model, place.ties, MONTHS))
    figures = {f"{name}, ns": statistics.median(values) for name, values in samples.items()}
    for name in ("face", "lanes"):
        ratios = [slow / fast for slow, fast in zip(samples["oracle"], samples[name], strict=True)]
        figures[f"oracle / {name}"] = statistics.median(ratios)
    return figures


def south_somerset_rate(rounds: int, lanes: int) -> float:
    """Return complete ten-year runs of South Somerset a second on one core."""
    case = load_scenario("leadership_with_reform")
    seconds = [
        timed(lambda: simulate_lanes([case] * lanes, [1] * lanes, range(lanes))) for _ in range(rounds + 1)
    ]
    return lanes / statistics.median(seconds[1:])


def england_figures(has_oracle: bool) -> dict[str, float]:
    """Return memory a lane and nanoseconds per directed tie-month over ten years at England's size.

    The oracle takes two minutes for its ten years, and runs them once.
    """
    place = random_region(*ENGLAND, seed=1)
    case = load_scenario("leadership_with_reform")
    table = case.lever_table()
    lanes = [Lane(1, replicate, case.parameter_values, table) for replicate in range(LANES)]
    batches = [make_batch(place, lanes) for _ in range(ENGLAND_ROUNDS)]
    figures = {
        "state a lane, MB": sum(values.nbytes for values in batches[0].state.arrays.values()) / LANES / 1e6,
        "lanes, ns": statistics.median(tie_month(batch, place.ties, ENGLAND_MONTHS) for batch in batches),
    }
    if has_oracle:
        faces = [IntegrationModel(case, seed=1, place=place) for _ in range(ENGLAND_ROUNDS)]
        face = statistics.median(tie_month(face, place.ties, ENGLAND_MONTHS) for face in faces)
        oracle = OracleModel(place, dict(case.parameter_values), table, 1, 0)
        slow = tie_month(oracle, place.ties, ENGLAND_MONTHS)
        figures["oracle / face"] = slow / face
        figures["oracle / lanes"] = slow / figures["lanes, ns"]
    return figures


def command_seconds(rounds: int, *command: str, **environment: str) -> float:
    """Return the median seconds of a command as a whole process."""

    def run() -> None:
        subprocess.run(command, check=True, capture_output=True, env=os.environ | environment)

    return statistics.median(timed(run) for _ in range(rounds))


def start_figures(rounds: int) -> dict[str, float]:
    """Return the seconds of an empty interpreter, `import abm` beyond it, and `abm --help`."""
    empty = command_seconds(rounds, sys.executable, "-c", "")
    imported = command_seconds(rounds, sys.executable, "-c", "import abm")
    helped = command_seconds(rounds, sys.executable, "-m", "abm.interface.cli", "--help")
    return {"import abm, s": imported - empty, "abm --help, s": helped}


def main_job_seconds() -> float:
    """Return the seconds of the comparison in the README, from an empty kernel cache."""
    names = ("baseline", "sustained_leadership", "leadership_with_reform")
    with tempfile.TemporaryDirectory() as directory:
        cache = Path(directory) / "cache"
        out = Path(directory) / "results"
        command = (sys.executable, "-m", "abm.interface.cli", "compare", *names, "--out", str(out))
        return command_seconds(1, *command, NUMBA_CACHE_DIR=str(cache))


def main() -> None:
    """Measure everything and print it beside its aims."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds a figure is the median of (default 5)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument(
        "--england", action="store_true", help="also run the oracle at England's size, two minutes"
    )
    options = parser.parse_args()
    region = region_figures(options.rounds)
    england = england_figures(options.england)
    start = start_figures(options.rounds)
    rows = [
        ("Region of 400, oracle", region["oracle, ns"], "ns", "per directed tie-month"),
        ("Region of 400, Mesa's face", region["face, ns"], "ns", "per directed tie-month"),
        ("Region of 400, 16 lanes", region["lanes, ns"], "ns", "per directed tie-month"),
        ("Oracle over Mesa's face", region["oracle / face"], "x", "aim: 150 or more"),
        ("Oracle over 16 lanes", region["oracle / lanes"], "x", "aim: 500 or more"),
        (
            "South Somerset, 16 lanes",
            south_somerset_rate(options.rounds, 16),
            "runs/s",
            "a core; aim: 200 or more",
        ),
        ("South Somerset, 32 lanes", south_somerset_rate(options.rounds, 32), "runs/s", "a core"),
        ("England, 16 lanes", england["lanes, ns"], "ns", "per directed tie-month; aim: 12 or less"),
        ("England, state a lane", england["state a lane, MB"], "MB", "aim: below 10"),
        ("import abm", start["import abm, s"], "s", "aim: below 0.5"),
        ("abm --help", start["abm --help, s"], "s", "aim: below 1"),
        ("Main job, empty kernel cache", main_job_seconds(), "s", "aim: below 60 on two cores"),
    ]
    rows += [
        (f"England, {what}", england[what], "x", f"aim: {aim} or more")
        for what, aim in (("oracle / face", 150), ("oracle / lanes", 500))
        if what in england
    ]
    table = Table(
        title=f"Medians of {options.rounds} rounds, {os.cpu_count()} processors, Python {platform.python_version()}"
    )
    for heading in ("What", "Figure", "Unit", "Note"):
        table.add_column(heading, justify="right" if heading == "Figure" else "left")
    for what, figure, unit, note in rows:
        table.add_row(what, f"{figure:,.1f}" if figure >= 10 else f"{figure:,.2f}", unit, note)
    Console().print(table)
    if options.json:
        figures = {
            what: {"figure": float(np.round(figure, 4)), "unit": unit} for what, figure, unit, _ in rows
        }
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
