"""The page's own controls: native elements of HTML, so that keyboard and screen readers work as people expect."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import anywidget
import traitlets

from abm.interface.page.widgets.scripts import script


@dataclass(frozen=True)
class Action:
    """What a visitor did with a control.

    Attributes
    ----------
    kind : str
    content : dict
        What the browser sent; to be checked like any other input.
    reply : callable
        Sends a message and buffers back to the control.
    """

    kind: str
    content: dict[str, Any]
    reply: Callable[[dict[str, Any], Sequence[bytes]], None]


class Control(anywidget.AnyWidget):
    """The base of the controls; what a visitor does arrives as an `action`."""

    action = traitlets.Any(None, allow_none=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self.on_msg(self._received)

    def _received(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if isinstance(content, dict) and isinstance(content.get("kind"), str):
            self.action = Action(content["kind"], content, self._reply)

    def _reply(self, content: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        self.send(content, buffers=list(buffers))


class Masthead(Control):
    """Name of the page, tabs, colours, link and files.

    Attributes
    ----------
    tab : str
    command : str
        Command line for the same runs.
    most_bytes : int
        Largest file that may be opened.
    """

    _esm = script("controls/masthead.js")

    tab = traitlets.Unicode("explore").tag(sync=True)
    command = traitlets.Unicode("").tag(sync=True)
    most_bytes = traitlets.Int(0).tag(sync=True)


class QuestionBar(Control):
    """The bar in which a visitor asks: policy, place, reference, years and accidents.

    Attributes
    ----------
    values : dict
        Of the fields, by name.
    options : dict
        Value and label of what can be chosen, by name of the field, in the order of the fields.
    labels : dict
        What the fields are called.
    about : str
        What the policy is.
    most_years : int
    """

    _esm = script("controls/question_bar.js")

    values = traitlets.Dict().tag(sync=True)
    options = traitlets.Dict().tag(sync=True)
    labels = traitlets.Dict().tag(sync=True)
    about = traitlets.Unicode("").tag(sync=True)
    most_years = traitlets.Int(30).tag(sync=True)


class LeverPanel(Control):
    """A slider for every lever, and an editor of schedules.

    Attributes
    ----------
    levers : list of dict
        Records, from `abm.interface.page.session.lever_records.lever_records`.
    groups : list of dict
        Name and label.
    headline : list of str
        Levers that are always in sight.
    states : dict
        Schedules by lever, from `abm.interface.page.session.lever_records.lever_states`.
    month, months : int
    start : str
    change : dict or None
        The newest change: ``{"lever": str, "value": float}`` or ``{"lever": str, "schedule": plain values}``.
    """

    _esm = script("controls/lever_panel.js")

    levers = traitlets.List(traitlets.Any()).tag(sync=True)
    groups = traitlets.List(traitlets.Any()).tag(sync=True)
    headline = traitlets.List(traitlets.Any()).tag(sync=True)
    states = traitlets.Dict().tag(sync=True)
    month = traitlets.Int(0).tag(sync=True)
    months = traitlets.Int(120).tag(sync=True)
    start = traitlets.Unicode("2014-04").tag(sync=True)
    change = traitlets.Dict(default_value=None, allow_none=True).tag(sync=True)


class Timeline(Control):
    """Play, pause, step, speed and jump.

    Attributes
    ----------
    month : int
        Set from both sides.
    shown : int
        Month that the pictures have.
    months : int
    start : str
    marks : list of dict
        ``{"month": int, "label": str}``.
    """

    _esm = script("controls/timeline.js")

    month = traitlets.Int(0).tag(sync=True)
    shown = traitlets.Int(0).tag(sync=True)
    months = traitlets.Int(120).tag(sync=True)
    start = traitlets.Unicode("2014-04").tag(sync=True)
    marks = traitlets.List(traitlets.Any()).tag(sync=True)


class Storyline(Control):
    """The chronicle, a line for each event.

    Attributes
    ----------
    entries : list of dict
        ``{"number", "month", "when", "kind", "text"}``, in the order of months.
    month : int
    """

    _esm = script("controls/storyline.js")

    entries = traitlets.List(traitlets.Any()).tag(sync=True)
    month = traitlets.Int(0).tag(sync=True)


class Readout(Control):
    """The measure in view as a number, and all measures as a table.

    Attributes
    ----------
    rows : list of dict
        Measures, from `abm.interface.page.explore.explore_tab.measure_row`: all while the table is open, else the one
        in view.
    is_open : bool
        Set by the browser.
    measure : str
    reference : str
        What the reference is called.
    odds : str
        What the replicates say.
    """

    _esm = script("controls/readout.js")

    rows = traitlets.List(traitlets.Any()).tag(sync=True)
    measure = traitlets.Unicode("").tag(sync=True)
    reference = traitlets.Unicode("").tag(sync=True)
    odds = traitlets.Unicode("").tag(sync=True)
    is_open = traitlets.Bool(False).tag(sync=True)


class Rivals(Control):
    """The choice of policies to compare, of the measure, and of the number of replicates.

    Attributes
    ----------
    names : list of str
        The first is the reference.
    choices, measures : list of pairs of str
        Name and label.
    measure : str
    sizes : list of int
    size, done : int
        Replicates wanted, and there.
    is_running : bool
    """

    _esm = script("controls/rivals.js")

    names = traitlets.List(traitlets.Any()).tag(sync=True)
    choices = traitlets.List(traitlets.Any()).tag(sync=True)
    measures = traitlets.List(traitlets.Any()).tag(sync=True)
    measure = traitlets.Unicode("").tag(sync=True)
    sizes = traitlets.List(traitlets.Any()).tag(sync=True)
    size = traitlets.Int(50).tag(sync=True)
    done = traitlets.Int(0).tag(sync=True)
    is_running = traitlets.Bool(False).tag(sync=True)


class EmergenceTable(Control):
    """A table of how likely integrated care emerges under every policy, and how the measure ends.

    Attributes
    ----------
    rows : list of dict
        From `abm.interface.page.compare.compare_tab.odds_rows`.
    measure : str
        Label.
    is_share : bool
    size : int
        Pairs of runs behind it.
    years : str
    """

    _esm = script("controls/emergence.js")

    rows = traitlets.List(traitlets.Any()).tag(sync=True)
    measure = traitlets.Unicode("").tag(sync=True)
    is_share = traitlets.Bool(False).tag(sync=True)
    size = traitlets.Int(0).tag(sync=True)
    years = traitlets.Unicode("").tag(sync=True)


class SurfaceBar(Control):
    """The choice of what a landscape shows, and the progress of its simulation.

    Attributes
    ----------
    choices : list of dict
        ``{"field", "label", "value", "options": pairs of value and label}``.
    is_running, can_start : bool
    done, total : int
        Rows.
    about : str
    """

    _esm = script("controls/surface_bar.js")

    choices = traitlets.List(traitlets.Any()).tag(sync=True)
    is_running = traitlets.Bool(False).tag(sync=True)
    can_start = traitlets.Bool(True).tag(sync=True)
    done = traitlets.Int(0).tag(sync=True)
    total = traitlets.Int(0).tag(sync=True)
    about = traitlets.Unicode("").tag(sync=True)


class DataTable(Control):
    """A table that is filled when it is opened.

    Attributes
    ----------
    caption : str
    heads : list of str
    rows : list of lists
        Text, numbers or None.
    is_open : bool
        Set by the browser.
    """

    _esm = script("controls/data_table.js")

    caption = traitlets.Unicode("").tag(sync=True)
    heads = traitlets.List(traitlets.Any()).tag(sync=True)
    rows = traitlets.List(traitlets.Any()).tag(sync=True)
    is_open = traitlets.Bool(False).tag(sync=True)


class Address(Control):
    """The address of the page, kept in step with what it shows.

    Attributes
    ----------
    query : str
        Query of the link to what is shown.
    """

    _esm = script("controls/address.js")

    query = traitlets.Unicode("").tag(sync=True)
