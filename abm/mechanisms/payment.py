"""Payment: what each partner gains or loses by cooperation, and what that does to margins."""

import math
from typing import Any

import numpy as np

from abm.mechanisms.kinds import ACUTE, COMMISSIONER, COMMUNITY, LOCAL_AUTHORITY, PRACTICE
from abm.mechanisms.mechanism import mechanism


def savings_weight(budget_horizon: float, discount: float, reference_horizon: float) -> float:
    """Return h(H) = (1 - gamma^H) / (1 - gamma^reference), the weight of savings at a budget horizon in years."""
    return float((1.0 - discount**budget_horizon) / (1.0 - discount**reference_horizon))


def break_even_activity_share(
    gain_share: float,
    budget_horizon: float,
    marginal_cost_share: float,
    discount: float,
    reference_horizon: float,
) -> float:
    """Return a*, the share paid by activity at which a hospital neither gains nor loses by cooperation.

    Setting -a (1 - c_m) + (1 - a) gain h(H) to zero gives a* = gain h / ((1 - c_m) + gain h); below it the
    hospital gains.

    Parameters
    ----------
    gain_share, marginal_cost_share : float
        Shares in [0, 1].
    budget_horizon, reference_horizon : float
        Years.
    discount : float
        Yearly factor in (0, 1).

    Returns
    -------
    float
        Share in [0, 1]; 1 where a hospital never loses.

    Source: E08 (BMJ15), E16 (ST14).
    """
    gain = gain_share * savings_weight(budget_horizon, discount, reference_horizon)
    loss = 1.0 - marginal_cost_share
    return gain / (loss + gain) if loss + gain > 0.0 else 1.0


@mechanism(writes=("payoff", "margin"))
def payment(
    payoff: Any,
    margin: Any,
    avoided: Any,
    dt: Any,
    organisation_kind: Any,
    contracting_flexibility: Any,
    contracting_outcomes_share: Any,
    payment_activity_share: Any,
    payment_gain_share: Any,
    payment_budget_horizon: Any,
    payment_risk_share: Any,
    payment_contribution_parity: Any,
    payment_incentive_money: Any,
    form_hospital_network: Any,
    pressure_funding_growth: Any,
    payment_marginal_cost_share: Any,
    payment_discount: Any,
    payment_reference_horizon: Any,
    payment_commissioner_tariff_gain: Any,
    payment_practice_contract_gain: Any,
    payment_practice_savings_gain: Any,
    payment_practice_workload_cost: Any,
    payment_outcomes_risk: Any,
    payment_community_gain: Any,
    payment_incentive_weight: Any,
    payment_alliance_contribution: Any,
    payment_unequal_contribution: Any,
    payment_unfairness_cost: Any,
    payment_margin_start: Any,
    payment_margin_reversion: Any,
    payment_cost_growth: Any,
    payment_network_relief: Any,
) -> None:
    """Set the payoff of cooperation by kind of organisation and advance every margin.

    Equations, with a the share paid by activity, s the alliance's share of risk and gain and h = h(H)::

        hospital      -a (1 - c_m) + (1 - a) gain h
        commissioner  tariff gain a + (1 - a) (1 - gain) h
        practice      F (contract gain + savings gain gain h) - workload cost - risk x share paid by outcomes
        community, local authority   community gain + (1 - a) gain h
        plus incentive weight x incentive money for all but commissioner and local authority
        payoff = (1 - s) own + s mean - s (contribution share + unfairness max(share - 1, 0))
        d margin/dt = funding growth - cost growth + payoff avoided - reversion (margin - start)

    Mutates
    -------
    payoff (kinds of organisation, lanes): per unit of avoided activity
    margin (organisations, lanes): share of income

    Sources: E08 (BMJ15), E16 and E18 (ST14), E19 (NHE14), E09 (FCN14), E17 (ST14).
    """
    kinds, lanes = payoff.shape
    organisations = margin.shape[0]
    partners = kinds if organisation_kind[organisations - 1] == LOCAL_AUTHORITY else kinds - 1
    resting = np.empty((kinds, lanes))
    response = np.empty((kinds, lanes))
    kept = np.empty(lanes)
    for lane in range(lanes):
        activity = payment_activity_share[lane]
        gain = payment_gain_share[lane]
        discount = payment_discount[lane]
        weight = (1.0 - discount ** payment_budget_horizon[lane]) / (
            1.0 - discount ** payment_reference_horizon[lane]
        )
        incentive = payment_incentive_weight[lane] * payment_incentive_money[lane]
        community = payment_community_gain[lane] + (1.0 - activity) * gain * weight
        payoff[ACUTE, lane] = (
            -activity * (1.0 - payment_marginal_cost_share[lane])
            + (1.0 - activity) * gain * weight
            + incentive
        )
        payoff[COMMUNITY, lane] = community + incentive
        payoff[COMMISSIONER, lane] = (
            payment_commissioner_tariff_gain[lane] * activity + (1.0 - activity) * (1.0 - gain) * weight
        )
        payoff[PRACTICE, lane] = (
            contracting_flexibility[lane]
            * (payment_practice_contract_gain[lane] + payment_practice_savings_gain[lane] * gain * weight)
            - payment_practice_workload_cost[lane]
            - payment_outcomes_risk[lane] * contracting_outcomes_share[lane]
            + incentive
        )
        payoff[LOCAL_AUTHORITY, lane] = community
        mean = 0.0
        for kind in range(partners):
            mean += payoff[kind, lane]
        mean /= partners
        shared = payment_risk_share[lane]
        parity = payment_contribution_parity[lane]
        for kind in range(kinds):
            share = parity + (1.0 - parity) * payment_unequal_contribution[kind, lane]
            cost = payment_alliance_contribution[lane] * share + payment_unfairness_cost[lane] * max(
                share - 1.0, 0.0
            )
            payoff[kind, lane] = (1.0 - shared) * payoff[kind, lane] + shared * mean - shared * cost

        reversion = payment_margin_reversion[lane]
        kept[lane] = math.exp(-reversion * dt)
        for kind in range(kinds):
            balance = pressure_funding_growth[lane] - payment_cost_growth[lane]
            if kind == ACUTE:
                balance += payment_network_relief[lane] * form_hospital_network[lane]
            resting[kind, lane] = payment_margin_start[lane] + balance / reversion
            response[kind, lane] = payoff[kind, lane] / reversion
    for organisation in range(organisations):
        kind = organisation_kind[organisation]
        for lane in range(lanes):
            settled = resting[kind, lane] + response[kind, lane] * avoided[organisation, lane]
            margin[organisation, lane] = settled + (margin[organisation, lane] - settled) * kept[lane]
