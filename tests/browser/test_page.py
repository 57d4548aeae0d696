"""The page does what it says, in a real browser, with a real server."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from axe_playwright_python.sync_playwright import Axe

from abm.interface.page.background.limits import Limits
from abm.interface.page.session.link import from_query
from abm.runs.run import Run
from abm.scenarios.scenario import load_scenario
from abm.sweeps.store.dataset import open_sweep
from tests.browser.serving import (
    WAIT,
    artefact,
    free_port,
    served,
    set_slider_script,
    settled,
    visitor,
    wait_for,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

SMALL = "?preset=leadership_with_reform&place=south_somerset"
EFFORT = "#lever-leadership-effort"


class Recorder:
    """Listen as a proxy would, and count requests for addresses outside."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.asked: list[bytes] = []
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}"

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                self.asked.append(connection.recv(200))


@pytest.fixture(scope="module")
def outside() -> Iterator[Recorder]:
    recorder = Recorder()
    yield recorder
    recorder.socket.close()


@pytest.fixture(scope="module")
def address(outside: Recorder) -> Iterator[str]:
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), outside.address)
    with served(environment={**proxies, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}) as (found, _):
        yield found


def query_of(page: Page) -> str:
    return page.evaluate("location.search")


def headline(page: Page) -> str:
    return page.inner_text(".lab-readout-value")


def set_slider(page: Page, selector: str, value: float) -> None:
    page.evaluate(set_slider_script(selector, value))


def go_to(page: Page, month: int) -> None:
    set_slider(page, ".lab-timeline input[type=range]", month)
    page.wait_for_function(f"location.search.includes('month={month}')")


def test_a_lever_changed_in_mid_run_acts_from_that_month_on(browser: Browser, address: str) -> None:
    with visitor(browser, address, SMALL) as page:
        settled(page)
        go_to(page, 120)
        before = headline(page)
        go_to(page, 24)
        early = headline(page)
        set_slider(page, EFFORT, 0)
        page.wait_for_selector(".lab-badge:visible")
        page.wait_for_function("location.search.includes('leadership.effort')")
        settled(page)
        assert headline(page) == early
        view = from_query(query_of(page), Limits())
        table = view.question.scenario.lever_table()
        column = view.question.scenario.catalogue.lever_names.index("leadership.effort")
        assert table[:24, column].tolist() == [0.15] * 12 + [0.8] * 12
        assert not table[24:, column].any()
        go_to(page, 120)
        page.wait_for_function(f"document.querySelector('.lab-readout-value').innerText !== '{before}'")
        entry = page.locator(".lab-entry", has_text="Sustained leadership effort falls from 0.8 to 0")
        assert entry.count() == 1
        entry.locator("button").click()
        page.wait_for_function("location.search.includes('month=25')")
        artefact(page, "explore-changed")


def test_play_advances_pauses_and_starts_again_and_levers_can_be_changed_again(
    browser: Browser, address: str
) -> None:
    with visitor(browser, address, SMALL + "&month=3") as page:
        settled(page)
        page.get_by_role("button", name="Play").click()
        page.wait_for_function("Number(new URLSearchParams(location.search).get('month')) > 8")
        page.get_by_role("button", name="Pause").click()
        set_slider(page, EFFORT, 0.6)
        page.wait_for_selector("text=Undo all")
        page.get_by_role("button", name="Undo all").click()
        page.wait_for_function("!location.search.includes('leadership.effort')")
        page.get_by_role("button", name="Back to the start").click()
        page.wait_for_selector("text=month 0 of 120")
        set_slider(page, EFFORT, 0.4)
        page.wait_for_function("location.search.includes('leadership.effort')")
        schedule = from_query(query_of(page), Limits()).question.levers["leadership.effort"]
        assert schedule == 0.4


