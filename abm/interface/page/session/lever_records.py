"""The levers as the panel shows them: their records, and how each moves over the years of a scenario."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from abm.core.quantities.lever import Lever
from abm.core.vocabulary import MONTHS_PER_YEAR
from abm.interface.page.session.question import Question
from abm.interface.page.session.schedule_changes import settled_schedule
from abm.policy.schedule import Constant, Dated, Pulse, Ramp, Schedule, Step
from abm.scenarios.scenario import Scenario, load_policy

HEADLINE = (
    "leadership.effort",
    "competition.strictness",
    "competition.dialogue_protection",
    "contracting.flexibility",
    "payment.activity_share",
    "regulation.system_weight",
)
"""Levers that are always in sight: the three headline levers, and those of the reforms of 2014."""
STEPS_OF_SLIDER = 100


def lever_groups(levers: Mapping[str, Lever]) -> list[dict[str, str]]:
    """List the groups of levers in the order of the records."""
    names = dict.fromkeys(name.partition(".")[0] for name in levers)
    return [{"name": name, "label": name.capitalize()} for name in names]


def lever_records(levers: Mapping[str, Lever]) -> list[dict[str, Any]]:
    """List the record of every lever for the panel."""
    return [
        {
            "name": lever.name,
            "label": lever.label,
            "description": lever.description,
            "unit": lever.unit,
            "low": lever.bounds[0],
            "high": lever.bounds[1],
            "type": lever.type,
            "step": slider_step(lever),
            "default": lever.default,
            "writes": lever.writes.replace("_", " "),
            "mechanism": lever.mechanism,
            "equation": lever.equation,
            "claim": lever.claim,
            "evidence": ", ".join(lever.evidence),
        }
        for lever in levers.values()
    ]


def slider_step(lever: Lever) -> float:
    """Return the step of a lever's slider: a hundredth of its range in round numbers."""
    if lever.type != "number":
        return 1.0
    low, high = lever.bounds
    return 0.001 if high - low < 0.5 else (0.01 if high - low <= 2 else 0.1)


def lever_states(question: Question) -> dict[str, dict[str, Any]]:
    """Return how every lever moves, and whether the visitor changed it."""
    scenario = question.scenario
    return {
        name: {
            **shape(settled_schedule(scenario, lever)),
            "points": points(settled_schedule(scenario, lever), question.years),
            "words": words(settled_schedule(scenario, lever)),
            "edited": name in question.levers,
            "source": setter(question, name),
        }
        for name, lever in scenario.catalogue.levers.items()
    }


def shape(schedule: Schedule) -> dict[str, Any]:
    """Return what the editor shows of a settled schedule; 'custom' if it has several moves."""
    if isinstance(schedule, Constant):
        return {"form": "constant", "to": schedule.value, "from": schedule.value, "start": None, "end": None}
    if isinstance(schedule, Step):
        return {**_move("step", schedule.before, schedule.to), "start": _month(schedule.at), "end": None}
    if isinstance(schedule, Ramp | Pulse):
        times = {"start": _month(schedule.start), "end": _month(schedule.end)}
        return {**_move(schedule.form, schedule.before, schedule.to), **times}
    return {"form": "custom", "to": None, "from": None, "start": None, "end": None}


def _move(form: str, before: float | None, to: float) -> dict[str, Any]:
    return {"form": form, "to": to, "from": before}


def _month(when: float | str) -> int:
    return round(float(when) * MONTHS_PER_YEAR)


def points(schedule: Schedule, years: float) -> list[list[float]]:
    """Return the corners of a settled schedule over a horizon, as pairs of years and value."""
    corners: list[list[float]] = []
    for piece in schedule.pieces():
        if piece.start > years or piece.end <= piece.start:
            continue
        end = min(piece.end, years)
        share = 0.0 if piece.end == float("inf") else (end - piece.start) / (piece.end - piece.start)
        corners.append([piece.start, piece.first])
        corners.append([end, piece.first + share * (piece.last - piece.first)])
    return corners or [[0.0, 0.0], [years, 0.0]]


def words(schedule: Schedule) -> str:
    """Describe a settled schedule in words."""
    if isinstance(schedule, Constant):
        return f"{schedule.value:g} throughout"
    if isinstance(schedule, Step):
        return f"{schedule.before:g}, from year {schedule.at:g} {schedule.to:g}"
    if isinstance(schedule, Ramp):
        return (
            f"from {schedule.before:g} in year {schedule.start:g} to {schedule.to:g} in year {schedule.end:g}"
        )
    if isinstance(schedule, Pulse):
        return f"{schedule.to:g} from year {schedule.start:g} to {schedule.end:g}, else {schedule.before:g}"
    return f"{len(schedule.dates) if isinstance(schedule, Dated) else 'several'} moves"


def setter(question: Question, name: str) -> str:
    """Return who set a lever: the visitor, a policy of the preset with its source, or nobody."""
    if name in question.levers:
        return "you"
    scenario = question.preset_scenario
    found = [block for block in blocks(scenario) if name in block[1]]
    if found:
        label, _, source = found[-1]
        return f"the policy '{label}'" + (f": {source}" if source else "")
    return f"the scenario: {scenario.source}" if name in scenario.levers else "nobody; its default"


def blocks(scenario: Scenario) -> Iterable[tuple[str, frozenset[str], str]]:
    """Return label, levers and source of the policies of a scenario."""
    return [shipped_block(name) for name in scenario.policies]


@cache
def shipped_block(name: str) -> tuple[str, frozenset[str], str]:
    """Return label, levers and source of a shipped policy."""
    block = load_policy(name)
    return block.label or block.name, frozenset(block.levers), block.source
