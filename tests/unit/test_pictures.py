"""What the page's pictures are given: layouts in which nobody hides another, and compact buffers."""

from __future__ import annotations

import re
import struct
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import abm
from abm.interface.page.background.course import simulate_course
from abm.interface.page.session.atlas import Atlas
from abm.interface.page.session.picture_frames import Frames
from abm.interface.page.session.question import Question
from abm.interface.page.widgets.controls import Control
from abm.interface.page.widgets.layout_of_place import (
    BETWEEN,
    FREE,
    PlaceLayout,
    hidden_pairs,
    lay_out,
)
from abm.interface.page.widgets.network_values import (
    FINEST,
    IS_CLOSED,
    IS_ENGAGED,
    MISSING,
    MonthValues,
    names_of,
    organisation_rows,
    pack_month,
    pack_structure,
    place_rows,
    quantise,
    values_of,
)
from abm.interface.page.widgets.network_view import NetworkView
from abm.interface.page.widgets.response_surface import ResponseSurface
from abm.interface.page.widgets.scripts import FOLDER, addresses, base, head, modules, style
from abm.interface.page.widgets.series_chart import SeriesChart
from abm.interface.page.widgets.series_values import Panel, SeriesLine, pack_lines, panel_records
from abm.scenarios.library import find_place, place_names
from abm.submodels.shipped import theory
from abm.world.place import OrganisationKind, Place
from abm.world.place_loading import load_place

MONTH_HEADER = 16


@cache
def place_of(name: str) -> Place:
    return load_place(find_place(name))


@cache
def layout_of(name: str) -> PlaceLayout:
    return lay_out(place_of(name))


@cache
def run_of(scenario: str, months: int) -> abm.IntegrationModel:
    model = abm.IntegrationModel(scenario, seed=1)
    for _ in range(months):
        model.step()
    return model


def month_of(model: abm.IntegrationModel) -> MonthValues:
    return values_of(model.place, model.batch.state.arrays, model.month)


def values_start(packed: bytes, organisations: int) -> int:
    """Return where the bytes of a month begin, after the header and the networks, if there are any."""
    has_networks = struct.unpack("<4I", packed[:MONTH_HEADER])[3]
    return MONTH_HEADER + (2 * organisations if has_networks else 0)


@pytest.mark.parametrize("name", place_names())
def test_no_organisation_hides_another(name: str) -> None:
    layout = layout_of(name)
    assert hidden_pairs(layout) == []
    roomy = PlaceLayout(
        layout.position,
        layout.radius + 0.499 * FREE,
        layout.place_centre,
        layout.place_radius,
        layout.outline,
    )
    assert hidden_pairs(roomy) == []


def test_hidden_organisations_are_found() -> None:
    layout = layout_of("south_somerset")
    position = layout.position.copy()
    position[3] = position[4] + 1.0
    crowded = PlaceLayout(position, layout.radius, layout.place_centre, layout.place_radius, layout.outline)
    assert (3, 4) in hidden_pairs(crowded)


@pytest.mark.parametrize("name", ["somerset", "region"])
def test_positions_are_the_same_every_time(name: str) -> None:
    again = lay_out(load_place(find_place(name)))
    for part in ("position", "radius", "place_centre", "place_radius", "outline"):
        assert np.array_equal(getattr(again, part), getattr(layout_of(name), part))


@pytest.mark.parametrize("name", ["region", "england"])
def test_places_lie_apart_and_hold_their_organisations(name: str) -> None:
    place, layout = place_of(name), layout_of(name)
    gap = np.sqrt(((layout.place_centre[:, None] - layout.place_centre[None]) ** 2).sum(axis=2))
    np.fill_diagonal(gap, np.inf)
    apart = layout.place_radius[:, None] + layout.place_radius[None] + BETWEEN
    assert (gap >= apart - 1e-2).all()
    home = place.organisation_place
    away = np.hypot(*(layout.position - layout.place_centre[home]).T)
    assert (away + layout.radius <= layout.place_radius[home]).all()


@pytest.mark.parametrize("name", ["south_somerset", "somerset", "rural", "urban"])
def test_outline_of_a_single_place_holds_every_marker(name: str) -> None:
    layout = layout_of(name)
    following = np.roll(layout.outline, -1, axis=0)
    along = following - layout.outline
    normal = np.stack([along[:, 1], -along[:, 0]], axis=1) / np.hypot(*along.T)[:, None]
    inside = ((layout.outline[:, None] - layout.position[None]) * normal[:, None]).sum(axis=2)
    assert (inside.min(axis=0) > layout.radius).all()


