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
    for organisation in range(organisations):
        kind = organisation_kind[organisation]
        for lane in range(lanes):
            outward = orientation[organisation, lane]
            sponsored = (
                effort_sponsored[lane] * leadership_effort[lane] * (effort_sponsored_base[lane] + outward)
            )
            strain = pressure[organisation, lane] - effort_fortress_threshold[lane]
            fortress = logistic(effort_fortress_steepness[lane] * strain)
            invested = effort_own_initiative[lane] * outward + sponsored
            scale = exponential(
                effort_capacity_power[kind, lane] * (log_served[organisation] - log_reference[lane])
            )
            given = effort_capacity[kind, lane] * scale * invested
            open_for_work = 1.0 if list_size[organisation, lane] > 0.0 else 0.0
            effort[organisation, lane] = (
                open_for_work * given * (1.0 - effort_fortress_depth[lane] * fortress)
            )
