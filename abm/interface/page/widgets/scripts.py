"""The scripts of the page: plain ES modules that browsers load from its server, and the lines that name them.

The page holds an import map, so a widget names a module by `abm/` and its path, whatever address the page has. The
address of every module holds a digest of all of them: a browser keeps what it has loaded, and never mixes versions.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).with_name("browser")
PREFIX = "abm/"
DIGEST_DIGITS = 16
PATIENCE_MILLISECONDS = 120_000
PATIENT = (
    "AbortSignal.timeout = (limit => time => limit(Math.max(time, "
    f"{PATIENCE_MILLISECONDS})))(AbortSignal.timeout.bind(AbortSignal));"
)
"""A script that gives widgets more time. anywidget gives a module two seconds to load; a widget that takes longer, on
a slow phone or a slow network, would ignore whatever the server sends it afterwards."""


def script(name: str) -> str:
    """Return the text of a widget's module, which exports what a module of the folder `browser` exports."""
    return f'export {{ default }} from "{PREFIX}{name}";'


def style() -> str:
    """Return the style sheet of the widgets that draw."""
    return (FOLDER / "drawing" / "widgets.css").read_text(encoding="utf-8")


@cache
def modules() -> tuple[str, ...]:
    """List every module by its path in the folder `browser`."""
    return tuple(sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.js")))


@cache
def base() -> str:
    """Return the address of the modules below the root of the page, with the digest of their content."""
    digest = hashlib.sha256()
    for name in modules():
        digest.update(f"{name}\0".encode())
        digest.update((FOLDER / name).read_bytes())
    return f"/scripts/{digest.hexdigest()[:DIGEST_DIGITS]}/"


def addresses() -> tuple[str, ...]:
    """List the address of every module below the root of the page."""
    return tuple(base() + name for name in modules())


def head(root: str) -> str:
    """Write the import map for the head of a page, have its browser load all modules at once, and wait for them.

    Parameters
    ----------
    root : str
        Root of the page, such as '/abm'; empty at the root of its server.
    """
    imports = json.dumps({"imports": {PREFIX: root + base()}})
    links = "".join(f'<link rel="modulepreload" href="{root}{address}">' for address in addresses())
    return f'<script type="importmap">{imports}</script><script>{PATIENT}</script>{links}'
