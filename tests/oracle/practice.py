"""General practices: they engage or keep out, federate with neighbours, and close."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .chance import MOST_MEETINGS, Decision, poisson
from .networks import PracticeNetwork
from .organisations import Organisation

if TYPE_CHECKING:
    from .local_place import LocalPlace
    from .model import OracleModel
    from .ties import Side

FEWEST_PRACTICES = 2
"""Open practices of a place of which one may close."""


class Practice(Organisation):
    """A general practice with a registered list.

    Attributes
    ----------
    list_size : float
        Registered people; 0 once it has closed.
    network : PracticeNetwork or None
        Practices with which it is federated.
    engaged : bool
        Whether it takes part in joint work.
    encouragement : float
        Trust by which engaged neighbours lower what it takes to engage.
    has_seat : bool
        Whether a partner sits on the commissioner's governing body.
    trust_in_partners : float
        Its own trust in providers and commissioners, by use.
    """

    kind = "practice"

    def __init__(self, model: OracleModel, index: int, home: LocalPlace, population_served: float) -> None:
        super().__init__(model, index, home, population_served)
        self.provider_sides: list[tuple[Side, float]] = []
        self.commissioner_sides: list[tuple[Side, float]] = []
        self.neighbour_sides: list[Side] = []
        self.network: PracticeNetwork | None = None
        self.engaged = False
        self.trust_in_partners = 0.0
        self.encouragement = 0.0
        self.has_seat = False

    @property
    def group(self) -> PracticeNetwork:
        """Return the network, or the practice alone as a network of one."""
        return self.network or PracticeNetwork(self.model, self.index, [self])

    def workload_pressure(self) -> float:
        """Return the pressure from admissions that grow faster than the practice's staff."""
        model = self.model
        workload = self.home.admissions * model.staff_dilution * model.funding_dilution - 1.0
        return model.parameters["pressure.workload_gain"] * workload

    def share_from_partners(self) -> float:
        """Return 0: nobody's chief executive becomes a partner of a practice."""
        return 0.0

    # ---- closure ---------------------------------------------------------------------------------

    def consider_closing(self) -> None:
        """Close, more likely with a short list, where a neighbour is there to take the patients."""
        model = self.model
        self.closed = False
        if not self.is_open or self.home.open_practices < FEWEST_PRACTICES:
            return
        heirs = [side for side in self.neighbour_sides if side.tie.is_open]
        if not heirs:
            return
        shortness = model.parameters["closure.reference_list"] / self.list_size
        hazard = model.parameters["closure.rate"] * shortness ** model.parameters["closure.size_power"]
        if model.uniform(Decision.CLOSE, self.index) < 1.0 - math.exp(-hazard * model.dt):
            self.close(max(heirs, key=lambda side: side.trust).other.organisation)

    def close(self, heir: Organisation) -> None:
        """Hand the list to a neighbour and leave the scene."""
        heir.list_size += self.list_size
        self.list_size = 0.0
        self.is_open = False
        self.closed = True
        self.engaged = False
        self.leave_network()
        self.home.open_practices -= 1
        for side in self.sides:
            side.tie.shut()
        self.model.reshaped = True

    # ---- federation ------------------------------------------------------------------------------

    def consider_federating(self) -> None:
        """Weigh every neighbour further down the list as a partner."""
        for side in self.neighbour_sides:
            if side is side.tie.first and self.wants_to_federate(side):
                united = self.group.unite(side.other.organisation.group)
                united.found()

    def wants_to_federate(self, side: Side) -> bool:
        """Return whether there is trust on both sides, or a push, and something to win."""
        model, neighbour = self.model, side.other.organisation
        if not side.tie.is_open or neighbour.home is not self.home:
            return False
        if self.network is not None and self.network is neighbour.network:
            return False
        push = model.levers["contracting.flexibility"] * max(self.orientation, neighbour.orientation)
        demanded = model.parameters["federation.threshold"] - model.parameters["federation.push"] * push
        if min(side.trust, side.other.trust) <= demanded:
            return False
        one, other = self.group, neighbour.group
        united = one.unite(other)
        if united.label is None or united.people > model.levers["contracting.network_maximum"]:
            return False
        if united.measure_performance() < min(one.measure_performance(), other.measure_performance()):
            return False
        return model.uniform(Decision.FEDERATE, side.tie.index) < model.federation_chance

    def leave_network(self) -> None:
        """Leave the network."""
        if self.network is None:
            return
        self.network.members.remove(self)
        if not self.network.members:
            self.model.networks.remove(self.network)
        self.network = None
        self.model.reshaped = True

    def consider_leaving(self) -> None:
        """Leave a network, more likely if it performs badly."""
        if self.network is None:
            return
        model = self.model
        hazard = model.parameters["federation.leave_rate"] * (1.0 - self.network.performance)
        if model.uniform(Decision.LEAVE_NETWORK, self.index) < 1.0 - math.exp(-hazard * model.dt):
            self.leave_network()

    def preference_for(self, other: Organisation) -> float:
        """Return 1: among practices none is approached before others."""
        return 1.0

    def count_once(self, side: Side) -> float:
        """Return how much a counterpart counts: practices deal with each other one by one."""
        return side.attention_weight

    # ---- seats -----------------------------------------------------------------------------------

    @property
    def open_neighbours(self) -> int:
        """Number of open practices with which it has a tie."""
        return sum(side.tie.is_open for side in self.neighbour_sides)

    def attend(self) -> None:
        """Meet commissioners where it has a seat, and hospitals and community providers on a board."""
        if not self.has_seat:
            return
        mean = self.model.parameters["clinical.contacts"] * self.model.dt
        for side, _ in (*self.commissioner_sides, *self.provider_sides):
            is_member = side.other.organisation.kind == "commissioner" or side.tie.place.board
            if side.tie.is_open and is_member:
                more = poisson(self.model.uniform(Decision.SEAT, side.tie.index), mean)
                side.tie.meetings = min(side.tie.meetings + more, MOST_MEETINGS)

    # ---- engagement ------------------------------------------------------------------------------

    def weigh_partners(self) -> None:
        """Sum up the trust in providers and commissioners."""
        weight = self.model.parameters["governance.provider_weight"]
        in_providers = sum(share * side.trust for side, share in self.provider_sides)
        in_commissioners = sum(share * side.trust for side, share in self.commissioner_sides)
        self.trust_in_partners = weight * in_providers + (1.0 - weight) * in_commissioners

    def urgency(self) -> float:
        """Return how high the rule puts this practice among those that leaders may approach first."""
        neighbours = [side.other.organisation for side in self.neighbour_sides if side.tie.is_open]
        return {
            1: self.list_size,
            2: float(len(neighbours)),
            3: float(sum(one.engaged for one in neighbours)),
            4: -self.trust_in_partners,
        }[int(self.model.parameters["approach.rule"])]

    def look_at_neighbours(self) -> None:
        """See how many neighbours take part, before anybody decides anew."""
        parameters = self.model.parameters
        reference = parameters["peers.reference"]
        neighbours = [side.other.organisation for side in self.neighbour_sides if side.tie.is_open]
        share = sum(one.engaged for one in neighbours) / len(neighbours) if neighbours else reference
        self.encouragement = parameters["peers.influence"] * (share - reference)

    def consider_engagement(self) -> None:
        """Engage, stay or leave by the trust of the whole network in providers and commissioners."""
        if not self.is_open:
            return
        parameters = self.model.parameters
        threshold = (
            parameters["governance.engagement_threshold"]
            + parameters["governance.takeover_deterrence"] * self.model.levers["form.takeover_signal"]
        )
        trust = self.trust_in_partners if self.network is None else self.network.trust_in_partners
        threshold -= self.encouragement
        if trust > threshold:
            self.engaged = True
        elif trust < threshold - parameters["governance.engagement_hysteresis"]:
            self.engaged = False
