"""The widget that draws measures by month."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anywidget
import traitlets

from abm.interface.page.widgets.network_view import THEMES
from abm.interface.page.widgets.scripts import script, style
from abm.interface.page.widgets.series_values import Panel, pack_lines, panel_records


class SeriesChart(anywidget.AnyWidget):
    """Measures by month: lines, bands, marks where levers change, and a cursor at the month in view.

    A click or the arrow keys move the month. Lines differ by dash pattern and label as well as by colour.

    Attributes
    ----------
    panels : list of dict
        Measures and lines, from `panel_records`.
    values : bytes
        Values of the lines, from `pack_lines`.
    months : int
        Last month of the axis, T; series hold T + 1 values.
    month : int
        Month of the cursor; -1 for none. Set from both sides.
    marks : list of dict
        ``{"month": int, "label": str}`` where a lever changed.
    band_label : str
        What the bands are, such as "middle 90% of 100 runs".
    title : str
        What is shown, for the text alternative and for files that are saved.
    start : str
        Calendar month in which runs start, such as ``2014-04``; empty to count years.
    columns : int
        Panels side by side; 0 chooses by width.
    height : int
        Height of a panel in pixels.
    has_clock : bool
        Whether the page has a clock (`abm.interface.page.widgets.controls.Timeline`): the month then comes from it
        and is asked of it, in the browser, and `month` is only where it starts.
    theme : str
        ``light``, ``dark``, or ``auto`` for what the reader's system says.
    """

    _esm = script("drawing/series_chart.js")
    _css = style()

    panels = traitlets.List(traitlets.Dict()).tag(sync=True)
    values = traitlets.Bytes().tag(sync=True)
    months = traitlets.Int(120).tag(sync=True)
    month = traitlets.Int(-1).tag(sync=True)
    marks = traitlets.List(traitlets.Dict()).tag(sync=True)
    band_label = traitlets.Unicode("").tag(sync=True)
    title = traitlets.Unicode("").tag(sync=True)
    start = traitlets.Unicode("").tag(sync=True)
    columns = traitlets.Int(0).tag(sync=True)
    height = traitlets.Int(190).tag(sync=True)
    has_clock = traitlets.Bool(False).tag(sync=True)
    theme = traitlets.Enum(THEMES, "auto").tag(sync=True)

    @classmethod
    def of(cls, panels: Sequence[Panel], months: int, **traits: Any) -> SeriesChart:
        """Return a chart of panels over months 0 to `months`."""
        return cls(panels=panel_records(panels), values=pack_lines(panels, months), months=months, **traits)
