"""The application that serves the page: offline, guarded, within limits, and polite when it is full."""

import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute

from abm.interface.page.background.limits import Limits
from abm.interface.page.background.workshop import Workshop
from abm.interface.page.server.assets import Assets, find_assets
from abm.interface.page.server.channels import (
    COOKIE,
    Channels,
    end_kernel,
    is_alive,
    new_token,
    token_of,
)
from abm.interface.page.server.own_widgets import answer_states_of_own_widgets
from abm.interface.page.server.reach import Reach
from abm.interface.page.server.request_guard import Guard
from abm.interface.page.server.seats import CROWDED, Seats, address_key
from abm.interface.page.session.services import COUNTER, Services
from abm.interface.page.widgets import scripts
from abm.interface.terminal.ending import Ended
from abm.scenarios.extensions import NO_EXTENSIONS, Extensions

PAGE = "abm.interface.page.visit"
STYLES = scripts.FOLDER / "controls"
STYLE = "page.css"
TITLE = "abm: a policy laboratory for integrated care"

NOT_IN_LINKS = ("kernelid", "modelid")
"""Parameters of a link with which Solara's scripts would join a kernel that somebody else chose."""
ASKED_BY_SCRIPTS = (
    "/static/assets/theme-light.css",
    "/static/assets/theme-dark.css",
    "/jupyter/nbextensions/anywidget/extension.js",
    "/jupyter/nbextensions/anywidget/index.js",
    "/jupyter/nbextensions/jupyter-vue/nodeps.js",
    "/jupyter/nbextensions/jupyter-vuetify/nodeps.js",
)
"""Addresses of files that are named by scripts of the page and not by the page."""

FULL = """<!doctype html>
<html lang="en-GB"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="%d"><title>abm is full just now</title>
<style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:34rem;margin:18vh auto;padding:0 1.5rem;color:#16233a;
background:#f6f7f9}h1{font-size:1.6rem}@media(prefers-color-scheme:dark){body{background:#10151d;color:#e6ebf2}}
</style></head><body><h1>The laboratory is full just now</h1>
<p>This server lets %d people work at the same time%s, and all places are taken. A place becomes free when somebody
closes the page. This page tries again every minute.</p>
<p>On your own computer <code>abm app</code> has room for you at once.</p></body></html>"""
RETRY_SECONDS = 60
ESCAPED = 8
"""Bytes of a message per byte of a file in it: JSON writes some letters as six bytes, and the message has a header."""


class Front:
    """The page itself, which is the same for everybody.

    Parameters
    ----------
    html : str
    reach : Reach
    seats : Seats
    cookie : str
        Name of the cookie that identifies visitors.
    """

    def __init__(self, html: str, reach: Reach, seats: Seats, cookie: str) -> None:
        self.html = html
        self.reach = reach
        self.seats = seats
        self.cookie = cookie

    async def page(self, request: Request) -> Response:
        """Answer with the page, or with the news that the server is full."""
        if any(name in request.query_params for name in NOT_IN_LINKS):
            kept = [pair for pair in parse_qsl(request.url.query) if pair[0] not in NOT_IN_LINKS]
            return RedirectResponse(f"{self.reach.root}/?{urlencode(kept)}")
        client = request.client.host if request.client else ""
        refusal = self.seats.refusal(address_key(client))
        if refusal:
            is_crowded = refusal == CROWDED
            most = self.seats.most_of_address if is_crowded else self.seats.most
            text = FULL % (RETRY_SECONDS, most, " at one address" if is_crowded else "")
            return HTMLResponse(text, status_code=503, headers={"retry-after": str(RETRY_SECONDS)})
        answer = HTMLResponse(self.html, headers={"cache-control": "no-store"})
        if token_of(request.scope, self.cookie) is None:
            answer.set_cookie(
                self.cookie,
                new_token(),
                path="/",
                secure=self.reach.is_encrypted,
                httponly=True,
                samesite="lax",
            )
        return answer

    async def ready(self, _: Request) -> Response:
        """Answer a check of whether the server is up."""
        return JSONResponse({"status": "ok"})


def configure(limits: Limits, root: str) -> None:
    """Set Solara up for production: no telemetry, nothing from other servers, a fixed root."""
    warnings.filterwarnings("ignore", message="Cookies with samesite=none require https")
    import solara.server.settings as server_settings
    import solara.settings

    server_settings.main.mode = "production"
    server_settings.main.root_path = root
    server_settings.main.base_url = f"{root}/"
    server_settings.telemetry.mixpanel_enable = False
    server_settings.kernel.cull_timeout = f"{limits.idle_minutes}m"
    server_settings.kernel.max_count = None
    server_settings.theme.loader = "plain"
    server_settings.theme.title = TITLE
    server_settings.theme.show_banner = False
    server_settings.assets.fontawesome_enabled = False
    # Addresses of assets as the page writes them; the files are those of the package solara-assets.
    solara.settings.assets.proxy = True
    solara.settings.assets.cdn = "/_solara/cdn"


