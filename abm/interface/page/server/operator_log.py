"""Report faults to the operator: one line each, in printable letters, and no more lines than a person can read.

Visitors influence how often something goes wrong, and with what words. Tracebacks and raw texts in this log would
give them control over the operator's terminal and disk.
"""

import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

LONGEST_LINE = 300
"""Most characters of a line."""
LINES_A_MINUTE = 20
"""Most lines a minute from one place in the code."""
FRAMES = 3
"""Calls shown of those that led to an error, the innermost first."""
MINUTE = 60.0
TRACEBACK = "Traceback (most recent call last):"


class OneLine(logging.Formatter):
    """A formatter that writes a record as one bounded line, with the place of an error instead of its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        text = without_traceback(record.getMessage())
        if record.exc_info and record.exc_info[1] is not None:
            text += f": {told(record.exc_info[1])}"
        missed = getattr(record, "missed", 0)
        more = f" ({missed} more like this in the last minute)" if missed else ""
        when = time.strftime("%H:%M:%S", time.localtime(record.created))
        return plain(f"{when} {record.levelname.lower()} {record.name}: {text}") + more


class Seldom(logging.Filter):
    """A filter that passes a limited number of records of one kind a minute, and counts the others.

    Parameters
    ----------
    clock : callable
        Seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._kinds: dict[tuple[str, int], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether this record is to be written."""
        kind, now = (record.pathname, record.lineno), self._clock()
        with self._lock:
            began, count = self._kinds.get(kind, (now, 0))
            if now - began >= MINUTE:
                record.missed = max(0, count - LINES_A_MINUTE)
                began, count = now, 0
            self._kinds[kind] = (began, count + 1)
        return count < LINES_A_MINUTE


def plain(text: str) -> str:
    """Return a text as one bounded line of printable characters."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * LONGEST_LINE])
    shown = " ".join(shown.split())
    return shown if len(shown) <= LONGEST_LINE else shown[: LONGEST_LINE - 1] + "…"


def without_traceback(text: str) -> str:
    """Replace a traceback in a text by its last line, which names the error."""
    before, found, after = text.partition(TRACEBACK)
    lines = after.strip().splitlines()
    return f"{before.strip()} {lines[-1].strip()}" if found and lines else text


def told(error: BaseException) -> str:
    """Return a short description of an error and where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    text = plain(str(error))[: LONGEST_LINE // 2]
    return f"{type(error).__name__}: {text} [{places}]"


def keep_short() -> None:
    """Send all log records, warnings and errors of threads of this process to standard error, line by line."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine())
    handler.addFilter(Seldom())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)

    def ended(arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            found: tuple[type[BaseException], BaseException, TracebackType | None] = (
                arguments.exc_type,
                arguments.exc_value,
                arguments.exc_traceback,
            )
            logging.getLogger(__name__).error("a thread ended", exc_info=found)

    threading.excepthook = ended
