"""The commands on places: what is printed, what is drawn, and what is refused without a trace."""

import math
import os
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from abm.errors import InvalidInput
from abm.interface.cli.place_commands import name_of
from abm.interface.cli.program import app
from abm.interface.pictures import canvas
from abm.interface.pictures.canvas import Drawing, svg, write_png
from abm.interface.pictures.captions import Box, short
from abm.interface.pictures.place_map import draw_map, hull
from abm.scenarios.integration_model import IntegrationModel
from abm.scenarios.scenario import load_scenario
from abm.sweeps.design.inputs import Inputs
from abm.sweeps.design.scenariobase import ScenarioBase
from abm.world.description import describe, nth_nearest_km
from abm.world.place import Place
from abm.world.place_loading import load_place
from abm.world.region import random_region

ROOT = Path(__file__).parents[2]
PLACES = ROOT / "scenarios" / "places"
FILES = ROOT / "tests" / "data" / "ods"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty directory, a hundred columns wide."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["place", *map(str, words)])


def refused(*words: str | Path) -> str:
    before = sorted(Path.cwd().rglob("*"))
    result = run(*words)
    assert result.exit_code == 2, result.output
    assert sorted(Path.cwd().rglob("*")) == before
    return " ".join(result.stderr.split())


def test_a_place_is_built_told_described_and_drawn() -> None:
    built = run("build", FILES, "--commissioner", "99A", "--out", "west.npz", "--vintage", "all invented")
    assert built.exit_code == 0, built.output
    assert "open practices have no list; left out (1): Z90008" in built.output
    assert "note: all invented" in built.output
    assert "no date is known of flows of commissioners (flows.csv)" in built.output
    assert "with --vintage" not in built.output
    assert "Westshire, 12 organisations" in " ".join(built.output.split())
    assert "note: all invented" in run("report", "west.npz").output
    described = run("describe", "west.npz", "--out", "west.svg")
    assert described.exit_code == 0, described.output
    assert "46,900" in described.output
    ET.fromstring(Path("west.svg").read_text(encoding="utf-8"))


def test_all_commissioners_are_built_and_every_code_named_on_request() -> None:
    result = run("build", FILES, "--all", "--out", "all.npz", "--full")
    assert result.exit_code == 0, result.output
    assert len(load_place("all.npz").place_names) == 3
    assert "say what you know of their dates with --vintage" in result.output


def test_faults_are_told_together_and_nothing_is_written() -> None:
    told = refused("build", FILES, "--out", "none/west.txt")
    assert "2 problems, nothing was written" in told
    assert "should end in .npz" in told
    assert "'--commissioner 11X'" in told
    assert "not both" in refused("build", FILES, "--all", "--commissioner", "99A", "--out", "a.npz")
    assert "does not exist; create" in refused("build", FILES, "--all", "--out", "none/a.npz")
    assert "is not a folder" in refused("build", "nowhere", "--all", "--out", "a.npz")
    assert "no open practice" in refused("build", FILES, "--commissioner", "99C", "--out", "a.npz")


def test_files_that_are_there_are_replaced_only_on_request() -> None:
    Path("rural.svg").write_text("mine", encoding="utf-8")
    assert "--force" in refused("describe", "rural", "--out", "rural.svg")
    assert run("describe", "rural", "--out", "rural.svg", "--force").exit_code == 0
    assert "<svg" in Path("rural.svg").read_text(encoding="utf-8")
    Path("folder.svg").mkdir()
    assert "is a folder" in refused("describe", "rural", "--out", "folder.svg")


def test_unknown_places_and_reports_of_drawn_ones_are_refused() -> None:
    assert "did you mean 'rural'?" in refused("describe", "rurla")
    assert "not built from data" in refused("report", "rural")


def test_a_place_is_described_in_figures() -> None:
    output = run("describe", "somerset").output
    for words in ("551,639", "75", "sd", "0.53", "0 of 2", "km"):
        assert words in output


def test_a_place_with_few_practices_has_no_fifth_nearest() -> None:
    place = random_region(12, 40, 1, places=1)
    figures = describe(place).figures
    assert math.isnan(figures["fifth_practice_km"]) == (len(place.of_kind(3)) < 6)  # type: ignore[arg-type]


def test_distances_to_the_nearest_are_measured() -> None:
    import numpy as np

    points = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]])
    np.testing.assert_allclose(nth_nearest_km(points, points, 2), [1.0, math.hypot(3, 3), 1.0])
    np.testing.assert_array_equal(nth_nearest_km(points, points, 1), 0.0)


@pytest.fixture(scope="module", params=["south_somerset", "somerset", "region", "england"])
def place(request: pytest.FixtureRequest) -> Place:
    """Return places of all sizes."""
    return load_place(PLACES / f"{request.param}.yaml")


def test_a_map_is_an_svg_with_a_marker_for_every_organisation(place: Place) -> None:
    root = ET.fromstring(svg(draw_map(place)))
    circles = len(root.findall(f".//{SVG}circle"))
    polygons = len(root.findall(f"{SVG}polygon"))
    practices = int((place.organisation_kind == 3).sum())
    assert circles >= practices
    if len(place.place_names) < 12:
        assert polygons >= place.organisations - practices
    else:
        assert polygons >= place.acute_providers
    words = [element.text for element in root.findall(f"{SVG}text")]
    assert place.label in words
    assert any(text and text.endswith(" km") for text in words)
    assert root.find(f"{SVG}desc") is not None


