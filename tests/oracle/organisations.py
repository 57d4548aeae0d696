"""The organisations of a place as Mesa agents: each settles its money, feels pressure, leads and reaches out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import mesa

from .chance import Decision, clip, logistic

if TYPE_CHECKING:
    from .local_place import LocalPlace
    from .model import OracleModel
    from .networks import PracticeNetwork
    from .ties import Segment, Side

PRACTICES_BESIDE_OTHERS, OTHERS_BESIDE_PRACTICES = 0, 1
"""Groups of an attention segment whose organisation has both kinds of counterpart in that place."""


class Organisation(mesa.Agent):
    """An organisation with a leader, a margin, and limited time for others.

    Attributes
    ----------
    orientation : float
        From 0 (fortress) to 1 (system leader).
    pressure : float
        From 0 to 1.
    margin : float
        Share of income.
    tenure : float
        Years that the leader has been in post.
    exited : bool
        Whether the leader left in the last step.
    moved_from : Organisation or None
        Which organisation the leader who came in the last step led before, if it has a tie with this one.
    effort : float
        Contacts a year offered to all others.
    list_size : float
        Registered people of a practice, and people served by any other organisation.
    openness, standing, vigour, burden : float
        Lasting traits: log-odds with which it judges meetings, and with which others judge meetings with it; multiple
        of capacity; pressure beyond others'.
    renown : float
        Mean trust that all its open partners have in it.
    preference : float
        Multiple of an equal part of the time that others reserve for practices; only practices have any but 1.
    is_open, closed : bool
        Whether it still works, and whether it closed in the last step; only practices close.
    """

    kind: ClassVar[str]
    model: OracleModel
    network: PracticeNetwork | None = None

    def __init__(self, model: OracleModel, index: int, home: LocalPlace, population_served: float) -> None:
        super().__init__(model)
        self.index = index
        self.home = home
        self.population_served = population_served
        self.list_size = population_served
        self.is_open = True
        self.closed = False
        self.sides: list[Side] = []
        self.segments: list[Segment] = []
        self.exposures: list[tuple[AcuteProvider, float]] = []

        parameters = model.parameters
        self.occupancy_gain = (
            parameters["pressure.occupancy_gain"] * parameters[f"pressure.occupancy_weight.{self.kind}"]
        )
        self.turnover_factor = parameters[f"leadership.turnover_factor.{self.kind}"]
        relative_population = population_served / parameters["effort.reference_population"]
        power = parameters[f"effort.capacity_power.{self.kind}"]
        self.openness = parameters["traits.openness"] * model.lasting(Decision.OPENNESS, index, home)
        self.standing = parameters["traits.standing"] * model.lasting(Decision.STANDING, index, home)
        self.burden = parameters["traits.burden"] * model.lasting(Decision.BURDEN, index, home)
        spread = parameters["traits.vigour"]
        self.vigour = math.exp(spread * model.lasting(Decision.VIGOUR, index, home) - spread**2 / 2.0)
        usual = parameters[f"effort.capacity.{self.kind}"] * relative_population**power
        self.capacity = self.vigour * usual

        self.orientation = model.successor_orientation(
            model.uniform(Decision.INITIAL_ORIENTATION, index),
        )
        self.tenure = self.draw_first_tenure()
        self.margin = parameters["payment.margin_start"]
        self.pressure = 0.0
        self.exited = False
        self.moved_from: Organisation | None = None
        self.effort = 0.0
        self.avoided = 0.0
        self.reputation = 0.0
        self.renown = 0.0
        self.preference = 1.0

    def side_towards(self, other: Organisation) -> Side | None:
        """Return this organisation's end of its tie with another, or None where they have none."""
        for side in self.sides:
            if side.other.organisation is other:
                return side
        return None

    @property
    def partners(self) -> list[Organisation]:
        """Return those with whom it has a tie, open or not, in the order of their rows."""
        known = {side.other.organisation.index: side.other.organisation for side in self.sides}
        return [known[index] for index in sorted(known)]

    def draw_first_tenure(self) -> float:
        """Draw how long the first leader has been in post, in years."""
        turnover = self.model.levers["leadership.turnover"]
        if turnover == 0.0:
            return 0.0
        tenure = -math.log(self.model.uniform(Decision.INITIAL_TENURE, self.index)) / turnover
        return min(tenure, self.model.LONGEST_FIRST_TENURE)

    # ---- what some kinds have and others have not -------------------------------------------------

    def avoided_activity(self) -> float:
        """Return the growth of hospital activity that integration in the organisation's places avoids."""
        return self.model.integration_effect * self.home.lagged_implementation

    def network_relief(self) -> float:
        """Return the cost growth that a network of hospitals takes off this organisation."""
        return 0.0

    def network_drift(self) -> float:
        """Return the rate at which a network of hospitals turns this organisation's leader outward."""
        return 0.0

    def visible_success(self) -> float:
        """Return the integrated care elsewhere that the leader can see."""
        return self.home.visible

    def workload_pressure(self) -> float:
        """Return the pressure from demand that grows faster than the staff who meet it."""
        return 0.0

    # ---- a step ----------------------------------------------------------------------------------

    def settle_margin(self) -> None:
        """Move the margin towards where income, cost and cooperation take it."""
        model = self.model
        self.avoided = self.avoided_activity()
        drift = (
            model.levers["pressure.funding_growth"]
            - model.parameters["payment.cost_growth"]
            + model.payoffs[self.kind] * self.avoided
            + self.network_relief()
        )
        balance = (
            model.parameters["payment.margin_start"] + drift / model.parameters["payment.margin_reversion"]
        )
        self.margin = balance + (self.margin - balance) * model.margin_memory

    def target_pressure(self) -> float:
        """Return the pressure that the organisation tends to."""
        parameters = self.model.parameters
        occupancy = 0.0
        waiting = 0.0
        for hospital, weight in self.exposures:
            occupancy += weight * hospital.occupancy
            waiting += weight * hospital.waiting
        return (
            parameters["pressure.base"]
            + self.occupancy_gain * (occupancy - parameters["pressure.occupancy_reference"])
            + parameters["pressure.waiting_gain"] * waiting
            + parameters["pressure.deficit_gain"] * max(-self.margin, 0.0)
            + self.workload_pressure()
            + self.burden
        )

    def feel_pressure(self) -> None:
        """Move pressure towards its target, with an accident."""
        model = self.model
        target = self.target_pressure()
        accident = model.normal(Decision.PRESSURE, self.index)
        pressure = target + (self.pressure - target) * model.pressure_memory + model.pressure_noise * accident
        self.pressure = clip(pressure)

    def lead(self) -> None:
        """Turn the leader outward or inward, and replace a leader who leaves."""
        model = self.model
        strain = max(self.pressure - 0.5, 0.0)
        hazard = (
            model.levers["leadership.turnover"]
            * self.turnover_factor
            * (1.0 + model.parameters["leadership.turnover_pressure"] * strain)
            / self.usual_turnover()
        )
        self.exited = model.uniform(Decision.EXIT, self.index) < 1.0 - math.exp(-hazard * model.dt)

        up = model.outward_drift + self.network_drift() + model.showcase_drift * self.visible_success()
        total = up + model.parameters["leadership.orientation_decay"]
        balance = up / total if total > 0.0 else 0.0
        self.orientation = balance + (self.orientation - balance) * math.exp(-total * model.dt)
        self.tenure += model.dt

        if self.exited:
            self.orientation = model.successor_orientation(model.uniform(Decision.SUCCESSOR, self.index))
            self.tenure = 0.0

    def usual_turnover(self) -> float:
        """Return how often leaders leave in usual times, per leader who would leave without pressure and moves."""
        parameters = self.model.parameters
        by_pressure = 1.0 + (
            parameters["leadership.turnover_pressure"] * parameters["leadership.turnover_usual"]
        )
        return by_pressure * (1.0 + self.share_from_partners())

    def share_from_partners(self) -> float:
        """Return the share of vacant posts that leaders of partner organisations take over."""
        return self.model.parameters["leadership.local_share"]

    def look_among_partners(self) -> None:
        """Fill a vacant post with a partner's leader, at times, and that leader's post from outside."""
        model = self.model
        others = [side.other.organisation for side in self.sides]
        candidates = [one for one in others if one.kind != "practice" and not one.exited]
        if not candidates or model.uniform(Decision.MOVE, self.index) >= self.share_from_partners():
            return
        former = candidates[int(model.uniform(Decision.MOVE_FROM, self.index) * len(candidates))]
        self.moved_from = former
        self.orientation, self.tenure = former.orientation, 0.0
        former.exited = True
        former.orientation = model.successor_orientation(model.uniform(Decision.BEHIND, former.index))
        former.tenure = 0.0

    def bring_along(self) -> list[tuple[Side, float]]:
        """Return whose trust rises by how much, as the new leader comes from a partner."""
        former = self.moved_from
        if former is None:
            return []
        parameters = self.model.parameters
        base, carried = parameters["trust.base"], parameters["leadership.carried"]
        own_loss = 1.0 - parameters["trust.kept_by_successor"]
        others_loss = 1.0 - parameters["trust.kept_by_partner"]
        rises = []
        for third in self.partners:
            old, new = former.side_towards(third), self.side_towards(third)
            if old is not None and new is not None:
                rises.append((new, carried * own_loss * (old.trust - base)))
                rises.append((new.other, carried * others_loss * (old.other.trust - base)))
        return rises

    def reach_out(self) -> None:
        """Decide the effort for others: own initiative and sponsored time, less what the fortress keeps."""
        model = self.model
        if not self.is_open:
            self.effort = 0.0
            return
        parameters = model.parameters
        will = parameters["effort.own_initiative"] * self.orientation + model.sponsored_effort * (
            parameters["effort.sponsored_base"] + self.orientation
        )
        fortress = logistic(
            parameters["effort.fortress_steepness"]
            * (self.pressure - parameters["effort.fortress_threshold"])
        )
        self.effort = self.capacity * will * (1.0 - parameters["effort.fortress_depth"] * fortress)

    def divide_attention(self) -> None:
        """Divide effort over places, then between practices and others, then among counterparts."""
        model = self.model
        floor = model.parameters["attention.trust_floor"]
        power = model.parameters["attention.trust_power"]
        popularity = model.parameters["attention.popularity_power"]
        for segment in self.segments:
            segment.budget = self.effort * segment.work_share * model.group_factor[segment.group]
            for side in segment.sides:
                other = side.other.organisation
                regard = (floor + side.trust) ** power * (floor + other.renown) ** popularity
                regard *= self.preference_for(other)
                side.attention_weight = side.need_weight * regard if side.tie.is_open else 0.0
            segment.total = sum(self.count_once(side) for side in segment.sides)
            for side in segment.sides:
                share = min(1.0, side.attention_weight / segment.total) if segment.total > 0.0 else 0.0
                side.attention = segment.budget * share

    def preference_for(self, other: Organisation) -> float:
        """Return how much more than others this one is approached."""
        return other.preference

    def count_once(self, side: Side) -> float:
        """Return how much a counterpart counts; whoever meets a member of a network reaches all of them."""
        network = side.other.organisation.network
        return side.attention_weight if network is None else side.attention_weight / len(network.members)


