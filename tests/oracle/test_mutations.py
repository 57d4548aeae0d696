"""The comparison with the oracle has teeth: it catches every fault planted in a mechanism or in their order."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from abm.core import kernels
from abm.core.batch import Batch, Lane
from abm.core.order import listed
from abm.core.part import Part
from abm.core.reading import declared_by, read_submodel
from abm.core.theory import Theory
from abm.submodels.shipped import theory
from abm.world.vocabulary import VOCABULARY

from .comparison import TOLERANCE, Snapshot, gap, read_state, record_oracle
from .places import make_valleys
from .policies import PARAMETERS, POLICIES, make_parameters, make_table

MONTHS = 72
PREFIX = "rewritten_"

FAULTY_PARAMETERS = [
    # parameter, what a mechanism reads in its place
    ("trust.gain", lambda value: 1.01 * value),
    ("tender.duration", lambda value: 0.5 * value),
    ("federation.threshold", lambda value: 1.1 * value),
    ("governance.engagement_hysteresis", lambda value: 0.0),
    ("governance.takeover_deterrence", lambda value: 0.0),
    ("approach.at_once", lambda value: 1.0),
    ("memory.usual", lambda value: 0.95 * value),
    ("effort.reference_population", lambda value: 1.0),
]

MUTATIONS = [
    # mechanism, what its source says, what the mutant says instead
    ("demand", "growth - slowed", "growth + slowed"),
    ("demand", "max(step - 1 -", "max(step -"),
    ("demand", "grown(outside_admissions[lane], growth, dt)", "grown(outside_admissions[lane], 0.0, dt)"),
    ("demand", "stay_growth[lane] - demand_bed_growth", "stay_growth[lane] + demand_bed_growth"),
    (
        "demand",
        "avoided[provider, lane] += share * slowed[place, lane]",
        "avoided[provider, lane] += slowed[place, lane]",
    ),
    ("demand", "waiting + dt *", "0.5 * waiting + dt *"),
    (
        "payment",
        "-activity * (1.0 - marginal_cost_share)",
        "activity * (1.0 - marginal_cost_share)",
    ),
    ("payment", "(1.0 - activity) * (1.0 - gain) * weight", "(1.0 - activity) * gain * weight"),
    ("payment", "shared * mean - shared * cost", "shared * mean + shared * cost"),
    ("payment", "kinds if organisation_kind", "kinds - 1 if organisation_kind"),
    ("payment", "if kind == ACUTE", "if kind == COMMUNITY"),
    ("payment", "math.exp(-reversion * dt)", "(1.0 - reversion * dt)"),
    ("pressure", "max(-margin[", "max(margin["),
    ("pressure", "math.exp(-2.0 * rate * dt)", "math.exp(-rate * dt)"),
    ("pressure", "math.exp(-capacity_growth", "math.exp(capacity_growth"),
    ("pressure", "kind == PRACTICE", "kind != PRACTICE"),
    ("leadership", "UNTROUBLED = 0.5", "UNTROUBLED = 0.4"),
    ("leadership", "tenure[organisation, lane] = 0.0", "tenure[organisation, lane] = dt"),
    ("leadership", "step, SUCCESSOR, organisation", "step, EXIT, organisation"),
    ("leadership", "drift / rate if", "1.0 if"),
    ("leadership", "(1.0 + pressure_effect * usual_excess) *", "1.0 *"),
    ("leadership", "* (1.0 + local_share)", ""),
    ("leadership", "if kind != PRACTICE else 0.0", "if True else 0.0"),
    ("moves", "orientation[row, lane] = orientation[former, lane]", "pass"),
    ("moves", "exits[former, lane] = 1.0", "pass"),
    ("moves", "tenure[former, lane] = 0.0", "pass"),
    ("moves", "        if organisation_kind[row] == PRACTICE:\n            continue\n", ""),
    ("moves", "organisation_kind[organisation] != PRACTICE and ", ""),
    ("moves", " and exits[organisation, lane] == 0.0", ""),
    ("moves", "step, BEHIND, former", "step, BEHIND, row"),
    ("moves", "moved_from[:] = NOWHERE", "pass"),
    ("leadership", "+ leadership_showcase_drift[lane]", "- leadership_showcase_drift[lane]"),
    ("leadership", "view = seen[organisation, lane]", "view = visible[0, lane]"),
    ("showcase", "+= weight * implementation[other, lane]", "+= weight * implementation[place, lane]"),
    ("showcase", "weight = nearness[place, other]", "weight = 0.5 * nearness[place, other]"),
    ("effort", "- effort_fortress_threshold[lane]", "+ effort_fortress_threshold[lane]"),
    ("effort", "sponsored_base + orientation", "sponsored_base * orientation"),
    ("attention", "part = 1.0 - reserved", "part = reserved"),
    ("attention", "* segment_share[group]", "* 1.0"),
    (
        "attention",
        "need[tie],\n                            trust[tie, side, lane]",
        "need[tie],\n                            trust[tie, 1 - side, lane]",
    ),
    ("attention", "step > 0 and not follows_trust and not", "step > 0 and not follows_trust or not"),
    ("attention", "1.0 - 1.0 / max(", "1.0 / max("),
    ("attention", "in (COMMISSIONER_PRACTICE, HOSPITAL_PRACTICE)", "in (HOSPITAL_PRACTICE,)"),
    ("attention", "has_powers or is_popular or is_focused", "has_powers or is_popular"),
    ("attention", "attention_total[segment[tie, 0]] = 0.0", "pass"),
    ("attention", "follows_trust or is_refocused or step == 0", "follows_trust or step == 0"),
    ("attention", "preference[tie_ends[tie, 1], lane]", "preference[tie_ends[tie, 0], lane]"),
    (
        "attention",
        "reputation[other, lane] += trust[tie, side, lane]",
        "reputation[other, lane] += trust[tie, 1 - side, lane]",
    ),
    ("attention", "(trust_floor + reputation) ** popularity_power", "reputation**popularity_power"),
    ("approach", "if engaged[practice, lane] > 0.0", "if engaged[practice, lane] > 1.0"),
    ("approach", "open_practices / at_once - 1.0", "at_once / open_practices"),
    ("approach", "people[entry] > people[best]", "people[entry] < people[best]"),
    ("approach", "= -practice_trust", "= practice_trust"),
    (
        "approach",
        "neighbours[one, lane] += counted[other, lane]",
        "neighbours[one, lane] += counted[one, lane]",
    ),
    ("approach", "candidates + 0.5", "candidates"),
    ("approach", "LARGEST = 1", "LARGEST = 2"),
    ("memory", "good_meetings[tie, 1 - side, lane]", "good_meetings[tie, side, lane]"),
    ("memory", "kept[number - 1, lane] * (1.0 - memory_pace", "(1.0 - memory_pace"),
    (
        "memory",
        "side = 0 if tie_ends[tie, 0] == leaver else 1",
        "side = 1 if tie_ends[tie, 0] == leaver else 0",
    ),
    ("barrier", "strictness * (1.0 - dialogue_protection)", "strictness * dialogue_protection"),
    ("barrier", "1.0 - weight + weight * caution", "weight * caution"),
    ("caution", "(1.0 - caution) * jump", "jump"),
    ("caution", "or tendered[place, lane] > 0.0", ""),
    ("contact", "strictness = felt[place, lane]", "strictness = felt[0, lane]"),
    ("encounter", "strictness = felt[place, lane]", "strictness = felt[0, lane]"),
    ("closure", "open_ties[segment[tie, side], lane] -= 1.0", "pass"),
    ("closure", "attention_weight[tie, side, lane] = 0.0", "pass"),
    ("closure", "trust[tie, side, lane] = trust_base[lane]", "pass"),
    ("contact", "0.5 * (1.0 - strictness", "(1.0 - strictness"),
    ("contact", "or is_any(leadership_focus)", ""),
    ("contact", "0 if kind == PRACTICE_PRACTICE else 1", "1"),
    ("contact", "1.0 - strictness * contact_barrier_weight", "1.0 + strictness * contact_barrier_weight"),
    ("clinical", "neighbours[other, lane] += is_open", "pass"),
    ("clinical", "int(convening_clinical_leaders[lane])", "math.ceil(convening_clinical_leaders[lane])"),
    ("clinical", "> most[lane]", ">= most[lane]"),
    ("clinical", "list_size[practice, lane] > 0.0 and ", ""),
    ("clinical", "board[place, lane] > 0.0", "True"),
    ("clinical", "meetings[tie, lane] + more", "more"),
    ("clinical", "(COMMISSIONER_PRACTICE, HOSPITAL_PRACTICE)", "(COMMISSIONER_PRACTICE,)"),
    ("encounter", "- divergence", "+ divergence"),
    ("encounter", "end = tie_ends[tie, side]", "end = tie_ends[tie, 1 - side]"),
    ("encounter", "answers, regard[tie, side, lane]", "answers, regard[tie, 1 - side, lane]"),
    ("encounter", "if shared < sharing[event]", "if shared > sharing[event]"),
    ("encounter", "- barrier_loss", "+ barrier_loss"),
    ("trust", "gained[good, lane], lost[held - good, lane]", "gained[good, lane], lost[good, lane]"),
    ("trust", "math.exp(-trust_decay[lane] * dt)", "(1.0 - trust_decay[lane] * dt)"),
    ("trust", "reputation[other, lane], pulled", "reputation[tie_ends[tie, side], lane], pulled"),
    ("succession", "by_successor if is_first", "by_successor if not is_first"),
    ("succession", "by_partner if is_first", "by_partner if not is_first"),
    ("succession", "carried * (1.0 - kept) * (level - base)", "carried * kept * (level - base)"),
    ("succession", "(level - base)", "level"),
    ("succession", "trust_kept_by_partner[lane], trust[away", "trust_kept_by_successor[lane], trust[away"),
    ("succession", "trust[away, 1 - side, lane], base", "trust[away, side, lane], base"),
    ("succession", "side = side_of(tie_ends, away, former)", "side = 1 - side_of(tie_ends, away, former)"),
    ("succession", "clip(trust[tie, side, lane] + brought_own[gain])", "trust[tie, side, lane]"),
    ("succession", "trust_rule[lane] == RELATION", "False"),
    ("trust", "level + adapted * (good / held - level)", "level + adapted * (good / held)"),
    ("trust", "max(level, base + (1.0 - base)", "max(level, (1.0 - base)"),
    (
        "trust",
        "years - start_here[row, side, lane]",
        "years - start_here[row, side, lane] + dt",
    ),
    ("pressure", "** funding_power", "/ funding_power"),
    ("trust", "dispelled[held, lane]", "dispelled[good, lane]"),
    ("suspension", "delay[place, lane] - dt", "delay[place, lane] + dt"),
    ("challenge", "1.0 - challenged[place, lane]", "1.0 + challenged[place, lane]"),
    ("challenge", "kind[tie] > COMMISSIONER_COMMUNITY", "kind[tie] >= COMMISSIONER_COMMUNITY"),
    ("suspension", "scope > tender_threshold", "scope < tender_threshold"),
    ("suspension", "or board_trust >", "and board_trust >"),
    (
        "tender",
        "return rate * strictness",
        "return rate",
    ),
    ("tender", "delay[place, lane] > 0.0", "False"),
    ("tender", "step, TENDER, place", "step, TENDER, place + 1"),
    ("tender", "kind > ACUTE_COMMUNITY", "kind >= ACUTE_COMMUNITY"),
    ("tender", "if kind == COMMISSIONER_PRACTICE", "if kind < COMMISSIONER_PRACTICE"),
    ("tender", "sides = 1 if kind <= COMMISSIONER_COMMUNITY else 2", "sides = 2"),
    ("tender", "1.0 - tendered[place, lane]", "1.0 + tendered[place, lane]"),
    ("tender", "exposed[place, lane] == 0.0 or", ""),
    ("closure", "reference_list / people", "people / reference_list"),
    ("closure", "** size_power", "* size_power"),
    ("closure", "FEWEST_OPEN = 2", "FEWEST_OPEN = 3"),
    ("closure", "most = trust[tie, side, lane]", "most = 0.0"),
    ("closure", "list_size[heir, lane] += people", "list_size[heir, lane] = people"),
    ("closure", "network[practice, lane] = -1", "network[practice, lane] = network[heir, lane]"),
    ("federation", "risk * math.sqrt(risk_population / people)", "risk * risk_population / people"),
    ("federation", "coordination * (members - 1.0)", "coordination * members"),
    ("federation", "max(orientation_0, orientation_1)", "min(orientation_0, orientation_1)"),
    ("federation", "== max(label_0, label_1)", "== min(label_0, label_1)"),
    (
        "federation",
        "= people[label, lane]\n            network_members",
        "= 0.9 * people[label, lane]\n            network_members",
    ),
    ("federation", "network_members[label, lane] = members", "network_members[label, lane] = 0.9 * members"),
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
    ("federation", "loss * (1.0 - governance)", "loss * governance"),
    ("federation", "number=14", "number=12"),
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
    ("traits", "deviate - 0.5 * spread * spread", "deviate"),
    ("traits", "home, STANDING, organisation", "home, OPENNESS, organisation"),
    (
        "encounter",
        "+ openness[end, lane] + standing[other, lane]",
        "+ openness[other, lane] + standing[end, lane]",
    ),
    ("encounter", "+ openness[end, lane] + standing[other, lane]", "+ openness[end, lane]"),
    ("pressure", "+ burden[organisation, lane]", "- burden[organisation, lane]"),
    ("effort", "open_for_work * vigour[organisation, lane]", "open_for_work"),
    (
        "trust",
        "here + np.uint64(judge), PAST_OF_PAIR, judged",
        "here + np.uint64(judged), PAST_OF_PAIR, judge",
    ),
    ("trust", "PAST_OF_PARTNER, judged", "PAST_OF_PARTNER, judge"),
    ("trust", "math.sqrt(place_share) * of_place", "place_share * of_place"),
    ("talk", "hearer = 0 if u0 < 0.5 else 1", "hearer = 1 if u0 < 0.5 else 0"),
    ("talk", "int(u * number)", "min(int(u * number) + 1, number - 1)"),
    ("talk", "trust[tie, hearer, lane])", "trust[tie, 1 - hearer, lane])"),
    ("talk", "good_meetings[tie, hearer, lane]", "good_meetings[tie, 1 - hearer, lane]"),
    ("talk", "trust[tellers, side, lane]", "trust[tellers, 1 - side, lane]"),
    ("talk", "if shut[own, lane] > 0:", "if False:"),
    ("talk", "(1.0 - weight) ** good", "(1.0 - weight) * good"),
    ("talk", "number=17", "number=16"),
    ("peers", "influence * (share - reference)", "influence * (reference - share)"),
    ("peers", "is_open * engaged[other, lane]", "is_open * engaged[one, lane]"),
    ("peers", "pooled[label, lane] / people[label, lane]", "encouragement[practice, lane]"),
    ("peers", "neighbours[other, lane] += is_open\n", "neighbours[other, lane] += 1.0\n"),
    ("governance", "joins_above[lane] - easier", "joins_above[lane] + easier"),
]

MOVES = [
    # mechanism, the one after which it runs
    ("payment", "pressure"),
    ("leadership", "effort"),
    ("moves", "effort"),
    ("clinical", "encounter"),
    ("trust", "challenge"),
    ("succession", "talk"),
    ("trust", "tender"),
    ("closure", "federation"),
    ("federation", "governance"),
    ("governance", "integration"),
    ("talk", "closure"),
]
"""Moves in the order of a month that read nothing before it is known; others are refused (`test_order.py`)."""


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
    """Return whether a batch departs from the oracle's histories in any month."""
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


