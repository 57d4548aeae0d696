"""Serve the page: offline, with limits, security headers and a polite word when it is full."""

import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route

from abm.interface.app.limits import Limits
from abm.interface.app.services import COUNTER, Services
from abm.interface.app.work import Workshop

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

PAGE = "abm.interface.app.page"
STYLE = Path(__file__).with_name("controls") / "page.css"
TITLE = "abm: a policy laboratory for integrated care"

SOURCES = {
    "default-src": "'self'",
    # Solara compiles templates in the browser, and widgets arrive as modules made of text.
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob: data:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' ws: wss: blob: data:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
POLICY = "; ".join(f"{kind} {sources}" for kind, sources in SOURCES.items())
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
CLOSED_PATHS = ("/resourcez",)
"""Paths of Solara's server that tell strangers about it."""

FULL = """<!doctype html>
<html lang="en-GB"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="60"><title>abm is full just now</title>
<style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:34rem;margin:18vh auto;padding:0 1.5rem;color:#16233a;
background:#f6f7f9}h1{font-size:1.6rem}@media(prefers-color-scheme:dark){body{background:#10151d;color:#e6ebf2}}
</style></head><body><h1>The laboratory is full just now</h1>
<p>This server lets %d people work at the same time, and all places are taken. A place becomes free when somebody
closes the page. This page tries again every minute.</p>
<p>On your own computer <code>abm app</code> has room for you at once.</p></body></html>"""


class Guard:
    """Add security headers to every answer, close what is nobody's business, and keep the number of sessions.

    Parameters
    ----------
    app : callable
        ASGI application.
    sessions : int
        Most sessions at once.
    count : callable
        Counts the sessions there are.
    """

    def __init__(self, app: App, sessions: int, count: Callable[[], int]) -> None:
        self.app = app
        self.sessions = sessions
        self.count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request or a websocket."""
        if scope["type"] == "websocket":
            if self._is_new(scope) and self.count() >= self.sessions:
                await send({"type": "websocket.close", "code": 1013, "reason": "full"})
                return
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        path = scope["path"].rstrip("/")
        if path in CLOSED_PATHS:
            await PlainTextResponse("Not found", status_code=404)(scope, receive, guarded)
        elif path == "" and self.count() >= self.sessions:
            busy = HTMLResponse(FULL % self.sessions, status_code=503, headers={"retry-after": "60"})
            await busy(scope, receive, guarded)
        else:
            await self.app(scope, receive, guarded)

    def _is_new(self, scope: Scope) -> bool:
        from solara.server import kernel_context

        parts = scope["path"].strip("/").split("/")
        kernel = parts[parts.index("kernels") + 1] if "kernels" in parts[:-1] else ""
        return kernel not in kernel_context.contexts


def sessions_now() -> int:
    """Count the sessions that are open or wait to be culled."""
    from solara.server import kernel_context

    return len(kernel_context.contexts)


async def page(request: Request) -> Response:
    """Answer with Solara's page, in a language, zoomable, and with our style."""
    from solara.server import starlette as solara_starlette

    answer: Response = await solara_starlette.root(request)
    if not answer.headers.get("content-type", "").startswith("text/html"):
        return answer
    text = bytes(answer.body).decode("utf-8")
    text = text.replace("<html>", '<html lang="en-GB">', 1)
    text = text.replace(", maximum-scale=1, user-scalable=no, minimal-ui", "", 1)
    text = text.replace("</head>", '<link rel="stylesheet" href="/page.css"></head>', 1)
    answer.body = text.encode("utf-8")
    answer.headers["content-length"] = str(len(answer.body))
    answer.headers["cache-control"] = "no-store"
    # Nothing embeds this page, so its cookie need not travel with other sites' requests.
    answer.headers["set-cookie"] = answer.headers["set-cookie"].replace("SameSite=none", "SameSite=lax")
    return answer


async def style(_: Request) -> Response:
    """Answer with the style of the page."""
    return FileResponse(STYLE, media_type="text/css", headers={"cache-control": "no-cache"})


def configure(limits: Limits) -> None:
    """Set Solara up: in production, without telemetry, with nothing from elsewhere."""
    warnings.filterwarnings("ignore", message="Cookies with samesite=none require https")
    import solara.server.settings as server_settings
    import solara.settings

    server_settings.main.mode = "production"
    server_settings.telemetry.mixpanel_enable = False
    server_settings.kernel.cull_timeout = f"{limits.idle_minutes}m"
    server_settings.kernel.max_count = None
    server_settings.theme.loader = "plain"
    server_settings.theme.title = TITLE
    server_settings.theme.show_banner = False
    server_settings.assets.fontawesome_enabled = False
    server_settings.session.http_only = True
    # The CDN is a folder of the package solara-assets; what is not in it is not fetched from anywhere.
    solara.settings.assets.proxy = True
    solara.settings.assets.cdn = "/_solara/cdn"


def create_app(limits: Limits, *, sweep: Path | None = None) -> Starlette:
    """Create the application that a server runs.

    Parameters
    ----------
    limits : Limits
    sweep : Path, optional
        Sweep directory to show under Landscape.

    Returns
    -------
    Starlette
        Closing it ends the workers.
    """
    configure(limits)
    from solara.server import app as solara_app
    from solara.server import starlette as solara_starlette

    workshop = Workshop(limits.workers, limits.waiting)
    COUNTER.install(Services(limits, workshop, sweep))
    solara_app.apps["__default__"] = solara_app.AppScript(PAGE)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        workshop.warm()
        solara_starlette.on_startup()
        yield
        solara_starlette.on_shutdown()
        workshop.close()

    return Starlette(
        routes=[
            Route("/", page),
            Route("/page.css", style),
            Mount("/", routes=solara_starlette.routes),
        ],
        lifespan=lifespan,
        middleware=[
            Middleware(Guard, sessions=limits.sessions, count=sessions_now),
            Middleware(GZipMiddleware, minimum_size=1000),
        ],
    )


def serve(
    limits: Limits, host: str, port: int, *, sweep: Path | None = None, opens: str | None = None
) -> None:
    """Serve the page until it is interrupted; `opens` is an address that a browser is asked to open."""
    import uvicorn

    app = create_app(limits, sweep=sweep)
    config = uvicorn.Config(app, host=host, port=port, log_level="warning", access_log=False, loop="asyncio")
    server = uvicorn.Server(config)
    if opens is not None:
        import threading
        import webbrowser

        threading.Timer(1.5, webbrowser.open, [opens]).start()
    with suppress(KeyboardInterrupt):
        server.run()
