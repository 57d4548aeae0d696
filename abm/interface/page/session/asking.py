"""The bar in which a visitor asks: policy, place, reference, years and accidents of fate."""

import math
from dataclasses import replace
from functools import lru_cache
from typing import Any

import solara

from abm.interface.page.session.question import Question, shipped_scenario, with_preset
from abm.interface.page.session.visit_state import Session
from abm.interface.page.widgets.controls import Action, QuestionBar
from abm.records import Document
from abm.scenarios.scenario import place_names, scenario_names

FIELDS = {"preset": "Policy", "place": "Place", "reference": "Compared with"}
PREPARING = "Preparing the model: it is compiled once, which takes about half a minute …"


@lru_cache(maxsize=1)
def choices() -> dict[str, list[tuple[str, str]]]:
    """List the policies and places that can be chosen, with their labels."""
    from abm.scenarios.library import shipped_directory

    scenarios = sorted(
        ((name, shipped_scenario(name).label) for name in scenario_names()), key=lambda one: one[1]
    )
    folder = shipped_directory() / "places"
    places = [
        (name, str(Document.read(folder / f"{name}.yaml").data.get("label", name))) for name in place_names()
    ]
    first = [one for one in scenarios if one[0] == "baseline"]
    ordered = first + [one for one in scenarios if one[0] != "baseline"]
    return {"preset": ordered, "reference": ordered, "place": places}


@solara.component
def Ask(session: Session, fields: tuple[str, ...] = ("preset", "place", "reference")) -> None:
    """Show the bar in which the visitor asks."""
    question = session.question.value

    def act(action: Action | None) -> None:
        if action is not None and action.kind == "ask":
            session.change(
                lambda now: asked(now, str(action.content.get("field")), action.content.get("value"))
            )

    QuestionBar.element(
        values={
            "preset": question.preset,
            "place": question.place,
            "reference": question.reference,
            "years": f"{question.years:g}",
            "seed": question.seed,
            "replicate": question.replicate,
        },
        options={name: choices()[name] for name in fields},
        labels=FIELDS,
        about=question.preset_scenario.description.strip() if "preset" in fields else "",
        most_years=session.limits.years,
        on_action=act,
    )


def asked(question: Question, field: str, value: Any) -> Question:
    """Return the question with one field changed as the bar asks; an unknown field changes nothing."""
    if field == "preset":
        return with_preset(question, str(value))
    if field in ("place", "reference"):
        named: dict[str, Any] = {field: str(value)}
        return replace(question, **named)
    number = finite(value)
    if number is None:
        return question
    if field == "years":
        return replace(question, years=number)
    if field not in ("seed", "replicate"):
        return question
    # A seed may have more digits than a float holds.
    changed: dict[str, Any] = {field: int(value)}
    return replace(question, **changed)


def finite(value: Any) -> float | None:
    """Return a number that a browser sent; None if it is not a finite number."""
    try:
        number = float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
