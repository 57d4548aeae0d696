"""Measure how fast this machine is now, beside the one for which the gates' budgets were set.

A fixed piece of work, in plain Python and in NumPy, runs in two processes at once, because the suites keep two
processors busy. Its time by the clock grows with whatever makes suites slow: an older processor, a single one, other
programs at work.
"""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np

PROCESSES = 2
REFERENCE_SECONDS = 1.6
"""Time of the work on the machine of the budgets, which has two processors, while nothing else runs there."""
STEPS = 16_000_000
"""Steps of the part in plain Python."""
ROUNDS = 120
"""Rounds of the part in NumPy."""
NUMBERS = 500_000
"""Numbers in each of them."""


def work() -> float:
    """Compute for a while, and return a number that depends on all of the work."""
    state = 1
    for step in range(STEPS):
        state = (state * 31 + step) % 1_000_003
    numbers = np.arange(NUMBERS, dtype=np.float64) / NUMBERS
    for _ in range(ROUNDS):
        numbers = np.sqrt(np.exp(-numbers) + numbers[::-1])
    return state + float(numbers.sum())


def measure_slowness() -> float:
    """Return how many times as long as on the budgets' machine the work takes on this one, now."""
    started = time.monotonic()
    workers = [subprocess.Popen((sys.executable, "-m", __name__)) for _ in range(PROCESSES)]
    for worker in workers:
        worker.wait()
    return (time.monotonic() - started) / REFERENCE_SECONDS


if __name__ == "__main__":
    work()
