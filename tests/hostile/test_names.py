"""The page answers under its own names, to its own pages, and no header moves it elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.hostile.conftest import start
from tests.hostile.visitor import Visitor, raw, request, run_page, upgrade

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.hostile.conftest import Server

EVIL = "evil.example"
PUBLIC = "https://lab.example/abm"
MOVING = {
    "X-Script-Name": f"//{EVIL}/x",
    "Script-Name": f"//{EVIL}/x",
    "X-Forwarded-Prefix": f"//{EVIL}/x",
    "X-Forwarded-Host": EVIL,
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "203.0.113.7",
    "X-Original-URL": "/resourcez",
    "X-Rewrite-URL": "/resourcez",
    "Forwarded": f"for=203.0.113.7;host={EVIL};proto=https",
}


def test_no_header_moves_the_page(server: Server) -> None:
    _, _, before = request(server.port, "GET", "/")
    for headers in [MOVING, *({name: value} for name, value in MOVING.items())]:
        status, answered, html = request(server.port, "GET", "/", headers)
        assert (status, html) == (200, before)
        assert EVIL not in str(answered)
        assert "secure" not in answered["set-cookie"].lower()
    assert request(server.port, "GET", "/")[2] == before
    assert EVIL.encode() not in before


@pytest.mark.parametrize(
    "host",
    [
        EVIL,
        f"{EVIL}:80",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "",
        "localhost@evil.example",
        "10.9.8.7",
    ],
)
def test_other_names_are_refused_and_told_how_to_get_in(server: Server, host: str) -> None:
    for path in ("/", "/readyz", "/page.css", "/nothing"):
        status, _, text = request(server.port, "GET", path, {"Host": host})
        assert status == 400
        assert b"--allow-host" in text
    with raw(server.port, upgrade(Visitor(server.port), host or " ")) as connection:
        assert connection.recv(200).split()[1] == b"400"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "127.0.0.1", "[::1]"])
def test_names_of_this_computer_are_answered(server: Server, host: str) -> None:
    assert request(server.port, "GET", "/", {"Host": f"{host}:{server.port}"})[0] == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ],
)
def test_requests_without_a_clear_name_are_refused(server: Server, sent: bytes) -> None:
    with raw(server.port, sent) as connection:
        assert connection.recv(200).split()[1] in (b"400", b"404")


ORIGINS = (
    "http://evil.example",
    "https://localhost.evil.example",
    "null",
    "file://",
    "http://localhost:3000",
)


@pytest.mark.parametrize("origin", ORIGINS)
def test_pages_from_elsewhere_cannot_speak_to_the_server(server: Server, origin: str) -> None:
    visitor = Visitor(server.port)
    assert visitor.refused_with({"Origin": origin}) == 403
    for method, path in (("GET", "/"), ("GET", "/page.css"), ("POST", "/_solara/api/close/a?session_id=b")):
        assert request(server.port, method, path, {"Origin": origin})[0] == 403


def test_the_same_page_under_another_port_or_name_is_from_elsewhere(server: Server) -> None:
    visitor = Visitor(server.port)
    assert visitor.refused_with({"Origin": f"http://127.0.0.1:{server.port + 1}"}) == 403
    assert visitor.refused_with({"Origin": f"http://localhost:{server.port}"}) == 403
    assert visitor.refused_with() == 101


def test_pages_from_elsewhere_cannot_embed_anything(server: Server) -> None:
    embedded = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    assert request(server.port, "GET", "/page.css", embedded)[0] == 403
    followed = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    status, headers, _ = request(server.port, "GET", "/", followed)
    assert status == 200
    assert headers["cross-origin-resource-policy"] == "same-origin"


def test_the_page_may_connect_to_its_own_server_alone(server: Server) -> None:
    for path in ("/", "/page.css", "/nothing"):
        policy = request(server.port, "GET", path)[1]["content-security-policy"]
        assert "connect-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "object-src 'none'" in policy


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Start a server as one does behind a proxy that encrypts."""
    yield from start(
        tmp_path_factory.mktemp("proxied"), "--public-address", "https://lab.example/abm", "--workers", "1"
    )


def test_behind_a_proxy_the_page_lives_at_its_public_address(proxied: Server) -> None:
    for path in ("/abm/", "/"):
        status, headers, html = request(proxied.port, "GET", path, {"Host": "lab.example"})
        assert status == 200
        named = re.findall(rb'(?:href|src)="(/[^"?#]+)', html)
        assert named
        assert all(each.startswith(b"/abm/") for each in named)
        assert re.match(
            "__Host-abm-visitor=[^;]{43}; HttpOnly; Path=/; SameSite=lax; Secure", headers["set-cookie"]
        )
        assert headers["strict-transport-security"].startswith("max-age=31536000")
    for path in (named[0].decode(), named[0].decode().removeprefix("/abm")):
        assert request(proxied.port, "GET", path)[0] == 200
    cookie = headers["set-cookie"].partition(";")[0]
    visitor = Visitor(proxied.port, token="")
    sent = {"Cookie": cookie, "Origin": "https://lab.example"}
    with visitor.connected(sent) as connection:
        assert run_page(connection)
    assert visitor.refused_with({**sent, "Origin": "http://lab.example"}) == 403
    assert visitor.refused_with({**sent, "Origin": "https://evil.example"}) == 403
