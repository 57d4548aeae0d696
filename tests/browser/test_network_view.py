"""The network in a real browser: what is drawn, picked, zoomed and said."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

import abm
from abm.interface.page.widgets.layout_of_place import PlaceLayout, lay_out
from abm.interface.page.widgets.network_values import MonthValues, pack_month, values_of
from abm.interface.page.widgets.network_view import NetworkView
from abm.scenarios.library import find_place
from abm.world.place import Place
from abm.world.place_loading import load_place
from tests.browser.stage import barriers, send, show, trait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

WITHOUT_WEBGL = """
const known = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...more) {
  return kind === "webgl2" ? null : known.call(this, kind, ...more);
};
true;
"""
ROOM_ABOVE, ROOM_BELOW = 34.0, 18.0
"""Pixels that the camera leaves free when it shows all."""


@cache
def run_of(name: str, months: int, scenario: str = "leadership_with_reform") -> tuple[Place, MonthValues]:
    place = load_place(find_place(name))
    model = abm.IntegrationModel(scenario, seed=1, place=place)
    for _ in range(months):
        model.step()
    return place, values_of(place, model.batch.state.arrays, model.month)


@cache
def layout_of(name: str) -> PlaceLayout:
    return lay_out(run_of(name, 0)[0])


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    made = browser.new_page(viewport={"width": 960, "height": 760}, reduced_motion="reduce")
    errors: list[str] = []
    made.on("pageerror", lambda error: errors.append(str(error)))
    yield made
    assert errors == []
    made.close()


@pytest.fixture
def view(page: Page) -> Callable[..., Page]:
    """Open a place after some months, and wait until it is drawn."""

    def shown(name: str = "south_somerset", months: int = 60, **traits: Any) -> Page:
        place, values = run_of(name, months)
        show(page, NetworkView.of(place, values, layout_of(name), **{"theme": "light", **traits}))
        page.locator(f".abm-network[data-month='{months}']").wait_for()
        return page

    return shown


def drawn(page: Page, name: str = "drawn") -> str:
    return page.locator(".abm-network").get_attribute(f"data-{name}") or ""


def point_of(page: Page, name: str, row: int) -> tuple[float, float]:
    """Return where an organisation of a single place stands on the page while all of it is shown."""
    layout = layout_of(name)
    zoom = float(drawn(page, "zoom"))
    low, high = layout.outline.min(axis=0), layout.outline.max(axis=0)
    middle_x = (low[0] + high[0]) / 2
    middle_y = (low[1] + high[1]) / 2 - (ROOM_ABOVE - ROOM_BELOW) / 2 / zoom
    box = page.locator(".abm-stage").bounding_box()
    assert box is not None
    x, y = layout.position[row]
    return (
        box["x"] + box["width"] / 2 + (x - middle_x) * zoom,
        box["y"] + box["height"] / 2 + (y - middle_y) * zoom,
    )


def test_a_place_is_drawn_in_full(view: Callable[..., Page]) -> None:
    page = view()
    place, _ = run_of("south_somerset", 60)
    assert drawn(page, "renderer") == "webgl2"
    assert drawn(page, "organisations") == str(place.organisations)
    assert drawn(page, "ties") == str(place.ties)


def test_marks_are_coloured_by_trust(view: Callable[..., Page]) -> None:
    page = view(scale=[0.0, 0.01])
    x, y = point_of(page, "south_somerset", 0)
    shot = page.evaluate(
        """([x, y]) => {
        const canvas = document.querySelectorAll(".abm-stage canvas")[1];
        const box = canvas.getBoundingClientRect();
        const copy = document.createElement("canvas");
        copy.width = canvas.width; copy.height = canvas.height;
        const context = copy.getContext("2d");
        context.drawImage(canvas, 0, 0);
        return [...context.getImageData(Math.round(x - box.left), Math.round(y - box.top), 1, 1).data];
    }""",
        [x, y],
    )
    assert shot == [254, 232, 56, 255]


def test_a_new_month_is_drawn(view: Callable[..., Page]) -> None:
    page = view()
    place, values = run_of("south_somerset", 61)
    before = int(drawn(page))
    send(page, "values", pack_month(place, values))
    page.locator(".abm-network[data-month='61']").wait_for()
    assert int(drawn(page)) > before


def test_a_step_of_the_clock_is_drawn_before_the_server_answers(view: Callable[..., Page]) -> None:
    packed = pack_month(*run_of("south_somerset", 61))
    page = view(has_clock=True, upcoming=packed)
    page.evaluate("document.dispatchEvent(new CustomEvent('abm-month', { detail: { month: 62 } }))")
    page.evaluate("document.dispatchEvent(new CustomEvent('abm-month', { detail: { month: 61 } }))")
    page.locator(".abm-network[data-month='61']").wait_for()
    before = drawn(page)
    # What the server says then is on the screen already.
    send(page, "values", packed)
    page.evaluate("new Promise((done) => setTimeout(done, 100))")
    assert drawn(page) == before


@pytest.mark.parametrize(("wish", "is_still"), [("reduce", True), ("no-preference", False)])
def test_the_picture_glides_unless_its_reader_wants_stillness(
    view: Callable[..., Page], wish: Any, is_still: bool
) -> None:
    page = view()
    page.emulate_media(reduced_motion=wish)
    seen = page.evaluate(
        """async () => {
          const root = document.querySelector(".abm-network");
          const seen = new Set([root.dataset.zoom]);
          new MutationObserver(() => seen.add(root.dataset.zoom)).observe(root, { attributes: true });
          root.querySelector("[aria-label='Zoom in']").click();
          await new Promise((done) => setTimeout(done, 900));
          return seen.size;
        }"""
    )
    assert (seen == 2) == is_still


def test_another_place_is_drawn_though_its_traits_come_one_by_one(view: Callable[..., Page]) -> None:
    page = view()
    place, values = run_of("somerset", 12)
    other = NetworkView.of(place, values, layout_of("somerset"))
    for name in ("values", "structure", "names"):
        send(page, name, getattr(other, name))
    page.locator(f".abm-network[data-organisations='{place.organisations}'][data-month='12']").wait_for()


def test_a_click_selects_and_a_second_clears(view: Callable[..., Page]) -> None:
    page = view()
    at = point_of(page, "south_somerset", 0)
    page.mouse.click(*at)
    assert trait(page, "selected") == {"kind": "organisation", "row": 0}
    assert page.evaluate("host.saved") == 1
    page.mouse.click(*at)
    assert trait(page, "selected") is None


def test_a_tie_can_be_selected(view: Callable[..., Page]) -> None:
    page = view()
    place, _ = run_of("south_somerset", 60)
    first, second = place.tie_ends[0].tolist()
    (ax, ay), (bx, by) = (point_of(page, "south_somerset", row) for row in (first, second))
    page.mouse.click((ax + bx) / 2, (ay + by) / 2)
    assert trait(page, "selected")["kind"] == "tie"


def test_a_drag_moves_and_selects_nothing(view: Callable[..., Page]) -> None:
    page = view()
    x, y = point_of(page, "south_somerset", 0)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 80, y + 40, steps=4)
    page.mouse.up()
    assert trait(page, "selected") is None
    page.mouse.click(x + 80, y + 40)
    assert trait(page, "selected") == {"kind": "organisation", "row": 0}


def test_hovering_shows_a_card(view: Callable[..., Page]) -> None:
    page = view()
    _, values = run_of("south_somerset", 60)
    card = page.locator(".abm-card")
    expect(card).to_be_hidden()
    page.mouse.move(*point_of(page, "south_somerset", 0))
    expect(card).to_contain_text("South Somerset District Hospital")
    shown = card.locator("dd").nth(1).inner_text()
    assert abs(float(shown) - values.trust[0]) <= 0.5 / 254 + 0.005
    page.mouse.move(5, 5)
    expect(card).to_be_hidden()


def test_the_keyboard_zooms_pans_and_shows_all_again(view: Callable[..., Page]) -> None:
    page = view()
    page.locator(".abm-stage").focus()
    start = float(drawn(page, "zoom"))
    page.keyboard.press("+")
    page.wait_for_function(
        "(zoom) => Number(document.querySelector('.abm-network').dataset.zoom) > zoom", arg=start
    )
    page.keyboard.press("ArrowRight")
    page.keyboard.press("0")
    page.wait_for_function(
        "(zoom) => Number(document.querySelector('.abm-network').dataset.zoom) === zoom", arg=start
    )
    page.keyboard.press("-")
    page.wait_for_function(
        "(zoom) => Number(document.querySelector('.abm-network').dataset.zoom) < zoom", arg=start
    )


def test_the_wheel_and_the_buttons_zoom(view: Callable[..., Page]) -> None:
    page = view()
    start = float(drawn(page, "zoom"))
    page.mouse.move(400, 300)
    page.mouse.wheel(0, -300)
    larger = "(zoom) => Number(document.querySelector('.abm-network').dataset.zoom) > zoom"
    page.wait_for_function(larger, arg=start)
    page.get_by_role("button", name="Show all").click()
    page.wait_for_function(
        "(zoom) => Number(document.querySelector('.abm-network').dataset.zoom) === zoom", arg=start
    )
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_function(larger, arg=start)


def test_tab_goes_from_organisation_to_organisation_and_enter_selects(view: Callable[..., Page]) -> None:
    page = view()
    place, _ = run_of("south_somerset", 60)
    page.locator(".abm-stage").focus()
    page.keyboard.press("Tab")
    live = page.locator(".abm-network > .abm-hidden")
    expect(live).to_contain_text("General practice")
    first = live.inner_text()
    page.keyboard.press("Tab")
    expect(live).not_to_have_text(first)
    page.keyboard.press("Shift+Tab")
    expect(live).to_have_text(first)
    page.keyboard.press("Enter")
    selected = trait(page, "selected")
    assert selected["kind"] == "organisation"
    assert first.startswith(place.organisation_name[selected["row"]])
    page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    assert trait(page, "selected") != selected


def test_the_keyboard_is_not_trapped(view: Callable[..., Page]) -> None:
    page = view()
    place, _ = run_of("south_somerset", 60)
    stage = page.locator(".abm-stage")
    stage.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Zoom in")).to_be_focused()
    stage.focus()
    for _ in range(place.organisations + 1):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Zoom in")).to_be_focused()


def test_a_selection_from_outside_is_shown(view: Callable[..., Page]) -> None:
    page = view()
    before = int(drawn(page))
    send(page, "selected", {"kind": "organisation", "row": 3})
    page.wait_for_function(
        "(count) => Number(document.querySelector('.abm-network').dataset.drawn) > count", arg=before
    )
    send(page, "selected", {"kind": "organisation", "row": 9_999})
    send(page, "highlighted", [1, 2, 9_999])
    send(page, "selected", None)
    page.wait_for_function(
        "(count) => Number(document.querySelector('.abm-network').dataset.drawn) > count", arg=before + 1
    )


def test_the_picture_says_what_it_shows(view: Callable[..., Page]) -> None:
    page = view()
    stage = page.get_by_role("application")
    label = stage.get_attribute("aria-label") or ""
    assert "South Somerset, end of year 5" in label
    assert "25 organisations and 122 ties" in label
    assert "integrated care reaches" in label


@pytest.mark.parametrize("wanted", ["light", "dark"])
def test_the_theme_follows_trait_and_system(view: Callable[..., Page], wanted: str) -> None:
    page = view(theme="auto")
    page.emulate_media(color_scheme=wanted)  # type: ignore[arg-type]
    page.locator(f".abm-network[data-theme='{wanted}']").wait_for()
    other = "dark" if wanted == "light" else "light"
    send(page, "theme", other)
    page.locator(f".abm-network[data-theme='{other}']").wait_for()


def test_without_webgl_a_canvas_draws(page: Page) -> None:
    place, values = run_of("south_somerset", 60)
    widget = NetworkView.of(place, values, layout_of("south_somerset"))
    show(page, widget, before=WITHOUT_WEBGL)
    page.locator(".abm-network[data-month='60']").wait_for()
    assert drawn(page, "renderer") == "canvas"
    assert drawn(page, "organisations") == str(place.organisations)


def test_england_shows_places_first_and_every_tie_on_demand(view: Callable[..., Page]) -> None:
    page = view("england", 1)
    place, _ = run_of("england", 1)
    assert drawn(page, "places") == "211"
    assert drawn(page, "organisations") == "0" and drawn(page, "ties") == "0"
    send(page, "ties", "all")
    page.locator(f".abm-network[data-ties='{place.ties}']").wait_for()


def test_coming_nearer_shows_the_organisations_of_a_place(view: Callable[..., Page]) -> None:
    page = view("england", 1)
    place, _ = run_of("england", 1)
    send(page, "selected", {"kind": "organisation", "row": 200})
    page.locator(".abm-network[data-detail='1.00']").wait_for()
    home = place.organisation_place == place.organisation_place[200]
    assert int(drawn(page, "organisations")) >= home.sum()
    assert 0 < int(drawn(page, "ties")) < place.ties / 4


def test_every_organisation_of_england_is_drawn_when_near_enough_to_show_all(
    view: Callable[..., Page],
) -> None:
    place, _ = run_of("england", 1)
    page = view("england", 1, height=7_000)
    page.set_viewport_size({"width": 7_000, "height": 7_100})
    page.evaluate("document.getElementById('stage').style.width = '6900px'")
    page.locator(f".abm-network[data-organisations='{place.organisations}']").wait_for()


def test_a_double_click_enters_a_place(view: Callable[..., Page]) -> None:
    page = view("england", 1)
    box = page.locator(".abm-stage").bounding_box()
    assert box is not None
    page.locator(".abm-stage").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert trait(page, "selected")["kind"] == "place"
    page.keyboard.press("Enter")
    page.locator(".abm-network[data-detail='1.00']").wait_for()


def test_pictures_of_a_group_move_together(view: Callable[..., Page]) -> None:
    page = view(group="compare")
    seen = page.evaluate(
        """() => new Promise((resolve) => {
        document.addEventListener("abm-view", ({ detail }) => resolve(detail.group), { once: true });
        document.querySelector(".abm-stage").focus();
        document.querySelector(".abm-stage").dispatchEvent(new KeyboardEvent("keydown", { key: "+" }));
    })"""
    )
    assert seen == "compare"
    page.wait_for_timeout(50)
    page.evaluate(
        """document.dispatchEvent(new CustomEvent("abm-view",
        { detail: { group: "compare", from: "other", x: 0, y: 0, zoom: 3, isFitted: false } }))"""
    )
    page.locator(".abm-network[data-zoom='3.0000']").wait_for()


@pytest.mark.parametrize("ending", ["svg", "png"])
def test_the_picture_can_be_saved(view: Callable[..., Page], ending: str) -> None:
    page = view(title="")
    page.get_by_label("Save the picture").click()
    with page.expect_download() as started:
        page.get_by_role("button", name=f"Save as {ending.upper()}").click()
    saved = started.value
    assert saved.suggested_filename == f"south-somerset-end-of-year-5.{ending}"
    content = saved.path().read_bytes()
    assert content.startswith(b"<svg" if ending == "svg" else b"\x89PNG")
    assert len(content) > 10_000


def test_the_legend_names_the_kinds_that_are_there(view: Callable[..., Page]) -> None:
    page = view()
    legend = page.locator(".abm-legend")
    for text in ("Acute provider", "Local authority", "Engaged", "Joint board", "Trust up to 0.20"):
        expect(legend).to_contain_text(text)
    send(page, "has_legend", False)
    expect(legend).to_be_hidden()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_network_is_accessible(view: Callable[..., Page], theme: str) -> None:
    page = view(theme=theme)
    page.mouse.move(*point_of(page, "south_somerset", 0))
    page.get_by_label("Save the picture").click()
    assert barriers(page) == []


def test_a_widget_that_ends_leaves_nothing_behind(view: Callable[..., Page]) -> None:
    page = view()
    page.evaluate("window.end()")
    assert page.locator(".abm-network").count() == 0
    place, values = run_of("south_somerset", 61)
    send(page, "values", pack_month(place, values))
