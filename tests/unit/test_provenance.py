"""Results say which code made them, and never name a repository that is not its own."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import abm
from abm.runs.provenance import code_version, package_versions, source_hash
from abm.runs.run import Run

PACKAGE = Path(abm.__file__).parent
NEEDED = ("__init__.py", "runs/__init__.py", "runs/provenance.py")
RUN_ID = """
from types import SimpleNamespace
from abm.runs.run import Run
print(Run(SimpleNamespace(content_hash="x"), 1, 0).run_id)
"""
ASK = (
    "import json; from abm.runs.provenance import code_version, package_versions; "
    "print(json.dumps([dict(code_version()), package_versions()]))"
)


def asked_from(directory):
    """Ask a copy of the package in a directory which code it is."""
    for name in NEEDED:
        (directory / "abm" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PACKAGE / name, directory / "abm" / name)
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        capture_output=True,
        text=True,
        cwd=directory,
        check=True,
        env={"PATH": "/usr/bin:/bin"},
    )
    return json.loads(done.stdout)


def test_the_version_is_that_of_the_package():
    assert code_version()["version"] == abm.__version__


def test_the_hash_of_the_sources_is_one_for_one_edition():
    assert source_hash() == code_version()["source_sha256"]
    assert len(source_hash()) == 64


def test_a_copy_of_other_sources_has_another_hash(tmp_path):
    code, _ = asked_from(tmp_path)
    assert code["source_sha256"] != source_hash()


def test_a_repository_that_only_surrounds_the_package_is_not_named(tmp_path):
    if shutil.which("git"):
        subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True, capture_output=True)
    code, _ = asked_from(tmp_path)
    assert code["commit"] is None
    assert code["dirty"] is None


def test_packages_beneath_are_named_with_their_versions():
    versions = package_versions()
    assert versions["numpy"]
    assert "numba" in versions


def run_id_of(directory):
    """Ask a copy of the package in a directory for the id of a run."""
    done = subprocess.run(
        [sys.executable, "-c", RUN_ID], capture_output=True, text=True, cwd=directory, check=True
    )
    return done.stdout.strip()


def test_a_run_of_other_code_has_another_identity_and_shipped_scenarios_are_no_code(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "abm", ignore=shutil.ignore_patterns("__pycache__"))
    first = run_id_of(tmp_path)
    assert first == Run(SimpleNamespace(content_hash="x"), 1, 0).run_id
    (tmp_path / "abm" / "library").mkdir()
    (tmp_path / "abm" / "library" / "mine.yaml").write_text("name: mine\n")
    assert run_id_of(tmp_path) == first
    with (tmp_path / "abm" / "scenarios" / "simulate.py").open("a") as source:
        source.write("# another edition\n")
    assert run_id_of(tmp_path) != first
