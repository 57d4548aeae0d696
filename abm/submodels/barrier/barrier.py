"""Barrier: rules of competition keep purchasers and providers apart, as far as they feel bound by them.

Strict rules, as they are felt, stand between the two ends of a tie (E07): they cost contacts and make
interests agree less in encounters, more or less by kind of tie.

::

    felt = C (1 - X)                                    where l = 0
         = C (1 - X) (1 - l + l caution)                [caution] of the place, as of the step before

C is strictness, and no study measures it. The sources that the model formalises describe rules that keep
commissioners and providers apart, hence the default of 0.7. Later evidence points lower: in four commissioners (42
interviews) nobody fully understood the rules, major changes were mostly agreed together with providers, and tenders
were for peripheral services (Allen and others 2017, doi:10.1136/bmjopen-2016-011745); of 3,494 contracts awarded from
April 2013 to August 2014, 195 (6%) went by competitive tender (Iacobucci 2014, doi:10.1136/bmj.g7606). Results should
be looked at over a range of 0.1 to 0.7, with 0.3 in the middle.

Tests
-----
tests/unit/test_caution.py : what is felt where nobody learns, and where places learn
tests/patterns/test_lever_signs.py : strictness, dialogue

Symbols
-------
C : competition.strictness
X : competition.dialogue_protection
l : caution.weight
"""

from abm.core.declaration import Submodel, field, mechanism
from abm.core.kernels import inlined
from abm.world.vocabulary import PLACE

submodel = Submodel("barrier", records="barrier.yaml")

STATE = (
    field(
        "felt",
        axes=(PLACE,),
        unit="index",
        low=0,
        high=1,
        definition="How far rules of competition are felt to stand in the way of all meetings",
        is_carried=False,
    ),
)


@inlined
def felt_barrier(strictness, dialogue_protection):
    """Return how far rules of competition stand in the way of all meetings: C (1 - X)."""
    return strictness * (1.0 - dialogue_protection)


@inlined
def heeded_share(weight, caution):
    """Return the share of the rules that a cautious place heeds: 1 - l + l caution."""
    return 1.0 - weight + weight * caution


@mechanism(writes=("felt",), is_kernel=True)
def barrier(felt, caution, competition_strictness, competition_dialogue_protection, caution_weight):
    """Set how far every place feels bound by rules of competition.

    Mutates
    -------
    felt (places, lanes): index, 0 to 1
    """
    places, lanes = felt.shape
    for place in range(places):
        for lane in range(lanes):
            felt[place, lane] = felt_barrier(
                competition_strictness[lane], competition_dialogue_protection[lane]
            )
            if caution_weight[lane] > 0.0:
                felt[place, lane] *= heeded_share(caution_weight[lane], caution[place, lane])
