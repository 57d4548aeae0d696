"""Plain values: an immutable mapping, and faults that know their place in a value."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Generic, TypeVar

from abm.texts import visible

KeyPath = tuple[str | int, ...]
"""Where a value stands in a document: the keys and list positions that lead to it."""

SHOWN_LENGTH = 60
"""Longest value shown in a message, characters."""

LONGEST_NUMBER = 1e15
"""Where a number written out stops being readable."""

V = TypeVar("V", covariant=True)


class FrozenMapping(Mapping[str, V], Generic[V]):
    """An immutable mapping that can be hashed and sent to other processes."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, V] | Iterable[tuple[str, V]] = ()) -> None:
        self._items: dict[str, V] = dict(items)

    def __getitem__(self, key: str) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return f"FrozenMapping({self._items!r})"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a value: its place in the value, and what is wrong; its file is not known yet.

    Attributes
    ----------
    path : KeyPath
        Keys that lead to the fault from the value under check.
    message : str
        The value found, what is valid, and the next step.
    """

    path: KeyPath
    message: str

    def under(self, *prefix: str | int) -> Fault:
        """Move the fault below a key of an enclosing value."""
        return Fault((*prefix, *self.path), self.message)


class Faults(ValueError):
    """Error that carries several faults out of a validator; `check` adds the file and line of each."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(fault.message for fault in self.faults))


def shown_path(path: str | Path) -> str:
    """Format a path for a message: relative to the working directory if it lies below."""
    given = Path(path)
    try:
        return visible(os.fspath(given.resolve().relative_to(Path.cwd())))
    except (ValueError, OSError, RuntimeError):
        # It lies elsewhere, or is a link that leads to itself.
        return visible(os.fspath(given))


def shown(value: Any) -> str:
    """Format a value for a message, shortened and in YAML."""
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    if value is None:
        return "empty"
    if isinstance(value, str):
        shown = f"'{visible(value[:SHOWN_LENGTH])}{value[SHOWN_LENGTH:]}'"
    else:
        shown = json.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= SHOWN_LENGTH else shown[: SHOWN_LENGTH - 3] + "..."


def shown_number(value: float, digits: int = 6) -> str:
    """Format a number for people: with separators of thousands and without exponents, such as '25,000'.

    Parameters
    ----------
    value : float
        Any number; one too long to be read, or not finite, is written as Python would.
    digits : int
        Maximum number of digits; whole numbers keep all of theirs.
    """
    if not abs(value) < LONGEST_NUMBER:
        return f"{value:.{digits}g}"
    digits = max(digits, len(str(int(abs(value)))))
    return f"{Decimal(f'{value:.{digits}g}'):,f}"
