"""Demand: admissions grow, integration slows them, and hospitals fill up.

Emergency admissions grow; implementation of half a year ago slows them; the demand for beds follows from
admissions, elective work, length of stay and beds (E05).

::

    m      = floor(lag / dt + 1/2)
    I'_p   = implementation of place p at the end of step max(n - 1 - m, 0)
    A_p   <- A_p exp(dt (g - eps I'_p))
    A_out <- A_out exp(dt g)
    E_h    = sum_p r_hp A_p + (share of patients from outside)_h A_out
    occ_h  = occ_h(0) (s E_h + (1 - s) exp(g_el t)) exp((g_stay - g_beds) t)
    W_h   <- max(0, W_h + dt (occ_h - 1))
    v_i    = eps sum_p r_ip I'_p    for a hospital
    v_i    = eps I'_home            for any other organisation

`v` is hospital activity avoided per year. Occupancy is not clipped at 1: what does not fit becomes waiting and
pressure (decision 0008). Integrated care slows the growth of admissions; it closes no bed.

Tests
-----
tests/patterns/test_lever_signs.py : growth of demand
tests/patterns/test_scenarios.py : slower growth of admissions under an extended team

Symbols
-------
g : pressure.demand_growth
eps : demand.integration_effect
lag : demand.effect_lag
s : demand.emergency_bed_share
g_el : demand.elective_growth
g_stay : demand.stay_growth
g_beds : demand.bed_growth
"""

import math

import numpy as np

from abm.core.arithmetic import weighted_mean
from abm.core.declaration import Submodel, field, measure, mechanism, tally
from abm.core.kernels import inlined
from abm.world.vocabulary import ACUTE_PROVIDER, ORGANISATION, PLACE

submodel = Submodel("demand", records="demand.yaml")

STATE = (
    field(
        "admissions",
        axes=(PLACE,),
        unit="index, 1 at the start",
        low=0,
        start=1.0,
        definition="Emergency admissions of residents",
    ),
    field(
        "outside_admissions",
        axes=(),
        unit="index, 1 at the start",
        low=0,
        start=1.0,
        definition="Emergency admissions from elsewhere",
    ),
    field(
        "waiting",
        axes=(ACUTE_PROVIDER,),
        unit="bed-years per bed",
        low=0,
        definition="Demand that found no bed and waits",
    ),
    field(
        "occupancy",
        axes=(ACUTE_PROVIDER,),
        unit="share of beds",
        low=0,
        start="occupancy_start",
        definition="Demand for beds over beds",
        is_carried=False,
    ),
    field(
        "avoided",
        axes=(ORGANISATION,),
        unit="per year",
        low=0,
        definition="Hospital activity avoided",
        is_carried=False,
    ),
)

MEASURES = (
    measure(
        "admissions",
        label="Emergency admissions",
        unit="index, 1 at the start",
        low=0,
        group="Use of hospitals",
        definition="Emergency admissions of residents",
    ),
    measure(
        "occupancy",
        label="Bed occupancy",
        unit="share of beds",
        low=0,
        group="Use of hospitals",
        definition="Demand for beds over beds, by beds; above 1 what does not fit waits",
    ),
    measure(
        "waiting",
        label="Waiting",
        unit="bed-years per bed",
        low=0,
        definition="Demand that found no bed and waits, by beds",
    ),
)


@inlined
def grown(level, growth, dt):
    """Return what grows at a rate after a time: level exp(dt growth)."""
    return level * math.exp(dt * growth)


@inlined
def bed_demand(occupancy_start, emergency, elective, emergency_share, trend):
    """Return the demand for beds over beds: start (s emergency + (1 - s) elective) trend; it may pass 1."""
    return occupancy_start * (emergency_share * emergency + (1.0 - emergency_share) * elective) * trend


@inlined
def queued(waiting, occupancy, dt):
    """Return what waits after a time in which demand did or did not fit: max(0, W + dt (occupancy - 1))."""
    return max(0.0, waiting + dt * (occupancy - 1.0))


@mechanism(writes=("admissions", "outside_admissions", "occupancy", "waiting", "avoided"), is_kernel=True)
def demand(
    admissions,
    outside_admissions,
    occupancy,
    waiting,
    avoided,
    implementation_past,
    step,
    dt,
    years,
    organisation_place,
    occupancy_start,
    outside_share,
    flow_provider,
    flow_place,
    flow_of_provider,
    pressure_demand_growth,
    demand_integration_effect,
    demand_effect_lag,
    demand_emergency_bed_share,
    demand_elective_growth,
    demand_stay_growth,
    demand_bed_growth,
):
    """Advance admissions by place and occupancy and waiting by hospital.

    Mutates
    -------
    admissions (places, lanes), outside_admissions (lanes,): index, 1 at the start
    occupancy, waiting (acute providers, lanes): share of beds; bed-years per bed
    avoided (organisations, lanes): hospital activity avoided, per year
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
            admissions[place, lane] = grown(admissions[place, lane], growth - slowed[place, lane], dt)
        outside_admissions[lane] = grown(outside_admissions[lane], growth, dt)
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
            occupancy[provider, lane] = bed_demand(
                occupancy_start[provider], emergency, elective, emergency_share, trend
            )
            waiting[provider, lane] = queued(waiting[provider, lane], occupancy[provider, lane], dt)
    for organisation in range(providers, organisations):
        place = organisation_place[organisation]
        for lane in range(lanes):
            avoided[organisation, lane] = slowed[place, lane]


@tally(fills=("admissions", "occupancy", "waiting"), is_kernel=True)
def tally_demand(
    fill_admissions, fill_occupancy, fill_waiting, admissions, occupancy, waiting, population, beds
):
    """Measure admissions by people, and crowding of hospitals by beds."""
    weighted_mean(admissions, population, fill_admissions)
    weighted_mean(occupancy, beds, fill_occupancy)
    weighted_mean(waiting, beds, fill_waiting)
