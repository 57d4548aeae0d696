"""Read plain scalars of YAML as numbers, truth values, null or text."""

from __future__ import annotations

import math
import re
from typing import Any

from abm.records.bounds import NUMBER_LENGTH

_NULL = re.compile(r"|~|null|Null|NULL")
_TRUE = re.compile(r"true|True|TRUE")
_FALSE = re.compile(r"false|False|FALSE")
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def plain_value(text: str) -> Any:
    """Return a plain scalar in its type by the core schema of YAML 1.2.

    Raises
    ------
    ValueError
        If it is a number that is too long, or too large for a float.
    """
    if _NULL.fullmatch(text):
        return None
    if _TRUE.fullmatch(text):
        return True
    if _FALSE.fullmatch(text):
        return False
    if _INTEGER.fullmatch(text):
        _require_short(text)
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        _require_short(text)
        number = float(text)
        if math.isinf(number):
            raise ValueError("it is larger than any number that a computer calculates with")
        return number
    if _NOT_FINITE.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def _require_short(text: str) -> None:
    if len(text) > NUMBER_LENGTH:
        raise ValueError(f"it has {len(text):,} characters, and abm reads up to {NUMBER_LENGTH}")