def is_caught(faulty: Theory) -> bool:
    """Return whether the comparison catches a theory, run in its Python form."""
    # A mutant may well divide by zero; what counts is that it is caught.
    with np.errstate(all="ignore"):
        return any(
            departs(Batch(faulty, make_valleys(), lanes, is_compiled=False), histories)
            for lanes, histories in cases()
        )


def part_of(name: str) -> Part:
    """Return a submodel of abm."""
    (found,) = (part for part in theory().parts if part.name == name)
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Provide a folder whose packages can be imported, and leave no trace of what was."""
    monkeypatch.syspath_prepend(tmp_path)
    # What a mechanism calls stays in its Python form too.
    for decorator in ("compiled", "inlined"):
        monkeypatch.setattr(kernels, decorator, lambda function: function)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith(PREFIX)]:
        del sys.modules[name]


def rewritten(name: str, folder: Path, old: str = "", new: str = "") -> Theory:
    """Return the theory with one string replaced in the source of a submodel."""
    package = folder / f"{PREFIX}{name}"
    shutil.copytree(part_of(name).path.parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    holders = [path for path in package.glob("*.py") if old in path.read_text(encoding="utf-8")]
    if old:
        (path,) = holders
        source = path.read_text(encoding="utf-8")
        assert source.count(old) == 1, f"'{old}' stands {source.count(old)} times in the source of '{name}'"
        path.write_text(source.replace(old, new), encoding="utf-8")
    importlib.invalidate_caches()
    module = importlib.import_module(f"{PREFIX}{name}.{name}")
    reading = read_submodel(declared_by(module), package / f"{name}.py", VOCABULARY, is_foreign=False)
    assert not reading.problems
    # What measures stays compiled: the comparison looks at state.
    mutant = replace(reading.part, tallies=part_of(name).tallies)
    return replace(theory(), parts=tuple(mutant if part.name == name else part for part in theory().parts))


@pytest.mark.parametrize("name", [part.name for part in theory().parts if part.mechanisms])
def test_sources_without_a_fault_are_not_caught(name: str, folder: Path) -> None:
    """A submodel loaded from its unchanged source agrees, in its Python form."""
    assert not is_caught(rewritten(name, folder))


@pytest.mark.parametrize(("name", "old", "new"), MUTATIONS)
def test_fault_in_a_mechanism_is_caught(name: str, old: str, new: str, folder: Path) -> None:
    """A wrong sign, rate, index or condition in one mechanism shows."""
    assert is_caught(rewritten(name, folder, old, new))


@pytest.mark.parametrize(("name", "faulty"), FAULTY_PARAMETERS)
def test_fault_in_the_use_of_a_parameter_is_caught(name: str, faulty: Callable[[float], float]) -> None:
    """A parameter that enters with a wrong factor, or not at all, shows."""
    assert any(
        departs(
            Batch(
                theory(),
                make_valleys(),
                [
                    replace(lane, parameters={**lane.parameters, name: faulty(lane.parameters[name])})
                    for lane in lanes
                ],
            ),
            histories,
        )
        for lanes, histories in cases()
    )


@pytest.mark.parametrize(("moved", "after"), MOVES)
def test_fault_in_the_order_is_caught(moved: str, after: str) -> None:
    """A mechanism that runs too late shows."""
    names = [name for name in listed(theory().month) if name != moved]
    names.insert(names.index(after) + 1, moved)
    assert is_caught(replace(theory(), month=(("All", tuple(names)),)))


def test_every_mechanism_is_mutated() -> None:
    """No mechanism is left out of the mutations."""
    assert {name for name, _, _ in MUTATIONS} == {mechanism.name for mechanism in theory().order}
