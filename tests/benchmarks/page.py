"""Measure the page: ``python -m tests.benchmarks.page``. It wants a quiet machine and Debian's Chromium.

Figures of a browser are medians of rounds, from the click to the picture that is drawn. Thirty visitors are
thirty websockets that speak as browsers do but draw nothing, so that what is measured is the server.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import struct
import time
import uuid
from typing import TYPE_CHECKING, Any

import websockets
from playwright.sync_api import sync_playwright

from abm.interface.page.background.simulations import prepare, sample_tasks
from abm.interface.page.background.workshop import Workshop
from abm.interface.page.session.question import Question
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.serving import served, set_slider_script

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROUNDS = 7
VISITORS = 30
STEPS = 20
PACE = 0.5
"""Seconds from one step of a visitor to the next."""
SOMERSET = "?preset=leadership_with_reform&place=somerset"
ENGLAND = "?preset=leadership_with_reform&place=england"
DRAWN = ".abm-network[data-drawn]:not([data-drawn='0'])"

NEXT_PICTURE = """async ([selector, action]) => {
  const target = document.querySelector(selector);
  const before = target.dataset.drawn;
  const begun = performance.now();
  (0, eval)(action);
  await new Promise((done) => {
    const look = () => (target.dataset.drawn !== before ? done() : setTimeout(look, 1));
    look();
  });
  return performance.now() - begun;
}"""


def first_page(browser: Browser, address: str) -> float:
    """Time a fresh browser from the address to the first picture drawn, seconds."""
    context = browser.new_context()
    page = context.new_page()
    begun = time.perf_counter()
    page.goto(f"{address}/{SOMERSET}")
    page.wait_for_selector(DRAWN)
    seconds = time.perf_counter() - begun
    context.close()
    return seconds


def opened(browser: Browser, address: str, query: str) -> Page:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(120_000)
    page.goto(f"{address}/{query}")
    page.wait_for_selector(DRAWN)
    page.wait_for_selector(".lab-right .abm-series[data-drawn]")
    page.wait_for_timeout(4000)
    return page


def lever_changes(page: Page) -> list[float]:
    """Time a lever from its input to the chart of the run in focus, milliseconds."""
    found = []
    for number in range(ROUNDS):
        action = set_slider_script("#lever-leadership-effort", 0.3 + 0.05 * (number % 7))
        found.append(page.evaluate(NEXT_PICTURE, [".lab-right .abm-series", action]))
        page.wait_for_timeout(1500)
    return found


def steps(page: Page) -> list[float]:
    """Time a step from its click to the picture, milliseconds."""
    found = []
    for _ in range(ROUNDS):
        action = "document.querySelector('[aria-label=\"A month on\"]').click()"
        found.append(page.evaluate(NEXT_PICTURE, [".abm-network", action]))
        page.wait_for_timeout(300)
    return found


def replicates() -> tuple[float, float]:
    """Time 100 paired replicates of Somerset on two workers: until the first, and until all, seconds."""
    question = Question()
    prepare()
    workshop = Workshop(2)
    workshop.warm()
    list(workshop.submit("warm", sample_tasks((question.reference_scenario, question.scenario), 2, 32)))
    tasks = sample_tasks((question.reference_scenario, question.scenario), 1, 100)
    begun = time.perf_counter()
    first = 0.0
    for _ in workshop.submit("one", tasks):
        first = first or time.perf_counter() - begun
    seconds = time.perf_counter() - begun
    workshop.close()
    return first, seconds


class Visitor:
    """Speak to the server as a browser does, without drawing."""

    def __init__(self, address: str) -> None:
        self.address = address.replace("http", "ws")
        self.session = uuid.uuid4().hex
        self.timeline = ""
        self.network = ""
        self.picture = asyncio.Event()
        self.opened = asyncio.Event()
        self.waits: list[float] = []

    async def visit(self) -> None:
        kernel = uuid.uuid4().hex
        url = f"{self.address}/jupyter/api/kernels/{kernel}/channels?session_id={self.session}"
        headers = {"Cookie": f"solara-session-id={uuid.uuid4().hex}"}
        async with websockets.connect(url, additional_headers=headers, max_size=None) as socket:
            reader = asyncio.create_task(self.read(socket))
            control = uuid.uuid4().hex
            await self.send(
                socket, "comm_open", {"comm_id": control, "target_name": "solara.control", "data": {}}
            )
            run = {"path": f"/{SOMERSET}", "dark": False, "themes": {}, "appName": None}
            await self.send(socket, "comm_msg", {"comm_id": control, "data": {"method": "run", "args": run}})
            await self.opened.wait()
            await asyncio.sleep(8.0)
            for month in range(STEPS):
                self.picture.clear()
                begun = time.perf_counter()
                state = {"method": "update", "state": {"month": 20 + month}, "buffer_paths": []}
                await self.send(socket, "comm_msg", {"comm_id": self.timeline, "data": state})
                await self.picture.wait()
                self.waits.append(time.perf_counter() - begun)
                await asyncio.sleep(max(PACE - self.waits[-1], 0.0))
            reader.cancel()

    async def send(self, socket: Any, kind: str, content: dict[str, Any]) -> None:
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": kind,
            "session": self.session,
            "username": "",
            "version": "5.2",
            "date": "2026-01-01T00:00:00.000Z",
        }
        message = {
            "buffers": [],
            "channel": "shell",
            "content": content,
            "header": header,
            "metadata": {},
            "parent_header": {},
        }
        await socket.send(json.dumps(message))

    async def read(self, socket: Any) -> None:
        async for raw in socket:
            message = json.loads(raw) if isinstance(raw, str) else json.loads(head_of(raw))
            content = message.get("content", {})
            data = content.get("data", {})
            state = data.get("state", {}) if isinstance(data, dict) else {}
            paths = data.get("buffer_paths", []) if isinstance(data, dict) else []
            if message["header"]["msg_type"] == "comm_open":
                if "shown" in state:
                    self.timeline = content["comm_id"]
                if ["structure"] in paths:
                    self.network = content["comm_id"]
                if self.timeline and self.network:
                    self.opened.set()
            elif content.get("comm_id") == self.network and ["values"] in paths:
                self.picture.set()


def head_of(raw: bytes) -> bytes:
    """Return the JSON of a message with buffers."""
    (count,) = struct.unpack(">I", raw[:4])
    offsets = struct.unpack(f">{count}I", raw[4 : 4 + 4 * count])
    return raw[offsets[0] : offsets[1] if count > 1 else None]


async def visitors(address: str, count: int) -> list[float]:
    """Step all visitors at once; return the waiting time of each in seconds."""
    everybody = [Visitor(address) for _ in range(count)]
    await asyncio.gather(*(one.visit() for one in everybody))
    return [wait for one in everybody for wait in one.waits]


def memory_of(process: int) -> float:
    """Return the resident memory of a process, MB."""
    with open(f"/proc/{process}/status", encoding="utf-8") as file:  # noqa: PTH123
        line = next(line for line in file if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def row(what: str, figure: str, aim: str) -> None:
    print(f"| {what} | {figure} | {aim} |", flush=True)


def main() -> None:
    """Measure all and print the rows of a table."""
    first, everything = replicates()
    row(
        "100 paired replicates of Somerset, two workers",
        f"{everything:.2f} s; the first after {first:.2f} s",
        "below 3",
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        with served() as (address, _):
            first_page(browser, address)
            pages = [first_page(browser, address) for _ in range(ROUNDS)]
            row("First meaningful page, fresh browser", f"{statistics.median(pages):.2f} s", "below 3")
            page = opened(browser, address, SOMERSET)
            row(
                "Lever change to repaint, Somerset",
                f"{statistics.median(lever_changes(page)):.0f} ms",
                "below 100",
            )
            row("Step with drawing, Somerset", f"{statistics.median(steps(page)):.0f} ms", "below 50")
            page.context.close()
            page = opened(browser, address, ENGLAND)
            row("Step with drawing, England", f"{statistics.median(steps(page)):.0f} ms", "below 200")
            page.context.close()
        browser.close()
    with served("--max-sessions", "40") as (address, process):
        asyncio.run(visitors(address, 1))
        before = memory_of(process)
        waits = sorted(asyncio.run(visitors(address, VISITORS)))
        after = memory_of(process)
        middle, late = waits[len(waits) // 2], waits[int(0.95 * len(waits))]
        row(
            f"{VISITORS} visitors, each a step in {PACE:g} s",
            f"{1000 * middle:.0f} ms median, {1000 * late:.0f} ms at 95%, {(after - before) / VISITORS:.1f} MB each",
            "",
        )


if __name__ == "__main__":
    main()
