"""Measure how cost grows with organisations, ties, months and lanes: `python -m tests.benchmarks.scaling [FILE.svg]`.

Each line moves one size and holds the others; its slope on doubled logarithms is near 1 where cost is proportional.
Figures are medians over rounds.
"""

import statistics
import sys
import time
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("svg")
from matplotlib import pyplot as plt

from abm.core.batch import Lane
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import make_batch
from abm.world.place import Place
from abm.world.region import random_region

ROUNDS = 3
MONTHS = 12
LANES = 16
TIES_AN_ORGANISATION = 10
ORGANISATIONS = (250, 500, 1_000, 2_000, 4_000, 8_000)
TIES = (6_000, 9_000, 13_000, 18_000, 26_000)
HORIZONS = (6, 12, 24, 48)
WIDTHS = (1, 2, 4, 8, 16, 32, 64)


def seconds(place: Place, lanes: int, months: int) -> float:
    """Return the median seconds of some months of a batch, its start not counted."""
    case = load_scenario("leadership_with_reform")
    table = case.lever_table()
    found = []
    for _ in range(ROUNDS):
        batch = make_batch(place, [Lane(1, number, case.parameter_values, table) for number in range(lanes)])
        batch.advance()
        started = time.perf_counter()
        for _ in range(months):
            batch.advance()
        found.append(time.perf_counter() - started)
    return statistics.median(found)


def series() -> dict[str, tuple[tuple[int, ...], list[float]]]:
    """Return sizes and seconds of every line."""
    middle = random_region(1_000, 10_000, seed=1)
    return {
        "organisations (ten ties each)": (
            ORGANISATIONS,
            [
                seconds(random_region(n, n * TIES_AN_ORGANISATION, seed=1), LANES, MONTHS)
                for n in ORGANISATIONS
            ],
        ),
        "ties (1,000 organisations)": (
            TIES,
            [seconds(random_region(1_000, n, seed=1), LANES, MONTHS) for n in TIES],
        ),
        "months": (HORIZONS, [seconds(middle, LANES, n) for n in HORIZONS]),
        "lanes": (WIDTHS, [seconds(middle, n, MONTHS) for n in WIDTHS]),
    }


def slope(sizes: tuple[int, ...], found: list[float]) -> float:
    """Return the slope of a line on doubled logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(found), 1)[0])


def main() -> None:
    """Measure, print the slopes and draw the picture."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "scaling.svg")
    lines = series()
    figure, panels = plt.subplots(1, len(lines), figsize=(11, 2.9), sharey=True, layout="constrained")
    for panel, (name, (sizes, found)) in zip(panels, lines.items(), strict=True):
        found_slope = slope(sizes, found)
        print(
            f"{name:32s} slope {found_slope:.2f}   "
            + "  ".join(f"{n:,}: {t:.3f} s" for n, t in zip(sizes, found, strict=True))
        )
        panel.loglog(sizes, found, marker="o", color="#0b4f8a", linewidth=1.8, markersize=4)
        panel.set_xlabel(name)
        panel.set_title(f"slope {found_slope:.2f}", fontsize=10, loc="left")
        panel.set_xticks(sizes, [f"{n:,}" for n in sizes], rotation=45, ha="right", fontsize=8)
        panel.minorticks_off()
        panel.grid(axis="y", color="#dddddd", linewidth=0.6)
        for side in ("top", "right"):
            panel.spines[side].set_visible(False)
    panels[0].set_ylabel(f"seconds ({LANES} lanes, {MONTHS} months)")
    figure.savefig(out, metadata={"Date": None})


if __name__ == "__main__":
    main()
