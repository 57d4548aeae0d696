"""YAML files as plain values with the line of every key.

Only plain YAML is accepted: text, numbers, true, false, null, lists and mappings. A tag that would build an object, a
repeated key, a file that is not text, and a file beyond the limits of `abm.records.bounds` are refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from abm.errors import InvalidInput, Problem
from abm.records import bounds
from abm.records.composer import Composer, code_of, refusal
from abm.records.content import complaint_of, read_content
from abm.records.values import KeyPath, shown_path
from abm.texts import UNREADABLE


@dataclass(frozen=True)
class Document:
    """The plain values of a YAML file and the line of every key.

    Attributes
    ----------
    file : str
        Name for messages.
    data : Any
        None, bool, int, float, str, list, or dict with text keys.
    lines : mapping of KeyPath to int
        Line of each key and list item, counted from 1.
    problems : tuple of Problem
        Faults that left the rest readable, such as a key given twice.
    damaged : frozenset of KeyPath
        Where such a fault left no value.
    mistagged : frozenset of KeyPath
        Lists and mappings that were read although a tag calls them something else.
    repeated : tuple of (KeyPath, value, KeyPath)
        Values of repeated keys: the path of the first, the value, and the path under which its lines are stored.
    """

    file: str
    data: Any
    lines: Mapping[KeyPath, int] = field(repr=False, compare=False, default_factory=dict)
    problems: tuple[Problem, ...] = ()
    damaged: frozenset[KeyPath] = frozenset()
    mistagged: frozenset[KeyPath] = frozenset()
    repeated: tuple[tuple[KeyPath, Any, KeyPath], ...] = field(default=(), repr=False, compare=False)

    @classmethod
    def read(cls, path: str | Path) -> Document:
        """Read a file.

        Parameters
        ----------
        path : str or Path
            A YAML file in UTF-8.

        Returns
        -------
        Document

        Raises
        ------
        InvalidInput
            If the file is missing, a directory or pipe, too large, not text, or not YAML.
        """
        file = shown_path(path)
        try:
            content = read_content(path, bounds.YAML_BYTES)
        except (OSError, ValueError) as error:
            raise refusal(file, None, complaint_of(error, "YAML file")) from None
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            byte = content[error.start]
            advice = "abm reads YAML text; save the file as UTF-8"
            raise refusal(file, line, f"byte 0x{byte:02x} is not UTF-8 text; {advice}") from None
        return cls.parse(text, file)

    @classmethod
    def parse(cls, text: str, file: str) -> Document:
        """Read YAML text.

        Parameters
        ----------
        text : str
            One YAML document.
        file : str
            Name for messages.

        Returns
        -------
        Document

        Raises
        ------
        InvalidInput
            If the text is not plain YAML that can be read to its end.
        """
        problems = tuple(_unreadable_characters(text, file))
        if problems:
            raise InvalidInput(problems)
        composer = Composer(text, file)
        data = composer.compose()
        return cls(
            file,
            data,
            composer.lines,
            tuple(composer.problems),
            frozenset(composer.damaged),
            frozenset(composer.mistagged),
            tuple(composer.repeated),
        )

    def line(self, path: KeyPath) -> int | None:
        """Return the line of a key, or of the nearest enclosing key that has one."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None

    def problem(self, path: KeyPath, message: str) -> Problem:
        """Return a fault its file and line."""
        return Problem(self.file, self.line(path), message)

    def value(self, path: KeyPath) -> Any:
        """Return the value at a path.

        Raises
        ------
        KeyError
            If the document has no such path.
        """
        value = self.data
        for key in path:
            if isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
                value = value[key]
                continue
            if not isinstance(value, dict) or key not in value:
                raise KeyError(path)
            value = value[key]
        return value


def dump(data: Any) -> str:
    """Write plain values as YAML text, keys in their order.

    Parameters
    ----------
    data : Any
        None, bool, int, float, str, list or dict of those.

    Returns
    -------
    str
        YAML that `Document.parse` reads back to the same values.

    Raises
    ------
    TypeError
        If a value is of another type.
    """
    try:
        return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=110))
    except yaml.representer.RepresenterError as error:
        raise TypeError(f"only plain values can be written as YAML: {error}") from None


def _unreadable_characters(text: str, file: str) -> Iterator[Problem]:
    """Find characters that text files may not contain, and tabs that indent, with their lines."""
    found = UNREADABLE.search(text.replace("\r\n", "\n").replace("\x85", "\n").replace("\ufeff", "", 1))
    if found is not None:
        line = found.string.count("\n", 0, found.start()) + 1
        message = f"character {code_of(found[0])} is not text; abm reads YAML text, is this the right file?"
        yield Problem(file, line, message)
    for number, line_text in enumerate(text.split("\n"), start=1):
        if "\t" in line_text[: len(line_text) - len(line_text.lstrip(" \t"))]:
            yield Problem(file, number, "starts with a tab; indent with spaces only")
