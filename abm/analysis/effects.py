"""Estimate what a policy changes, replicate by replicate, against a reference that met the same accidents.

Two runs with one seed and one replicate share every draw, so their difference holds the policy and what
followed from it, and none of the luck both had. Intervals are for the mean difference over replicates of this
model; they say nothing of how well the model describes the world.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from abm.analysis.emergence import CONFIDENCE, wilson_interval


@dataclass(frozen=True)
class Effect:
    """A mean paired difference with its interval.

    Attributes
    ----------
    estimate, low, high : float
        Policy less reference, in the unit of the measure, and its interval; NaN where it cannot be estimated.
    pairs : int
        Pairs in which both runs have a value.
    reference, policy : float
        Mean of each side over those pairs.
    """

    estimate: float
    low: float
    high: float
    pairs: int
    reference: float
    policy: float

    @property
    def excludes_zero(self) -> bool:
        """Whether the whole interval lies on one side of zero."""
        return self.low > 0.0 or self.high < 0.0


def pair_positions(
    seed: ArrayLike, replicate: ArrayLike, other_seed: ArrayLike, other_replicate: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Match runs of a policy with runs of the reference that have the same seed and replicate.

    Parameters
    ----------
    seed, replicate : ArrayLike of int, shape (runs,)
        Of the policy; a pair of values occurs once.
    other_seed, other_replicate : ArrayLike of int, shape (other_runs,)
        Of the reference; a pair of values occurs once.

    Returns
    -------
    tuple of NDArray[np.int64], each shape (pairs,)
        Positions in the policy's and in the reference's arrays, in the policy's order; runs without a partner
        are left out.

    Raises
    ------
    ValueError
        If a seed and replicate occur twice on one side.
    """
    keys = list(zip(np.asarray(seed).tolist(), np.asarray(replicate).tolist(), strict=True))
    others = list(zip(np.asarray(other_seed).tolist(), np.asarray(other_replicate).tolist(), strict=True))
    partner = {key: position for position, key in enumerate(others)}
    if len(partner) != len(others) or len(set(keys)) != len(keys):
        raise ValueError("a seed and replicate occur more than once on one side of a comparison")
    pairs = [(position, partner[key]) for position, key in enumerate(keys) if key in partner]
    matched = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    return matched[:, 0], matched[:, 1]


def paired_difference(
    policy: ArrayLike, reference: ArrayLike, confidence: float = CONFIDENCE, most: float = math.inf
) -> Effect:
    """Estimate the mean of paired differences with an interval: mean +- quantile of t times the standard error.

    Parameters
    ----------
    policy, reference : ArrayLike, shape (pairs,)
        Values of a measure, matched pair by pair; a pair with a NaN is left out.
    confidence : float
        Level in (0, 1).
    most : float
        Largest difference that is possible, such as 1 of a share; the interval stays within it.

    Returns
    -------
    Effect
        With no pairs everything is NaN; with one pair, or no spread, the interval is NaN or a point.

    Raises
    ------
    ValueError
        If the shapes differ.

    References
    ----------
    Student (1908). The probable error of a mean. Biometrika 6: 1-25.
    """
    treated, base = np.asarray(policy, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if treated.shape != base.shape or treated.ndim != 1:
        raise ValueError(f"pairs must be of one length, found {treated.shape} and {base.shape}")
    complete = ~(np.isnan(treated) | np.isnan(base))
    treated, base = treated[complete], base[complete]
    pairs = int(treated.size)
    if pairs == 0:
        return Effect(math.nan, math.nan, math.nan, 0, math.nan, math.nan)
    differences = treated - base
    estimate = float(differences.mean())
    if pairs == 1:
        low, high = math.nan, math.nan
    elif np.ptp(differences) == 0.0:
        low, high = estimate, estimate
    else:
        low, high = _student_interval(differences, confidence)
        # Near the largest difference t does not know that there is none beyond it.
        low, high = max(low, min(-most, estimate)), min(high, max(most, estimate))
    return Effect(estimate, low, high, pairs, float(base.mean()), float(treated.mean()))


def paired_probability_difference(
    policy: ArrayLike, reference: ArrayLike, confidence: float = CONFIDENCE
) -> Effect:
    """Estimate the difference of two shares observed on the same replicates.

    Newcombe's method 10: Wilson's interval of each share, squared and added with the correlation of the
    pairs, its numerator corrected for continuity. Unlike McNemar's Wald interval it keeps its coverage when
    the shares are 0 or 1.

    Parameters
    ----------
    policy, reference : ArrayLike of bool, shape (pairs,)
        Whether the outcome happened, matched pair by pair.
    confidence : float
        Level in (0, 1).

    Returns
    -------
    Effect
        All NaN when there are no pairs.

    Raises
    ------
    ValueError
        If the shapes differ.

    References
    ----------
    Newcombe R G (1998). Improved confidence intervals for the difference between binomial proportions based
    on paired data. Statistics in Medicine 17: 2635-2650.
    """
    treated, base = np.asarray(policy, dtype=np.bool_), np.asarray(reference, dtype=np.bool_)
    if treated.shape != base.shape or treated.ndim != 1:
        raise ValueError(f"pairs must be of one length, found {treated.shape} and {base.shape}")
    pairs = int(treated.size)
    both, only_policy = int(np.sum(treated & base)), int(np.sum(treated & ~base))
    only_reference, neither = int(np.sum(~treated & base)), int(np.sum(~treated & ~base))
    first = wilson_interval(both + only_policy, pairs, confidence)
    second = wilson_interval(both + only_reference, pairs, confidence)
    correlation = _corrected_correlation(both, only_policy, only_reference, neither)
    difference = first.estimate - second.estimate
    below, above = first.estimate - first.low, first.high - first.estimate
    other_below, other_above = second.estimate - second.low, second.high - second.estimate
    down = _added_in_square(below, other_above, correlation)
    up = _added_in_square(above, other_below, correlation)
    return Effect(difference, difference - down, difference + up, pairs, second.estimate, first.estimate)


def _student_interval(differences: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    from scipy.stats import t

    error = float(differences.std(ddof=1)) / math.sqrt(differences.size)
    reach = float(t.ppf(0.5 + confidence / 2.0, differences.size - 1)) * error
    mean = float(differences.mean())
    return mean - reach, mean + reach


def _corrected_correlation(both: int, only_policy: int, only_reference: int, neither: int) -> float:
    pairs = both + only_policy + only_reference + neither
    margins = (
        (both + only_policy) * (only_reference + neither) * (both + only_reference) * (only_policy + neither)
    )
    if margins == 0:
        return 0.0
    agreement = both * neither - only_policy * only_reference
    if agreement > 0:
        return max(agreement - pairs / 2.0, 0.0) / math.sqrt(margins)
    return agreement / math.sqrt(margins)


def _added_in_square(reach: float, other_reach: float, correlation: float) -> float:
    return math.sqrt(reach**2 - 2.0 * correlation * reach * other_reach + other_reach**2)
