"""Draws: the published generator, evenly spread, unrelated across every part of the key, the same everywhere."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from scipy import stats

from abm.core import draws

SEED = np.uint64(20140401)
KEY_PARTS = ("seed", "replicate", "step", "decision", "entity")

# Known answers published with the generator (Random123, kat_vectors), ten rounds.
KNOWN_ANSWERS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def philox_words(function, counter, key):
    return tuple(int(word) % 2**32 for word in function(*(np.uint64(word) for word in (*counter, *key))))


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_generator_gives_the_published_answers(counter, key, answer):
    assert philox_words(draws.philox, counter, key) == answer
    assert philox_words(draws.philox.py_func, counter, key) == answer


def uniforms(count, **key):
    """Draw while one part of the key counts up and the others stay."""
    fixed = {"seed": int(SEED), "replicate": 3, "step": 17, "decision": 7, "entity": 11}
    (part,) = key
    return np.array(
        [
            draws.uniform(
                *(np.uint64(at) if name == "seed" else at for name, at in (fixed | {part: number}).items())
            )
            for number in range(count)
        ]
    )


@pytest.mark.parametrize("part", KEY_PARTS)
def test_draws_are_uniform_along_every_part_of_the_key(part):
    # False-alarm rate 1e-4 a part, fixed seed.
    sample = uniforms(20_000, **{part: None})
    assert stats.kstest(sample, "uniform").pvalue > 1e-4
    counts = np.bincount((sample * 64).astype(int), minlength=64)
    assert stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("part", KEY_PARTS)
@pytest.mark.parametrize("lag", [1, 2, 3, 4, 8, 120])
def test_draws_are_serially_unrelated_along_every_part_of_the_key(part, lag):
    sample = uniforms(20_000, **{part: None})
    correlation = np.corrcoef(sample[:-lag], sample[lag:])[0, 1]
    # Four standard errors: a false-alarm rate of about 6e-5 for each of the thirty checks.
    assert abs(correlation) < 4.0 / math.sqrt(len(sample) - lag)


@pytest.mark.parametrize("part", [name for name in KEY_PARTS if name != "entity"])
def test_streams_are_unrelated_across_every_part_of_the_key(part):
    fixed = {"seed": SEED, "replicate": 3, "step": 17, "decision": 7}
    moved = fixed | {part: np.uint64(int(fixed[part]) + 1) if part == "seed" else fixed[part] + 1}
    first = np.array([draws.uniform(*fixed.values(), entity) for entity in range(20_000)])
    second = np.array([draws.uniform(*moved.values(), entity) for entity in range(20_000)])
    assert abs(np.corrcoef(first, second)[0, 1]) < 4.0 / math.sqrt(len(first))
    assert not np.any(first == second)


def test_flipping_any_key_bit_flips_half_of_the_output_bits():
    rng = np.random.default_rng(1)
    flips = []
    for _ in range(40):
        words = rng.integers(0, 2**32, 6, dtype=np.uint32)
        base = philox_words(draws.philox, words[:4], words[4:])
        for position in range(6):
            for bit in range(32):
                moved = words.copy()
                moved[position] ^= np.uint32(1 << bit)
                changed = philox_words(draws.philox, moved[:4], moved[4:])
                flips.append(sum((a ^ b).bit_count() for a, b in zip(base, changed, strict=True)))
    flips = np.array(flips).reshape(40, 6 * 32)
    # 128 fair bits: mean 64; the mean over 40 blocks of each input bit has standard deviation 0.89.
    assert np.all(np.abs(flips.mean(axis=0) - 64.0) < 5.0 * math.sqrt(32.0 / 40))
    assert abs(flips.mean() - 64.0) < 5.0 * math.sqrt(32.0 / flips.size)


def test_neighbouring_entities_share_a_block_word_by_word():
    words = draws.block(SEED, 3, 17, 7, 5)
    assert [draws.uniform(SEED, 3, 17, 7, 20 + word) for word in range(4)] == list(words)
    replicates = np.array([3, 4], dtype=np.uint64)
    for form in (draws.draw_rows, draws.draw_rows.py_func):
        rows = form(np.array([SEED, SEED]), replicates, 17, 7, 20, 23)
        assert rows.shape == (3, 2)
        assert rows[:, 0].tolist() == list(words[:3])
        assert rows[2, 1] == draws.uniform(SEED, 4, 17, 7, 22)


def test_uniforms_stay_inside_the_open_unit_interval():
    for form in (draws.as_uniform, draws.as_uniform.py_func):
        assert form(np.uint64(0)) == 2.0**-33
        assert form(np.uint64(2**32 - 1)) == 1.0 - 2.0**-33
        assert form(np.uint64(2**63 + 5)) == 5.5 / 2**32


def test_a_decision_has_a_name_and_is_a_number_of_32_bits():
    given, named = draws.Decision("pressure", 4), draws.Decision("peer_support.visit")
    assert (given.name, int(given)) == ("pressure", 4)
    assert int(named) == draws.number_of("peer_support.visit") >= draws.FIRST_NUMBER_OF_A_NAME
    keys = (SEED, 0, 1)
    draws.uniform(*keys, np.uint32(4), 9)
    compiled = len(draws.uniform.signatures)
    assert (
        draws.uniform(*keys, given, 9) == draws.uniform(*keys, np.uint32(4), 9) == draws.uniform(*keys, 4, 9)
    )
    assert len(draws.uniform.signatures) <= compiled + 1


@pytest.mark.parametrize("u", [1e-12, 1e-9, 1e-4, 0.02, 0.3, 0.5, 0.7, 0.98, 0.9999, 1 - 1e-9])
def test_normal_quantile_is_the_inverse_of_the_normal_distribution(u):
    assert draws.normal_quantile(u) == pytest.approx(NormalDist().inv_cdf(u), rel=1e-14)
    assert draws.normal_quantile.py_func(u) == pytest.approx(NormalDist().inv_cdf(u), rel=1e-14)


def test_normal_draws_have_the_moments_of_a_normal():
    sample = np.array([draws.normal(SEED, 0, 1, 4, entity) for entity in range(20_000)])
    assert stats.kstest(sample, "norm").pvalue > 1e-4


@pytest.mark.parametrize("mean", [0.0, 0.02, 0.4, 1.0, 3.5, 20.0])
def test_poisson_quantile_inverts_the_poisson_distribution(mean):
    for u in np.linspace(0.0005, 0.9995, 201):
        for form in (draws.poisson_quantile, draws.poisson_quantile.py_func):
            assert form(u, mean, math.exp(-mean)) == stats.poisson.ppf(u, mean)


def test_poisson_quantile_ends_at_its_cap():
    assert draws.poisson_quantile(1.0 - 1e-12, 60.0, math.exp(-60.0)) == draws.MOST_EVENTS


@pytest.mark.parametrize("trials", [0, 1, 2, 7, 30])
@pytest.mark.parametrize("chance", [0.03, 0.5, 0.97])
def test_binomial_quantile_inverts_the_binomial_distribution(trials, chance):
    for u in np.linspace(0.0005, 0.9995, 100):
        expected = stats.binom.ppf(u, trials, chance) if trials else 0
        assert draws.binomial_quantile(u, trials, chance) == expected
        assert draws.binomial_quantile.py_func(u, trials, chance) == expected


@pytest.mark.parametrize(("alpha", "beta"), [(2.0, 3.0), (3.0, 7.0), (5.0, 1.5)])
def test_beta_quantiles_interpolate_the_beta_distribution(alpha, beta):
    table = draws.beta_table(alpha, beta)[:, np.newaxis].copy()
    grid = np.linspace(0.001, 0.999, 500)
    found = np.array([draws.beta_quantile(u, table, 0) for u in grid])
    error = np.abs(found - stats.beta.ppf(grid, alpha, beta))
    assert error.max() < 1e-4
    assert error[(grid > 0.05) & (grid < 0.95)].max() < 1e-6
    assert draws.beta_quantile.py_func(0.25, table, 0) == draws.beta_quantile(0.25, table, 0)


def test_beta_table_cannot_be_written():
    with pytest.raises(ValueError, match="read-only"):
        draws.beta_table(2.0, 3.0)[0] = 1.0
