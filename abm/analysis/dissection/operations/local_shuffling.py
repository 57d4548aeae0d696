"""Local shuffling: every month trust is dealt out anew among the open ties of a kind in one home place.

What differs between places stays; who trusts whom within a place is lost. In a place of one part it is what
shuffling is.
"""

from abm.analysis.dissection.operations.classes import SIDES, classes_of, open_classes, shuffled
from abm.extension import Submodel, decision, mechanism, uniforms

submodel = Submodel("local_shuffling")

DEAL = decision("local_shuffling.deal")


@mechanism(writes=("trust",), after="talk")
def local_shuffling(trust, shut, tie_kind, tie_place, seed, replicate, step):  # type: ignore[no-untyped-def]
    """Deal trust out anew among the open ties of a kind that count in one place."""
    ties, _, lanes = trust.shape
    draws = uniforms(seed, replicate, step, int(DEAL), SIDES * ties)
    classes = classes_of(tie_kind, tie_place)
    for lane in range(lanes):
        own = open_classes(classes, shut[:, lane])
        trust[:, :, lane] = shuffled(trust[:, :, lane].ravel(), own, draws[:, lane]).reshape(ties, SIDES)
