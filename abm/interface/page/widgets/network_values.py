"""Pack a place and a month of a run into compact buffers for the browser, and tabulate what they show.

Shares, indices and trust go as one byte each: 0 to 254 for 0 to 1, which is off by at most 1/508, and 255 for a
value that is missing. All numbers are little-endian; larger types come first, so that each starts aligned.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.interface.page.widgets.layout_of_place import PlaceLayout
from abm.interface.pictures.map_symbols import LABELS
from abm.world.place import Floats, Integers, OrganisationKind, Place

FINEST = 254
MISSING = 255
NO_NETWORK = 65_535
FORMAT = 1
IS_ENGAGED, IS_CLOSED, HAS_BOARD, LEADER_LEFT = 1, 2, 4, 8
"""Flags of an organisation; `HAS_BOARD` marks those whose home place has a joint board."""

TIE_LABELS = (
    "Commissioner and acute provider",
    "Commissioner and community provider",
    "Commissioner and practice",
    "Two acute providers",
    "Acute and community provider",
    "Provider and practice",
    "Neighbouring practices",
    "Local authority and others",
)


@dataclass(frozen=True, eq=False)
class MonthValues:
    """What the picture shows of one month: N organisations, M ties, P places.

    Attributes
    ----------
    month : int
        Months completed.
    trust : (N,)
        Mean trust that the organisation places in its partners; missing where all of them closed.
    pressure : (N,)
        Pressure, index in [0, 1].
    is_engaged, is_closed, has_left : (N,) bool
        Whether a practice is engaged; whether it has closed; whether the leader left in this month.
    network : (N,) int
        Label of the network that a practice belongs to, -1 for none.
    tie_trust : (M,)
        Mean trust of both sides.
    place_trust : (P,)
        Mean trust over both sides of the ties that count in the place.
    engagement, implementation, scope : (P,)
        Shares of people: whose practice is engaged; for whom integrated care is in operation; who are meant to
        be reached.
    board : (P,) bool
        Whether a joint board stands.
    """

    month: int
    trust: Floats
    pressure: Floats
    is_engaged: NDArray[np.bool_]
    is_closed: NDArray[np.bool_]
    has_left: NDArray[np.bool_]
    network: Integers
    tie_trust: Floats
    place_trust: Floats
    engagement: Floats
    implementation: Floats
    scope: Floats
    board: NDArray[np.bool_]


def values_of(place: Place, arrays: Mapping[str, NDArray[Any]], month: int, lane: int = 0) -> MonthValues:
    """Return what a picture shows of a month.

    Parameters
    ----------
    place : Place
    arrays : mapping of str to array
        State arrays by name, whose last axis is the lane: `model.batch.state.arrays`. `list_size` and `network`
        are used where they are there.
    month : int
        Months completed.
    lane : int
    """
    trust = arrays["trust"][:, :, lane]
    first, second = place.tie_ends[:, 0], place.tie_ends[:, 1]
    organisations, places = place.organisations, len(place.place_names)
    lists = arrays.get("list_size")
    is_closed = np.zeros(organisations, dtype=np.bool_) if lists is None else lists[:, lane] <= 0.0
    is_open = 1.0 - (is_closed[first] | is_closed[second])
    both = trust.mean(axis=1)
    partners = np.bincount(first, is_open, organisations) + np.bincount(second, is_open, organisations)
    placed = np.bincount(first, is_open * trust[:, 0], organisations)
    placed += np.bincount(second, is_open * trust[:, 1], organisations)
    counted = np.bincount(place.tie_place, is_open, places)
    networks = arrays.get("network")
    return MonthValues(
        month=month,
        trust=ratio(placed, partners),
        pressure=arrays["pressure"][:, lane].copy(),
        is_engaged=arrays["engaged"][:, lane] > 0.0,
        is_closed=is_closed,
        has_left=arrays["exits"][:, lane] > 0.0,
        network=(
            np.full(organisations, -1, dtype=np.int64)
            if networks is None
            else networks[:, lane].astype(np.int64)
        ),
        tie_trust=np.where(is_open > 0.0, both, np.nan),
        place_trust=ratio(np.bincount(place.tie_place, is_open * both, places), counted),
        engagement=arrays["engagement"][:, lane].copy(),
        implementation=arrays["implementation"][:, lane].copy(),
        scope=arrays["scope"][:, lane].copy(),
        board=arrays["board"][:, lane] > 0.0,
    )


def ratio(above: NDArray[Any], below: NDArray[Any]) -> Floats:
    """Divide; the result is missing where the count is zero."""
    found = np.full(len(above), np.nan)
    np.divide(above, below, out=found, where=below > 0.0)
    return found


def quantise(values: Floats, is_difference: bool = False) -> NDArray[np.uint8]:
    """Return values in [0, 1], or differences in [-1, 1], as bytes; values outside are clipped."""
    share = (values + 1.0) / 2.0 if is_difference else values
    bounded = np.where(np.isnan(share), 0.0, np.clip(share, 0.0, 1.0))
    return np.where(np.isnan(share), MISSING, np.rint(bounded * FINEST)).astype(np.uint8)


def pack_month(place: Place, values: MonthValues, against: MonthValues | None = None) -> bytes:
    """Pack a month into one buffer.

    Parameters
    ----------
    place : Place
    values : MonthValues
    against : MonthValues, optional
        Pack differences of trust and pressure from these instead; flags and shares of people stay.

    Returns
    -------
    bytes
        u32 format, month, whether these are differences, whether networks follow; u16 network (N) if so; u8
        trust (N), pressure (N), flags (N), tie trust (M), place trust (P), engagement (P), implementation (P),
        scope (P), board (P).
    """
    is_difference = against is not None
    has_networks = bool((values.network >= 0).any())

    def relative(name: str) -> NDArray[np.uint8]:
        own: Floats = getattr(values, name)
        return quantise(own if against is None else own - getattr(against, name), is_difference)

    flags = IS_ENGAGED * values.is_engaged + IS_CLOSED * values.is_closed + LEADER_LEFT * values.has_left
    flags = flags + HAS_BOARD * values.board[place.organisation_place]
    networks = np.where(values.network >= 0, values.network, NO_NETWORK).astype("<u2")
    parts = [
        struct.pack("<4I", FORMAT, values.month, is_difference, has_networks),
        networks.tobytes() if has_networks else b"",
        relative("trust").tobytes(),
        relative("pressure").tobytes(),
        flags.astype(np.uint8).tobytes(),
        relative("tie_trust").tobytes(),
        relative("place_trust").tobytes(),
        quantise(values.engagement).tobytes(),
        quantise(values.implementation).tobytes(),
        quantise(values.scope).tobytes(),
        values.board.astype(np.uint8).tobytes(),
    ]
    return b"".join(parts)


def pack_structure(place: Place, layout: PlaceLayout) -> bytes:
    """Pack what no month changes.

    Returns
    -------
    bytes
        u32 format, N, M, P, C; f32 position (N, 2), radius (N), people (N), place centre (P, 2), place radius
        (P), place population (P), outline (C, 2); u32 tie ends (M, 2); u16 home place (N), place of a tie (M);
        u8 kind (N), kind of tie (M).
    """
    sizes = (place.organisations, place.ties, len(place.place_names), len(layout.outline))
    floats = (
        layout.position,
        layout.radius,
        place.population_served,
        layout.place_centre,
        layout.place_radius,
        place.population,
        layout.outline,
    )
    return b"".join(
        [
            struct.pack("<5I", FORMAT, *sizes),
            *(np.ascontiguousarray(array, dtype="<f4").tobytes() for array in floats),
            place.tie_ends.astype("<u4").tobytes(),
            place.organisation_place.astype("<u2").tobytes(),
            place.tie_place.astype("<u2").tobytes(),
            place.organisation_kind.astype(np.uint8).tobytes(),
            place.tie_kind.astype(np.uint8).tobytes(),
        ]
    )


def names_of(place: Place) -> dict[str, Any]:
    """Return the names that a picture shows, for the trait `names`."""
    return {
        "label": place.label,
        "organisations": list(place.organisation_name),
        "places": list(place.place_names),
        "kinds": [LABELS[kind] for kind in OrganisationKind],
        "ties": list(TIE_LABELS),
    }


def organisation_rows(place: Place, values: MonthValues) -> list[dict[str, Any]]:
    """Return the picture as a table with a row for each organisation, in the order of the place.

    Returns
    -------
    list of dict
        `organisation`, `kind`, `place`, `people` (int), `trust` (float, or None where missing), `pressure`,
        `engaged`, `network` and `closed` (text; empty where they do not apply).
    """
    numbers = {label: number + 1 for number, label in enumerate(sorted({*values.network.tolist()} - {-1}))}
    rows = []
    for row, name in enumerate(place.organisation_name):
        kind = OrganisationKind(int(place.organisation_kind[row]))
        is_practice = kind == OrganisationKind.PRACTICE
        trust = float(values.trust[row])
        label = int(values.network[row])
        rows.append(
            {
                "organisation": name,
                "kind": LABELS[kind],
                "place": place.place_names[place.organisation_place[row]],
                "people": round(float(place.population_served[row])),
                "trust": None if np.isnan(trust) else trust,
                "pressure": float(values.pressure[row]),
                "engaged": ("yes" if values.is_engaged[row] else "no") if is_practice else "",
                "network": f"Network {numbers[label]}" if label >= 0 else "",
                "closed": "closed" if values.is_closed[row] else "",
            }
        )
    return rows


def place_rows(place: Place, values: MonthValues) -> list[dict[str, Any]]:
    """Return the picture as a table with a row for each place.

    Returns
    -------
    list of dict
        `place`, `people` (int), `organisations` (int), `trust` (float, or None), `board` (yes or no),
        `engagement` and `implementation` (shares of people).
    """
    homes = np.bincount(place.organisation_place, minlength=len(place.place_names))
    return [
        {
            "place": name,
            "people": round(float(place.population[row])),
            "organisations": int(homes[row]),
            "trust": None if np.isnan(values.place_trust[row]) else float(values.place_trust[row]),
            "board": "yes" if values.board[row] else "no",
            "engagement": float(values.engagement[row]),
            "implementation": float(values.implementation[row]),
        }
        for row, name in enumerate(place.place_names)
    ]