def test_a_schedule_is_dragged_and_moved_with_the_keyboard(browser: Browser, address: str) -> None:
    with visitor(browser, address, SMALL) as page:
        settled(page)
        page.get_by_role("button", name="Schedule and source of Sustained leadership effort").click()
        handle = page.get_by_role("slider", name="Start of the step of Sustained leadership effort")
        box = handle.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2 + 60, box["y"] + box["height"] / 2, steps=6)
        page.mouse.up()
        page.wait_for_function("location.search.includes('leadership.effort')")
        # The first of several messages may have arrived alone.
        page.wait_for_timeout(1500)
        dragged = from_query(query_of(page), Limits()).question.levers["leadership.effort"]["step"]
        assert dragged["at"] > 1.5
        handle.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("(before) => location.search !== before", arg=query_of(page))
        moved = from_query(query_of(page), Limits()).question.levers["leadership.effort"]["step"]
        assert moved["at"] == pytest.approx(dragged["at"] + 1 / 12)
        page.locator(".lab-editor select").first.select_option("pulse")
        page.wait_for_function("location.search.includes('pulse')")
        artefact(page, "explore-schedule")


def test_a_link_opened_elsewhere_shows_the_same_run(browser: Browser, address: str) -> None:
    with visitor(browser, address, SMALL + "&month=60") as page:
        settled(page)
        set_slider(page, EFFORT, 0.3)
        page.wait_for_function("location.search.includes('leadership.effort')")
        go_to(page, 100)
        settled(page)
        shown, query = headline(page), query_of(page)
        story = page.inner_text(".lab-story")
    with visitor(browser, address, query) as page:
        settled(page)
        assert headline(page) == shown
        assert page.inner_text(".lab-story") == story
        assert query_of(page) == query


def test_a_tie_that_is_selected_is_selected_where_the_link_is_opened(browser: Browser, address: str) -> None:
    with visitor(browser, address, SMALL + "&month=60") as page:
        settled(page)
        assert point_at_a_tie(page)
        page.mouse.down()
        page.mouse.up()
        page.wait_for_function("location.search.includes('selected=tie')")
        page.wait_for_selector(".lab-selection .abm-series[data-drawn]")
        shown, query = page.inner_text(".lab-selection"), query_of(page)
    with visitor(browser, address, query) as page:
        settled(page)
        page.wait_for_selector(".lab-selection .abm-series[data-drawn]")
        assert page.inner_text(".lab-selection") == shown
        assert query_of(page) == query


def test_a_landscape_is_simulated_where_its_link_is_opened(browser: Browser, address: str) -> None:
    query = SMALL + "&years=2&month=24&response=trust&size=20&surveyed=yes&cell=1,2,3&tab=landscape"
    with visitor(browser, address, query) as page:
        page.wait_for_selector(".lab-picked >> text=/Trust: .* of 8 runs/")
        assert from_query(query_of(page), Limits()) == from_query(query, Limits())


def point_at_a_tie(page: Page) -> bool:
    """Move the mouse over the picture until its card tells of a tie."""
    stage = page.locator(".abm-network canvas").last.bounding_box()
    assert stage is not None
    for part in range(4, 60):
        page.mouse.move(stage["x"] + stage["width"] * part / 64, stage["y"] + stage["height"] * 0.5)
        if page.locator(".abm-network .abm-card:visible", has_text="Trust, mean of both").count():
            return True
    return False


def test_two_visitors_never_see_each_others_run(browser: Browser, address: str) -> None:
    with visitor(browser, address, SMALL) as anna, visitor(browser, address, SMALL) as ben:
        settled(anna)
        settled(ben)
        before = ben.inner_text(".lab-story"), query_of(ben)
        set_slider(anna, EFFORT, 0)
        anna.wait_for_function("location.search.includes('leadership.effort')")
        set_slider(ben, "#lever-payment-activity_share", 0.2)
        ben.wait_for_function("location.search.includes('activity_share')")
        assert "activity_share" not in query_of(anna)
        assert "leadership.effort" not in query_of(ben)
        ben.get_by_role("button", name="Undo all").click()
        ben.wait_for_function("!location.search.includes('activity_share')")
        assert (ben.inner_text(".lab-story"), query_of(ben)) == before


