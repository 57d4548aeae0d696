"""Open a widget on a page of its own in a real browser, with a host that stores its traits as a notebook would."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe

from abm.interface.page.widgets import scripts

if TYPE_CHECKING:
    import anywidget
    from playwright.sync_api import Page, Route

HOST = """
<!doctype html><html lang="en"><head>%s<meta charset="utf-8"><title>Widget</title><style>
body { margin: 0; padding: 16px; background: #f5f7f9; } body.dark { background: #0d1217; }
%s</style></head><body><main id="stage"></main><script type="module">
const traits = {}, listeners = {};
const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
const plain = (value) => (value && value.base64 !== undefined ? bytes(value.base64) : value);
const fire = (name) => (listeners[`change:${name}`] ?? []).slice().forEach((action) => action());
window.host = {
  saved: 0,
  get: (name) => traits[name],
  set(name, value) { traits[name] = value; fire(name); },
  save_changes() { window.host.saved += 1; },
  on(name, action) { (listeners[name] ??= []).push(action); },
  off(name, action) { listeners[name] = (listeners[name] ?? []).filter((other) => other !== action); },
  send(name, value) { traits[name] = plain(value); fire(name); },
};
window.start = async (source, given) => {
  for (const [name, value] of Object.entries(given)) traits[name] = plain(value);
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const widget = (await import(address)).default;
  window.end = await widget.render({ model: window.host, el: document.getElementById("stage") });
};
window.isReady = true;
</script></body></html>
"""


ORIGIN = "http://widget.test"
"""Where the host page and the scripts appear to come from; nothing leaves this machine."""


def answer(route: Route, html: str) -> None:
    """Answer the browser with the host page, or with one of the page's scripts."""
    address = urlsplit(route.request.url).path
    if address == "/":
        route.fulfill(body=html, content_type="text/html; charset=utf-8")
    elif address in scripts.addresses():
        path = scripts.FOLDER / address.removeprefix(scripts.base())
        route.fulfill(body=path.read_text(encoding="utf-8"), content_type="text/javascript; charset=utf-8")
    else:
        route.fulfill(status=404, body="")


def encoded(value: Any) -> Any:
    """Return a trait's value as JSON can carry it."""
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def traits_of(widget: anywidget.AnyWidget) -> dict[str, Any]:
    """Return the traits that a widget shares with the browser."""
    names = [name for name in widget.keys if not name.startswith("_")]
    state = widget.get_state(names)
    return {name: encoded(value) for name, value in state.items() if not str(value).startswith("IPY_MODEL")}


def show(page: Page, widget: anywidget.AnyWidget, width: int = 900, before: str = "") -> None:
    """Open a widget on a blank page, after running a script."""
    html = HOST % (scripts.head(""), widget._css)
    page.unroute_all()
    page.route(f"{ORIGIN}/**", lambda route: answer(route, html))
    page.goto(f"{ORIGIN}/")
    page.evaluate("(width) => { document.getElementById('stage').style.width = `${width}px`; }", width)
    page.wait_for_function("window.isReady")
    if before:
        page.evaluate(before)
    theme = json.dumps(getattr(widget, "theme", "auto"))
    page.evaluate(f"document.body.classList.toggle('dark', {theme} === 'dark')")
    page.evaluate("([source, given]) => window.start(source, given)", [widget._esm, traits_of(widget)])


def send(page: Page, name: str, value: Any) -> None:
    """Set a trait from the side of Python."""
    page.evaluate("([name, value]) => window.host.send(name, value)", [name, encoded(value)])


def trait(page: Page, name: str) -> Any:
    """Return a trait as the browser has it."""
    return page.evaluate("(name) => window.host.get(name)", name)


def barriers(page: Page) -> list[str]:
    """Return what axe finds wrong with a page, leaving out what only whole pages have to have."""
    rules = {
        "rules": {
            name: {"enabled": False} for name in ("landmark-one-main", "page-has-heading-one", "region")
        }
    }
    found = Axe().run(page, options=rules).response["violations"]
    return [f"{each['id']}: {node['html']}" for each in found for node in each["nodes"]]
