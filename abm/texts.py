r"""Escape text from other people before it is printed, drawn or written, so that no character in it can act.

A label, a file's name or the message of somebody else's code may hold characters that a terminal obeys, that turn a
line round, or that a spreadsheet takes for a formula. `visible` writes such characters out, as in ``\x1b``; `escape`
does so for HTML and XML, and `cell` for the cells of comma-separated files. `Problem` and the consoles of
`abm.interface.terminal.streams` call `visible` on everything that they are given.
"""

from __future__ import annotations

import html
import re

ACTING = (
    r"\x00-\x1f\x7f-\x9f"  # C0, DEL and C1: what terminals obey
    r"\u2028\u2029"  # ends of lines that few programs show as such
    r"\u202a-\u202e\u2066-\u2069"  # turn the direction of what follows
    r"\u180e\u200b\u2060-\u2064\ufeff\U000e0000-\U000e007f"  # not seen at all
    r"\ud800-\udfff\ufffe\uffff"  # no characters: they can be written to no file
)
"""Characters that are not shown but act, or cannot be written, as part of a regular expression.

Joiners (U+200C, U+200D) and marks of direction (U+200E, U+200F) are part of the spelling of some languages.
"""
_ACTS = re.compile(f"[{ACTING}]")
_ACTS_IN_LINES = re.compile(f"(?!\n)[{ACTING}]")
_ACTS_IN_MARKUP = re.compile(f"(?![\n\t])[{ACTING}]")
_FORMULA = re.compile("[=+@\t\r\n\uff1d\uff0b\uff0d\uff20-]")
"""What makes a spreadsheet take a cell for a formula where it comes first, also in full width."""
UNREADABLE = re.compile(f"(?![\n\t])[{ACTING}]")
"""Finds what no text of an input may hold."""


def visible(text: str) -> str:
    r"""Write a text on one line, with characters that act written out, as in ``\x1b`` or ``\n``."""
    return _ACTS.sub(_written_out, text)


def visible_lines(text: str) -> str:
    """Write a text of several lines, with every acting character but the ends of lines written out."""
    return _ACTS_IN_LINES.sub(_written_out, text)


def escape(text: str) -> str:
    """Write a text for HTML, SVG or other XML."""
    return html.escape(_ACTS_IN_MARKUP.sub(_written_out, text))


def cell(text: str) -> str:
    """Write a text, not a number, for a cell of a file that spreadsheets open.

    A text that a spreadsheet would take for a formula gets an apostrophe in front, which spreadsheets do not show.
    """
    shown = _ACTS_IN_LINES.sub(_written_out, text) if UNREADABLE.search(text) else text
    return f"'{shown}" if _FORMULA.match(text) else shown


def _written_out(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "surrogatepass").decode("ascii")
