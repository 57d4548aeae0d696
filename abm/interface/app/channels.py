"""Let browsers talk to the kernels of their pages: each to its own, in messages that are checked, and no longer.

Solara keeps a kernel for each page and serves it over a websocket. Here stands what goes before: who may speak to
which kernel, what a message is, and that a kernel is made for nobody but a page that runs.
"""

import asyncio
import json
import logging
import re
import secrets
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from anyio.to_thread import run_sync
from starlette.requests import Request, cookie_parser
from starlette.responses import Response
from starlette.websockets import WebSocket

from abm.interface.app.seats import CROWDED, FULL, Seats, address_key
from abm.interface.app.wire import CONTROL, NAME, Malformed, Message, read_message

Event = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]

logger = logging.getLogger(__name__)

COOKIE = "abm-visitor"
COOKIE_OF_SOLARA = "solara-session-id"
TOKEN_BYTES = 32
TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")

FIRST_WORD_SECONDS = 15.0
"""In which a connection has to say something."""
START_SECONDS = 90.0
"""In which a page has to run, once connected; it loads its scripts meanwhile."""
MESSAGES_A_SECOND = 100.0
"""Messages that are read of one page in the long run; dragging a slider sends about ten."""
MOST_AT_ONCE = 400.0
"""Messages that are read of one page without delay."""
MOST_BEFORE_START = 16
"""Messages within which a page has to run."""
CONNECTIONS_OF_KERNEL = 4
"""A page that connects again may do so before its old connection is known to be broken."""

POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013
MANY = "many"
WORDS = {
    FULL: "all seats are taken",
    CROWDED: "all seats for this address are taken",
    MANY: "this page is open already",
}


def new_token() -> str:
    """Draw what a visitor is known by."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_of(scope: Scope, cookie: str) -> str | None:
    """Return what a visitor is known by, if the browser sends it."""
    for name, value in scope["headers"]:
        if name == b"cookie":
            found = cookie_parser(value.decode("latin-1")).get(cookie, "")
            return found if TOKEN.fullmatch(found) else None
    return None


def is_alive(kernel: str) -> bool:
    """Whether there is a kernel of this name."""
    from solara.server import kernel_context

    context = kernel_context.contexts.get(kernel)
    return context is not None and not context.closed_event.is_set()


def end_kernel(kernel: str) -> None:
    """End a kernel in the background: its page may be busy."""
    import threading

    from solara.server import kernel_context

    context = kernel_context.contexts.get(kernel)
    if context is not None:
        threading.Thread(target=context.close, args=("superseded",), name="abm-end", daemon=True).start()


class Pace:
    """Slow a visitor down to a number of messages a second, by letting them wait.

    Parameters
    ----------
    clock : callable
        Seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._left = MOST_AT_ONCE
        self._then = clock()

    def wait_seconds(self) -> float:
        """Count a message and return how long it has to wait."""
        now = self._clock()
        self._left = min(MOST_AT_ONCE, self._left + (now - self._then) * MESSAGES_A_SECOND) - 1.0
        self._then = now
        return max(0.0, -self._left / MESSAGES_A_SECOND)


class Talk:
    """Carry one connection of a browser, and hand on what is said, checked.

    Parameters
    ----------
    receive, send : callable
        Of ASGI.
    has_run : bool
        Whether the page runs already.
    """

    def __init__(self, receive: Receive, send: Send, *, has_run: bool) -> None:
        self._receive = receive
        self._send = send
        self._pace = Pace(asyncio.get_running_loop().time)
        self._is_over = False
        self._waiting: list[Event] = [{"type": "websocket.connect"}]
        self.has_run = has_run

    def put_back(self, messages: list[Message]) -> None:
        """Have messages received once more."""
        self._waiting += [{"type": "websocket.receive", "text": message.text} for message in messages]

    async def receive(self) -> Event:
        """Receive a message as Solara may have it."""
        if self._waiting:
            return self._waiting.pop(0)
        message = await self.next_message()
        if message is None:
            return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}
        return {"type": "websocket.receive", "text": message.text}

    async def next_message(self) -> Message | None:
        """Receive a message; None where the talk is over, as it is when what came is no message."""
        await asyncio.sleep(self._pace.wait_seconds())
        event = await self._receive()
        if event["type"] != "websocket.receive" or self._is_over:
            self._is_over = True
            return None
        text, binary = event.get("text"), event.get("bytes")
        try:
            message = read_message(binary or b"" if text is None else text)
            if message.method == "run":
                if self.has_run:
                    raise Malformed("a page runs once")
                self.has_run = True
        except Malformed as error:
            logger.warning("a visitor's message was refused: %s", error)
            await self.end(POLICY_VIOLATION, str(error))
            return None
        return message

    async def send(self, event: Event) -> None:
        """Send for Solara, which accepts and closes what is accepted and closed already."""
        if event["type"] == "websocket.accept":
            return
        if self._is_over:
            if event["type"] == "websocket.send":
                raise OSError("the connection is closed")
            return
        if event["type"] == "websocket.close":
            self._is_over = True
        await self._send(event)

    async def say(self, kind: str, content: dict[str, Any], parent: dict[str, Any], channel: str) -> None:
        """Send a message in place of a kernel that there is not yet."""
        header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "username": "", "version": "5.3"}
        header |= {"session": parent["session"], "date": ""}
        whole: dict[str, Any] = {
            "header": header,
            "parent_header": parent,
            "content": content,
            "metadata": {},
        }
        whole |= {"channel": channel, "buffers": [], "msg_id": header["msg_id"], "msg_type": kind}
        await self._send({"type": "websocket.send", "text": json.dumps(whole)})

    async def end(self, code: int, reason: str) -> None:
        """Close the connection, with the reason."""
        if not self._is_over:
            self._is_over = True
            await self._send({"type": "websocket.close", "code": code, "reason": reason})


