"""The state of a batch of runs: which arrays there are, their shape, unit and range."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

ORGANISATION = "organisation"
ACUTE_PROVIDER = "acute provider"
TIE = "tie"
SIDE = "side"
PLACE = "place"
SEGMENT = "attention segment"
KIND = "kind of organisation"
SLOT = "slot"


@dataclass(frozen=True)
class Field:
    """Describe one state array.

    Attributes
    ----------
    name : str
        Name by which mechanisms ask for it.
    axes : tuple of str
        What its axes count, before the last axis, which counts lanes.
    unit, definition : str
        For the documentation.
    low, high : float
        Range of its values.
    is_carried : bool
        Whether a month starts from last month's value; otherwise a mechanism sets it anew in every step before
        any other reads it.
    dtype : str
        NumPy type.
    """

    name: str
    axes: tuple[str, ...]
    unit: str
    low: float
    high: float
    definition: str
    is_carried: bool = True
    dtype: str = "float64"


INFINITE = float("inf")

FIELDS: tuple[Field, ...] = (
    Field("orientation", (ORGANISATION,), "index", 0, 1, "0 fortress to 1 system leader"),
    Field("tenure", (ORGANISATION,), "years", 0, INFINITE, "Time since the leader arrived"),
    Field("pressure", (ORGANISATION,), "index", 0, 1, "Pressure from full beds, deficits and workload"),
    Field("margin", (ORGANISATION,), "share of income", -INFINITE, INFINITE, "Surplus, negative in deficit"),
    Field("engaged", (ORGANISATION,), "0 or 1", 0, 1, "Whether a practice is engaged"),
    Field(
        "list_size",
        (ORGANISATION,),
        "people",
        0,
        INFINITE,
        "Registered people of a practice now, 0 once closed; of others, people served",
    ),
    Field(
        "network",
        (ORGANISATION,),
        "label",
        -1,
        INFINITE,
        "Network of practices, by the row that gave it its name; -1 for none",
        dtype="int64",
    ),
    Field(
        "network_people",
        (ORGANISATION,),
        "people",
        0,
        INFINITE,
        "Registered people of the network with this label, as federation left it",
    ),
    Field(
        "network_members",
        (ORGANISATION,),
        "practices",
        0,
        INFINITE,
        "Practices of the network with this label, as federation left it",
    ),
    Field(
        "shut", (TIE,), "0 or 1", 0, 1, "Whether a practice at one end has closed; it stays so", dtype="uint8"
    ),
    Field("trust", (TIE, SIDE), "trust", 0, 1, "Trust of the organisation at this side in the other"),
    Field("divergence", (TIE,), "index", 0, 1, "Divergence of interests that both sides perceive"),
    Field(
        "relation_start",
        (TIE, SIDE),
        "years",
        0,
        INFINITE,
        "When this side last judged a meeting bad, or a leader left",
    ),
    Field("admissions", (PLACE,), "index, 1 at the start", 0, INFINITE, "Emergency admissions of residents"),
    Field(
        "outside_admissions", (), "index, 1 at the start", 0, INFINITE, "Emergency admissions from elsewhere"
    ),
    Field(
        "waiting", (ACUTE_PROVIDER,), "bed-years per bed", 0, INFINITE, "Demand that found no bed and waits"
    ),
    Field("board", (PLACE,), "0 or 1", 0, 1, "Whether a joint board stands"),
    Field("board_trust", (PLACE,), "trust", 0, 1, "Weaker-side trust between those who would form a board"),
    Field("engagement", (PLACE,), "share of people", 0, 1, "Registered people whose practice is engaged"),
    Field("engagement_trust", (PLACE,), "trust", 0, 1, "Trust of practices in providers and commissioner"),
    Field("implementation", (PLACE,), "share", 0, 1, "Integrated care in operation"),
    Field("scope", (PLACE,), "share of people", 0, 1, "Population that integrated care is meant to reach"),
    Field("delay", (PLACE,), "years", 0, INFINITE, "Time for which the arrangement is still suspended"),
    Field("implementation_past", (SLOT, PLACE), "share", 0, 1, "Implementation at the end of recent steps"),
    Field(
        "attention_weight", (TIE, SIDE), "weight", 0, INFINITE, "Weight of the tie in this side's attention"
    ),
    Field("open_ties", (SEGMENT,), "ties", 0, INFINITE, "Ties that share a budget and are not shut"),
    Field("attention_total", (SEGMENT,), "weight", 0, INFINITE, "Sum of the weights that share a budget"),
    Field(
        "reshaped",
        (),
        "0 or 1",
        0,
        1,
        "Whether closures or networks changed since attention was last divided",
    ),
    Field("occupancy", (ACUTE_PROVIDER,), "share of beds", 0, INFINITE, "Demand for beds over beds", False),
    Field("avoided", (ORGANISATION,), "per year", 0, INFINITE, "Hospital activity avoided", False),
    Field("payoff", (KIND,), "payoff", -INFINITE, INFINITE, "Payoff of cooperation", False),
    Field(
        "visible",
        (PLACE,),
        "share",
        0,
        INFINITE,
        "Integrated care elsewhere that can be seen from here",
        False,
    ),
    Field("exits", (ORGANISATION,), "0 or 1", 0, 1, "Whether the leader left in this step", False),
    Field(
        "effort",
        (ORGANISATION,),
        "contacts per year",
        0,
        INFINITE,
        "Time for work across organisations",
        False,
    ),
    Field(
        "attention_budget", (SEGMENT,), "contacts per year", 0, INFINITE, "Effort for a group of ties", False
    ),
    Field("meetings", (TIE,), "number", 0, 63, "Meetings held in this step", False, "uint8"),
    Field("good_meetings", (TIE, SIDE), "number", 0, 63, "Meetings this side judged good", False, "uint8"),
    Field("challenged", (PLACE,), "0 or 1", 0, 1, "Whether a challenge came in this step", False),
    Field("tendered", (PLACE,), "0 or 1", 0, 1, "Whether a tender began in this step", False),
    Field("closed", (ORGANISATION,), "0 or 1", 0, 1, "Whether the practice closed in this step", False),
    Field(
        "qualified",
        (PLACE,),
        "share of people",
        0,
        1,
        "People whose network is within its bounds, by how it performs",
        False,
    ),
    Field("practice_trust", (ORGANISATION,), "trust", 0, 1, "A practice's trust in its partners", False),
)


class State:
    """Hold every state array of a batch, by name: `state.trust` has shape (ties, 2, lanes).

    Parameters
    ----------
    sizes : mapping of axis to length
    lanes : int
        Length of the last axis of every array.
    fields : sequence of Field
        Which arrays there are.
    """

    def __init__(self, sizes: dict[str, int], lanes: int, fields: Sequence[Field] = FIELDS) -> None:
        self.arrays: dict[str, NDArray[Any]] = {
            field.name: np.zeros((*(sizes[axis] for axis in field.axes), lanes), dtype=field.dtype)
            for field in fields
        }

    def __getattr__(self, name: str) -> NDArray[Any]:
        try:
            return self.__dict__["arrays"][name]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(f"no state array is called '{name}'") from None
