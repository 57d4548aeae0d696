"""Leadership: leaders turn outwards or inwards, and leave.

Leaders drift outwards or inwards, and leave (E01, E02, E13, E17).

::

    hazard = h_0 factor_k (1 + h_P max(P - 0.5, 0)) / ((1 + h_P u) (1 + m))      [m = 0 for practices]
    exit   = u(EXIT) < 1 - exp(-hazard dt)
    up     = o_D V + o_R R + o_L L + o_S show seen  (+ o_N N for a hospital)
    seen   = visible_home;  for a hospital  sum_p r_hp visible_p / sum_p r_hp
    O_eq   = up / (up + o_0), 0 if both are 0
    no exit:  O <- O_eq + (O - O_eq) exp(-(up + o_0) dt),  tenure <- tenure + dt
    exit:     O <- Beta(alpha_O, beta_O) by u(SUCCESSOR),  tenure <- 0

With u, the mean excess of pressure in usual times, h_0 is the rate at which leaders leave on average, and not that of
leaders without pressure; m is the share of posts that leaders of partners take over, who leave one behind (`moves`).
Both are 0 by default.

Tests
-----
tests/unit/test_showcase.py : drift by what is seen
tests/unit/test_moves.py : as many leave as the lever says, at usual pressure
tests/unit/test_moves.py : as many leave as the lever says, at usual pressure
tests/patterns/test_lever_signs.py : development, turnover, showcase
tests/patterns/test_scenarios.py : regulation

Symbols
-------
h_0 : leadership.turnover
V : leadership.development
R : regulation.system_weight
L : leadership.effort
factor : leadership.turnover_factor
h_P : leadership.turnover_pressure
u : leadership.turnover_usual
m : leadership.local_share
o_D : leadership.development_drift
o_R : leadership.regulation_drift
o_L : leadership.effort_drift
o_N : leadership.network_drift
show : convening.showcase
o_S : leadership.showcase_drift
o_0 : leadership.orientation_decay
"""

import math

import numpy as np

from abm.core.arithmetic import chance_within, drawn_towards, mean_of_present
from abm.core.declaration import Submodel, decision, field, measure, mechanism, start, table, tally
from abm.core.draws import beta_quantile, beta_table, draw_rows, uniform
from abm.core.kernels import inlined
from abm.core.vocabulary import MONTHS_PER_YEAR
from abm.world.kinds import ACUTE, PRACTICE
from abm.world.vocabulary import ORGANISATION

submodel = Submodel("leadership", records="leadership.yaml")

FIRST_ORIENTATION = decision("leadership.first_orientation", number=2)
FIRST_TENURE = decision("leadership.first_tenure", number=3)
EXIT = decision("leadership.exit", number=5)
SUCCESSOR = decision("leadership.successor", number=6)

LONGEST_TENURE_YEARS = 30.0
UNTROUBLED = 0.5
"""Pressure below which nobody leaves because of it."""

STATE = (
    field(
        "orientation",
        axes=(ORGANISATION,),
        unit="index",
        low=0,
        high=1,
        definition="0 fortress to 1 system leader",
    ),
    field("tenure", axes=(ORGANISATION,), unit="years", low=0, definition="Time since the leader arrived"),
    field(
        "exits",
        axes=(ORGANISATION,),
        unit="0 or 1",
        low=0,
        high=1,
        definition="Whether the leader left in this step",
        is_carried=False,
    ),
)

orientation_quantiles = table(
    "orientation_quantiles", beta_table, of=("leadership.orientation_alpha", "leadership.orientation_beta")
)

MEASURES = (
    measure(
        "orientation",
        label="Outward orientation",
        unit="index",
        low=0,
        high=1,
        definition="Mean orientation of leaders, 0 fortress to 1 system leader",
    ),
    measure(
        "exits",
        label="Leaders who left",
        unit="number in the month",
        low=0,
        is_flow=True,
        definition="Leaders who left in the month",
    ),
    measure(
        "turnover",
        label="Turnover of chief executives",
        unit="per year",
        low=0,
        is_flow=True,
        definition=(
            "Leaders who left in the month among those of organisations other than practices, by their number, "
            "times twelve"
        ),
    ),
)


@inlined
def exit_hazard(turnover, factor, pressure_effect, pressure):
    """Return the yearly rate at which a leader leaves: h_0 factor (1 + h_P max(P - 0.5, 0))."""
    return turnover * factor * (1.0 + pressure_effect * max(pressure - UNTROUBLED, 0.0))


@inlined
def realised_per_hazard(pressure_effect, usual_excess, local_share):
    """Return how often leaders leave in usual times per rate h_0: by pressure and by moves, (1 + h_P u) (1 + m)."""
    return (1.0 + pressure_effect * usual_excess) * (1.0 + local_share)


