"""Compile kernels in another process: answer on standard output what is asked on standard input, until that ends.

Nothing heavy is imported before standard input is listened to, so that a helper ends with the process that started it
even while it imports or compiles.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from contextlib import suppress
from typing import IO

DONE = b"."
"""Answer to every message, whatever came of it."""
LENGTH_BYTES = 4


def ask(stream: IO[bytes], message: bytes) -> None:
    """Send a message to a helper."""
    stream.write(len(message).to_bytes(LENGTH_BYTES, "big") + message)
    stream.flush()


def work() -> None:
    """Compile what is asked for, one kernel after the other."""
    messages: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    # Whatever else is printed is no answer.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    threading.Thread(target=_listen, args=(sys.stdin.buffer, messages), daemon=True).start()
    from abm.core.compiling import compile_as_asked

    while True:
        message = messages.get()
        with suppress(Exception):
            compile_as_asked(message)
        answers.write(DONE)


def _listen(stream: IO[bytes], messages: queue.SimpleQueue[bytes]) -> None:
    while length := stream.read(LENGTH_BYTES):
        messages.put(stream.read(int.from_bytes(length, "big")))
    # Nobody waits for the kernel at hand any more.
    os._exit(0)
