"""Paired effects agree with their sources and use the pairing."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from abm.analysis.effects import pair_positions, paired_difference, paired_probability_difference


def pairs_of(both: int, only_policy: int, only_reference: int, neither: int) -> tuple[list[bool], list[bool]]:
    policy = [True] * (both + only_policy) + [False] * (only_reference + neither)
    reference = [True] * both + [False] * only_policy + [True] * only_reference + [False] * neither
    return policy, reference


@pytest.mark.parametrize(
    ("table", "difference", "low", "high"),
    [
        # Newcombe 1998, table II, method 10.
        ((36, 12, 2, 0), 0.2000, 0.0569, 0.3404),
        # Airway reactivity before and after transplantation, square-and-add interval: Fagerland, Lydersen and
        # Laake 2014, Statistics in Medicine 33: 2850-2875.
        ((1, 1, 7, 12), -0.2857, -0.5069, -0.0256),
        # Altman, Machin, Bryant and Gardner 2000, Statistics with confidence, table 6.2.
        ((14, 5, 0, 22), 0.1220, 0.0115, 0.2265),
    ],
)
def test_paired_shares_agree_with_published_intervals(
    table: tuple[int, int, int, int], difference: float, low: float, high: float
) -> None:
    found = paired_probability_difference(*pairs_of(*table))
    assert (found.estimate, found.low, found.high) == pytest.approx((difference, low, high), abs=5e-5)


def test_paired_shares_keep_width_when_every_pair_differs_or_none_does() -> None:
    always = paired_probability_difference([True] * 100, [False] * 100)
    assert always.estimate == 1.0 and always.low < 1.0 and always.excludes_zero
    never = paired_probability_difference([False] * 100, [False] * 100)
    assert never.estimate == 0.0 and never.low < 0.0 < never.high


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=80))
def test_paired_shares_change_sign_when_the_sides_change(cases: list[tuple[bool, bool]]) -> None:
    policy, reference = zip(*cases, strict=True)
    there, back = (
        paired_probability_difference(policy, reference),
        paired_probability_difference(reference, policy),
    )
    assert there.estimate == pytest.approx(-back.estimate)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert -1.0 <= there.low <= there.estimate <= there.high <= 1.0


def test_difference_interval_agrees_with_the_paired_t_test() -> None:
    rng = np.random.default_rng(3)
    reference = rng.normal(size=40)
    policy = reference + rng.normal(0.3, 0.2, size=40)
    found = paired_difference(policy, reference, confidence=0.9)
    expected = ttest_rel(policy, reference).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.pairs == 40 and found.policy - found.reference == pytest.approx(found.estimate)


def test_pairing_narrows_the_interval_when_luck_is_shared() -> None:
    rng = np.random.default_rng(5)
    luck = rng.normal(size=200)
    paired = paired_difference(luck + 0.1, luck + rng.normal(0, 0.01, 200))
    shuffled = paired_difference(luck + 0.1, rng.permutation(luck))
    assert paired.excludes_zero and not shuffled.excludes_zero


def test_pairs_with_an_unknown_value_are_left_out() -> None:
    found = paired_difference([1.0, np.nan, 3.0, 2.0], [0.0, 1.0, np.nan, 0.0])
    assert found.pairs == 2 and found.estimate == 1.5


def test_degenerate_pairs_say_what_they_know_and_no_more() -> None:
    assert math.isnan(paired_difference([], []).estimate)
    one = paired_difference([2.0], [1.0])
    assert one.estimate == 1.0 and math.isnan(one.low) and not one.excludes_zero
    same = paired_difference([2.0, 3.0], [1.0, 2.0])
    assert (same.low, same.estimate, same.high) == (1.0, 1.0, 1.0)


def test_runs_are_matched_by_seed_and_replicate_whatever_their_order() -> None:
    mine, theirs = pair_positions([1, 1, 1], [0, 1, 2], [1, 1, 2], [2, 0, 1])
    assert mine.tolist() == [0, 2] and theirs.tolist() == [1, 0]


def test_a_replicate_that_occurs_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="more than once"):
        pair_positions([1, 1], [0, 0], [1], [0])


@pytest.mark.parametrize("estimate", [paired_difference, paired_probability_difference])
def test_sides_of_different_length_are_refused(estimate: object) -> None:
    with pytest.raises(ValueError, match="one length"):
        estimate([1.0, 2.0], [1.0])  # type: ignore[operator]


def test_an_interval_stays_within_the_differences_that_are_possible() -> None:
    near = paired_difference([1.0, 1.0, 0.97], [0.0, 0.0, 0.0], most=1.0)
    assert near.high == 1.0 and near.low < near.estimate
    back = paired_difference([0.0, 0.0, 0.0], [1.0, 1.0, 0.97], most=1.0)
    assert (back.low, back.high) == (-near.high, -near.low)
    assert paired_difference([1.0, 1.0, 0.97], [0.0, 0.0, 0.0]).high > 1.0
