"""Designs spread points as their names promise, and are the same whenever they are made."""

from __future__ import annotations

import itertools
import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from SALib.analyze import morris as morris_analysis
from SALib.analyze import sobol as sobol_analysis

from abm.records import Document, check
from abm.sweeps.design.design import DESIGNS, Design
from abm.sweeps.design.dimension import Dimension
from abm.sweeps.design.point_table import Points

RANGES = {
    "a": {"range": [0.0, 1.0]},
    "b": {"range": [10.0, 20.0]},
    "c": {"range": [1.0, 100.0], "scale": "log"},
}
SETTINGS = {
    "full_factorial": {"levels": 3},
    "one_at_a_time": {"levels": 3},
    "latin_hypercube": {"points": 20},
    "random": {"points": 20},
    "sobol": {"points": 16},
    "saltelli": {"samples": 8},
    "morris": {"trajectories": 4},
}


def design(kind, levers=RANGES, uncertainties=None, **settings):
    given = {"levers": levers, "uncertainties": uncertainties or {}, "design": {kind: settings}}
    return Design.of(given)


def columns(points):
    return np.column_stack([points.columns[name] for name in points.columns])


@pytest.mark.parametrize("kind", SETTINGS)
def test_a_design_counts_its_points_before_it_makes_them(kind):
    made = design(kind, **SETTINGS[kind])
    assert len(made.points) == made.count


@pytest.mark.parametrize("kind", SETTINGS)
def test_a_design_is_made_again_of_its_description(kind):
    made = design(kind, **SETTINGS[kind])
    assert Design.of(made.described()).points.content_hash == made.points.content_hash


@pytest.mark.parametrize("kind", [kind for kind in SETTINGS if "at" not in kind and "full" not in kind])
def test_another_seed_gives_other_points(kind):
    first, second = design(kind, **SETTINGS[kind]), design(kind, **SETTINGS[kind], seed=2)
    assert first.points.content_hash != second.points.content_hash


@pytest.mark.parametrize("kind", SETTINGS)
def test_points_keep_to_their_ranges(kind):
    points = design(kind, **SETTINGS[kind]).points
    for name, dimension in RANGES.items():
        low, high = dimension["range"]
        values = points.columns[name][~np.isnan(points.columns[name])]
        assert ((values >= low) & (values <= high * (1 + 1e-12))).all()


def test_a_full_factorial_design_has_every_combination_once():
    points = design(
        "full_factorial", {"a": [1, 2, 3], "b": {"options": {"x": 0, "y": 1}}}, {"c": [5, 6]}
    ).points
    assert points.keys() == list(itertools.product([1, 2, 3], ["x", "y"], [5, 6]))


def test_a_dimension_may_have_levels_of_its_own():
    points = design("full_factorial", {"a": {"range": [0, 1], "levels": 5}, "b": {"range": [0, 1]}}).points
    assert len(set(points.columns["a"].tolist())) == 5
    assert len(set(points.columns["b"].tolist())) == 2


def test_one_at_a_time_leaves_all_but_one_dimension_alone():
    points = design("one_at_a_time", {"a": [1, 2], "b": [3, 4, 5]}, {"c": {"options": {"x": 0}}}).points
    assert [points[row] for row in range(len(points))] == [
        {},
        {"a": 1},
        {"a": 2},
        {"b": 3},
        {"b": 4},
        {"b": 5},
        {"c": "x"},
    ]


def test_a_list_takes_the_values_of_all_dimensions_in_turn():
    points = design("list", {"a": [1, 2, 3], "b": [6, 5, 4]}).points
    assert points.keys() == [(1, 6), (2, 5), (3, 4)]


def test_a_latin_hypercube_has_one_point_in_every_slice_of_every_dimension():
    points = design("latin_hypercube", {"a": {"range": [0, 20]}, "b": {"range": [0, 20]}}, points=20).points
    for column in points.columns.values():
        assert sorted(np.floor(column).astype(int).tolist()) == [*range(20)]


