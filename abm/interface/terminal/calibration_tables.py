"""Print how the defaults meet calibration targets, and what a search for better parameters finds."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from abm.analysis.calibration import Trial, distance, edges, search, try_values
from abm.analysis.studyfile import Study
from abm.records import shown_number

Progress = Callable[[int, int], None]
BEST_SHOWN = 3


def describe_defaults(console: Console, study: Study) -> dict[str, Any]:
    """Print the results of the defaults beside a study's targets, and return them as plain values."""
    trial = try_values(study, {})
    console.print(
        standing_table(study, trial, "Share of runs with integrated care at ten years, at the defaults")
    )
    console.print(told_distance(study, trial), soft_wrap=True)
    return {"study": study.model_dump(), "defaults": described(study, trial)}


def standing_table(study: Study, trial: Trial, title: str) -> Table:
    """Return shares by target and place; a share that misses its target is marked."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("scenario")
    table.add_column("aim", justify="right", style="dim")
    for place in study.places:
        table.add_column(place.replace("_", " "), justify="right")
    for target, shares in zip(study.targets, trial.standing.T, strict=True):
        cells = [
            Text(f"{share:.2f} ")
            if target.low <= share <= target.high
            else Text(f"{share:.2f}*", style="bold")
            for share in shares
        ]
        table.add_row(target.label, told_range(target.low, target.high), *cells)
    return table


def told_range(low: float, high: float) -> str:
    """Return a range of shares in few characters."""
    if low == 0.0:
        return f"at most {shown_number(high)}"
    if high == 1.0:
        return f"at least {shown_number(low)}"
    return f"{shown_number(low)} to {shown_number(high)}"


def told_distance(study: Study, trial: Trial) -> str:
    """Return how far shares lie from their targets, in a sentence."""
    low = np.array([target.low for target in study.targets])
    high = np.array([target.high for target in study.targets])
    missed = int(np.sum((trial.standing < low) | (trial.standing > high)))
    return (
        f"{missed} of {trial.standing.size} shares miss their target (*), by {distance(study, trial.standing):.3f} "
        f"as a root mean square over all; {study.replicates} runs each, seed {study.seed}.\n"
        "These targets chose parameters: they are calibration targets, not results."
    )


def describe_search(
    console: Console, study: Study, workers: int | None, progress: Progress
) -> dict[str, Any]:
    """Search, scan the edges around the nearest point, print both and return everything as plain values."""
    trials = search(study, workers, progress)
    best = trials[0]
    nearest = trials[:BEST_SHOWN]
    table = Table(title="Nearest points of the search", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("parameter", no_wrap=True)
    table.add_column("range", justify="right", style="dim", no_wrap=True)
    for number in range(len(nearest)):
        table.add_column(f"{number + 1}", justify="right")
    for name, (low, high) in study.search.items():
        table.add_row(
            name,
            f"{shown_number(low)}-{shown_number(high)}",
            *(shown_number(trial.values[name], 4) for trial in nearest),
        )
    table.add_section()
    table.add_row("distance", "", *(f"{distance(study, trial.standing):.3f}" for trial in nearest))
    console.print(table)
    console.print(
        standing_table(study, best, "Share of runs with integrated care at ten years, at the nearest point")
    )
    scans = edges(study, {}, workers, progress)
    console.print(edge_table(study, scans))
    return {
        "study": study.model_dump(),
        "trials": [described(study, trial) for trial in trials],
        "edges_at_defaults": {
            name: [described(study, trial) for trial in scan] for name, scan in scans.items()
        },
    }


def edge_table(study: Study, scans: dict[str, list[Trial]]) -> Table:
    """Return, for each parameter moved alone from the defaults, the distance from the targets along its range."""
    table = Table(
        title="Distance from the targets, one parameter moved alone",
        box=box.SIMPLE_HEAD,
        title_justify="left",
    )
    table.add_column("parameter", no_wrap=True)
    table.add_column("range", justify="right", style="dim", no_wrap=True)
    table.add_column("distance, from the low end to the high")
    for name, scan in scans.items():
        low, high = study.search[name]
        along = " ".join(f"{distance(study, trial.standing):.2f}" for trial in scan)
        table.add_row(name, f"{shown_number(low)}-{shown_number(high)}", along)
    return table


def described(study: Study, trial: Trial) -> dict[str, Any]:
    """Return a trial as plain values."""
    return {
        "distance": distance(study, trial.standing),
        "parameters": dict(trial.values),
        "standing": dict(zip(study.places, trial.standing.tolist(), strict=True)),
        "median_years": {
            place: [None if np.isnan(value) else value for value in row]
            for place, row in zip(study.places, trial.years.tolist(), strict=True)
        },
    }


def write_calibration(found: dict[str, Any], path: Path) -> None:
    """Write what a calibration found as JSON."""
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
