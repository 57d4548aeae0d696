"""Integration: with a board, engaged practices, permission and trust, integrated care spreads; without, it erodes."""

import math
from typing import Any

from abm.mechanisms.arithmetic import clip
from abm.mechanisms.mechanism import mechanism


@mechanism(writes=("implementation", "scope", "implementation_past"))
def integration(
    implementation: Any,
    scope: Any,
    implementation_past: Any,
    board: Any,
    board_trust: Any,
    engagement: Any,
    engagement_trust: Any,
    qualified: Any,
    delay: Any,
    step: Any,
    dt: Any,
    contracting_flexibility: Any,
    contracting_population_contract: Any,
    contracting_outcomes_share: Any,
    form_single_organisation: Any,
    form_mandate: Any,
    form_first_cohort: Any,
    integration_growth: Any,
    integration_erosion: Any,
    integration_boardless_erosion: Any,
    integration_engagement_floor: Any,
    integration_engagement_span: Any,
    integration_trust_floor: Any,
    integration_trust_span: Any,
    integration_erosion_trust: Any,
    integration_erosion_span: Any,
    integration_permission_core: Any,
    integration_permission_flexibility: Any,
    integration_permission_single: Any,
    integration_permission_network: Any,
    integration_outcomes_gain: Any,
    integration_roll_out: Any,
) -> None:
    """Advance scope and implementation of integrated care in every place, solved exactly over the step.

    Equations, with b the board and T_b the mean of board trust and engagement trust::

        permission = min(1, core + flexibility F + single organisation)
                     min(1, core + (flexibility F + network) qualified + single organisation)
        growth     = r (1 + gain x outcomes x qualified) b permission
                     x clip((engaged - floor) / span) clip((T_b - floor) / span)
        erosion    = e (clip((T_e - T_b) / span) + boardless (1 - b))
        dI/dt      = growth (scope - I) - erosion I
        scope     >= first cohort
        dscope/dt  = roll_out b (I / scope) (1 - scope)

    The second form of permission holds under a population-based contract, which only networks can carry. A mandate
    counts every practice as engaged and sets scope to one at once, but growth still needs trust: coverage without
    depth. While a challenge delays the arrangement nothing grows.

    Mutates
    -------
    implementation, scope (places, lanes): shares in [0, 1]
    implementation_past (slots, places, lanes): implementation at the end of recent steps

    Sources: E02, E04 (KF15), E09 and E10 (FCN14), E15 (ST14), E20 and E21 (NHE14).
    """
    places, lanes = implementation.shape
    slot = step % implementation_past.shape[0]
    for place in range(places):
        for lane in range(lanes):
            stands = board[place, lane]
            is_mandated = form_mandate[lane] >= 0.5
            reached = implementation[place, lane]
            if is_mandated:
                scope[place, lane] = 1.0
            else:
                width = max(scope[place, lane], form_first_cohort[lane])
                pace = integration_roll_out[lane] * stands * min(reached / width, 1.0)
                if delay[place, lane] > 0.0:
                    pace = 0.0
                scope[place, lane] = 1.0 - (1.0 - width) * math.exp(-pace * dt)
            acting = 1.0 if is_mandated else engagement[place, lane]
            level = 0.5 * (board_trust[place, lane] + engagement_trust[place, lane])
            carried = qualified[place, lane]
            flexible = integration_permission_flexibility[lane] * contracting_flexibility[lane]
            if contracting_population_contract[lane] >= 0.5:
                flexible = flexible * carried + integration_permission_network[lane] * carried
            permission = min(
                1.0,
                integration_permission_core[lane]
                + flexible
                + integration_permission_single[lane] * form_single_organisation[lane],
            )
            growth = 0.0
            if delay[place, lane] == 0.0:
                growth = (
                    integration_growth[lane]
                    * (1.0 + integration_outcomes_gain[lane] * contracting_outcomes_share[lane] * carried)
                    * stands
                    * clip((acting - integration_engagement_floor[lane]) / integration_engagement_span[lane])
                    * permission
                    * clip((level - integration_trust_floor[lane]) / integration_trust_span[lane])
                )
            erosion = integration_erosion[lane] * (
                clip((integration_erosion_trust[lane] - level) / integration_erosion_span[lane])
                + integration_boardless_erosion[lane] * (1.0 - stands)
            )
            rate = growth + erosion
            if rate > 0.0:
                settled = growth * scope[place, lane] / rate
                reached = settled + (reached - settled) * math.exp(-rate * dt)
            implementation[place, lane] = reached
            implementation_past[slot, place, lane] = reached
