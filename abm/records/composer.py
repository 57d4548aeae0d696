"""Compose plain values from the events of a YAML parser, and note the line of every key.

Whatever the file holds, this takes a bounded time, depth and memory, and goes on after a fault where the rest can still
be read. Scalars follow the core schema of YAML 1.2: ``yes`` and ``2014-04`` are text, ``1e-3`` is a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from abm.errors import InvalidInput, Problem
from abm.records import bounds
from abm.records.scalars import plain_value
from abm.records.values import KeyPath, shown
from abm.texts import UNREADABLE

REPEATED = "given again"
"""Part of the path of a repeated key's value, which distinguishes it from the first."""
_IN_BRACKETS = re.compile(
    r"""
    "(?:[^"\\]|\\.)*"? | '[^']*'?      # quoted text
    | \#.*                             # a comment
    | [\[{] | [\]}]
    | [^\s,\[\]{}"'\#][^\s,\[\]{}]*    # a word, which may have quotes and hashes inside
    """,
    re.VERBOSE,
)
"""The tokens of lists and mappings that are written in brackets."""

_CORE = "tag:yaml.org,2002:"
_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def refusal(file: str, line: int | None, message: str) -> InvalidInput:
    """Return the error of a file that cannot be read."""
    return InvalidInput([Problem(file, line, message)])


def code_of(character: str) -> str:
    """Return the code of a character as messages show it."""
    code = ord(character)
    return f"0x{code:02x}" if code < 0x100 else f"U+{code:04X}"