class Channels:
    """Answer websockets, as an application of ASGI.

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
        """Talk with a browser until either ends it."""
        kernel = scope["path_params"]["kernel"]
        page = parse_qs(scope["query_string"].decode("latin-1")).get("session_id", [""])[-1]
        if not (NAME.fullmatch(kernel) and NAME.fullmatch(page)):
            await refuse(scope, receive, send, 404, "There is no such kernel.")
            return
        # A browser without cookies gets a page too, which nobody can come back to.
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
        """Listen until a page runs, and take a seat for it; no kernel is made before."""
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
                # Somebody else may have begun to run a page of this name meanwhile.
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
        """Have Solara serve the page; it gets to know what it needs of the request, and no more."""
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
        """Close a page whose browser says that it goes; the answer tells nobody whether there was one."""
        from solara.server import kernel_context

        kernel, page = request.path_params["kernel"], request.query_params.get("session_id", "")
        token = token_of(request.scope, self.cookie)
        context = kernel_context.contexts.get(kernel)
        if context is None or token is None or not self._is_owner(kernel, token):
            logger.debug("a page that is not there was to be closed")
        elif page in context.page_status:
            await run_sync(context.page_close, page)
        return Response(status_code=204)


async def refuse(scope: Scope, receive: Receive, send: Send, status: int, text: str) -> None:
    """Refuse a websocket, with words where the server can send them."""
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": text})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff")]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": text.encode()})


async def answer_kernel_info(talk: Talk, asked: Message) -> None:
    """Answer as a kernel that is ready."""
    content = {
        "status": "ok",
        "protocol_version": "5.3",
        "implementation": "solara",
        "implementation_version": "",
        "language_info": {},
        "banner": "",
        "help_links": [],
    }
    await talk.say("status", {"execution_state": "busy"}, asked.header, "iopub")
    await talk.say("kernel_info_reply", content, asked.header, "shell")
    await talk.say("status", {"execution_state": "idle"}, asked.header, "iopub")


async def answer_status(talk: Talk, asked: Message) -> None:
    """Answer a page that comes back after its kernel ended: it has to be reloaded."""
    from solara.server.app import client_version

    data = {
        "method": "app-status",
        "started": False,
        "canRecover": False,
        "clientVersion": client_version(),
        "lastRestore": {"status": "off", "failedKey": None, "cause": None, "nFields": 0},
    }
    await talk.say("comm_msg", {"comm_id": asked.comm, "data": data}, asked.header, "iopub")


def answer_states_of_own_widgets() -> None:
    """Have a page that asks for the state of its widgets get that of its own.

    ipywidgets keeps the line on which it answers in one variable for a process, so that the answer to one visitor
    would go to whichever asked last.
    """
    from ipywidgets import Widget
    from ipywidgets.widgets import widget as widgets

    def opened(comm: Any, _: Any) -> None:
        comm.on_msg(lambda _: answer(comm))

    def answer(comm: Any) -> None:
        states = {
            each.model_id: {
                "model_name": each._model_name,
                "model_module": each._model_module,
                "model_module_version": each._model_module_version,
                "state": each.get_state(),
            }
            for each in list(widgets._instances.values())
        }
        states, paths, buffers = widgets._remove_buffers(states)
        comm.send({"method": "update_states", "states": states, "buffer_paths": paths}, buffers=buffers)

    Widget.handle_control_comm_opened = staticmethod(opened)
