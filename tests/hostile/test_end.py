"""The server ends when it is asked to, once, however many pages are open, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.serving import free_port, wait_for
from tests.hostile.visitor import Visitor, run_page, works

if TYPE_CHECKING:
    from collections.abc import Iterator

WITHIN = 6.0
"""Seconds that a busy machine may take for what takes less than three on a quiet one."""
BUSY = "/?preset=leadership_with_reform&place=england&years=30"


def processes_of(group: int) -> Iterator[int]:
    """Find the processes of a session that are not zombies."""
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if entry.name.isdigit() and int(fields[3]) == group and fields[0] != "Z":
            yield int(entry.name)


def wait_until_gone(group: int) -> list[int]:
    """Return the processes that are left when they have had their time to end."""
    ends = time.monotonic() + WITHIN
    while (left := list(processes_of(group))) and time.monotonic() < ends:
        time.sleep(0.1)
    return left


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_the_server_ends_at_once_with_pages_open_and_work_under_way(
    sent: signal.Signals, tmp_path: Path
) -> None:
    port = free_port()
    command = [sys.executable, "-m", "abm.interface.cli", "app", "--no-browser", "--port", str(port)]
    log = tmp_path / "operator.log"
    with (
        log.open("wb") as told,
        subprocess.Popen(command, stdout=told, stderr=told, start_new_session=True) as server,
    ):
        try:
            wait_for(f"http://127.0.0.1:{port}", server)
            works(port)
            with ExitStack() as pages:
                for path in (BUSY, BUSY, "/", "/", "/"):
                    run_page(pages.enter_context(Visitor(port).connected()), path)
                server.send_signal(sent)
                code = server.wait(timeout=WITHIN)
            assert code in (0, -sent, 128 + sent)
            assert wait_until_gone(server.pid) == []
        finally:
            if list(processes_of(server.pid)):
                os.killpg(server.pid, signal.SIGKILL)
    assert "Traceback" not in log.read_text()
