"""Draw samples of the unit cube and quantiles of distributions: the one door to scipy.stats and SALib.

Every sample is an array of shape (points, dimensions) with values from 0 to 1, and a pure function of its arguments.
Sobol and Saltelli samples of a seed begin with all smaller ones, so that a design can grow without moving a point.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.stats import qmc

from abm.errors import did_you_mean

Cube = NDArray[np.float64]

EDGE = 1e-9
"""Distance from 0 and 1 that keeps quantiles of unbounded distributions finite."""


def latin_hypercube(points: int, dimensions: int, seed: int) -> Cube:
    """Draw a Latin hypercube: each dimension is cut into as many slices as there are points, one point in each."""
    return np.asarray(qmc.LatinHypercube(dimensions, rng=np.random.default_rng(seed)).random(points))


def sobol(points: int, dimensions: int, seed: int) -> Cube:
    """Draw the first points of a scrambled Sobol sequence, which is balanced for powers of two."""
    return np.asarray(qmc.Sobol(dimensions, rng=np.random.default_rng(seed)).random(points))


def independent(points: int, dimensions: int, seed: int) -> Cube:
    """Draw independent random points."""
    return np.random.default_rng(seed).random((points, dimensions))


def saltelli(samples: int, dimensions: int, seed: int, second_order: bool) -> Cube:
    """Draw Saltelli's extension of a Sobol sequence, in the order in which SALib analyses it.

    Returns
    -------
    Cube
        ``samples * (dimensions + 2)`` points, or ``samples * (2 * dimensions + 2)`` with second order.
    """
    from SALib.sample import sobol as sampler

    drawn = sampler.sample(_problem(dimensions), samples, calc_second_order=second_order, seed=seed)
    return np.asarray(drawn, dtype=np.float64)


def morris(trajectories: int, dimensions: int, seed: int, levels: int) -> Cube:
    """Draw trajectories of Morris, in the order in which SALib analyses them.

    Returns
    -------
    Cube
        ``trajectories * (dimensions + 1)`` points.
    """
    from SALib.sample import morris as sampler

    drawn = sampler.sample(_problem(dimensions), trajectories, num_levels=levels, seed=seed)
    return np.asarray(drawn, dtype=np.float64)


def quantiles(
    name: str, arguments: Mapping[str, float], within: tuple[float, float] | None, shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Compute quantiles of a distribution, truncated to an interval if one is given.

    Parameters
    ----------
    name, arguments : str, mapping
        Name of a continuous distribution of scipy.stats, and its parameters.
    within : (float, float) or None
        Values outside have no probability.
    shares : NDArray[np.float64]
        From 0 to 1.
    """
    frozen = getattr(stats, name)(**arguments)
    low, high = (0.0, 1.0) if within is None else frozen.cdf(np.asarray(within))
    found = frozen.ppf(np.clip(low + (high - low) * shares, EDGE, 1.0 - EDGE))
    return np.asarray(found if within is None else np.clip(found, *within), dtype=np.float64)


def support(name: str, arguments: Mapping[str, float]) -> tuple[float, float]:
    """Return the least and the greatest possible value of a distribution; they may be infinite."""
    low, high = getattr(stats, name)(**arguments).support()
    return float(low), float(high)


def distribution_complaint(name: str, arguments: Mapping[str, Any]) -> str | None:
    """Return why a distribution is not valid, or None if it is."""
    kind = getattr(stats, name, None)
    if not isinstance(kind, stats.rv_continuous):
        known = [key for key, value in vars(stats).items() if isinstance(value, stats.rv_continuous)]
        return f"distribution '{name}' is unknown{did_you_mean(name, known)} Valid: continuous ones of scipy.stats"
    valid = [*(kind.shapes or "").replace(",", " ").split(), "loc", "scale"]
    for argument in arguments:
        if argument not in valid:
            return (
                f"'{argument}' is not a parameter of distribution '{name}'{did_you_mean(argument, valid)} "
                f"Valid: {', '.join(valid)}"
            )
    lacking = [shape for shape in valid[:-2] if shape not in arguments]
    if lacking:
        return f"distribution '{name}' needs {', '.join(lacking)}; valid parameters: {', '.join(valid)}"
    if not np.isfinite(kind(**arguments).ppf(0.5)):
        return f"distribution '{name}' has no median with these parameters; scipy.stats.{name} says what is valid"
    return None


def _problem(dimensions: int) -> dict[str, Any]:
    names = [f"x{number}" for number in range(dimensions)]
    return {"num_vars": dimensions, "names": names, "bounds": [[0.0, 1.0]] * dimensions}
