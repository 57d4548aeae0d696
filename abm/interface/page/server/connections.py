"""Limit connections in number and time: a peer that sends or reads too slowly, or connects too often, is dropped."""

import asyncio
import atexit
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from abm.interface.page.server.seats import address_key

REQUEST_SECONDS = 10.0
"""Time within which a request has to arrive in full."""
READING_SECONDS = 20.0
"""Time for which a peer may leave unread what was sent."""
PING_SECONDS = 15.0
"""Time after which a silent connection is pinged, and within which it has to answer."""
GRACEFUL_SECONDS = 1
"""Time for which open connections are waited for when the server ends."""
LAST_SECONDS = 2.2
"""Time after which the server ends even if something is still busy; its workers end with it."""
SIGNALLED = 128
"""What shells add to a signal's number to make the exit code of a process that it ended."""

CONNECTIONS_OF_SEAT = 8
"""Connections of one visitor: a browser opens six for requests and one for the websocket."""
MOST_HEADER_BYTES = 32 * 1024
TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 10\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 44\r\n\r\n"
    b"There are too many connections; try later.\r\n"
)


class Callers:
    """The number of open connections, by address.

    Parameters
    ----------
    most : int
        Most connections at once.
    most_of_address : int
        Most connections at once from one address.
    """

    def __init__(self, most: int, most_of_address: int) -> None:
        self.most = most
        self.most_of_address = most_of_address
        self._open: Counter[str] = Counter()

    def enter(self, address: str) -> bool:
        """Count a new connection and return True, or return False if there are too many."""
        if self._open.total() >= self.most or self._open[address] >= self.most_of_address:
            return False
        self._open[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Stop counting a connection."""
        self._open[address] -= 1
        if self._open[address] <= 0:
            del self._open[address]


class Settings(uvicorn.Config):
    """The settings of uvicorn, and the callers that its protocols count."""

    callers: Callers


class Impatient(asyncio.Protocol):
    """A connection that is dropped if the peer does not read, so that nothing piles up."""

    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    config: uvicorn.Config
    caller: str | None = None
    _unread: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """Start the time limit, as the peer is not reading."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(READING_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop the time limit, as the peer has read."""
        super().resume_writing()
        self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop counting a connection that has ended."""
        self._stop_waiting()
        if self.caller is not None and isinstance(self.config, Settings):
            self.config.callers.leave(self.caller)
            self.caller = None
        super().connection_lost(exc)

    def _stop_waiting(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None


class Requests(Impatient, H11Protocol):
    """Connections for requests; a request that does not arrive in time is dropped."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a connection, unless there are too many."""
        super().connection_made(transport)
        address = address_key(self.client[0] if self.client else "")
        if isinstance(self.config, Settings) and not self.config.callers.enter(address):
            transport.write(TOO_MANY)
            transport.close()
            return
        self.caller = address
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Read more of a request, and adjust its time limit."""
        super().data_received(data)
        self._watch()

    def handle_websocket_upgrade(self, event: Any) -> None:
        """Hand the connection over to a websocket."""
        caller, self.caller = self.caller, None
        self._drop_deadline()
        super().handle_websocket_upgrade(event)
        protocol = self.transport.get_protocol()
        if isinstance(protocol, Talks):
            protocol.caller = caller

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop counting a connection that has ended."""
        self._drop_deadline()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """Set the time limit of a request that has not arrived in full; remove it while the request is answered."""
        is_upgraded = self.transport.get_protocol() is not self
        if is_upgraded or self.transport.is_closing():
            self._drop_deadline()
        elif self.conn.their_state in (h11.IDLE, h11.SEND_BODY):
            if self._deadline is None:
                self._deadline = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)
        else:
            self._drop_deadline()

    def _drop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class Talks(Impatient, WebSocketsSansIOProtocol):
    """Connections for websockets; a peer that does not answer a ping is dropped."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection that ended, and let go of whoever waits to send on it."""
        super().connection_lost(exc)
        self.writable.set()

    async def send(self, message: Any) -> None:
        """Send for the application; one that refuses a websocket has done all there is to do."""
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True

    def keepalive_timeout(self) -> None:
        """End a connection whose peer does not answer, without waiting for what they have not read."""
        super().keepalive_timeout()
        self.transport.abort()


class PromptServer(uvicorn.Server):
    """Serve, and end within seconds of being asked to, however busy visitors keep it.

    Attributes
    ----------
    exit_code : int
        With which the process should end: 0 after Ctrl+C, which is how one ends this server.
    """

    exit_code: int = 0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end."""
        if self.should_exit:
            self.force_exit = True
            return
        self.should_exit = True
        self.exit_code = 0 if sig == signal.SIGINT else SIGNALLED + sig
        threading.Thread(target=self._end_at_last, name="abm-end", daemon=True).start()

    def end_process(self) -> NoReturn:
        """End this process without waiting for threads that are still busy with the pages of visitors."""
        atexit._run_exitfuncs()
        os._exit(self.exit_code)

    def _end_at_last(self) -> None:
        time.sleep(LAST_SECONDS)
        os._exit(self.exit_code)


def settings_of(
    app: Callable[..., Any], host: str, port: int, callers: Callers, most_message_bytes: int
) -> Settings:
    """Set uvicorn up.

    Parameters
    ----------
    app : callable
        ASGI application.
    host, port : str, int
        Address to listen on.
    callers : Callers
    most_message_bytes : int
        Longest message of a websocket, decompressed.

    Returns
    -------
    Settings
    """
    settings = Settings(
        app,
        host=host,
        port=port,
        loop="asyncio",
        http=Requests,
        ws=Talks,
        interface="asgi3",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=MOST_HEADER_BYTES,
        ws_max_size=most_message_bytes,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
    )
    settings.callers = callers
    return settings