class Composer:
    """A composer of plain values from the parser's events.

    PyYAML's own composer recurses without a limit and its resolver follows YAML 1.1, hence this one.

    Attributes
    ----------
    lines, problems, damaged, mistagged, repeated
        As those of `abm.records.document.Document`, complete once the values are composed.
    """

    def __init__(self, text: str, file: str) -> None:
        text = text.removeprefix("\ufeff")
        self.file = file
        self.last_line = len(text.splitlines())
        self.text = text
        self.depth = 0
        self.read_to: Any = None
        self.events: Iterator[Any] = self.parsed(text)
        self.lines: dict[KeyPath, int] = {}
        self.problems: list[Problem] = []
        self.damaged: set[KeyPath] = set()
        self.mistagged: set[KeyPath] = set()
        self.repeated: list[tuple[KeyPath, Any, KeyPath]] = []
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.repetitions = 0
        self.size = 0

    def compose(self) -> Any:
        """Compose the values of the only document of the stream."""
        data: Any = None
        found = False
        try:
            for event in self.events:
                if isinstance(event, yaml.DocumentStartEvent):
                    if found:
                        message = "starts a second document; keep one per file and remove the '---' before it"
                        raise refusal(self.file, _line(event), message)
                    found = True
                    first = next(self.events)
                    self.lines[()] = _line(first)
                    data = self.node(first, ())
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.refuse_depth_ahead(mark)
            told = " ".join(filter(None, (error.context, error.problem)))
            line = None if mark is None else min(mark.line + 1, self.last_line)
            raise refusal(
                self.file, line, f"is not YAML: {told}; correct this line or the one above"
            ) from None
        except yaml.YAMLError as error:
            told = str(error).splitlines()[0]
            raise refusal(self.file, None, f"is not YAML: {told}; is this the right file?") from None
        if not found:
            raise refusal(self.file, None, "is empty; 'abm schema' describes what belongs in it")
        self.repeated = [entry for entry in self.repeated if REPEATED not in entry[0]]
        return data

    def parsed(self, text: str) -> Iterator[Any]:
        """Parse the text event by event, and count the lists and mappings that are open."""
        events = yaml.parse(text, Loader=_PARSER)
        while True:
            try:
                event = next(events)
            except StopIteration:
                return
            except (
                ValueError,
                OverflowError,
            ):  # the parser in pure Python converts escapes and versions unchecked
                raise yaml.YAMLError("a number in an escape or a directive is out of range") from None
            self.depth += isinstance(event, yaml.CollectionStartEvent)
            self.depth -= isinstance(event, yaml.CollectionEndEvent)
            self.read_to = event.end_mark
            yield event

    def refuse_depth_ahead(self, mark: Any) -> None:
        """Refuse brackets nested too deeply between the last event and the place where the parser stopped.

        The parser reads up to a line ahead, and some versions of it have a limit of their own, which they meet
        before the composer has seen the first of the brackets.
        """
        if mark is None or self.read_to is None:
            return
        ahead = self.text[self.read_to.index : mark.index + 1]
        depth = self.depth
        for token in _IN_BRACKETS.finditer(ahead):
            depth += (token[0] in ("[", "{")) - (token[0] in ("]", "}"))
            if depth > bounds.YAML_DEPTH + 1:
                raise self.too_deep(self.read_to.line + 1 + ahead.count("\n", 0, token.start()))

    def too_deep(self, line: int) -> InvalidInput:
        """Return the refusal of a value below too many lists and mappings."""
        return refusal(
            self.file, line, f"nests deeper than {bounds.YAML_DEPTH} levels; abm's files need about six"
        )

    def node(self, event: Any, path: KeyPath) -> Any:
        """Compose one value and everything below it."""
        line = _line(event)
        if len(path) > bounds.YAML_DEPTH:
            raise self.too_deep(line)
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, path)
        before = self.size
        self.size += 1
        if self.size > bounds.YAML_VALUES:
            message = (
                f"more than {bounds.YAML_VALUES:,} values stand up to here; abm reads smaller YAML files only"
            )
            raise refusal(self.file, line, message)
        if isinstance(event, yaml.ScalarEvent):
            value = self.scalar(event, path)
        elif isinstance(event, yaml.SequenceStartEvent):
            self.require_tag(event, "seq", path)
            value = self.sequence(path)
        else:
            self.require_tag(event, "map", path)
            value = self.mapping(path)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, self.size - before)
        return value

    def alias(self, event: Any, path: KeyPath) -> Any:
        """Repeat an anchored value, within the limit."""
        line = _line(event)
        if event.anchor not in self.anchors:
            advice = "an alias repeats a value that is anchored, and complete, above it"
            self.report(line, f"alias '*{event.anchor}' has no value; {advice}", path)
            return None
        value, size = self.anchors[event.anchor]
        self.size += size
        self.repetitions += size
        if self.repetitions > bounds.YAML_ALIASED_VALUES:
            message = f"aliases repeat more than {bounds.YAML_ALIASED_VALUES:,} values; write the values out"
            raise refusal(self.file, line, message)
        return value

    def sequence(self, path: KeyPath) -> list[Any]:
        """Compose the items of a list."""
        items: list[Any] = []
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            place = (*path, len(items))
            self.lines[place] = _line(event)
            items.append(self.node(event, place))
        return items

    def mapping(self, path: KeyPath) -> dict[str, Any]:
        """Compose the entries of a mapping; keys are text, as in the file."""
        entries: dict[str, Any] = {}
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            line = _line(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise refusal(self.file, line, "has a list or mapping as a key; a key is a name or a number")
            self.key(event, path)
            if len(entries) >= bounds.YAML_KEYS:
                message = f"a mapping has more than {bounds.YAML_KEYS:,} keys; abm reads smaller ones only"
                raise refusal(self.file, line, message)
            key = event.value
            place = (*path, key)
            if key in entries:
                message = (
                    f"{shown(key)} is given twice, first on line {self.lines[place]}; keep one of the two"
                )
                self.problems.append(Problem(self.file, line, message))
                own = (*place, REPEATED, len(self.repeated))
                self.lines[own] = line
                # The place is kept before what is below, which may have keys given again too.
                position = len(self.repeated)
                self.repeated.append((place, None, own))
                self.repeated[position] = (place, self.node(next(self.events), own), own)
                continue
            self.lines[place] = line
            entries[key] = self.node(next(self.events), place)
        return entries

    def key(self, event: Any, path: KeyPath) -> None:
        """Check a key; an invalid key is dropped together with its value."""
        self.scalar(event, path)
        if len(event.value) > bounds.KEY_LENGTH:
            told = f"key {shown(event.value)} has {len(event.value):,} characters"
            raise refusal(self.file, _line(event), f"{told}; a key has up to {bounds.KEY_LENGTH}")

    def scalar(self, event: Any, path: KeyPath) -> Any:
        """Compose text, a number, a truth value or null."""
        text: str = event.value
        plain, _ = event.implicit
        acting = UNREADABLE.search(text)
        if acting is not None:
            told = f"{shown(text)} holds the character {code_of(acting[0])}, which is not text"
            self.report(_line(event), f"{told}; leave it out", path)
            return None
        try:
            if event.tag is None or event.tag == "!":
                return plain_value(text) if plain and event.tag is None else text
            kind = event.tag.removeprefix(_CORE)
            if kind == "str":
                return text
            accepted = {"null": (type(None),), "bool": (bool,), "int": (int,), "float": (float, int)}.get(
                kind
            )
            if event.tag.startswith(_CORE) and accepted is not None:
                value = plain_value(text)
                if type(value) not in accepted:
                    raise ValueError
                return float(value) if kind == "float" else value
        except (ValueError, OverflowError) as error:
            why = f" ({error})" if str(error) else ""
            message = (
                f"{shown(text)} cannot be read as the number or text it claims to be{why}; write it plainly"
            )
            self.report(_line(event), message, path)
            return None
        self.refuse_tag(event)
        self.damaged.add(path)
        return None

    def require_tag(self, event: Any, kind: str, path: KeyPath) -> None:
        """Report a tag on a list or mapping unless it is the plain one; the content is still read."""
        if event.tag not in (None, "!", _CORE + kind):
            self.refuse_tag(event)
            self.mistagged.add(path)

    def refuse_tag(self, event: Any) -> None:
        """Report a tag that is not plain YAML."""
        tag = event.tag.replace(_CORE, "!!")
        message = f"tag '{tag}' is not allowed; abm reads plain values only, remove the tag"
        self.problems.append(Problem(self.file, _line(event), message))

    def report(self, line: int, message: str, path: KeyPath) -> None:
        """Record a fault that leaves a place without a value."""
        self.problems.append(Problem(self.file, line, message))
        self.damaged.add(path)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
