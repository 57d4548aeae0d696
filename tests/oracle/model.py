"""The model again, an object per organisation, tie and place: slow, plain, and independent of the compiled form.

It follows the equations of the documentation one by one, in the order of a month, and shares with the compiled
form only the draws, the records of parameters and levers, and the arrays of a place.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import mesa
import numpy as np

from abm.core.draws import beta_table, normal, uniform
from abm.submodels.quantities import lever_names

from .chance import BetaQuantiles, Decision, clip
from .construction import build_organisations, build_places, build_ties
from .organisations import AcuteProvider, Organisation
from .practice import Practice
from .readings import measure, take_snapshot
from .trust_rules import TRUST_RULES, TrustRule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from abm.world.place import Place

    from .local_place import LocalPlace
    from .networks import PracticeNetwork

MONTHS_A_YEAR = 12

FOUR_KINDS = ("acute", "community", "commissioner", "practice")
FIVE_KINDS = (*FOUR_KINDS, "local_authority")


class OracleModel(mesa.Model):
    """Run one place under one policy, a month a step.

    Parameters
    ----------
    place : Place
        Organisations, ties and flows.
    parameters : dict of str to float
        Values by full name, as 'effort.capacity.acute'.
    lever_table : array of shape (months, levers)
        Lever settings by month.
    seed, replicate : int
        Keys of every draw.
    substeps : int
        Steps in a month.
    """

    LONGEST_FIRST_TENURE = 30.0

    def __init__(
        self,
        place: Place,
        parameters: dict[str, float],
        lever_table: NDArray[np.float64],
        seed: int,
        replicate: int,
        substeps: int = 1,
    ) -> None:
        super().__init__(seed=seed)
        self.parameters = {name: float(value) for name, value in parameters.items()}
        self.lever_rows = [dict(zip(lever_names(), row, strict=True)) for row in lever_table.tolist()]
        self.levers = self.lever_rows[0]
        self.seed = np.uint64(seed)
        self.replicate = replicate
        self.substeps = substeps
        self.dt = 1.0 / (MONTHS_A_YEAR * substeps)
        self.step_number = 0
        self.years = 0.0
        self.fix_constants()

        self.outside_admissions = 1.0
        self.payoffs = dict.fromkeys(FIVE_KINDS, 0.0)

        self.networks: list[PracticeNetwork] = []
        self.reshaped = False
        self.refocused = False
        self.places = build_places(self, place)
        self.organisations: list[Organisation] = build_organisations(self, place, self.places)
        self.ties, self.segments = build_ties(place, self.organisations, self.places, parameters)
        self.practices = self.agents.select(agent_type=Practice)
        self.chiefs = [one for one in self.organisations if one.kind != "practice"]
        self.hospitals = [one for one in self.organisations if isinstance(one, AcuteProvider)]
        self.partner_kinds = (
            FIVE_KINDS if any(one.kind == "local_authority" for one in self.organisations) else FOUR_KINDS
        )
        self.start()

        self.clear_counts()

    def fix_constants(self) -> None:
        """Compute what never changes in a run."""
        parameters, dt = self.parameters, self.dt
        self.integration_effect = parameters["demand.integration_effect"]
        self.lag_steps = math.floor(parameters["demand.effect_lag"] / dt + 0.5)
        self.margin_memory = math.exp(-parameters["payment.margin_reversion"] * dt)
        reversion = parameters["pressure.reversion"]
        self.pressure_memory = math.exp(-reversion * dt)
        self.pressure_noise = parameters["pressure.noise"] * math.sqrt(
            (1.0 - math.exp(-2.0 * reversion * dt)) / (2.0 * reversion)
        )
        self.staff_dilution = 1.0
        self.board_chance = 1.0 - math.exp(-parameters["governance.board_rate"] * dt)
        self.federation_chance = 1.0 - math.exp(-parameters["federation.rate"] * dt)
        self.trust_rule: TrustRule = TRUST_RULES[int(parameters["trust.rule"])](parameters)
        self.first_trust = BetaQuantiles(
            beta_table(parameters["trust.start_alpha"], parameters["trust.start_beta"]).tolist()
        )
        self.successor_orientation = BetaQuantiles(
            beta_table(
                parameters["leadership.orientation_alpha"], parameters["leadership.orientation_beta"]
            ).tolist()
        )

    def uniform(self, decision: Decision, entity: int) -> float:
        """Draw a uniform for one decision of this step."""
        return uniform(self.seed, self.replicate, self.step_number, int(decision), entity)

    def normal(self, decision: Decision, entity: int) -> float:
        """Draw a standard normal for one decision of this step."""
        return normal(self.seed, self.replicate, self.step_number, int(decision), entity)

    def lasting(self, decision: Decision, entity: int, place: LocalPlace, judge: int = 0) -> float:
        """Draw a standard normal that is the same in every run with this draw of traits."""
        draw = int(self.parameters["traits.draw"])
        return normal(np.uint64(0), draw, int(place.population) + judge, int(decision), entity)

    def start(self) -> None:
        """Set what the start depends on once everybody is there."""
        self.meet_demand()
        for organisation in self.organisations:
            organisation.pressure = clip(organisation.target_pressure())
        self.price_cooperation()
        self.effort()
        for tie in self.ties:
            for number, side in enumerate(tie.sides):
                side.begin(self.uniform(Decision.INITIAL_TRUST, 2 * tie.index + number))
                side.divergence = self.parameters["trust.divergence_start"]
        self.attention()
        self.measure_trust()
        for place in self.places:
            place.measure_networks()
            place.board = self.is_mandated
            place.scope = 1.0 if self.is_mandated else self.levers["form.first_cohort"]

    @property
    def is_mandated(self) -> bool:
        """Whether boards and scope are imposed this month."""
        return self.levers["form.mandate"] >= 0.5

    # ---- a month ---------------------------------------------------------------------------------

    def step(self) -> None:
        """Advance one month."""
        self.levers = self.lever_rows[self.steps - 1]
        self.clear_counts()
        for _ in range(self.substeps):
            self.step_number += 1
            self.years = self.step_number * self.dt
            self.demand()
            self.payment()
            self.pressure()
            self.showcase()
            self.leadership()
            self.moves()
            self.effort()
            self.approach()
            self.attention()
            self.barrier()
            self.contact()
            self.clinical()
            self.encounter()
            self.memory()
            self.trust()
            self.succession()
            self.talk()
            self.challenge()
            self.tender()
            self.caution()
            self.closure()
            self.federation()
            self.governance()
            self.integration()
            self.count()

    def clear_counts(self) -> None:
        """Begin to count the events of a month."""
        self.meetings_per_tie = 0.0
        self.heard_per_tie = 0.0
        self.exits_in_month = 0
        self.chief_exits_in_month = 0
        self.moves_in_month = 0
        self.challenges_in_month = 0
        self.tenders_in_month = 0
        self.closures_in_month = 0

    def count(self) -> None:
        """Return the number of events of a step; what happened to a practice that is no longer open is not counted."""
        open_ties = [tie for tie in self.ties if tie.is_open]
        self.meetings_per_tie += sum(tie.meetings for tie in self.ties) / len(open_ties)
        self.heard_per_tie += sum(tie.heard for tie in self.ties) / len(open_ties)
        self.exits_in_month += sum(one.exited for one in self.organisations if one.is_open)
        self.chief_exits_in_month += sum(one.exited for one in self.chiefs)
        self.moves_in_month += sum(one.moved_from is not None for one in self.chiefs)
        self.challenges_in_month += sum(place.challenged for place in self.places)
        self.tenders_in_month += sum(place.tendered for place in self.places)
        self.closures_in_month += sum(one.closed for one in self.organisations)

    def demand(self) -> None:
        """Grow admissions, held back by integration with a lag, and fill the beds."""
        parameters = self.parameters
        growth = self.levers["pressure.demand_growth"]
        source = max(self.step_number - 1 - self.lag_steps, 0)
        for place in self.places:
            place.lagged_implementation = place.implementation_history[source]
            place.admissions *= math.exp(
                self.dt * (growth - self.integration_effect * place.lagged_implementation)
            )
        self.outside_admissions *= math.exp(self.dt * growth)
        self.elective_index = math.exp(parameters["demand.elective_growth"] * self.years)
        self.stays_per_bed_index = math.exp(
            (parameters["demand.stay_growth"] - parameters["demand.bed_growth"]) * self.years
        )
        for hospital in self.hospitals:
            hospital.fill_beds()

    def payment(self) -> None:
        """Compute payments for cooperation, and settle margins."""
        self.price_cooperation()
        self.agents.do("settle_margin")

    def price_cooperation(self) -> None:
        """Compute what a unit of avoided activity is worth to each kind of organisation."""
        parameters, levers = self.parameters, self.levers
        own = self.own_payoffs()
        mean = sum(own[kind] for kind in self.partner_kinds) / len(self.partner_kinds)
        pooled = levers["payment.risk_share"]
        parity = levers["payment.contribution_parity"]
        for kind in FIVE_KINDS:
            share = parity + (1.0 - parity) * parameters[f"payment.unequal_contribution.{kind}"]
            price = parameters["payment.alliance_contribution"] * share
            unfairness = parameters["payment.unfairness_cost"] * max(share - 1.0, 0.0)
            self.payoffs[kind] = (1.0 - pooled) * own[kind] + pooled * mean - pooled * (price + unfairness)

    def own_payoffs(self) -> dict[str, float]:
        """Return what each kind gains per unit of avoided activity before an alliance pools it."""
        parameters, levers = self.parameters, self.levers
        activity = levers["payment.activity_share"]
        gain = levers["payment.gain_share"]
        discount = parameters["payment.discount"]
        horizon_weight = (1.0 - discount ** levers["payment.budget_horizon"]) / (
            1.0 - discount ** parameters["payment.reference_horizon"]
        )
        savings = gain * horizon_weight
        incentive = parameters["payment.incentive_weight"] * levers["payment.incentive_money"]
        social = parameters["payment.community_gain"] + (1.0 - activity) * savings
        contract = (
            parameters["payment.practice_contract_gain"]
            + parameters["payment.practice_savings_gain"] * savings
        )
        risk = parameters["payment.outcomes_risk"] * levers["contracting.outcomes_share"]
        return {
            "acute": -activity * (1.0 - parameters["payment.marginal_cost_share"])
            + (1.0 - activity) * savings
            + incentive,
            "community": social + incentive,
            "commissioner": parameters["payment.commissioner_tariff_gain"] * activity
            + (1.0 - activity) * (1.0 - gain) * horizon_weight,
            "practice": levers["contracting.flexibility"] * contract
            - parameters["payment.practice_workload_cost"]
            - risk
            + incentive,
            "local_authority": social,
        }

    def pressure(self) -> None:
        """Update every organisation's pressure from beds, waits, deficits and workload."""
        self.meet_demand()
        self.agents.do("feel_pressure")

    def meet_demand(self) -> None:
        """Describe how thinly practices' staff and their funding are spread, against the start."""
        parameters = self.parameters
        self.staff_dilution = math.exp(-parameters["demand.practice_capacity_growth"] * self.years)
        shortage = parameters["pressure.funding_reference"] / self.levers["payment.practice_funding_share"]
        self.funding_dilution = shortage ** parameters["pressure.funding_power"]

    def showcase(self) -> None:
        """Update what every place sees of integrated care elsewhere."""
        for place in self.places:
            place.look_around()

    def leadership(self) -> None:
        """Turn leaders, and let some leave."""
        parameters, levers = self.parameters, self.levers
        self.outward_drift = (
            parameters["leadership.development_drift"] * levers["leadership.development"]
            + parameters["leadership.regulation_drift"] * levers["regulation.system_weight"]
            + parameters["leadership.effort_drift"] * levers["leadership.effort"]
        )
        self.showcase_drift = parameters["leadership.showcase_drift"] * levers["convening.showcase"]
        self.agents.do("lead")

    def moves(self) -> None:
        """Fill vacant posts with leaders of partner organisations."""
        for one in self.organisations:
            one.moved_from = None
        for one in [one for one in self.chiefs if one.exited]:
            one.look_among_partners()

    def effort(self) -> None:
        """Update how much effort every organisation gives to others."""
        self.sponsored_effort = self.parameters["effort.sponsored"] * self.levers["leadership.effort"]
        self.agents.do("reach_out")

    def approach(self) -> None:
        """Choose the practices that leaders approach first."""
        before = [practice.preference for practice in self.practices]
        for place in self.places:
            place.choose_first()
        self.refocused = before != [practice.preference for practice in self.practices]

    def attention(self) -> None:
        """Divide every organisation's effort over its ties."""
        for organisation in self.organisations:
            judgements = [side.other.trust for side in organisation.sides if side.tie.is_open]
            organisation.renown = sum(judgements) / len(judgements) if judgements else 0.0
        reserved = self.levers["leadership.practice_share"]
        self.group_factor = (reserved, 1.0 - reserved, 1.0)
        self.agents.do("divide_attention")
        self.reshaped = False

    def barrier(self) -> None:
        """Update how every place feels the rules of competition."""
        for place in self.places:
            place.feel_rules()

    def caution(self) -> None:
        """Update every place's caution by what the rules did."""
        for place in self.places:
            place.learn_from_rules()

    def contact(self) -> None:
        """Draw the meetings between the two ends of each tie."""
        for tie in self.ties:
            tie.meet()

    def clinical(self) -> None:
        """Draw the meetings of practices that have a seat."""
        for place in self.places:
            place.fill_seats()
        self.practices.do("attend")

    def encounter(self) -> None:
        """Draw each side's own judgement of its meetings."""
        for tie in self.ties:
            tie.judge_meetings()

    def memory(self) -> None:
        """Update each side's memory of how the other took their meetings."""
        if self.parameters["memory.reciprocity"] == 0.0:
            return
        for tie in self.ties:
            for side in tie.sides:
                side.remember()

    def trust(self) -> None:
        """Update each side's trust by its meetings, by decay, and by changes of leaders."""
        if self.parameters["trust.third_party_pull"] > 0.0:
            self.spread_reputations()
        for tie in self.ties:
            for side in tie.sides:
                side.update_trust()
                side.update_divergence()
                if self.trust_rule.looks_at_relations:
                    side.update_relation()

    def spread_reputations(self) -> None:
        """Compute every organisation's reputation: the mean trust that others had in it before this step."""
        for organisation in self.organisations:
            judgements = [side.other.trust for side in organisation.sides if side.tie.is_open]
            if judgements:
                organisation.reputation = sum(judgements) / len(judgements)

    def succession(self) -> None:
        """Take off the trust that leaves with leaders, and add what those who move bring."""
        rises = [rise for one in self.organisations for rise in one.bring_along()]
        for tie in self.ties:
            for side in tie.sides:
                side.change_leaders()
        for side, rise in rises:
            side.trust = clip(side.trust + rise)

    def talk(self) -> None:
        """Move trust by what partners say about third organisations, all as of before anybody spoke."""
        opinions = [opinion for tie in self.ties for opinion in tie.talk_of_third()]
        for side, said, heed in opinions:
            side.trust += heed * (said - side.trust)

    def challenge(self) -> None:
        """Draw challenges by competition law to joint arrangements that stand or form."""
        levers = self.levers
        hazard = (
            levers["competition.challenge_rate"]
            * levers["competition.strictness"]
            * (1.0 - levers["competition.dialogue_protection"])
        )
        self.challenge_chance = 1.0 - math.exp(-hazard * self.dt)
        for place in self.places:
            place.face_challenge()

    def tender(self) -> None:
        """Draw the tenders of joint arrangements by commissioners."""
        hazard = self.levers["competition.tender_rate"] * self.levers["competition.strictness"]
        self.tender_chance = 1.0 - math.exp(-hazard * self.dt)
        for place in self.places:
            place.face_tender()

    def closure(self) -> None:
        """Close practices one after the other."""
        self.practices.do("consider_closing")

    def federation(self) -> None:
        """Add practices to networks, remove them, and pay the networks."""
        self.practices.do("consider_federating")
        for network in self.networks:
            network.measure_performance()
        self.practices.do("consider_leaving")
        for network in [network for network in self.networks if len(network.members) == 1]:
            network.dissolve()
        for network in self.networks:
            network.negotiate()
        for place in self.places:
            place.measure_networks()

    def governance(self) -> None:
        """Update which practices are engaged and which boards stand."""
        self.measure_trust()
        for place in self.places:
            place.convene_board()

    def measure_trust(self) -> None:
        """Update the engagement of practices, alone and as networks, and the measures of places."""
        self.practices.do("weigh_partners")
        self.practices.do("look_at_neighbours")
        for network in self.networks:
            network.pool_trust()
            network.pool_example()
        self.practices.do("consider_engagement")
        for place in self.places:
            place.measure_trust()

    def integration(self) -> None:
        """Widen scope with success, and let integrated care grow where it is trusted and permitted."""
        for place in self.places:
            place.integrate()

    # ---- what it shows ---------------------------------------------------------------------------

    def snapshot(self) -> dict[str, NDArray[np.float64]]:
        """Return every state variable as an array, shaped as in the compiled form without its lanes."""
        return take_snapshot(self)

    def measures(self) -> dict[str, float]:
        """Return the measures of the month by name."""
        return measure(self)
