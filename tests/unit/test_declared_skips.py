"""A test that falls silent fails the run unless it is declared with a reason."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"

SKIPPING = """
import pytest

@pytest.mark.parametrize("size", [1, 2])
def test_needs_data(size):
    pytest.skip("no data")
"""
EXPECTED_TO_FAIL = """
import pytest

@pytest.mark.xfail
def test_is_hard():
    assert False
"""
SKIPPING_MODULE = """
import pytest

pytest.skip("no data", allow_module_level=True)
"""
SKIPPING_FOLDER = """
import pytest

@pytest.fixture
def data():
    pytest.skip("needs data")

def test_reads_data(data):
    pass
"""
PASSING = """
def test_passes():
    pass
"""


def run(folder: Path, tests: str, declared: str) -> subprocess.CompletedProcess[str]:
    """Run a test file, beside one that passes, under the project's conftest, with the given declarations."""
    shutil.copy(CONFTEST, folder)
    (folder / "skips.txt").write_text(declared, encoding="utf-8")
    inside = folder / "inside" if tests == SKIPPING_FOLDER else folder
    inside.mkdir(exist_ok=True)
    (inside / "test_one.py").write_text(tests, encoding="utf-8")
    (folder / "test_two.py").write_text(PASSING, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "."]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("tests", "declared", "is_accepted"),
    [
        (PASSING, "", True),
        (SKIPPING, "", False),
        (SKIPPING, "test_one.py::test_needs_data  needs the publishers' files", True),
        (SKIPPING, "test_one.py::test_other  another", False),
        (EXPECTED_TO_FAIL, "", False),
        (SKIPPING_MODULE, "", False),
        (SKIPPING_FOLDER, "inside/  needs data, which few have", True),
        (SKIPPING_FOLDER, "inside/  needs a cluster", False),
        (SKIPPING_FOLDER, "inside  needs data, which few have", False),
        (SKIPPING_FOLDER, "outside/  needs data, which few have", False),
        (SKIPPING_MODULE, "# comment\n\ntest_one.py  needs the publishers' files\n", True),
    ],
)
def test_only_declared_tests_may_skip(tests: str, declared: str, is_accepted: bool, tmp_path: Path) -> None:
    done = run(tmp_path, tests, declared)
    assert (done.returncode == 0) == is_accepted, done.stdout + done.stderr
    assert ("undeclared skips" in done.stdout) != is_accepted


def test_declaration_without_reason_is_refused(tmp_path: Path) -> None:
    done = run(tmp_path, PASSING, "\ntest_one.py::test_needs_data\n")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "skips.txt:2  'test_one.py::test_needs_data' may skip for no reason" in done.stderr
