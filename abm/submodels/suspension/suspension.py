"""Suspension: a challenge or a tender suspends a joint arrangement for a time.

A joint arrangement that stands or forms, and covers more than the tender threshold, is exposed to the rules of
competition: it may be challenged, and may have to be put out to tender (E07). Either suspends it. While it is
suspended no board can form and neither implementation nor scope grows; erosion goes on.

::

    delay  <- max(delay - dt, 0)
    exposed = (board stands or board trust > th_B) and scope > tender threshold    [all of the step before]

Tests
-----
tests/patterns/test_lever_signs.py : tender threshold

Symbols
-------
tender threshold : competition.tender_threshold
"""

from abm.core.declaration import Submodel, field, mechanism
from abm.core.kernels import inlined
from abm.world.vocabulary import PLACE

submodel = Submodel("suspension", records="suspension.yaml")

STATE = (
    field(
        "delay",
        axes=(PLACE,),
        unit="years",
        low=0,
        definition="Time for which the arrangement is still suspended",
    ),
    field(
        "exposed",
        axes=(PLACE,),
        unit="0 or 1",
        low=0,
        high=1,
        definition="Whether an arrangement is open to challenge and tender",
        is_carried=False,
    ),
)


@inlined
def is_exposed(board, board_trust, scope, board_threshold, tender_threshold):
    """Return whether an arrangement that stands or forms is large enough for the rules of competition."""
    is_joint = board > 0.0 or board_trust > board_threshold
    return is_joint and scope > tender_threshold


@mechanism(writes=("delay", "exposed"), is_kernel=True)
def suspension(
    delay, exposed, board, board_trust, scope, dt, competition_tender_threshold, governance_board_threshold
):
    """Count down suspensions, and see which joint arrangements are exposed to the rules of competition.

    Mutates
    -------
    delay (places, lanes): years for which the arrangement is suspended
    exposed (places, lanes): 1 where it may be challenged or put out to tender in this step, else 0
    """
    places, lanes = delay.shape
    for place in range(places):
        for lane in range(lanes):
            delay[place, lane] = max(delay[place, lane] - dt, 0.0)
            exposed[place, lane] = is_exposed(
                board[place, lane],
                board_trust[place, lane],
                scope[place, lane],
                governance_board_threshold[lane],
                competition_tender_threshold[lane],
            )