@pytest.mark.parametrize("name", ["somerset", "urban"])
def test_layout_keeps_who_lies_west_and_who_lies_north(name: str) -> None:
    place, layout = place_of(name), layout_of(name)
    on_map = place.position * np.array([1.0, -1.0])
    for axis in (0, 1):
        order = [np.argsort(np.argsort(where[:, axis])) for where in (on_map, layout.position)]
        assert np.corrcoef(*order)[0, 1] > 0.9


def test_areas_of_practices_go_with_their_lists() -> None:
    place, layout = place_of("somerset"), layout_of("somerset")
    practices = place.of_kind(OrganisationKind.PRACTICE)
    order = np.argsort(place.population_served[practices])
    assert (np.diff(layout.radius[practices][order]) >= 0.0).all()


@given(arrays(np.float64, st.integers(1, 40), elements=st.floats(0.0, 1.0)))
def test_a_share_as_a_byte_is_off_by_half_a_step_at_most(shares: np.ndarray) -> None:
    read = quantise(shares) / FINEST
    assert np.abs(read - shares).max() <= 0.5 / FINEST + 1e-12


@given(arrays(np.float64, st.integers(1, 40), elements=st.floats(-1.0, 1.0)))
def test_a_difference_as_a_byte_is_off_by_a_step_at_most(differences: np.ndarray) -> None:
    read = 2.0 * quantise(differences, is_difference=True) / FINEST - 1.0
    assert np.abs(read - differences).max() <= 1.0 / FINEST + 1e-12


def test_missing_and_excessive_values_are_told_apart() -> None:
    assert quantise(np.array([np.nan, -0.2, 1.7])).tolist() == [MISSING, 0, FINEST]


def test_buffers_have_the_stated_sizes() -> None:
    model = run_of("leadership_with_reform", 24)
    place = model.place
    n, m, p = place.organisations, place.ties, len(place.place_names)
    layout = lay_out(place)
    corners = len(layout.outline)
    floats = 2 * n + n + n + 2 * p + p + p + 2 * corners
    assert len(pack_structure(place, layout)) == 20 + 4 * floats + 8 * m + 2 * n + 2 * m + n + m
    packed = pack_month(place, month_of(model))
    assert struct.unpack("<3I", packed[:12]) == (1, 24, 0)
    assert len(packed) == values_start(packed, n) + 3 * n + m + 5 * p


def test_a_month_of_england_is_small() -> None:
    place = place_of("england")
    n, m, p = place.organisations, place.ties, len(place.place_names)
    assert MONTH_HEADER + 5 * n + m + 5 * p < 150_000


def federated(model: abm.IntegrationModel) -> MonthValues:
    """Return a month in which the first two practices and the next three form networks."""
    held = dict(model.batch.state.arrays)
    practices = model.place.of_kind(OrganisationKind.PRACTICE)
    held["network"] = np.full((model.place.organisations, 1), -1, dtype=np.int64)
    held["network"][practices[:2]] = practices[0]
    held["network"][practices[2:5]] = practices[3]
    return values_of(model.place, held, model.month)


def test_networks_add_two_bytes_an_organisation() -> None:
    model = run_of("baseline", 24)
    values = federated(model)
    n, m, p = model.place.organisations, model.place.ties, len(model.place.place_names)
    packed = pack_month(model.place, values)
    assert len(packed) == MONTH_HEADER + 5 * n + m + 5 * p
    labels = np.frombuffer(packed, "<u2", n, MONTH_HEADER).astype(np.int64)
    assert np.array_equal(np.where(labels == 65_535, -1, labels), values.network)


def test_values_are_means_over_ties() -> None:
    model = run_of("leadership_with_reform", 24)
    values = month_of(model)
    trust = model.batch.state.trust[:, :, 0]
    hospital = model.organisations[0]
    partners = [
        hospital.trust_in(partner) for partner in hospital.partners if not values.is_closed[partner.row]
    ]
    assert values.trust[0] == pytest.approx(np.mean(partners))
    assert values.tie_trust[5] == pytest.approx(trust[5].mean())
    is_open = ~values.is_closed[model.place.tie_ends].any(axis=1)
    assert values.place_trust[0] == pytest.approx(trust[is_open].mean())
    lists = model.batch.state.list_size[:, 0]
    practices = model.place.of_kind(OrganisationKind.PRACTICE)
    share = np.average(values.is_engaged[practices], weights=lists[practices])
    assert share == pytest.approx(values.engagement[0])


