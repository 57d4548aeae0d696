"""Measure sweeps: `python -m tests.benchmarks.sweeps [--rounds N] [--large N] [--json FILE]`.

Two processes against one, what a run costs besides its simulation, memory as a sweep grows, and rows written against
plain CSV and Mesa's batch_run with pandas. Nothing here passes or fails. What is compared runs in turn.
"""

import argparse
import csv
import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mesa
import numpy as np
import pandas as pd

from abm.files.destination import Destination
from abm.files.durable import put_hashed, put_record
from abm.files.parquet import encoded
from abm.records import dump
from abm.runs.batches import LANES
from abm.sweeps.engines.processes import Processes
from abm.sweeps.plan.experimentfile import load_experiment
from abm.sweeps.plan.plan import ShardSize, plan_sweep
from abm.sweeps.store.manifest import Manifest
from abm.sweeps.store.shard import cases_of, run_shard, tables_of
from abm.sweeps.sweep import Sweep
from tests.benchmarks.__main__ import timed

LEVERS = {"leadership.effort": {"range": [0.15, 0.9]}, "contracting.flexibility": {"range": [0.2, 0.9]}}
QUIET_PILOT = 0.0


def planned(
    folder: Path, points: int, replicates: int, shard_runs: int, place: str = "south_somerset", **more: Any
) -> Manifest:
    """Plan a sweep over two levers."""
    folder.mkdir(parents=True)
    (folder / "case.yaml").write_text(dump({"name": "case", "place": place}), encoding="utf-8")
    content = {
        "name": "benchmark",
        "scenarios": ["./case.yaml"],
        "levers": LEVERS,
        "design": {"random": {"points": points}},
        "replicates": replicates,
        **more,
    }
    (folder / "experiment.yaml").write_text(dump(content), encoding="utf-8")
    experiment = load_experiment(folder / "experiment.yaml")
    size = ShardSize(runs=shard_runs, pilot_seconds=QUIET_PILOT)
    return plan_sweep(experiment, Destination(folder / "sweep"), size)


def scaling_figures(folder: Path, rounds: int) -> dict[str, float]:
    """Return runs a second of a Somerset sweep on one process and on two, by the clock and by processor time.

    Time counts once workers have started. Processor time tells what two processes cost each other, and what the
    parent costs, even where others use the machine meanwhile.
    """
    clock: dict[int, list[float]] = {1: [], 2: []}
    processor: dict[int, list[float]] = {1: [], 2: []}
    for number in range(rounds):
        for workers in (1, 2):
            manifest = planned(folder / f"scaling-{number}-{workers}", 24, 16, 32, "somerset")
            finished: list[tuple[float, float, int]] = []
            with Processes(workers) as engine:
                for carried in engine.carry(manifest.directory, range(manifest.shards)):
                    pids = [os.getpid(), *engine.pool.pids]
                    used = sum(map(processor_seconds, pids))
                    finished.append((time.perf_counter(), used, carried.runs))
            # The first shard of each worker pays for its start; the last ones may find a worker idle.
            body = finished[workers - 1 : len(finished) - workers + 1]
            runs = sum(count for *_, count in body[1:])
            clock[workers].append(runs / (body[-1][0] - body[0][0]))
            processor[workers].append(runs / (body[-1][1] - body[0][1]))
    by_clock = [two / (2 * one) for one, two in zip(clock[1], clock[2], strict=True)]
    by_processor = [two / one for one, two in zip(processor[1], processor[2], strict=True)]
    return {
        "Somerset, one process, runs/s": statistics.median(clock[1]),
        "Somerset, two processes, runs/s": statistics.median(clock[2]),
        "two processes over twice one, by the clock": statistics.median(by_clock),
        "Somerset, one process, runs/s of processor": statistics.median(processor[1]),
        "two processes over twice one, by processor time": statistics.median(by_processor),
    }


