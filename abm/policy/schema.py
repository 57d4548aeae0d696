"""Describe levers, schedules and parameters as JSON Schema, so that editors complete and check files."""

from __future__ import annotations

from typing import Any

from pydantic import GetJsonSchemaHandler

from abm.core.quantities.lever import Lever
from abm.core.quantities.quantity import Quantity
from abm.policy.catalogue import Catalogue, shipped
from abm.policy.times import MONTH_PATTERN
from abm.records import shown_number

TIME_SCHEMA = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": MONTH_PATTERN}]}
"""A time: years from the start, or a month."""


def number_schema(quantity: Quantity) -> dict[str, Any]:
    """Return the JSON Schema of one valid number of a lever or parameter."""
    low, high = quantity.bounds
    if quantity.type == "switch":
        return {"enum": [low, high, False, True]}
    kind = "integer" if quantity.type == "integer" else "number"
    return {"type": kind, "minimum": low, "maximum": high}


def described(quantity: Quantity) -> str:
    """Describe a lever or parameter in one line, for tooltips."""
    return f"{quantity.label}. {quantity.description} Valid: {quantity.valid}."


def schedule_schema(lever: Lever) -> dict[str, Any]:
    """Return the JSON Schema of a lever's schedule.

    Parameters
    ----------
    lever : Lever
        The lever, for bounds and texts.

    Returns
    -------
    dict
        JSON Schema, draft 2020-12.
    """
    value = number_schema(lever)

    def mapping(needed: dict[str, Any], **optional: Any) -> dict[str, Any]:
        keys = {"properties": {**needed, **optional}, "required": list(needed), "additionalProperties": False}
        return {"type": "object", **keys}

    span = {"start": TIME_SCHEMA, "end": TIME_SCHEMA, "to": value}
    forms = [
        mapping({"step": mapping({"at": TIME_SCHEMA, "to": value}, **{"from": value})}),
        mapping({"pulse": mapping(span, **{"from": value})}),
    ]
    if lever.type != "switch":
        forms.insert(1, mapping({"ramp": mapping(span, **{"from": value})}))
    dates = mapping({"dates": {"type": "object", "minProperties": 1, "additionalProperties": value}})
    segments = {"type": "array", "minItems": 1, "items": {"anyOf": forms}}
    return {
        "description": f"{described(lever)} Default: {shown_number(lever.default)}.",
        "anyOf": [value, *forms, dates, segments],
    }


def settings_schema(catalogue: Catalogue) -> dict[str, Any]:
    """Return the JSON Schema of settings of levers: every lever's name, description and forms."""
    properties = {name: schedule_schema(lever) for name, lever in catalogue.levers.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def overrides_schema(catalogue: Catalogue) -> dict[str, Any]:
    """Return the JSON Schema of overrides of parameters: every parameter's name, description and bounds."""
    properties: dict[str, Any] = {}
    for name, parameter in catalogue.parameters.items():
        value = {"description": described(parameter), **number_schema(parameter)}
        if parameter.index is None:
            properties[name] = value
            continue
        elements = dict.fromkeys(parameter.elements, value)
        properties[name] = {"type": "object", "properties": elements, "additionalProperties": False}
        properties.update({f"{name}.{element}": value for element in parameter.elements})
    return {"type": "object", "properties": properties, "additionalProperties": False}


class LeverSettingsSchema:
    """JSON Schema of settings of abm's own levers, for editors."""

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return settings_schema(shipped())


class ParameterOverridesSchema:
    """JSON Schema of overrides of abm's own parameters, for editors."""

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: Any, _handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return overrides_schema(shipped())
