"""Payment: what each partner gains or loses by cooperation, and what that does to margins.

What a unit of avoided hospital activity is worth to each kind of organisation (E08, E09, E16, E18, E19), and
every margin (E06, E17).

::

    h(H)           = (1 - gamma^H) / (1 - gamma^Href)
    own_acute      = -a (1 - c_m) + (1 - a) gain h + w_q q
    own_community  = c_0 + (1 - a) gain h + w_q q
    own_commissioner = c_T a + (1 - a) (1 - gain) h
    own_practice   = F (c_F + c_S gain h) - w_0 - w_o outcomes + w_q q
    own_authority  = c_0 + (1 - a) gain h
    mean           = mean of own over the first four kinds, and all five where the place has a local authority
    share_k        = parity + (1 - parity) unequal_k
    payoff_k       = (1 - s) own_k + s mean - s (c_A share_k + c_U max(share_k - 1, 0))

    d_i            = funding growth - cost growth + payoff_k(i) v_i  (+ relief N for a hospital)
    M              = margin_start + d_i / rho
    margin_i      <- M + (margin_i - M) exp(-rho dt)

A hospital's own payoff without incentive money turns from loss to gain where the activity share falls below `a* =
gain h / ((1 - c_m) + gain h)`; the [table of levers](reference/levers.md#where-a-hospitals-payoff-turns) shows where.
An alliance (s) pools payoffs over kinds, whatever their number of organisations (decision 0007).

Tests
-----
tests/unit/test_payment.py : horizon, break-even share
tests/patterns/test_lever_signs.py : activity share, gain share, horizon, pooling, parity, incentives,
    outcomes share, hospital network

Symbols
-------
a : payment.activity_share
gain : payment.gain_share
H : payment.budget_horizon
s : payment.risk_share
parity : payment.contribution_parity
q : payment.incentive_money
F : contracting.flexibility
outcomes : contracting.outcomes_share
N : form.hospital_network
funding growth : pressure.funding_growth
c_m : payment.marginal_cost_share
gamma : payment.discount
Href : payment.reference_horizon
c_T : payment.commissioner_tariff_gain
c_F : payment.practice_contract_gain
c_S : payment.practice_savings_gain
w_0 : payment.practice_workload_cost
w_o : payment.outcomes_risk
c_0 : payment.community_gain
w_q : payment.incentive_weight
c_A : payment.alliance_contribution
unequal : payment.unequal_contribution
c_U : payment.unfairness_cost
margin_start : payment.margin_start
rho : payment.margin_reversion
cost growth : payment.cost_growth
relief : payment.network_relief
"""

import math

import numpy as np

from abm.core.arithmetic import drawn_towards
from abm.core.declaration import Submodel, field, measure, mechanism, tally
from abm.core.kernels import inlined
from abm.world.kinds import ACUTE, COMMISSIONER, COMMUNITY, LOCAL_AUTHORITY, PRACTICE
from abm.world.vocabulary import KIND, ORGANISATION

submodel = Submodel("payment", records="payment.yaml")

STATE = (
    field("payoff", axes=(KIND,), unit="payoff", definition="Payoff of cooperation", is_carried=False),
    field(
        "margin",
        axes=(ORGANISATION,),
        unit="share of income",
        start="payment.margin_start",
        definition="Surplus, negative in deficit",
    ),
)

MEASURES = (
    measure(
        "margin_acute",
        label="Hospital margin",
        unit="share of income",
        definition="Mean margin over acute providers",
    ),
    *(
        measure(
            f"payoff_{kind}",
            label=f"Payoff to {plural}",
            unit="payoff",
            definition=f"Payoff of cooperation to {one}",
        )
        for kind, plural, one in (
            ("acute", "hospitals", "an acute provider"),
            ("community", "community providers", "a community provider"),
            ("commissioner", "commissioners", "a commissioner"),
            ("practice", "practices", "a general practice"),
        )
    ),
)


@inlined
def savings_weight(budget_horizon, discount, reference_horizon):
    """Return h(H) = (1 - gamma^H) / (1 - gamma^reference), the weight of savings at a budget horizon in years."""
    return (1.0 - discount**budget_horizon) / (1.0 - discount**reference_horizon)


