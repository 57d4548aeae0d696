"""A message is read in full or refused; the log takes what happens in plain lines."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abm.interface.page.server.operator_log import (
    LINES_A_MINUTE,
    LONGEST_LINE,
    MINUTE,
    OneLine,
    Seldom,
    plain,
)
from abm.interface.page.server.wire import KINDS, METHODS, Malformed, read_message

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner)
)


def message(**changes: Any) -> dict[str, Any]:
    header = {
        "msg_id": "a-1",
        "msg_type": "comm_msg",
        "session": "s",
        "username": "",
        "version": "5.2",
        "date": "now",
    }
    content = {"comm_id": "c", "data": {"method": "update", "state": {"month": 3}, "buffer_paths": []}}
    plain = {"header": header, "parent_header": {}, "metadata": {"a": 1}, "content": content}
    return {**plain, "channel": "shell", "buffers": [], **changes}


def test_what_is_passed_on_is_what_was_understood() -> None:
    read = read_message(json.dumps(message(unknown="x")))
    assert (read.kind, read.comm, read.method) == ("comm_msg", "c", "update")
    passed = json.loads(read.text)
    assert passed["content"] == {"comm_id": "c", "data": {"method": "update", "state": {"month": 3}}}
    assert passed["metadata"] == {}
    assert "unknown" not in passed
    assert set(passed["header"]) == {"msg_id", "msg_type", "session", "username", "version"}


@given(st.text(max_size=200) | st.binary(max_size=200) | values.map(json.dumps))
def test_anything_is_refused_in_our_own_words(raw: str | bytes) -> None:
    with pytest.raises(Malformed) as raised:
        read_message(raw)
    assert str(raised.value).isascii()


@given(st.sampled_from(["header", "content", "channel", "parent_header", "metadata", "buffers"]), values)
def test_a_part_of_another_form_is_refused_or_passed_over(part: str, value: Any) -> None:
    try:
        read = read_message(json.dumps(message(**{part: value})))
    except Malformed:
        return
    assert json.loads(read.text)["content"]["comm_id"]


@given(values, values, st.sampled_from(KINDS), st.sampled_from(METHODS))
def test_whatever_is_in_a_message_comes_out_as_json_of_known_form(
    data: Any, name: Any, kind: str, method: str
) -> None:
    content = {
        "comm_id": name,
        "target_name": name,
        "data": {"method": method, "state": data, "content": data},
    }
    header = {**message()["header"], "msg_type": kind}
    try:
        read = read_message(json.dumps(message(header=header, content=content)))
    except Malformed:
        return
    passed = json.loads(read.text)
    assert passed["header"]["msg_type"] == kind
    assert set(passed["content"]) <= {"comm_id", "target_name", "data"}


def record(text: str, *, error: BaseException | None = None, line: int = 1) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("abm", logging.ERROR, "file.py", line, text, None, info)


@given(st.text(max_size=2000))
def test_every_record_is_one_bounded_line_that_a_terminal_may_see(text: str) -> None:
    try:
        raise ValueError(text)
    except ValueError as error:
        line = OneLine().format(record(text, error=error))
    assert line.isprintable()
    assert len(line) <= LONGEST_LINE
    assert "Traceback" not in OneLine().format(
        record("it failed: Traceback (most recent call last):\n  x\nOSError")
    )


def test_an_error_is_told_with_its_kind_and_place() -> None:
    try:
        read_message("{")
    except Malformed as error:
        line = OneLine().format(record("it failed", error=error))
    assert "it failed: Malformed: it is not JSON [wire.py:" in line


def test_lines_of_one_kind_are_counted_rather_than_repeated() -> None:
    now = 0.0
    seldom = Seldom(lambda: now)
    assert sum(seldom.filter(record("a")) for _ in range(1000)) == LINES_A_MINUTE
    assert seldom.filter(record("a", line=2))
    now += MINUTE
    last = record("a")
    assert seldom.filter(last)
    assert f"({1000 - LINES_A_MINUTE} more like this" in OneLine().format(last)


def test_a_long_text_is_cut() -> None:
    assert len(plain("a" * 10_000)) == LONGEST_LINE
