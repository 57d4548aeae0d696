"""Averaging: every month each open side of a tie trusts as much as the mean of its kind and side.

Who trusts whom is lost, and the spread of trust too: what remains is its mean.
"""

from abm.analysis.dissection.operations.classes import SIDES, averaged, classes_of, open_classes
from abm.extension import Submodel, mechanism

submodel = Submodel("averaging")


@mechanism(writes=("trust",), after="talk")
def averaging(trust, shut, tie_kind):  # type: ignore[no-untyped-def]
    """Set trust on open ties to the mean of their kind and side."""
    ties, _, lanes = trust.shape
    classes = classes_of(tie_kind)
    for lane in range(lanes):
        own = open_classes(classes, shut[:, lane])
        trust[:, :, lane] = averaged(trust[:, :, lane].ravel(), own).reshape(ties, SIDES)
