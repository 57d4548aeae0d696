"""The network acts: what talk, peers and traits move when nothing else does.

Parameters have no sign of their own in the records, so what each should do stands here. Runs are paired by their
accidents, and the 99.9% interval of the mean paired difference has to lie on one side of zero.
"""

import numpy as np

from abm.analysis.effects import paired_difference
from abm.core.batch import Lane
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import make_batch
from abm.submodels.shipped import theory
from abm.world.place import TieKind
from abm.world.place_loading import load_place

REPLICATES = 32
CONFIDENCE = 0.999
STANDING = {"traits.standing": 0.4, "traits.openness": 0.2}


def final(parameters, place="urban"):
    """Run the replicates, and return trust at the end (ties, 2, replicates), the series and the place.

    Each replicate has traits of its own: those of one draw belong to a handful of organisations.
    """
    case = load_scenario("leadership_with_reform").with_place(place).with_parameters(parameters)
    world = load_place(case.place)
    table = case.lever_table()
    lanes = [
        Lane(1, number, {**case.parameter_values, "traits.draw": float(number)}, table)
        for number in range(REPLICATES)
    ]
    batch = make_batch(world, lanes)
    for _ in range(case.months):
        batch.advance()
    return batch.state.trust, batch.series, world


def disagreement(trust, place):
    """Return the mean spread of trust between the practices that deal with one hospital, by replicate."""
    first, last = place.kind_start[TieKind.HOSPITAL_PRACTICE : TieKind.HOSPITAL_PRACTICE + 2]
    hospital = place.tie_ends[first:last, 0]
    of_practices = trust[first:last, 1]
    return np.mean([of_practices[hospital == one].std(axis=0) for one in np.unique(hospital)], axis=0)


def between_partners(trust, place):
    """Return the share of the variance of practices' trust in hospitals that lies between hospitals."""
    first, last = place.kind_start[TieKind.HOSPITAL_PRACTICE : TieKind.HOSPITAL_PRACTICE + 2]
    hospital = place.tie_ends[first:last, 0]
    of_practices = trust[first:last, 1]
    means = np.stack([of_practices[hospital == one].mean(axis=0) for one in hospital])
    return means.var(axis=0) / of_practices.var(axis=0)


def test_talk_makes_those_who_deal_with_one_organisation_agree_on_it():
    silent, talking = final(STANDING), final({**STANDING, "talk.weight": 0.6})
    row = theory().row("heard")
    assert np.all(silent[1][:, row] == 0.0)
    assert talking[1][12:, row].mean() > 0.1
    effect = paired_difference(
        disagreement(talking[0], talking[2]), disagreement(silent[0], silent[2]), CONFIDENCE
    )
    assert effect.high < 0.0, effect


def test_standing_makes_trust_differ_by_whom_it_is_in():
    alike, different = final({}), final({"traits.standing": 0.6})
    effect = paired_difference(
        between_partners(different[0], different[2]), between_partners(alike[0], alike[2]), CONFIDENCE
    )
    assert effect.low > 0.0, effect


def test_engagement_spreads_among_neighbours():
    """Where anybody is engaged: without engaged practices there is nothing to cluster, and the measure is missing."""
    apart, together = (final({"peers.influence": influence}, "somerset") for influence in (0.0, 0.1))
    row = theory().row("engaged_neighbours")
    means = [np.ma.masked_invalid(series[12:, row]).mean(axis=0) for _, series, _ in (apart, together)]
    known = ~(np.ma.getmaskarray(means[0]) | np.ma.getmaskarray(means[1]))
    assert known.sum() > REPLICATES / 2
    effect = paired_difference(means[1].data[known], means[0].data[known], CONFIDENCE)
    assert effect.low > 0.0, effect
