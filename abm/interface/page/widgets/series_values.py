"""Pack series by month for the browser: lines, their bands, and the panels that show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from abm.core.part import Measure

ROLES = ("focus", "counterfactual", "policy")


@dataclass(frozen=True, eq=False)
class SeriesLine:
    """A line of a panel.

    Attributes
    ----------
    label : str
        Written at the end of the line.
    role : str
        ``focus`` (dark blue, solid), ``counterfactual`` (grey, dashed) or ``policy``, told apart by `number`.
    values : (T,)
        By month from 0; missing values are not drawn.
    low, high : (T,), optional
        Band around the line, such as quantiles of replicates.
    number : int
        Which of several policies, 0 to 4.
    """

    label: str
    role: str
    values: ArrayLike
    low: ArrayLike | None = None
    high: ArrayLike | None = None
    number: int = 0


@dataclass(frozen=True)
class Panel:
    """A measure and the lines that show it.

    Attributes
    ----------
    measure : Measure
    lines : sequence of SeriesLine
    is_step : bool
        Draw steps instead of slopes, as for Kaplan-Meier curves.
    is_difference : bool
        Values are differences: numbers carry a sign, and a line is drawn at 0.
    """

    measure: Measure
    lines: Sequence[SeriesLine]
    is_step: bool = False
    is_difference: bool = False


def panel_records(panels: Sequence[Panel]) -> list[dict[str, Any]]:
    """Return the records of panels and lines, for the trait `panels`."""
    return [
        {
            "name": panel.measure.name,
            "label": panel.measure.label,
            "unit": panel.measure.unit,
            "low": finite(panel.measure.low),
            "high": finite(panel.measure.high),
            "definition": panel.measure.definition,
            "step": panel.is_step,
            "difference": panel.is_difference,
            "lines": [
                {
                    "label": line.label,
                    "role": line.role,
                    "number": line.number,
                    "band": line.low is not None and line.high is not None,
                }
                for line in panel.lines
            ],
        }
        for panel in panels
    ]


def finite(value: float) -> float | None:
    """Return a bound, or None for an infinite one."""
    return value if np.isfinite(value) else None


def pack_lines(panels: Sequence[Panel], months: int) -> bytes:
    """Pack the values of all lines for the trait `values`.

    Returns
    -------
    bytes
        f32, little-endian: for every line of every panel its values in months 0 to `months`, then, where it has
        a band, the band's low and high ends. Series that are shorter go on as missing; longer ones are cut.
    """
    rows = []
    for panel in panels:
        for line in panel.lines:
            rows.append(filled(line.values, months))
            if line.low is not None and line.high is not None:
                rows += [filled(line.low, months), filled(line.high, months)]
    return b"".join(row.tobytes() for row in rows)


def filled(values: ArrayLike, months: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return a series of months 0 to `months`, padded with missing values."""
    row = np.full(months + 1, np.nan, dtype="<f4")
    given = np.asarray(values, dtype=np.float64)[: months + 1]
    row[: len(given)] = given
    return row
