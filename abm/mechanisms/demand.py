"""Demand: admissions grow, integration slows them, and hospitals fill up."""

import math
from typing import Any

import numpy as np

from abm.mechanisms.mechanism import mechanism


@mechanism(writes=("admissions", "outside_admissions", "occupancy", "waiting", "avoided"))
def demand(
    admissions: Any,
    outside_admissions: Any,
    occupancy: Any,
    waiting: Any,
    avoided: Any,
    implementation_past: Any,
    step: Any,
    dt: Any,
    years: Any,
    organisation_place: Any,
    occupancy_start: Any,
    outside_share: Any,
    flow_provider: Any,
    flow_place: Any,
    flow_of_provider: Any,
    pressure_demand_growth: Any,
    demand_integration_effect: Any,
    demand_effect_lag: Any,
    demand_emergency_bed_share: Any,
    demand_elective_growth: Any,
    demand_stay_growth: Any,
    demand_bed_growth: Any,
) -> None:
    """Advance admissions by place and occupancy and waiting by hospital.

    Equations, with I the implementation in place p half a year ago and r the share of hospital h's patients from p::

        A_p      *= exp(dt (g - eps I_p(t - lag)))
        A_h       = sum_p r_hp A_p + (share from outside) A_outside
        occupancy = start (s A_h + (1 - s) elective) exp((stay growth - bed growth) t)
        waiting   = max(0, waiting + dt (occupancy - 1))

    Occupancy is the demand for beds over beds and may pass 1: what does not fit becomes waiting and pressure, and is
    not clipped away. Its growth obeys the identity occupancy = admissions + length of stay - beds.

    Mutates
    -------
    admissions (places, lanes), outside_admissions (lanes,): index, 1 at the start
    occupancy, waiting (acute providers, lanes): share of beds; bed-years per bed
    avoided (organisations, lanes): hospital activity avoided, per year

    Sources: E05 (KF15); NHS England KH03 2010-18 for the trends.
    """
    slots = implementation_past.shape[0]
    places, lanes = admissions.shape
    providers = occupancy.shape[0]
    organisations = organisation_place.shape[0]
    slowed = np.empty((places, lanes))
    for lane in range(lanes):
        slot = max(step - 1 - int(demand_effect_lag[lane] / dt + 0.5), 0) % slots
        effect = demand_integration_effect[lane]
        growth = pressure_demand_growth[lane]
        for place in range(places):
            slowed[place, lane] = effect * implementation_past[slot, place, lane]
            admissions[place, lane] *= math.exp(dt * (growth - slowed[place, lane]))
        outside_admissions[lane] *= math.exp(dt * growth)
        for provider in range(providers):
            occupancy[provider, lane] = 0.0
            avoided[provider, lane] = 0.0
        for flow in range(flow_provider.shape[0]):
            provider, place, share = flow_provider[flow], flow_place[flow], flow_of_provider[flow]
            occupancy[provider, lane] += share * admissions[place, lane]
            avoided[provider, lane] += share * slowed[place, lane]
        emergency_share = demand_emergency_bed_share[lane]
        elective = math.exp(demand_elective_growth[lane] * years)
        trend = math.exp((demand_stay_growth[lane] - demand_bed_growth[lane]) * years)
        for provider in range(providers):
            emergency = occupancy[provider, lane] + outside_share[provider] * outside_admissions[lane]
            mix = emergency_share * emergency + (1.0 - emergency_share) * elective
            occupancy[provider, lane] = occupancy_start[provider] * mix * trend
            waiting[provider, lane] = max(
                0.0, waiting[provider, lane] + dt * (occupancy[provider, lane] - 1.0)
            )
    for organisation in range(providers, organisations):
        place = organisation_place[organisation]
        for lane in range(lanes):
            avoided[organisation, lane] = slowed[place, lane]