@pytest.mark.parametrize(("kind", "counted"), [("sobol", "points"), ("saltelli", "samples")])
def test_a_larger_sobol_design_begins_with_the_smaller(kind, counted):
    small, large = design(kind, **{counted: 16}).points, design(kind, **{counted: 64}).points
    assert large.rows(0, len(small)).content_hash == small.content_hash


def test_a_sobol_design_is_even_in_every_half():
    points = design("sobol", {"a": {"range": [0, 1]}, "b": {"range": [0, 1]}}, points=64).points
    halves = (columns(points) < 0.5).astype(int)
    counts = np.bincount(2 * halves[:, 0] + halves[:, 1], minlength=4)
    assert counts.tolist() == [16, 16, 16, 16]


@pytest.mark.parametrize("second_order", [False, True])
def test_salib_finds_the_indices_of_a_known_function_at_saltellis_points(second_order):
    made = design(
        "saltelli", {"a": {"range": [0, 1]}, "b": {"range": [0, 1]}}, samples=512, second_order=second_order
    )
    values = columns(made.points)
    problem = {"num_vars": 2, "names": ["a", "b"], "bounds": [[0, 1], [0, 1]]}
    # The variance of 2a + b is four parts of a and one of b.
    found = sobol_analysis.analyze(
        problem, 2 * values[:, 0] + values[:, 1], calc_second_order=second_order, seed=1, num_resamples=10
    )
    assert found["S1"] == pytest.approx([0.8, 0.2], abs=0.02)


def test_salib_finds_the_effects_of_a_known_function_at_the_trajectories_of_morris():
    made = design("morris", {"a": {"range": [0, 1]}, "b": {"range": [0, 1]}}, trajectories=8)
    values = columns(made.points)
    problem = {"num_vars": 2, "names": ["a", "b"], "bounds": [[0, 1], [0, 1]]}
    found = morris_analysis.analyze(problem, values, 3 * values[:, 0] - values[:, 1], num_levels=4, seed=1)
    assert np.asarray(found["mu"]) == pytest.approx([3.0, -1.0])


def test_each_step_of_a_trajectory_moves_one_dimension():
    values = columns(design("morris", trajectories=5).points).reshape(5, 4, 3)
    moved = (np.diff(values, axis=1) != 0).sum(axis=2)
    assert (moved == 1).all()


@given(
    low=st.floats(-1e6, 1e6),
    width=st.floats(1e-3, 1e6),
    shares=st.lists(st.floats(0, 1), min_size=1, max_size=20),
)
def test_a_range_spreads_shares_between_its_ends_in_order(low, width, shares):
    spread = Dimension.model_validate({"range": [low, low + width]}).spread(np.sort(np.array(shares)))
    assert (np.diff(spread) >= 0).all()
    assert spread[0] >= low and spread[-1] <= low + width


def test_whole_numbers_are_equally_likely_and_include_both_ends():
    dimension = Dimension.model_validate({"range": [1.0, 4.0], "whole": True})
    spread = dimension.spread((np.arange(4000) + 0.5) / 4000)
    assert np.unique(spread, return_counts=True)[1].tolist() == [1000, 1000, 1000, 1000]
    assert dimension.steps(10).tolist() == [1, 2, 3, 4]


def test_a_log_scale_gives_equal_room_to_equal_ratios():
    dimension = Dimension.model_validate({"range": [1.0, 100.0], "scale": "log"})
    assert dimension.spread(np.array([0.0, 0.5, 1.0])) == pytest.approx([1, 10, 100])
    assert dimension.steps(3) == pytest.approx([1, 10, 100])


