"""Join the JavaScript modules of a widget into the one module that the browser is given.

The sources are ES modules that import one another by relative path. A widget's module arrives in the browser as
text without an address, from which nothing relative can be imported; so the modules it needs are put before it.
"""

from __future__ import annotations

import re
from pathlib import Path

DRAWING = Path(__file__).parent / "browser" / "drawing"
IMPORT = re.compile(r'^import \{[^}]*\} from "\./(?P<name>[a-z_]+\.js)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


def script(name: str) -> str:
    """Return a module of the folder `drawing` with all that it imports, each once, before what needs it.

    Names at the top of these modules have to differ, as they end up side by side.
    """
    found: dict[str, str] = {}
    collect(name, found)
    return "\n".join(found.values())


def collect(name: str, found: dict[str, str]) -> None:
    """Add a module to those found, after what it imports."""
    if name in found:
        return
    source = (DRAWING / name).read_text(encoding="utf-8")
    for needed in IMPORT.finditer(source):
        collect(needed["name"], found)
    found[name] = EXPORT.sub("", IMPORT.sub("", source))


def style() -> str:
    """Return the style sheet of all widgets."""
    return (DRAWING / "widgets.css").read_text(encoding="utf-8")
