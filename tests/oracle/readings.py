"""Read the oracle: its state as arrays, and the measures of a month."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from .practice import Practice
from .ties import TIE_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from .model import OracleModel

MONTHS_A_YEAR = 12

ORGANISATION_STATE = (
    "orientation",
    "pressure",
    "margin",
    "tenure",
    "effort",
    "avoided",
    "list_size",
    "openness",
    "standing",
    "vigour",
    "burden",
    "preference",
)
SIDE_STATE = (
    "trust",
    "divergence",
    "relation_start",
    "attention_weight",
    "attention",
    "good_meetings",
    "regard",
)
PLACE_STATE = (
    "admissions",
    "board",
    "board_trust",
    "engagement",
    "engagement_trust",
    "implementation",
    "scope",
    "delay",
    "exposed",
    "felt",
    "caution",
    "challenged",
    "tendered",
    "visible",
    "qualified",
)


def take_snapshot(model: OracleModel) -> dict[str, NDArray[np.float64]]:
    """Return every state variable of the model as an array."""
    organisations, ties, places = model.organisations, model.ties, model.places
    state = {name: [getattr(one, name) for one in organisations] for name in ORGANISATION_STATE}
    state["closed"] = [one.closed for one in organisations]
    state["exits"] = [one.exited for one in organisations]
    state["engaged"] = [isinstance(one, Practice) and one.engaged for one in organisations]
    state["practice_trust"] = [
        one.trust_in_partners if isinstance(one, Practice) else 0.0 for one in organisations
    ]
    state |= {name: [[getattr(side, name) for side in tie.sides] for tie in ties] for name in SIDE_STATE}
    state["network"] = [-1 if one.network is None else one.network.label for one in organisations]
    members = {network.label: network.members for network in model.networks}
    rows = range(len(organisations))
    state["network_members"] = [len(members.get(row, [])) for row in rows]
    state["network_people"] = [sum(one.list_size for one in members.get(row, [])) for row in rows]
    state["attention_budget"] = [segment.budget for segment in model.segments]
    state["attention_total"] = [segment.total for segment in model.segments]
    state["open_ties"] = [sum(side.tie.is_open for side in segment.sides) for segment in model.segments]
    state["encouragement"] = [
        one.encouragement if isinstance(one, Practice) else 0.0 for one in organisations
    ]
    state["moved_from"] = [-1 if one.moved_from is None else one.moved_from.index for one in organisations]
    state["seat"] = [isinstance(one, Practice) and one.has_seat for one in organisations]
    state["heard"] = [tie.heard for tie in ties]
    state["shut"] = [not tie.is_open for tie in ties]
    state["meetings"] = [tie.meetings for tie in ties]
    state |= {name: [getattr(place, name) for place in places] for name in PLACE_STATE}
    state["occupancy"] = [hospital.occupancy for hospital in model.hospitals]
    state["waiting"] = [hospital.waiting for hospital in model.hospitals]
    state["payoff"] = list(model.payoffs.values())
    state["outside_admissions"] = model.outside_admissions
    state["reshaped"] = model.reshaped
    state["refocused"] = model.refocused
    return {name: np.asarray(values, dtype=np.float64) for name, values in state.items()}


def mean(values: Iterable[float]) -> float:
    """Return the mean, or NaN of nothing."""
    numbers = list(values)
    return sum(numbers) / len(numbers) if numbers else math.nan


def weighted_mean(pairs: Iterable[tuple[float, float]]) -> float:
    """Return the mean of values by weights, from pairs of weight and value."""
    listed = list(pairs)
    return sum(weight * value for weight, value in listed) / sum(weight for weight, _ in listed)


def reciprocity(model: OracleModel) -> float:
    """Return the correlation between the two directions of trust, each pair in both orders."""
    sides = [side for tie in model.ties if tie.is_open for side in tie.sides]
    own = [side.trust for side in sides]
    returned = [side.other.trust for side in sides]
    average = mean(own)
    variance = sum((value - average) ** 2 for value in own)
    covariance = sum((a - average) * (b - average) for a, b in zip(own, returned, strict=True))
    return covariance / variance if variance > 1e-14 * len(own) else math.nan


def clustering_of_engagement(practices: list[Practice]) -> float:
    """Return how much more often neighbours of engaged practices are engaged than practices are."""
    around = [
        side.other.organisation.engaged
        for one in practices
        if one.engaged
        for side in one.neighbour_sides
        if side.tie.is_open
    ]
    return mean(around) - mean(one.engaged for one in practices)


def measure(model: OracleModel) -> dict[str, float]:
    """Return the measures of the month by name."""
    organisations = [one for one in model.organisations if one.is_open]
    ties = [tie for tie in model.ties if tie.is_open]
    practices = [one for one in organisations if isinstance(one, Practice)]
    places = model.places
    fortress_threshold = model.parameters["effort.fortress_threshold"]
    found = {"trust": mean(side.trust for tie in ties for side in tie.sides)}
    for kind in TIE_KINDS:
        found[f"trust_{kind}"] = mean(side.trust for tie in ties if tie.kind == kind for side in tie.sides)
    found["reciprocity"] = reciprocity(model)
    found["divergence"] = mean(side.divergence for tie in ties for side in tie.sides)
    found["orientation"] = mean(one.orientation for one in organisations)
    found["pressure"] = mean(one.pressure for one in organisations)
    found["pressure_acute"] = mean(one.pressure for one in organisations if one.kind == "acute")
    found["pressure_practice"] = mean(one.pressure for one in organisations if one.kind == "practice")
    found["fortress"] = mean(float(one.pressure > fortress_threshold) for one in organisations)
    found["effort"] = mean(one.effort for one in organisations)
    found["meetings"] = MONTHS_A_YEAR * model.meetings_per_tie
    found["heard"] = MONTHS_A_YEAR * model.heard_per_tie
    found["engaged_neighbours"] = clustering_of_engagement(practices)
    found["approached"] = sum(one.list_size for one in practices if one.preference > 1.0) / sum(
        one.list_size for one in practices
    )
    found["networks"] = float(len(model.networks))
    found["networked"] = sum(one.list_size for one in practices if one.network) / sum(
        one.list_size for one in practices
    )
    found["network_performance"] = (
        weighted_mean((network.people, network.measure_performance()) for network in model.networks)
        if model.networks
        else math.nan
    )
    found["closures"] = float(model.closures_in_month)
    found["practices"] = float(len(practices))
    found["turnover"] = MONTHS_A_YEAR * model.chief_exits_in_month / len(model.chiefs)
    found["moves"] = float(model.moves_in_month)
    found["exits"] = float(model.exits_in_month)
    found["challenges"] = float(model.challenges_in_month)
    found["tenders"] = float(model.tenders_in_month)
    for name in (
        "board",
        "board_trust",
        "engagement",
        "engagement_trust",
        "implementation",
        "scope",
        "admissions",
        "qualified",
        "visible",
    ):
        found[name] = weighted_mean((place.population, float(getattr(place, name))) for place in places)
    found["depth"] = found["implementation"] / found["scope"]
    found["occupancy"] = weighted_mean((hospital.beds, hospital.occupancy) for hospital in model.hospitals)
    found["waiting"] = weighted_mean((hospital.beds, hospital.waiting) for hospital in model.hospitals)
    found["margin_acute"] = mean(hospital.margin for hospital in model.hospitals)
    for kind in ("acute", "community", "commissioner", "practice"):
        found[f"payoff_{kind}"] = model.payoffs[kind]
    return found
