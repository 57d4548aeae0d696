"""Bad input: every problem of a scenario at once, with file, line, value, what is valid and the next step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from abm.errors import InvalidInput
from abm.scenarios.scenario import load_policy, load_scenario, shipped_directory

BROKEN = Path(__file__).parent / "fixtures" / "broken"

EVERYTHING = [
    (1, "'name' is 'Everything'; valid is lower case"),
    (2, "'labl' is not a key of a scenario; did you mean 'label'? Valid keys: name, label"),
    (3, "'description' is a list; it should be text"),
    (4, "place 'south_somerst' is unknown; did you mean 'south_somerset'?"),
    (6, "parameter 'effort.capacity' has no element 'acut'; did you mean 'acute'?"),
    (6, "parameter 'effort.capacity.practice' is 99,999; valid is 0 to 2,000 (contacts per year)"),
    (7, "parameter 'trust.gian' is unknown; did you mean 'trust.gain'? 'abm parameters' lists them."),
    (8, "parameter 'trust.gain' is '0.1', not a number; valid is 0 to 1 (share)"),
    (9, "parameter 'emergence.months' is 2.5; valid is a whole number from 1 to 60"),
    (10, "'policies.4' is 3; it should be text, so quote it"),
    (10, "policy 'sustained_leadershp' is unknown; did you mean 'sustained_leadership'?"),
    (10, "policy 'late' is listed twice; keep one of the two"),
    (12, "lever 'leadership.efort' is unknown; did you mean 'leadership.effort'? 'abm levers' lists them."),
    (13, "lever 'leadership.turnover' is 1,800; valid is 0 to 2 (per year)"),
    (14, "lever 'form.mandate' is a switch and cannot ramp; use a step"),
    (15, "'stp' in the schedule of lever 'payment.gain_share' has no known form; did you mean 'step'?"),
    (16, "'form' is not a key of a step; did you mean 'from'?"),
    (16, "time 'soon' in the schedule of lever 'payment.risk_share' should be years from the start"),
    (17, "lever 'convening.sessions' is 20; valid is 0 to 12 (sessions per year)"),
    (17, "schedule of lever 'convening.sessions' overlaps itself"),
    (18, "schedule of lever 'regulation.system_weight' gives year 0 after year 1; sort the times"),
    (19, "starts at year 12, when the scenario of 8 years from 2014-04 is over; start earlier or lengthen"),
    (20, "lever 'form.takeover_signal' is 'yes', not a number; valid is 0 to 1"),
    (
        21,
        "lever 'leadership.practice_share' is set by 'the scenario' and before it by 'sustained_leadership'",
    ),
    (22, "'replaces' lists 'leadership.development', which 'levers' does not set"),
    (25, "'substeps' is 0; it should be greater than or equal to 1"),
    (26, "'name' is given twice, first on line 1; keep one of the two"),
    (26, "'name' is 'Twice'; valid is lower case"),
    (27, "'levers' is given twice, first on line 11; keep one of the two"),
    (27, "tag '!!python/object/apply:os.system' is not allowed"),
]
LATE = [
    (3, "schedule of lever 'leadership.effort' ends at 2013-01, not after its start at year 2"),
    (4, "schedule of lever 'leadership.practice_share' starts at 2030-01, when the scenario of 8 years"),
    (5, "lever 'leadership.development' is 2; valid is 0 to 1"),
]


def problems_of(reference):
    """Return the problems of a scenario that cannot be loaded."""
    with pytest.raises(InvalidInput) as raised:
        load_scenario(reference)
    return raised.value.problems


def written(folder, text):
    """Write a scenario file."""
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("file", "expected"), [("everything.yaml", EVERYTHING), ("policies/late.yaml", LATE)]
)
def test_everything_that_can_be_wrong_is_reported_at_once_with_its_line(file, expected):
    found = [problem for problem in problems_of(BROKEN / "everything.yaml") if problem.file.endswith(file)]
    assert [problem.line for problem in found] == [line for line, _ in expected]
    for problem, (_, message) in zip(found, expected, strict=True):
        assert message in problem.message
        assert re.match(rf"[^:]*{file}:[0-9]+  ", str(problem))


def test_blocks_that_contradict_each_other_are_reported_beside_other_problems():
    found = [
        problem
        for problem in problems_of(BROKEN / "everything.yaml")
        if "before it by 'late'" in problem.message
    ]
    assert {Path(problem.file).name for problem in found} == {"sustained_leadership.yaml"}


@pytest.mark.parametrize("start", ["2014", "2014-13", "April 2014", "2014-04-01", "04-2014"])
def test_start_is_a_month(tmp_path, start):
    (problem,) = problems_of(written(tmp_path, f"name: mine\nplace: south_somerset\nstart: {start}\n"))
    assert problem.line == 3
    assert "2014-04" in problem.message


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"\x89PNG\r\n\x1a\n\x00", 1, "not UTF-8 text"),
        (b"name: \x00\x01", 1, "is not text"),
        (b"name: [", 1, "is not YAML"),
        (b"name: mine\n\tplace: x\n", 2, "starts with a tab"),
        (b"", None, "is empty"),
        (b"- name: mine\n", 1, "holds a list; it should be a mapping"),
        (b"just text\n", 1, "holds 'just text'; it should be a mapping"),
        (b"name: mine\n", 1, "'place' is missing from this scenario; add it"),
        (b"name: mine\nplace: ../nowhere.yaml\n", 2, "place file '../nowhere.yaml' does not exist"),
        (b"name: mine\nplace: ''\n", 2, "at least 1 character"),
        (
            b"name: mine\nplace: south_somerset\npolicies: convening\n",
            3,
            "is 'convening'; it should be a list",
        ),
        (b"name: mine\nplace: south_somerset\nlevers: 3\n", 3, "should be a mapping from names of levers"),
        (
            b"name: mine\nplace: south_somerset\nparameters: [1]\n",
            3,
            "should be a mapping from names of parameters",
        ),
        (b"name: mine\nplace: south_somerset\nhorizon_years: 1.3\n", 3, "valid is a whole number of months"),
        (b"name: mine\nplace: south_somerset\nhorizon_years: .nan\n", 3, "finite number"),
        (b"name: mine\nplace: south_somerset\nhorizon_years: 1000\n", 3, "less than or equal to 50"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_broken_file_is_one_problem_with_its_line(tmp_path, content, line, message):
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    (problem,) = problems_of(path)
    assert (problem.line, message in problem.message) == (line, True), problem


def test_faults_of_the_place_are_reported_beside_those_of_the_scenario(tmp_path):
    (tmp_path / "places").mkdir()
    text = (shipped_directory() / "places" / "south_somerset.yaml").read_text(encoding="utf-8")
    head, separator, _ = text.partition("\nhospitals:")
    assert separator
    (tmp_path / "places" / "ours.yaml").write_text(f"{head}\nhospitals: []\n", encoding="utf-8")
    found = problems_of(written(tmp_path, "name: mine\nplace: ours\nhorizon_years: 0\n"))
    assert {Path(problem.file).name for problem in found} == {"mine.yaml", "ours.yaml"}
    assert any("hospitals" in problem.message for problem in found)


def test_broken_policy_file_is_reported_beside_the_faults_of_the_scenario(tmp_path):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "torn.yaml").write_text("name: [torn\n", encoding="utf-8")
    found = problems_of(written(tmp_path, "name: mine\nplace: nowhere\npolicies: [torn]\n"))
    assert [Path(problem.file).name for problem in found] == ["mine.yaml", "torn.yaml"]


@pytest.mark.parametrize("name", ["nosuch", "no/such.yaml", "nosuch.yaml", ".", "", "a\0b.yaml"])
def test_scenario_that_does_not_exist_is_a_problem(name):
    assert problems_of(name)


def test_directory_is_no_scenario(tmp_path):
    (tmp_path / "folder.yaml").mkdir()
    (problem,) = problems_of(tmp_path / "folder.yaml")
    assert "is a directory" in problem.message


SCENARIO = (shipped_directory() / "all_levers_high_demand.yaml").read_text(encoding="utf-8").splitlines()
POLICY = (
    (shipped_directory() / "policies" / "whole_system_payment.yaml").read_text(encoding="utf-8").splitlines()
)
DAMAGE = (
    "",
    ":",
    "- x",
    "{",
    "levers: {leadership.effort: {dates: {}}}",
    "  a: 1",
    "!!python/name:os.system x",
    "\t",
    "&a *a",
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
@pytest.mark.parametrize(
    ("load", "lines"), [(load_scenario, SCENARIO), (load_policy, POLICY)], ids=["scenario", "policy"]
)
def test_any_damage_to_a_file_is_harmless_or_reported_as_invalid_input(tmp_path, load, lines, data):
    place = data.draw(st.integers(0, len(lines) - 1))
    kind = data.draw(st.sampled_from(["drop", "repeat", "replace", "cut"]))
    line = lines[place]
    damaged = {
        "drop": [],
        "repeat": [line, line],
        "replace": [data.draw(st.sampled_from(DAMAGE))],
        "cut": [line[: data.draw(st.integers(0, len(line)))]],
    }[kind]
    path = written(tmp_path, "\n".join([*lines[:place], *damaged, *lines[place + 1 :]]))
    try:
        load(path)
    except InvalidInput as error:
        assert all(problem.message and problem.file.endswith("mine.yaml") for problem in error.problems)


@pytest.mark.parametrize("key", ["label", "description"])
@pytest.mark.parametrize("text", ["''", "'  '"])
def test_an_empty_text_for_readers_is_reported_with_all_else(tmp_path, key, text):
    path = written(tmp_path, f"name: mine\n{key}: {text}\nplace: rural\nhorizon_years: 0\n")
    found = [(problem.line, problem.message.partition(";")[0]) for problem in problems_of(path)]
    assert found == [(2, f"'{key}' is {text}"), (4, "'horizon_years' is 0")]


def test_both_values_of_levers_given_twice_are_checked(tmp_path):
    levers = "levers: {leadership.effort: 9}\nlevers:\n  leadership.efort: 1\n"
    found = problems_of(written(tmp_path, f"name: mine\n{levers}"))
    assert [(problem.line, problem.message.partition(";")[0]) for problem in found] == [
        (1, "'place' is missing from this scenario"),
        (2, "lever 'leadership.effort' is 9"),
        (3, "'levers' is given twice, first on line 2"),
        (4, "lever 'leadership.efort' is unknown"),
    ]
