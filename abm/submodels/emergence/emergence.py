"""Emergence: whether, when and how often integrated care has emerged in a run.

A month counts where implementation, weighted by registered people, is at or above the threshold; a *spell* is
completed when that many months in a row have counted. *Emerged ever*: some spell was completed; *month of
emergence*: the month that completed the first; *standing*: the last month of the run belongs to a completed
spell. Month 0 does not count. Shares of runs carry Wilson's interval, time to emergence is a Kaplan-Meier
estimate with runs that did not emerge censored at the horizon (`abm/analysis/emergence.py`), and
differences between policies are paired (`abm/analysis/effects.py`).

Tests
-----
tests/unit/test_emergence.py : intervals and times
tests/unit/test_effects.py : paired differences

Symbols
-------
threshold : emergence.threshold
months : emergence.months
"""

import numpy as np
from numpy.typing import NDArray

from abm.core.declaration import Submodel
from abm.core.part import INFINITE, Measure

submodel = Submodel("emergence", records="emergence.yaml")

OUTCOMES = (
    Measure(
        "emerged_ever",
        "Emerged ever",
        "0 or 1",
        0,
        1,
        "Implementation held the threshold for the months in a row at some time",
    ),
    Measure(
        "emerged_month",
        "Month of emergence",
        "month",
        1,
        INFINITE,
        "Month that completed the first such spell; missing if none did",
    ),
    Measure(
        "standing",
        "Standing at the end",
        "0 or 1",
        0,
        1,
        "The last month of the horizon completes such a spell",
    ),
    Measure("spells", "Spells", "number", 0, INFINITE, "Separate spells that held the threshold long enough"),
)
"""What is judged of a whole run."""


def judge(
    series: NDArray[np.float64], threshold: NDArray[np.float64], months: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Judge whether, when and how often integration emerged.

    Parameters
    ----------
    series : (T+1, lanes) array
        Implementation in months 0 to T.
    threshold : (lanes,) array
        Implementation that counts, `emergence.threshold`.
    months : (lanes,) array
        Months in a row that it has to hold, `emergence.months`.

    Returns
    -------
    dict of str to (lanes,) array
        By the names of `OUTCOMES`.
    """
    lanes = series.shape[1]
    streak = np.zeros(lanes)
    spells = np.zeros(lanes)
    first = np.full(lanes, np.nan)
    for month in range(1, series.shape[0]):
        streak = np.where(series[month] >= threshold, streak + 1.0, 0.0)
        completed = streak == months
        spells += completed
        first = np.where(completed & np.isnan(first), float(month), first)
    return {
        "emerged_ever": (~np.isnan(first)).astype(np.float64),
        "emerged_month": first,
        "standing": (streak >= months).astype(np.float64),
        "spells": spells,
    }
