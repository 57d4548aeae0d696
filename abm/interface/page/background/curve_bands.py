"""Summarise replicates for charts: the band of a measure, the difference between policies, and emergence."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from abm.analysis.emergence import CONFIDENCE, Proportion, time_to_emergence, wilson_interval
from abm.interface.page.background.simulations import Sample

Floats = NDArray[np.float64]

LOW, HIGH = 0.05, 0.95
BAND_LABEL = "middle 90% of {size} runs"


@dataclass(frozen=True, eq=False)
class CurveBand:
    """The middle of several curves and the ends of their band, month by month.

    Attributes
    ----------
    middle, low, high : (T+1,)
        Median or mean, and the ends of the band.
    """

    middle: Floats
    low: Floats
    high: Floats


def band(values: NDArray[np.float32]) -> CurveBand:
    """Return the median and the middle 90% of curves (T+1, R)."""
    low, middle, high = np.quantile(values.astype(np.float64), (LOW, 0.5, HIGH), axis=1)
    return CurveBand(middle, low, high)


def paired_difference(sample: Sample, scenario: int, measure: str, reference: int = 0) -> CurveBand:
    """Return the mean paired difference from the reference with its 95% interval.

    The interval is Student's of the mean of R differences; with one pair it is missing.
    """
    apart = sample.measure(scenario, measure).astype(np.float64) - sample.measure(reference, measure)
    mean = apart.mean(axis=1)
    if sample.size < 2:
        missing = np.full(mean.shape, np.nan)
        return CurveBand(mean, missing, missing)
    quantile = float(stdtrit(sample.size - 1, 0.5 + CONFIDENCE / 2.0))
    reach = quantile * apart.std(axis=1, ddof=1) / np.sqrt(sample.size)
    return CurveBand(mean, mean - reach, mean + reach)


def emergence(sample: Sample, scenario: int) -> Proportion:
    """Return the share of replicates in which integrated care emerged, with Wilson's interval."""
    emerged = ~np.isnan(sample.emerged_month[scenario])
    return wilson_interval(int(emerged.sum()), sample.size)


def emergence_curve(sample: Sample, scenario: int, months: int) -> CurveBand:
    """Return the share of runs in which integrated care has emerged by a month (Kaplan and Meier), months 0 to T."""
    found = time_to_emergence(sample.emerged_month[scenario], months)
    at = np.searchsorted(found.times, np.arange(months + 1), side="right")
    curves = []
    for values, empty in ((found.survival, 1.0), (found.high, np.nan), (found.low, np.nan)):
        curves.append(1.0 - np.concatenate([[empty], values])[at])
    return CurveBand(*curves)
