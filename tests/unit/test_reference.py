"""The documentation says what the program does: generated pages are current, quoted numbers true, links whole."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import abm
from abm.interface.cli.program import app
from abm.interface.pictures.month_picture import month_picture, strands
from abm.interface.reference.markdown import anchor, table
from abm.interface.reference.pages import PAGES, QUOTED, main, readers_of, renewed, write_reference
from abm.scenarios.scenario import load_scenario
from abm.submodels.emergence.emergence import OUTCOMES
from abm.submodels.payment.payment import break_even_activity_share
from abm.submodels.quantities import levers, parameters
from abm.submodels.shipped import theory

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
WRITTEN = sorted([*DOCS.rglob("*.md"), ROOT / "README.md"])
REMEDY = "run: python -m abm.interface.reference docs/reference docs/ODD.md docs/CALIBRATION.md"
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def told(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_committed_page_is_current(name: str) -> None:
    assert told(f"reference/{name}") == PAGES[name](), REMEDY


def test_every_page_is_written_where_asked(tmp_path: Path) -> None:
    files = write_reference(tmp_path / "new" / "folder")
    assert [file.name for file in files] == list(PAGES)
    assert all(file.read_text(encoding="utf-8").endswith("\n") for file in files)


def test_every_lever_parameter_measure_and_array_has_its_row() -> None:
    for page, names in (
        ("levers.md", levers()),
        ("parameters.md", parameters()),
        ("measures.md", [measure.name for measure in (*theory().measures, *OUTCOMES)]),
        ("state.md", [field.name for field in theory().fields]),
    ):
        rows = re.findall(r"^\| \[?`([^`]+)`", PAGES[page](), re.MULTILINE)
        assert sorted(rows) == sorted(names), page


def test_every_lever_states_the_claim_that_is_tested() -> None:
    page = PAGES["levers.md"]()
    for lever in levers().values():
        paragraph = page.partition(f"### `{lever.name}`")[2].partition("###")[0]
        assert f"`{lever.test.measure}` {lever.test.direction}" in paragraph
        assert f"`{lever.test.context}`" in paragraph
        assert all(f"`{name}`" in paragraph for name in lever.test.with_)


def test_break_even_table_agrees_with_the_function() -> None:
    page = PAGES["levers.md"]()
    cells = next(line for line in page.splitlines() if line.startswith("| 0.5 |")).split("|")[2:-1]
    expected = [break_even_activity_share(0.5, years, 0.5, 0.8, 5.0) for years in (1, 2, 3, 5, 7, 10)]
    assert [float(cell) for cell in cells] == [round(share, 2) for share in expected]


def test_readers_are_the_mechanisms_that_ask_for_a_name() -> None:
    assert readers_of("competition.strictness") == "barrier, challenge, tender"
    assert readers_of("form.first_cohort") == "the start, integration"
    assert readers_of("trust.start_alpha") == "the start"
    assert readers_of("leadership.orientation_alpha") == "the start, leadership, moves"
    assert readers_of("emergence.threshold") == "the outcome"


def test_month_names_every_mechanism_in_order_in_table_and_picture() -> None:
    names = [mechanism.name for mechanism in theory().order]
    rows = re.findall(r"^\| \d+ \| \[`(\w+)`\]", PAGES["month.md"](), re.MULTILINE)
    heads = [
        element.text
        for element in ET.fromstring(PAGES["month.svg"]()).iter()
        if (element.get("font-weight"), element.get("text-anchor")) == ("bold", "middle")
    ]
    assert rows == heads == names
    assert [name for _, members in theory().phases() for name in members] == names


def test_picture_follows_every_state_array_and_says_when_it_is_read_late() -> None:
    rows = {strand.field.name: strand for strand in strands(theory())}
    names = [mechanism.name for mechanism in theory().order]
    assert set(rows) == {field.name for field in theory().fields}
    assert [names[position] for position in rows["trust"].sets] == [
        "trust",
        "succession",
        "talk",
        "challenge",
        "tender",
        "closure",
        "federation",
    ]
    assert [names[position] for position in rows["trust"].late] == ["attention", "encounter"]
    assert [names[position] for position in rows["trust"].prompt] == ["governance"]
    drawn = {element.text for element in ET.fromstring(PAGES["month.svg"]()).iter()}
    assert {name.replace("_", " ") for name in rows} <= drawn


def test_picture_of_part_of_a_month_leaves_out_the_phases_without_mechanisms() -> None:
    phases = [phase for phase, _ in theory().month]
    whole = month_picture(theory())
    assert all(phase in whole for phase in phases)
    built = set(theory().month[-1][1])
    kept = [part for part in theory().parts if part.name not in built]
    written = {name for part in kept for one in part.mechanisms for name in one.writes}
    kept = [replace(part, fields=tuple(one for one in part.fields if one.name in written)) for part in kept]
    assert phases[-1] not in month_picture(replace(theory(), parts=tuple(kept)))


@pytest.mark.parametrize("name", ["ODD.md", "CALIBRATION.md"])
def test_what_a_page_takes_from_the_program_is_current(name: str) -> None:
    assert told(name) == renewed(told(name)), REMEDY


def test_model_description_quotes_every_lever_and_parameter_and_links_every_mechanism() -> None:
    page = told("ODD.md")
    assert {match[2] for match in QUOTED.finditer(page)} >= {*levers(), *parameters()}
    assert all(f"(../abm/submodels/{part.name}/{part.name}.py)" in page for part in theory().parts)


@pytest.mark.parametrize(
    ("number", "name"), [(number, one.name) for number, one in enumerate(theory().ordered, 1)]
)
def test_section_of_every_submodel_links_its_file_and_its_tests(number: int, name: str) -> None:
    sections = re.split(r"^### 7\.", told("ODD.md").partition("\n## 7. Submodels\n")[2], flags=re.MULTILINE)
    section = sections[number]
    assert section.startswith(f"{number} {name.capitalize()}\n")
    assert f"(../abm/submodels/{name}/{name}.py)" in section
    (line,) = re.findall(r"^Tested in (.+)$", section, re.MULTILINE)
    tests = {(DOCS / link).resolve() for link in LINK.findall(line)}
    assert tests
    assert all(test.is_file() and test.is_relative_to(ROOT / "tests") for test in tests)
    assert tests >= set((ROOT / "tests").rglob(f"test_{name}.py"))


def test_every_decision_is_in_the_list_of_the_documentation() -> None:
    listed = re.findall(r"\(decisions/([^)]+)\)", told("README.md"))
    assert listed == sorted(path.name for path in (DOCS / "decisions").glob("*.md"))


def test_calibration_lists_the_tuned_parameters_and_no_others() -> None:
    listed = {match[2] for match in QUOTED.finditer(told("CALIBRATION.md"))}
    assert listed == {name for name, parameter in parameters().items() if parameter.tuned}


def test_defaults_are_renewed_and_other_rows_left_alone(tmp_path: Path) -> None:
    page = "| up | `trust.gain` | 9 | share |\n| x | `no.such` | 9 | share |\n| `trust.loss` | 9 |\n"
    path = tmp_path / "page.md"
    path.write_text(page, encoding="utf-8")
    assert main([str(tmp_path / "reference"), str(path)]) == 0
    default = f"{parameters()['trust.gain'].flat_defaults['trust.gain']:g}"
    assert path.read_text(encoding="utf-8") == page.replace("9", default, 1)


def test_command_without_a_directory_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "directory" in capsys.readouterr().err


def test_a_bar_in_a_cell_is_escaped() -> None:
    assert table(("a",), [("x|y",)]) == "| a |\n| --- |\n| x\\|y |"


def blocks(language: str) -> list[str]:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)


def test_scenario_in_the_readme_is_valid(tmp_path: Path) -> None:
    (text,) = blocks("yaml")
    path = tmp_path / "my_scenario.yaml"
    path.write_text(text, encoding="utf-8")
    assert load_scenario(path).dose()["leadership.effort"] > 0.0


def test_python_in_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    text = blocks("python")[0]
    exec(compile(text, "README.md", "exec"), {})
    assert "emerged_ever" in capsys.readouterr().out


def test_sweep_in_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (commands,) = [text for text in blocks("sh") if "abm sweep" in text]
    for command in commands.split("&&"):
        words = command.split()
        assert words[0] == ".venv/bin/abm"
        assert CliRunner().invoke(app, words[1:]).exit_code == 0
    exec(compile(blocks("python")[1], "README.md", "exec"), {"abm": abm})
    assert "0.80" in capsys.readouterr().out


# ---- links ----------------------------------------------------------------------------------------


def headings(page: str) -> set[str]:
    """Return the anchors of a page: its headings, and those set by hand."""
    page = FENCE.sub("", page)
    found = {anchor(re.sub(r"[`'’,:()]", "", line)) for line in re.findall(r"^#+ (.+)$", page, re.MULTILINE)}
    return found | set(re.findall(r'<a id="([^"]+)">', page))


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    broken = []
    for link in LINK.findall(FENCE.sub("", path.read_text(encoding="utf-8"))):
        if "://" in link:
            continue
        name, _, place = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        if not target.exists() or (place and place not in headings(target.read_text(encoding="utf-8"))):
            broken.append(link)
    assert broken == []


def test_every_pattern_that_a_record_names_is_in_the_table_of_claims() -> None:
    claimed = re.findall(r'<a id="(e\d\d)"></a>(E\d\d)', told("EVIDENCE.md"))
    assert [name for name, _ in claimed] == [f"e{number:02d}" for number in range(1, 28)]
    assert all(name == title.lower() for name, title in claimed)
