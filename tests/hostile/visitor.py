"""Visit the page without a browser: as its scripts do, or as nobody should."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import time
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from websockets.sync.client import ClientConnection

WAIT = 60.0
"""Seconds that anything may take on a busy machine; more is a server that hangs."""
SMALL = "/?preset=baseline&place=south_somerset&years=1"


def request(
    port: int, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Send one request as it is written, and return status, headers by small letters, and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT)
    try:
        given = headers or {}
        connection.putrequest(method, path, skip_host="Host" in given)
        for name, value in given.items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body or b"")))
        connection.endheaders(body or b"")
        answer = connection.getresponse()
        return (
            answer.status,
            {name.lower(): value for name, value in answer.getheaders()},
            answer.read(),
        )
    finally:
        connection.close()


def message(kind: str, content: dict[str, Any], **others: Any) -> dict[str, Any]:
    """Return a message of Jupyter."""
    header = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": "s", "username": "", "version": "5.2"}
    plain = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
    return {**plain, "channel": "shell", "buffers": [], **others}


class Visitor:
    """Somebody with a browser of their own.

    Parameters
    ----------
    port : int
        Of the server.
    token : str, optional
        Cookie; default: what the page gives.
    """

    def __init__(self, port: int, token: str | None = None) -> None:
        self.port = port
        self.kernel = str(uuid.uuid4())
        self.page = str(uuid.uuid4())
        self.token = token if token is not None else self._open_page()

    @property
    def cookie(self) -> dict[str, str]:
        return {"Cookie": f"abm-visitor={self.token}"} if self.token else {}

    def _open_page(self) -> str:
        status, headers, text = request(self.port, "GET", SMALL)
        assert status == 200, text[:300]
        assert b"solara" in text
        return headers["set-cookie"].partition("=")[2].partition(";")[0]

    @contextmanager
    def connected(self, headers: dict[str, str] | None = None) -> Iterator[ClientConnection]:
        """Connect to the kernel of the page."""
        address = (
            f"ws://127.0.0.1:{self.port}/jupyter/api/kernels/{self.kernel}/channels?session_id={self.page}"
        )
        sent = {"Origin": f"http://127.0.0.1:{self.port}", **self.cookie, **(headers or {})}
        origin = sent.pop("Origin")
        with connect(
            address, additional_headers=sent, origin=origin, open_timeout=WAIT, max_size=None, max_queue=None
        ) as socket:
            yield socket

    def refused_with(self, headers: dict[str, str] | None = None) -> int:
        """Return the status with which a websocket is refused, 101 if it is not."""
        try:
            with self.connected(headers):
                return 101
        except InvalidStatus as error:
            return error.response.status_code

    def close(self) -> int:
        """Announce that the page closes, as browsers do."""
        path = f"/_solara/api/close/{self.kernel}?session_id={self.page}"
        return request(self.port, "POST", path, self.cookie)[0]


def ask(connection: ClientConnection, asked: dict[str, Any], wanted: str) -> dict[str, Any]:
    """Send a message and return the first answer of a kind."""
    connection.send(json.dumps(asked))
    return until(connection, lambda found: found.get("msg_type") == wanted)


def until(connection: ClientConnection, is_wanted: Any) -> dict[str, Any]:
    """Receive until a message is wanted."""
    ends = time.monotonic() + WAIT
    while time.monotonic() < ends:
        found = decoded(connection.recv(timeout=WAIT))
        if is_wanted(found):
            return found
    raise AssertionError("no answer")


def decoded(raw: str | bytes) -> dict[str, Any]:
    """Read a message; of a binary one the first part, without the buffers."""
    if isinstance(raw, bytes):
        (count,) = struct.unpack_from("!I", raw)
        edges = [*struct.unpack_from(f"!{count}I", raw, 4), len(raw)]
        raw = raw[edges[0] : edges[1]].decode()
    return json.loads(raw)


def run_page(connection: ClientConnection, path: str = SMALL) -> dict[str, Any]:
    """Connect as the scripts of the page do, and return the state of its widgets by class."""
    ask(connection, message("kernel_info_request", {}), "kernel_info_reply")
    control = uuid.uuid4().hex
    connection.send(
        json.dumps(message("comm_open", {"comm_id": control, "target_name": "solara.control", "data": {}}))
    )
    args = {"path": path, "dark": False, "themes": {}, "appName": None}
    connection.send(
        json.dumps(message("comm_msg", {"comm_id": control, "data": {"method": "run", "args": args}}))
    )
    found: dict[str, Any] = {}

    def is_finished(each: dict[str, Any]) -> bool:
        data = each.get("content", {}).get("data", {})
        state = data.get("state", {}) if isinstance(data, dict) else {}
        if each.get("msg_type") == "comm_open" and "_esm" in state:
            found[state.get("_anywidget_id", "")] = each["content"]["comm_id"], state
        return isinstance(data, dict) and data.get("method") == "finished"

    until(connection, is_finished)
    return found


def works(port: int) -> None:
    """Check that somebody who means well can work."""
    visitor = Visitor(port)
    with visitor.connected() as connection:
        widgets = run_page(connection)
        assert any("Masthead" in name for name in widgets), list(widgets)
    visitor.close()


def close_code(connection: ClientConnection) -> int:
    """Wait until the server closes a connection, and return its code."""
    try:
        while True:
            connection.recv(timeout=WAIT)
    except ConnectionClosed as error:
        return error.rcvd.code if error.rcvd else 1006


@contextmanager
def raw(port: int, *sent: bytes) -> Iterator[socket.socket]:
    """Open a connection and send what is no request, or not yet."""
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT) as connection:
        for part in sent:
            connection.sendall(part)
        yield connection


def opening() -> Iterator[dict[str, Any]]:
    """Return the messages with which a page begins to run."""
    args = {"path": "/", "dark": False, "themes": {}}
    yield message("comm_open", {"comm_id": "control", "target_name": "solara.control", "data": {}})
    yield message("comm_msg", {"comm_id": "control", "data": {"method": "run", "args": args}})


def upgrade(visitor: Visitor, host: str | None = None) -> bytes:
    """Return a request for a websocket, under any name."""
    lines = [
        f"GET /jupyter/api/kernels/{visitor.kernel}/channels?session_id=a HTTP/1.1",
        f"Host: {host or f'127.0.0.1:{visitor.port}'}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        *(f"{name}: {value}" for name, value in visitor.cookie.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode()