def test_everything_on_a_map_lies_within_it(place: Place) -> None:
    drawing = draw_map(place)
    for shape in drawing.shapes:
        if isinstance(shape, canvas.Circle):
            assert 0 < shape.centre[0] < drawing.width and 0 < shape.centre[1] < drawing.height
        if isinstance(shape, canvas.Words) and shape.anchor == "start":
            assert shape.at[0] > 0
            assert shape.at[0] + 0.6 * shape.size * len(shape.text) < drawing.width + 30


def test_a_map_is_the_same_every_time(place: Place) -> None:
    assert svg(draw_map(place)) == svg(draw_map(place))


def test_a_png_is_written_where_matplotlib_is_installed() -> None:
    pytest.importorskip("matplotlib")
    write_png(draw_map(load_place(PLACES / "region.yaml")), Path("region.png"))
    assert Path("region.png").read_bytes().startswith(b"\x89PNG")


def test_a_png_without_matplotlib_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas, "find_spec", lambda _: None)
    with pytest.raises(InvalidInput, match="name an .svg file"):
        write_png(Drawing(10.0, 10.0, "a", "b"), Path("a.png"))
    assert not Path("a.png").exists()


def test_text_is_escaped() -> None:
    drawing = Drawing(10.0, 10.0, "<&>", "d", [canvas.Words((0.0, 0.0), "a & b", 9.0, "#000")])
    assert "a &amp; b" in svg(drawing)
    ET.fromstring(svg(drawing))


def test_hulls_hold_their_points() -> None:
    corners = hull([(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0), (1.0, 1.0)])
    assert sorted(corners) == [(0.0, 0.0), (0.0, 2.0), (2.0, 0.0), (2.0, 2.0)]


def test_names_are_short_and_do_not_vanish() -> None:
    assert short("Dorset County Hospital NHS Foundation Trust") == "Dorset County Hospital"
    assert short("University Hospitals") == "University Hospitals"
    assert Box(0, 0, 2, 2).overlap(Box(1, 1, 3, 3)) == 1.0


@pytest.mark.parametrize(
    ("file", "name"), [("Somerset 11X.npz", "somerset_11x"), ("2014.npz", "place_2014"), ("-.npz", "place")]
)
def test_built_places_are_named_after_their_file(file: str, name: str) -> None:
    assert name_of(Path(file)) == name


def scenario_in(place: str, path: str = "here.yaml") -> Path:
    Path(path).write_text(f"name: here\nplace: {place}\nhorizon_years: 0.5\n", encoding="utf-8")
    return Path(path)


def test_an_exported_place_is_the_same_to_the_last_bit_of_a_run() -> None:
    exported = run("export", "rural", "rural.graphml")
    assert exported.exit_code == 0, exported.output
    assert "'place: ./rural.graphml'" in " ".join(exported.output.split())
    assert run("describe", "rural.graphml").output == run("describe", "rural").output
    scenarios = [load_scenario(scenario_in(place)) for place in ("rural", "./rural.graphml")]
    models = [IntegrationModel(scenario, seed=3) for scenario in scenarios]
    for model in models:
        model.run_model()
    np.testing.assert_array_equal(models[0].batch.series, models[1].batch.series)


def test_the_hash_of_a_scenario_follows_its_network() -> None:
    run("export", "rural", "rural.graphml")
    before = load_scenario(scenario_in("./rural.graphml")).content_hash
    assert load_scenario("here.yaml").content_hash == before
    text = Path("rural.graphml").read_text(encoding="utf-8")
    Path("rural.graphml").write_text(text.replace(">50.0<", ">40.0<", 1), encoding="utf-8")
    assert load_scenario("here.yaml").content_hash != before


def test_a_sweep_carries_its_network() -> None:
    run("export", "rural", "rural.graphml")
    base = ScenarioBase(load_scenario(scenario_in("./rural.graphml")))
    described, bundles = base.described()
    Path("rural.graphml").unlink()
    again = ScenarioBase.of(described, Inputs(bundles, Path("elsewhere")))
    assert again.scenario.content_hash == base.scenario.content_hash
    assert load_place(again.scenario.place).content_hash == load_place(PLACES / "rural.yaml").content_hash


def test_faults_of_a_network_are_told_together_from_every_command() -> None:
    run("export", "rural", "rural.graphml")
    text = Path("rural.graphml").read_text(encoding="utf-8")
    beds = f">{load_place('rural.graphml').beds[0]}<"
    assert text.count(beds) == 1
    Path("rural.graphml").write_text(
        text.replace(beds, ">-1.0<").replace(">50.0<", ">nan<", 1), encoding="utf-8"
    )
    scenario_in("./rural.graphml")
    for words in (["place", "describe", "rural.graphml"], ["validate", "here.yaml"], ["run", "here.yaml"]):
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 2, result.output
        told = " ".join(result.stderr.split())
        assert "2 problems" in told
        assert "'showcase_km' of the graph is NaN; valid is a number above 0" in told
        assert "is -1.0; valid is a number above 0" in told


def test_a_network_is_not_written_over_another_file_or_beside_faults() -> None:
    told = refused("export", "nowhere", "place.txt")
    assert "2 problems" in told
    assert "should end in .graphml" in told
    run("export", "rural", "rural.graphml")
    assert "--force" in refused("export", "rural", "rural.graphml")
    assert "does not record how it was made" in refused("report", "rural.graphml")


def test_a_file_that_is_no_graphml_is_refused() -> None:
    Path("page.graphml").write_text("<html", encoding="utf-8")
    assert "is not GraphML" in refused("describe", "page.graphml")
    assert "pipe" in refused("describe", make_pipe("pipe.graphml"))


def make_pipe(name: str) -> Path:
    os.mkfifo(name)
    return Path(name)
