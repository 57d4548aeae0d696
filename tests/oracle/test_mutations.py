"""The comparison with the oracle has teeth: it catches every fault planted in a mechanism or in their order."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from abm import draws
from abm.mechanisms.mechanism import Mechanism
from abm.model.batch import Batch, Lane
from abm.model.calendar import ORDER

from .comparison import TOLERANCE, Snapshot, gap, read_state, record_oracle
from .places import make_valleys
from .policies import PARAMETERS, POLICIES, make_parameters, make_table

MONTHS = 72

MECHANISMS = {mechanism.name: mechanism for mechanism in ORDER}

MUTATIONS = [
    # mechanism, what its source says, what the mutant says instead
    ("demand", "growth - slowed", "growth + slowed"),
    ("demand", "max(step - 1 -", "max(step -"),
    ("demand", "outside_admissions[lane] *= math.exp(dt * growth)", "outside_admissions[lane] *= 1.0"),
    ("demand", "stay_growth[lane] - demand_bed_growth", "stay_growth[lane] + demand_bed_growth"),
    (
        "demand",
        "avoided[provider, lane] += share * slowed[place, lane]",
        "avoided[provider, lane] += slowed[place, lane]",
    ),
    ("demand", "waiting[provider, lane] + dt *", "0.5 * waiting[provider, lane] + dt *"),
    (
        "payment",
        "-activity * (1.0 - payment_marginal_cost_share",
        "activity * (1.0 - payment_marginal_cost_share",
    ),
    ("payment", "(1.0 - activity) * (1.0 - gain) * weight", "(1.0 - activity) * gain * weight"),
    ("payment", "shared * mean - shared * cost", "shared * mean + shared * cost"),
    ("payment", "kinds if organisation_kind", "kinds - 1 if organisation_kind"),
    ("payment", "if kind == ACUTE", "if kind == COMMUNITY"),
    ("payment", "math.exp(-reversion * dt)", "(1.0 - reversion * dt)"),
    ("pressure", "max(-margin", "max(margin"),
    ("pressure", "math.exp(-2.0 * rate * dt)", "math.exp(-rate * dt)"),
    ("pressure", "math.exp(-demand_practice_capacity_growth", "math.exp(demand_practice_capacity_growth"),
    ("pressure", "kind == PRACTICE", "kind != PRACTICE"),
    ("leadership", "[organisation, lane] - 0.5, 0.0)", "[organisation, lane] - 0.4, 0.0)"),
    ("leadership", "tenure[organisation, lane] = 0.0", "tenure[organisation, lane] = dt"),
    ("leadership", "step, SUCCESSOR, organisation", "step, EXIT, organisation"),
    ("leadership", "drift[kind, lane] / rate if", "1.0 if"),
    ("leadership", "+ leadership_showcase_drift[lane]", "- leadership_showcase_drift[lane]"),
    ("leadership", "view = seen[organisation, lane]", "view = visible[0, lane]"),
    ("showcase", "+= weight * implementation[other, lane]", "+= weight * implementation[place, lane]"),
    ("showcase", "weight = nearness[place, other]", "weight = 0.5 * nearness[place, other]"),
    ("effort", "- effort_fortress_threshold[lane]", "+ effort_fortress_threshold[lane]"),
    ("effort", "effort_sponsored_base[lane] + outward", "effort_sponsored_base[lane] * outward"),
    ("effort", "log_served[organisation] - log_reference[lane]", "log_served[organisation]"),
    ("attention", "part = 1.0 - reserved", "part = reserved"),
    ("attention", "* segment_share[group]", "* 1.0"),
    (
        "attention",
        "attention_trust_floor[lane] + trust[tie, side, lane]",
        "attention_trust_floor[lane] + trust[tie, 1 - side, lane]",
    ),
    ("attention", "step > 0 and not follows_trust and not", "step > 0 and not follows_trust or not"),
    ("attention", "1.0 - 1.0 / max(", "1.0 / max("),
    ("attention", "in (COMMISSIONER_PRACTICE, HOSPITAL_PRACTICE)", "in (HOSPITAL_PRACTICE,)"),
    ("closure", "open_ties[segment[tie, side], lane] -= 1.0", "pass"),
    ("closure", "attention_weight[tie, side, lane] = 0.0", "pass"),
    ("closure", "trust[tie, side, lane] = trust_base[lane]", "pass"),
    ("contact", "0.5 * (1.0 - strictness", "(1.0 - strictness"),
    ("contact", "0 if kind == PRACTICE_PRACTICE else 1", "1"),
    ("contact", "1.0 - strictness * contact_barrier_weight", "1.0 + strictness * contact_barrier_weight"),
    ("encounter", "- apart", "+ apart"),
    ("encounter", "end = tie_ends[tie, side]", "end = tie_ends[tie, 1 - side]"),
    ("encounter", "if shared < sharing[event]", "if shared > sharing[event]"),
    ("encounter", "- encounter_barrier_loss", "+ encounter_barrier_loss"),
    ("trust", "(1.0 - trust_gain[lane])", "(1.0 - 1.01 * trust_gain[lane])"),
    ("trust", "gained[good, lane]) * lost[held - good, lane]", "gained[good, lane]) * lost[good, lane]"),
    ("trust", "math.exp(-trust_decay[lane] * dt)", "(1.0 - trust_decay[lane] * dt)"),
    ("trust", "gap = reputation[other, lane]", "gap = reputation[tie_ends[tie, side], lane]"),
    ("trust", "gap * (by_successor if is_first", "gap * (by_successor if not is_first"),
    ("trust", "gap * (by_partner if is_first", "gap * (by_partner if not is_first"),
    ("trust", "level += adapted * (good / held - level)", "level += adapted * (good / held)"),
    ("trust", "max(level, base + (1.0 - base)", "max(level, (1.0 - base)"),
    (
        "trust",
        "length = years - start_here[row, side, lane]",
        "length = years - start_here[row, side, lane] + dt",
    ),
    ("pressure", "** pressure_funding_power[lane]", "/ pressure_funding_power[lane]"),
    ("trust", "dispelled[held, lane]", "dispelled[good, lane]"),
    ("challenge", "delay[place, lane] - dt", "delay[place, lane] + dt"),
    ("challenge", "1.0 - challenged[place, lane]", "1.0 + challenged[place, lane]"),
    ("challenge", "kind[tie] > COMMISSIONER_COMMUNITY", "kind[tie] >= COMMISSIONER_COMMUNITY"),
    ("challenge", "> competition_tender_threshold", "< competition_tender_threshold"),
    ("challenge", "or board_trust[place, lane]", "and board_trust[place, lane]"),
    (
        "tender",
        "competition_tender_rate[lane] * competition_strictness[lane]",
        "competition_tender_rate[lane]",
    ),
    ("tender", "delay[place, lane] > 0.0", "False"),
    ("tender", "step, TENDER, place", "step, TENDER, place + 1"),
    ("tender", "kind > ACUTE_COMMUNITY", "kind >= ACUTE_COMMUNITY"),
    ("tender", "if kind == COMMISSIONER_PRACTICE", "if kind < COMMISSIONER_PRACTICE"),
    ("tender", "sides = 1 if kind <= COMMISSIONER_COMMUNITY else 2", "sides = 2"),
    ("tender", "1.0 - tendered[place, lane]", "1.0 + tendered[place, lane]"),
    ("tender", "= tender_duration[lane]", "= 0.5 * tender_duration[lane]"),
    ("tender", "> competition_tender_threshold", "< competition_tender_threshold"),
    ("tender", "or board_trust[place, lane]", "and board_trust[place, lane]"),
    ("closure", "closure_reference_list[lane] / people", "people / closure_reference_list[lane]"),
    ("closure", "** closure_size_power[lane]", "* closure_size_power[lane]"),
    ("closure", "FEWEST_OPEN = 2", "FEWEST_OPEN = 3"),
    ("closure", "most = trust[tie, side, lane]", "most = 0.0"),
    ("closure", "list_size[heir, lane] += people", "list_size[heir, lane] = people"),
    ("closure", "network[practice, lane] = -1", "network[practice, lane] = network[heir, lane]"),
    ("federation", "risk * math.sqrt(risk_population / people)", "risk * risk_population / people"),
    ("federation", "coordination * (members - 1.0)", "coordination * members"),
    ("federation", "max(orientation_0, orientation_1)", "min(orientation_0, orientation_1)"),
    ("federation", "min(trust_0, trust_1) > threshold", "min(trust_0, trust_1) > 1.1 * threshold"),
    ("federation", "== max(label_0, label_1)", "== min(label_0, label_1)"),
    ("federation", "every_people[entry] = counted_people", "every_people[entry] = 0.9 * counted_people"),
    ("federation", "every_member[entry] = counted_members", "every_member[entry] = 0.9 * counted_members"),
    ("federation", "return min(label_0, label_1)", "return max(label_0, label_1)"),
    ("federation", "if members[first, lane] == 0.0:", "if True:"),
    ("federation", "label < 0 or together > contracting_network_maximum[lane]", "label < 0"),
    (
        "federation",
        "members_0 + members_1, risk, at, cost) < worse",
        "members_0 + members_1, risk, at, cost) < 0.0",
    ),
    (
        "federation",
        "hazard = federation_leave_rate[lane] * (1.0 - performance)",
        "hazard = federation_leave_rate[lane]",
    ),
    ("federation", "= members[label, lane] == 1.0", "= members[label, lane] == 2.0"),
    (
        "federation",
        "federation_contract_rate[lane] * contracting_flexibility[lane]",
        "federation_contract_rate[lane]",
    ),
    ("federation", "(1.0 - contracting_conflict", "(contracting_conflict"),
    ("federation", "step, CONTRACT,", "step, FEDERATE,"),
    ("federation", "people > 0.0 and minimum <= people <= maximum", "people > 0.0"),
    (
        "federation",
        "people[practice, lane], members[practice, lane], minimum",
        "0.0, members[practice, lane], minimum",
    ),
    ("governance", "common if label >= 0 else", ""),
    ("governance", "pooled[label, lane] += list_size[practice, lane] *", "pooled[label, lane] +="),
    (
        "governance",
        "min(trust[tie, 0, lane], trust[tie, 1, lane])",
        "max(trust[tie, 0, lane], trust[tie, 1, lane])",
    ),
    ("governance", "weight[1, lane] = 1.0 - governance", "weight[1, lane] = governance"),
    ("governance", "threshold - governance_board_hysteresis", "threshold + governance_board_hysteresis"),
    ("governance", "joins_above[lane] - governance_engagement_hysteresis[lane]", "joins_above[lane]"),
    ("governance", "* form_takeover_signal[lane]", "* 0.0"),
    ("governance", "delay[place, lane] == 0.0", "delay[place, lane] >= 0.0"),
    (
        "integration",
        "0.5 * (board_trust[place, lane] + engagement_trust[place, lane])",
        "board_trust[place, lane]",
    ),
    ("integration", "delay[place, lane] == 0.0", "True"),
    ("integration", "(integration_erosion_trust[lane] - level)", "(level - integration_erosion_trust[lane])"),
    (
        "integration",
        "integration_boardless_erosion[lane] * (1.0 - stands)",
        "integration_boardless_erosion[lane] * stands",
    ),
    (
        "integration",
        "1.0 if is_mandated else engagement",
        "engagement[place, lane] if is_mandated else engagement",
    ),
    ("integration", "settled = growth * scope[place, lane] / rate", "settled = growth / rate"),
    ("integration", "flexible = flexible * carried + integration", "flexible = flexible + integration"),
    ("integration", "contracting_outcomes_share[lane] * carried)", "contracting_outcomes_share[lane])"),
    ("payment", "- payment_outcomes_risk[lane]", "+ payment_outcomes_risk[lane]"),
]

SWAPS = [
    ("payment", "pressure"),
    ("leadership", "effort"),
    ("trust", "challenge"),
    ("challenge", "tender"),
    ("closure", "federation"),
    ("federation", "governance"),
    ("governance", "integration"),
]
"""Neighbours in the order of a month that can change places without reading what is not yet known."""


@cache
def cases() -> list[tuple[list[Lane], list[list[Snapshot]]]]:
    """Return lanes, one per policy, and the oracle's history of each, for every set of parameters."""
    found = []
    for parameter_set in PARAMETERS:
        lanes = [
            Lane(40 + number, 0, make_parameters(parameter_set), make_table(policy, MONTHS))
            for number, policy in enumerate(POLICIES.values())
        ]
        found.append((lanes, [record_oracle(make_valleys(), lane, MONTHS) for lane in lanes]))
    return found


