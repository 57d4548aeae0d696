"""Draw every accident of fate from counters, never from a stream.

A draw is a function of (seed, replicate, step, decision, entity) and of nothing else. Two policies that run with
the same seed and replicate therefore meet the same accidents, whatever the policies do, and a run gives the same
bits alone, in a batch of any width, and on any number of workers.

The generator is Philox4x32-10 (Salmon, Moraes, Dror and Shaw, *Parallel random numbers: as easy as 1, 2, 3*, SC11,
doi:10.1145/2063384.2063405): the five keys are laid out in its counter and key words, so nothing is hashed. One block
holds four words and serves four neighbouring entities.
"""

import hashlib
import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.core.kernels import compiled, inlined

GENERATOR = "Philox4x32-10"

MULTIPLIER_0 = np.uint64(0xD2511F53)
MULTIPLIER_1 = np.uint64(0xCD9E8D57)
WEYL_0 = np.uint64(0x9E3779B9)
WEYL_1 = np.uint64(0xBB67AE85)
MASK = np.uint64(0xFFFFFFFF)
HALF_WORD = np.uint64(32)
WORD_STEP = 2.0**-32
BITS_OF_2_52 = np.uint64(0x4330000000000000)
BELOW_2_52 = 2.0**52 - 0.5
QUANTILES = 4097
MOST_EVENTS = 63
WIDE = 4
"""Lanes from which loops over them are worth a vector."""


FIRST_NUMBER_OF_A_NAME = 1024
"""From here on the number of a decision follows from its name."""


class Decision(np.uint32):
    """What a draw decides: a number that is part of the draw's key and is never reused.

    It is no plain integer, because one that never changes is a type of its own to numba, which would compile the
    generator once for every decision.

    Attributes
    ----------
    name : str
        What it decides.
    line : int
        Line of the declaration.
    """

    name: str
    line: int

    def __new__(cls, name: str, number: int | None = None, line: int = 0) -> "Decision":
        """Take the number, or that of the name."""
        made = super().__new__(cls, number_of(name) if number is None else number)
        made.name, made.line = name, line
        return made


def number_of(name: str) -> int:
    """Return the number of a decision that has none of its own, by the first four bytes of its name's SHA-256."""
    digest = hashlib.sha256(str(name).encode()).digest()
    return FIRST_NUMBER_OF_A_NAME + int.from_bytes(digest[:4], "big") % (2**32 - FIRST_NUMBER_OF_A_NAME)


@inlined
def philox(c0, c1, c2, c3, k0, k1):
    """Return the four words of one Philox4x32-10 block.

    Parameters
    ----------
    c0, c1, c2, c3 : uint64
        Counter words, each below 2**32.
    k0, k1 : uint64
        Key words, each below 2**32.

    Returns
    -------
    tuple of four uint64
        Of each, the lower half counts: words stay where a processor multiplies them, and what is above is not cleared.
    """
    for _ in range(10):
        product_0 = MULTIPLIER_0 * (c0 & MASK)
        product_1 = MULTIPLIER_1 * (c2 & MASK)
        c0, c1, c2, c3 = (
            (product_1 >> HALF_WORD) ^ c1 ^ k0,
            product_1,
            (product_0 >> HALF_WORD) ^ c3 ^ k1,
            product_0,
        )
        k0 += WEYL_0
        k1 += WEYL_1
    return c0, c1, c2, c3


@inlined
def as_uniform(word):
    """Return (word + 1/2) / 2**32 for the lower half of a word, put into the fraction of 2**52 + word."""
    return (np.uint64((word & MASK) | BITS_OF_2_52).view(np.float64) - BELOW_2_52) * WORD_STEP


@inlined
def block(seed, replicate, step, decision, quad):
    """Return the four uniforms of entities 4*quad to 4*quad+3, each in (0, 1)."""
    w0, w1, w2, w3 = philox(
        np.uint64(quad),
        np.uint64(step),
        np.uint64(decision),
        np.uint64(replicate),
        np.uint64(seed) & MASK,
        np.uint64(seed) >> HALF_WORD,
    )
    return as_uniform(w0), as_uniform(w1), as_uniform(w2), as_uniform(w3)


