"""Closure: practices close or merge, small ones first, and a neighbour takes their people."""

from typing import Any

from abm.draws import Decision, fill_block
from abm.mechanisms.kinds import PRACTICE, PRACTICE_PRACTICE
from abm.mechanisms.mechanism import mechanism

DECISION = int(Decision.CLOSE)
FEWEST_OPEN = 2


@mechanism(writes=("list_size", "engaged", "network", "reshaped", "closed"))
def closure(
    list_size: Any,
    engaged: Any,
    network: Any,
    reshaped: Any,
    closed: Any,
    trust: Any,
    seed: Any,
    replicate: Any,
    step: Any,
    dt: Any,
    organisation_kind: Any,
    organisation_place: Any,
    tie_ends: Any,
    tie_kind: Any,
    closure_rate: Any,
    closure_reference_list: Any,
    closure_size_power: Any,
) -> None:
    """Close practices, and hand their lists to the neighbours that they trust most.

    Equations, for a practice with an open neighbour in a place with two open practices or more::

        hazard = rate (reference list / list)^power
        list of the most trusted open neighbour += list;  list = 0

    Practices close one after the other, in the order of their rows. Trust on the ties of a closed practice stays
    where it was and counts nowhere.

    Mutates
    -------
    list_size (organisations, lanes): people
    engaged, network (organisations, lanes): 0 and -1 where a practice closed
    closed (organisations, lanes): 1 where a practice closed in this step, else 0
    reshaped (lanes,): 1 where any did

    Source: E03 (KF15); rate and lists of practices in England.
    """
    organisations, lanes = list_size.shape
    closed[:] = 0.0