def test_policies_are_compared_on_the_same_accidents(browser: Browser, address: str) -> None:
    query = "?place=south_somerset&tab=compare&compare=baseline,leadership_with_reform"
    with visitor(browser, address, query) as page:
        page.wait_for_selector(".lab-pictures")
        page.wait_for_selector("text=over 50 pairs of runs")
        assert page.locator(".lab-pictures .abm-network").count() == 3
        assert page.get_by_role("heading", name=re.compile("Difference")).count() == 1
        assert page.locator(".lab-odd").count() == 2
        page.locator(".lab-compare select").nth(3).select_option("mine")
        page.wait_for_selector("h2:has-text('Yours')")
        page.wait_for_selector("text=over 50 pairs of runs")
        # Yours is the same policy as the second one, so the same runs.
        cells = page.locator(".lab-results tbody tr").nth(1).inner_text().split("\t")
        same = page.locator(".lab-results tbody tr").nth(2).inner_text().split("\t")
        assert cells[1:] == same[1:]
        go_to(page, 96)
        page.get_by_role("button", name="A month on").click()
        page.wait_for_selector("text=month 97 of 120")
        artefact(page, "compare")


def test_a_landscape_is_simulated_and_a_point_opens_in_explore(browser: Browser, address: str) -> None:
    query = "?preset=leadership_with_reform&place=south_somerset&years=6&tab=landscape"
    with visitor(browser, address, query) as page:
        page.get_by_role("button", name="Simulate the landscape").click()
        page.wait_for_selector("text=rows")
        page.wait_for_selector(".abm-unknown", state="detached")
        artefact(page, "landscape")
        page.locator("[data-cell='2 0 5']").click()
        page.get_by_role("button", name="Open in Explore").click()
        page.wait_for_selector(".lab-levers")
        page.wait_for_function("location.search.includes('competition.strictness')")
        levers = from_query(query_of(page), Limits()).question.scenario.policy.settings
        assert levers["competition.strictness"].data()["step"]["to"] == 0.0
        assert levers["contracting.flexibility"].data()["step"]["to"] == 1.0
        assert levers["leadership.effort"].data()["step"]["to"] == 0.8


def test_a_run_of_a_sweep_is_replayed(browser: Browser, tmp_path: Path) -> None:
    experiment = tmp_path / "small.yaml"
    experiment.write_text(
        "name: small\nscenarios: [baseline]\nlevers: {leadership.effort: [0.15, 0.8]}\n"
        "design: full_factorial\nreplicates: 2\nseed: 4\nmonths: none\n"
    )
    directory = tmp_path / "sweep"
    for words in (["plan", str(experiment), "--out", str(directory)], ["run", str(directory)]):
        subprocess.run([sys.executable, "-m", "abm.interface.cli", "sweep", *words], check=True)
    options = ("--sweep", str(directory), "--workers", "1")
    with served(*options) as (address, _), visitor(browser, address, "?tab=landscape") as page:
        page.wait_for_selector("text=4 runs of the sweep 'small'")
        page.locator("[data-cell='0 1 0']").click()
        page.get_by_role("button", name="Replay").nth(1).click()
        page.wait_for_selector(".lab-levers")
        page.wait_for_function("location.search.includes('seed=')")
        question = from_query(query_of(page), Limits()).question
        row = open_sweep(directory).runs.to_table().to_pylist()[3]
        assert (question.seed, question.replicate) == (row["seed"], row["replicate"])
        assert question.scenario.lever_table()[0].tolist() == (
            load_scenario("baseline").with_levers({"leadership.effort": 0.8}).lever_table()[0].tolist()
        )