def test_closed_practices_carry_no_trust_and_are_flagged() -> None:
    model = run_of("leadership_with_reform", 24)
    held = dict(model.batch.state.arrays)
    held["list_size"] = held["list_size"].copy()
    already = month_of(model).is_closed
    row = int(model.place.of_kind(OrganisationKind.PRACTICE)[0])
    assert not already[row]
    held["list_size"][row] = 0.0
    already[row] = True
    values = values_of(model.place, held, 24)
    assert values.is_closed[row] and np.isnan(values.trust[row])
    touched = already[model.place.tie_ends].any(axis=1)
    assert np.isnan(values.tie_trust[touched]).all() and not np.isnan(values.tie_trust[~touched]).any()
    n = model.place.organisations
    packed = pack_month(model.place, values)
    flags = np.frombuffer(packed, np.uint8, n, values_start(packed, n) + 2 * n)
    assert flags[row] & IS_CLOSED
    assert np.array_equal((flags & IS_ENGAGED) > 0, values.is_engaged)


def test_a_month_can_be_packed_against_another() -> None:
    first, second = run_of("leadership_with_reform", 24), run_of("baseline", 24)
    place = first.place
    packed = pack_month(place, month_of(first), against=month_of(second))
    assert struct.unpack("<4I", packed[:MONTH_HEADER])[2] == 1
    read = np.frombuffer(packed, np.uint8, place.organisations, values_start(packed, place.organisations))
    wanted = month_of(first).trust - month_of(second).trust
    assert np.array_equal(read == MISSING, np.isnan(wanted))
    assert np.nanmax(np.abs(2.0 * read / FINEST - 1.0 - wanted)[read != MISSING]) <= 1.0 / FINEST


def test_tables_say_what_the_picture_shows() -> None:
    model = run_of("leadership_with_reform", 60)
    values = month_of(model)
    rows = organisation_rows(model.place, values)
    assert [row["organisation"] for row in rows] == list(model.place.organisation_name)
    assert rows[0]["kind"] == "Acute provider" and rows[0]["engaged"] == ""
    practices = [row for row in rows if row["kind"] == "General practice"]
    assert sum(row["engaged"] == "yes" for row in practices) == values.is_engaged.sum()
    (place_row,) = place_rows(model.place, values)
    assert place_row["organisations"] == model.place.organisations
    assert place_row["implementation"] == pytest.approx(values.implementation[0])


def test_tables_number_networks() -> None:
    model = run_of("baseline", 24)
    named = [row["network"] for row in organisation_rows(model.place, federated(model)) if row["network"]]
    assert named == ["Network 1"] * 2 + ["Network 2"] * 3


def test_names_cover_all_rows() -> None:
    place = place_of("region")
    names = names_of(place)
    assert len(names["organisations"]) == place.organisations
    assert names["places"] == list(place.place_names)
    assert len(names["ties"]) == 8


def test_widgets_are_made_from_a_place_series_and_a_surface() -> None:
    model = run_of("leadership_with_reform", 24)
    view = NetworkView.of(
        model.place, month_of(model), theme="dark", selected={"kind": "organisation", "row": 1}
    )
    assert view.structure == pack_structure(model.place, lay_out(model.place))
    assert view.names["label"] == "South Somerset"
    trust = theory().measures[theory().row("trust")]
    chart = SeriesChart.of([Panel(trust, [SeriesLine("This run", "focus", [0.3, 0.4])])], months=4, month=1)
    assert len(chart.values) == 4 * 5 and chart.month == 1
    lever = {"label": "Effort", "unit": "share", "values": [0.0, 1.0]}
    surface = ResponseSurface.of(lever, lever, ["All"], trust, np.zeros((1, 2, 2)))
    assert len(surface.values) == 16 and surface.measure["high"] == 1.0
    for widget in (view, chart, surface):
        widget.close()


def test_lines_are_packed_with_their_bands_and_filled_with_missing_values() -> None:
    admissions = theory().measures[theory().row("admissions")]
    panel = Panel(
        admissions,
        [
            SeriesLine("This run", "focus", [1.0, 1.1], [0.9, 1.0], [1.1, 1.2]),
            SeriesLine("As things were", "counterfactual", range(9)),
        ],
    )
    rows = np.frombuffer(pack_lines([panel], 4), "<f4").reshape(4, 5)
    assert rows[0, :2] == pytest.approx([1.0, 1.1]) and np.isnan(rows[0, 2:]).all()
    assert rows[2, :2] == pytest.approx([1.1, 1.2])
    assert rows[3].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    (record,) = panel_records([panel])
    assert record["high"] is None and record["unit"] == "index, 1 at the start"
    assert [line["band"] for line in record["lines"]] == [True, False]


