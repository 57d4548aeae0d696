"""Shares, survival and times carry the intervals that their sources define."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import CensoredData, binomtest, ecdf

from abm.analysis.emergence import kaplan_meier, time_to_emergence, wilson_interval


@pytest.mark.parametrize(
    ("count", "trials"), [(0, 100), (1, 100), (12, 100), (94, 100), (100, 100), (1, 1), (3, 7)]
)
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
def test_wilson_interval_agrees_with_scipy(count: int, trials: int, confidence: float) -> None:
    expected = binomtest(count, trials).proportion_ci(confidence_level=confidence, method="wilson")
    found = wilson_interval(count, trials, confidence)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_interval_of_no_runs_is_unknown() -> None:
    assert math.isnan(wilson_interval(0, 0).estimate)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_holds_its_share_and_has_width(counts: tuple[int, int]) -> None:
    found = wilson_interval(*counts)
    assert 0.0 <= found.low <= found.estimate <= found.high <= 1.0
    assert found.high > found.low


@pytest.mark.parametrize(
    ("count", "trials", "confidence"), [(-1, 5, 0.95), (6, 5, 0.95), (1, 5, 0.0), (1, 5, 1.0)]
)
def test_wilson_interval_refuses_the_impossible(count: int, trials: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="must lie between"):
        wilson_interval(count, trials, confidence)


def test_kaplan_meier_agrees_with_a_hand_computed_table() -> None:
    # Events at 3, 5 (twice) and 9; censored at 5 (still at risk there) and at 12 (twice).
    found = kaplan_meier([3, 5, 5, 5, 9, 12, 12], [True, True, True, False, True, False, False])
    assert found.times.tolist() == [3, 5, 9]
    assert found.at_risk.tolist() == [7, 6, 3]
    assert found.events.tolist() == [1, 2, 1]
    assert found.survival.tolist() == pytest.approx([6 / 7, 6 / 7 * 4 / 6, 6 / 7 * 4 / 6 * 2 / 3])
    greenwood = 1 / (7 * 6) + 2 / (6 * 4)
    reach = 1.959963984540054 * math.sqrt(greenwood) / abs(math.log(4 / 7))
    assert found.low[1] == pytest.approx((4 / 7) ** math.exp(reach))
    assert found.high[1] == pytest.approx((4 / 7) ** math.exp(-reach))


def test_kaplan_meier_agrees_with_scipy_on_drawn_times() -> None:
    rng = np.random.default_rng(7)
    times, observed = rng.integers(1, 60, 200).astype(float), rng.random(200) < 0.6
    found = kaplan_meier(times, observed)
    expected = ecdf(CensoredData(uncensored=times[observed], right=times[~observed]))
    interval = expected.sf.confidence_interval(method="log-log")
    at = np.searchsorted(expected.sf.quantiles, found.times)
    assert found.survival == pytest.approx(expected.sf.probabilities[at])
    defined = found.survival > 0
    assert found.low[defined] == pytest.approx(interval.low.probabilities[at][defined])
    assert found.high[defined] == pytest.approx(interval.high.probabilities[at][defined])


def test_kaplan_meier_without_censoring_is_the_share_that_remains() -> None:
    found = kaplan_meier([1, 2, 2, 4], [True] * 4)
    assert found.survival.tolist() == pytest.approx([0.75, 0.25, 0.0], abs=1e-15)
    assert np.isnan(found.low[-1]) and np.isnan(found.high[-1])


def test_median_time_is_the_first_month_at_which_half_have_emerged() -> None:
    found = time_to_emergence([12, 24, 36, 48, np.nan, np.nan], 120)
    assert found.median()[0] == 36
    assert found.follow_up == 120


def test_median_interval_contains_the_median_and_opens_upwards_when_the_curve_stops() -> None:
    months = np.concatenate([np.arange(40.0, 100.0), np.full(45, np.nan)])
    median, low, high = time_to_emergence(months, 120).median()
    assert low < median < high
    assert high == math.inf


def test_median_time_of_runs_that_never_emerge_is_infinite() -> None:
    found = time_to_emergence([np.nan] * 5, 120)
    assert found.median() == (math.inf, math.inf, math.inf)
    assert found.times.size == 0 and found.trials == 5


@given(st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=60))
def test_survival_falls_and_stays_a_probability(cases: list[tuple[int, bool]]) -> None:
    times, observed = zip(*cases, strict=True)
    found = kaplan_meier(times, observed)
    assert np.all(np.diff(found.survival) <= 0.0)
    assert np.all((found.survival >= 0.0) & (found.survival <= 1.0))
    defined = ~np.isnan(found.low)
    assert np.all(found.low[defined] <= found.survival[defined])
    assert np.all(found.survival[defined] <= found.high[defined])


@pytest.mark.parametrize(("times", "observed"), [([1, 2], [True]), ([-1.0], [True]), ([np.inf], [False])])
def test_kaplan_meier_refuses_impossible_times(times: list[float], observed: list[bool]) -> None:
    with pytest.raises(ValueError, match="times"):
        kaplan_meier(times, observed)