def test_a_run_that_is_made_again_opens_in_the_page(browser: Browser, tmp_path: Path) -> None:
    experiment = tmp_path / "small.yaml"
    experiment.write_text(
        "name: small\nscenarios: [leadership_with_reform]\nlevers: {leadership.effort: [0.15, 0.9]}\n"
        "design: full_factorial\nreplicates: 3\nseed: 4\nmonths: none\n"
    )
    directory = tmp_path / "sweep"
    command = [sys.executable, "-m", "abm.interface.cli", "sweep"]
    for words in (["plan", str(experiment), "--out", str(directory)], ["run", str(directory)]):
        subprocess.run([*command, *words], check=True)
    row = open_sweep(directory).runs.to_table().to_pylist()[5]
    port = free_port()
    asked = [*command, "rerun", str(directory), row["run_id"], "--open", "--no-browser", "--port", str(port)]
    with subprocess.Popen(asked, stdout=subprocess.PIPE, text=True) as process:
        try:
            wait_for(f"http://127.0.0.1:{port}", process)
            link = next(word for line in process.stdout or () for word in line.split() if "http" in word)
            address, _, query = link.partition("/?")
            with visitor(browser, address, f"?{query}") as page:
                page.wait_for_selector("text=month 84 of 120")
                question = from_query(query_of(page), Limits()).question
        finally:
            process.send_signal(signal.SIGINT)
    assert Run(question.scenario, question.seed, question.replicate).run_id == row["run_id"]
    assert process.returncode == 0


def test_england_is_explored_at_the_same_ease(browser: Browser, address: str) -> None:
    with visitor(browser, address, "?preset=leadership_with_reform&place=england&years=3&month=6") as page:
        page.wait_for_selector(".abm-network[data-drawn]:not([data-drawn='0'])")
        page.locator("select[aria-label='Speed']").select_option("24")
        page.get_by_role("button", name="Play").click()
        page.wait_for_selector(".abm-network[data-month='36']")
        page.get_by_role("button", name="Play").wait_for()
        stage = page.locator(".abm-network canvas").last.bounding_box()
        assert stage is not None
        middle = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2
        page.mouse.move(*middle)
        for _ in range(6):
            page.mouse.wheel(0, -500)
        page.wait_for_selector(".abm-network[data-detail='1.00']")
        page.focus(".abm-network .abm-stage")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector(".lab-selection .abm-series[data-drawn]")
        assert from_query(query_of(page), Limits()).selected
        artefact(page, "england-near")
        page.keyboard.press("0")
        page.get_by_role("button", name="Close", exact=True).click()
        page.wait_for_selector(".lab-selection", state="detached")
        page.locator(".lab-stage summary", has_text="As a table").click()
        page.wait_for_function("document.querySelectorAll('.lab-stage tbody tr').length > 100")
        artefact(page, "england")


def test_what_is_taken_away_runs_elsewhere(browser: Browser, address: str, tmp_path: Path) -> None:
    with visitor(browser, address, SMALL + "&month=60") as page:
        settled(page)
        set_slider(page, EFFORT, 0.3)
        page.wait_for_function("location.search.includes('leadership.effort')")
        settled(page)
        question = from_query(query_of(page), Limits()).question
        kept = {}
        for label in ("Scenario (YAML)", "Results (CSV)", "Results (Parquet)"):
            page.get_by_role("button", name="Take away").click()
            with page.expect_download() as download:
                page.get_by_role("button", name=label).click()
            path = tmp_path / download.value.suggested_filename
            download.value.save_as(path)
            kept[label] = path
        assert load_scenario(kept["Scenario (YAML)"]).content_hash == question.scenario.content_hash
        rows = pq.read_table(kept["Results (Parquet)"])
        assert rows.num_rows == 2 * 50 * 121
        assert len(kept["Results (CSV)"].read_text().splitlines()) == rows.num_rows + 1
        command = page.evaluate(
            """async () => { let text = ""; navigator.clipboard.writeText = async (one) => { text = one; };
            document.querySelector(".lab-menu").open = true;
            [...document.querySelectorAll(".lab-item")].find((one) => one.innerText.includes("command")).click();
            await new Promise((done) => setTimeout(done, 50)); return text; }"""
        )
        assert command.startswith("abm compare ")