@compiled
def draw_rows(seed, replicate, step, decision, first, last):
    """Return the uniforms of the entities from `first`, a multiple of 4, to before `last`, (entities, lanes).

    Blocks are made side by side in a processor's vector: those of many lanes, or where lanes are few, of one lane.
    """
    lanes = seed.size
    blocks = (last - first + 3) // 4
    draws = np.empty((4 * blocks, lanes))
    if lanes >= WIDE:
        for number in range(blocks):
            for lane in range(lanes):
                u0, u1, u2, u3 = block(seed[lane], replicate[lane], step, decision, first // 4 + number)
                draws[4 * number, lane] = u0
                draws[4 * number + 1, lane] = u1
                draws[4 * number + 2, lane] = u2
                draws[4 * number + 3, lane] = u3
    else:
        words = np.empty((4, blocks))
        for lane in range(lanes):
            for number in range(blocks):
                u0, u1, u2, u3 = block(seed[lane], replicate[lane], step, decision, first // 4 + number)
                words[0, number] = u0
                words[1, number] = u1
                words[2, number] = u2
                words[3, number] = u3
            for number in range(blocks):
                for word in range(4):
                    draws[4 * number + word, lane] = words[word, number]
    return draws[: last - first]


@compiled
def uniform(seed, replicate, step, decision, entity):
    """Draw a uniform in (0, 1) for one entity.

    Parameters
    ----------
    seed : uint64
        Seed of the run.
    replicate, step, decision, entity : int
        The rest of the key, each below 2**32 (entity below 2**34).
    """
    words = block(np.uint64(seed), replicate, step, decision, entity // 4)
    word = entity % 4
    if word == 0:
        return words[0]
    if word == 1:
        return words[1]
    if word == 2:
        return words[2]
    return words[3]


CENTRAL_PART, ITS_SQUARE = 0.425, 0.180625
# Wichura (1988), algorithm AS 241, routine PPND16: numerator and denominator, highest power first.
CENTRAL = (
    (2.50908092873012267270e3, 3.34305755835881281050e4, 6.72657709270087008530e4, 4.59219539315498714570e4)
    + (
        1.37316937655094611250e4,
        1.97159095030655144270e3,
        1.33141667891784377450e2,
        3.38713287279636660800e0,
    ),
    (5.22649527885285456100e3, 2.87290857357219426740e4, 3.93078958000927106100e4, 2.12137943015865958670e4)
    + (5.39419602142475110770e3, 6.87187007492057908300e2, 4.23133307016009112520e1, 1.0),
)
MIDDLE = (
    (
        7.74545014278341407640e-4,
        2.27238449892691845833e-2,
        2.41780725177450611770e-1,
        1.27045825245236838258e0,
    )
    + (
        3.64784832476320460504e0,
        5.76949722146069140550e0,
        4.63033784615654529590e0,
        1.42343711074968357734e0,
    ),
    (
        1.05075007164441684324e-9,
        5.47593808499534494600e-4,
        1.51986665636164571966e-2,
        1.48103976427480074590e-1,
    )
    + (6.89767334985100004550e-1, 1.67638483018380384940e0, 2.05319162663775882187e0, 1.0),
)
FAR = (
    (
        2.01033439929228813265e-7,
        2.71155556874348757815e-5,
        1.24266094738807843860e-3,
        2.65321895265761230930e-2,
    )
    + (
        2.96560571828504891230e-1,
        1.78482653991729133580e0,
        5.46378491116411436990e0,
        6.65790464350110377720e0,
    ),
    (
        2.04426310338993978564e-15,
        1.42151175831644588870e-7,
        1.84631831751005468180e-5,
        7.86869131145613259100e-4,
    )
    + (1.48753612908506148525e-2, 1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0),
)


@inlined
def rational(coefficients, x):
    """Evaluate the ratio of two polynomials by Horner's rule; written out, so that loops around it vectorise."""
    over, under = coefficients
    top = ((over[0] * x + over[1]) * x + over[2]) * x + over[3]
    top = (((top * x + over[4]) * x + over[5]) * x + over[6]) * x + over[7]
    bottom = ((under[0] * x + under[1]) * x + under[2]) * x + under[3]
    bottom = (((bottom * x + under[4]) * x + under[5]) * x + under[6]) * x + under[7]
    return top / bottom


@compiled
def normal_quantile(u):
    """Return the standard normal quantile of `u` in (0, 1), to about 1e-16 (Wichura 1988, doi:10.2307/2347330)."""
    q = u - 0.5
    if abs(q) <= CENTRAL_PART:
        return q * rational(CENTRAL, ITS_SQUARE - q * q)
    r = math.sqrt(-math.log(min(u, 1.0 - u)))
    size = rational(MIDDLE, r - 1.6) if r <= 5.0 else rational(FAR, r - 5.0)
    return -size if q < 0.0 else size


@compiled
def fill_normals(normals, uniforms):
    """Fill `normals` with the standard normal quantiles of `uniforms`, both flat; no uniform lies below 2**-33."""
    tail = np.empty(uniforms.size, dtype=np.uint32)
    count = 0
    for entry in range(uniforms.size):
        q = uniforms[entry] - 0.5
        normals[entry] = q * rational(CENTRAL, ITS_SQUARE - q * q)
    for entry in range(uniforms.size):
        tail[count] = entry
        count += 1 if abs(uniforms[entry] - 0.5) > CENTRAL_PART else 0
    size = np.empty(count)
    for event in range(count):
        u = uniforms[tail[event]]
        size[event] = math.sqrt(-math.log(min(u, 1.0 - u)))
    for event in range(count):
        size[event] = rational(MIDDLE, size[event] - 1.6)
    for event in range(count):
        normals[tail[event]] = size[event] if uniforms[tail[event]] > 0.5 else -size[event]


def uniforms(seed: Any, replicate: Any, step: int, decision: int, entities: int) -> NDArray[np.float64]:
    """Draw a uniform in (0, 1) for each of some entities in every lane, for mechanisms in plain NumPy.

    Parameters
    ----------
    seed, replicate : (lanes,) uint64
        Which accidents of fate.
    step : int
        Number of the step.
    decision : int
        What the draws decide.
    entities : int
        How many, from entity 0.

    Returns
    -------
    (entities, lanes) array
        Each the same as `uniform` gives for its entity.
    """
    drawn: NDArray[np.float64] = draw_rows(seed, replicate, step, np.uint32(decision), 0, entities)
    return drawn


@compiled
def normal(seed, replicate, step, decision, entity):
    """Draw a standard normal by inversion of one uniform."""
    return normal_quantile(uniform(seed, replicate, step, decision, entity))


@lru_cache(maxsize=64)
def beta_table(alpha: float, beta: float) -> NDArray[np.float64]:
    """Return the quantiles of a Beta distribution on a grid of 4,097 probabilities, shape (4097,), read-only.

    Draws interpolate in it, so that any shapes cost one look-up in compiled code; the error of a quantile
    is below 1e-4 from 0.001 to 0.999 and below 1e-6 from 0.05 to 0.95 for the shapes in use.
    """
    from scipy.special import betaincinv

    table: NDArray[np.float64] = betaincinv(alpha, beta, np.linspace(0.0, 1.0, QUANTILES))
    table.flags.writeable = False
    return table


@compiled
def beta_quantile(u, tables, lane):
    """Interpolate the quantile of `u` in column `lane` of tables, shape (4097, lanes)."""
    position = u * (QUANTILES - 1)
    lower = int(position)
    return tables[lower, lane] + (position - lower) * (tables[lower + 1, lane] - tables[lower, lane])


@compiled
def poisson_quantile(u, mean, none):
    """Return the Poisson quantile of `u` for a mean, at most 63, by summing the probabilities in turn.

    The first, of `none`, is exp(-mean): callers who draw many work it out for all of them together.
    """
    probability = none
    cumulated = none
    events = 0
    while u >= cumulated and events < MOST_EVENTS:
        events += 1
        probability = probability * mean / events
        cumulated += probability
    return events


@compiled
def binomial_quantile(u, trials, chance):
    """Return the binomial quantile of `u` for a number of trials and a chance in (0, 1)."""
    if trials == 1:
        return 1 if u >= 1.0 - chance else 0
    if trials == 2:
        return (1 if u >= (1.0 - chance) * (1.0 - chance) else 0) + (1 if u >= 1.0 - chance * chance else 0)
    probability = 1.0
    for _ in range(trials):
        probability *= 1.0 - chance
    cumulated = probability
    odds = chance / (1.0 - chance)
    successes = 0
    while u >= cumulated and successes < trials:
        successes += 1
        probability = probability * (trials - successes + 1) / successes * odds
        cumulated += probability
    return successes
