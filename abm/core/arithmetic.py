"""Arithmetic that kernels share, written so that a processor goes over many numbers in one stroke."""

import math

import numpy as np

from abm.core.kernels import compiled, inlined

TILE_ROWS = 32
"""Rows that flat loops take at a time. Sums go by it, so that it must not depend on the number of lanes."""

LARGEST_POWER = 700.0
LOG2_E = 1.4426950408889634
LN_2_HIGH = 6.93147180369123816490e-01
LN_2_LOW = 1.90821492927058770002e-10
ROUNDER = 6755399441055744.0  # 1.5 x 2^52: a number added to it loses its fraction
EXPONENT_BIAS = np.int64(1023)
MANTISSA_BITS = np.int64(52)


@inlined
def exponential(x):
    """Return exp(x) for -700 <= x <= 700, and its value at the nearer bound beyond, to 5e-16 of its size.

    The library's own is called number by number. This one has no call and no branch, so that loops around it
    vectorise, and the same bits on every machine: x = n ln 2 + r with ln 2 in two parts (Cody and Waite 1980, Software
    Manual for the Elementary Functions), a Taylor polynomial in r, and n put into the exponent.
    """
    x = min(max(x, -LARGEST_POWER), LARGEST_POWER)
    shifted = x * LOG2_E + ROUNDER
    n = shifted - ROUNDER
    r = (x - n * LN_2_HIGH) - n * LN_2_LOW
    # Even and odd powers apart: a processor works on both at once.
    square = r * r
    even = 1.0 / 479001600.0
    even = even * square + 1.0 / 3628800.0
    even = even * square + 1.0 / 40320.0
    even = even * square + 1.0 / 720.0
    even = even * square + 1.0 / 24.0
    even = even * square + 0.5
    even = even * square + 1.0
    odd = 1.0 / 39916800.0
    odd = odd * square + 1.0 / 362880.0
    odd = odd * square + 1.0 / 5040.0
    odd = odd * square + 1.0 / 120.0
    odd = odd * square + 1.0 / 6.0
    odd = odd * square + 1.0
    series = even + r * odd
    power = (np.float64(shifted).view(np.int64) + EXPONENT_BIAS) << MANTISSA_BITS
    return series * np.int64(power).view(np.float64)


@inlined
def logistic(x):
    """Return 1 / (1 + exp(-x))."""
    return 1.0 / (1.0 + exponential(-x))


@inlined
def clip(x):
    """Limit `x` to the unit interval."""
    return min(max(x, 0.0), 1.0)


@compiled
def is_any(values):
    """Whether any of some values, (lanes,), is not zero."""
    found = False
    for lane in range(values.size):
        found = found or values[lane] != 0.0
    return found


@compiled
def find_nonzero(values, found):
    """Fill `found` with the flat positions of values that are not zero, in order, and return how many there are.

    Few are, here and there: to count without a branch costs less than the wrong guesses of a processor.
    """
    flat = values.reshape(-1)
    count = 0
    for position in range(flat.size):
        found[count] = position
        count += 1 if flat[position] != 0 else 0
    return count


