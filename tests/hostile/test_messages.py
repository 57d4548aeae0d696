"""What is no message ends that connection, politely, and leaves a line in the log at most."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.hostile.visitor import SMALL, Visitor, ask, close_code, message, run_page

if TYPE_CHECKING:
    from tests.hostile.conftest import Server

POLITE = (1003, 1007, 1008, 1009)
MEGABYTE = 2**20


def spoilt(**changes: Any) -> dict[str, Any]:
    plain = message("kernel_info_request", {})
    plain["header"] |= changes.pop("header", {})
    return {**plain, **changes}


JUNK: dict[str, str | bytes] = {
    "empty": "",
    "no JSON": "{",
    "escape codes": "\x1b]0;owned\x07\x1b[2J" * 50,
    "a list": "[]",
    "a number": "1",
    "null": "null",
    "deep": "[" * 200_000,
    "deep mapping": '{"a":' * 50_000,
    "digits": json.dumps(spoilt(content={}))[:-1] + ', "n": ' + "9" * 100_000 + "}",
    "infinite": json.dumps(spoilt(content={}))[:-1] + ', "n": 1e999}',
    "nan": json.dumps(spoilt(content={}))[:-1] + ', "n": NaN}',
    "binary": b"\x00\x01\x02\xff" * 100,
    "binary with a count": b"\xff\xff\xff\xff" + b"\x00" * 100,
    "no header": json.dumps({"channel": "shell", "content": {}}),
    "header is a list": json.dumps(spoilt() | {"header": []}),
    "no channel": json.dumps({key: value for key, value in spoilt().items() if key != "channel"}),
    "other channel": json.dumps(spoilt(channel="iopub")),
    "other kind": json.dumps(spoilt(header={"msg_type": "execute_request"})),
    "kind is a list": json.dumps(spoilt(header={"msg_type": ["a"]})),
    "session is a bomb": json.dumps(spoilt(header={"session": "\x1b[31m" * 1000})),
    "other target": json.dumps(
        message("comm_open", {"comm_id": "a", "target_name": "jupyter.widget", "data": {}})
    ),
    "unknown target": json.dumps(
        message("comm_open", {"comm_id": "a", "target_name": "os.system", "data": {}})
    ),
    "no comm": json.dumps(message("comm_msg", {"data": {}})),
    "comm is a number": json.dumps(
        message("comm_msg", {"comm_id": 1, "data": {"method": "update", "state": {}}})
    ),
    "evict": json.dumps(message("comm_msg", {"comm_id": "a", "data": {"method": "evict"}})),
    "reload": json.dumps(message("comm_msg", {"comm_id": "a", "data": {"method": "reload"}})),
    "state is a list": json.dumps(
        message("comm_msg", {"comm_id": "a", "data": {"method": "update", "state": []}})
    ),
    "two megabytes": "x" * (2 * MEGABYTE),
    "twenty megabytes that compress well": "0" * (20 * MEGABYTE),
}


@pytest.mark.parametrize("kind", JUNK)
def test_junk_ends_the_connection_of_whoever_sends_it(server: Server, kind: str) -> None:
    with Visitor(server.port).connected() as connection:
        connection.send(JUNK[kind])
        assert close_code(connection) in POLITE


def test_junk_after_the_start_ends_a_page_that_runs(server: Server) -> None:
    for kind in ("no JSON", "binary", "other kind", "other target", "two megabytes"):
        visitor = Visitor(server.port)
        with visitor.connected() as connection:
            run_page(connection)
            connection.send(JUNK[kind])
            assert close_code(connection) in POLITE
        visitor.close()


def test_a_page_runs_once(server: Server) -> None:
    visitor = Visitor(server.port)
    with visitor.connected() as connection:
        run_page(connection)
        args = {"path": SMALL, "dark": False, "themes": {}}
        connection.send(
            json.dumps(message("comm_msg", {"comm_id": "a", "data": {"method": "run", "args": args}}))
        )
        assert close_code(connection) in POLITE
    visitor.close()


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/nothing", "x" * 20_000, "/?" + "a" * 20_000, 1, None, {}]
)
def test_a_page_runs_at_its_own_address_only(server: Server, path: object) -> None:
    with Visitor(server.port).connected() as connection:
        args = {"path": path, "dark": False, "themes": {}}
        connection.send(json.dumps(message("comm_open", {"comm_id": "a", "target_name": "solara.control"})))
        connection.send(
            json.dumps(message("comm_msg", {"comm_id": "a", "data": {"method": "run", "args": args}}))
        )
        assert close_code(connection) in POLITE


WRONG: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**17,
    1.5,
    "",
    "\x1b[2J",
    [],
    [[]],
    {},
    {"a": {"b": []}},
    "x" * 5000,
)


def test_values_that_no_control_sends_break_nobody_elses_page(server: Server) -> None:
    visitor, neighbour = Visitor(server.port), Visitor(server.port)
    with visitor.connected() as connection, neighbour.connected() as beside:
        run_page(beside)
        for comm, state in run_page(connection).values():
            for name in state:
                if name.startswith("_") or name == "layout":
                    continue
                for value in WRONG:
                    data = {"method": "update", "state": {name: value}}
                    connection.send(json.dumps(message("comm_msg", {"comm_id": comm, "data": data})))
            for value in WRONG:
                for content in (
                    value,
                    {"kind": value},
                    {"kind": "take", "what": value},
                    {"kind": "upload", "text": value},
                ):
                    data = {"method": "custom", "content": content}
                    connection.send(json.dumps(message("comm_msg", {"comm_id": comm, "data": data})))
        assert ask(beside, message("kernel_info_request", {}), "kernel_info_reply")
    visitor.close()
    neighbour.close()


def test_messages_to_nobody_are_passed_over(server: Server) -> None:
    visitor = Visitor(server.port)
    with visitor.connected() as connection:
        run_page(connection)
        for _ in range(200):
            data = {"method": "update", "state": {"month": 1}}
            connection.send(json.dumps(message("comm_msg", {"comm_id": "nobody", "data": data})))
        assert ask(connection, message("kernel_info_request", {}), "kernel_info_reply")
    visitor.close()
