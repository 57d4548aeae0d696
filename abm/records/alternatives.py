"""Read a document that repeats a key as if only the second value were there, to find the faults of both values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from abm.records.document import Document
from abm.records.values import KeyPath

REPEATED_LIMIT = 20
"""Most values of repeated keys that are checked beside the first ones."""
LINES_LIMIT = 100_000
"""Lines of keys that all alternatives of a document may have together: each is checked as a whole."""


def alternatives(document: Document) -> Iterator[tuple[KeyPath, Document]]:
    """Return the document with the value of a key given again in place of the first, for each of the first few.

    Yields
    ------
    path : KeyPath
        Path of the value in the alternative.
    alternative : Document
        Without problems of its own.
    """
    most = min(REPEATED_LIMIT, LINES_LIMIT // max(len(document.lines), 1))
    for path, value, own in document.repeated[:most]:
        alternative = Document(
            document.file,
            _replaced(document.data, path, value),
            {**document.lines, **{_moved(place, own, path): line for place, line in document.lines.items()}},
            damaged=frozenset(_moved(place, own, path) for place in document.damaged),
            mistagged=frozenset(_moved(place, own, path) for place in document.mistagged),
        )
        yield path, alternative


def _moved(place: KeyPath, source: KeyPath, target: KeyPath) -> KeyPath:
    """Return a path at or below one place as the same path at or below another."""
    return (*target, *place[len(source) :]) if place[: len(source)] == source else place


def _replaced(data: Any, path: KeyPath, value: Any) -> Any:
    """Return data with another value at a path."""
    if not path:
        return value
    copy: Any = list(data) if isinstance(data, list) else dict(data)
    copy[path[0]] = _replaced(data[path[0]], path[1:], value)
    return copy
