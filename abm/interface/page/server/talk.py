"""One websocket of a browser: only valid messages pass, and no more of them than a page needs to send."""

import asyncio
import json
import logging
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from abm.interface.page.server.wire import Malformed, Message, read_message

Event = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

logger = logging.getLogger(__name__)

MESSAGES_A_SECOND = 100.0
"""Messages that are read of one page in the long run; dragging a slider sends about ten."""
MOST_AT_ONCE = 400.0
"""Messages that are read of one page without delay."""
POLICY_VIOLATION = 1008


class Pace:
    """A limit on the messages of a visitor a second; excess messages are delayed.

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
        """Count a message, and return how long it has to wait."""
        now = self._clock()
        self._left = min(MOST_AT_ONCE, self._left + (now - self._then) * MESSAGES_A_SECOND) - 1.0
        self._then = now
        return max(0.0, -self._left / MESSAGES_A_SECOND)


class Talk:
    """One connection of a browser, whose messages are checked before they are passed on.

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
        """Return messages to the queue, to be received again."""
        self._waiting += [{"type": "websocket.receive", "text": message.text} for message in messages]

    async def receive(self) -> Event:
        """Receive a message in the form that Solara may see."""
        if self._waiting:
            return self._waiting.pop(0)
        message = await self.next_message()
        if message is None:
            return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}
        return {"type": "websocket.receive", "text": message.text}

    async def next_message(self) -> Message | None:
        """Receive a message; return None if the connection is over, as it is after an invalid message."""
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
        """Send on behalf of Solara, which may accept or close a connection that already is."""
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
        """Send a message on behalf of a kernel that does not exist yet."""
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
        """Close the connection with a reason."""
        if not self._is_over:
            self._is_over = True
            await self._send({"type": "websocket.close", "code": code, "reason": reason})


async def refuse(scope: Scope, receive: Receive, send: Send, status: int, text: str) -> None:
    """Refuse a websocket, with an explanation if the server can send one."""
    await receive()
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": text})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff")]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": text.encode()})


async def answer_kernel_info(talk: Talk, asked: Message) -> None:
    """Answer a request for kernel information as a ready kernel does."""
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
    """Answer a page that comes back after its kernel has ended that it has to be reloaded."""
    from solara.server.app import client_version

    data = {
        "method": "app-status",
        "started": False,
        "canRecover": False,
        "clientVersion": client_version(),
        "lastRestore": {"status": "off", "failedKey": None, "cause": None, "nFields": 0},
    }
    await talk.say("comm_msg", {"comm_id": asked.comm, "data": data}, asked.header, "iopub")
