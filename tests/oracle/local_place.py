"""A place: its people, its board, and how far integrated care has come."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .chance import Decision, clip

if TYPE_CHECKING:
    from .model import OracleModel
    from .practice import Practice
    from .ties import Tie


class LocalPlace:
    """A local health economy with its joint board and its integrated care."""

    def __init__(self, model: OracleModel, index: int, name: str, population: float) -> None:
        self.model = model
        self.index = index
        self.name = name
        self.population = population
        self.in_sight: list[tuple[LocalPlace, float]] = []
        self.practices: list[Practice] = []
        self.open_practices = 0
        self.core_ties: list[Tie] = []
        self.purchasing_ties: list[Tie] = []
        self.bidding_ties: list[Tie] = []

        self.admissions = 1.0
        self.implementation = 0.0
        self.implementation_history = [0.0]
        self.lagged_implementation = 0.0
        self.visible = 0.0
        self.scope = 0.0
        self.delay = 0.0
        self.caution = 1.0
        self.felt = 0.0
        self.exposed = False
        self.challenged = False
        self.tendered = False
        self.board = False
        self.board_trust = 0.0
        self.engagement = 0.0
        self.engagement_trust = 0.0
        self.qualified = 0.0

    def look_around(self) -> None:
        """See how far integrated care has come elsewhere, near by and where hospitals are shared."""
        self.visible = sum(nearness * other.implementation for other, nearness in self.in_sight)

    # ---- seats ---------------------------------------------------------------------------------------------

    def fill_seats(self) -> None:
        """Assign seats to the open practices with most open neighbours."""
        ranked = sorted(
            (one for one in self.practices if one.is_open), key=lambda one: (-one.open_neighbours, one.index)
        )
        seats = int(self.model.levers["convening.clinical_leaders"])
        for practice in self.practices:
            practice.has_seat = practice in ranked[:seats]

    def choose_first(self) -> None:
        """Choose the practices to approach first among those that are not engaged, and say what they get."""
        focus = self.model.levers["leadership.focus"]
        working = [practice for practice in self.practices if practice.is_open]
        waiting = [practice for practice in working if not practice.engaged]
        for practice in self.practices:
            practice.preference = 1.0 - focus if waiting else 1.0
        ranked = sorted(waiting, key=lambda one: (-one.urgency(), -one.list_size, one.index))
        number = max(1, math.floor(self.model.parameters["approach.at_once"] * len(waiting) + 0.5))
        first = ranked[:number]
        for practice in first:
            practice.preference = 1.0 + focus * (len(working) / len(first) - 1.0)

    # ---- challenge and tender -------------------------------------------------------------------------------

    @property
    def is_exposed(self) -> bool:
        """Whether a joint arrangement that competition law can reach stands or forms."""
        is_forming = self.board_trust > self.model.parameters["governance.board_threshold"]
        return (self.board or is_forming) and self.scope > self.model.levers["competition.tender_threshold"]

    def face_challenge(self) -> None:
        """Draw a challenge by competition law to a joint arrangement that stands or forms."""
        model = self.model
        self.delay = max(self.delay - model.dt, 0.0)
        self.exposed = self.is_exposed
        self.challenged = (
            self.exposed and model.uniform(Decision.CHALLENGE, self.index) < model.challenge_chance
        )
        if not self.challenged:
            return
        kept = 1.0 - model.parameters["challenge.trust_loss"]
        for tie in self.purchasing_ties:
            tie.first.trust *= kept
            tie.second.trust *= kept
        uniform = model.uniform(Decision.CHALLENGE_DELAY, self.index)
        self.delay = max(self.delay, -model.parameters["challenge.delay"] * math.log(uniform))

    def face_tender(self) -> None:
        """Draw the tender of a joint arrangement, in which its providers bid against each other."""
        model = self.model
        is_open = self.exposed and self.delay == 0.0
        self.tendered = is_open and model.uniform(Decision.TENDER, self.index) < model.tender_chance
        if not self.tendered:
            return
        self.delay = model.parameters["tender.duration"]
        kept = 1.0 - model.parameters["tender.trust_loss"]
        for tie in self.purchasing_ties:
            for side in tie.sides:
                if side.organisation.kind != "commissioner":
                    side.trust *= kept
        for tie in self.bidding_ties:
            for side in tie.sides:
                side.trust *= kept

    def feel_rules(self) -> None:
        """Feel the rules of competition, less where experience has taught not to fear them."""
        levers, learning = self.model.levers, self.model.parameters["caution.weight"]
        written = levers["competition.strictness"] * (1.0 - levers["competition.dialogue_protection"])
        self.felt = written * ((1.0 - learning) + learning * self.caution)

    def learn_from_rules(self) -> None:
        """Fear the rules less with time, and more when they strike."""
        parameters = self.model.parameters
        if parameters["caution.weight"] == 0.0:
            return
        boldness = 1.0 - self.caution * math.exp(-parameters["caution.fading"] * self.model.dt)
        if self.challenged or self.tendered:
            boldness *= 1.0 - parameters["caution.jump"]
        self.caution = 1.0 - boldness

    # ---- governance ------------------------------------------------------------------------------

    def measure_networks(self) -> None:
        """Measure how well those practices serve the place that are large enough for its contract."""
        people = 0.0
        qualified = 0.0
        for practice in self.practices:
            people += practice.list_size
            if practice.is_open and practice.group.is_qualified():
                qualified += practice.list_size * practice.group.measure_performance()
        self.qualified = qualified / people

    def measure_trust(self) -> None:
        """Measure the trust of the board and of practices, and the people whose practices are engaged."""
        self.board_trust = sum(
            tie.core_weight * min(tie.first.trust, tie.second.trust) for tie in self.core_ties
        )
        people = 0.0
        engaged_people = 0.0
        weighted_trust = 0.0
        for practice in self.practices:
            people += practice.list_size
            weighted_trust += practice.list_size * practice.trust_in_partners
            if practice.engaged:
                engaged_people += practice.list_size
        self.engagement = engaged_people / people
        self.engagement_trust = weighted_trust / people

    def convene_board(self) -> None:
        """Form a board or dissolve it."""
        model = self.model
        threshold = model.parameters["governance.board_threshold"]
        if model.is_mandated:
            self.board = True
        elif self.board:
            self.board = self.board_trust >= threshold - model.parameters["governance.board_hysteresis"]
        elif self.board_trust > threshold and self.delay == 0.0:
            self.board = model.uniform(Decision.BOARD, self.index) < model.board_chance

    # ---- integration -----------------------------------------------------------------------------

    def integrate(self) -> None:
        """Widen scope with success, and let integrated care grow where it is trusted and permitted."""
        parameters, model = self.model.parameters, self.model
        board = 1.0 if self.board else 0.0
        trust = 0.5 * (self.board_trust + self.engagement_trust)

        if model.is_mandated:
            self.scope = 1.0
        else:
            self.scope = max(self.scope, model.levers["form.first_cohort"])
            success = min(self.implementation / self.scope, 1.0) if self.delay == 0.0 else 0.0
            widening = parameters["integration.roll_out"] * board * success
            self.scope = 1.0 - (1.0 - self.scope) * math.exp(-widening * model.dt)

        growth = board * self.growth(trust) if self.delay == 0.0 else 0.0
        distrusted = (parameters["integration.erosion_trust"] - trust) / parameters[
            "integration.erosion_span"
        ]
        erosion = parameters["integration.erosion"] * (
            clip(distrusted) + parameters["integration.boardless_erosion"] * (1.0 - board)
        )
        rate = growth + erosion
        if rate > 0.0:
            balance = growth * self.scope / rate
            self.implementation = balance + (self.implementation - balance) * math.exp(-rate * model.dt)
        self.implementation_history.append(self.implementation)

    def growth(self, trust: float) -> float:
        """Return the yearly rate at which integrated care grows under a board that trusts so much."""
        parameters, levers = self.model.parameters, self.model.levers
        acting = 1.0 if self.model.is_mandated else self.engagement
        engaged = (acting - parameters["integration.engagement_floor"]) / parameters[
            "integration.engagement_span"
        ]
        trusted = (trust - parameters["integration.trust_floor"]) / parameters["integration.trust_span"]
        rewarded = (
            1.0
            + parameters["integration.outcomes_gain"] * levers["contracting.outcomes_share"] * self.qualified
        )
        return parameters["integration.growth"] * clip(engaged) * self.permission() * clip(trusted) * rewarded

    def permission(self) -> float:
        """Return how far contracts permit joint work; one for a whole population needs networks to carry it."""
        parameters, levers = self.model.parameters, self.model.levers
        flexible = parameters["integration.permission_flexibility"] * levers["contracting.flexibility"]
        if levers["contracting.population_contract"] >= 0.5:
            flexible = (flexible + parameters["integration.permission_network"]) * self.qualified
        single = parameters["integration.permission_single"] * levers["form.single_organisation"]
        return min(1.0, parameters["integration.permission_core"] + flexible + single)
