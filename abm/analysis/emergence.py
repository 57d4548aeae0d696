"""Estimate whether and when integrated care emerges, with the uncertainty that a number of runs leaves.

A run that has not emerged when its horizon ends may still emerge later: it is censored, not a failure. The
share that emerges by a month is therefore a Kaplan-Meier estimate, and shares at a fixed date carry Wilson's
score interval, which keeps its coverage when no run or every run emerges.
"""

import math
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Proportion:
    """A share of runs with its interval.

    Attributes
    ----------
    count, trials : int
        Runs with the outcome, and runs.
    estimate, low, high : float
        Share in [0, 1] and its interval; NaN when there are no runs.
    """

    count: int
    trials: int
    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Survival:
    """A Kaplan-Meier estimate, with one entry per distinct time at which an event happened.

    Attributes
    ----------
    times : NDArray[np.float64], shape (events,)
        Distinct event times, ascending, in the unit of the times given.
    at_risk, events : NDArray[np.int64], shape (events,)
        Runs still at risk just before the time, and events at it.
    survival, low, high : NDArray[np.float64], shape (events,)
        Probability of no event up to and including the time, and its interval; the interval is NaN where the
        estimate has reached 0, because the log-log transform has no value there.
    follow_up : float
        Latest time observed, event or censoring; the curve says nothing beyond it.
    trials : int
        Runs at the start.
    """

    times: NDArray[np.float64]
    at_risk: NDArray[np.int64]
    events: NDArray[np.int64]
    survival: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    follow_up: float
    trials: int

    def median(self) -> tuple[float, float, float]:
        """Return the median time with its interval.

        The median is the first time at which survival is at or below one half; its interval is the set of
        times at which the interval of the survival curve contains one half (Brookmeyer and Crowley 1982).

        Returns
        -------
        tuple of float
            Median, low, high in the unit of the times; infinity where the curve does not come down to one
            half within the follow-up.
        """
        return (
            self._first_at_or_below_half(self.survival),
            self._first_at_or_below_half(self.low),
            self._first_at_or_below_half(self.high),
        )

    def _first_at_or_below_half(self, curve: NDArray[np.float64]) -> float:
        # Where the interval is undefined the estimate is 0, so the curve has passed one half by then.
        reached = np.flatnonzero(np.nan_to_num(curve, nan=0.0) <= 0.5)
        return float(self.times[reached[0]]) if reached.size else math.inf


def normal_quantile(confidence: float) -> float:
    """Return the two-sided standard normal quantile of a confidence level in (0, 1).

    Raises
    ------
    ValueError
        If the confidence level is not inside (0, 1).
    """
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie between 0 and 1, found {confidence}")
    return NormalDist().inv_cdf(0.5 + confidence / 2.0)


def wilson_interval(count: int, trials: int, confidence: float = CONFIDENCE) -> Proportion:
    """Estimate a share with Wilson's score interval.

    ``(p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)``: the shares that a score test at the same
    level would not reject. It never leaves [0, 1] and has positive width at 0 and at 1.

    Parameters
    ----------
    count, trials : int
        Runs with the outcome, and runs; ``0 <= count <= trials``.
    confidence : float
        Level in (0, 1).

    Returns
    -------
    Proportion
        All NaN but the counts when there are no trials.

    Raises
    ------
    ValueError
        If the counts are impossible or the level is not inside (0, 1).

    References
    ----------
    Wilson E B (1927). Probable inference, the law of succession, and statistical inference. Journal of the
    American Statistical Association 22: 209-212.
    """
    if not 0 <= count <= trials:
        raise ValueError(f"a count must lie between 0 and the trials, found {count} of {trials}")
    z = normal_quantile(confidence)
    if trials == 0:
        return Proportion(0, 0, math.nan, math.nan, math.nan)
    share = count / trials
    spread = z * math.sqrt(share * (1.0 - share) / trials + z * z / (4.0 * trials * trials))
    centre = share + z * z / (2.0 * trials)
    scale = 1.0 + z * z / trials
    # At 0 and at the full count the bound is exact; rounding would leave it a hair off.
    low = 0.0 if count == 0 else (centre - spread) / scale
    high = 1.0 if count == trials else (centre + spread) / scale
    return Proportion(count, trials, share, low, high)


