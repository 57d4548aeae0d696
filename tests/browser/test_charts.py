"""Series and response surfaces in a real browser: the month as a slider, cells to pick, pictures to save."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from playwright.sync_api import expect

from abm.interface.page.widgets.response_surface import ResponseSurface, pack_surface
from abm.interface.page.widgets.series_chart import SeriesChart
from abm.interface.page.widgets.series_values import Panel, SeriesLine, pack_lines
from abm.submodels.shipped import theory
from tests.browser.stage import barriers, send, show, trait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

MONTHS = 120
RISE = np.linspace(0.3, 0.6, MONTHS + 1)
TRUST, BOARD = theory().measures[theory().row("trust")], theory().measures[theory().row("board")]


def panels(until: int = MONTHS) -> list[Panel]:
    run = np.where(np.arange(MONTHS + 1) <= until, RISE, np.nan)
    pair = [
        SeriesLine("This scenario", "focus", run, run - 0.05, run + 0.05),
        SeriesLine("As things were", "counterfactual", np.full(MONTHS + 1, 0.3)),
    ]
    return [Panel(TRUST, pair), Panel(BOARD, pair)]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    made = browser.new_page(viewport={"width": 960, "height": 760}, reduced_motion="reduce")
    errors: list[str] = []
    made.on("pageerror", lambda error: errors.append(str(error)))
    yield made
    assert errors == []
    made.close()


@pytest.fixture
def chart(page: Page) -> Callable[..., Page]:
    def shown(given: list[Panel] | None = None, **traits: Any) -> Page:
        settings = {"month": 24, "theme": "light", **traits}
        show(page, SeriesChart.of(given or panels(), MONTHS, **settings))
        page.locator(".abm-series:not([data-drawn='0'])").wait_for()
        return page

    return shown


@pytest.fixture
def surface(page: Page) -> Callable[..., Page]:
    def shown(**traits: Any) -> Page:
        values = np.linspace(0.0, 1.0, 2 * 4 * 5).reshape(2, 4, 5)
        values[1, 3, 4] = np.nan
        x = {"label": "Competition", "unit": "index", "values": [0.0, 0.25, 0.5, 0.75, 1.0]}
        y = {"label": "Flexibility", "unit": "index", "values": [0.0, 0.3, 0.6, 0.9]}
        settings = {"theme": "light", "threshold": 0.5, **traits}
        show(page, ResponseSurface.of(x, y, ["Effort 0.2", "Effort 0.8"], BOARD, values, **settings))
        page.locator(".abm-surface:not([data-drawn='0'])").wait_for()
        return page

    return shown


def test_every_panel_draws_its_lines_with_labels_and_a_band(chart: Callable[..., Page]) -> None:
    page = chart(band_label="the middle 90% of 100 runs")
    figures = page.locator(".abm-panel")
    assert figures.count() == 2
    first = figures.first
    for text in ("Trust", "This scenario", "As things were"):
        expect(first.locator("svg")).to_contain_text(text)
    assert first.locator("path[stroke-dasharray='6 4']").count() == 1
    assert first.locator("path[fill-opacity]").count() == 1
    expect(page.locator(".abm-note")).to_have_text("Shaded: the middle 90% of 100 runs.")


def test_lines_differ_by_dash_as_well_as_by_colour(chart: Callable[..., Page]) -> None:
    lines = [
        SeriesLine(f"Policy {number}", "policy", RISE + 0.05 * number, number=number) for number in range(5)
    ]
    page = chart([Panel(TRUST, lines)])
    paths = page.locator(".abm-panel path[fill='none']").evaluate_all(
        "paths => paths.map((path) => [path.getAttribute('stroke'), path.getAttribute('stroke-dasharray')])"
    )
    assert len({colour for colour, _ in paths}) == len({dash for _, dash in paths}) == 5


def test_the_month_is_a_slider(chart: Callable[..., Page]) -> None:
    page = chart()
    slider = page.get_by_role("slider").first
    expect(slider).to_have_attribute("aria-valuenow", "24")
    expect(slider).to_have_attribute(
        "aria-valuetext", "end of year 2: This scenario 0.36, As things were 0.30"
    )
    slider.focus()
    for key, month in (("ArrowRight", 25), ("PageUp", 37), ("End", 120), ("PageDown", 108), ("Home", 0)):
        page.keyboard.press(key)
        assert trait(page, "month") == month
    expect(page.get_by_role("slider").nth(1)).to_have_attribute("aria-valuenow", "0")


def test_months_can_be_those_of_the_calendar(chart: Callable[..., Page]) -> None:
    page = chart(start="2014-04")
    said = page.get_by_role("slider").first
    expect(said).to_have_attribute("aria-valuetext", re.compile("^Mar 2016: This scenario 0.36"))


def test_a_click_jumps_to_its_month(chart: Callable[..., Page]) -> None:
    page = chart()
    slider = page.get_by_role("slider").first
    box = slider.bounding_box()
    assert box is not None
    slider.click(position={"x": box["width"] / 2, "y": 30})
    assert trait(page, "month") == pytest.approx(60, abs=1)
    assert page.evaluate("host.saved") == 1


def test_the_month_follows_from_outside(chart: Callable[..., Page]) -> None:
    page = chart()
    send(page, "month", 60)
    page.locator(".abm-series[data-month='60']").wait_for()
    assert page.locator(".abm-panel").first.locator(".abm-cursor circle").count() == 2


def test_hovering_reads_all_lines(chart: Callable[..., Page]) -> None:
    page = chart(marks=[{"month": 60, "label": "Effort 0.8"}])
    slider = page.get_by_role("slider").first
    box = slider.bounding_box()
    assert box is not None
    slider.hover(position={"x": box["width"] / 2, "y": 30})
    card = page.locator(".abm-card")
    expect(card).to_contain_text("0.45 [0.40, 0.50]")
    expect(card).to_contain_text("Effort 0.8")
    page.mouse.move(940, 740)
    expect(card).to_be_hidden()


def test_a_lever_that_changed_is_marked(chart: Callable[..., Page]) -> None:
    page = chart(marks=[{"month": 12, "label": "Flexible contract"}, {"month": 500, "label": "Too late"}])
    text = page.locator(".abm-panel").first.locator("svg").text_content() or ""
    assert "Flexible contract" in text and "Too late" not in text


def test_a_run_that_goes_on_keeps_its_axis_and_its_focus(chart: Callable[..., Page]) -> None:
    page = chart(panels(12))
    page.get_by_role("slider").first.focus()
    before = page.locator(".abm-panel").first.locator("path[fill='none']").last.get_attribute("d") or ""
    drawn = int(page.locator(".abm-series").get_attribute("data-drawn") or 0)
    send(page, "values", pack_lines(panels(40), MONTHS))
    page.wait_for_function(
        "(count) => Number(document.querySelector('.abm-series').dataset.drawn) > count", arg=drawn
    )
    after = page.locator(".abm-panel").first.locator("path[fill='none']").last.get_attribute("d") or ""
    assert len(after) > len(before)
    expect(page.get_by_role("slider").first).to_be_focused()


def test_values_that_do_not_fit_wait_for_those_that_do(chart: Callable[..., Page]) -> None:
    page = chart()
    send(page, "months", 60)
    page.wait_for_timeout(50)
    send(page, "values", pack_lines(panels(), 60))
    expect(page.get_by_role("slider").first).to_have_attribute("aria-valuemax", "60")


def test_steps_are_drawn_as_steps(chart: Callable[..., Page]) -> None:
    share = np.floor(np.linspace(0.0, 4.0, MONTHS + 1)) / 4.0
    page = chart([Panel(BOARD, [SeriesLine("All", "focus", share)], is_step=True)])
    path = page.locator(".abm-panel path[fill='none']").last.get_attribute("d") or ""
    assert path.count("V") == 4 and "L" not in path


def test_differences_carry_signs(chart: Callable[..., Page]) -> None:
    page = chart([Panel(TRUST, [SeriesLine("Reform", "policy", RISE - 0.4)], is_difference=True)])
    text = page.locator(".abm-panel svg").text_content() or ""
    assert "+0.20" in text and "−0.20" in text


@pytest.mark.parametrize("width", [340, 1_200])
def test_panels_fit_the_width(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width + 40, "height": 760})
    show(page, SeriesChart.of(panels() * 2, MONTHS), width)
    page.locator(".abm-series:not([data-drawn='0'])").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    right = page.locator(".abm-panel svg text").evaluate_all(
        "all => Math.max(...all.map((t) => t.getBoundingClientRect().right))"
    )
    assert right <= width + 20


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_a_chart_can_be_saved(chart: Callable[..., Page], ending: str) -> None:
    page = chart(title="Trust and boards")
    page.get_by_label("Save the picture").click()
    with page.expect_download() as started:
        page.get_by_role("button", name=f"Save as {ending.upper()}").click()
    assert started.value.suggested_filename == f"trust-and-boards.{ending}"
    content = started.value.path().read_bytes()
    assert content.startswith(b"<svg" if ending == "svg" else b"\x89PNG")
    assert len(content) > 5_000


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_charts_and_surfaces_are_accessible(
    chart: Callable[..., Page], surface: Callable[..., Page], theme: str
) -> None:
    page = chart(theme=theme)
    assert barriers(page) == []
    surface(theme=theme, picked={"panel": 0, "x": 1, "y": 1})
    assert barriers(page) == []


def test_a_cell_can_be_picked(surface: Callable[..., Page]) -> None:
    page = surface()
    cell = page.get_by_role("gridcell", name="Competition 0.5, Flexibility 0.6, Effort 0.8: Joint board 82%")
    cell.click()
    assert trait(page, "picked") == {"panel": 1, "x": 2, "y": 2}
    expect(cell).to_have_attribute("aria-selected", "true")
    send(page, "picked", {"panel": 0, "x": 0, "y": 0})
    assert page.locator("[aria-selected='true']").count() == 1


def test_arrows_go_from_cell_to_cell(surface: Callable[..., Page]) -> None:
    page = surface()
    assert page.locator("[role=gridcell][tabindex='0']").count() == 1
    page.locator("[role=gridcell][tabindex='0']").focus()
    for key in ("ArrowRight", "ArrowUp", "ArrowUp", "PageDown"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    assert trait(page, "picked") == {"panel": 1, "x": 1, "y": 2}


def test_cells_that_are_still_to_come_say_so(surface: Callable[..., Page]) -> None:
    page = surface()
    expect(page.get_by_role("status")).to_have_text("1 of 40 still to come")
    assert page.locator(".abm-unknown").count() == 1
    send(page, "values", pack_surface(np.ones((2, 4, 5))))
    expect(page.locator(".abm-unknown")).to_have_count(0)


def test_a_line_parts_cells_below_and_above_the_threshold(surface: Callable[..., Page]) -> None:
    page = surface(threshold=0.2)
    assert page.locator(".abm-edge-right, .abm-edge-top").count() > 0
    send(page, "threshold", None)
    expect(page.locator(".abm-edge-right, .abm-edge-top")).to_have_count(0)


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_a_surface_can_be_saved(surface: Callable[..., Page], ending: str) -> None:
    page = surface()
    page.get_by_label("Save the picture").click()
    with page.expect_download() as started:
        page.get_by_role("button", name=f"Save as {ending.upper()}").click()
    assert started.value.suggested_filename == f"joint-board-by-levers.{ending}"
    assert len(started.value.path().read_bytes()) > 2_000