def departs(batch: Batch, histories: Sequence[list[Snapshot]]) -> bool:
    """Tell whether a batch departs from the oracle's histories in any month."""
    for month in range(MONTHS + 1):
        if month > 0:
            batch.advance()
        state = read_state(batch)
        for lane, history in enumerate(histories):
            if not all(
                gap(value, state[name][..., lane]) <= TOLERANCE for name, value in history[month].items()
            ):
                return True
    return False


def is_caught(order: Sequence[Mechanism]) -> bool:
    """Tell whether the comparison catches an order of mechanisms, run in their Python form."""
    # A mutant may well divide by zero; what counts is that it is caught.
    with np.errstate(all="ignore"):
        return any(
            departs(Batch(make_valleys(), lanes, order=order, is_compiled=False), histories)
            for lanes, histories in cases()
        )


def source_of(name: str) -> str:
    """Return the source of the module that holds a mechanism."""
    return inspect.getsource(sys.modules[MECHANISMS[name].function.__module__])


def load(name: str, source: str) -> Mechanism:
    """Run a module's source, and return the mechanism in it."""
    module: dict[str, object] = {"__name__": f"rewritten_{name}"}
    with pytest.MonkeyPatch.context() as patch:
        # What a mechanism calls stays in its Python form too: numba caches nothing that stands in no file.
        for decorator in ("compiled", "inlined"):
            patch.setattr(draws, decorator, lambda function: function)
        exec(compile(source, f"<rewritten {name}>", "exec"), module)
    loaded = module[name]
    assert isinstance(loaded, Mechanism)
    return loaded


