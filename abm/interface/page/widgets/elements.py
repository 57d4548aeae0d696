"""Build plain HTML elements in Solara, without Vuetify's look."""

from collections.abc import Callable
from typing import Any

import reacton.ipyvuetify as v
import solara


def box(classes: str, tag: str = "div", children: Any = (), **attributes: str) -> Any:
    """Return an HTML element; use it in a `with` statement to fill it."""
    return v.Html(tag=tag, class_=classes, attributes=attributes, children=list(children))


@solara.component
def Press(label: str, on_press: Callable[[], None], classes: str = "lab-quiet lab-small") -> None:
    """Show a button."""
    button = box(classes, "button", [label], type="button")
    v.use_event(button, "click", lambda *_: on_press())