def test_an_uploaded_scenario_is_checked_and_opened(browser: Browser, address: str, tmp_path: Path) -> None:
    good = tmp_path / "good.yaml"
    good.write_text("name: mine\nplace: south_somerset\nlevers: {leadership.effort: 0.7}\nhorizon_years: 5\n")
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: mine\nplace: /etc/passwd\n")
    with visitor(browser, address, SMALL) as page:
        settled(page)
        page.set_input_files("input[type=file]", bad)
        page.wait_for_selector(".lab-notice:has-text('path')")
        assert "leadership.effort" not in query_of(page)
        page.set_input_files("input[type=file]", good)
        page.wait_for_function("location.search.includes('years=5')")
        question = from_query(query_of(page), Limits()).question
        assert question.scenario.content_hash == load_scenario(good).content_hash


def test_a_link_with_a_fault_says_what_is_wrong_and_the_page_works(browser: Browser, address: str) -> None:
    with visitor(browser, address, "?preset=../secret&set=leadership.effort=9") as page:
        settled(page)
        assert "cannot be opened" in page.inner_text(".lab-notice")
        page.get_by_role("button", name="Dismiss").click()
        page.wait_for_selector(".lab-notice", state="detached")


CUT_OFF = """() => [...document.querySelectorAll(".lab :is(select, input, button, summary)")].filter((one) => {
  const box = one.getBoundingClientRect();
  if (!one.checkVisibility() || one.closest(".lab-scroll") || box.right <= 0) return false;
  for (let host = one.parentElement; host; host = host.parentElement) {
    const own = host.getBoundingClientRect();
    const isCut = box.right > own.right + 0.5 || box.left < own.left - 0.5;
    if (getComputedStyle(host).overflowX !== "visible" && isCut) return true;
  }
  return box.left < 0 || box.right > innerWidth;
}).map((one) => one.outerHTML.slice(0, 120))"""
"""Lists the controls whose sides are cut off."""

COVERED = """() => [...document.querySelectorAll(".lab-item")].filter((one) => {
  const box = one.getBoundingClientRect();
  return !one.contains(document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2));
}).map((one) => one.innerText)"""
"""Lists what stands in the open menu and cannot be clicked where it is."""

LAPTOP, PHONE = (1440, 900), (390, 844)


@pytest.mark.parametrize(
    ("tab", "size", "scheme"),
    [
        ("explore", LAPTOP, "light"),
        ("explore", LAPTOP, "dark"),
        ("explore", PHONE, "light"),
        ("explore", PHONE, "dark"),
        ("compare", LAPTOP, "light"),
        ("compare", PHONE, "dark"),
        ("landscape", LAPTOP, "dark"),
        ("landscape", PHONE, "light"),
    ],
)
def test_nobody_is_shut_out(
    browser: Browser, address: str, tab: str, size: tuple[int, int], scheme: str
) -> None:
    width, height = size
    query = f"{SMALL}&tab={tab}&month=70"
    with visitor(browser, address, query, width=width, height=height, scheme=scheme) as page:
        if tab == "explore":
            settled(page)
            page.get_by_role("button", name="Schedule and source of Protection of dialogue").click()
        elif tab == "compare":
            page.wait_for_selector("text=over 50 pairs of runs")
        else:
            page.wait_for_selector(".abm-cell")
        page.wait_for_timeout(500)
        artefact(page, f"{tab}-{scheme}-{'phone' if width < 600 else 'laptop'}")
        assert page.evaluate("document.documentElement.lang") == "en-GB"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.locator(".lab-menu summary").click()
        assert page.evaluate(CUT_OFF) == []
        assert page.evaluate(COVERED) == []
        page.locator(".lab-menu summary").click()
        options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
        found = Axe().run(page, options=options)
        told = [
            (violation["id"], [node["html"][:160] for node in violation["nodes"][:4]])
            for violation in found.response["violations"]
        ]
        assert told == []