def mutate(name: str, old: str, new: str) -> Mechanism:
    """Return a mechanism whose source has one string replaced."""
    source = source_of(name)
    assert source.count(old) == 1, f"'{old}' stands {source.count(old)} times in the source of '{name}'"
    return load(name, source.replace(old, new))


def test_sources_without_a_fault_are_not_caught() -> None:
    """Mechanisms loaded from their unchanged sources agree, in their Python form."""
    assert not is_caught([load(name, source_of(name)) for name in MECHANISMS])


@pytest.mark.parametrize(("name", "old", "new"), MUTATIONS)
def test_fault_in_a_mechanism_is_caught(name: str, old: str, new: str) -> None:
    """A wrong sign, rate, index or condition in one mechanism shows."""
    mutant = mutate(name, old, new)
    assert is_caught([mutant if mechanism.name == name else mechanism for mechanism in ORDER])


@pytest.mark.parametrize(("first", "second"), SWAPS)
def test_fault_in_the_order_is_caught(first: str, second: str) -> None:
    """Two neighbours that change places show."""
    swapped = {first: MECHANISMS[second], second: MECHANISMS[first]}
    assert is_caught([swapped.get(mechanism.name, mechanism) for mechanism in ORDER])


def test_every_mechanism_is_mutated() -> None:
    """No mechanism is left out of the mutations."""
    assert {name for name, _, _ in MUTATIONS} == set(MECHANISMS)
