"""The tables under the pictures, each filled when somebody opens it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import solara

from abm.core.vocabulary import MONTHS_PER_YEAR
from abm.interface.page.widgets.controls import DataTable
from abm.interface.page.widgets.network_values import MonthValues, organisation_rows, place_rows
from abm.interface.page.widgets.series_values import Panel
from abm.world.place import Place

Rows = list[list[Any]]
MOST_ORGANISATIONS = 400
"""Most organisations in a table; a country is listed by place, or by organisation within the selected place."""

DIFFERING = ("Trust", "Pressure", "Engagement", "Implementation")
"""Columns of which a comparison shows the difference."""


@solara.component
def Table(caption: str, content: Callable[[], tuple[Sequence[str], Rows]]) -> None:
    """Show a table that can be opened.

    Parameters
    ----------
    caption : str
    content : callable
        Returns heads and rows; called only while the table is open.
    """
    is_open = solara.use_reactive(False)
    heads, rows = content() if is_open.value else ((), [])
    DataTable.element(
        caption=caption, heads=list(heads), rows=rows, is_open=is_open.value, on_is_open=is_open.set
    )


def network_table(
    place: Place, values: MonthValues, selected: dict[str, Any] | None
) -> tuple[Sequence[str], Rows]:
    """Tabulate a network: its organisations, or its places if there are too many organisations."""
    if place.organisations <= MOST_ORGANISATIONS:
        return _tabulated(organisation_rows(place, values))
    if selected is not None and selected.get("kind") == "place":
        home = place.place_names[selected["row"]]
        return _tabulated([row for row in organisation_rows(place, values) if row["place"] == home])
    return _tabulated(place_rows(place, values))


def difference_table(
    place: Place, values: MonthValues, against: MonthValues, selected: dict[str, Any] | None
) -> tuple[Sequence[str], Rows]:
    """Tabulate the differences from another run in trust and pressure, or in the share in integrated care."""
    heads, rows = network_table(place, values, selected)
    _, others = network_table(place, against, selected)
    wanted = [number for number, head in enumerate(heads) if head in DIFFERING]
    return (
        [heads[0], *(f"{heads[number]}, difference" for number in wanted)],
        [
            [row[0], *(_less(row[number], other[number]) for number in wanted)]
            for row, other in zip(rows, others, strict=True)
        ],
    )


def _less(value: float | None, other: float | None) -> float | None:
    return None if value is None or other is None else value - other


def _tabulated(records: Sequence[dict[str, Any]]) -> tuple[Sequence[str], Rows]:
    heads = [name.capitalize() for name in records[0]] if records else []
    return heads, [list(record.values()) for record in records]


def series_table(panels: Sequence[Panel], months: int) -> tuple[Sequence[str], Rows]:
    """Tabulate charts: a row for each year and for the last month, with the ends of bands."""
    wanted = sorted({*range(0, months + 1, MONTHS_PER_YEAR), months})
    heads = ["Year"]
    columns: list[list[Any]] = [[month / MONTHS_PER_YEAR for month in wanted]]
    for panel in panels:
        for line in panel.lines:
            heads.append(f"{panel.measure.label}, {line.label}")
            columns.append(_at(line.values, wanted))
            if line.low is not None and line.high is not None:
                heads += ["from", "to"]
                columns += [_at(line.low, wanted), _at(line.high, wanted)]
    return heads, [list(row) for row in zip(*columns, strict=True)]


def _at(values: Any, months: Sequence[int]) -> list[float | None]:
    found = [float(np.asarray(values)[month]) for month in months]
    return [None if np.isnan(value) else value for value in found]
