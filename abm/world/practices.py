"""General practices: their lists, their positions, and which hospitals their patients use.

Every draw is keyed by the seed and by its purpose, so that a further practice or place leaves the other
draws as they were. Drawn numbers are rounded before they are used (people, tens of metres, nine decimals),
because the last bits of exponentials and logarithms differ between processors.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from abm.world.place import Floats, Integers
from abm.world.ties import Roster, Service

FULL_TURN = 2.0 * math.pi
POSITION_DECIMALS = 2
WEIGHT_DECIMALS = 9
RAKING_ROUNDS = 2000
RAKING_TOLERANCE = 1e-13


def uniforms(seed: int, count: int, *purpose: str) -> Floats:
    """Draw uniforms in (0, 1), shape (count,), keyed by seed and purpose; more leave the first alone.

    Bits come from Philox4x64-10 (Salmon and others, SC11, doi:10.1145/2063384.2063405), whose output NumPy
    keeps stable, and whose second key word is a digest of the purpose.
    """
    digest = hashlib.sha256("/".join(purpose).encode()).digest()
    key = np.array([seed, int.from_bytes(digest[:8], "little")], dtype=np.uint64)
    raw = np.asarray(np.random.Philox(key=key).random_raw(count), dtype=np.uint64)
    drawn: Floats = ((raw >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
    return drawn


def normals(seed: int, count: int, *purpose: str) -> Floats:
    """Draw standard normals, shape (count,), by inversion."""
    quantile = NormalDist().inv_cdf
    return np.array([quantile(u) for u in uniforms(seed, count, *purpose).tolist()])


@dataclass(frozen=True)
class ListSizes:
    """Describe the distribution of practice lists: lognormal above a smallest list."""

    mu: float
    sigma: float
    smallest: float

    def draw(self, uniform: Floats) -> Floats:
        """Return the lists, in people, at these quantiles, rounded to whole people."""
        logarithm = NormalDist(self.mu, self.sigma)
        below = logarithm.cdf(math.log(self.smallest))
        highest = 1.0 - 2.0**-53
        quantiles = [min(below + (1.0 - below) * u, highest) for u in uniform.tolist()]
        return np.array([float(round(math.exp(logarithm.inv_cdf(quantile)))) for quantile in quantiles])


def fit_lists(lists: Floats, smallest: float, population: int) -> Floats:
    """Rescale lists to add up to a population exactly, in whole people.

    What is above the smallest list is rescaled, so that no list falls below it; the largest remainders are
    rounded up.
    """
    above = np.maximum(lists - smallest, 1.0)
    exact = smallest + above * ((population - smallest * len(lists)) / math.fsum(above.tolist()))
    whole = np.floor(exact)
    missing = round(population - math.fsum(whole.tolist()))
    whole[np.argsort(whole - exact, kind="stable")[:missing]] += 1.0
    return whole


@dataclass(frozen=True)
class Settlement:
    """Where practices are: towns in a disc, each smaller than the one before, the first in the middle."""

    centre: tuple[float, float]
    radius_km: float
    towns: int
    town_spread_km: float

    def draw_towns(self, seed: int, place: str) -> Floats:
        """Draw town centres, shape (towns, 2), in kilometres."""
        distance = self.radius_km * np.sqrt(uniforms(seed, self.towns, place, "town", "distance"))
        distance[0] = 0.0
        return scatter(self.centre, distance, uniforms(seed, self.towns, place, "town", "direction"))

    def draw_practices(self, seed: int, place: str, practices: int) -> Floats:
        """Draw positions, shape (practices, 2): a town by its size, then a distance from its centre."""
        towns = self.draw_towns(seed, place)
        size = np.cumsum(1.0 / np.arange(1, self.towns + 1))
        chosen = np.searchsorted(size, uniforms(seed, practices, place, "practice", "town") * size[-1])
        distance = -self.town_spread_km * np.log(uniforms(seed, practices, place, "practice", "distance"))
        return scatter(towns[chosen], distance, uniforms(seed, practices, place, "practice", "direction"))


def scatter(centre: Floats | tuple[float, float], distance: Floats, turn: Floats) -> Floats:
    """Return points, shape (n, 2), at distances and turns (0 to 1) around centres, to ten metres."""
    offset = np.stack([np.cos(FULL_TURN * turn), np.sin(FULL_TURN * turn)], axis=1) * distance[:, None]
    points: Floats = np.round(np.asarray(centre, dtype=np.float64) + offset, POSITION_DECIMALS)
    return points


def share_use(
    seed: int,
    purpose: str,
    lists: Floats,
    practice_position: Floats,
    hospital_position: Floats,
    place_share: Floats,
    outside_use: float,
    decay_km: float,
    noise: float,
) -> Floats:
    """Draw each practice's shares of hospital use, so that they add up to the place's.

    A practice's use of a hospital falls exponentially with distance, times a lognormal accident; use outside
    the places modelled has no distance. Rows and columns are raked in turn (iterative proportional fitting)
    until practices' shares sum to 1 and their list-weighted means equal the place's shares.

    Parameters
    ----------
    lists : (K,)
    practice_position : (K, 2)
    hospital_position : (H, 2)
    place_share : (H,)
        The place's share of use by hospital, above 0, summing to 1 with `outside_use`.
    outside_use : float
        The place's share of use outside.
    decay_km : float
        Distance over which use falls by a factor e.
    noise : float
        Standard deviation of the logarithm of the accident.

    Returns
    -------
    (K, H+1)
        Shares of use; the last column is use outside, all 0 if the place has none.
    """
    practices, hospitals = len(lists), len(place_share)
    apart = np.sqrt(((practice_position[:, None, :] - hospital_position[None, :, :]) ** 2).sum(axis=2))
    nearness = -(apart - apart.min()) / decay_km
    accident = noise * normals(seed, practices * (hospitals + 1), purpose, "use").reshape(
        practices, hospitals + 1
    )
    level = np.concatenate([nearness, np.full((practices, 1), np.median(nearness))], axis=1) + accident
    weight = np.round(np.exp(level), WEIGHT_DECIMALS).astype(np.float64) + 10.0**-WEIGHT_DECIMALS
    wanted = np.append(place_share, outside_use)
    weight[:, wanted <= 0.0] = 0.0
    return rake(weight, lists, wanted)


def rake(weight: Floats, lists: Floats, wanted: Floats) -> Floats:
    """Scale rows to sum to 1 and list-weighted columns to the wanted shares, by turns, until both hold.

    Raises
    ------
    ValueError
        When the shares wanted do not sum to 1, so that no scaling can hold.
    """
    if abs(wanted.sum() - 1.0) > RAKING_TOLERANCE:
        wanted = wanted / wanted.sum()
    part = lists / lists.sum()
    shares: Floats = weight / weight.sum(axis=1, keepdims=True)
    for _ in range(RAKING_ROUNDS):
        found = (shares * part[:, None]).sum(axis=0)
        if np.all(np.abs(found - wanted) <= RAKING_TOLERANCE):
            return shares
        shares = shares * np.divide(wanted, found, out=np.zeros_like(wanted), where=found > 0.0)
        shares = shares / shares.sum(axis=1, keepdims=True)
    raise ValueError("shares of use cannot be fitted to the place's; raise decay_km or lower noise")


def list_use(members: Integers, hospitals: Integers, shares: Floats) -> Service:
    """Turn shares of use (K, H+1) into rows, without the last column, which is use outside."""
    return Service(
        np.tile(hospitals, len(members)),
        np.repeat(members, len(hospitals)),
        shares[:, : len(hospitals)].ravel(),
    )


def stack_services(parts: Sequence[Service]) -> Service:
    """Concatenate services."""
    return Service(
        np.concatenate([part.organisation for part in parts]),
        np.concatenate([part.place for part in parts]),
        np.concatenate([part.share for part in parts]),
    )


def middle_of_places(practice: Roster, practice_place: Integers) -> Floats:
    """Return the list-weighted middle of each place's practices, shape (P, 2), to ten metres."""
    weighted = practice.position * practice.people[:, None]
    people = np.bincount(practice_place, practice.people)
    sums = [np.bincount(practice_place, weighted[:, axis]) / people for axis in range(2)]
    return np.round(np.stack(sums, axis=1), POSITION_DECIMALS).astype(np.float64)
