"""Pressure: full beds, deficits and workload push organisations inwards."""

import math
from typing import Any

import numpy as np

from abm.draws import Decision, draw_rows, fill_normals
from abm.mechanisms.kinds import PRACTICE
from abm.mechanisms.mechanism import mechanism

DECISION = np.uint32(Decision.PRESSURE)


@mechanism(writes=("pressure",))
def pressure(
    pressure: Any,
    occupancy: Any,
    waiting: Any,
    margin: Any,
    admissions: Any,
    seed: Any,
    replicate: Any,
    step: Any,
    dt: Any,
    years: Any,
    organisation_kind: Any,
    organisation_place: Any,
    exposure_start: Any,
    exposure_provider: Any,
    exposure_weight: Any,
    payment_practice_funding_share: Any,
    demand_practice_capacity_growth: Any,
    pressure_base: Any,
    pressure_reversion: Any,
    pressure_noise: Any,
    pressure_occupancy_gain: Any,
    pressure_occupancy_weight: Any,
    pressure_occupancy_reference: Any,
    pressure_deficit_gain: Any,
    pressure_waiting_gain: Any,
    pressure_workload_gain: Any,
    pressure_funding_reference: Any,
    pressure_funding_power: Any,
) -> None:
    """Advance the pressure on every organisation, a mean-reverting process solved exactly over the step.

    Equation::

        target = p0 + p_occ weight(kind) (occ - occ_ref) + p_wait waiting + p_fin deficit + p_work workload
        dP     = theta_P (target - P) dt + sigma_P dW, kept in [0, 1]

    An organisation feels the occupancy of the hospitals that its patients use, by their shares. Workload, on
    practices only, is admissions of the place against general practice's own capacity, which grows with time and
    follows its share of funding::

        workload = A_p exp(-g_cap t) (reference share / share)^power - 1

    Mutates
    -------
    pressure (organisations, lanes): index in [0, 1]

    Source: E06 (BMJ15).
    """
    organisations, lanes = pressure.shape
    places = admissions.shape[0]
    kept = np.empty(lanes)
    spread = np.empty(lanes)
    overwork = np.empty((places, lanes))
    for lane in range(lanes):
        rate = pressure_reversion[lane]
        kept[lane] = math.exp(-rate * dt)
        spread[lane] = pressure_noise[lane] * math.sqrt((1.0 - math.exp(-2.0 * rate * dt)) / (2.0 * rate))
        funding = pressure_funding_reference[lane] / payment_practice_funding_share[lane]
        strain = (
            math.exp(-demand_practice_capacity_growth[lane] * years) * funding ** pressure_funding_power[lane]
        )
        for place in range(places):
            overwork[place, lane] = pressure_workload_gain[lane] * (admissions[place, lane] * strain - 1.0)
    felt = np.empty(lanes)
    queued = np.empty(lanes)
    shocks = np.empty((organisations, lanes))
    draws = draw_rows(seed, replicate, step, DECISION, 0, organisations)
    fill_normals(shocks.reshape(-1), draws.reshape(-1))
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
            target = (
                pressure_base[lane]
                + pressure_occupancy_gain[lane]
                * pressure_occupancy_weight[kind, lane]
                * (felt[lane] - pressure_occupancy_reference[lane])
                + pressure_waiting_gain[lane] * queued[lane]
                + pressure_deficit_gain[lane] * max(-margin[organisation, lane], 0.0)
                + works * overwork[place, lane]
            )
            settled = target + (pressure[organisation, lane] - target) * kept[lane]
            pressure[organisation, lane] = min(
                max(settled + spread[lane] * shocks[organisation, lane], 0.0), 1.0
            )
