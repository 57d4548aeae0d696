"""Divide the variance of trust at the end of runs: by whom it comes from, whom it goes to, the pair, and chance.

These are the method-of-moments components of the social relations model, with runs as replicates. With x the trust of
one side less the mean of its kind and side over all runs, and <.> the mean product of two observations that share what
is named and differ in the rest::

    V          = <x^2>
    run        = <same run, no end in common>                       luck of the whole run
    truster    = <same truster, other partner, other run>           organisations that trust more, in every run
    trusted    = <same trusted, other truster, other run>           organisations that are trusted more, in every run
    pair       = <same side of the same tie, other run> - truster - trusted
    judging    = <same truster, other partner, same run> - run - truster        trusting made in the run
    reputation = <same trusted, other truster, same run> - run - trusted        reputation made in the run
    chance     = V - all of these
    mutual     = <both sides of a tie, same run> - run - <both sides of a tie, other run>

Every <.> is a difference of squared sums. Where a truster (or who is trusted) is shared, it is the mean over these
organisations of each one's own mean product, weighted by its number of observations: over all pairs alike, a few hubs
with many ties would decide it. Components may come out a little below 0, and are shown so. Means over runs
are taken off beforehand, which lowers what is shared between runs by about one part in the number of runs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abm.analysis.dissection.relations import Estimate, interval, weights_of_runs
from abm.world.place import Floats, Integers

COMPONENTS = ("truster", "trusted", "pair", "run", "judging", "reputation", "chance")
"""What adds up to all of the variance."""
MUTUAL = "mutual"


@dataclass(frozen=True, eq=False)
class _Sums:
    """Sums of R runs by what observations share: K = 2M sides of M ties among N organisations.

    Attributes
    ----------
    side : (R, K)
        The values themselves, by tie, then side.
    truster, trusted : (R, N)
        By the organisation whose trust it is, and by that in which it trusts.
    owner, subject : (K,) int
        Rows of these organisations.
    tie : (R, M)
    product : (R, M)
        Of both sides of a tie.
    """

    side: Floats
    truster: Floats
    trusted: Floats
    owner: Integers
    subject: Integers
    tie: Floats
    product: Floats

    @classmethod
    def of(cls, values: Floats, tie_ends: Integers) -> "_Sums":
        """Add up values (R, M, 2), the side of organisation `tie_ends[m, s]` in the other."""
        runs = len(values)
        side = values.reshape(runs, -1)
        owner, subject = tie_ends.ravel(), tie_ends[:, ::-1].ravel()
        organisations = int(tie_ends.max(initial=-1)) + 1

        def added(rows: Integers) -> Floats:
            return np.stack([np.bincount(rows, one, organisations) for one in side])

        return cls(
            side=side,
            truster=added(owner),
            trusted=added(subject),
            owner=owner,
            subject=subject,
            tie=values.sum(axis=2),
            product=values[:, :, 0] * values[:, :, 1],
        )


@dataclass(frozen=True, eq=False)
class _Products:
    """Products of pairs of observations, added up by what they share; of ones, how many pairs there are."""

    itself: float
    apart: float
    again: float
    truster: Floats
    trusted: Floats
    judging: Floats
    reputation: Floats
    mutual: float
    mutual_again: float

    @classmethod
    def of(cls, sums: _Sums, weight: Floats) -> "_Products":
        """Add up products over runs that count `weight` times (R,); a run never pairs with itself as another run."""
        itself = weight @ sums.side**2
        again = (weight @ sums.side) ** 2 - weight**2 @ sums.side**2
        organisations = sums.truster.shape[1]

        def among(rows: Integers, values: Floats) -> Floats:
            return np.bincount(rows, values, organisations).astype(np.float64)

        def in_other_runs(by: Floats, rows: Integers) -> Floats:
            found: Floats = (weight @ by) ** 2 - weight**2 @ by**2 - among(rows, again)
            return found

        def in_one_run(by: Floats, rows: Integers) -> Floats:
            found: Floats = weight @ by**2 - among(rows, itself)
            return found

        # Two ties share one organisation at most. What touches an organisation holds the pairs of one tie, and those
        # stand at both of its ends.
        touching = sums.truster + sums.trusted
        apart = sums.side.sum(axis=1) ** 2 - (touching**2).sum(axis=1) + (sums.tie**2).sum(axis=1)
        both = sums.side.reshape(len(weight), -1, 2)
        mutual_again = (weight @ both[:, :, 0]) * (weight @ both[:, :, 1]) - weight**2 @ sums.product
        return cls(
            itself=float(itself.sum()),
            apart=float(weight @ apart),
            again=float(again.sum()),
            truster=in_other_runs(sums.truster, sums.owner),
            trusted=in_other_runs(sums.trusted, sums.subject),
            judging=in_one_run(sums.truster, sums.owner),
            reputation=in_one_run(sums.trusted, sums.subject),
            mutual=float((weight @ sums.product).sum()),
            mutual_again=float(mutual_again.sum()),
        )


def _mean(products: float, pairs: float) -> float:
    return products / pairs if pairs > 0.0 else 0.0


def _mean_over(products: Floats, pairs: Floats, observations: Floats) -> float:
    """Return the mean of organisations' mean products, each weighing as many as it has observations."""
    has_pairs = pairs > 0.5
    mean = products[has_pairs] / pairs[has_pairs]
    return float(np.average(mean, weights=observations[has_pairs])) if has_pairs.any() else 0.0


