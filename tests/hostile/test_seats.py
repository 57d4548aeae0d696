"""A seat is taken by a page that runs, and by nothing else; it is given back within seconds."""

from __future__ import annotations

import json
import socket
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.hostile.conftest import start
from tests.hostile.visitor import (
    WAIT,
    Visitor,
    ask,
    close_code,
    message,
    opening,
    raw,
    request,
    run_page,
    works,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.hostile.conftest import Server

SEATS = 3
MANY = 40
POISON = {"X-Script-Name": "//evil.example/x"}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start a server of few seats, whose first request ever is a hostile one."""
    options = ("--max-sessions", str(SEATS), "--max-per-address", str(SEATS - 1), "--workers", "1")
    for server in start(tmp_path_factory.mktemp("small"), *options):
        request(server.port, "GET", "/", POISON)
        yield server


def status_of_page(server: Server) -> int:
    return request(server.port, "GET", "/")[0]


def wait_for_page(server: Server) -> None:
    ends = time.monotonic() + WAIT
    while time.monotonic() < ends:
        if status_of_page(server) == 200:
            return
        time.sleep(0.2)
    raise AssertionError("no seat was given back")


def test_the_first_request_ever_does_not_move_the_page(small: Server) -> None:
    assert b"evil.example" not in request(small.port, "GET", "/")[2]


def test_connections_that_never_run_a_page_take_no_place(small: Server) -> None:
    stranger = Visitor(small.port)
    with ExitStack() as open_ones:
        for number in range(MANY):
            stranger.kernel = f"bare-{number}"
            with stranger.connected():
                pass
            stranger.kernel = f"greeting-{number}"
            with stranger.connected() as connection:
                ask(connection, message("kernel_info_request", {}), "kernel_info_reply")
        for number in range(8):
            stranger.kernel = f"waiting-{number}"
            connection = open_ones.enter_context(stranger.connected())
            ask(connection, message("kernel_info_request", {}), "kernel_info_reply")
        assert status_of_page(small) == 200
        works(small.port)


def test_pages_that_run_take_places_and_give_them_back_when_they_close(small: Server) -> None:
    with ExitStack() as running:
        visitors = [Visitor(small.port) for _ in range(SEATS)]
        for visitor in visitors[:-1]:
            run_page(running.enter_context(visitor.connected()))
        # One address has what it may have.
        status, headers, text = request(small.port, "GET", "/")
        assert status == 503
        assert b"full just now" in text
        assert b"at one address" in text
        assert int(headers["retry-after"]) > 0
        with visitors[-1].connected() as late:
            for each in opening():
                late.send(json.dumps(each))
            assert close_code(late) == 1013
        assert visitors[0].close() == 204
        wait_for_page(small)
        works(small.port)
        visitors[1].close()


def test_pages_that_drop_without_a_word_give_their_places_back(small: Server) -> None:
    for _ in range(SEATS + 1):
        wait_for_page(small)
        visitor = Visitor(small.port)
        with visitor.connected() as connection:
            run_page(connection)
    wait_for_page(small)
    works(small.port)


def test_a_page_comes_back_to_what_it_was(small: Server) -> None:
    wait_for_page(small)
    visitor = Visitor(small.port)
    with visitor.connected() as connection:
        run_page(connection)
    with visitor.connected() as connection:
        assert is_started(connection)
    visitor.close()
    with visitor.connected() as connection:
        assert not is_started(connection)


def is_started(connection: object) -> bool:
    connection.send(  # type: ignore[attr-defined]
        json.dumps(message("comm_open", {"comm_id": "status", "target_name": "solara.control", "data": {}}))
    )
    asked = message("comm_msg", {"comm_id": "status", "data": {"method": "app-status"}})
    return bool(ask(connection, asked, "comm_msg")["content"]["data"]["started"])  # type: ignore[arg-type]


def test_too_many_connections_of_one_address_are_turned_away_at_once(small: Server) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(raw(small.port)) for _ in range(MANY)]
        answers = [answer for connection in idle if (answer := answer_of(connection))]
        assert answers, "all were let in"
        assert all(b"503" in answer for answer in answers)
    wait_for_page(small)
    works(small.port)


def answer_of(connection: socket.socket) -> bytes:
    connection.settimeout(0.2)
    try:
        return connection.recv(100)
    except TimeoutError:
        return b""
