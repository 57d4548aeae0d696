"""Whatever a text holds, a terminal, a browser and a spreadsheet show it and obey nothing of it."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import networkx as nx
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text
from typer.testing import CliRunner

from abm.errors import InvalidInput, Problem
from abm.files.parquet import FILE_WRITERS
from abm.interface.cli.program import app
from abm.interface.page.background.simulations import Sample
from abm.interface.page.session.download import results_file
from abm.interface.pictures.canvas import svg
from abm.interface.pictures.place_map import draw_map
from abm.interface.terminal.console import PlainConsole
from abm.interface.terminal.streams import complain, errors, output
from abm.scenarios.scenario import shipped_directory
from abm.texts import ACTING, cell, escape, visible, visible_lines
from abm.world.network import read_graphml, write_graphml
from abm.world.place_loading import load_place

OWN_CODES = re.compile(r"\x1b\[[0-9;]*m")
"""Colours and weights, which rich writes."""
CONTROL = re.compile(f"(?!\n)[{ACTING}]")
FORMULA = re.compile(r"['\"]*[=+\-@\t\r]")

anything = st.text(st.characters(), max_size=30) | st.text(
    st.sampled_from("ab\x1b\x9b]0;\x07[31m\n\t\r\u202e\ud800=")
)


def obeyed(written: str) -> list[str]:
    """List what a terminal would obey, beside what rich itself writes."""
    return CONTROL.findall(OWN_CODES.sub("", written))


class Recorded(PlainConsole):
    """Print to memory as to a terminal."""

    def __init__(self) -> None:
        self.told = io.StringIO()
        super().__init__(
            file=self.told, force_terminal=True, width=40, highlight=False, markup=False, emoji=False
        )


@given(anything, anything)
@example("\x1b]0;title\x07", "\u202egpj.exe")
@example("[bold]x[/]", "[/nothing]")
def test_nothing_that_is_printed_acts(first, second):
    console = Recorded()
    console.print(first, style="red")
    console.print(first, second, soft_wrap=True)
    console.print(Text.assemble((first, "bold"), second))
    table = Table(first, title=second)
    table.add_row(Text(first, style="dim"), end_section=True)
    table.add_row(second)
    console.print(table)
    console.rule(first)
    assert obeyed(console.told.getvalue()) == []


@given(anything, anything)
def test_no_problem_acts_or_takes_more_than_a_line(file, message):
    problem = Problem(file, 3, message)
    assert not re.search(f"[{ACTING}]", str(problem))
    assert "\n" not in str(problem)
    assert str(problem).encode()
    assert not re.search(f"(?!\n)[{ACTING}]", str(InvalidInput([problem])))


@given(anything)
def test_what_can_be_read_stays_as_it_is(text):
    shown = visible(text)
    assert visible(shown) == shown
    if not re.search(f"[{ACTING}]", text):
        assert shown == text == visible_lines(text)


def test_the_consoles_of_the_commands_are_plain(capsys):
    output().print("a\x1b[31mb", Text("c\x9bd"))
    errors().print("e\x07f")
    complain(InvalidInput([Problem("g\x1bh", 1, "i\nj")]))
    told = capsys.readouterr()
    assert (obeyed(told.out), obeyed(told.err)) == ([], [])
    assert r"a\x1b[31mb c\x9bd" in told.out and r"e\x07f" in told.err and r"g\x1bh:1  i\nj" in told.err


@pytest.mark.parametrize(
    "words",
    [
        ["fo\x1bo"],
        ["--no\x1b"],
        ["validate", "a\x1b]0;x\x07.yaml"],
        ["validate", "a\x1b"],
        ["scenarios", "a\u202eb"],
        ["levers", "\x9b31m"],
        ["schema", "\x1b"],
        ["run", "base\x07line"],
        ["compare", "a\x1b", "b\x1b"],
        ["sweep", "status", "no\x1bwhere"],
        ["sweep", "plan", "no\x1bthing"],
        ["place", "describe", "no\x1bwhere"],
        ["calibrate", "no\x1bthing"],
        ["run", "baseline", "--set", "\x1b=1"],
        ["run", "baseline", "--years", "\x1b"],
    ],
)
def test_no_command_line_acts_on_the_terminal(words):
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 2
    assert obeyed(result.output) == []


@pytest.mark.parametrize("name", ["a\x1b[31m.yaml", "b\n1 problem.yaml", "c\u202e.yaml", "d\udcff.yaml"])
@pytest.mark.parametrize(
    "content", ["name: [", 'label: "\\x1b[31m"\nplace: x', "place: south_somerset\nname: x"]
)
def test_neither_names_nor_contents_of_files_act(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    for words in (["validate", str(path)], ["scenarios", str(path)]):
        result = CliRunner().invoke(app, words)
        assert result.exit_code in (0, 2)
        assert obeyed(result.output) == []
        assert "\n1 problem.yaml" not in result.output


def test_an_error_of_foreign_code_does_not_act(tmp_path):
    (tmp_path / "own.py").write_text("raise ValueError('a\\x1b[2Jb\\ud800')\n", encoding="utf-8")
    (tmp_path / "own.yaml").write_text(
        "name: own\nplace: south_somerset\nextensions: [./own.py]\n", encoding="utf-8"
    )
    result = CliRunner().invoke(app, ["run", str(tmp_path / "own.yaml")])
    assert result.exit_code == 2 and obeyed(result.output) == []
    assert r"a\x1b[2Jb\ud800" in result.output


# HTML, SVG, GraphML


@given(anything)
def test_escaped_text_is_well_formed_xml_and_html(text):
    written = escape(text)
    read = ET.fromstring(f"<a>{written}</a>").text or ""
    assert "<" not in written
    assert not re.search(f"(?![\n\t])[{ACTING}]", read)


def test_a_picture_and_a_network_of_hostile_names_can_be_read(tmp_path):
    place = load_place(shipped_directory() / "places" / "south_somerset.yaml")
    object.__setattr__(place, "label", "a\x1b<b>\u202e")
    assert ET.fromstring(svg(draw_map(place))) is not None
    graph: nx.Graph[str] = nx.Graph(label="a\x00b")
    graph.add_node("n\x1b", name="\x07")
    graph.add_edge("n\x1b", "m", kind="\x9b")
    write_graphml(graph, tmp_path / "a.graphml")
    assert dict(read_graphml(tmp_path / "a.graphml").nodes(data="name")) == {r"n\x1b": r"\x07", "m": None}
    assert "n\x1b" in graph


# Spreadsheets


@given(anything)
def test_no_text_begins_a_cell_as_a_formula_does(text):
    shown = cell(text)
    assert not FORMULA.match(shown) or shown.startswith("'")
    assert not CONTROL.search(shown.replace("\t", "")) or shown == text


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


@given(st.lists(anything.filter(lambda text: "\ud800" not in text), min_size=1, max_size=8), st.data())
def test_no_cell_of_a_collected_table_is_a_formula_unless_it_is_a_number(scratch, texts, data):
    kept = [text.encode("utf-8", "replace").decode() for text in texts]
    numbers = data.draw(st.lists(st.floats(-9, 9), min_size=len(kept), max_size=len(kept)))
    table = pa.table({"=x": pa.array(kept, pa.string()), "y": pa.array(numbers, pa.float64())})
    with FILE_WRITERS[".csv"](scratch / "a.csv", table.schema) as writer:
        writer.write(table)
    head, *rows = rows_of(scratch / "a.csv")
    assert head == ["'=x", "y"]
    assert [row[0] for row in rows] == [cell(text) for text in kept]
    assert all(not FORMULA.match(row[0]) or row[0].startswith("'") for row in rows)
    assert [float(row[1]) for row in rows] == numbers


@pytest.fixture(scope="session")
def scratch(tmp_path_factory) -> Path:
    """Return a folder that many examples may use, one after the other."""
    return tmp_path_factory.mktemp("texts")


def test_the_page_s_table_holds_no_formulas():
    sample = Sample(("-m",), np.arange(1), np.zeros((2, 1, 1, 1), np.float32), np.zeros((2, 1)))
    written = results_file(sample, ('=cmd|" /C calc"!A0', "a,b"), "csv").content.decode()
    assert written.splitlines()[0] == "scenario,replicate,month,'-m"
    assert [row[0] for row in csv.reader(io.StringIO(written))][1:] == ['\'=cmd|" /C calc"!A0', "a,b"]
