"""Parameters of memory and caution act as their records say, on the same accidents of fate, with 99.9% intervals."""

import pytest

from abm.analysis.effects import paired_difference
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import simulate_lanes
from abm.submodels.shipped import theory

REPLICATES = 32
CONFIDENCE = 0.999

CLAIMS = [
    # parameter, from, to, measure that rises, scenario
    ("memory.reciprocity", 0.0, 3.0, "reciprocity", "leadership_with_reform"),
    ("caution.weight", 0.0, 1.0, "trust_commissioner_acute", "sustained_leadership"),
]


def mean_of_second_half(scenario, measure):
    series, _ = simulate_lanes([scenario] * REPLICATES, [1] * REPLICATES, range(REPLICATES))
    return series[scenario.months // 2 :, theory().row(measure)].mean(axis=0)


@pytest.mark.parametrize(("parameter", "low", "high", "measure", "context"), CLAIMS)
def test_parameter_raises_its_measure(parameter, low, high, measure, context):
    low, high = (
        mean_of_second_half(load_scenario(context).with_parameters({parameter: value}), measure)
        for value in (low, high)
    )
    effect = paired_difference(high, low, CONFIDENCE)
    assert effect.low > 0.0, effect