def _components(values: _Sums, known: _Sums, weight: Floats) -> dict[str, float]:
    x, pairs = _Products.of(values, weight), _Products.of(known, weight)
    whole, run = _mean(x.itself, pairs.itself), _mean(x.apart, pairs.apart)
    judged, known_of = weight @ known.trusted, weight @ known.truster
    truster = _mean_over(x.truster, pairs.truster, known_of)
    trusted = _mean_over(x.trusted, pairs.trusted, judged)
    found = {
        "truster": truster,
        "trusted": trusted,
        "pair": _mean(x.again, pairs.again) - truster - trusted,
        "run": run,
        "judging": _mean_over(x.judging, pairs.judging, known_of) - run - truster,
        "reputation": _mean_over(x.reputation, pairs.reputation, judged) - run - trusted,
    }
    found["chance"] = whole - sum(found.values())
    found[MUTUAL] = _mean(x.mutual, pairs.mutual) - run - _mean(x.mutual_again, pairs.mutual_again)
    return {name: value / whole if whole > 0.0 else np.nan for name, value in found.items()}


def variance_shares(
    trust: Floats, is_open: NDArray[np.bool_], tie_ends: Integers, tie_kind: Integers
) -> dict[str, Estimate]:
    """Divide the variance of trust into `COMPONENTS`, and `MUTUAL` beside them, as shares of all of it.

    Parameters
    ----------
    trust : (R, M, 2)
        Two runs or more.
    is_open : (R, M) bool
        Which ties count.
    tie_ends : (M, 2) int
    tie_kind : (M,) int
    """
    known = np.repeat(is_open[:, :, None], 2, axis=2).astype(np.float64)
    x = np.zeros_like(trust)
    for kind in np.unique(tie_kind):
        rows = np.flatnonzero(tie_kind == kind)
        for side in range(2):
            number = known[:, rows, side].sum()
            mean = (trust[:, rows, side] * known[:, rows, side]).sum() / max(number, 1.0)
            x[:, rows, side] = (trust[:, rows, side] - mean) * known[:, rows, side]
    values, counts = _Sums.of(x, tie_ends), _Sums.of(known, tie_ends)
    whole = _components(values, counts, np.ones(len(trust)))
    samples = [_components(values, counts, weight) for weight in weights_of_runs(len(trust))]
    return {name: interval(value, np.array([one[name] for one in samples])) for name, value in whole.items()}