def processor_seconds(pid: int) -> float:
    """Return the processor time that a process has used."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def overhead_figures(folder: Path, rounds: int) -> dict[str, float]:
    """Return microseconds a run by component, for designs with many replicates and with one, of ten years."""
    figures: dict[str, float] = {}
    for name, points, replicates in (("100 replicates", 1_000, 100), ("1 replicate", 100_000, 1)):
        label = f"100,000 runs, {name}"
        started = time.perf_counter()
        manifest = planned(folder / name.replace(" ", "-"), points, replicates, 1000)
        planning = time.perf_counter() - started
        samples: dict[str, list[float]] = {part: [] for part in ("runs", "simulation", "tables", "commit")}
        run_shard(manifest.directory, 0, manifest=manifest)
        for index in range(1, rounds + 1):
            for part, seconds in components(manifest, index).items():
                samples[part].append(1e6 * seconds / 1000)
        parts = {part: statistics.median(values) for part, values in samples.items()}
        plan_each = 1e6 * planning / manifest.runs
        figures |= {
            f"{label}: {part}, us a run": value for part, value in {"plan": plan_each, **parts}.items()
        }
        besides = plan_each + sum(value for part, value in parts.items() if part != "simulation")
        figures[f"{label}: overhead over simulation"] = besides / parts["simulation"]
    return figures


class Timed:
    """A base whose model's time is counted.

    Parameters
    ----------
    base : Base
        The base.
    """

    def __init__(self, base: Any) -> None:
        self.base = base
        self.seconds = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.base, name)

    def simulate(self, runs: Any) -> Any:
        """Simulate, and count the time."""
        started = time.perf_counter()
        tables = self.base.simulate(runs)
        self.seconds += time.perf_counter() - started
        return tables


def components(manifest: Manifest, index: int) -> dict[str, float]:
    """Return the seconds that each part of a shard takes."""
    shard = manifest.shard(index)
    started = time.perf_counter()
    cases, _ = cases_of(manifest, shard.first_run, shard.runs)
    for case in cases:
        _ = case.run.run_id
    made = time.perf_counter() - started
    base = Timed(manifest.bases[0])
    trial = Manifest(manifest.directory, manifest.content)
    trial.__dict__["bases"] = (base,)
    started = time.perf_counter()
    tables = tables_of(trial, shard, LANES)
    whole = time.perf_counter() - started
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=manifest.directory) as aside:
        for number, table in enumerate(table for table in tables[:2] if table is not None):
            put_hashed(Path(aside), str(number), ".parquet", encoded(table), table.num_rows)
        put_record(Path(aside) / "commit.json", {"shard": index})
    commit = time.perf_counter() - started
    return {
        "runs": made,
        "simulation": base.seconds,
        "tables": max(whole - made - base.seconds, 0.0),
        "commit": commit,
    }


def plan_figures(folder: Path) -> dict[str, float]:
    """Return seconds, bytes and memory of the plan of a million runs."""
    figures = {}
    for name, points, replicates in (("1,000 points", 1_000, 1_000), ("1,000,000 points", 1_000_000, 1)):
        where = folder / f"million-{points}"
        manifests: list[Manifest] = []
        seconds = timed(lambda: manifests.append(planned(where, points, replicates, 1000)))  # noqa: B023
        directory = manifests[0].directory
        figures[f"plan of a million runs, {name}, s"] = seconds
        figures[f"its manifest, {name}, kB"] = (directory / "manifest.json").stat().st_size / 1e3
        survey = timed(lambda: Sweep(directory).survey())  # noqa: B023
        figures[f"its status, nothing done, {name}, s"] = survey
    return figures


def memory_figures(folder: Path, large: int) -> dict[str, float]:
    """Return the largest resident size of parent and workers for a sweep and one ten times as large, MB."""
    figures: dict[str, float] = {}
    for runs in (large // 10, large):
        where = folder / f"memory-{runs}"
        manifest = planned(where, runs // 10, 10, 1000, horizon_years=1, months={"every": 12})
        # A parent of its own, so that what this process has loaded is not counted.
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            arguments = [sys.executable, "-m", "tests.benchmarks.sweeps", "--parent", str(manifest.directory)]
            os.dup2(writing, 1)
            os.execv(sys.executable, arguments)
        os.close(writing)
        with os.fdopen(reading) as told:
            found = json.loads(told.read())
        os.waitpid(child, 0)
        figures[f"{runs:,} runs: parent, MB"] = found["parent"]
        figures[f"{runs:,} runs: largest worker, MB"] = found["workers"]
        figures[f"{runs:,} runs: runs/s on two processes, one year"] = runs / found["seconds"]
    return figures


def be_parent(directory: Path) -> None:
    """Run a sweep and print the largest resident sizes as JSON."""
    engine = Processes(2)
    largest = {"parent": 0.0, "workers": 0.0}

    def look(_: object) -> None:
        largest["parent"] = max(largest["parent"], resident(os.getpid()))
        workers = [resident(pid) for pid in engine.pool.pids]
        largest["workers"] = max([largest["workers"], *workers])

    carriage = Sweep(directory).carry_out(engine, progress=look)
    print(json.dumps({**largest, "seconds": carriage.seconds}))


def resident(pid: int) -> float:
    """Return the resident size of a process in MB, 0 where it has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1e3 for line in text.splitlines() if line.startswith("VmRSS")), 0.0)