@inlined
def hospital_payoff(activity, marginal_cost_share, gain, weight, incentive):
    """Return -a (1 - c_m) + (1 - a) gain h + incentive."""
    return -activity * (1.0 - marginal_cost_share) + (1.0 - activity) * gain * weight + incentive


@inlined
def commissioner_payoff(activity, tariff_gain, gain, weight):
    """Return c_T a + (1 - a) (1 - gain) h."""
    return tariff_gain * activity + (1.0 - activity) * (1.0 - gain) * weight


@inlined
def pooled_payoff(own, mean, shared, cost):
    """Return (1 - s) own + s mean - s cost: an alliance pools a share s of payoffs and has to be paid for."""
    return (1.0 - shared) * own + shared * mean - shared * cost


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
    gain = gain_share * float(savings_weight(budget_horizon, discount, reference_horizon))
    loss = 1.0 - marginal_cost_share
    return gain / (loss + gain) if loss + gain > 0.0 else 1.0


@mechanism(writes=("payoff", "margin"), settles=True, is_kernel=True)
def payment(
    payoff,
    margin,
    avoided,
    dt,
    organisation_kind,
    contracting_flexibility,
    contracting_outcomes_share,
    payment_activity_share,
    payment_gain_share,
    payment_budget_horizon,
    payment_risk_share,
    payment_contribution_parity,
    payment_incentive_money,
    form_hospital_network,
    pressure_funding_growth,
    payment_marginal_cost_share,
    payment_discount,
    payment_reference_horizon,
    payment_commissioner_tariff_gain,
    payment_practice_contract_gain,
    payment_practice_savings_gain,
    payment_practice_workload_cost,
    payment_outcomes_risk,
    payment_community_gain,
    payment_incentive_weight,
    payment_alliance_contribution,
    payment_unequal_contribution,
    payment_unfairness_cost,
    payment_margin_start,
    payment_margin_reversion,
    payment_cost_growth,
    payment_network_relief,
):
    """Set the payoff of cooperation by kind of organisation and advance every margin.

    Mutates
    -------
    payoff (kinds of organisation, lanes): per unit of avoided activity
    margin (organisations, lanes): share of income
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
        weight = savings_weight(payment_budget_horizon[lane], discount, payment_reference_horizon[lane])
        incentive = payment_incentive_weight[lane] * payment_incentive_money[lane]
        community = payment_community_gain[lane] + (1.0 - activity) * gain * weight
        payoff[ACUTE, lane] = hospital_payoff(
            activity, payment_marginal_cost_share[lane], gain, weight, incentive
        )
        payoff[COMMUNITY, lane] = community + incentive
        payoff[COMMISSIONER, lane] = commissioner_payoff(
            activity, payment_commissioner_tariff_gain[lane], gain, weight
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
            payoff[kind, lane] = pooled_payoff(payoff[kind, lane], mean, shared, cost)

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
            margin[organisation, lane] = drawn_towards(settled, margin[organisation, lane], kept[lane])


@tally(
    fills=("margin_acute", "payoff_acute", "payoff_community", "payoff_commissioner", "payoff_practice"),
    is_kernel=True,
)
def tally_payment(
    fill_margin_acute,
    fill_payoff_acute,
    fill_payoff_community,
    fill_payoff_commissioner,
    fill_payoff_practice,
    margin,
    payoff,
    beds,
):
    """Measure the margin of hospitals, and the payoff of cooperation by kind of organisation."""
    # Acute providers are the first rows.
    hospitals = beds.size
    fill_margin_acute[:] = 0.0
    for hospital in range(hospitals):
        for lane in range(margin.shape[1]):
            fill_margin_acute[lane] += margin[hospital, lane]
    for lane in range(margin.shape[1]):
        fill_margin_acute[lane] /= hospitals
        fill_payoff_acute[lane] = payoff[ACUTE, lane]
        fill_payoff_community[lane] = payoff[COMMUNITY, lane]
        fill_payoff_commissioner[lane] = payoff[COMMISSIONER, lane]
        fill_payoff_practice[lane] = payoff[PRACTICE, lane]
