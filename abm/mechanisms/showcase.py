"""Showcase: what works elsewhere can be seen, the better the nearer."""

from typing import Any

from abm.mechanisms.mechanism import mechanism


@mechanism(writes=("visible",))
def showcase(visible: Any, implementation: Any, nearness: Any) -> None:
    """See how far integrated care has come in other places.

    Equation, with the implementation of the step before::

        visible_p = sum over q other than p of nearness_pq I_q

    Nearness falls with the distance between places and rises with the hospitals that they share.

    Mutates
    -------
    visible (places, lanes): share of a place's people, as if it were next door; may pass 1

    Source: E23 (NHE14).
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
