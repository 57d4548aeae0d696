"""Networks of practices: they pool the risks of small lists, and pay for it in coordination."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .chance import Decision, clip

if TYPE_CHECKING:
    from .model import OracleModel
    from .practice import Practice


class PracticeNetwork:
    """Practices that act as one; a practice that stands alone is looked at as a network of one.

    Parameters
    ----------
    label : int or None
        Row of the practice by which the network is known.
    members : list of Practice
    """

    def __init__(self, model: OracleModel, label: int | None, members: list[Practice]) -> None:
        self.model = model
        self.label = label
        self.members = members
        self.performance = 0.0
        self.trust_in_partners = 0.0

    def unite(self, other: PracticeNetwork) -> PracticeNetwork:
        """Return what the members of both would be together."""
        members = sorted(self.members + other.members, key=lambda member: member.index)
        return PracticeNetwork(self.model, self.common_label(other), members)

    def common_label(self, other: PracticeNetwork) -> int | None:
        """Return the smaller label of networks, or the smallest row whose label no older network still has."""
        founded = [one.label for one in (self, other) if one.is_founded]
        taken = [network.label for network in self.model.networks]
        free = [one.label for one in (self, other) if one.label not in taken]
        return min(founded or free, default=None)

    @property
    def is_founded(self) -> bool:
        """Return whether this is a network and not a practice on its own."""
        return self in self.model.networks

    def found(self) -> None:
        """Add every member."""
        model = self.model
        former = {id(member.network) for member in self.members}
        model.networks = [network for network in model.networks if id(network) not in former]
        model.networks.append(self)
        for member in self.members:
            member.network = self
        model.reshaped = True

    def dissolve(self) -> None:
        """Release every member."""
        for member in list(self.members):
            member.leave_network()

    @property
    def people(self) -> float:
        """Return the number of registered people of all members."""
        return sum(member.list_size for member in self.members)

    def measure_performance(self) -> float:
        """Return how well this number of practices serves a population of this size, 0 to 1, and remember it."""
        parameters = self.model.parameters
        risk = parameters["federation.risk"] * math.sqrt(
            parameters["federation.risk_population"] / self.people
        )
        coordination = parameters["federation.coordination"] * (len(self.members) - 1)
        self.performance = clip(1.0 - risk - coordination)
        return self.performance

    def pool_trust(self) -> None:
        """Average the members' trust in providers and commissioners, by their lists."""
        pooled = sum(member.list_size * member.trust_in_partners for member in self.members)
        self.trust_in_partners = pooled / self.people

    def pool_example(self) -> None:
        """Set every member's encouragement to the mean of all, by their lists."""
        pooled = sum(member.list_size * member.encouragement for member in self.members) / self.people
        for member in self.members:
            member.encouragement = pooled

    def is_qualified(self) -> bool:
        """Return whether a population contract may be let to a population of this size."""
        levers = self.model.levers
        smallest, largest = levers["contracting.network_minimum"], levers["contracting.network_maximum"]
        return smallest <= self.people <= largest

    def negotiate(self) -> None:
        """Lower the trust in members who also commission if the contract is let without rules for conflicts."""
        model = self.model
        hazard = model.parameters["federation.contract_rate"] * model.levers["contracting.flexibility"]
        if model.uniform(Decision.CONTRACT, self.label) >= 1.0 - math.exp(-hazard * model.dt):
            return
        unruled = 1.0 - model.levers["contracting.conflict_governance"]
        kept = 1.0 - model.parameters["federation.conflict_loss"] * unruled
        for member in self.members:
            for side, _ in member.commissioner_sides:
                side.trust *= kept
                side.other.trust *= kept
