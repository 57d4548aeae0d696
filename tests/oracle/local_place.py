"""A place: its people, its board, and how far integrated care has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .organisations import Practice
    from .ties import Tie


class LocalPlace:
    """A local health economy with its joint board and its integrated care."""

    def __init__(self, index: int, name: str, population: float) -> None:
        self.index = index
        self.name = name
        self.population = population
        self.practices: list[Practice] = []
        self.core_ties: list[Tie] = []
        self.purchasing_ties: list[Tie] = []
        self.list_total = 0.0

        self.admissions = 1.0
        self.implementation = 0.0
        self.implementation_history = [0.0]
        self.lagged_implementation = 0.0
        self.scope = 0.0
        self.visible = 0.0
        self.nearness: list[tuple[LocalPlace, float]] = []
        self.delay = 0.0
        self.challenged = False
        self.board = False
        self.board_trust = 0.0
        self.engagement = 0.0
        self.engagement_trust = 0.0

    def look_around(self) -> None:
        """See how far integrated care has come elsewhere, the better the nearer."""
        self.visible = sum(weight * other.implementation for other, weight in self.nearness)

    def measure_trust(self, threshold: float, hysteresis: float, provider_weight: float) -> None:
        """Let practices engage or leave, and measure the trust of the board and of practices.

        Parameters
        ----------
        threshold : float
            Trust above which a practice engages.
        hysteresis : float
            Distance below the threshold at which an engaged practice leaves.
        provider_weight : float
            Weight of a practice's trust in providers, against its commissioners.
        """
        self.board_trust = sum(
            tie.core_weight * min(tie.first.trust, tie.second.trust) for tie in self.core_ties
        )
        engaged_people = 0.0
        weighted_trust = 0.0
        for practice in self.practices:
            practice.consider_engagement(threshold, hysteresis, provider_weight)
            weighted_trust += practice.population_served * practice.trust_in_partners
            if practice.engaged:
                engaged_people += practice.population_served
        self.engagement = engaged_people / self.list_total
        self.engagement_trust = weighted_trust / self.list_total
