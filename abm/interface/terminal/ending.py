"""End a command on a signal: clean up first, as after Ctrl-C, then die of that signal."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

ASKING = (signal.SIGTERM, signal.SIGHUP)
"""Signals that ask a process to end: from a job scheduler or 'kill', and from a terminal that closes."""
CLEARING_SECONDS = 10.0
"""How long clearing up may take before the process dies in any case."""


class Ended(KeyboardInterrupt):
    """Interruption of a command by a signal that ends it."""


@contextmanager
def ending_by_signals() -> Iterator[None]:
    """Clean up and die of any signal that ends this process; signals that nohup ignores stay ignored."""
    received: list[int] = []

    def end(number: int, _: Any) -> None:
        received.append(number)
        signal.signal(number, signal.SIG_DFL)
        # Foreign code may catch whatever is raised here.
        threading.Thread(target=_die_in_the_end, args=(number,), daemon=True).start()
        raise Ended

    heard = [number for number in ASKING if signal.getsignal(number) is signal.SIG_DFL]
    for number in heard:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, signal.SIG_DFL)
        if received:
            for stream in (sys.stdout, sys.stderr):
                with suppress(OSError, ValueError):
                    stream.flush()
            os.kill(os.getpid(), received[0])


def _die_in_the_end(number: int) -> None:
    threading.Event().wait(CLEARING_SECONDS)
    os.kill(os.getpid(), number)