@inlined
def row_and_lane(position, lanes):
    """Return row and lane of a flat position, without a sign, so that nobody looks whether an index is negative."""
    row = np.uint32(position // np.uint32(lanes))
    return row, np.uint32(position - row * np.uint32(lanes))


@compiled
def tiled(values):
    """Repeat some values, (lanes,), for every row of a tile, so that flat loops find theirs beside a tile's."""
    lanes = values.size
    tile = np.empty((TILE_ROWS, lanes))
    for row in range(TILE_ROWS):
        for lane in range(lanes):
            tile[row, lane] = values[lane]
    return tile.reshape(-1)


@compiled
def find_below(draws, chances, found):
    """Fill `found` with the flat positions of draws (rows, lanes) that lie below chances (lanes,); return their number.

    Made for chances so small that few draws do.
    """
    every_draw, every_chance = draws.reshape(-1), tiled(chances)
    tile = every_chance.size
    is_below = np.empty(every_draw.size, dtype=np.uint8)
    for first in range(0, every_draw.size, tile):
        part, below = every_draw[first : first + tile], is_below[first : first + tile]
        for position in range(part.size):
            below[position] = part[position] < every_chance[position]
    return find_nonzero(is_below, found)


@compiled
def fade(values, base, kept):
    """Move flat `values` (rows x lanes) closer to a base: base + (value - base) kept, both tiled."""
    for first in range(0, values.size, base.size):
        part = values[first : first + base.size]
        for position in range(part.size):
            gap = part[position] - base[position]
            part[position] = base[position] + gap * kept[position]


@compiled
def sum_rows(values, total):
    """Add flat `values` (rows x lanes) up over rows, onto total (lanes,)."""
    lanes = total.size
    tile = TILE_ROWS * lanes
    sums = np.zeros(tile)
    for first in range(0, values.size, tile):
        part = values[first : first + tile]
        for position in range(part.size):
            sums[position] += part[position]
    for row in range(min(TILE_ROWS, values.size // lanes)):
        for lane in range(lanes):
            total[lane] += sums[row * lanes + lane]


@compiled
def sum_moments(values, pivot, total, squares, products):
    """Add up flat `values` (pairs x 2 x lanes), squares of its deviations from a pivot, and products of both sides'.

    All in one go over what may be larger than a processor's cache, two tiles at a time. A pivot near the mean loses no
    figures when the sums are moved to the mean.
    """
    lanes = pivot.size
    tile = TILE_ROWS * lanes
    every_pivot = tiled(pivot)
    one = np.zeros(tile + lanes)
    other = np.zeros(tile + lanes)
    sums = np.zeros(tile)
    squared = np.zeros(tile)
    product = np.zeros(tile)
    for first in range(0, values.size, 2 * tile):
        part, next_part = values[first : first + tile], values[first + tile : first + 2 * tile]
        if next_part.size < tile:
            one[:] = 0.0
            other[:] = 0.0
        for position in range(part.size):
            one[position] = part[position] - every_pivot[position]
        for position in range(next_part.size):
            other[position] = next_part[position] - every_pivot[position]
        # Every other row of products is of neighbouring pairs and goes to waste: cheaper than to leave it out.
        for position in range(tile):
            here, there = one[position], other[position]
            sums[position] += here + there
            squared[position] += here * here + there * there
            product[position] += here * one[position + lanes] + there * other[position + lanes]
    for row in range(TILE_ROWS):
        for lane in range(lanes):
            total[lane] += sums[row * lanes + lane]
            squares[lane] += squared[row * lanes + lane]
            if row % 2 == 0:
                products[lane] += product[row * lanes + lane]
    for lane in range(lanes):
        total[lane] += values.size // lanes * pivot[lane]


@compiled
def weighted_mean(values, weights, mean):
    """Fill `mean` (lanes,) with the mean of values (rows, lanes) by weights (rows,)."""
    rows, lanes = values.shape
    total = weights.sum()
    mean[:] = 0.0
    for row in range(rows):
        share = weights[row] / total
        for lane in range(lanes):
            mean[lane] += share * values[row, lane]


@compiled
def mean_of_present(values, presence, mean):
    """Fill `mean` (lanes,) with the mean of values (rows, lanes) over the rows whose presence is above 0."""
    rows, lanes = values.shape
    present = np.zeros(lanes)
    mean[:] = 0.0
    for row in range(rows):
        for lane in range(lanes):
            is_present = 1.0 if presence[row, lane] > 0.0 else 0.0
            present[lane] += is_present
            mean[lane] += is_present * values[row, lane]
    for lane in range(lanes):
        mean[lane] /= present[lane]


@compiled
def count_nonzero(values, count):
    """Fill `count` (lanes,) with the sum over rows of flags (rows, lanes), each 0 or 1."""
    rows, lanes = values.shape
    count[:] = 0.0
    for row in range(rows):
        for lane in range(lanes):
            count[lane] += values[row, lane]


@inlined
def chance_within(hazard, dt):
    """Return the chance 1 - exp(-hazard dt) that something with a rate happens within a time."""
    return 1.0 - math.exp(-hazard * dt)


@inlined
def drawn_towards(target, value, kept):
    """Return a value that keeps a share of its distance to a target: target + (value - target) kept."""
    return target + (value - target) * kept
