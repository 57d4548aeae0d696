"""Effort: the time leaders give to work across organisations."""

from typing import Any

import numpy as np

from abm.mechanisms.arithmetic import exponential, logistic
from abm.mechanisms.mechanism import mechanism


@mechanism(writes=("effort",))
def effort(
    effort: Any,
    orientation: Any,
    pressure: Any,
    list_size: Any,
    organisation_kind: Any,
    population_served: Any,
    leadership_effort: Any,
    effort_capacity: Any,
    effort_capacity_power: Any,
    effort_reference_population: Any,
    effort_own_initiative: Any,
    effort_sponsored: Any,
    effort_sponsored_base: Any,
    effort_fortress_depth: Any,
    effort_fortress_threshold: Any,
    effort_fortress_steepness: Any,
) -> None:
    """Set every organisation's outward effort.

    Equation, with L the lever of sustained leadership effort::

        E        = capacity (e0 O + w L (b + O)) (1 - f fortress(P))
        capacity = capacity(kind) (population served / reference)^power(kind)
        fortress = logistic(P_s (P - P_th))

    A closed practice gives none.

    Mutates
    -------
    effort (organisations, lanes): contacts a year

    Sources: E01 (KF15), E06 (BMJ15).
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
            sponsored = (
                effort_sponsored[lane] * leadership_effort[lane] * (effort_sponsored_base[lane] + outward)
            )
            invested = effort_own_initiative[lane] * outward + sponsored
            given = effort_capacity[kind, lane] * scale[organisation, 0 if is_alike else lane] * invested
            open_for_work = 1.0 if list_size[organisation, lane] > 0.0 else 0.0
            withheld = effort_fortress_depth[lane] * fortress[organisation, lane]
            effort[organisation, lane] = open_for_work * given * (1.0 - withheld)
