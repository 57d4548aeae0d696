"""A visitor who knows everything about another's page but the cookie gets nothing of it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.hostile.visitor import Visitor, ask, close_code, message, opening, request, run_page, until

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

    from tests.hostile.conftest import Server


def thief_of(victim: Visitor, token: str | None = None) -> Visitor:
    thief = Visitor(victim.port, token)
    thief.kernel, thief.page = victim.kernel, victim.page
    return thief


def is_there(connection: ClientConnection) -> bool:
    return bool(ask(connection, message("kernel_info_request", {}), "kernel_info_reply"))


@pytest.mark.parametrize("token", [None, "", "a" * 43, "a", "../../x"])
def test_nobody_takes_over_the_page_of_another(server: Server, token: str | None) -> None:
    victim = Visitor(server.port)
    with victim.connected() as connection:
        run_page(connection)
        assert thief_of(victim, token).refused_with() == 403
        assert is_there(connection)
    # While the victim's connection is broken, either.
    assert thief_of(victim, token).refused_with() == 403
    assert victim.refused_with() == 101
    victim.close()


def test_nobody_closes_the_page_of_another(server: Server) -> None:
    victim = Visitor(server.port)
    with victim.connected() as connection:
        run_page(connection)
        for token in (None, "", "a" * 43):
            assert thief_of(victim, token).close() == 204
        assert is_there(connection)
    assert victim.close() == 204
    for kernel in ("nobody", "..", "%2e%2e", "x" * 500):
        path = f"/_solara/api/close/{kernel}"
        for query in ("", "?session_id=", "?session_id=x"):
            assert request(server.port, "POST", path + query, victim.cookie)[0] == 204
    assert request(server.port, "GET", f"/_solara/api/close/{victim.kernel}", victim.cookie)[0] == 405


def test_a_page_gets_the_state_of_its_own_widgets(server: Server) -> None:
    first, second = Visitor(server.port), Visitor(server.port)
    with first.connected() as one, second.connected() as other:
        ours, theirs = run_page(one), run_page(other)
        for connection in (one, other):
            opened = {"comm_id": "states", "target_name": "jupyter.widget.control", "data": {}}
            connection.send(json.dumps(message("comm_open", opened)))
            assert is_there(connection)
        one.send(json.dumps(message("comm_msg", {"comm_id": "states", "data": {"method": "request_states"}})))
        states = until(one, lambda found: "states" in found["content"].get("data", {}))["content"]["data"][
            "states"
        ]
        assert {comm for comm, _ in ours.values()} <= set(states)
        assert not {comm for comm, _ in theirs.values()} & set(states)
    first.close()
    second.close()


@pytest.mark.parametrize(
    "kernel", ["..", "%2e%2e", "a%20b", "x" * 500, "%00", "%1b%5b2J", "a/b", "%F0%9F%90%99", "*"]
)
def test_kernels_of_odd_names_do_not_exist(server: Server, kernel: str) -> None:
    visitor = Visitor(server.port)
    visitor.kernel = kernel
    assert visitor.refused_with() in (403, 404)


def test_a_page_needs_a_name_too(server: Server) -> None:
    for page in ("", "x" * 500, "%1b%5b2J"):
        visitor = Visitor(server.port)
        visitor.page = page
        assert visitor.refused_with() in (403, 404)


def test_no_link_leads_into_a_kernel_that_somebody_else_chose(server: Server) -> None:
    status, headers, _ = request(server.port, "GET", "/?kernelid=mine&seed=3&modelid=x")
    assert status == 307
    assert headers["location"] == "/?seed=3"


def test_visitors_are_known_by_a_cookie_that_cannot_be_guessed_or_read_by_scripts(server: Server) -> None:
    tokens = set()
    for sent in (
        {},
        {"Cookie": "abm-visitor=a"},
        {"Cookie": "abm-visitor="},
        {"Cookie": "abm-visitor=" + "é" * 43},
    ):
        cookie = request(
            server.port, "GET", "/", {key: value.encode().decode("latin-1") for key, value in sent.items()}
        )[1]["set-cookie"]
        found = re.fullmatch(r"abm-visitor=([A-Za-z0-9_-]{43}); HttpOnly; Path=/; SameSite=lax", cookie)
        assert found, cookie
        tokens.add(found[1])
    assert len(tokens) == 4
    visitor = Visitor(server.port)
    assert "set-cookie" not in request(server.port, "GET", "/", visitor.cookie)[1]


def test_two_who_start_one_kernel_at_the_same_time_do_not_share_it(server: Server) -> None:
    first, second = Visitor(server.port), Visitor(server.port)
    second.kernel = first.kernel
    with first.connected() as one, second.connected() as other:
        run_page(one)
        for each in opening():
            other.send(json.dumps(each))
        assert close_code(other) == 1013
        assert is_there(one)
    first.close()