def render_page(root: str) -> tuple[str, Assets]:
    """Write the page with its language, zoom, scripts and style, and find the files that it loads."""
    from solara.server import app as solara_app
    from solara.server import server as solara_server
    from solara.server import settings as server_settings

    solara_app.apps["__default__"] = solara_app.AppScript(PAGE)
    solara_app.ensure_apps_initialized()
    bare = solara_server.read_root("/", root_path="") or ""
    folders = {
        "/_solara/cdn/": (server_settings.assets.proxy_cache_dir,),
        "/jupyter/nbextensions/": tuple(solara_server.nbextensions_directories),
        "/static/assets/": tuple(solara_server.asset_directories()),
        "/static/": (solara_server.solara_static,),
        scripts.base(): (scripts.FOLDER,),
        "/": (STYLES,),
    }
    files = find_assets(bare, folders, (*ASKED_BY_SCRIPTS, *scripts.addresses(), f"/{STYLE}"))
    html = solara_server.read_root("/", root_path=root) or ""
    html = html.replace("<html>", '<html lang="en-GB">', 1)
    html = html.replace(", maximum-scale=1, user-scalable=no, minimal-ui", "", 1)
    html = html.replace("<head>", f"<head>{scripts.head(root)}", 1)
    html = html.replace("</head>", f'<link rel="stylesheet" href="{root}/{STYLE}"></head>', 1)
    return html, Assets(files, lasting=scripts.base())


def create_app(
    limits: Limits,
    reach: Reach,
    *,
    sweep: Path | None = None,
    extensions: Extensions = NO_EXTENSIONS,
    per_address: int | None = None,
) -> Starlette:
    """Create the application that a server runs.

    Parameters
    ----------
    limits : Limits
    reach : Reach
    sweep : Path, optional
        Sweep directory to show under Landscape.
    extensions : Extensions
        Levers, mechanisms and measures beside the model's own.
    per_address : int, optional
        Most sessions at once of one address; default: as many as of all.

    Returns
    -------
    Starlette
        Closing it ends the workers.
    """
    configure(limits, reach.root)
    answer_states_of_own_widgets()
    workshop = Workshop.within(limits, extensions)
    COUNTER.install(Services(limits, workshop, sweep, extensions))
    html, assets = render_page(reach.root)
    cookie = f"__Host-{COOKIE}" if reach.is_encrypted else COOKIE
    seats = Seats(limits.sessions, per_address or limits.sessions, is_alive, end_kernel)
    front, channels = Front(html, reach, seats, cookie), Channels(seats, cookie)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        workshop.warm()
        yield
        workshop.close()

    names = [Route(address, assets.answer) for address in assets.assets]
    app = Starlette(
        routes=[
            Route("/", front.page),
            Route("/readyz", front.ready),
            Route("/_solara/api/close/{kernel}", channels.close, methods=["POST"]),
            WebSocketRoute("/jupyter/api/kernels/{kernel}/channels", channels),
            *names,
        ],
        lifespan=lifespan,
        middleware=[Middleware(Guard, reach=reach)],
    )
    app.router.redirect_slashes = False
    return app


def serve(
    limits: Limits,
    reach: Reach,
    host: str,
    port: int,
    *,
    sweep: Path | None = None,
    extensions: Extensions = NO_EXTENSIONS,
    per_address: int | None = None,
    opens: str | None = None,
) -> None:
    """Serve the page until it is interrupted; a browser is asked to open the address `opens`."""
    from abm.interface.page.server.connections import CONNECTIONS_OF_SEAT, Callers, PromptServer, settings_of
    from abm.interface.page.server.operator_log import keep_short

    keep_short()
    app = create_app(limits, reach, sweep=sweep, extensions=extensions, per_address=per_address)
    of_address = CONNECTIONS_OF_SEAT * (per_address or limits.sessions)
    callers = Callers(2 * CONNECTIONS_OF_SEAT * limits.sessions, max(of_address, 2 * CONNECTIONS_OF_SEAT))
    server = PromptServer(settings_of(app, host, port, callers, ESCAPED * limits.upload_bytes))
    if opens is not None:
        import threading
        import webbrowser

        threading.Timer(1.5, webbrowser.open, [opens]).start()
    try:
        server.run()
    except Ended:
        # The signal ends the command, so busy threads need not be waited for.
        raise
    except KeyboardInterrupt:
        pass
    server.end_process()
