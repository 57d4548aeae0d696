"""Shuffling: every month trust is dealt out anew among the open ties of a kind, each side on its own.

The mean and the spread of trust on the ties of a kind stay what they were; who trusts whom is lost.
"""

from abm.analysis.dissection.operations.classes import SIDES, classes_of, open_classes, shuffled
from abm.extension import Submodel, decision, mechanism, uniforms

submodel = Submodel("shuffling")

DEAL = decision("shuffling.deal")


@mechanism(writes=("trust",), after="talk")
def shuffling(trust, shut, tie_kind, seed, replicate, step):  # type: ignore[no-untyped-def]
    """Deal trust out anew among the open ties of a kind."""
    ties, _, lanes = trust.shape
    draws = uniforms(seed, replicate, step, int(DEAL), SIDES * ties)
    classes = classes_of(tie_kind)
    for lane in range(lanes):
        own = open_classes(classes, shut[:, lane])
        trust[:, :, lane] = shuffled(trust[:, :, lane].ravel(), own, draws[:, lane]).reshape(ties, SIDES)
