"""Leadership: leaders turn outwards or inwards, and leave."""

import math
from typing import Any

import numpy as np

from abm.draws import Decision, beta_quantile, draw_rows, uniform
from abm.mechanisms.kinds import ACUTE
from abm.mechanisms.mechanism import mechanism

EXIT = np.uint32(Decision.EXIT)
SUCCESSOR = np.uint32(Decision.SUCCESSOR)


@mechanism(writes=("orientation", "tenure", "exits"))
def leadership(
    orientation: Any,
    tenure: Any,
    exits: Any,
    pressure: Any,
    visible: Any,
    seed: Any,
    replicate: Any,
    step: Any,
    dt: Any,
    organisation_kind: Any,
    organisation_place: Any,
    flow_provider: Any,
    flow_place: Any,
    flow_of_provider: Any,
    orientation_quantiles: Any,
    regulation_system_weight: Any,
    leadership_effort: Any,
    leadership_development: Any,
    leadership_turnover: Any,
    form_hospital_network: Any,
    convening_showcase: Any,
    leadership_turnover_factor: Any,
    leadership_turnover_pressure: Any,
    leadership_development_drift: Any,
    leadership_regulation_drift: Any,
    leadership_effort_drift: Any,
    leadership_network_drift: Any,
    leadership_showcase_drift: Any,
    leadership_orientation_decay: Any,
) -> None:
    """Let orientations drift, then let leaders leave and successors arrive.

    Equations, with V development, R whole-system regulation, L effort, N a network of distant hospitals and S the
    showcase of success that is visible from the home place (for hospitals, from their patients' places)::

        dO/dt  = (o_D V + o_R R + o_L L + o_N N + o_S S visible) (1 - O) - o_0 O
        hazard = turnover factor(kind) (1 + h_P max(P - 0.5, 0))

    A successor's orientation is drawn from Beta(alpha, beta).

    Mutates
    -------
    orientation (organisations, lanes): 0 fortress to 1 system leader
    tenure (organisations, lanes): years
    exits (organisations, lanes): 1 where the leader left in this step, else 0

    Sources: E01, E02 (KF15), E13 (FCN14), E17 (ST14), E23 (NHE14); turnover from the tenure of chief executives.
    """
    organisations, lanes = orientation.shape
    kinds = leadership_turnover_factor.shape[0]
    providers = flow_provider.max() + 1
    drift = np.empty((kinds, lanes))
    for kind in range(kinds):
        networked = 1.0 if kind == ACUTE else 0.0
        for lane in range(lanes):
            drift[kind, lane] = (
                leadership_development_drift[lane] * leadership_development[lane]
                + leadership_regulation_drift[lane] * regulation_system_weight[lane]
                + leadership_effort_drift[lane] * leadership_effort[lane]
                + networked * leadership_network_drift[lane] * form_hospital_network[lane]
            )
    seen = np.zeros((providers, lanes))
    patients = np.zeros(providers)
    for flow in range(flow_provider.shape[0]):
        provider, place = flow_provider[flow], flow_place[flow]
        patients[provider] += flow_of_provider[flow]
        for lane in range(lanes):
            seen[provider, lane] += flow_of_provider[flow] * visible[place, lane]
    for provider in range(providers):
        for lane in range(lanes):
            seen[provider, lane] /= patients[provider]
    settled = np.empty((kinds, lanes))
    kept = np.empty((kinds, lanes))
    for kind in range(kinds):
        for lane in range(lanes):
            rate = drift[kind, lane] + leadership_orientation_decay[lane]
            settled[kind, lane] = drift[kind, lane] / rate if rate > 0.0 else 0.0
            kept[kind, lane] = math.exp(-rate * dt)
    draws = draw_rows(seed, replicate, step, EXIT, 0, organisations)
    for organisation in range(organisations):
        kind = organisation_kind[organisation]
        for lane in range(lanes):
            strain = max(pressure[organisation, lane] - 0.5, 0.0)
            hazard = (
                leadership_turnover[lane]
                * leadership_turnover_factor[kind, lane]
                * (1.0 + leadership_turnover_pressure[lane] * strain)
            )
            u = draws[organisation, lane]
            # No exponential for most: the chance of an exit is never above hazard x dt.
            if u < hazard * dt and u < 1.0 - math.exp(-hazard * dt):
                v = uniform(seed[lane], replicate[lane], step, SUCCESSOR, organisation)
                orientation[organisation, lane] = beta_quantile(v, orientation_quantiles, lane)
                tenure[organisation, lane] = 0.0
                exits[organisation, lane] = 1.0
            else:
                stable = settled[kind, lane]
                memory = kept[kind, lane]
                if convening_showcase[lane] > 0.0:
                    view = visible[organisation_place[organisation], lane]
                    if kind == ACUTE:
                        view = seen[organisation, lane]
                    shown = (
                        drift[kind, lane] + leadership_showcase_drift[lane] * convening_showcase[lane] * view
                    )
                    rate = shown + leadership_orientation_decay[lane]
                    stable = shown / rate if rate > 0.0 else 0.0
                    memory = math.exp(-rate * dt)
                orientation[organisation, lane] = stable + (orientation[organisation, lane] - stable) * memory
                tenure[organisation, lane] += dt
                exits[organisation, lane] = 0.0
