"""Shared arithmetic of the kernels: right to rounding, and the same for any number of lanes."""

import math

import numpy as np
import pytest

from abm.core.arithmetic import (
    TILE_ROWS,
    clip,
    exponential,
    fade,
    find_below,
    find_nonzero,
    logistic,
    sum_moments,
    sum_rows,
)

ROWS = (2, TILE_ROWS - 2, TILE_ROWS, TILE_ROWS + 2, 3 * TILE_ROWS + 10)


def forms(function):
    """Return the compiled form of a function and its Python form."""
    return (function, function.py_func)


def test_exponential_agrees_with_the_library():
    powers = np.concatenate([np.linspace(-700.0, 700.0, 2001), np.linspace(-2.0, 2.0, 2001)])
    for form in forms(exponential):
        found = np.array([form(x) for x in powers])
        assert np.all(np.abs(found / np.exp(powers) - 1.0) < 5e-16)


def test_exponential_stops_at_its_bounds():
    for form in forms(exponential):
        assert form(1e9) == form(700.0)
        assert form(-1e9) == form(-700.0)


def test_logistic_is_a_probability_and_symmetric():
    for form in forms(logistic):
        assert form(0.0) == 0.5
        for x in (0.1, 1.0, 5.0, 30.0, 1e4):
            assert 0.5 < form(x) <= 1.0
            assert form(x) + form(-x) == pytest.approx(1.0, abs=1e-15)
            assert form(x) == pytest.approx(1.0 / (1.0 + math.exp(-min(x, 700.0))), abs=1e-15)


def test_clip_keeps_the_unit_interval():
    assert [clip(x) for x in (-1.0, 0.0, 0.4, 1.0, 7.0)] == [0.0, 0.0, 0.4, 1.0, 1.0]


@pytest.mark.parametrize("dtype", [np.uint8, np.float64, np.bool_])
def test_nonzero_positions_are_found_in_order(dtype):
    values = (np.random.default_rng(1).random((37, 5)) < 0.2).astype(dtype)
    for form in forms(find_nonzero):
        found = np.empty(values.size, dtype=np.int64)
        count = form(values, found)
        assert np.array_equal(found[:count], np.flatnonzero(values))


@pytest.mark.parametrize("rows", ROWS)
def test_draws_below_their_lanes_chance_are_found_in_order(rows):
    draws = np.random.default_rng(6).random((rows, 3))
    chances = np.array([0.0, 0.3, 0.9])
    for form in forms(find_below):
        found = np.empty(draws.size, dtype=np.uint32)
        count = form(draws, chances, found)
        assert found[:count].tolist() == np.flatnonzero(draws < chances).tolist()


@pytest.mark.parametrize("rows", ROWS)
def test_fading_brings_values_closer_to_the_base_of_their_lane(rows):
    rng = np.random.default_rng(2)
    values, base, kept = rng.random((rows, 3)), rng.random(3), rng.random(3)
    for form in forms(fade):
        found = values.copy()
        form(found.reshape(-1), base, kept)
        assert np.allclose(found, base + (values - base) * kept, atol=1e-15)


@pytest.mark.parametrize("rows", ROWS)
def test_sums_go_over_rows_with_the_same_bits_for_any_number_of_lanes(rows):
    values = np.random.default_rng(3).random((rows, 4))
    for form in forms(sum_rows):
        together = np.zeros(4)
        form(values.reshape(-1), together)
        assert np.allclose(together, values.sum(axis=0))
        for lane in range(4):
            alone = np.zeros(1)
            form(np.ascontiguousarray(values[:, lane]), alone)
            assert alone[0] == together[lane]


@pytest.mark.parametrize("rows", ROWS)
def test_moments_are_sums_and_squares_and_products_of_both_sides_about_a_pivot(rows):
    trust = np.random.default_rng(4).random((rows // 2, 2, 3))
    pivot = np.array([0.1, 0.5, 0.9])
    off = trust - pivot
    for form in forms(sum_moments):
        total, squares, products = np.zeros(3), np.zeros(3), np.zeros(3)
        form(trust.reshape(-1), pivot, total, squares, products)
        assert np.allclose(total, trust.sum(axis=(0, 1)))
        assert np.allclose(squares, (off**2).sum(axis=(0, 1)))
        assert np.allclose(products, (off[:, 0] * off[:, 1]).sum(axis=0))
