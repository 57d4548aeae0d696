"""The tested set of dependencies: complete, within the ranges, and of this machine in nothing."""

from __future__ import annotations

import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.dependencies import (
    CONSTRAINTS,
    HEADER,
    ROOT,
    Trial,
    broken_lines,
    named_requirements,
    read_versions,
    report,
    supported_pythons,
)

COMMANDS = re.compile(r"pip install [^\n`&]*'?\.(?:\[[a-z,]+\])?'?(?=[\s`]|$)", re.MULTILINE)
GUIDES = ("README.md", "CONTRIBUTING.md", "docs/guides/page.md", ".ci/run")


@pytest.mark.parametrize("requirement", named_requirements(), ids=str)
def test_every_dependency_has_a_tested_version_within_its_range(requirement: Requirement) -> None:
    versions = read_versions(CONSTRAINTS.read_text(encoding="utf-8"))
    assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)])


@pytest.mark.parametrize("requirement", named_requirements(), ids=str)
def test_every_range_has_a_lower_bound(requirement: Requirement) -> None:
    assert any(part.operator in (">=", "==", "~=") for part in requirement.specifier)


def test_the_tested_set_names_versions_and_nothing_else() -> None:
    lines = CONSTRAINTS.read_text(encoding="utf-8").removeprefix(HEADER).splitlines()
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9.-]*==[0-9][a-z0-9.]*( ; .+)?", line) for line in lines)
    names = [line.partition("==")[0] for line in lines]
    assert names == sorted(set(names))


@pytest.mark.parametrize("file", GUIDES)
def test_every_command_that_installs_abm_takes_the_tested_set(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8").replace('$place/.venv/bin/pip" install', "pip install")
    commands = [match[0] for match in COMMANDS.finditer(text)]
    assert commands
    assert all("-c constraints.txt" in command for command in commands), commands


def test_pythons_are_those_of_the_classifiers() -> None:
    assert supported_pythons()[0] == "3.11"
    assert all(re.fullmatch(r"3\.\d+", version) for version in supported_pythons())


def test_what_differs_and_what_broke_is_said() -> None:
    trials = [
        Trial("newest", {"numpy": "2.1", "mesa": "3.3"}, ""),
        Trial("lowest", {"numpy": "2.0"}, "FAILED a"),
    ]
    told = report(trials, {"numpy": "2.0"})
    assert "newest: all gates passed" in told
    assert re.search(r"numpy +2\.0 -> 2\.1\n", told)
    assert re.search(r"mesa +absent -> 3\.3\n", told)
    assert told.endswith("lowest: broke\n  FAILED a")


def test_lines_that_say_what_broke_are_found_in_the_output_of_the_gates() -> None:
    said = (
        "abm/draws.py:78: error: Untyped decorator\n"
        "...F..\n"
        "FAILED tests/unit/test_a.py::test_b - assert 1 == 2\n"
        "unit          FAILED           12        6     304.6      600\n"
        "oracle        HUNG             12        6     304.6      600\n"
        "imports       passed           -        -     304.6      600\n"
    )
    found = broken_lines(said).splitlines()
    assert [line.split()[0] for line in found] == ["abm/draws.py:78:", "FAILED", "unit", "oracle"]
    assert broken_lines("killed") == "the gates failed without saying why; see above"