def imported(name: str) -> set[str]:
    """Return the modules that a module imports, by their paths in the folder of scripts."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert not re.findall(r"\bimport\s*\(|from \"(?!\./[a-z_]+\.js\")", text), name
    return {f"{name.partition('/')[0]}/{other}" for other in re.findall(r'from "\./([a-z_]+\.js)"', text)}


def test_every_module_is_loaded_by_a_widget_and_imports_only_its_neighbours() -> None:
    widgets = (NetworkView, SeriesChart, ResponseSurface, *Control.__subclasses__())
    waiting = {re.fullmatch(r'export \{ default \} from "abm/(.+)";', widget._esm)[1] for widget in widgets}  # type: ignore[index]
    found: set[str] = set()
    while waiting:
        found |= waiting
        waiting = {other for name in waiting for other in imported(name)} - found
    assert found == set(modules())


def test_scripts_come_from_the_server_of_the_page_and_nowhere_else() -> None:
    for name in modules():
        text = (FOLDER / name).read_text(encoding="utf-8")
        assert "http" not in text.replace("http://www.w3.org/2000/svg", ""), name
    given = head("/abm")
    assert f'"abm/": "/abm{base()}"' in given
    assert re.findall(r'href="([^"]+)"', given) == [f"/abm{address}" for address in addresses()]


def test_colours_of_the_style_sheet_are_those_of_the_pictures() -> None:
    palette = (FOLDER / "drawing" / "palette.js").read_text(encoding="utf-8")
    blocks = re.findall(r"(light|dark): \{(.*?)\n  \}", palette, re.DOTALL)
    for theme, block in blocks:
        start = '.abm-view[data-theme="dark"]' if theme == "dark" else ".abm-view {"
        css = style()[style().index(start) :].split("}")[0]
        for name in ("ground", "land", "shore", "ink", "quiet", "line", "care", "network", "focus"):
            colour = re.search(rf'\b{name}: "(#\w+)"', block)
            assert colour is not None
            assert f"--{name}: {colour[1]};" in css


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours by WCAG 2."""

    def light(colour: str) -> float:
        parts = [int(colour[start : start + 2], 16) / 255.0 for start in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(first), light(second)))
    return (high + 0.05) / (low + 0.05)


def test_colours_contrast_enough_to_be_read() -> None:
    palette = (FOLDER / "drawing" / "palette.js").read_text(encoding="utf-8")
    for _, block in re.findall(r"(light|dark): \{(.*?)\n  \}", palette, re.DOTALL):
        named = dict(re.findall(r'(\w+): "(#\w+)"', block))
        lines = re.findall(r'"(#\w+)"', re.search(r"lines: \[(.*?)\]", block)[1])  # type: ignore[index]
        for words in (named["ink"], named["quiet"], named["other"], *lines):
            assert contrast(words, named["ground"]) >= 4.5
        for words in (named["ink"], named["quiet"]):
            assert contrast(words, named["land"]) >= 4.5
        for mark in ("care", "network", "focus", "edge"):
            assert contrast(named[mark], named["ground"]) >= 3.0
            assert contrast(named[mark], named["land"]) >= 3.0


def test_visitors_who_ask_at_once_share_one_sheet():
    atlas = Atlas()
    with ThreadPoolExecutor(4) as visitors:
        sheets = list(visitors.map(atlas.sheet, [place_of("somerset")] * 4))
    assert sheets[0] == pack_structure(place_of("somerset"), layout_of("somerset"))
    assert all(sheet is sheets[0] for sheet in sheets)


def test_an_atlas_keeps_the_places_looked_at_last():
    atlas = Atlas(size=1)
    first = atlas.sheet(place_of("south_somerset"))
    assert atlas.sheet(place_of("south_somerset")) is first
    atlas.sheet(place_of("somerset"))
    again = atlas.sheet(place_of("south_somerset"))
    assert again == first
    assert again is not first


def test_frames_show_a_run_and_how_it_differs_from_another():
    names = ("baseline", "leadership_with_reform")
    short = [Question(preset=name, place="south_somerset", years=2.0).scenario for name in names]
    place = place_of("south_somerset")
    first, second = (simulate_course(scenario, 1, 0) for scenario in short)
    frames = Frames(place, second)
    assert frames.packed(20) == pack_month(place, values_of(place, second.arrays(20), 20))
    assert frames.packed(25) == b""
    apart = Frames(place, second, first).packed(20)
    assert apart == pack_month(place, frames.values(20), values_of(place, first.arrays(20), 20))
