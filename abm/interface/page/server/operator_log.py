"""Report what goes wrong to the operator: a line each, in plain letters, and not more lines than somebody can read.

Visitors decide how often something goes wrong, and with what words. Tracebacks and raw texts in this log would hand
them the operator's terminal and disk.
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
"""Characters of a line."""
LINES_A_MINUTE = 20
"""Lines of one kind, by the place in the code that writes them."""
FRAMES = 3
"""Calls that are named of those that led to an error, the innermost first."""
MINUTE = 60.0
TRACEBACK = "Traceback (most recent call last):"


class OneLine(logging.Formatter):
    """Write a record in one line, bounded, with the place of an error in place of its traceback."""

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
    """Let through so many records of one kind a minute, and count the others.

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
        """Whether this record is to be written."""
        kind, now = (record.pathname, record.lineno), self._clock()
        with self._lock:
            began, count = self._kinds.get(kind, (now, 0))
            if now - began >= MINUTE:
                record.missed = max(0, count - LINES_A_MINUTE)
                began, count = now, 0
            self._kinds[kind] = (began, count + 1)
        return count < LINES_A_MINUTE


def plain(text: str) -> str:
    """Return a text in one line of printable characters, bounded."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text[: 4 * LONGEST_LINE])
    shown = " ".join(shown.split())
    return shown if len(shown) <= LONGEST_LINE else shown[: LONGEST_LINE - 1] + "…"


def without_traceback(text: str) -> str:
    """Return a text with its last line in place of a traceback, which names the error."""
    before, found, after = text.partition(TRACEBACK)
    lines = after.strip().splitlines()
    return f"{before.strip()} {lines[-1].strip()}" if found and lines else text


def told(error: BaseException) -> str:
    """Describe an error and where it comes from, briefly."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    text = plain(str(error))[: LONGEST_LINE // 2]
    return f"{type(error).__name__}: {text} [{places}]"


def keep_short() -> None:
    """Send everything that this process logs, warns of or raises in a thread to standard error, line by line."""
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
