"""Payment: the sign of a hospital's payoff turns at a share that can be computed."""

import numpy as np
import pytest

from abm.core.batch import Lane
from abm.policy.catalogue import parameter_values
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import make_batch
from abm.submodels.payment.payment import break_even_activity_share, savings_weight
from abm.submodels.shipped import theory
from abm.world.place_loading import load_place


def test_savings_weigh_one_at_the_reference_horizon_and_level_off():
    weights = [savings_weight(float(years), 0.8, 5.0) for years in range(1, 11)]
    assert weights[4] == 1.0
    assert np.all(np.diff(weights) > 0.0)
    assert np.all(np.diff(weights, 2) < 0.0)


@pytest.mark.parametrize("gain", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("horizon", [1.0, 5.0, 10.0])
def test_hospital_payoff_is_zero_at_the_break_even_share(gain, horizon):
    parameters = parameter_values({})
    share = break_even_activity_share(
        gain,
        horizon,
        parameters["payment.marginal_cost_share"],
        parameters["payment.discount"],
        parameters["payment.reference_horizon"],
    )
    assert 0.0 < share < 1.0
    payoffs = []
    for activity in (share, share - 0.05, share + 0.05):
        case = (
            load_scenario("baseline")
            .with_horizon(1)
            .with_levers(
                {
                    "payment.activity_share": activity,
                    "payment.gain_share": gain,
                    "payment.budget_horizon": horizon,
                }
            )
        )
        batch = make_batch(load_place(case.place), [Lane(1, 0, case.parameter_values, case.lever_table())])
        payoffs.append(batch.series[0, theory().row("payoff_acute"), 0])
    assert payoffs[0] == pytest.approx(0.0, abs=1e-12)
    assert payoffs[1] > 0.0 > payoffs[2]


def test_a_hospital_without_marginal_loss_or_gain_never_loses():
    assert break_even_activity_share(0.0, 1.0, 1.0, 0.8, 5.0) == 1.0
