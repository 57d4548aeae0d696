"""Measure how trust is arranged among those who deal with each other, at the end of runs.

Trust is taken less the mean of its class (kind of tie and side) in its run, so that neither differences between kinds
nor the luck of a whole run count as structure. Every measure is a correlation, or a share, over all runs together; its
interval is a bootstrap over runs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abm.analysis.dissection.runs import Ends
from abm.world.place import TIE_KINDS, Floats, Integers, Place, TieKind

BOOTSTRAPS = 500
LOW, HIGH = 2.5, 97.5
FEWEST = 3
"""Ties of a kind below which its reciprocity is left out."""


@dataclass(frozen=True)
class Estimate:
    """A number with its 95% interval over runs; NaN where it cannot be estimated."""

    value: float
    low: float
    high: float


def weights_of_runs(runs: int) -> Floats:
    """Return how often each run is drawn in each of the bootstrap samples, (BOOTSTRAPS, R)."""
    generator = np.random.default_rng(runs)
    drawn: Floats = generator.multinomial(runs, np.full(runs, 1.0 / runs), size=BOOTSTRAPS).astype(np.float64)
    return drawn


def interval(value: float, samples: Floats) -> Estimate:
    """Return an estimate with the middle 95% of its bootstrap samples."""
    known = samples[np.isfinite(samples)]
    if not np.isfinite(value) or known.size < BOOTSTRAPS // 2:
        return Estimate(value, np.nan, np.nan)
    low, high = np.percentile(known, [LOW, HIGH])
    return Estimate(value, float(low), float(high))


def centred(trust: Floats, is_open: NDArray[np.bool_], tie_kind: Integers) -> Floats:
    """Return trust less the mean of its kind and side over the open ties of its run, (R, M, 2); 0 on shut ties."""
    kinds = len(TIE_KINDS)
    of_kind = np.zeros((tie_kind.size, kinds))
    of_kind[np.arange(tie_kind.size), tie_kind] = 1.0
    number = np.maximum(is_open @ of_kind, 1.0)
    total = np.einsum("rms,mk->rks", np.where(is_open[:, :, None], trust, 0.0), of_kind)
    mean = total / number[:, :, None]
    return np.where(is_open[:, :, None], trust - mean[:, tie_kind, :], 0.0)


def correlation(
    one: Floats, other: Floats, is_known: NDArray[np.bool_], by_chance: Floats | float = 0.0
) -> Estimate:
    """Correlate values whose mean is 0 in each run, over all that are known: sum (xy - c) / sqrt(sum xx sum yy).

    Parameters
    ----------
    one, other : (R, K)
    is_known : (R, K) bool
    by_chance : (R, K) or float
        c, what the product is on average where values are exchangeable.
    """
    x, y = np.where(is_known, one, 0.0), np.where(is_known, other, 0.0)
    above = x * y - np.where(is_known, by_chance, 0.0)
    sums = np.stack([above.sum(axis=1), (x * x).sum(axis=1), (y * y).sum(axis=1)])
    return _ratio(sums)


def product_by_chance(squares: Floats, number: Floats) -> Floats:
    """Return the mean product of two of n values whose mean is 0: minus sum of squares / (n (n - 1)); 0 for one."""
    found: Floats = -squares / np.maximum(number * (number - 1.0), 1.0)
    return found


def _ratio(sums: Floats) -> Estimate:
    def of(total: Floats) -> Floats:
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Floats = total[0] / np.sqrt(total[1] * total[2])
        return found

    return interval(float(of(sums.sum(axis=1))), of(sums @ weights_of_runs(sums.shape[1]).T))


def class_chance(x: Floats, is_open: NDArray[np.bool_], tie_kind: Integers) -> Floats:
    """Return the mean product of two exchangeable values of each class, by run, kind and side, (R, kinds, 2)."""
    found = np.zeros((len(x), len(TIE_KINDS), 2))
    for kind in range(len(TIE_KINDS)):
        of_kind = tie_kind == kind
        number = is_open[:, of_kind].sum(axis=1).astype(np.float64)
        for side in range(2):
            found[:, kind, side] = product_by_chance((x[:, of_kind, side] ** 2).sum(axis=1), number)
    return found


def reciprocity(place: Place, ends: Ends) -> dict[str, Estimate]:
    """Correlate the trust of the two sides of open ties, by kind of tie and over all kinds.

    Each side is taken less its own mean, by kind and run, so that one kind of organisation that trusts more than
    another does not count.
    """
    x = centred(ends.trust, ends.is_open, place.tie_kind)
    found = {}
    for kind, name in enumerate(TIE_KINDS):
        of_kind = place.tie_kind == kind
        if of_kind.sum() >= FEWEST:
            found[name] = correlation(x[:, of_kind, 0], x[:, of_kind, 1], ends.is_open[:, of_kind])
    return {"all": correlation(x[:, :, 0], x[:, :, 1], ends.is_open), **found}


def agreement(place: Place, ends: Ends) -> Estimate:
    """Correlate the trust of i in k with the mean trust in k of those with whom both i and k deal.

    Trust of one class sums to 0 in a run, which makes any two of its values differ a little; this is taken off.
    """
    x = centred(ends.trust, ends.is_open, place.tie_kind)
    chance = class_chance(x, ends.is_open, place.tie_kind)
    number = np.diff(place.third_start)
    tie = np.repeat(np.arange(place.ties), number)
    own, others, known, expected = [], [], [], []
    for side in range(2):
        # The organisation at this side trusts the one at the other, whose ties with thirds are in the other column.
        with_third = place.third_tie[:, 1 - side]
        trusted = place.tie_ends[tie, 1 - side]
        thirds_side = np.where(place.tie_ends[with_third, 0] == trusted, 1, 0)
        is_told = ends.is_open[:, with_third]
        said = np.where(is_told, x[:, with_third, thirds_side], 0.0)
        tellers = _by_tie(is_told.astype(np.float64), place.third_start)
        mean = _by_tie(said, place.third_start) / np.maximum(tellers, 1.0)
        own.append(x[:, :, side])
        others.append(mean)
        known.append(ends.is_open & (tellers > 0.0))
        is_alike = (place.tie_kind[with_third] == place.tie_kind[tie]) & (thirds_side == side)
        alike = _by_tie((is_told & is_alike).astype(np.float64), place.third_start)
        expected.append(alike / np.maximum(tellers, 1.0) * chance[:, place.tie_kind, side])
    return correlation(
        np.concatenate(own, 1),
        np.concatenate(others, 1),
        np.concatenate(known, 1),
        np.concatenate(expected, 1),
    )


def _by_tie(values: Floats, start: Integers) -> Floats:
    """Add the values (R, T) of every row of compressed rows, (R, M)."""
    before = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    total: Floats = before[:, start[1:]] - before[:, start[:-1]]
    return total


def transitivity(place: Place) -> float:
    """Return which share of the pairs of partners of an organisation deal with each other; it does not change."""
    degree = np.diff(place.incidence_start)
    pairs = float((degree * (degree - 1)).sum()) / 2.0
    return len(place.third_tie) / pairs if pairs else np.nan


def assortativity(place: Place, ends: Ends) -> Estimate:
    """Correlate neighbouring practices' trust in their partners, each pair both ways, less their home place's mean.

    That the values of a place sum to 0 is taken off, as in `agreement`.
    """
    neighbours = place.tie_ends[place.tie_kind == TieKind.PRACTICE_PRACTICE]
    is_practice = ends.people > 0.0
    homes = place.organisation_place
    level = np.zeros_like(ends.practice_trust)
    chance = np.zeros((ends.runs, len(place.place_names)))
    for home in range(len(place.place_names)):
        here = is_practice & (homes == home)
        mean = np.where(here, ends.practice_trust, 0.0).sum(axis=1) / np.maximum(here.sum(axis=1), 1)
        own = np.where(here, ends.practice_trust - mean[:, None], 0.0)
        chance[:, home] = product_by_chance((own**2).sum(axis=1), here.sum(axis=1).astype(np.float64))
        level += own
    both = np.concatenate([neighbours, neighbours[:, ::-1]])
    is_known = is_practice[:, both[:, 0]] & is_practice[:, both[:, 1]]
    is_same_home = homes[both[:, 0]] == homes[both[:, 1]]
    expected = np.where(is_same_home, chance[:, homes[both[:, 0]]], 0.0)
    return correlation(level[:, both[:, 0]], level[:, both[:, 1]], is_known, expected)


def joins(place: Place, ends: Ends) -> Estimate:
    """Return by how much more often neighbours at home in one place are alike in being engaged than by chance.

    Share of pairs of open neighbours of which both are engaged or neither is, less what is expected where the engaged
    practices of a place are any of them: (e (e - 1) + f (f - 1)) / (n (n - 1)) with e engaged, f others, n = e + f.
    """
    neighbours = place.tie_ends[place.tie_kind == TieKind.PRACTICE_PRACTICE]
    homes = place.organisation_place
    neighbours = neighbours[homes[neighbours[:, 0]] == homes[neighbours[:, 1]]]
    is_practice = ends.people > 0.0
    above, pairs = np.zeros(ends.runs), np.zeros(ends.runs)
    for home in range(len(place.place_names)):
        here = is_practice & (homes == home)
        number = here.sum(axis=1)
        engaged = (here * ends.engaged).sum(axis=1)
        others = number - engaged
        expected = (engaged * (engaged - 1) + others * (others - 1)) / np.maximum(number * (number - 1), 1)
        own = neighbours[homes[neighbours[:, 0]] == home]
        is_known = is_practice[:, own].all(axis=2)
        is_alike = ends.engaged[:, own[:, 0]] == ends.engaged[:, own[:, 1]]
        above += (is_known * (is_alike - expected[:, None])).sum(axis=1)
        pairs += is_known.sum(axis=1)
    drawn = weights_of_runs(ends.runs)
    with np.errstate(invalid="ignore", divide="ignore"):
        return interval(
            float(above.sum() / pairs.sum()) if pairs.sum() else np.nan, drawn @ above / (drawn @ pairs)
        )