def kaplan_meier(times: ArrayLike, observed: ArrayLike, confidence: float = CONFIDENCE) -> Survival:
    """Estimate survival from times of which some are censored.

    ``S(t) = prod over event times u <= t of (1 - d_u / n_u)``, with ``d_u`` events among ``n_u`` at risk. A
    run censored at u counts as at risk at u. The interval takes Greenwood's variance on the scale ``log(-log
    S)``, so it stays inside [0, 1].

    Parameters
    ----------
    times : ArrayLike, shape (runs,)
        Time of the event, or of censoring; finite and not negative.
    observed : ArrayLike of bool, shape (runs,)
        True where the event happened, False where the run was censored.
    confidence : float
        Level in (0, 1).

    Returns
    -------
    Survival
        Empty when no event happened.

    Raises
    ------
    ValueError
        If shapes differ, a time is negative or not finite, or the level is not inside (0, 1).

    References
    ----------
    Kaplan E L, Meier P (1958). Nonparametric estimation from incomplete observations. Journal of the American
    Statistical Association 53: 457-481. Interval: Kalbfleisch J D, Prentice R L (1980), The statistical
    analysis of failure time data, section 1.3.
    """
    moments = np.asarray(times, dtype=np.float64)
    happened = np.asarray(observed, dtype=np.bool_)
    if moments.shape != happened.shape or moments.ndim != 1:
        raise ValueError(
            f"times and observed must be of one length, found {moments.shape} and {happened.shape}"
        )
    if not np.all(np.isfinite(moments)) or np.any(moments < 0.0):
        raise ValueError("times must be finite and not negative")
    z = normal_quantile(confidence)
    event_times, events = np.unique(moments[happened], return_counts=True)
    at_risk = moments.size - np.searchsorted(np.sort(moments), event_times, side="left")
    survival: NDArray[np.float64] = np.cumprod(1.0 - events / at_risk, dtype=np.float64)
    low, high = np.full(survival.shape, np.nan), np.full(survival.shape, np.nan)
    alive = survival > 0.0
    greenwood = np.cumsum(events[alive] / (at_risk[alive] * (at_risk[alive] - events[alive])))
    reach = z * np.sqrt(greenwood) / np.abs(np.log(survival[alive]))
    low[alive] = survival[alive] ** np.exp(reach)
    high[alive] = survival[alive] ** np.exp(-reach)
    return Survival(
        times=event_times,
        at_risk=at_risk.astype(np.int64),
        events=events.astype(np.int64),
        survival=survival,
        low=low,
        high=high,
        follow_up=float(moments.max()) if moments.size else 0.0,
        trials=int(moments.size),
    )


def time_to_emergence(emerged_month: ArrayLike, horizon_months: ArrayLike) -> Survival:
    """Estimate how long integrated care takes to emerge.

    A run that has not emerged is censored at its horizon.

    Parameters
    ----------
    emerged_month : ArrayLike, shape (runs,)
        Month in which the run emerged, NaN if it did not.
    horizon_months : ArrayLike, shape (runs,) or scalar
        Months each run lasted.

    Returns
    -------
    Survival
        In months; ``1 - survival`` is the share that has emerged.
    """
    month = np.asarray(emerged_month, dtype=np.float64)
    horizon = np.broadcast_to(np.asarray(horizon_months, dtype=np.float64), month.shape)
    emerged = ~np.isnan(month)
    survival = kaplan_meier(np.where(emerged, month, horizon), emerged)
    # Where every run has emerged they are still watched to the end of the horizon.
    return replace(survival, follow_up=float(horizon.max(initial=0.0)))
