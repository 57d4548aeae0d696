"""Read the messages that browsers send over the websocket: a few kinds of Jupyter messages, and nothing else."""

import json
import math
import re
from dataclasses import dataclass
from typing import Any, NoReturn

from abm.errors import AbmError
from abm.interface.page.session.link import LONGEST_QUERY

CONTROL = "solara.control"
STATES = "jupyter.widget.control"
TARGETS = (CONTROL, STATES)
"""Targets that a browser may open; only the server makes widgets."""
KINDS = ("kernel_info_request", "comm_open", "comm_msg", "comm_close", "shutdown_request")
METHODS = ("update", "custom", "request_state", "request_states", "run", "app-status")
CHANNELS = ("shell", "control")

NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}")
PATH = re.compile(r"/?(?:\?.*)?", re.DOTALL)
MOST_DIGITS = 18
"""Most digits of a whole number, so that it fits into 64 bits."""


class Malformed(AbmError):
    """Raised if a message is not one that this page sends."""


@dataclass(frozen=True)
class Message:
    """A valid message.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    header : dict
    comm : str
        Widget that the message is for; empty if it is for none.
    target : str
        One of `TARGETS` if it opens something, else empty.
    method : str
        One of `METHODS`, or empty.
    text : str
        The message as it is passed on, written anew from the parts that were understood.
    """

    kind: str
    header: dict[str, Any]
    comm: str
    target: str
    method: str
    text: str


def read_message(raw: str | bytes) -> Message:
    """Read a message.

    Parameters
    ----------
    raw : str or bytes
        The message, whose length the server has limited.

    Returns
    -------
    Message

    Raises
    ------
    Malformed
        With the reason, which repeats nothing of what was sent.
    """
    if isinstance(raw, bytes):
        raise Malformed("binary messages are not used here")
    whole = _parsed(raw)
    header, content = _mapping(whole, "header"), _mapping(whole, "content")
    kind = _choice(header.get("msg_type"), KINDS, "msg_type")
    channel = _choice(whole.get("channel"), CHANNELS, "channel")
    identity = {name: _short(header.get(name), name) for name in ("msg_id", "session", "username", "version")}
    comm = target = method = ""
    passed: dict[str, Any] = {}
    if kind.startswith("comm_"):
        comm = _name(content.get("comm_id"), "comm_id")
        data = content.get("data", {})
        if not isinstance(data, dict):
            raise Malformed("data is not a mapping")
        if kind == "comm_open":
            target = _choice(content.get("target_name"), TARGETS, "target_name")
            data = {}
        elif kind == "comm_msg":
            method = _choice(data.get("method"), METHODS, "method")
            data = _data(method, data)
        passed = {"comm_id": comm, "data": data} | ({"target_name": target} if target else {})
    plain: dict[str, Any] = {
        "header": {"msg_type": kind, **identity},
        "parent_header": {},
        # The version of the protocol by which browsers ask for the state of widgets.
        "metadata": {"version": "1.0.0"} if target == STATES else {},
        "content": passed,
        "channel": channel,
        "buffers": [],
    }
    try:
        text = json.dumps(plain)
    except RecursionError:
        raise Malformed("it is nested too deeply") from None
    return Message(kind, header=plain["header"], comm=comm, target=target, method=method, text=text)


def _parsed(raw: str) -> dict[str, Any]:
    try:
        found = json.loads(
            raw, parse_int=_whole_number, parse_float=_finite_number, parse_constant=_no_constant
        )
    except (ValueError, RecursionError):
        raise Malformed("it is not JSON") from None
    if not isinstance(found, dict):
        raise Malformed("it is not a mapping")
    return found


def _whole_number(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise Malformed("a number has too many digits")
    return int(text)


def _finite_number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise Malformed("a number is out of range")
    return number


def _no_constant(_: str) -> NoReturn:
    raise Malformed("it holds NaN or an infinity, which JSON does not know")


def _mapping(whole: dict[str, Any], name: str) -> dict[str, Any]:
    found = whole.get(name)
    if not isinstance(found, dict):
        raise Malformed(f"{name} is not a mapping")
    return found


def _choice(value: object, choices: tuple[str, ...], name: str) -> str:
    if isinstance(value, str) and value in choices:
        return value
    raise Malformed(f"{name} is not one that this page uses")


def _name(value: object, name: str) -> str:
    if isinstance(value, str) and NAME.fullmatch(value):
        return value
    raise Malformed(f"{name} is not a valid name")


def _short(value: object, name: str) -> str:
    if value is None or value == "":
        return ""
    return _name(value, name)


def _data(method: str, data: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of a widget message that are used."""
    if method == "update":
        return {"method": method, "state": _mapping(data, "state")}
    if method == "custom":
        return {"method": method, "content": data.get("content")}
    if method == "run":
        args = _mapping(data, "args")
        path = args.get("path")
        # The page reads the link itself, and reports one that is too long.
        if not isinstance(path, str) or len(path) > 2 * LONGEST_QUERY or not PATH.fullmatch(path):
            raise Malformed("path is not one of this page")
        return {"method": method, "args": {"path": path, "dark": args.get("dark") is True, "themes": {}}}
    return {"method": method}
