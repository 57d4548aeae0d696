"""Write what decides the results of a scenario as canonical text, once for the part that many scenarios share."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from abm.policy.catalogue import canonical, canonical_entry
from abm.world.place_loading import place_content

PLACE_TEXTS = frozenset({"name", "label", "description", "source"})
"""Keys of a place's file that decide no result."""


def _without_texts(content: Any) -> Any:
    """Remove from the content of a place's file what is for readers only."""
    if isinstance(content, Mapping):
        return {key: _without_texts(value) for key, value in content.items() if key not in PLACE_TEXTS}
    return [_without_texts(item) for item in content] if isinstance(content, list) else content


def content_of_place(path: Path) -> Any:
    """Read a place file once for the many scenarios of a sweep, and again if it changes."""
    status = path.stat()
    return _content_at(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)
def _content_at(path: Path, _changed_ns: int, _size: int) -> Any:
    return place_content(path)


def text_of_place(path: Path) -> str:
    """Write what decides results in a place's file as canonical JSON, once for the many scenarios of a sweep."""
    status = path.stat()
    return _text_at(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=8)
def _text_at(path: Path, changed_ns: int, size: int) -> str:
    return canonical(_without_texts(_content_at(path, changed_ns, size)))


def text_with(entries: Mapping[str, str], values: Mapping[str, Any]) -> str:
    """Write a mapping as canonical JSON from prepared entries, with some of their values replaced."""
    own = {name: canonical_entry(name, value) for name, value in values.items()}
    return f"{{{','.join((dict(entries) | own).values())}}}"
