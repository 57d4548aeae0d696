"""Look at positions: who stands between others, and which practices are left out."""

from dataclasses import dataclass

import numpy as np

from abm.analysis.dissection.runs import Ends
from abm.world.network import betweenness
from abm.world.place import Floats, OrganisationKind, Place, TieKind

MOST_RUNS, MOST_ORGANISATIONS = 16, 1500
"""Runs over which betweenness is averaged, and organisations beyond which it takes too long."""
LEAST_TRUST = 1e-3
"""Trust below which a tie is no longer made longer."""


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Which practices are engaged at the end, and how often: K practices, in the order of their rows.

    Attributes
    ----------
    row : (K,) int
        Of the organisation.
    engaged : (K,)
        Share of the runs at whose end the practice is open in which it is engaged; missing without such a run.
    people, neighbours, main_share, main_km : (K,)
        List at the start, ties with practices, share of its use that goes to its main hospital, and the distance.
    spread_ratio : float
        Variance of `engaged` between practices of one home place over what there is where, in each run, as many
        practices of the place are engaged but any of them: 1 where practices are exchangeable.
    """

    row: np.ndarray
    engaged: Floats
    people: Floats
    neighbours: Floats
    main_share: Floats
    main_km: Floats
    spread_ratio: float

    @property
    def attributes(self) -> dict[str, Floats]:
        """What might explain who is left out, by name."""
        return {
            "people": self.people,
            "neighbours": self.neighbours,
            "main_share": self.main_share,
            "main_km": self.main_km,
        }

    def correlations(self) -> dict[str, float]:
        """Correlate the ranks of `engaged` with those of each attribute; NaN where one does not vary."""
        return {name: rank_correlation(self.engaged, values) for name, values in self.attributes.items()}


def brokers(place: Place, ends: Ends) -> Floats | None:
    """Return the betweenness of organisations, (N,): the share of shortest paths between others that lead over each.

    Paths run over open ties, whose length is 1 over the trust of the side that trusts less. Mean over the first
    `MOST_RUNS` runs; None where there are too many organisations.
    """
    if place.organisations > MOST_ORGANISATIONS:
        return None
    found = np.zeros(place.organisations)
    runs = min(ends.runs, MOST_RUNS)
    for run in range(runs):
        weaker = ends.trust[run].min(axis=1)
        length = 1.0 / np.maximum(weaker, LEAST_TRUST)
        found += betweenness(
            place.organisations, place.tie_ends[ends.is_open[run]], length[ends.is_open[run]]
        )
    return found / runs


def left_out(place: Place, ends: Ends) -> LeftOut:
    """Return how often each practice is engaged at the end, beside what it is like."""
    rows = place.of_kind(OrganisationKind.PRACTICE)
    is_there = ends.people[:, rows] > 0.0
    engaged = ends.engaged[:, rows] * is_there
    runs = is_there.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(runs > 0, engaged.sum(axis=0) / runs, np.nan)
    neighbours = np.bincount(
        place.tie_ends[place.tie_kind == TieKind.PRACTICE_PRACTICE].ravel(), minlength=place.organisations
    )
    main_share, main = np.zeros(place.organisations), np.zeros(place.organisations, dtype=np.int64)
    used = np.flatnonzero(
        (place.tie_kind == TieKind.HOSPITAL_PRACTICE)
        & (place.organisation_kind[place.tie_ends[:, 0]] == OrganisationKind.ACUTE)
    )
    for tie in used.tolist():
        hospital, practice = place.tie_ends[tie].tolist()
        if place.use_share[tie] > main_share[practice]:
            main_share[practice], main[practice] = place.use_share[tie], hospital
    apart = np.sqrt(((place.position - place.position[main]) ** 2).sum(axis=1))
    return LeftOut(
        row=rows,
        engaged=share,
        people=place.population_served[rows],
        neighbours=neighbours[rows].astype(np.float64),
        main_share=main_share[rows],
        main_km=np.where(main_share > 0.0, apart, np.nan)[rows],
        spread_ratio=spread_ratio(engaged, is_there, place.organisation_place[rows]),
    )


def spread_ratio(engaged: Floats, is_there: np.ndarray, home: np.ndarray) -> float:
    """Return the variance between practices of one place over that of practices that are exchangeable in each run.

    In a run with e of n open practices of a place engaged, the chance of each is p = e / n. What its engagement is
    above p sums over runs to a number whose variance is the sum of p (1 - p).

    Parameters
    ----------
    engaged : (R, K)
        0 or 1, and 0 where a practice has closed.
    is_there : (R, K) bool
    home : (K,) int
    """
    above, expected = 0.0, 0.0
    for place in np.unique(home):
        here = is_there & (home == place)
        number = here.sum(axis=1)
        share = (engaged * here).sum(axis=1) / np.maximum(number, 1)
        residual = np.where(here, engaged - share[:, None], 0.0).sum(axis=0)
        above += float((residual**2).sum())
        expected += float((number * share * (1.0 - share)).sum())
    return above / expected if expected > 0.0 else np.nan


def rank_correlation(one: Floats, other: Floats) -> float:
    """Return Spearman's correlation of ranks, ties at their mean rank; NaN where one side does not vary."""
    from scipy.stats import rankdata

    is_known = np.isfinite(one) & np.isfinite(other)
    if is_known.sum() < 3:
        return float("nan")
    x, y = (rankdata(values[is_known]) for values in (one, other))
    if np.ptp(x) == 0.0 or np.ptp(y) == 0.0:
        return float("nan")
    return float(np.corrcoef(x, y)[0, 1])
