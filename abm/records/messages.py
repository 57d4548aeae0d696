"""Translate pydantic's errors into messages about the file: the value, what is valid, the next step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel

from abm.errors import did_you_mean
from abm.records.document import Document
from abm.records.values import Fault, Faults, KeyPath, shown


def faults_of(detail: Any, model: type[BaseModel], document: Document, at: KeyPath) -> list[Fault]:
    """Translate one error of pydantic into faults that name value, valid range and next step."""
    inside = _path_in_document(detail["loc"], document, at)
    path = (*at, *inside)
    kind = detail["type"]
    carried = detail.get("ctx", {}).get("error")
    if isinstance(carried, Faults):
        return [fault.under(*path) for fault in carried.faults]
    name = ".".join(str(key) for key in inside)
    owner = _model_at(model, inside if kind == "missing" else inside[:-1])
    known = _keys(owner)
    if kind == "extra_forbidden":
        last = str(inside[-1])
        hint = f"{did_you_mean(last, known)} Valid keys: {', '.join(known)}."
        return [Fault(path, f"'{last}' is not a key of {_one(_kind(owner))}{hint}")]
    if kind == "missing" and isinstance(detail["loc"][-1], int):
        value = document.value(path)
        meaning = known.get(str(inside[0]), "") if inside else ""
        told = f"'{name}' is {shown(value)}; it has too few items"
        return [Fault(path, f"{told} ({meaning})" if meaning else told)]
    if kind == "missing":
        missing = str(detail["loc"][-1])
        meaning = known.get(missing) or "it is required"
        return [Fault(path, f"'{missing}' is missing from this {_kind(owner)}; add it ({meaning})")]
    value = document.value(path)
    subject = f"'{name}' is {shown(value)}" if name else f"holds {shown(value)}"
    if carried is not None:
        return [Fault(path, f"{subject}; {carried}")]
    meaning = known.get(str(inside[-1]), "") if inside else "'abm schema' describes it"
    if kind == "string_pattern_mismatch" and meaning:
        return [Fault(path, f"{subject}; valid is {meaning}")]
    told = _valid(detail, value) + (f" ({meaning})" if meaning else "")
    return [Fault(path, f"{subject}; {told}")]


SHOULD_BE = "Input should be "


def one_for_each_union(details: Sequence[Any], document: Document, at: KeyPath) -> list[Any]:
    """Return one fault for each value, although pydantic reports one for every branch of a union.

    The fault is that of the branch that matched furthest; if there are several, one fault names what each accepts.
    """
    placed = [_branch(detail, document, at) for detail in details]
    kept: dict[tuple[Any, ...], Any] = {}
    for detail, (union, branch, depth) in zip(details, placed, strict=True):
        rivals = [there for where, other, there in placed if where == union and other != branch]
        if branch is not None and any(depth < there for there in rivals):
            continue
        message = str(detail["msg"])
        is_alike = bool(branch is not None and depth == len(union) and message.startswith(SHOULD_BE))
        told = (union,) if is_alike else (*detail["loc"], detail["type"], len(kept))
        if told in kept:
            both = f"{kept[told]['msg']} or {message.removeprefix(SHOULD_BE)}"
            kept[told] = {**kept[told], "msg": both, "type": "union"}
        else:
            kept[told] = detail
    return list(kept.values())


def _branch(detail: Any, document: Document, at: KeyPath) -> tuple[KeyPath, Any, int]:
    """Return the union and the branch of a fault, and how many keys of the document lead to it."""
    location = detail["loc"]
    # The last key of what is missing is in no document, and names no branch.
    known = location[:-1] if detail["type"] == "missing" else location
    path = _path_in_document(known, document, at)
    union, branch, position = path, None, 0
    for key in known:
        if path[position : position + 1] == (key,):
            position += 1
        else:
            union, branch = path[:position], key
    return union, branch, len(path) + len(location) - len(known)


def _one(kind: str) -> str:
    return f"{'an' if kind[0].lower() in 'aeio' else 'a'} {kind}"


def _valid(detail: Any, value: Any) -> str:
    """Describe what pydantic would have accepted, in words for readers of YAML."""
    if detail["type"] in ("too_short", "too_long"):
        bound, limit = (
            ("least", detail["ctx"]["min_length"])
            if detail["type"] == "too_short"
            else ("most", detail["ctx"]["max_length"])
        )
        return f"it should hold at {bound} {limit} item{'' if limit == 1 else 's'}"
    told = str(detail["msg"])
    replacements = (
        ("Input should be", "it should be"),
        ("an object", "a mapping of keys to values"),
        ("a valid array", "a list"),
        ("a valid tuple", "a list"),
        ("a valid dictionary", "a mapping of keys to values"),
        ("a valid string", "text, so quote it" if isinstance(value, bool | int | float) else "text"),
        ("String should", "it should"),
        ("a valid boolean", "true or false"),
    )
    for found, replacement in replacements:
        told = told.replace(found, replacement)
    return told


def _path_in_document(location: tuple[Any, ...], document: Document, at: KeyPath) -> KeyPath:
    """Return the part of pydantic's location that exists in the document, without branches of unions."""
    path: KeyPath = ()
    for key in location:
        try:
            document.value((*at, *path, key))
        except KeyError:
            continue
        path = (*path, key)
    return path


def _keys(model: type[BaseModel] | None) -> dict[str, str]:
    """Return a record's keys as in files, with their descriptions."""
    if model is None:
        return {}
    return {info.alias or name: info.description or "" for name, info in model.model_fields.items()}


def _kind(model: type[BaseModel] | None) -> str:
    return getattr(model, "kind", "record")


def _model_at(model: type[BaseModel], path: KeyPath) -> type[BaseModel] | None:
    """Find the model of the mapping at a path."""
    current: type[BaseModel] | None = model
    for key in path:
        if current is None or isinstance(key, int):
            continue
        fields = {info.alias or name: info.annotation for name, info in current.model_fields.items()}
        if key in fields:
            current = _first_model(fields[key])
    return current


def _first_model(annotation: Any) -> type[BaseModel] | None:
    """Find the model inside an annotation such as ``tuple[Model, ...]`` or ``dict[str, Model] | None``."""
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation if issubclass(annotation, BaseModel) else None
    found = (_first_model(part) for part in get_args(annotation) if part is not Ellipsis)
    return next((model for model in found if model is not None), None)