@inlined
def settled_orientation(drift, decay):
    """Return where an orientation tends: drift / (drift + decay), 0 if both are 0."""
    rate = drift + decay
    return drift / rate if rate > 0.0 else 0.0


@start(writes=("orientation", "tenure"), is_kernel=True)
def first_leaders(orientation, tenure, seed, replicate, orientation_quantiles, leadership_turnover):
    """Draw who leads at the start, and since when.

    Mutates
    -------
    orientation (organisations, lanes): 0 fortress to 1 system leader
    tenure (organisations, lanes): years
    """
    organisations, lanes = orientation.shape
    for organisation in range(organisations):
        for lane in range(lanes):
            u = uniform(seed[lane], replicate[lane], 0, FIRST_ORIENTATION, organisation)
            orientation[organisation, lane] = beta_quantile(u, orientation_quantiles, lane)
            if leadership_turnover[lane] > 0.0:
                v = uniform(seed[lane], replicate[lane], 0, FIRST_TENURE, organisation)
                tenure[organisation, lane] = min(-np.log(v) / leadership_turnover[lane], LONGEST_TENURE_YEARS)


@mechanism(writes=("orientation", "tenure", "exits"), is_kernel=True)
def leadership(
    orientation,
    tenure,
    exits,
    pressure,
    visible,
    seed,
    replicate,
    step,
    dt,
    organisation_kind,
    organisation_place,
    flow_provider,
    flow_place,
    flow_of_provider,
    orientation_quantiles,
    regulation_system_weight,
    leadership_effort,
    leadership_development,
    leadership_turnover,
    form_hospital_network,
    convening_showcase,
    leadership_turnover_factor,
    leadership_turnover_pressure,
    leadership_turnover_usual,
    leadership_local_share,
    leadership_development_drift,
    leadership_regulation_drift,
    leadership_effort_drift,
    leadership_network_drift,
    leadership_showcase_drift,
    leadership_orientation_decay,
):
    """Update orientations, then replace leaders who leave by successors.

    Mutates
    -------
    orientation (organisations, lanes): 0 fortress to 1 system leader
    tenure (organisations, lanes): years
    exits (organisations, lanes): 1 where the leader left in this step, else 0
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
            decay = leadership_orientation_decay[lane]
            settled[kind, lane] = settled_orientation(drift[kind, lane], decay)
            kept[kind, lane] = math.exp(-(drift[kind, lane] + decay) * dt)
    realised = np.empty((kinds, lanes))
    for kind in range(kinds):
        for lane in range(lanes):
            realised[kind, lane] = realised_per_hazard(
                leadership_turnover_pressure[lane],
                leadership_turnover_usual[lane],
                leadership_local_share[lane] if kind != PRACTICE else 0.0,
            )
    draws = draw_rows(seed, replicate, step, EXIT, 0, organisations)
    for organisation in range(organisations):
        kind = organisation_kind[organisation]
        for lane in range(lanes):
            hazard = exit_hazard(
                leadership_turnover[lane],
                leadership_turnover_factor[kind, lane],
                leadership_turnover_pressure[lane],
                pressure[organisation, lane],
            )
            hazard /= realised[kind, lane]
            u = draws[organisation, lane]
            # No exponential for most: the chance of an exit is never above hazard x dt.
            if u < hazard * dt and u < chance_within(hazard, dt):
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
                    decay = leadership_orientation_decay[lane]
                    stable = settled_orientation(shown, decay)
                    memory = math.exp(-(shown + decay) * dt)
                orientation[organisation, lane] = drawn_towards(
                    stable, orientation[organisation, lane], memory
                )
                tenure[organisation, lane] += dt
                exits[organisation, lane] = 0.0


@tally(fills=("orientation", "exits", "turnover"), is_kernel=True)
def tally_leadership(
    fill_orientation, fill_exits, fill_turnover, orientation, exits, list_size, organisation_kind
):
    """Measure the orientation of leaders of open organisations, and count those who left."""
    mean_of_present(orientation, list_size, fill_orientation)
    fill_exits[:] = 0.0
    fill_turnover[:] = 0.0
    posts = 0
    for organisation in range(exits.shape[0]):
        is_chief = organisation_kind[organisation] != PRACTICE
        posts += 1 if is_chief else 0
        for lane in range(exits.shape[1]):
            is_open = 1.0 if list_size[organisation, lane] > 0.0 else 0.0
            fill_exits[lane] += is_open * exits[organisation, lane]
            fill_turnover[lane] += exits[organisation, lane] if is_chief else 0.0
    for lane in range(exits.shape[1]):
        fill_turnover[lane] *= MONTHS_PER_YEAR / posts
