"""Results say which code made them, and never name a repository that is not its own."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import abm
from abm.experiments.provenance import code_version, package_versions, source_hash

PACKAGE = Path(abm.__file__).parent
NEEDED = ("__init__.py", "experiments/__init__.py", "experiments/provenance.py")
ASK = (
    "import json; from abm.experiments.provenance import code_version, package_versions; "
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
