"""Silencing: practices do not meet their neighbours, nor follow their example.

The ties stay, so that practices still close into neighbours and federate with them. That they get no attention and
are left out of talk follows from the place (`abm.analysis.dissection.surgeries.without_attention`).
"""

from abm.extension import Submodel, mechanism
from abm.world.kinds import PRACTICE_PRACTICE

submodel = Submodel("silencing")


@mechanism(writes=("meetings",), after="contact")
def silencing_meetings(meetings, tie_kind):  # type: ignore[no-untyped-def]
    """Cancel the meetings between practices."""
    meetings[tie_kind == PRACTICE_PRACTICE] = 0


@mechanism(writes=("encouragement",), after="peers", settles=True)
def silencing_examples(encouragement):  # type: ignore[no-untyped-def]
    """Set the encouragement by neighbours to zero."""
    encouragement[:] = 0.0
