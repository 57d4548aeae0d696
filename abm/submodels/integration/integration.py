"""Integration: with a board, engaged practices, permission and trust, integrated care spreads; without, it erodes.

With a board, engaged practices, permission and trust integrated care spreads; without, it erodes (E02, E04, E09,
E15, E20, E21).

::

    mandate >= 0.5:  scope <- 1
    otherwise:       scope <- max(scope, first cohort), then
                     scope <- 1 - (1 - scope) exp(-phi board min(I / scope, 1) dt)
                     [I of the step before; not while delayed]
    acting     = 1 under a mandate, else engagement_p
    T_b        = 0.5 (B_p + engagement trust_p)
    permission = min(1, m_0 + m_F F + m_1 single)                                       without a population contract
               = min(1, m_0 + m_F F qualified_p + m_N qualified_p + m_1 single)         with one
    growth     = r (1 + m_O outcomes qualified_p) board clip((acting - g_0) / g_1)
                 permission clip((T_b - t_0) / t_1),  0 while delay > 0
    erosion    = e (clip((t_e - T_b) / t_2) + e_1 (1 - board))
    rate       = growth + erosion
    I         <- I_eq + (I - I_eq) exp(-rate dt),  I_eq = growth scope / rate        [only where rate > 0]

A population contract is held by networks, so that flexibility reaches only the people whose network qualifies. A
mandate gives coverage at once and engagement on paper, but growth still needs trust.

Tests
-----
tests/patterns/test_lever_signs.py : flexibility, population contract, single organisation, first cohort
tests/patterns/test_scenarios.py : leadership with reform, mandate

Symbols
-------
single : form.single_organisation
population contract : contracting.population_contract
outcomes : contracting.outcomes_share
r : integration.growth
e : integration.erosion
e_1 : integration.boardless_erosion
g_0 : integration.engagement_floor
g_1 : integration.engagement_span
t_0 : integration.trust_floor
t_1 : integration.trust_span
t_e : integration.erosion_trust
t_2 : integration.erosion_span
m_0 : integration.permission_core
m_F : integration.permission_flexibility
m_1 : integration.permission_single
m_N : integration.permission_network
m_O : integration.outcomes_gain
phi : integration.roll_out
"""

import math

from abm.core.arithmetic import clip, drawn_towards, weighted_mean
from abm.core.declaration import Submodel, field, measure, mechanism, start, tally
from abm.core.kernels import inlined
from abm.core.vocabulary import RECENT_STEP
from abm.world.vocabulary import PLACE

submodel = Submodel("integration", records="integration.yaml")

SWITCHED_ON = 0.5
"""The setting of a switch from which it holds."""

STATE = (
    field(
        "implementation",
        axes=(PLACE,),
        unit="share",
        low=0,
        high=1,
        definition="Integrated care in operation",
    ),
    field(
        "scope",
        axes=(PLACE,),
        unit="share of people",
        low=0,
        high=1,
        definition="Population that integrated care is meant to reach",
    ),
    field(
        "implementation_past",
        axes=(RECENT_STEP, PLACE),
        unit="share",
        low=0,
        high=1,
        span="demand.effect_lag",
        definition="Implementation at the end of recent steps",
    ),
)

MEASURES = (
    measure(
        "implementation",
        label="Implementation",
        unit="share",
        low=0,
        high=1,
        group="Working together",
        definition="Integrated care in operation, by registered people",
    ),
    measure(
        "scope",
        label="Scope",
        unit="share of people",
        low=0,
        high=1,
        definition="Population that integrated care is meant to reach",
    ),
    measure("depth", label="Depth", unit="share", low=0, high=1, definition="Implementation over scope"),
)


@inlined
def permission(core, flexible, single_organisation):
    """Return how far contracts permit integrated care, at most 1: m_0 + m_F F + m_1 single."""
    return min(1.0, core + flexible + single_organisation)


@inlined
def ramp(level, floor, span):
    """Return 0 up to a floor, 1 from a span above it, and linearly more between."""
    return clip((level - floor) / span)


