"""A tie between two organisations: two sides, each with its own trust, attention and judgement."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

from .chance import Decision, binomial, logistic, poisson

if TYPE_CHECKING:
    from .local_place import LocalPlace
    from .model import OracleModel
    from .organisations import Organisation

NORMAL = NormalDist()
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
    attention_weight : float
        Weight of the tie among those that share a budget.
    good_meetings : int
        Meetings of the last step that `organisation` judged good.
    regard : float
        Share of recent meetings that the other side found good, as `organisation` remembers it.
    relation_start : float
        Years from the start to the last meeting that `organisation` judged bad, or to a new leader on either side; 0
        by a rule that does not look at it.
    """

    __slots__ = (
        "attention",
        "attention_weight",
        "divergence",
        "good_meetings",
        "need_weight",
        "organisation",
        "other",
        "regard",
        "relation_start",
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
        self.attention_weight = 0.0
        self.good_meetings = 0
        self.relation_start = 0.0
        self.regard = organisation.model.parameters["memory.usual"]

    @property
    def model(self) -> OracleModel:
        """The model in which it stands."""
        return self.organisation.model

    def begin(self, uniform: float) -> None:
        """Trust as the past of the place, of the partner and of the pair suggest, and as chance has it."""
        model, parameters = self.model, self.model.parameters
        shares = [parameters[f"trust.start_{name}"] for name in ("place", "partner", "pair")]
        if sum(shares) > 0.0:
            judged = self.other.organisation
            pasts = (
                model.lasting(Decision.PAST_OF_PLACE, self.tie.place.index, self.tie.place),
                model.lasting(Decision.PAST_OF_PARTNER, judged.index, judged.home),
                model.lasting(Decision.PAST_OF_PAIR, judged.index, self.tie.place, self.organisation.index),
            )
            chance = math.sqrt(max(1.0 - sum(shares), 0.0)) * NORMAL.inv_cdf(uniform)
            past = sum(math.sqrt(share) * deviate for share, deviate in zip(shares, pasts, strict=True))
            uniform = 0.5 * math.erfc(-(past + chance) / math.sqrt(2.0))
        self.trust = model.first_trust(uniform)

    @property
    def alignment(self) -> float:
        """How far the organisation's interests agree with working together across this tie."""
        parameters, levers = self.model.parameters, self.model.levers
        return logistic(
            parameters["encounter.payoff_gain"] * self.model.payoffs[self.organisation.kind]
            + parameters["encounter.regulation_gain"] * levers["regulation.system_weight"]
            - parameters["encounter.barrier_loss"] * self.tie.barrier
        )

    @property
    def chance_of_good_meeting(self) -> float:
        """Probability that the organisation judges a meeting good."""
        parameters = self.model.parameters
        return logistic(
            parameters["encounter.base"]
            + parameters["encounter.trust_slope"] * (self.trust - parameters["encounter.trust_reference"])
            + parameters["encounter.alignment_slope"]
            * (self.alignment - parameters["encounter.alignment_reference"])
            - parameters["encounter.pressure_slope"]
            * (self.organisation.pressure - parameters["encounter.pressure_reference"])
            - parameters["encounter.divergence_slope"] * self.divergence
            + self.organisation.openness
            + self.other.organisation.standing
            + parameters["memory.reciprocity"] * (self.regard - parameters["memory.usual"])
        )

    @property
    def bad_meetings(self) -> int:
        """Meetings of the last step that the organisation did not judge good."""
        return self.tie.meetings - self.good_meetings

    def remember(self) -> None:
        """Move towards the share of meetings that the other side found good; a new leader forgets a part."""
        parameters = self.model.parameters
        held, good = self.tie.meetings, self.other.good_meetings
        if held > 0:
            kept = (1.0 - parameters["memory.pace"]) ** held
            self.regard = kept * self.regard + (1.0 - kept) * good / held
        if self.organisation.exited:
            kept = parameters["trust.kept_by_successor"]
            self.regard = kept * self.regard + (1.0 - kept) * parameters["memory.usual"]

    def update_relation(self) -> None:
        """Begin anew after a bad meeting."""
        if self.bad_meetings:
            self.relation_start = self.model.years

    def update_trust(self) -> None:
        """Learn from meetings, forget, and hear what others say."""
        parameters, dt = self.model.parameters, self.model.dt
        base = parameters["trust.base"]
        partner = self.other.organisation
        relation = self.model.years - self.relation_start
        self.trust = self.model.trust_rule(self.trust, self.good_meetings, self.bad_meetings, relation)
        self.trust = base + (self.trust - base) * math.exp(-parameters["trust.decay"] * dt)
        if parameters["trust.third_party_pull"] > 0.0 and self.tie.is_open:
            heard = 1.0 - math.exp(-parameters["trust.third_party_pull"] * dt)
            self.trust += (partner.reputation - self.trust) * heard

    def change_leaders(self) -> None:
        """Keep a part of trust where the own leader or the partner's left, and begin the relation anew."""
        parameters = self.model.parameters
        base = parameters["trust.base"]
        has_left, partner_has_left = self.organisation.exited, self.other.organisation.exited
        if has_left:
            self.trust = base + parameters["trust.kept_by_successor"] * (self.trust - base)
        if partner_has_left:
            self.trust = base + parameters["trust.kept_by_partner"] * (self.trust - base)
        if (has_left or partner_has_left) and self.model.trust_rule.looks_at_relations:
            self.relation_start = self.model.years

    def update_divergence(self) -> None:
        """Dispel divergence by meetings; it creeps back."""
        parameters = self.model.parameters
        start = parameters["trust.divergence_start"]
        left = self.divergence * math.exp(-parameters["trust.divergence_contact"] * self.tie.meetings)
        returned = math.exp(-parameters["trust.divergence_return"] * self.model.dt)
        self.divergence = start + (left - start) * returned


class Tie:
    """An undirected pair of organisations that can deal with each other, until one of them closes."""

    __slots__ = (
        "board_meets",
        "core_weight",
        "first",
        "heard",
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
        self.heard = False
        self.is_open = True
        self.first = Side(self, ends[0], need_weight)
        self.second = Side(self, ends[1], need_weight)
        self.first.other = self.second
        self.second.other = self.first
        self.sides = (self.first, self.second)

    @property
    def model(self) -> OracleModel:
        """The model in which it stands."""
        return self.place.model

    @property
    def barrier(self) -> float:
        """How far competition rules keep the two ends apart."""
        return self.place.felt * self.model.parameters[f"contact.barrier_weight.{self.kind}"]

    def meet(self) -> None:
        """Draw how often the two ends meet."""
        parameters, levers = self.model.parameters, self.model.levers
        if not self.is_open:
            self.meetings = 0
            return
        offered = 0.5 * (self.first.attention + self.second.attention)
        rate = offered * (1.0 - self.barrier) + parameters["contact.chance"]
        rate += parameters["contact.session"] * levers["convening.sessions"]
        if self.place.board and self.board_meets:
            rate += parameters["contact.board"]
        self.meetings = poisson(self.model.uniform(Decision.MEETINGS, self.index), rate * self.model.dt)

    def judge_meetings(self) -> None:
        """Draw each side's own judgement, at times from one shared draw."""
        for side in self.sides:
            side.good_meetings = 0
        if self.meetings == 0:
            return
        own, other, shared = (
            self.model.uniform(Decision.JUDGEMENT, 4 * self.index + number) for number in range(3)
        )
        is_shared = shared < self.model.parameters["encounter.shared_judgement"]
        chances = [side.chance_of_good_meeting for side in self.sides]
        self.first.good_meetings = binomial(own, self.meetings, chances[0])
        self.second.good_meetings = binomial(own if is_shared else other, self.meetings, chances[1])

    def talk_of_third(self) -> list[tuple[Side, float, float]]:
        """Return the opinion that one side hears in this step: whose trust it moves, what is said, how it is heeded."""
        self.heard = False
        weight = self.model.parameters["talk.weight"]
        known = self.second.organisation.partners
        shared = [one for one in self.first.organisation.partners if one in known]
        if weight == 0.0 or self.meetings == 0 or not shared:
            return []
        hears_first = self.model.uniform(Decision.TALK, 4 * self.index) < 0.5
        hearer, teller = self.sides if hears_first else reversed(self.sides)
        third = shared[int(self.model.uniform(Decision.TALK, 4 * self.index + 1) * len(shared))]
        own, told = (side.organisation.side_towards(third) for side in (hearer, teller))
        if hearer.good_meetings == 0 or not (own.tie.is_open and told.tie.is_open):
            return []
        self.heard = True
        return [(own, told.trust, (1.0 - (1.0 - weight) ** hearer.good_meetings) * hearer.trust)]

    def shut(self) -> None:
        """End the relation: both sides go back to what they would think of a stranger."""
        parameters = self.model.parameters
        self.is_open = False
        for side in self.sides:
            side.trust = parameters["trust.base"]
            side.divergence = parameters["trust.divergence_start"]
            side.attention_weight = side.attention = 0.0


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
        self.total = 0.0
        self.sides: list[Side] = []
