"""A tie between two organisations: two sides, each with its own trust, attention and judgement."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .local_place import LocalPlace
    from .organisations import Organisation

TIE_KINDS = (
    "commissioner_acute",
    "commissioner_community",
    "commissioner_practice",
    "acute_acute",
    "acute_community",
    "hospital_practice",
    "practice_practice",
    "local_authority",
)


class Side:
    """One end of a tie: what the organisation there thinks of, and gives to, the other.

    Attributes
    ----------
    trust : float
        Trust that `organisation` has in `other.organisation`, 0 to 1.
    divergence : float
        Divergence of interests that `organisation` perceives, 0 to 1.
    attention : float
        Contacts a year that `organisation` offers.
    attention_share : float
        Share of the attention of its segment.
    good_meetings : int
        Meetings of the last step that `organisation` judged good.
    relation : float
        Years without a meeting that `organisation` judged bad, and without a new leader on either side.
    """

    __slots__ = (
        "attention",
        "attention_share",
        "divergence",
        "good_meetings",
        "need_weight",
        "organisation",
        "other",
        "relation",
        "tie",
        "trust",
    )

    other: Side

    def __init__(self, tie: Tie, organisation: Organisation, need_weight: float) -> None:
        self.tie = tie
        self.organisation = organisation
        self.need_weight = need_weight
        self.trust = 0.0
        self.divergence = 0.0
        self.attention = 0.0
        self.attention_share = 0.0
        self.good_meetings = 0
        self.relation = 0.0


class Tie:
    """An undirected pair of organisations that can deal with each other, until one of them closes."""

    __slots__ = (
        "board_meets",
        "core_weight",
        "first",
        "index",
        "is_open",
        "kind",
        "meetings",
        "place",
        "second",
        "sides",
        "use_share",
    )

    def __init__(
        self,
        index: int,
        kind: str,
        place: LocalPlace,
        ends: tuple[Organisation, Organisation],
        *,
        need_weight: float,
        use_share: float,
        core_weight: float,
    ) -> None:
        self.index = index
        self.kind = kind
        self.place = place
        self.board_meets = kind != "practice_practice"
        self.use_share = use_share
        self.core_weight = core_weight
        self.meetings = 0
        self.is_open = True
        self.first = Side(self, ends[0], need_weight)
        self.second = Side(self, ends[1], need_weight)
        self.first.other = self.second
        self.second.other = self.first
        self.sides = (self.first, self.second)


class Segment:
    """The counterparts among which an organisation divides one part of its attention.

    Parameters
    ----------
    work_share : float
        Share of the organisation's work that is in the segment's place.
    group : int
        0 practices beside others, 1 others beside practices, 2 the only group in that place.
    """

    def __init__(self, organisation: Organisation, work_share: float, group: int) -> None:
        self.organisation = organisation
        self.work_share = work_share
        self.group = group
        self.budget = 0.0
        self.sides: list[Side] = []
