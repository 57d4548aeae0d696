"""Pressure: full beds, deficits and workload push organisations inwards.

A mean-reverting process, solved exactly over the step and then limited to [0, 1] (E06).

::

    felt_i   = sum over hospitals of exposure weight x occ_h
    queued_i = sum over hospitals of exposure weight x W_h
    target_i = p_0 + p_occ w_k (felt_i - occ_ref) + p_wait queued_i + p_fin max(-margin_i, 0)
               + p_work (workload_home - 1)    [practices only]
               + burden_i
    workload_p = A_p exp(-g_cap t) (phi_0 / phi)^kappa
    P_i     <- clip(target_i + (P_i - target_i) exp(-theta dt)
                    + sigma sqrt((1 - exp(-2 theta dt)) / (2 theta)) normal(PRESSURE))

Exposure weights sum to 1: a hospital feels itself, a practice the hospitals on its ties by use, any other
organisation the hospitals of the places it works in.

Tests
-----
tests/patterns/test_lever_signs.py : growth of demand and of funding, practices' share of it

Symbols
-------
p_0 : pressure.base
theta : pressure.reversion
sigma : pressure.noise
p_occ : pressure.occupancy_gain
w_k : pressure.occupancy_weight
occ_ref : pressure.occupancy_reference
p_fin : pressure.deficit_gain
p_wait : pressure.waiting_gain
p_work : pressure.workload_gain
g_cap : demand.practice_capacity_growth
phi : payment.practice_funding_share
phi_0 : pressure.funding_reference
kappa : pressure.funding_power
"""

import math

import numpy as np

from abm.core.arithmetic import clip, drawn_towards, mean_of_present
from abm.core.declaration import Submodel, decision, field, measure, mechanism, start, tally
from abm.core.draws import draw_rows, fill_normals
from abm.core.kernels import inlined
from abm.world.kinds import PRACTICE
from abm.world.vocabulary import ORGANISATION

submodel = Submodel("pressure", records="pressure.yaml")

SHOCK = decision("pressure", number=4)

STATE = (
    field(
        "pressure",
        axes=(ORGANISATION,),
        unit="index",
        low=0,
        high=1,
        definition="Pressure from full beds, deficits and workload",
    ),
)

MEASURES = (
    measure(
        "pressure",
        label="Pressure",
        unit="index",
        low=0,
        high=1,
        definition="Mean pressure over organisations",
    ),
    measure(
        "pressure_acute",
        label="Pressure on hospitals",
        unit="index",
        low=0,
        high=1,
        definition="Mean pressure over acute providers",
    ),
    measure(
        "pressure_practice",
        label="Pressure on practices",
        unit="index",
        low=0,
        high=1,
        definition="Mean pressure over general practices",
    ),
)


@inlined
def spread_within(noise, rate, dt):
    """Return the standard deviation that noise adds within a time: sigma sqrt((1 - exp(-2 theta dt)) / (2 theta))."""
    return noise * math.sqrt((1.0 - math.exp(-2.0 * rate * dt)) / (2.0 * rate))


@inlined
def practice_strain(capacity_growth, years, funding_share, funding_reference, funding_power):
    """Return admissions' weight on practices: exp(-g_cap t) (phi_0 / phi)^kappa."""
    return math.exp(-capacity_growth * years) * (funding_reference / funding_share) ** funding_power


@inlined
def fill_targets(
    target,
    occupancy,
    waiting,
    margin,
    admissions,
    burden,
    years,
    organisation_kind,
    organisation_place,
    exposure_start,
    exposure_provider,
    exposure_weight,
    payment_practice_funding_share,
    demand_practice_capacity_growth,
    pressure_base,
    pressure_occupancy_gain,
    pressure_occupancy_weight,
    pressure_occupancy_reference,
    pressure_deficit_gain,
    pressure_waiting_gain,
    pressure_workload_gain,
    pressure_funding_reference,
    pressure_funding_power,
):
    """Fill the pressure (organisations, lanes) to which everything tends."""
    organisations, lanes = target.shape
    places = admissions.shape[0]
    overwork = np.empty((places, lanes))
    for lane in range(lanes):
        strain = practice_strain(
            demand_practice_capacity_growth[lane],
            years,
            payment_practice_funding_share[lane],
            pressure_funding_reference[lane],
            pressure_funding_power[lane],
        )
        for place in range(places):
            overwork[place, lane] = pressure_workload_gain[lane] * (admissions[place, lane] * strain - 1.0)
    felt = np.empty(lanes)
    queued = np.empty(lanes)
    for organisation in range(organisations):
        kind = organisation_kind[organisation]
        place = organisation_place[organisation]
        works = 1.0 if kind == PRACTICE else 0.0
        felt[:] = 0.0
        queued[:] = 0.0
        for entry in range(exposure_start[organisation], exposure_start[organisation + 1]):
            provider = exposure_provider[entry]
            for lane in range(lanes):
                felt[lane] += exposure_weight[entry] * occupancy[provider, lane]
                queued[lane] += exposure_weight[entry] * waiting[provider, lane]
        for lane in range(lanes):
            target[organisation, lane] = (
                pressure_base[lane]
                + pressure_occupancy_gain[lane]
                * pressure_occupancy_weight[kind, lane]
                * (felt[lane] - pressure_occupancy_reference[lane])
                + pressure_waiting_gain[lane] * queued[lane]
                + pressure_deficit_gain[lane] * max(-margin[organisation, lane], 0.0)
                + works * overwork[place, lane]
                + burden[organisation, lane]
            )


