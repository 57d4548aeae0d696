"""Showcase: what works elsewhere can be seen, the better the nearer.

Good examples that are shown encourage leaders elsewhere, the more the nearer they are and the more hospitals they
share (E23).

::

    visible_p = sum over q other than p of nearness_pq I_q       [I of the step before]

Nearness comes from the place ([input data](#6-input-data)) and lies in [0, 1]; `visible` may pass 1 where several
neighbours have succeeded. It acts through leadership, in proportion to the lever. The mechanism has no parameter
of its own.

Tests
-----
tests/unit/test_showcase.py : whose success is seen where, and what it does to leaders
tests/patterns/test_lever_signs.py : `convening.showcase`
"""

from abm.core.arithmetic import weighted_mean
from abm.core.declaration import Submodel, field, measure, mechanism, tally
from abm.world.vocabulary import PLACE

submodel = Submodel("showcase")

STATE = (
    field(
        "visible",
        axes=(PLACE,),
        unit="share",
        low=0,
        definition="Integrated care elsewhere that can be seen from here",
        is_carried=False,
    ),
)

MEASURES = (
    measure(
        "visible",
        label="Success elsewhere",
        unit="share",
        low=0,
        definition="Integrated care in other places, by their nearness",
    ),
)


@mechanism(writes=("visible",), is_kernel=True)
def showcase(visible, implementation, nearness):
    """See how far integrated care has come in other places.

    Mutates
    -------
    visible (places, lanes): share of a place's people, as if it were next door; may pass 1
    """
    places, lanes = visible.shape
    for place in range(places):
        for lane in range(lanes):
            visible[place, lane] = 0.0
        for other in range(places):
            weight = nearness[place, other]
            if weight > 0.0 and other != place:
                for lane in range(lanes):
                    visible[place, lane] += weight * implementation[other, lane]


@tally(fills=("visible",), is_kernel=True)
def tally_showcase(fill_visible, visible, population):
    """Measure what can be seen of success elsewhere, by people."""
    weighted_mean(visible, population, fill_visible)
