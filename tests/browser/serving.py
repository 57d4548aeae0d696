"""Serve the page for tests, from a process of its own, and open it as a visitor would."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

PATIENCE = 90.0
"""Seconds for a server on a busy machine to start, kernels compiled."""
WAIT = 60_000
"""Milliseconds that a page on a busy machine may take for anything."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(
    *options: str, environment: dict[str, str] | None = None, log: Path | None = None
) -> Iterator[tuple[str, int]]:
    """Serve the page and give its address and process; the server ends as with Ctrl+C, and has to end well.

    What it tells its operator is appended to the file `log`, if there is one.
    """
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "abm.interface.cli",
        "app",
        "--no-browser",
        "--port",
        str(port),
        *options,
    ]
    with Path(log or os.devnull).open("ab") as told:
        process = subprocess.Popen(
            command,
            env={**os.environ, **(environment or {})},
            stdout=told,
            stderr=told if log else None,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address, process)
        yield address, process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=PATIENCE)


def wait_for(address: str, process: subprocess.Popen[Any]) -> None:
    """Wait until a server answers."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise AssertionError(f"the server ended with {process.returncode} before it answered")
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError("the server does not answer")


@contextmanager
def visitor(
    browser: Browser,
    address: str,
    query: str = "",
    *,
    width: int = 1440,
    height: int = 900,
    scheme: str = "light",
    is_reduced: bool = False,
    before: str = "",
) -> Iterator[Page]:
    """Open the page in a fresh browser of its own, after a script; a fault in its scripts fails the test."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce" if is_reduced else "no-preference",
        accept_downloads=True,
    )
    page = context.new_page()
    page.set_default_timeout(WAIT)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda told: faults.append(told.text) if told.type == "error" else None)
    if before:
        page.add_init_script(before)
    page.goto(f"{address}/{query}")
    page.wait_for_selector(".lab-masthead")
    try:
        yield page
        assert not faults, faults
    finally:
        page.goto("about:blank")
        context.close()


def set_slider_script(selector: str, value: float) -> str:
    """Return a script that moves a slider as a hand does."""
    return (
        f"(() => {{ const slider = document.querySelector({selector!r}); slider.value = {value}; "
        'slider.dispatchEvent(new Event("input", { bubbles: true })); })()'
    )


def settled(page: Page) -> None:
    """Wait until Explore has its picture and all its replicates."""
    page.wait_for_selector(".abm-network[data-drawn]:not([data-drawn='0'])")
    page.wait_for_selector("text=/in \\d+ of 50 runs/")


def artefact(page: Page, name: str) -> None:
    """Save a picture of the whole page in the folder that ABM_SCREENSHOTS names, if it is set."""
    folder = os.environ.get("ABM_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)