def test_a_distribution_gives_its_quantiles_and_keeps_within_its_interval():
    law = {"distribution": {"norm": {"loc": 0.0, "scale": 1.0}}}
    free = Dimension.model_validate(law)
    assert free.spread(np.array([0.025, 0.5, 0.975])) == pytest.approx([-1.959964, 0, 1.959964])
    assert math.isinf(free.ends()[0])
    cut = Dimension.model_validate({**law, "within": [0.0, 1.0]})
    assert cut.spread(np.array([0.0, 1.0])) == pytest.approx([0, 1])
    # Half of the probability between 0 and 1 lies below the median of what is left.
    median = NormalDist().inv_cdf((0.5 + NormalDist().cdf(1.0)) / 2)
    assert cut.spread(np.array([0.5])) == pytest.approx([median])
    assert np.isfinite(free.spread(np.array([0.0, 1.0]))).all()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, "says no values"),
        ({"values": [1], "range": [0, 1]}, "gives values and range"),
        ({"range": [1, 0]}, "write the least value first"),
        ({"range": [0, 1], "scale": "log"}, "a log scale starts above 0"),
        ({"range": [0.5, 1], "whole": True}, "end it with whole numbers"),
        ({"values": [1, 2], "scale": "log"}, "'scale: log' belongs to a range"),
        ([1, 1], "a value is given twice"),
        ({"values": [1], "within": [0, 1]}, "there is none; leave it out"),
        ({"distribution": {"norm": {}}, "within": [1, 0]}, "should rise"),
        ({"distribution": {"norml": {}}}, "did you mean 'norm'?"),
        ({"distribution": {"beta": {"a": 1}}}, "needs b"),
        ({"distribution": {"norm": {"mean": 1}}}, "is not a parameter of distribution 'norm'"),
        ({"distribution": {"norm": {"scale": -1}}}, "has no median"),
    ],
)
def test_a_dimension_that_makes_no_sense_is_refused(data, told):
    found, problems = check(Document("", data), Dimension)
    assert found is None
    assert told in "\n".join(str(problem) for problem in problems)


@pytest.mark.parametrize(
    ("kind", "settings", "told"),
    [
        ("sobol", {"points": 100}, "give 64 or 128"),
        ("saltelli", {"samples": 3}, "give 2 or 4"),
        ("morris", {"trajectories": 4, "levels": 5}, "an even number of levels"),
    ],
)
def test_a_design_that_makes_no_sense_is_refused(kind, settings, told):
    with pytest.raises(ValueError, match=told):
        design(kind, **settings)


def test_a_design_says_which_dimensions_do_not_suit_it():
    endless = {"a": {"distribution": {"norm": {}}}}
    assert "both ends" in str([*design("morris", endless, trajectories=2).faults()])
    assert "list them" in str([*design("list", {"a": [1, 2], "b": {"range": [0, 1]}}).faults()])
    assert "give as many" in str([*design("list", {"a": [1, 2], "b": [1, 2, 3]}).faults()])
    assert "there are none" in str([*design("random", {}, points=2).faults()])
    many = {f"x{number}": {"range": [0, 1]} for number in range(10)}
    assert "take fewer levels" in str([*design("full_factorial", many, levels=10).faults()])


def test_every_design_that_a_file_may_name_is_tested_here():
    assert {*SETTINGS, "list"} == set(DESIGNS)


def test_points_of_other_dimensions_or_lengths_are_not_put_together():
    one = Points({"a": np.array([1.0])})
    with pytest.raises(ValueError, match="other dimensions"):
        one.then(Points({"b": np.array([1.0])}))
    with pytest.raises(ValueError, match="differ in length"):
        Points({"a": np.array([1.0]), "b": np.array([1.0, 2.0])})


def test_the_hash_of_points_tells_values_and_names():
    hashes = {
        Points({"a": np.array([1.0, np.nan])}).content_hash,
        Points({"a": np.array([1.0, 2.0])}).content_hash,
        Points({"b": np.array([1.0, 2.0])}).content_hash,
        Points({"a": np.array(["x", ""])}).content_hash,
    }
    assert len(hashes) == 4
