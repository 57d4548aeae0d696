"""Another model than ours, small and foreign, to hold experiments and analysis to their promises."""

from __future__ import annotations

import builtins
import errno
import hashlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from abm.errors import InvalidInput, Problem
from abm.runs.run import PairedDesign, Run, Tables, tabulate

if TYPE_CHECKING:
    from collections.abc import Sequence

BAD_REPLICATE = 2
PLACE = Path("somewhere.yaml")
RAISES = "ABM_TEST_RAISES"
ONCE = "ABM_TEST_ONCE"


@dataclass(frozen=True)
class Drift:
    """A scenario of the other model: a walk with a drift."""

    name: str
    drift: float = 0.0
    months: int = 24
    place: Path = PLACE
    substeps: int = 1
    code_hash: str = ""

    @property
    def content_hash(self) -> str:
        """Hash of what decides a result."""
        return hashlib.sha256(f"{self.drift}:{self.months}:{self.place}".encode()).hexdigest()


@dataclass(frozen=True)
class Gauge:
    """A measure of the other model."""

    name: str
    label: str
    unit: str
    low: float
    high: float
    definition: str
    group: str = ""


GAUGES = (
    Gauge("trust_pairs", "Trust, pairs", "trust", 0, 1, "Trust in pairs", "Trust by kind of tie"),
    Gauge("implementation", "Implementation", "share", 0, 1, "What is in operation", "Working together"),
    Gauge("admissions", "Admissions", "index", 0, float("inf"), "Admissions", "Use of hospitals"),
)
VERDICTS = (Gauge("emerged_month", "Month of emergence", "month", 1, float("inf"), "When it emerged"),)


def simulate(runs: Sequence[Run]) -> Tables:
    """Walk from 0.3 with the scenario's drift and the replicate's luck."""
    series = []
    for run in runs:
        luck = np.random.default_rng([run.seed, run.replicate]).normal(0.0, 0.02, run.scenario.months)
        walk = 0.3 + np.concatenate(([0.0], np.cumsum(luck + run.scenario.drift)))
        series.append(np.column_stack((walk, walk**2, 1.0 + walk)))
    level = np.array([values[-1, 0] for values in series])
    emerged = np.array([np.argmax(values[:, 0] > 0.5) or np.nan for values in series], dtype=np.float64)
    outcomes = {
        "emerged_ever": (~np.isnan(emerged)).astype(np.float64),
        "emerged_month": emerged,
        "standing": (level > 0.5).astype(np.float64),
    }
    return tabulate(runs, [gauge.name for gauge in GAUGES], series, outcomes)


def simulate_most(runs: Sequence[Run]) -> Tables:
    """Fail where one replicate is in the batch."""
    if any(run.replicate == BAD_REPLICATE for run in runs):
        raise ZeroDivisionError("a division by zero in replicate 2")
    return simulate(runs)


def simulate_and_die(runs: Sequence[Run]) -> Tables:
    """End the process where one replicate is in the batch, as a lack of memory would."""
    if any(run.replicate == BAD_REPLICATE for run in runs):
        os._exit(1)
    return simulate(runs)


def simulate_and_raise(runs: Sequence[Run]) -> Tables:
    """Raise what a variable names where one replicate is in the batch."""
    if any(run.replicate == BAD_REPLICATE for run in runs):
        kind = getattr(builtins, os.environ[RAISES])
        raise kind(errno.ENOSPC, "no space") if kind is OSError else kind("on purpose")
    return simulate(runs)


def lack_memory(runs: Sequence[Run]) -> Tables:
    """Find no memory, ever."""
    raise MemoryError(f"for {len(runs)} runs")


def lack_memory_once(runs: Sequence[Run]) -> Tables:
    """Find no memory the first time that a batch is tried, and alone the first time, too."""
    if is_first(f"{runs[0].run_id}-{len(runs)}"):
        raise MemoryError
    return simulate(runs)


def square_after_a_loss(number: int) -> int:
    """Square a number, after ending the process of the third once."""
    if number == 3 and is_first("three"):
        os.kill(os.getpid(), signal.SIGKILL)
    return number**2


def die_at_three(number: int) -> int:
    """End the process of the third."""
    if number == 3:
        os._exit(7)
    return number


def is_first(name: str) -> bool:
    """Whether nobody has asked for this name in the folder that a variable gives."""
    try:
        (Path(os.environ[ONCE]) / name).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def refuse(runs: Sequence[Run]) -> Tables:
    """Find the input invalid."""
    raise InvalidInput([Problem("place.yaml", 3, f"has no hospital, {len(runs)} runs need one")])


def interrupt(runs: Sequence[Run]) -> Tables:
    """Raise KeyboardInterrupt at once."""
    raise KeyboardInterrupt(f"{len(runs)} runs")


def design(replicates: int = 5, seed: int = 7, **drifts: float) -> PairedDesign:
    """Return a paired design of drifts by name."""
    given = drifts or {"still": 0.0, "rising": 0.02}
    return PairedDesign(tuple(Drift(name, drift) for name, drift in given.items()), seed, replicates)
