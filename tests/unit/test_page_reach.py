"""The page answers to the names of its computer and to those that its operator allows, and to no others."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.errors import InvalidInput
from abm.interface.page.server.reach import Reach

LOCAL = (
    "localhost",
    "LocalHost",
    "localhost.",
    "127.0.0.1",
    "127.0.0.1:8765",
    "[::1]",
    "[::1]:8765",
    "[0:0::1]",
)
FOREIGN = (
    "evil.example",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "",
    " ",
    "a b",
    "localhost:x",
    "::1",
)
names = st.from_regex(r"[a-z]{1,12}(\.[a-z]{1,12}){1,3}", fullmatch=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::", "::1", "localhost", "192.0.2.7"])
def test_names_of_this_computer_are_its_own_wherever_it_listens(host: str) -> None:
    reach = Reach(host)
    assert all(reach.accepts_host(name) for name in LOCAL)
    assert not any(reach.accepts_host(name) for name in FOREIGN)


def test_a_server_for_everybody_answers_to_its_name_and_to_addresses_in_numbers() -> None:
    reach = Reach("0.0.0.0")
    assert reach.accepts_host(f"{socket.gethostname()}:8765")
    assert reach.accepts_host("198.51.100.7:8765")
    assert reach.accepts_host("[2001:db8::7]:8765")
    assert not Reach("127.0.0.1").accepts_host("198.51.100.7:8765")


def test_a_server_at_one_address_answers_to_that_one() -> None:
    reach = Reach("192.0.2.7")
    assert reach.accepts_host("192.0.2.7:80")
    assert not reach.accepts_host("192.0.2.8:80")


@given(names, names)
def test_only_names_that_are_allowed_are_answered(allowed: str, other: str) -> None:
    reach = Reach("127.0.0.1", names=[allowed])
    assert reach.accepts_host(allowed)
    assert reach.accepts_host(f"{allowed.upper()}:8443")
    assert reach.accepts_host(other) == (other == allowed)


@given(st.text(max_size=40))
def test_no_text_is_taken_for_a_name_by_mistake(text: str) -> None:
    reach = Reach("127.0.0.1", names=["lab.example"])
    bare = text.lower().partition(":")[0].removesuffix(".")
    assert reach.accepts_host(text) <= (
        bare in ("localhost", "127.0.0.1", "lab.example") or text.startswith("[")
    )


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:8765", "localhost:8765"),
        ("http://LOCALHOST:8765", "localhost:8765"),
        ("http://lab.example", "lab.example"),
        ("http://lab.example", "lab.example:80"),
        ("https://lab.example", "lab.example"),
        ("https://lab.example", "lab.example:443"),
        ("http://[::1]:8765", "[::1]:8765"),
    ],
)
def test_the_page_itself_may_speak_to_the_server(origin: str, host: str) -> None:
    assert Reach("127.0.0.1").accepts_origin(origin, host)


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "http://localhost:3000",
        "http://localhost",
        "https://localhost:8765.evil.example",
        "file://",
    ]
    + [
        "ws://localhost:8765",
        "http://localhost:8765/",
        "http://user@localhost:8765",
        "http://127.0.0.1:8765",
    ],
)
def test_other_pages_may_not(origin: str) -> None:
    assert not Reach("127.0.0.1").accepts_origin(origin, "localhost:8765")


def test_a_page_behind_a_proxy_may_speak_to_the_server_under_its_public_name() -> None:
    reach = Reach("127.0.0.1", public="https://lab.example/abm/")
    assert (reach.root, reach.is_encrypted) == ("/abm", True)
    for host in ("lab.example", "127.0.0.1:8765"):
        assert reach.accepts_host(host)
        assert reach.accepts_origin("https://lab.example", host)
        assert not reach.accepts_origin("https://lab.example:8443", host)
        assert not reach.accepts_origin("http://lab.example", host)


def test_every_name_that_is_none_is_told_at_once() -> None:
    with pytest.raises(InvalidInput) as raised:
        Reach("127.0.0.1", names=["http://a.example", "b.example", "c/d"], public="lab.example")
    assert [problem.file for problem in raised.value.problems] == [
        "--allow-host",
        "--allow-host",
        "--public-address",
    ]


@pytest.mark.parametrize(
    "public",
    [
        "",
        "lab.example",
        "ftp://lab.example",
        "http://",
        "http://[x",
        "http://a b/",
        "http://u@a/",
        "http://a/?q",
        "http://a/../b%20",
    ],
)
def test_a_public_address_is_one_that_browsers_can_open(public: str) -> None:
    with pytest.raises(InvalidInput, match="public-address"):
        Reach("127.0.0.1", public=public)