class Replay(mesa.Model):
    """Return stored rows, so that only the cost of collecting and storing them is measured."""

    def __init__(self, rows: Any, names: Any, rng: Any = None) -> None:
        super().__init__(rng=rng)
        self.rows, self.month = rows, 0
        reporters = {
            name: (lambda model, row=row: model.rows[model.month, row]) for row, name in enumerate(names)
        }
        self.datacollector = mesa.DataCollector(model_reporters=reporters)
        self.datacollector.collect(self)

    def step(self) -> None:
        """Advance by a month."""
        self.month += 1
        self.datacollector.collect(self)


def row_figures(folder: Path, rounds: int) -> dict[str, float]:
    """Return rows of thirty-odd measures written a second: a shard, plain CSV, and batch_run with pandas."""
    manifest = planned(folder / "rows", 10, 20, 200, months="all")
    _, months, _ = tables_of(manifest, manifest.shard(0), LANES)
    names = list(manifest.measures)
    values = np.column_stack([months[name].to_numpy() for name in names])
    keys = list(
        zip(
            *(months[key].to_pylist() for key in ("run_id", "scenario", "point", "replicate", "month")),
            strict=True,
        )
    )
    runs = values.reshape(200, -1, len(names))

    def parquet() -> None:
        with tempfile.TemporaryDirectory(dir=folder) as aside:
            put_hashed(Path(aside), "months", ".parquet", encoded(months), months.num_rows)

    def plain_csv() -> None:
        with tempfile.TemporaryFile("w", dir=folder, newline="") as stream:
            writer = csv.writer(stream)
            for key, row in zip(keys, values.tolist(), strict=True):
                writer.writerow([*key, *row])
            stream.flush()
            os.fsync(stream.fileno())

    def batch_run() -> None:
        rows: list[Any] = []
        for run in runs[:20]:
            rows += mesa.batch_run(
                Replay,
                {"rows": [run], "names": [names]},
                number_processes=1,
                max_steps=len(run) - 2,
                data_collection_period=1,
                display_progress=False,
            )
        pd.DataFrame(rows).drop(columns=["rows", "names"]).to_csv(io.StringIO())

    works: dict[str, tuple[Callable[[], None], int]] = {
        "a shard, durable": (parquet, len(values)),
        "plain CSV": (plain_csv, len(values)),
        "batch_run and pandas": (batch_run, 20 * runs.shape[1]),
    }
    samples: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, (work, count) in works.items():
            samples[name].append(count / timed(work))
    return {f"rows/s, {name}": statistics.median(found) for name, found in samples.items()}


def main() -> None:
    """Measure what is asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--large", type=int, default=100_000, help="runs of the larger sweep in memory")
    parser.add_argument("--only", choices=["scaling", "overhead", "plan", "memory", "rows"])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--parent", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.parent is not None:
        be_parent(asked.parent)
        return
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        works: dict[str, Callable[[], dict[str, float]]] = {
            "scaling": lambda: scaling_figures(Path(folder), asked.rounds),
            "overhead": lambda: overhead_figures(Path(folder), asked.rounds),
            "plan": lambda: plan_figures(Path(folder)),
            "memory": lambda: memory_figures(Path(folder), asked.large),
            "rows": lambda: row_figures(Path(folder), asked.rounds),
        }
        for name, work in works.items():
            if asked.only in (None, name):
                before = os.getloadavg()[0]
                found = work()
                figures |= found
                print(f"{name} (load before: {before:.1f})", flush=True)
                for what, value in found.items():
                    print(f"  {what:<60}{value:>12,.4g}", flush=True)
    if asked.json is not None:
        asked.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