@mechanism(writes=("pressure",), is_kernel=True)
def pressure(
    pressure,
    occupancy,
    waiting,
    margin,
    admissions,
    burden,
    seed,
    replicate,
    step,
    dt,
    years,
    organisation_kind,
    organisation_place,
    exposure_start,
    exposure_provider,
    exposure_weight,
    payment_practice_funding_share,
    demand_practice_capacity_growth,
    pressure_base,
    pressure_reversion,
    pressure_noise,
    pressure_occupancy_gain,
    pressure_occupancy_weight,
    pressure_occupancy_reference,
    pressure_deficit_gain,
    pressure_waiting_gain,
    pressure_workload_gain,
    pressure_funding_reference,
    pressure_funding_power,
):
    """Advance the pressure on every organisation, a mean-reverting process solved exactly over the step.

    Mutates
    -------
    pressure (organisations, lanes): index in [0, 1]
    """
    organisations, lanes = pressure.shape
    kept = np.empty(lanes)
    spread = np.empty(lanes)
    for lane in range(lanes):
        rate = pressure_reversion[lane]
        kept[lane] = math.exp(-rate * dt)
        spread[lane] = spread_within(pressure_noise[lane], rate, dt)
    target = np.empty((organisations, lanes))
    fill_targets(
        target,
        occupancy,
        waiting,
        margin,
        admissions,
        burden,
        years,
        organisation_kind,
        organisation_place,
        exposure_start,
        exposure_provider,
        exposure_weight,
        payment_practice_funding_share,
        demand_practice_capacity_growth,
        pressure_base,
        pressure_occupancy_gain,
        pressure_occupancy_weight,
        pressure_occupancy_reference,
        pressure_deficit_gain,
        pressure_waiting_gain,
        pressure_workload_gain,
        pressure_funding_reference,
        pressure_funding_power,
    )
    shocks = np.empty((organisations, lanes))
    draws = draw_rows(seed, replicate, step, SHOCK, 0, organisations)
    fill_normals(shocks.reshape(-1), draws.reshape(-1))
    for organisation in range(organisations):
        for lane in range(lanes):
            settled = drawn_towards(target[organisation, lane], pressure[organisation, lane], kept[lane])
            pressure[organisation, lane] = clip(settled + spread[lane] * shocks[organisation, lane])


@start(writes=("pressure",), settles_as="pressure", is_kernel=True)
def settle_pressure(
    pressure,
    occupancy,
    waiting,
    margin,
    admissions,
    burden,
    years,
    organisation_kind,
    organisation_place,
    exposure_start,
    exposure_provider,
    exposure_weight,
    payment_practice_funding_share,
    demand_practice_capacity_growth,
    pressure_base,
    pressure_occupancy_gain,
    pressure_occupancy_weight,
    pressure_occupancy_reference,
    pressure_deficit_gain,
    pressure_waiting_gain,
    pressure_workload_gain,
    pressure_funding_reference,
    pressure_funding_power,
):
    """Set every pressure to its target, without noise."""
    fill_targets(
        pressure,
        occupancy,
        waiting,
        margin,
        admissions,
        burden,
        years,
        organisation_kind,
        organisation_place,
        exposure_start,
        exposure_provider,
        exposure_weight,
        payment_practice_funding_share,
        demand_practice_capacity_growth,
        pressure_base,
        pressure_occupancy_gain,
        pressure_occupancy_weight,
        pressure_occupancy_reference,
        pressure_deficit_gain,
        pressure_waiting_gain,
        pressure_workload_gain,
        pressure_funding_reference,
        pressure_funding_power,
    )
    for organisation in range(pressure.shape[0]):
        for lane in range(pressure.shape[1]):
            pressure[organisation, lane] = clip(pressure[organisation, lane])


@tally(fills=("pressure", "pressure_acute", "pressure_practice"), is_kernel=True)
def tally_pressure(
    fill_pressure, fill_pressure_acute, fill_pressure_practice, pressure, list_size, beds, practice_row
):
    """Measure pressure over open organisations, over hospitals and over open practices."""
    lanes = pressure.shape[1]
    mean_of_present(pressure, list_size, fill_pressure)
    fill_pressure_acute[:] = 0.0
    fill_pressure_practice[:] = 0.0
    # Acute providers are the first rows.
    for hospital in range(beds.size):
        for lane in range(lanes):
            fill_pressure_acute[lane] += pressure[hospital, lane]
    first_practice = practice_row.min()
    last_practice = first_practice + practice_row.size
    practices = np.zeros(lanes)
    for practice in range(first_practice, last_practice):
        for lane in range(lanes):
            is_open = 1.0 if list_size[practice, lane] > 0.0 else 0.0
            practices[lane] += is_open
            fill_pressure_practice[lane] += is_open * pressure[practice, lane]
    for lane in range(lanes):
        fill_pressure_acute[lane] /= beds.size
        fill_pressure_practice[lane] /= practices[lane]