def test_everything_can_be_reached_with_the_keyboard(browser: Browser, address: str) -> None:
    with visitor(browser, address, SMALL, is_reduced=True) as page:
        settled(page)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.innerText") == "Skip to the picture"
        seen = set()
        for _ in range(60):
            page.keyboard.press("Tab")
            name = page.evaluate(
                "(document.activeElement.getAttribute('aria-label') || document.activeElement.innerText || "
                "document.activeElement.id || document.activeElement.name || '').trim().slice(0, 40)"
            )
            seen.add(name)
            outline = page.evaluate(
                "(() => { const one = document.activeElement; const look = getComputedStyle(one); "
                "const mark = getComputedStyle(one, '::after'); const dot = one.querySelector('circle:last-child'); "
                "return look.outlineStyle !== 'none' || mark.borderTopStyle === 'solid' || Boolean(dot); })()"
            )
            assert outline, name
        assert {"Explore", "Share", "Play", "lever-leadership-effort", "Headline levers"} <= seen


def test_no_request_leaves_the_machine(browser: Browser, address: str, outside: Recorder) -> None:
    context = browser.new_context()
    page = context.new_page()
    strangers: list[str] = []
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((address, address.replace("http", "ws"), "data:", "blob:"))
            else strangers.append(request.url)
        ),
    )
    missing: list[str] = []
    page.on("response", lambda response: missing.append(response.url) if response.status >= 400 else None)
    page.goto(f"{address}/{SMALL}")
    settled(page)
    page.get_by_role("button", name="Compare").click()
    page.wait_for_selector(".lab-pictures")
    context.close()
    assert strangers == []
    assert missing == []
    assert outside.asked == []


IMPATIENT = """
const real = AbortSignal.timeout.bind(AbortSignal);
AbortSignal.timeout = milliseconds => real(milliseconds <= 2000 ? 0 : milliseconds);
"""
"""Lets the two seconds pass at once that anywidget gives a module, as a slow phone would."""


def test_widgets_that_load_slowly_still_follow_the_server(browser: Browser, address: str) -> None:
    told = "document.querySelector('.abm-network [aria-label]').ariaLabel"
    with visitor(browser, address, SMALL, before=IMPATIENT) as page:
        settled(page)
        go_to(page, 120)
        page.wait_for_timeout(1_000)
        late = page.evaluate(told)
        go_to(page, 24)
        page.wait_for_function(f"{told} !== {late!r}")


def test_the_page_is_there_while_the_model_is_compiled(browser: Browser, tmp_path: Path) -> None:
    with (
        served(environment={"NUMBA_CACHE_DIR": str(tmp_path)}) as (address, _),
        visitor(browser, address, SMALL) as page,
    ):
        waiting = page.get_by_role("status").filter(has_text="Preparing the model")
        waiting.wait_for()
        artefact(page, "preparing")
        assert page.locator(EFFORT).is_enabled()
        assert page.locator(".abm-network").count() == 0
        page.wait_for_selector(".abm-network[data-drawn]", timeout=4 * WAIT)
        assert waiting.count() == 0


def test_the_server_says_how_it_may_be_used(address: str) -> None:
    with urllib.request.urlopen(f"{address}/") as answer:
        headers = answer.headers
        text = answer.read().decode()
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "httponly" in headers["set-cookie"].lower()
    assert "user-scalable=no" not in text
    assert "cdn.jsdelivr" not in text
    for path in ("/resourcez", "/resourcez/", "/../../etc/passwd", "/static/public/../page.py"):
        try:
            with urllib.request.urlopen(f"{address}{path}") as answer:
                assert b"root:" not in answer.read()
                assert "resourcez" not in path
        except urllib.error.HTTPError as error:
            assert error.code in (400, 403, 404)


def test_a_full_server_asks_the_next_visitor_to_wait(browser: Browser) -> None:
    with (
        served("--max-sessions", "1", "--workers", "1") as (address, _),
        visitor(browser, address, SMALL) as page,
    ):
        settled(page)
        context = browser.new_context()
        second = context.new_page()
        answer = second.goto(f"{address}/")
        assert answer is not None
        assert answer.status == 503
        assert "full just now" in second.inner_text("h1")
        artefact(second, "full")
        context.close()
        # Who is in can go on.
        page.get_by_role("button", name="A month on").click()
        page.wait_for_selector("text=month 85 of 120")
