"""Estimate what surgeries change, and how trust is arranged with and without them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.analysis.dissection import relations
from abm.analysis.dissection.positions import LeftOut, brokers, left_out
from abm.analysis.dissection.relations import Estimate
from abm.analysis.dissection.runs import Ends
from abm.analysis.dissection.surgeries import INTACT, SURGERIES, Surgery
from abm.analysis.dissection.variance import variance_shares
from abm.analysis.effects import Effect, paired_difference, paired_probability_difference
from abm.analysis.emergence import Proportion, wilson_interval
from abm.world.place import Floats, Place


@dataclass(frozen=True)
class Outcome:
    """What runs under a surgery came to, and how they differ from the intact ones.

    Attributes
    ----------
    surgery : Surgery
    standing : Proportion
        Share of runs in which integrated care stands.
    months : float
        Mean month of emergence, the month after the horizon for runs without.
    standing_change, months_change, implementation_change, trust_change : Effect
        Less the intact runs, replicate by replicate.
    """

    surgery: Surgery
    standing: Proportion
    months: float
    standing_change: Effect
    months_change: Effect
    implementation_change: Effect
    trust_change: Effect


@dataclass(frozen=True, eq=False)
class Anatomy:
    """How trust is arranged at the end of runs.

    Attributes
    ----------
    reciprocity : dict of str to Estimate
        By kind of tie, 'all' first.
    agreement, assortativity, joins : Estimate
    shares : dict of str to Estimate
        Shares of variance; empty with a single run.
    left_out : LeftOut
    """

    reciprocity: dict[str, Estimate]
    agreement: Estimate
    assortativity: Estimate
    joins: Estimate
    shares: dict[str, Estimate]
    left_out: LeftOut


@dataclass(frozen=True, eq=False)
class Dissection:
    """All that was found in one place.

    Attributes
    ----------
    place : Place
    scenario : str
        Label.
    replicates, months : int
    outcomes : tuple of Outcome
        The intact runs first.
    anatomies : dict of str to Anatomy
        By surgery, where the ties are those of the intact place.
    transitivity : float
    betweenness : (N,), or None
        Of organisations in the intact runs.
    ends : dict of str to Ends
    """

    place: Place
    scenario: str
    replicates: int
    months: int
    outcomes: tuple[Outcome, ...]
    anatomies: dict[str, Anatomy]
    transitivity: float
    betweenness: Floats | None
    ends: dict[str, Ends]


def anatomy(place: Place, ends: Ends) -> Anatomy:
    """Measure how trust is arranged."""
    return Anatomy(
        reciprocity=relations.reciprocity(place, ends),
        agreement=relations.agreement(place, ends),
        assortativity=relations.assortativity(place, ends),
        joins=relations.joins(place, ends),
        shares=variance_shares(ends.trust, ends.is_open, place.tie_ends, place.tie_kind)
        if ends.runs > 1
        else {},
        left_out=left_out(place, ends),
    )


def outcome(surgery: Surgery, ends: Ends, intact: Ends, months: int) -> Outcome:
    """Compare runs under a surgery with the intact ones of the same replicates."""
    waited, before = (np.nan_to_num(one.emerged_month, nan=months + 1.0) for one in (ends, intact))
    return Outcome(
        surgery=surgery,
        standing=wilson_interval(int(ends.standing.sum()), ends.runs),
        months=float(waited.mean()),
        standing_change=paired_probability_difference(ends.standing > 0.0, intact.standing > 0.0),
        months_change=paired_difference(waited, before),
        implementation_change=paired_difference(ends.implementation, intact.implementation, most=1.0),
        trust_change=paired_difference(ends.mean_trust, intact.mean_trust, most=1.0),
    )


def dissection_of(place: Place, scenario: str, months: int, ends: Mapping[str, Ends]) -> Dissection:
    """Return the results of a place from the final states by name of the surgery."""
    intact = ends[INTACT.name]
    made = [one for one in (INTACT, *SURGERIES) if one.name in ends]
    return Dissection(
        place=place,
        scenario=scenario,
        replicates=intact.runs,
        months=months,
        outcomes=tuple(outcome(one, ends[one.name], intact, months) for one in made),
        anatomies={one.name: anatomy(place, ends[one.name]) for one in made if one.keeps_ties},
        transitivity=relations.transitivity(place),
        betweenness=brokers(place, intact),
        ends=dict(ends),
    )


def measure_rows(found: Anatomy) -> list[tuple[str, Estimate]]:
    """List the measures of an anatomy that have intervals, by name."""
    return [
        *((f"reciprocity_{kind}", value) for kind, value in found.reciprocity.items()),
        ("agreement", found.agreement),
        ("assortativity", found.assortativity),
        ("joins", found.joins),
        *((f"variance_{part}", value) for part, value in found.shares.items()),
    ]


def tables_of(found: Sequence[Dissection]) -> dict[str, dict[str, NDArray[Any]]]:
    """Return what was found as columns: runs, surgeries, measures and organisations, by name of the table."""
    runs, surgeries, measures, organisations = [], [], [], []
    for one in found:
        where = one.place.name
        for name, ends in one.ends.items():
            columns = (ends.standing, ends.emerged_month, ends.implementation, ends.mean_trust)
            for replicate, values in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
                runs.append((where, name, replicate, *values))
        for each in one.outcomes:
            row: list[Any] = [where, each.surgery.name, *_bounds(each.standing), each.months]
            changes = (
                each.standing_change,
                each.months_change,
                each.implementation_change,
                each.trust_change,
            )
            surgeries.append((*row, *(number for change in changes for number in _bounds(change))))
        for name, body in one.anatomies.items():
            measures += [
                (where, name, measure, value.value, value.low, value.high)
                for measure, value in measure_rows(body)
            ]
            measures.append((where, name, "spread_ratio", body.left_out.spread_ratio, np.nan, np.nan))
        measures.append((where, INTACT.name, "transitivity", one.transitivity, np.nan, np.nan))
        organisations += _organisation_rows(one)
    bounds = ("", "_low", "_high")
    changed = [
        f"{name}_change{end}" for name in ("standing", "months", "implementation", "trust") for end in bounds
    ]
    head = ("place", "surgery")
    return {
        "runs": _columns((*head, "replicate", "standing", "emerged_month", "implementation", "trust"), runs),
        "surgeries": _columns((*head, *(f"standing{end}" for end in bounds), "months", *changed), surgeries),
        "measures": _columns((*head, "measure", "value", "low", "high"), measures),
        "organisations": _columns(
            (
                "place",
                "organisation",
                "kind",
                "betweenness",
                "engaged",
                "people",
                "neighbours",
                "main_share",
                "main_km",
            ),
            organisations,
        ),
    }


def _organisation_rows(one: Dissection) -> list[tuple[Any, ...]]:
    place, out = one.place, one.anatomies[INTACT.name].left_out
    between = np.full(place.organisations, np.nan) if one.betweenness is None else one.betweenness
    of_practice = {
        row: values
        for row, *values in zip(
            out.row.tolist(),
            *(values.tolist() for values in (out.engaged, *out.attributes.values())),
            strict=True,
        )
    }
    none = [np.nan] * (1 + len(out.attributes))
    return [
        (
            place.name,
            place.organisation_id[row],
            int(place.organisation_kind[row]),
            float(between[row]),
            *of_practice.get(row, none),
        )
        for row in range(place.organisations)
    ]


def _bounds(value: Effect | Proportion) -> tuple[float, float, float]:
    return value.estimate, value.low, value.high


def _columns(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, NDArray[Any]]:
    return {name: np.array([row[number] for row in rows]) for number, name in enumerate(names)}
