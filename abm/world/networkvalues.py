"""Check the values of a place's network, which may have been edited: texts are text, numbers within bounds."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from abm.records import plain_json, shown, shown_number
from abm.texts import UNREADABLE


class Bounds(NamedTuple):
    """Bound a number: at least `low`, or above it where it is open; at most `high`."""

    low: float = -math.inf
    high: float = math.inf
    is_open: bool = False

    def complaint(self, value: Any) -> str:
        """Return what is wrong with a value; None if it is valid."""
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if is_number and self.low <= value <= self.high and not (self.is_open and value == self.low):
            return ""
        return f"{shown(value)}; valid is {self}"

    def __str__(self) -> str:
        """Write the bounds for a message."""
        if self.low == -math.inf:
            return "a finite number"
        if self.high == math.inf:
            return f"a number {'above' if self.is_open else 'from'} {shown_number(self.low)}"
        return f"a number {'above' if self.is_open else 'from'} {shown_number(self.low)} to {shown_number(self.high)}"


ANY, AMOUNT, POSITIVE, SHARE = Bounds(), Bounds(0.0), Bounds(0.0, is_open=True), Bounds(0.0, 1.0)
OCCUPANCY = Bounds(0.0, 1.5, is_open=True)

GRAPH_NUMBERS = {"showcase_km": POSITIVE, "showcase_ties": SHARE}
NODE_NUMBERS = {"population_served": POSITIVE, "east_km": ANY, "north_km": ANY}
ACUTE_NUMBERS = {"beds": POSITIVE, "occupancy_start": OCCUPANCY}
EDGE_NUMBERS = {"use_share": SHARE, "core_weight": SHARE, "need": AMOUNT}
LISTS: dict[str, tuple[Bounds | None, ...]] = {
    "places": (None, POSITIVE),
    "flows": (None, AMOUNT, SHARE, SHARE),
    "work": (None, AMOUNT, SHARE),
}
"""The items of lists in JSON, value by value: a name, or a number within bounds."""


def faulty_values(
    graph: Mapping[str, Any],
    nodes: Iterable[tuple[Any, Mapping[str, Any]]],
    edges: Iterable[tuple[Any, Any, Mapping[str, Any]]],
) -> Iterator[str]:
    """Return everything that is wrong with the values of a network that lacks no attribute.

    Parameters
    ----------
    graph : mapping
        Attributes of the graph.
    nodes, edges : iterable
        With their attributes, as networkx gives them.
    """
    yield from _texts("the graph", graph, ("name", "label"))
    yield from _numbers("the graph", graph, GRAPH_NUMBERS)
    for name, bounds in LISTS.items():
        yield from _list(name, graph[name], bounds)
    yield from _outside(graph["outside"])
    for node, values in nodes:
        owner = f"node '{node}'"
        yield from _texts(owner, values, ("name", "kind", "place"))
        yield from _numbers(owner, values, NODE_NUMBERS)
        if values["kind"] == "acute":
            yield from _numbers(owner, values, ACUTE_NUMBERS)
    for first, second, values in edges:
        owner = f"edge '{first}' - '{second}'"
        yield from _texts(owner, values, ("kind", "place"))
        yield from _numbers(owner, values, EDGE_NUMBERS)


def _texts(owner: str, values: Mapping[str, Any], names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if not isinstance(values[name], str) or not values[name]:
            yield f"'{name}' of {owner} is {shown(values[name]) if values[name] != '' else 'empty'}; give a text"
        elif UNREADABLE.search(values[name]):
            yield f"'{name}' of {owner} is {shown(values[name])}; leave out what is no text"


def _numbers(owner: str, values: Mapping[str, Any], bounds: Mapping[str, Bounds]) -> Iterator[str]:
    for name, bound in bounds.items():
        if told := bound.complaint(values[name]):
            yield f"'{name}' of {owner} is {told}"


def _list(name: str, text: Any, bounds: tuple[Bounds | None, ...]) -> Iterator[str]:
    items, complaint = _decoded(text)
    if complaint or not isinstance(items, list):
        yield f"'{name}' of the graph {complaint or 'is no list in JSON'}; keep it as abm wrote it"
        return
    for place, item in enumerate(items):
        owner = f"item {place + 1} of '{name}' of the graph"
        if not isinstance(item, list) or len(item) != len(bounds):
            yield f"{owner} is {shown(item)}; valid is a list of {len(bounds)}"
            continue
        for value, bound in zip(item, bounds, strict=True):
            if bound is None and not isinstance(value, str):
                yield f"{owner} starts with {shown(value)}; give a name"
            elif bound is not None and (told := bound.complaint(value)):
                yield f"{owner} holds {told}"


def _outside(text: Any) -> Iterator[str]:
    shares, complaint = _decoded(text)
    if complaint or not isinstance(shares, dict):
        yield f"'outside' of the graph {complaint or 'is no mapping in JSON'}; keep it as abm wrote it"
        return
    yield from _numbers("'outside' of the graph", shares, dict.fromkeys(shares, SHARE))


def _decoded(text: Any) -> tuple[Any, str]:
    try:
        return plain_json(text), ""
    except (ValueError, TypeError) as error:
        return None, f"is no JSON ({error})"
