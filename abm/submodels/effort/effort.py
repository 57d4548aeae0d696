"""Effort: the time leaders give to work across organisations.

Leaders invest on their own account and as sponsored; a fortress keeps most of it at home (E01, E06).

::

    capacity = vigour C_k (population served / N_ref)^power_k
    fortress = logistic(P_s (P - P_th))
    E        = capacity (e_0 O + w L (b_0 + O)) (1 - f fortress)        contacts per year; 0 for a closed practice

Tests
-----
tests/patterns/test_lever_signs.py : `leadership.effort`
tests/patterns/test_scenarios.py : fortresses under austerity and fast growth of demand

Symbols
-------
C_k : effort.capacity
power_k : effort.capacity_power
N_ref : effort.reference_population
e_0 : effort.own_initiative
w : effort.sponsored
b_0 : effort.sponsored_base
f : effort.fortress_depth
P_th : effort.fortress_threshold
P_s : effort.fortress_steepness
"""

import numpy as np

from abm.core.arithmetic import exponential, logistic, mean_of_present
from abm.core.declaration import Submodel, field, measure, mechanism, tally
from abm.core.kernels import inlined
from abm.world.vocabulary import ORGANISATION

submodel = Submodel("effort", records="effort.yaml")

STATE = (
    field(
        "effort",
        axes=(ORGANISATION,),
        unit="contacts per year",
        low=0,
        definition="Time for work across organisations",
        is_carried=False,
    ),
)

MEASURES = (
    measure(
        "effort",
        label="Outward effort",
        unit="contacts per year",
        low=0,
        definition="Mean effort over organisations",
    ),
    measure(
        "fortress",
        label="Fortresses",
        unit="share",
        low=0,
        high=1,
        definition="Share of organisations whose pressure is above the fortress threshold",
    ),
)


@inlined
def invested_share(orientation, own_initiative, sponsored, sponsored_base, leadership_effort):
    """Return the share of capacity that a leader invests: e_0 O + w L (b_0 + O)."""
    return own_initiative * orientation + sponsored * leadership_effort * (sponsored_base + orientation)


@mechanism(writes=("effort",), settles=True, is_kernel=True)
def effort(
    effort,
    orientation,
    pressure,
    vigour,
    list_size,
    organisation_kind,
    population_served,
    leadership_effort,
    effort_capacity,
    effort_capacity_power,
    effort_reference_population,
    effort_own_initiative,
    effort_sponsored,
    effort_sponsored_base,
    effort_fortress_depth,
    effort_fortress_threshold,
    effort_fortress_steepness,
):
    """Set every organisation's outward effort.

    Mutates
    -------
    effort (organisations, lanes): contacts a year
    """
    organisations, lanes = effort.shape
    log_served = np.log(population_served)
    log_reference = np.log(effort_reference_population)
    # Runs of one point of a sweep share these parameters, and then what follows from them.
    has_one_power = (effort_capacity_power == effort_capacity_power[:, :1]).all()
    is_alike = has_one_power and (log_reference == log_reference[0]).all()
    scale = np.empty((organisations, 1 if is_alike else lanes))
    fortress = np.empty((organisations, lanes))
    for organisation in range(organisations):
        kind = organisation_kind[organisation]
        for lane in range(scale.shape[1]):
            served = log_served[organisation] - log_reference[lane]
            scale[organisation, lane] = effort_capacity_power[kind, lane] * served
        for lane in range(lanes):
            strain = pressure[organisation, lane] - effort_fortress_threshold[lane]
            fortress[organisation, lane] = effort_fortress_steepness[lane] * strain
    every_scale, every_fortress = scale.reshape(-1), fortress.reshape(-1)
    for entry in range(every_scale.size):
        every_scale[entry] = exponential(every_scale[entry])
    for entry in range(every_fortress.size):
        every_fortress[entry] = logistic(every_fortress[entry])
    for organisation in range(organisations):
        kind = organisation_kind[organisation]
        for lane in range(lanes):
            outward = orientation[organisation, lane]
            invested = invested_share(
                outward,
                effort_own_initiative[lane],
                effort_sponsored[lane],
                effort_sponsored_base[lane],
                leadership_effort[lane],
            )
            given = effort_capacity[kind, lane] * scale[organisation, 0 if is_alike else lane] * invested
            open_for_work = 1.0 if list_size[organisation, lane] > 0.0 else 0.0
            withheld = effort_fortress_depth[lane] * fortress[organisation, lane]
            able = open_for_work * vigour[organisation, lane]
            effort[organisation, lane] = able * given * (1.0 - withheld)


@tally(fills=("effort", "fortress"), is_kernel=True)
def tally_effort(fill_effort, fill_fortress, effort, pressure, list_size, effort_fortress_threshold):
    """Measure effort over open organisations, and the share of them that pressure makes fortresses."""
    organisations, lanes = effort.shape
    mean_of_present(effort, list_size, fill_effort)
    fill_fortress[:] = 0.0
    present = np.zeros(lanes)
    for organisation in range(organisations):
        for lane in range(lanes):
            is_open = 1.0 if list_size[organisation, lane] > 0.0 else 0.0
            present[lane] += is_open
            level = is_open * pressure[organisation, lane]
            fill_fortress[lane] += 1.0 if level > effort_fortress_threshold[lane] else 0.0
    for lane in range(lanes):
        fill_fortress[lane] /= present[lane]
