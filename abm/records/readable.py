"""Build a record from the readable parts of a value with faults, so that these parts can be checked too."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping, Set
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel

from abm.records.values import KeyPath

M = TypeVar("M", bound=BaseModel)


def readable(model: type[M], data: Any, faulty: Set[KeyPath], at: KeyPath = ()) -> M:
    """Build a record of what can be read.

    A number that cannot be read becomes NaN, so that comparisons with it report nothing; text becomes
    None, a list holds the items that are there, and a record within holds what can be read of it. A key that may be
    left out and cannot be read has its default.

    Parameters
    ----------
    model : type
        A model of pydantic.
    data : Any
        Plain values.
    faulty : set of KeyPath
        Where pydantic found faults.
    at : KeyPath
        Path of `data`.

    Returns
    -------
    BaseModel
        Not validated.
    """
    given = data if isinstance(data, Mapping) else {}
    values: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        key = info.alias or name
        path = (*at, key)
        if not info.is_required() and (key not in given or path in faulty):
            values[name] = info.get_default(call_default_factory=True)
        else:
            values[name] = _value(info.annotation, given.get(key), faulty, path)
    return model.model_construct(**values)


def _value(annotation: Any, value: Any, faulty: Set[KeyPath], path: KeyPath) -> Any:
    """Read a value as far as that is possible."""
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        parts = [part for part in get_args(annotation) if part is not type(None)]
        if value is None or len(parts) > 1:
            return None if path in faulty else value
        return _value(parts[0], value, faulty, path)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return readable(annotation, value, faulty, path)
    if origin in (list, tuple):
        item, items = get_args(annotation)[0], value if isinstance(value, list) else []
        read = [_value(item, one, faulty, (*path, place)) for place, one in enumerate(items)]
        return read if origin is list else tuple(read)
    if path not in faulty and value is not None:
        return value
    return math.nan if annotation in (int, float) else None