class AcuteProvider(Organisation):
    """A hospital: beds, occupancy, and patients from several places."""

    kind = "acute"

    def __init__(
        self,
        model: OracleModel,
        index: int,
        home: LocalPlace,
        population_served: float,
        *,
        beds: float,
        occupancy_start: float,
        outside_share: float,
        patients: list[tuple[LocalPlace, float]],
    ) -> None:
        super().__init__(model, index, home, population_served)
        self.beds = beds
        self.occupancy_start = occupancy_start
        self.outside_share = outside_share
        self.patients = patients
        self.occupancy = occupancy_start
        self.waiting = 0.0

    def fill_beds(self) -> None:
        """Admit patients; what exceeds the beds waits."""
        model = self.model
        emergencies = 0.0
        for place, share in self.patients:
            emergencies += share * place.admissions
        emergencies += self.outside_share * model.outside_admissions
        share = model.parameters["demand.emergency_bed_share"]
        self.occupancy = (
            self.occupancy_start
            * (share * emergencies + (1.0 - share) * model.elective_index)
            * model.stays_per_bed_index
        )
        self.waiting = max(0.0, self.waiting + model.dt * (self.occupancy - 1.0))

    def avoided_activity(self) -> float:
        """Return the growth of activity avoided in all the places that send patients here."""
        return self.model.integration_effect * sum(
            share * place.lagged_implementation for place, share in self.patients
        )

    def visible_success(self) -> float:
        """Return the integrated care elsewhere that can be seen in the places that send patients here."""
        seen = sum(share * place.visible for place, share in self.patients)
        return seen / sum(share for _, share in self.patients)

    def network_relief(self) -> float:
        """Return the cost growth that shared back offices take off."""
        return self.model.parameters["payment.network_relief"] * self.model.levers["form.hospital_network"]

    def network_drift(self) -> float:
        """Return the rate at which know-how from distant hospitals turns the leader outward."""
        return self.model.parameters["leadership.network_drift"] * self.model.levers["form.hospital_network"]


class CommunityProvider(Organisation):
    """A provider of community and mental health services."""

    kind = "community"


class Commissioner(Organisation):
    """A commissioner: it pays, and it may talk."""

    kind = "commissioner"


class LocalAuthority(Organisation):
    """A council with its social care."""

    kind = "local_authority"
