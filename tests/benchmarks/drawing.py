"""Measure how long the page's pictures take from new values to finished pixels: `python -m tests.benchmarks.drawing`.

It needs Debian's Chromium. Figures are medians over months, in milliseconds in the browser, with the picture read back
once so that nothing is left to be drawn; software draws where there is no graphics card.
"""

import statistics
import time

from playwright.sync_api import Page, sync_playwright

import abm
from abm.interface.page.widgets.layout_of_place import lay_out
from abm.interface.page.widgets.network_values import pack_month, pack_structure, values_of
from abm.interface.page.widgets.network_view import NetworkView
from abm.interface.page.widgets.series_chart import SeriesChart
from abm.interface.page.widgets.series_values import Panel, SeriesLine, pack_lines
from abm.scenarios.library import find_place
from abm.submodels.shipped import theory
from abm.world.place_loading import load_place
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.stage import send, show

ROUNDS = 15
MONTHS = 240
SHOWN = ("trust", "board", "engagement", "implementation", "admissions", "occupancy")


def milliseconds_of(page: Page, root: str, name: str, values: list[bytes]) -> float:
    """Return the median of what the picture took to draw each of some values."""
    found = []
    for given in values:
        drawn = page.locator(root).get_attribute("data-drawn")
        send(page, name, given)
        page.locator(f"{root}:not([data-drawn='{drawn}'])").wait_for()
        found.append(float(page.locator(root).get_attribute("data-milliseconds") or "nan"))
        page.wait_for_timeout(30)
    return statistics.median(found)


def measure_place(page: Page, name: str) -> None:
    """Print the figures of a place, from afar, near, and with every tie."""
    place = load_place(find_place(name))
    started = time.perf_counter()
    layout = lay_out(place)
    seconds = time.perf_counter() - started
    model = abm.IntegrationModel("leadership_with_reform", seed=1, place=place)
    months, packing = [], []
    for _ in range(ROUNDS):
        model.step()
        started = time.perf_counter()
        months.append(pack_month(place, values_of(place, model.batch.state.arrays, model.month)))
        packing.append(time.perf_counter() - started)
    first = values_of(place, model.batch.state.arrays, 0)
    show(page, NetworkView.of(place, first, layout, height=640), 1_000)
    root = ".abm-network"
    page.locator(root).evaluate("(root) => root.setAttribute('data-measure', '')")
    page.locator(f"{root}:not([data-drawn='0'])").wait_for()
    print(f"{place.label}: {place.organisations:,} organisations, {place.ties:,} ties")
    print(f"  laid out in {seconds:.2f} s; once {len(pack_structure(place, layout)):,} bytes")
    print(f"  a month {len(months[-1]):,} bytes, packed in {1e3 * statistics.median(packing):.1f} ms")
    print(f"  a month drawn, all in sight: {milliseconds_of(page, root, 'values', months):.0f} ms")
    if len(place.place_names) > 1:
        send(page, "selected", {"kind": "organisation", "row": 200})
        page.locator(f"{root}[data-detail='1.00']").wait_for()
        page.wait_for_timeout(600)
        print(f"  a month drawn, near one place: {milliseconds_of(page, root, 'values', months):.0f} ms")
        send(page, "selected", None)
        page.get_by_role("button", name="Show all").click()
        page.locator(f"{root}[data-detail='0.00']").wait_for()
        send(page, "ties", "all")
        page.locator(f"{root}[data-ties='{place.ties}']").wait_for()
        print(f"  a month drawn, every tie: {milliseconds_of(page, root, 'values', months):.0f} ms")


def measure_chart(page: Page) -> None:
    """Print the figures of a chart of six measures with bands."""

    def panels(until: int) -> list[Panel]:
        values = [0.3 + 0.001 * month for month in range(until)]
        low, high = [value - 0.05 for value in values], [value + 0.05 for value in values]
        lines = [
            SeriesLine("This run", "focus", values, low, high),
            SeriesLine("As it was", "counterfactual", low),
        ]
        return [Panel(theory().measures[theory().row(name)], lines) for name in SHOWN]

    show(page, SeriesChart.of(panels(10), MONTHS), 1_000)
    page.locator(".abm-series:not([data-drawn='0'])").wait_for()
    given = [pack_lines(panels(20 + 10 * number), MONTHS) for number in range(ROUNDS)]
    took = milliseconds_of(page, ".abm-series", "values", given)
    print(f"Six panels of {MONTHS} months with bands: {took:.0f} ms an update")


def main() -> None:
    """Measure all pictures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1_100, "height": 900}, reduced_motion="reduce")
        for name in ("somerset", "england"):
            measure_place(page, name)
        measure_chart(page)
        browser.close()


if __name__ == "__main__":
    main()
