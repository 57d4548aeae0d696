"""The widget that draws a measure over two levers as a heat map, a third lever as small multiples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike

from abm.core.part import Measure
from abm.interface.page.widgets.network_view import THEMES
from abm.interface.page.widgets.scripts import script, style
from abm.interface.page.widgets.series_values import finite


class ResponseSurface(anywidget.AnyWidget):
    """A measure over two levers, with a cell for each setting; the reader can pick a cell.

    Attributes
    ----------
    x, y : dict
        Levers: ``{"label": str, "unit": str, "values": list of float}``, ascending.
    panels : list of str
        Labels of the small multiples, such as "Effort 0.15".
    measure : dict
        ``{"label": str, "unit": str, "low": float or None, "high": float or None}``.
    values : bytes
        f32, little-endian, (panels, y, x); missing where not computed yet.
    picked : dict or None
        ``{"panel": int, "x": int, "y": int}``, rows of the settings. Set from both sides.
    threshold : float or None
        Value at which a line separates the cells below from those above.
    title : str
    theme : str
        ``light``, ``dark``, or ``auto`` for what the reader's system says.
    """

    _esm = script("drawing/response_surface.js")
    _css = style()

    x = traitlets.Dict().tag(sync=True)
    y = traitlets.Dict().tag(sync=True)
    panels = traitlets.List(traitlets.Unicode()).tag(sync=True)
    measure = traitlets.Dict().tag(sync=True)
    values = traitlets.Bytes().tag(sync=True)
    picked = traitlets.Dict(default_value=None, allow_none=True).tag(sync=True)
    threshold = traitlets.Float(None, allow_none=True).tag(sync=True)
    title = traitlets.Unicode("").tag(sync=True)
    theme = traitlets.Enum(THEMES, "auto").tag(sync=True)

    @classmethod
    def of(
        cls,
        x: dict[str, Any],
        y: dict[str, Any],
        panels: Sequence[str],
        measure: Measure,
        values: ArrayLike,
        **traits: Any,
    ) -> ResponseSurface:
        """Return a surface of values (panels, y, x)."""
        return cls(
            x=x,
            y=y,
            panels=list(panels),
            measure=measure_record(measure),
            values=pack_surface(values),
            **traits,
        )


def measure_record(measure: Measure) -> dict[str, Any]:
    """Return the record of the measure for the browser."""
    return {
        "label": measure.label,
        "unit": measure.unit,
        "low": finite(measure.low),
        "high": finite(measure.high),
    }


def pack_surface(values: ArrayLike) -> bytes:
    """Pack values (panels, y, x) for the trait `values`."""
    return np.ascontiguousarray(values, dtype="<f4").tobytes()
