"""Whoever sends or reads slowly, or not at all, is let go; others do not wait for them."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tests.hostile.visitor import Visitor, upgrade, works

if TYPE_CHECKING:
    from tests.hostile.conftest import Server

PATIENCE = 90.0
"""Seconds after which nobody of these may be connected; the server's own times are all below 35."""
DRIP = 0.5
"""Seconds between the bytes of those who send slowly."""
SLOW = {
    "says nothing": b"",
    "sends headers byte by byte": b"GET / HTTP/1.1\r\nHost: localhost\r\n",
    "sends a body byte by byte": (
        b"POST /_solara/api/close/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
    ),
    "asks again and never ends": b"GET /page.css HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\nX-",
}


def is_open(connection: socket.socket) -> bool:
    """Whether the other side is still there, after reading what it sent."""
    connection.setblocking(False)
    try:
        while True:
            if not connection.recv(65536):
                return False
    except BlockingIOError:
        return True
    except OSError:
        return False


def drip(connection: socket.socket) -> None:
    try:
        connection.send(b"a")
    except OSError:
        return


def ask_on(connection: socket.socket) -> bool:
    """Ask for more without reading anything; whether the other side is still there."""
    connection.setblocking(False)
    try:
        while True:
            connection.send(b"GET /static/assets/style.css HTTP/1.1\r\nHost: localhost\r\n\r\n")
    except BlockingIOError:
        return True
    except OSError:
        return False


def test_slow_and_silent_connections_are_let_go_and_nobody_waits_for_them(server: Server) -> None:
    visitor = Visitor(server.port)
    with ExitStack() as stack:

        def opened(sent: bytes) -> socket.socket:
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            connection.sendall(sent)
            return connection

        slow = {f"{name} {number}": opened(sent) for name, sent in SLOW.items() for number in range(3)}
        slow["opens a websocket and says nothing"] = opened(upgrade(visitor))
        slow["never reads"] = opened(b"")
        works(server.port)
        ends = time.monotonic() + PATIENCE
        while slow and time.monotonic() < ends:
            time.sleep(DRIP)
            for name, connection in list(slow.items()):
                if name.startswith(("sends", "asks")):
                    drip(connection)
                if not (ask_on(connection) if name.startswith("never") else is_open(connection)):
                    del slow[name]
        assert not slow, f"still connected: {sorted(slow)}"
