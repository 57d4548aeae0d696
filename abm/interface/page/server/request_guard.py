"""Check every request: the name it asks for, the origin it comes from, and its headers."""

import logging
import re
from collections.abc import Iterable

from starlette.responses import PlainTextResponse

from abm.interface.page.server.reach import Reach
from abm.interface.page.server.talk import App, Event, Receive, Scope, Send, refuse

logger = logging.getLogger(__name__)

PASSED = frozenset(
    {b"accept-encoding", b"cookie", b"host", b"if-none-match", b"origin", b"connection", b"upgrade"}
)
"""Headers that pass the guard. Those that proxies set are not among them: anybody who can
send a request can write them, so root and address of the page are fixed when the server starts."""

SOURCES = {
    "default-src": "'self'",
    # Solara compiles templates in the browser, and anywidget makes modules from text.
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob: data:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self'",
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
    (b"cross-origin-resource-policy", b"same-origin"),
)
ENCRYPTED_ONLY = (b"strict-transport-security", b"max-age=31536000")

SHOWABLE = re.compile(rb"[A-Za-z0-9.:\[\]_-]{1,80}")
LOST = (
    "This server does not answer to the name{name}. Ask for it under the address that it was started with. "
    "Whoever runs it lets in another name with: abm app --allow-host NAME\n"
)
FOREIGN = (
    "Only the page of this server may ask for this. Whoever runs it behind a proxy names the address of the page "
    "with: abm app --public-address URL\n"
)


class Guard:
    """A check before everything else that sees a request or websocket; it also adds security headers to every answer.

    Parameters
    ----------
    app : callable
        ASGI application.
    reach : Reach
    """

    def __init__(self, app: App, reach: Reach) -> None:
        self.app = app
        self.reach = reach
        self.headers = HEADERS + ((ENCRYPTED_ONLY,) if reach.is_encrypted else ())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request or a websocket."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return

        async def guarded(message: Event) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                message["headers"] = [*message.get("headers", ()), *self.headers]
            await send(message)

        found = self._refusal(scope)
        if found is not None:
            status, text = found
            if scope["type"] == "websocket":
                await refuse(scope, receive, guarded, status, text)
            else:
                await PlainTextResponse(text, status_code=status)(scope, receive, guarded)
            return
        passed = {
            **scope,
            "path": self._path(scope["path"]),
            "root_path": "",
            "headers": [(name, value) for name, value in scope["headers"] if name in PASSED],
        }
        await self.app(passed, receive, guarded)

    def _path(self, path: str) -> str:
        """Return the path below the root, whether or not a proxy has removed the root."""
        root = self.reach.root
        return path.removeprefix(root) or "/" if root and f"{path}/".startswith(f"{root}/") else path

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        """Return the status and the words with which a request is refused; None if it is accepted."""
        hosts, origins = values(scope, b"host"), values(scope, b"origin")
        host = hosts[0].decode("latin-1") if len(hosts) == 1 else ""
        if not self.reach.accepts_host(host):
            is_shown = len(hosts) == 1 and SHOWABLE.fullmatch(hosts[0])
            text = LOST.format(name=f" '{host}'" if is_shown else " that was asked for")
            logger.warning("%s", text)
            return 400, text
        if any(not self.reach.accepts_origin(origin.decode("latin-1"), host) for origin in origins):
            logger.warning("a page from elsewhere was refused: %s", FOREIGN)
            return 403, FOREIGN
        # Files that another site embeds are requested without an origin, but browsers mark them as cross-site.
        if b"cross-site" in values(scope, b"sec-fetch-site") and b"navigate" not in values(
            scope, b"sec-fetch-mode"
        ):
            return 403, FOREIGN
        return None


def values(scope: Scope, name: bytes) -> list[bytes]:
    """Return all values of a header, one for each time it was sent."""
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return [value for each, value in headers if each == name]
