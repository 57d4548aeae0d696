"""Connect browsers to the kernels of their pages: each to its own kernel only, in checked messages only.

Solara keeps a kernel for each page and serves it over a websocket. This module decides beforehand who may speak to
which kernel, and makes a kernel only for a page that runs.
"""

import asyncio
import logging
import re
import secrets
from collections import Counter
from urllib.parse import parse_qs

from anyio.to_thread import run_sync
from starlette.requests import Request, cookie_parser
from starlette.responses import Response
from starlette.websockets import WebSocket

from abm.interface.page.server.seats import CROWDED, FULL, Seats, address_key
from abm.interface.page.server.talk import (
    POLICY_VIOLATION,
    Receive,
    Scope,
    Send,
    Talk,
    answer_kernel_info,
    answer_status,
    refuse,
)
from abm.interface.page.server.wire import CONTROL, NAME, Message

logger = logging.getLogger(__name__)

COOKIE = "abm-visitor"
COOKIE_OF_SOLARA = "solara-session-id"
TOKEN_BYTES = 32
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")

FIRST_WORD_SECONDS = 15.0
"""Time within which a connection has to send its first message."""
START_SECONDS = 90.0
"""Time within which a connected page has to run; it loads its scripts meanwhile."""
MOST_BEFORE_START = 16
"""Most messages before a page runs."""
CONNECTIONS_OF_KERNEL = 4
"""Most connections of a page, which may connect again before its old connection is known to be broken."""

TRY_AGAIN_LATER = 1013
MANY = "many"
WORDS = {
    FULL: "all seats are taken",
    CROWDED: "all seats for this address are taken",
    MANY: "this page is open already",
}


def new_token() -> str:
    """Draw the token that identifies a visitor."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_of(scope: Scope, cookie: str) -> str | None:
    """Return the token of a visitor; None if the browser sends none."""
    for name, value in scope["headers"]:
        if name == b"cookie":
            found = cookie_parser(value.decode("latin-1")).get(cookie, "")
            return found if TOKEN.fullmatch(found) else None
    return None


def is_alive(kernel: str) -> bool:
    """Return whether there is a kernel of this name."""
    from solara.server import kernel_context

    context = kernel_context.contexts.get(kernel)
    return context is not None and not context.closed_event.is_set()


def end_kernel(kernel: str) -> None:
    """End a kernel in the background, since its page may be busy."""
    import threading

    from solara.server import kernel_context

    context = kernel_context.contexts.get(kernel)
    if context is not None:
        threading.Thread(target=context.close, args=("superseded",), name="abm-end", daemon=True).start()


class Channels:
    """The websockets of all pages, as an ASGI application.

    Parameters
    ----------
    seats : Seats
    cookie : str
        Name of the cookie that visitors are known by.
    """

    def __init__(self, seats: Seats, cookie: str = COOKIE) -> None:
        self.seats = seats
        self.cookie = cookie
        self._connections: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a websocket until either side ends it."""
        kernel = scope["path_params"]["kernel"]
        page = parse_qs(scope["query_string"].decode("latin-1")).get("session_id", [""])[-1]
        if not (NAME.fullmatch(kernel) and NAME.fullmatch(page)):
            await refuse(scope, receive, send, 404, "There is no such kernel.")
            return
        # A browser without cookies gets a page too, but cannot come back to it.
        token = token_of(scope, self.cookie) or new_token()
        address = address_key(scope["client"][0] if scope.get("client") else "")
        is_seated = is_alive(kernel)
        if is_seated and not self._is_owner(kernel, token):
            logger.warning("somebody asked for the kernel of another visitor and was refused")
            await refuse(scope, receive, send, 403, "This kernel is another visitor's.")
            return
        refusal = MANY if self._connections[kernel] >= CONNECTIONS_OF_KERNEL else ""
        if is_seated and not refusal:
            refusal = self.seats.take_again(kernel, address)
        if refusal:
            await refuse(scope, receive, send, 503, f"{WORDS[refusal]}.")
            return
        self._connections[kernel] += 1
        try:
            await receive()
            await send({"type": "websocket.accept"})
            talk = Talk(receive, send, has_run=is_seated)
            is_seated = is_seated or await self._meet(talk, kernel, address)
            if is_seated:
                await self._serve(talk, scope, kernel, page, token)
        except OSError:
            logger.debug("a visitor left")
        finally:
            self._connections[kernel] -= 1
            if self._connections[kernel] <= 0:
                del self._connections[kernel]
            if is_seated:
                self.seats.leave(kernel)

    def _is_owner(self, kernel: str, token: str) -> bool:
        from solara.server import kernel_context

        context = kernel_context.contexts.get(kernel)
        return context is None or secrets.compare_digest(context.session_id, token)

    async def _meet(self, talk: Talk, kernel: str, address: str) -> bool:
        """Wait until the page runs, then take a seat for it; no kernel is made before."""
        said: list[Message] = []
        loop = asyncio.get_running_loop()
        ends = loop.time() + START_SECONDS
        while len(said) < MOST_BEFORE_START:
            patience = ends - loop.time() if said else FIRST_WORD_SECONDS
            try:
                message = await asyncio.wait_for(talk.next_message(), patience)
            except TimeoutError:
                await talk.end(POLICY_VIOLATION, "no page has begun to run here")
                return False
            if message is None or message.kind == "shutdown_request":
                break
            if message.kind == "kernel_info_request":
                await answer_kernel_info(talk, message)
            elif message.method == "app-status":
                await answer_status(talk, message)
            elif message.method == "run":
                # Another connection may have begun to run a page of this name meanwhile.
                refusal = MANY if self.seats.has(kernel) else self.seats.take(kernel, address)
                if refusal:
                    await talk.end(TRY_AGAIN_LATER, WORDS[refusal])
                    return False
                talk.put_back([each for each in said if each.target == CONTROL] + [message])
                return True
            said.append(message)
        await talk.end(POLICY_VIOLATION, "no page has begun to run here")
        return False

    async def _serve(self, talk: Talk, scope: Scope, kernel: str, page: str, token: str) -> None:
        """Let Solara serve the page, with only those parts of the request that it needs."""
        from solara.server import starlette as solara_starlette

        told = {
            **scope,
            "path_params": {"kernel_id": kernel},
            "query_string": f"session_id={page}".encode(),
            "headers": [(b"cookie", f"{COOKIE_OF_SOLARA}={token}".encode())],
        }
        try:
            await solara_starlette.kernel_connection(WebSocket(told, talk.receive, talk.send))
        except Exception:
            logger.exception("the connection of a visitor failed")
            await talk.end(POLICY_VIOLATION, "this page cannot go on; reload it")

    async def close(self, request: Request) -> Response:
        """Close a page whose browser is leaving; the answer does not reveal whether the page existed."""
        from solara.server import kernel_context

        kernel, page = request.path_params["kernel"], request.query_params.get("session_id", "")
        token = token_of(request.scope, self.cookie)
        context = kernel_context.contexts.get(kernel)
        if context is None or token is None or not self._is_owner(kernel, token):
            logger.debug("a page that is not there was to be closed")
        elif page in context.page_status:
            await run_sync(context.page_close, page)
        return Response(status_code=204)
