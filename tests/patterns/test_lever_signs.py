"""Every lever acts: moved from low to high in its context, it moves its measure in the declared direction.

The claim of each lever stands in its record. Both settings meet the same accidents of fate, and the 99.9% interval of
the paired difference, averaged over the second half of the run, has to exclude zero on the declared side.
"""

import pytest

from abm.analysis.effects import paired_difference
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import simulate_lanes
from abm.submodels.quantities import levers
from abm.submodels.shipped import theory

REPLICATES = 32
CONFIDENCE = 0.999


def mean_of_second_half(scenario, measure):
    series, _ = simulate_lanes([scenario] * REPLICATES, [1] * REPLICATES, range(REPLICATES))
    return series[scenario.months // 2 :, theory().row(measure)].mean(axis=0)


@pytest.mark.parametrize("name", levers())
def test_lever_moves_its_measure_in_the_declared_direction(name):
    claim = levers()[name].test
    context = load_scenario(claim.context).with_levers(claim.with_)
    if claim.place is not None:
        context = context.with_place(claim.place)
    low = mean_of_second_half(context.with_levers({name: claim.low}), claim.measure)
    high = mean_of_second_half(context.with_levers({name: claim.high}), claim.measure)
    effect = paired_difference(high, low, CONFIDENCE)
    if claim.direction == "rises":
        assert effect.low > 0.0, effect
    else:
        assert effect.high < 0.0, effect


def test_every_lever_claims_a_measure_that_exists():
    assert {lever.test.measure for lever in levers().values()} <= {
        measure.name for measure in theory().measures
    }
