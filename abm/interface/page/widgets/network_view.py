"""The widget that shows a place as a map-like network of trust."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from abm.interface.page.widgets.layout_of_place import PlaceLayout, lay_out
from abm.interface.page.widgets.network_values import MonthValues, names_of, pack_month, pack_structure
from abm.interface.page.widgets.scripts import script, style
from abm.world.place import Place

THEMES = ("auto", "light", "dark")


class NetworkView(anywidget.AnyWidget):
    """A place as a network: organisations, ties, boards, networks of practices, integrated care.

    Zoom with the wheel, two fingers, + and -; pan by dragging or with the arrow keys; 0 shows all. Tab goes from
    organisation to organisation (Escape ends that), Enter selects. Several places are shown as discs first, their
    organisations and ties as one comes near.

    Attributes
    ----------
    names : dict
        Names by row, from `names_of`.
    structure : bytes
        What no month changes, from `pack_structure`.
    values : bytes
        A month, from `pack_month`; about 10 bytes an organisation and a byte a tie.
    upcoming : bytes
        The next month, shown as soon as the page's clock asks for it; empty for none.
    has_clock : bool
        Whether the view follows the page's clock (`abm.interface.page.widgets.controls.Timeline`).
    title : str
        What is shown, for the text alternative and for files that are saved.
    selected : dict or None
        ``{"kind": "organisation" | "tie" | "place", "row": int}``; set from both sides.
    highlighted : list of int
        Organisations to point out; the others step back.
    highlighted_places : list of int
        Places to point out.
    theme : str
        ``light``, ``dark``, or ``auto`` for what the reader's system says.
    height : int
        Height of the picture in pixels, without the legend.
    group : str
        Widgets of one group pan and zoom together; empty for none.
    ties : str
        ``auto`` draws the ties of organisations that are in sight, and between places their sums; ``all`` draws
        each; ``none`` draws none.
    scale : list of float
        Values at the two ends of the colours; empty for 0.2 and 0.65, or -0.3 and 0.3 where differences are shown.
    start : str
        Calendar month in which runs start, such as ``2014-04``; empty to count years.
    has_legend : bool
    """

    _esm = script("drawing/network_view.js")
    _css = style()

    names = traitlets.Dict().tag(sync=True)
    structure = traitlets.Bytes().tag(sync=True)
    values = traitlets.Bytes().tag(sync=True)
    upcoming = traitlets.Bytes().tag(sync=True)
    has_clock = traitlets.Bool(False).tag(sync=True)
    title = traitlets.Unicode("").tag(sync=True)
    selected = traitlets.Dict(default_value=None, allow_none=True).tag(sync=True)
    highlighted = traitlets.List(traitlets.Int()).tag(sync=True)
    highlighted_places = traitlets.List(traitlets.Int()).tag(sync=True)
    theme = traitlets.Enum(THEMES, "auto").tag(sync=True)
    height = traitlets.Int(520).tag(sync=True)
    group = traitlets.Unicode("").tag(sync=True)
    ties = traitlets.Enum(("auto", "all", "none"), "auto").tag(sync=True)
    scale = traitlets.List(traitlets.Float()).tag(sync=True)
    start = traitlets.Unicode("").tag(sync=True)
    has_legend = traitlets.Bool(True).tag(sync=True)

    @classmethod
    def of(
        cls,
        place: Place,
        values: MonthValues,
        layout: PlaceLayout | None = None,
        **traits: Any,
    ) -> NetworkView:
        """Return a view of a place in a month, laid out unless it is already."""
        structure = pack_structure(place, layout or lay_out(place))
        return cls(names=names_of(place), structure=structure, values=pack_month(place, values), **traits)
