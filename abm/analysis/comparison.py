"""Compare policies that met the same accidents: whether and when integrated care emerged, what else changed.

The first scenario is the reference. Everything that the command line prints and the report shows of an
experiment is computed here, once.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.analysis.effects import Effect, pair_positions, paired_difference, paired_probability_difference
from abm.analysis.emergence import Proportion, Survival, time_to_emergence, wilson_interval
from abm.core.part import Measure
from abm.core.vocabulary import MONTHS_PER_YEAR
from abm.runs.run import Tables

QUANTILES = (0.1, 0.5, 0.9)
FEWEST_FOR_RANGE = 5
"""Runs from which the tenth and the ninetieth percentile say more than the least and the greatest value."""
SCALES = MappingProxyType(
    {
        "Trust by kind of tie": "from 0 to 1",
        "Working together": "shares from 0 to 1",
        "Use of hospitals": "1 is the start, or full beds",
    }
)
"""Groups of measures that share a scale, in the order in which they are shown, with the scale in words."""


@dataclass(frozen=True)
class Emergence:
    """How often and when integrated care emerged under one scenario.

    Attributes
    ----------
    scenario : str
        Name.
    ever, standing : Proportion
        Share of runs in which it emerged at some time, and in which it stood at the end.
    survival : Survival
        Months until it emerged, censored at the horizon.
    ever_effect, standing_effect : Effect or None
        Differences of the shares from the reference; None for the reference itself.
    """

    scenario: str
    ever: Proportion
    standing: Proportion
    survival: Survival
    ever_effect: Effect | None
    standing_effect: Effect | None


@dataclass(frozen=True)
class MeasureEffect:
    """What one policy changed in one measure at one time.

    Attributes
    ----------
    scenario : str
        Name of the policy's scenario.
    measure : Measure
        The measure.
    month : int
        When.
    effect : Effect
        Policy less reference.
    """

    scenario: str
    measure: Measure
    month: int
    effect: Effect


@dataclass(frozen=True, eq=False)
class Band:
    """How one measure moved under one scenario.

    Attributes
    ----------
    scenario : str
        Name.
    measure : Measure
        The measure.
    quantiles : NDArray[np.float64], shape (3, months + 1)
        Tenth, fiftieth and ninetieth percentile over runs, month by month; of a measure that is 0 or 1 in
        every run and month, only the mean, in the middle; of fewer runs than a range needs, only the median.
    """

    scenario: str
    measure: Measure
    quantiles: NDArray[np.float64]


@dataclass(frozen=True)
class Comparison:
    """What an experiment shows.

    Attributes
    ----------
    reference : str
        Name of the scenario that the others are compared with.
    scenarios : tuple of str
        All names, the reference first.
    replicates : int
        Most runs of a scenario.
    emergence : tuple of Emergence
        One for each scenario.
    effects : tuple of MeasureEffect
        By measure, then month, then scenario.
    bands : tuple of Band
        By measure, then scenario.
    measures : tuple of Measure
        The measures shown.
    months : tuple of int
        Times of the effects, the last one the end of the shortest horizon.
    """

    reference: str
    scenarios: tuple[str, ...]
    replicates: int
    emergence: tuple[Emergence, ...]
    effects: tuple[MeasureEffect, ...]
    bands: tuple[Band, ...]
    measures: tuple[Measure, ...]
    months: tuple[int, ...]

    def effect(self, measure: str, scenario: str, month: int) -> Effect:
        """Return one effect.

        Raises
        ------
        KeyError
            If the comparison does not hold it.
        """
        for entry in self.effects:
            if (entry.measure.name, entry.scenario, entry.month) == (measure, scenario, month):
                return entry.effect
        raise KeyError((measure, scenario, month))


@dataclass(frozen=True, eq=False)
class _Arm:
    """The runs of one scenario that were simulated."""

    name: str
    seed: NDArray[Any]
    replicate: NDArray[Any]
    outcomes: Mapping[str, NDArray[Any]]
    months: int
    series: Mapping[str, NDArray[np.float64]]


def headline_measures(measures: Sequence[Measure], tables: Tables) -> tuple[Measure, ...]:
    """Choose what a comparison shows: the measures that belong to a group, group by group.

    Parameters
    ----------
    measures : sequence of Measure
        All measures.
    tables : Tables
        Results; a measure that is missing throughout is left out.
    """
    found = [
        measure
        for measure in measures
        if measure.group
        and measure.name in tables.months
        and not np.all(np.isnan(tables.months[measure.name]))
    ]
    known = list(SCALES)
    return tuple(sorted(found, key=lambda one: known.index(one.group) if one.group in known else len(known)))


def compare(
    tables: Tables, scenarios: Sequence[str], measures: Sequence[Measure], years: Sequence[float] = ()
) -> Comparison:
    """Compare every scenario with the first.

    Parameters
    ----------
    tables : Tables
        Runs with the outcomes emerged_ever, emerged_month and standing, and their months.
    scenarios : sequence of str
        Names, the reference first; each has at least one run.
    measures : sequence of Measure
        What to compare, columns of the months.
    years : sequence of float
        When to compare, besides the end of the shortest horizon; those beyond it are left out. Without them,
        half way there.

    Returns
    -------
    Comparison

    Raises
    ------
    ValueError
        If a scenario has no runs, or runs of different lengths.
    """
    arms = [_arm(tables, name, measures) for name in scenarios]
    reference = arms[0]
    horizon = min(arm.months for arm in arms)
    asked = [round(year * MONTHS_PER_YEAR) for year in years] or [
        horizon // (2 * MONTHS_PER_YEAR) * MONTHS_PER_YEAR
    ]
    months = (*sorted({month for month in asked if 0 < month < horizon}), horizon)
    return Comparison(
        reference=reference.name,
        scenarios=tuple(scenarios),
        replicates=max(arm.replicate.size for arm in arms),
        emergence=tuple(_emergence(arm, reference) for arm in arms),
        effects=tuple(
            MeasureEffect(arm.name, measure, month, _effect(arm, reference, measure, month))
            for measure in measures
            for month in months
            for arm in arms[1:]
        ),
        bands=tuple(
            Band(arm.name, measure, _quantiles(arm.series[measure.name]))
            for measure in measures
            for arm in arms
        ),
        measures=tuple(measures),
        months=months,
    )


def _arm(tables: Tables, name: str, measures: Sequence[Measure]) -> _Arm:
    runs = tables.runs["scenario"] == name
    rows = tables.months["scenario"] == name
    count = int(runs.sum())
    if count == 0:
        raise ValueError(f"no run of scenario '{name}' was simulated")
    length, left_over = divmod(int(rows.sum()), count)
    if left_over or not np.array_equal(tables.months["month"][rows], np.tile(np.arange(length), count)):
        raise ValueError(f"the runs of scenario '{name}' are not of one length")
    return _Arm(
        name=name,
        seed=tables.runs["seed"][runs],
        replicate=tables.runs["replicate"][runs],
        outcomes={outcome: tables.runs[outcome][runs] for outcome in tables.outcome_names},
        months=length - 1,
        series={
            measure.name: tables.months[measure.name][rows].astype(np.float64).reshape(count, length)
            for measure in measures
        },
    )


def _emergence(arm: _Arm, reference: _Arm) -> Emergence:
    ever, standing = arm.outcomes["emerged_ever"] > 0, arm.outcomes["standing"] > 0
    mine, theirs = pair_positions(arm.seed, arm.replicate, reference.seed, reference.replicate)

    def difference(outcome: str) -> Effect | None:
        if arm is reference:
            return None
        return paired_probability_difference(
            arm.outcomes[outcome][mine] > 0, reference.outcomes[outcome][theirs] > 0
        )

    return Emergence(
        scenario=arm.name,
        ever=wilson_interval(int(ever.sum()), ever.size),
        standing=wilson_interval(int(standing.sum()), standing.size),
        survival=time_to_emergence(arm.outcomes["emerged_month"], arm.months),
        ever_effect=difference("emerged_ever"),
        standing_effect=difference("standing"),
    )


def _effect(arm: _Arm, reference: _Arm, measure: Measure, month: int) -> Effect:
    mine, theirs = pair_positions(arm.seed, arm.replicate, reference.seed, reference.replicate)
    policy, base = arm.series[measure.name], reference.series[measure.name]
    treated, untreated = policy[mine, month], base[theirs, month]
    known = ~(np.isnan(treated) | np.isnan(untreated))
    values = np.concatenate((policy[~np.isnan(policy)], base[~np.isnan(base)]))
    if known.any() and np.ptp(values) > 0.0 and is_yes_or_no(values):
        return paired_probability_difference(treated[known] > 0.0, untreated[known] > 0.0)
    return paired_difference(treated, untreated, most=measure.high - measure.low)


def is_yes_or_no(values: NDArray[np.float64]) -> bool:
    """Return whether every value is 0 or 1, so that a yes/no outcome is told from an amount."""
    return bool(np.isin(values, (0.0, 1.0)).all())


def _quantiles(series: NDArray[np.float64]) -> NDArray[np.float64]:
    known = ~np.all(np.isnan(series), axis=0)
    quantiles = np.full((len(QUANTILES), series.shape[1]), math.nan)
    if is_yes_or_no(series[:, known]):
        # Quantiles of a yes/no outcome say little; the share of runs that have it says more.
        quantiles[len(QUANTILES) // 2, known] = np.mean(series[:, known], axis=0)
    elif len(series) < FEWEST_FOR_RANGE:
        quantiles[len(QUANTILES) // 2, known] = np.nanmedian(series[:, known], axis=0)
    else:
        quantiles[:, known] = np.nanquantile(series[:, known], QUANTILES, axis=0)
    return quantiles
