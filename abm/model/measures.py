"""What is measured: one table of measures by month and one of outcomes by run, and how they are computed.

Columns, plots, reports and the documentation are all made from these tables.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.kernels import compiled
from abm.mechanisms.arithmetic import TILE_ROWS, find_nonzero, row_and_lane, sum_moments, sum_rows
from abm.mechanisms.federation import network_performance
from abm.mechanisms.kinds import ACUTE, PRACTICE
from abm.policy.times import MONTHS_PER_YEAR
from abm.world.place import TIE_KINDS, OrganisationKind

INFINITE = float("inf")


@dataclass(frozen=True)
class Measure:
    """Define a measure: name, label, unit, range and meaning."""

    name: str
    label: str
    unit: str
    low: float
    high: float
    definition: str


def trust_by_kind() -> tuple[Measure, ...]:
    """Return a measure of trust for every kind of tie."""
    measures = []
    for kind in TIE_KINDS:
        words = kind.replace("_", " ") if kind == "local_authority" else kind.replace("_", "-")
        definition = f"Mean trust over both sides of open {words} ties; missing where there are none"
        measures.append(Measure(f"trust_{kind}", f"Trust, {words}", "trust", 0, 1, definition))
    return tuple(measures)


MEASURES: tuple[Measure, ...] = (
    Measure("trust", "Trust", "trust", 0, 1, "Mean trust over both sides of all open ties"),
    *trust_by_kind(),
    Measure(
        "reciprocity",
        "Reciprocity of trust",
        "correlation",
        -1,
        1,
        "Correlation over ties between the trust of one side and of the other, each pair counted both ways",
    ),
    Measure("divergence", "Perceived divergence", "index", 0, 1, "Mean divergence of interests over all ties"),
    Measure("orientation", "Outward orientation", "index", 0, 1, "Mean orientation of leaders, 0 fortress to 1 system leader"),
    Measure("pressure", "Pressure", "index", 0, 1, "Mean pressure over organisations"),
    Measure("pressure_acute", "Pressure on hospitals", "index", 0, 1, "Mean pressure over acute providers"),
    Measure("pressure_practice", "Pressure on practices", "index", 0, 1, "Mean pressure over general practices"),
    Measure("fortress", "Fortresses", "share", 0, 1, "Share of organisations whose pressure is above the fortress threshold"),
    Measure("effort", "Outward effort", "contacts per year", 0, INFINITE, "Mean effort over organisations"),
    Measure("meetings", "Meetings", "per tie and year", 0, INFINITE, "Mean number of meetings on a tie, times twelve"),
    Measure("exits", "Leaders who left", "number in the month", 0, INFINITE, "Leaders who left in the month"),
    Measure("challenges", "Challenges", "number in the month", 0, INFINITE, "Joint arrangements challenged in the month"),
    Measure("tenders", "Tenders", "number in the month", 0, INFINITE, "Joint arrangements put out to tender in the month"),
    Measure("board", "Joint board", "share of people", 0, 1, "Share of people who live in a place with a joint board"),
    Measure("board_trust", "Board trust", "trust", 0, 1, "Mean weaker-side trust between commissioner, providers and local authority"),
    Measure("engagement", "Engaged practices", "share of people", 0, 1, "Share of registered people whose practice is engaged"),
    Measure("engagement_trust", "Trust of practices", "trust", 0, 1, "Mean trust of practices in their providers and commissioner, by list"),
    Measure("implementation", "Implementation", "share", 0, 1, "Integrated care in operation, by registered people"),
    Measure("scope", "Scope", "share of people", 0, 1, "Population that integrated care is meant to reach"),
    Measure("depth", "Depth", "share", 0, 1, "Implementation over scope"),
    Measure("admissions", "Emergency admissions", "index, 1 at the start", 0, INFINITE, "Emergency admissions of residents"),
    Measure("occupancy", "Bed occupancy", "share of beds", 0, INFINITE, "Demand for beds over beds, by beds; above 1 what does not fit waits"),
    Measure("waiting", "Waiting", "bed-years per bed", 0, INFINITE, "Demand that found no bed and waits, by beds"),
    Measure("margin_acute", "Hospital margin", "share of income", -INFINITE, INFINITE, "Mean margin over acute providers"),
    Measure("payoff_acute", "Payoff to hospitals", "payoff", -INFINITE, INFINITE, "Payoff of cooperation to an acute provider"),
    Measure("payoff_community", "Payoff to community providers", "payoff", -INFINITE, INFINITE, "Payoff of cooperation to a community provider"),
    Measure("payoff_commissioner", "Payoff to commissioners", "payoff", -INFINITE, INFINITE, "Payoff of cooperation to a commissioner"),
    Measure("payoff_practice", "Payoff to practices", "payoff", -INFINITE, INFINITE, "Payoff of cooperation to a general practice"),
    Measure("networks", "Networks of practices", "number", 0, INFINITE, "Networks of two practices or more"),
    Measure("networked", "Practices in networks", "share of people", 0, 1, "Share of registered people whose practice belongs to a network"),
    Measure("network_performance", "Performance of networks", "share", 0, 1, "Mean performance of networks, by people; missing where there are none"),
    Measure("qualified", "Qualified for a population contract", "share of people", 0, 1, "Share of people whose network is within its bounds, times how it performs"),
    Measure("closures", "Practices that closed", "number in the month", 0, INFINITE, "Practices that closed or merged into another in the month"),
    Measure("practices", "Open practices", "number", 0, INFINITE, "Practices with a list"),
    Measure("visible", "Success elsewhere", "share", 0, INFINITE, "Integrated care in other places, by their nearness"),
)  # fmt: skip

OUTCOMES: tuple[Measure, ...] = (
    Measure("emerged_ever", "Emerged ever", "0 or 1", 0, 1, "Implementation held the threshold for the months in a row at some time"),
    Measure("emerged_month", "Month of emergence", "month", 1, INFINITE, "Month that completed the first such spell; missing if none did"),
    Measure("standing", "Standing at the end", "0 or 1", 0, 1, "The last month of the horizon completes such a spell"),
    Measure("spells", "Spells", "number", 0, INFINITE, "Separate spells that held the threshold long enough"),
)  # fmt: skip

ROW = {measure.name: row for row, measure in enumerate(MEASURES)}
FLOWS = ("meetings", "exits", "challenges", "tenders", "closures")

TRUST = ROW["trust"]
TRUST_BY_KIND = ROW[f"trust_{TIE_KINDS[0]}"]
RECIPROCITY = ROW["reciprocity"]
DIVERGENCE = ROW["divergence"]
ORIENTATION = ROW["orientation"]
PRESSURE = ROW["pressure"]
PRESSURE_ACUTE = ROW["pressure_acute"]
PRESSURE_PRACTICE = ROW["pressure_practice"]
FORTRESS = ROW["fortress"]
EFFORT = ROW["effort"]
MEETINGS = ROW["meetings"]
EXITS = ROW["exits"]
CHALLENGES = ROW["challenges"]
TENDERS = ROW["tenders"]
BOARD = ROW["board"]
BOARD_TRUST = ROW["board_trust"]
ENGAGEMENT = ROW["engagement"]
ENGAGEMENT_TRUST = ROW["engagement_trust"]
IMPLEMENTATION = ROW["implementation"]
SCOPE = ROW["scope"]
DEPTH = ROW["depth"]
ADMISSIONS = ROW["admissions"]
OCCUPANCY = ROW["occupancy"]
WAITING = ROW["waiting"]
MARGIN_ACUTE = ROW["margin_acute"]
PAYOFF_ACUTE = ROW["payoff_acute"]
NETWORKS = ROW["networks"]
NETWORKED = ROW["networked"]
NETWORK_PERFORMANCE = ROW["network_performance"]
QUALIFIED = ROW["qualified"]
CLOSURES = ROW["closures"]
PRACTICES = ROW["practices"]
VISIBLE = ROW["visible"]
PAYOFFS = len(OrganisationKind) - 1


@compiled
def tally_ties(
    values: Any,
    trust: Any,
    divergence: Any,
    meetings: Any,
    shut: Any,
    kind_start: Any,
    trust_base: Any,
    trust_divergence_start: Any,
) -> None:
    """Fill the rows of `values` (measures, lanes) that are means over open ties."""
    lanes = trust.shape[2]
    kinds = DIVERGENCE - 1 - TRUST_BY_KIND
    whole = np.zeros(lanes)
    sides = np.zeros(lanes)
    gone = np.zeros(lanes)
    squares = np.zeros(lanes)
    products = np.zeros(lanes)
    every_trust = trust.reshape(-1)
    some = every_trust[: TILE_ROWS * lanes]
    pivot = np.zeros(lanes)
    sum_rows(some, pivot)
    for lane in range(lanes):
        pivot[lane] /= some.size // lanes
    for kind in range(kinds):
        first, last = kind_start[kind], kind_start[kind + 1]
        total = np.zeros(lanes)
        shut_here = np.zeros(lanes)
        sum_moments(every_trust[2 * first * lanes : 2 * last * lanes], pivot, total, squares, products)
        sum_rows(shut[first:last].reshape(-1), shut_here)
        for lane in range(lanes):
            # On shut ties trust is at its base, so that it can be taken off again by their number.
            total[lane] -= 2.0 * shut_here[lane] * trust_base[lane]
            count = 2.0 * (last - first - shut_here[lane])
            values[TRUST_BY_KIND + kind, lane] = total[lane] / count if count > 0.0 else np.nan
            whole[lane] += total[lane]
            sides[lane] += count
            gone[lane] += 2.0 * shut_here[lane]
    apart = np.zeros(lanes)
    sum_rows(divergence.reshape(-1), apart)
    met = np.zeros(lanes)
    sum_rows(meetings.reshape(-1), met)
    for lane in range(lanes):
        mean = whole[lane] / sides[lane]
        values[TRUST, lane] = mean
        stray = gone[lane] * (trust_base[lane] - pivot[lane]) ** 2
        shift = sides[lane] * (mean - pivot[lane]) ** 2
        variance = squares[lane] - stray - shift
        covariance = 2.0 * products[lane] - stray - shift
        values[RECIPROCITY, lane] = covariance / variance if variance > 0.0 else np.nan
        open_ties = 0.5 * sides[lane]
        shut_ties = 0.5 * gone[lane]
        values[DIVERGENCE, lane] = (apart[lane] - shut_ties * trust_divergence_start[lane]) / open_ties
        values[MEETINGS, lane] = MONTHS_PER_YEAR * met[lane] / open_ties


@compiled
def tally_organisations(
    values: Any,
    orientation: Any,
    pressure: Any,
    effort: Any,
    exits: Any,
    margin: Any,
    payoff: Any,
    list_size: Any,
    organisation_kind: Any,
    effort_fortress_threshold: Any,
) -> None:
    """Fill the rows of `values` (measures, lanes) that are means or counts over open organisations."""
    organisations, lanes = orientation.shape
    for row in (
        ORIENTATION,
        PRESSURE,
        FORTRESS,
        EFFORT,
        EXITS,
        PRESSURE_ACUTE,
        MARGIN_ACUTE,
        PRESSURE_PRACTICE,
    ):
        values[row, :] = 0.0
    open_ones = np.zeros(lanes)
    acute = np.zeros(lanes)
    practices = np.zeros(lanes)
    for organisation in range(organisations):
        kind = organisation_kind[organisation]
        for lane in range(lanes):
            is_open = 1.0 if list_size[organisation, lane] > 0.0 else 0.0
            level = is_open * pressure[organisation, lane]
            open_ones[lane] += is_open
            values[ORIENTATION, lane] += is_open * orientation[organisation, lane]
            values[PRESSURE, lane] += level
            values[FORTRESS, lane] += 1.0 if level > effort_fortress_threshold[lane] else 0.0
            values[EFFORT, lane] += is_open * effort[organisation, lane]
            values[EXITS, lane] += is_open * exits[organisation, lane]
        if kind == ACUTE:
            for lane in range(lanes):
                acute[lane] += 1.0
                values[PRESSURE_ACUTE, lane] += pressure[organisation, lane]
                values[MARGIN_ACUTE, lane] += margin[organisation, lane]
        elif kind == PRACTICE:
            for lane in range(lanes):
                is_open = 1.0 if list_size[organisation, lane] > 0.0 else 0.0
                practices[lane] += is_open
                values[PRESSURE_PRACTICE, lane] += is_open * pressure[organisation, lane]
    for lane in range(lanes):
        for row in (ORIENTATION, PRESSURE, FORTRESS, EFFORT):
            values[row, lane] /= open_ones[lane]
        values[PRESSURE_ACUTE, lane] /= acute[lane]
        values[MARGIN_ACUTE, lane] /= acute[lane]
        values[PRESSURE_PRACTICE, lane] /= practices[lane]
        for kind in range(PAYOFFS):
            values[PAYOFF_ACUTE + kind, lane] = payoff[kind, lane]


@compiled
def tally_places(
    values: Any,
    board: Any,
    board_trust: Any,
    engagement: Any,
    engagement_trust: Any,
    implementation: Any,
    scope: Any,
    admissions: Any,
    challenged: Any,
    tendered: Any,
    occupancy: Any,
    waiting: Any,
    population: Any,
    beds: Any,
) -> None:
    """Fill the rows of `values` (measures, lanes) that are means over places, by people, or hospitals, by beds."""
    places, lanes = board.shape
    people = population.sum()
    all_beds = beds.sum()
    for row in range(BOARD, OCCUPANCY):
        values[row, :] = 0.0
    values[CHALLENGES, :] = 0.0
    values[TENDERS, :] = 0.0
    for place in range(places):
        weight = population[place] / people
        for lane in range(lanes):
            values[BOARD, lane] += weight * board[place, lane]
            values[BOARD_TRUST, lane] += weight * board_trust[place, lane]
            values[ENGAGEMENT, lane] += weight * engagement[place, lane]
            values[ENGAGEMENT_TRUST, lane] += weight * engagement_trust[place, lane]
            values[IMPLEMENTATION, lane] += weight * implementation[place, lane]
            values[SCOPE, lane] += weight * scope[place, lane]
            values[ADMISSIONS, lane] += weight * admissions[place, lane]
            values[CHALLENGES, lane] += challenged[place, lane]
            values[TENDERS, lane] += tendered[place, lane]
    for lane in range(lanes):
        values[DEPTH, lane] = values[IMPLEMENTATION, lane] / values[SCOPE, lane]
        full = queued = 0.0
        for provider in range(beds.shape[0]):
            full += beds[provider] / all_beds * occupancy[provider, lane]
            queued += beds[provider] / all_beds * waiting[provider, lane]
        values[OCCUPANCY, lane] = full
        values[WAITING, lane] = queued


@compiled
def tally_networks(
    values: Any,
    network_people: Any,
    network_members: Any,
    list_size: Any,
    closed: Any,
    qualified: Any,
    visible: Any,
    practice_row: Any,
    population: Any,
    federation_risk: Any,
    federation_risk_population: Any,
    federation_coordination: Any,
) -> None:
    """Fill the rows of `values` (measures, lanes) about practices, their networks, and what places see of others."""
    organisations, lanes = network_people.shape
    for row in (NETWORKS, NETWORKED, NETWORK_PERFORMANCE, QUALIFIED, CLOSURES, PRACTICES, VISIBLE):
        values[row, :] = 0.0
    registered = np.zeros(lanes)
    for practice in practice_row:
        for lane in range(lanes):
            registered[lane] += list_size[practice, lane]
            values[PRACTICES, lane] += 1.0 if list_size[practice, lane] > 0.0 else 0.0
            values[CLOSURES, lane] += closed[practice, lane]
    found = np.empty(organisations * lanes, dtype=np.uint32)
    for event in range(find_nonzero(network_members, found)):
        label, lane = row_and_lane(found[event], lanes)
        values[NETWORKS, lane] += 1.0
        people = network_people[label, lane]
        values[NETWORKED, lane] += people
        values[NETWORK_PERFORMANCE, lane] += people * network_performance(
            people,
            network_members[label, lane],
            federation_risk[lane],
            federation_risk_population[lane],
            federation_coordination[lane],
        )
    for lane in range(lanes):
        served = values[NETWORKED, lane]
        values[NETWORK_PERFORMANCE, lane] = (
            values[NETWORK_PERFORMANCE, lane] / served if served > 0.0 else np.nan
        )
        values[NETWORKED, lane] = served / registered[lane]
    residents = population.sum()
    for place in range(population.shape[0]):
        for lane in range(lanes):
            values[QUALIFIED, lane] += population[place] / residents * qualified[place, lane]
            values[VISIBLE, lane] += population[place] / residents * visible[place, lane]


TALLIES = (tally_ties, tally_organisations, tally_places, tally_networks)
"""What fills the rows of measures; like mechanisms, they ask for arrays by the names of their arguments."""


def outcomes(
    series: NDArray[np.float64], threshold: NDArray[np.float64], months: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Judge whether, when and how often integration emerged.

    Parameters
    ----------
    series : (T+1, lanes) array
        Implementation in months 0 to T.
    threshold : (lanes,) array
        Implementation that counts, `emergence.threshold`.
    months : (lanes,) array
        Months in a row that it has to hold, `emergence.months`.

    Returns
    -------
    dict of str to (lanes,) array
        The columns of `OUTCOMES`.
    """
    lanes = series.shape[1]
    streak = np.zeros(lanes)
    spells = np.zeros(lanes)
    first = np.full(lanes, np.nan)
    for month in range(1, series.shape[0]):
        streak = np.where(series[month] >= threshold, streak + 1.0, 0.0)
        completed = streak == months
        spells += completed
        first = np.where(completed & np.isnan(first), float(month), first)
    return {
        "emerged_ever": (~np.isnan(first)).astype(np.float64),
        "emerged_month": first,
        "standing": (streak >= months).astype(np.float64),
        "spells": spells,
    }
