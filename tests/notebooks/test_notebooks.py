"""Every notebook is valid, runs from its first cell to its last, and ships with what it says today."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.execution import NOTEBOOKS, executed, read, texts

NO_WIDGETS = "IProgress not found"
"""What Mesa's progress bars say where there are no widgets."""
MOST_BYTES = 250_000
MACHINE = re.compile(r"(?<![\w.])/(?:home|opt|root|tmp|usr|var|work|Users)/|[A-Z]:\\")

# The tools that run notebooks warn of their own affairs; what abm warns of inside a notebook is an output there.
pytestmark = [
    pytest.mark.filterwarnings("default::DeprecationWarning"),
    pytest.mark.filterwarnings("default::RuntimeWarning:zmq"),
]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_without_error_or_warning_and_says_what_is_stored(path: Path, tmp_path: Path) -> None:
    notebook = executed(path, tmp_path)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    complaints = [output.text for output in outputs if output.get("name") == "stderr"]
    assert not [text for text in complaints if "Warning" in text and NO_WIDGETS not in text]
    assert texts(read(path)) == texts(notebook), "run: python -m tests.notebooks"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_outputs_are_small_and_tell_nothing_of_a_machine(path: Path) -> None:
    notebook = read(path)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    shown = [cell for cell in notebook.cells if "plt.show()" in cell.source]
    assert shown
    assert all(any("image/png" in one.get("data", {}) for one in cell.outputs) for cell in shown)
    assert not [one for one in outputs if one.output_type == "error" or one.get("name") == "stderr"]
    assert not [text for text in texts(notebook) if MACHINE.search(text)]
    assert path.stat().st_size <= MOST_BYTES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_valid_and_explains_itself_first(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    assert notebook.cells[0].cell_type == "markdown"