@inlined
def widened(scope, pace, dt):
    """Return the scope after a time of roll-out: 1 - (1 - scope) exp(-pace dt)."""
    return 1.0 - (1.0 - scope) * math.exp(-pace * dt)


@start(writes=("scope",), is_kernel=True)
def first_scope(scope, form_mandate, form_first_cohort):
    """Set scope to the first cohort, or to everybody under a mandate."""
    for place in range(scope.shape[0]):
        for lane in range(scope.shape[1]):
            is_mandated = form_mandate[lane] >= SWITCHED_ON
            scope[place, lane] = 1.0 if is_mandated else form_first_cohort[lane]


@mechanism(writes=("implementation", "scope", "implementation_past"), is_kernel=True)
def integration(
    implementation,
    scope,
    implementation_past,
    board,
    board_trust,
    engagement,
    engagement_trust,
    qualified,
    delay,
    step,
    dt,
    contracting_flexibility,
    contracting_population_contract,
    contracting_outcomes_share,
    form_single_organisation,
    form_mandate,
    form_first_cohort,
    integration_growth,
    integration_erosion,
    integration_boardless_erosion,
    integration_engagement_floor,
    integration_engagement_span,
    integration_trust_floor,
    integration_trust_span,
    integration_erosion_trust,
    integration_erosion_span,
    integration_permission_core,
    integration_permission_flexibility,
    integration_permission_single,
    integration_permission_network,
    integration_outcomes_gain,
    integration_roll_out,
):
    """Advance scope and implementation of integrated care in every place, solved exactly over the step.

    Mutates
    -------
    implementation, scope (places, lanes): shares in [0, 1]
    implementation_past (slots, places, lanes): implementation at the end of recent steps
    """
    places, lanes = implementation.shape
    slot = step % implementation_past.shape[0]
    for place in range(places):
        for lane in range(lanes):
            stands = board[place, lane]
            is_mandated = form_mandate[lane] >= SWITCHED_ON
            reached = implementation[place, lane]
            if is_mandated:
                scope[place, lane] = 1.0
            else:
                width = max(scope[place, lane], form_first_cohort[lane])
                pace = integration_roll_out[lane] * stands * min(reached / width, 1.0)
                if delay[place, lane] > 0.0:
                    pace = 0.0
                scope[place, lane] = widened(width, pace, dt)
            acting = 1.0 if is_mandated else engagement[place, lane]
            level = 0.5 * (board_trust[place, lane] + engagement_trust[place, lane])
            carried = qualified[place, lane]
            flexible = integration_permission_flexibility[lane] * contracting_flexibility[lane]
            if contracting_population_contract[lane] >= SWITCHED_ON:
                flexible = flexible * carried + integration_permission_network[lane] * carried
            permitted = permission(
                integration_permission_core[lane],
                flexible,
                integration_permission_single[lane] * form_single_organisation[lane],
            )
            growth = 0.0
            if delay[place, lane] == 0.0:
                growth = (
                    integration_growth[lane]
                    * (1.0 + integration_outcomes_gain[lane] * contracting_outcomes_share[lane] * carried)
                    * stands
                    * ramp(acting, integration_engagement_floor[lane], integration_engagement_span[lane])
                    * permitted
                    * ramp(level, integration_trust_floor[lane], integration_trust_span[lane])
                )
            erosion = integration_erosion[lane] * (
                clip((integration_erosion_trust[lane] - level) / integration_erosion_span[lane])
                + integration_boardless_erosion[lane] * (1.0 - stands)
            )
            rate = growth + erosion
            if rate > 0.0:
                settled = growth * scope[place, lane] / rate
                reached = drawn_towards(settled, reached, math.exp(-rate * dt))
            implementation[place, lane] = reached
            implementation_past[slot, place, lane] = reached


@tally(fills=("implementation", "scope", "depth"), is_kernel=True)
def tally_integration(fill_implementation, fill_scope, fill_depth, implementation, scope, population):
    """Measure integrated care, by people."""
    weighted_mean(implementation, population, fill_implementation)
    weighted_mean(scope, population, fill_scope)
    for lane in range(fill_depth.size):
        fill_depth[lane] = fill_implementation[lane] / fill_scope[lane]
