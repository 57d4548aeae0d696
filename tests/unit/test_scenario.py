"""Scenarios: what is shipped, how files compose, and what decides the content hash."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pickle
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from abm.errors import AbmError, InvalidInput
from abm.policy.schedule import Constant, Step
from abm.records import Document, dump
from abm.scenarios import library
from abm.scenarios.canonical import PLACE_TEXTS
from abm.scenarios.scenario import (
    Scenario,
    json_schema,
    load_policy,
    load_scenario,
    parse_setting,
    parse_settings,
    place_names,
    policy_names,
    scenario_names,
    shipped_directory,
)
from abm.submodels.quantities import flat_names, lever_names, levers, parameters
from abm.world.place_loading import load_place, place_content

CONTENT = ("horizon_years", "levers", "parameters", "start", "substeps")
SOURCES = ("KF15", "BMJ15", "FCN14", "ST14", "NHE14")
LEADERSHIP = {"leadership.effort": 0.8, "leadership.practice_share": 0.5}
CONTRACT = {"contracting.flexibility": 0.9}
DIALOGUE = {"competition.strictness": 0.15, "competition.dialogue_protection": 0.5}
SYSTEM = {
    "payment.activity_share": 0.3,
    "payment.gain_share": 0.5,
    "payment.budget_horizon": 5.0,
    "regulation.system_weight": 0.8,
    "convening.sessions": 6.0,
    "leadership.development": 0.8,
}
SHIPPED = {
    "baseline": {},
    "sustained_leadership": LEADERSHIP,
    "leadership_with_flexibility": LEADERSHIP | CONTRACT,
    "leadership_with_dialogue": LEADERSHIP | DIALOGUE,
    "reform_alone": CONTRACT | DIALOGUE,
    "leadership_with_reform": LEADERSHIP | CONTRACT | DIALOGUE,
    "all_levers": LEADERSHIP | CONTRACT | DIALOGUE | SYSTEM,
    "all_levers_high_demand": LEADERSHIP | CONTRACT | DIALOGUE | SYSTEM | {"pressure.demand_growth": 0.05},
}


def write(folder, name, text):
    """Write a scenario file and give its path."""
    path = folder / f"{name}.yaml"
    path.write_text(f"name: {name}\nplace: south_somerset\n{text}", encoding="utf-8")
    return path


def test_the_shipped_scenarios_are_those_that_the_tests_know():
    assert set(SHIPPED) <= set(scenario_names())
    assert {"south_somerset"} <= set(place_names())


@pytest.mark.parametrize(("name", "settings"), SHIPPED.items(), ids=SHIPPED)
def test_shipped_scenario_sets_its_levers_from_the_second_year_on(name, settings):
    scenario = load_scenario(name)
    assert (scenario.name, scenario.place.stem, scenario.months) == (name, "south_somerset", 120)
    assert (scenario.start, scenario.substeps, scenario.steps) == ("2014-04", 1, 120)
    table = scenario.lever_table()
    for column, lever in enumerate(levers().values()):
        before, after = table[:12, column], table[12:, column]
        expected = settings.get(lever.name, lever.default)
        early = expected if lever.name == "pressure.demand_growth" else lever.default
        assert (before == early).all()
        assert (after == expected).all()
    for lever_name, dose in scenario.dose().items():
        assert (dose != 0) == (lever_name in settings)


@pytest.mark.parametrize("name", scenario_names())
def test_shipped_scenario_says_what_it_represents_its_source_and_what_is_assumed(name):
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario.label
    assert len(scenario.description) > 100
    assert any(source in scenario.source for source in SOURCES)
    assert scenario.assumptions


@pytest.mark.parametrize("name", policy_names())
def test_shipped_policy_says_what_it_represents_and_its_source(name):
    block = load_policy(name)
    assert block.name == name
    assert block.label
    assert len(block.description) > 50
    assert any(source in block.source for source in SOURCES)
    assert block.evidence
    assert block.levers


def test_names_are_found_from_any_directory_and_files_by_path(tmp_path, monkeypatch):
    expected = load_scenario("baseline").content_hash
    by_path = shipped_directory() / "baseline.yaml"
    monkeypatch.chdir("/")
    assert load_scenario("baseline").content_hash == expected
    monkeypatch.chdir(tmp_path)
    (tmp_path / "baseline.yaml").write_text(by_path.read_text(encoding="utf-8"), encoding="utf-8")
    assert load_scenario("baseline.yaml").content_hash == expected
    assert load_scenario("./baseline.yaml").content_hash == expected
    assert load_scenario(by_path).content_hash == expected


def test_shipped_files_are_those_inside_an_installed_package_first(tmp_path, monkeypatch):
    package = tmp_path / "abm"
    monkeypatch.setattr(library, "__file__", str(package / "scenarios" / "library.py"))
    with pytest.raises(AbmError, match="reinstall abm"):
        library.shipped_directory()
    (tmp_path / "scenarios" / "policies").mkdir(parents=True)
    assert library.shipped_directory() == tmp_path / "scenarios"
    (package / "library" / "policies").mkdir(parents=True)
    assert library.shipped_directory() == package / "library"


def test_places_and_policies_beside_a_scenario_come_before_shipped_ones(tmp_path):
    (tmp_path / "policies").mkdir()
    (tmp_path / "places").mkdir()
    policy = "name: convening\nlevers: {convening.sessions: 2}\n"
    (tmp_path / "policies" / "convening.yaml").write_text(policy, encoding="utf-8")
    place = (shipped_directory() / "places" / "south_somerset.yaml").read_text(encoding="utf-8")
    (tmp_path / "places" / "south_somerset.yaml").write_text(place, encoding="utf-8")
    scenario = load_scenario(write(tmp_path, "mine", "policies: [convening]\n"))
    assert scenario.policy.settings["convening.sessions"] == Constant(2.0)
    assert scenario.place.parent == tmp_path.resolve() / "places"


def test_policies_may_be_paths_relative_to_the_scenario(tmp_path, monkeypatch):
    (tmp_path / "blocks").mkdir()
    (tmp_path / "blocks" / "mine.yaml").write_text(
        "name: other\nlevers: {convening.sessions: 2}\n", encoding="utf-8"
    )
    path = write(tmp_path, "mine", "policies: [blocks/mine.yaml, flexible_contract]\n")
    monkeypatch.chdir("/")
    assert load_scenario(path).policies == ("other", "flexible_contract")


def test_scenario_composes_overrides_blocks_and_own_levers(tmp_path):
    text = (
        "parameters:\n  effort.capacity: {practice: 30}\n  trust.gain: 0.06\n"
        "policies: [sustained_leadership]\n"
        "levers:\n  leadership.effort: {pulse: {start: 2016-04, end: 3, to: 1}}\n  payment.gain_share: 0.4\n"
        "replaces: [leadership.effort]\nhorizon_years: 4.5\nsubsteps: 2\n"
    )
    scenario = load_scenario(write(tmp_path, "mine", text))
    assert dict(scenario.parameters) == {"effort.capacity.practice": 30.0, "trust.gain": 0.06}
    assert tuple(scenario.parameter_values) == flat_names()
    assert scenario.parameter_values["effort.capacity.practice"] == 30.0
    assert (scenario.months, scenario.steps, scenario.label) == (54, 108, "mine")
    assert list(scenario.levers) == ["leadership.effort", "payment.gain_share"]
    effort = scenario.lever_table()[:, lever_names().index("leadership.effort")]
    assert np.flatnonzero(effort == 1).tolist() == list(range(24, 36))


def test_own_levers_that_contradict_a_block_are_an_error_with_the_line(tmp_path):
    path = write(tmp_path, "mine", "policies: [sustained_leadership]\nlevers:\n  leadership.effort: 1\n")
    with pytest.raises(InvalidInput) as raised:
        load_scenario(path)
    (problem,) = raised.value.problems
    assert problem.line == 5
    assert "list it under 'replaces' of 'the scenario'" in problem.message


def test_scenario_is_frozen_hashable_and_travels_between_processes():
    scenario = load_scenario("leadership_with_reform")
    with pytest.raises(dataclasses.FrozenInstanceError):
        scenario.horizon_years = 3
    with pytest.raises(TypeError):
        scenario.parameters["trust.gain"] = 1
    copy = pickle.loads(pickle.dumps(scenario))
    assert copy == scenario
    assert hash(copy) == hash(scenario)
    assert copy.content_hash == scenario.content_hash


def test_changes_give_new_scenarios_and_leave_the_old_one_alone():
    scenario = load_scenario("baseline")
    before = scenario.content_hash
    capacity = parameters()["effort.capacity"].default
    changed = {
        scenario.with_levers({"leadership.effort": 0.8}).content_hash,
        scenario.with_levers({"leadership.effort": {"step": {"at": 1, "to": 0.8}}}).content_hash,
        scenario.with_parameters({"trust.gain": parameters()["trust.gain"].default + 0.01}).content_hash,
        scenario.with_parameters({"effort.capacity": {"acute": capacity["acute"] + 1}}).content_hash,
        scenario.with_horizon(5).content_hash,
        scenario.with_place("rural").content_hash,
        dataclasses.replace(scenario, substeps=2).content_hash,
        dataclasses.replace(scenario, start="2015-04").content_hash,
    }
    assert len(changed - {before}) == 8
    assert load_scenario("baseline").content_hash == before == scenario.content_hash


def test_names_and_texts_do_not_decide_the_hash_and_defaults_spelled_out_neither():
    scenario = load_scenario("baseline")
    other = dataclasses.replace(
        scenario, name="other", label="x", description="y", source="z", assumptions="a"
    )
    assert other.content_hash == scenario.content_hash
    spelled = scenario.with_levers({"leadership.effort": levers()["leadership.effort"].default})
    spelled = spelled.with_parameters({"trust.gain": parameters()["trust.gain"].default})
    assert spelled.content_hash == scenario.content_hash


def test_hash_follows_the_content_of_the_place_file(tmp_path):
    text = (shipped_directory() / "places" / "south_somerset.yaml").read_text(encoding="utf-8")
    place = tmp_path / "copy.yaml"
    place.write_text("# only a comment\n" + text, encoding="utf-8")
    scenario = load_scenario("baseline")
    assert scenario.with_place(place).content_hash == scenario.content_hash
    assert text.count("seed: ") == 1
    place.write_text(text.replace("seed: ", "seed: 1"), encoding="utf-8")
    assert scenario.with_place(place).content_hash != scenario.content_hash


def reworded(value):
    """Write other texts for readers into the content of a place file."""
    if isinstance(value, dict):
        told = {"name", "label", "description", "source"}
        return {key: f"{one} anew" if key in told else reworded(one) for key, one in value.items()}
    return [reworded(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", ["south_somerset", "somerset"])
def test_texts_and_names_of_a_place_file_decide_neither_the_hash_nor_the_place(tmp_path, name):
    shipped_file = shipped_directory() / "places" / f"{name}.yaml"
    content = Document.read(shipped_file).data
    file = tmp_path / "reworded.yaml"
    file.write_text(dump(reworded(content) | {"name": "anew"}), encoding="utf-8")
    scenario = load_scenario("baseline").with_place(name)
    other = scenario.with_place(file)
    assert other.content_hash == scenario.content_hash
    assert other.resolved()["place"] != scenario.resolved()["place"] == content
    first, second = load_place(shipped_file), load_place(file)
    assert second.organisation_name != first.organisation_name
    for field in dataclasses.fields(first):
        value = getattr(first, field.name)
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, getattr(second, field.name))


def test_hash_is_the_same_under_any_hash_seed():
    code = "from abm.scenarios.scenario import load_scenario; print(load_scenario('all_levers').content_hash)"
    hashes = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])},
        ).stdout
        for seed in ("0", "1")
    }
    assert hashes == {load_scenario("all_levers").content_hash + "\n"}


def test_resolved_scenario_is_plain_and_complete():
    resolved = load_scenario("leadership_with_reform").resolved()
    assert json.loads(json.dumps(resolved)) == resolved
    assert tuple(resolved["parameters"]) == flat_names()
    assert tuple(resolved["levers"]) == lever_names()
    assert resolved["levers"]["leadership.effort"] == {"step": {"at": 1.0, "to": 0.8, "from": 0.15}}
    assert resolved["doses"]["leadership.effort"] == pytest.approx(0.65 * 9)
    assert resolved["place"]["name"] == "south_somerset"
    assert str(shipped_directory()) not in json.dumps(resolved)


def test_with_levers_replaces_any_setting_and_reports_every_fault():
    scenario = load_scenario("sustained_leadership")
    changed = scenario.with_levers({"leadership.effort": 0.3, "payment.gain_share": Step("2016-04", 0.5)})
    assert changed.policy.settings["leadership.effort"] == Constant(0.3)
    assert changed.policy.settings["payment.gain_share"] == Step(2.0, 0.5, 0.2)
    assert (
        changed.policy.settings["leadership.practice_share"]
        == scenario.policy.settings["leadership.practice_share"]
    )
    with pytest.raises(InvalidInput) as raised:
        scenario.with_levers({"leadership.efort": 0.3, "payment.gain_share": 3})
    assert len(raised.value.problems) == 2
    with pytest.raises(InvalidInput, match="is over"):
        scenario.with_levers({"leadership.effort": {"step": {"at": 10, "to": 1}}})


def test_with_parameters_adds_to_overrides_and_the_last_value_counts():
    scenario = load_scenario("baseline").with_parameters(
        {"trust.gain": 0.06, "effort.capacity": {"acute": 1}}
    )
    changed = scenario.with_parameters({"trust.gain": 0.07})
    assert dict(changed.parameters) == {"effort.capacity.acute": 1.0, "trust.gain": 0.07}
    with pytest.raises(InvalidInput, match="'trust.gian' is unknown"):
        scenario.with_parameters({"trust.gian": 0.1})


@pytest.mark.parametrize("horizon", [0, -1, 51, 0.01, 2.03, "ten", True, float("nan")])
def test_horizon_is_a_whole_number_of_months_in_years(horizon):
    with pytest.raises(InvalidInput, match="valid is a whole number of months"):
        load_scenario("baseline").with_horizon(horizon)


def test_horizon_may_not_end_before_a_schedule_starts():
    scenario = load_scenario("sustained_leadership")
    assert scenario.with_horizon(13 / 12).months == 13
    with pytest.raises(InvalidInput, match="starts at year 1, when the scenario of 1 years"):
        scenario.with_horizon(1)


@pytest.mark.parametrize(
    "call", [load_scenario, load_policy, lambda name: load_scenario("baseline").with_place(name)]
)
def test_unknown_names_suggest_the_nearest(call):
    name = {load_scenario: "basline", load_policy: "convenin"}.get(call, "south_somerst")
    with pytest.raises(InvalidInput, match="is unknown; did you mean '"):
        call(name)


def test_settings_of_the_command_line_take_any_form_of_a_schedule():
    assert parse_setting("leadership.effort=0.8") == ("leadership.effort", Constant(0.8))
    assert parse_setting(" form.mandate = true ") == ("form.mandate", Constant(1.0))
    name, schedule = parse_setting("leadership.effort={step: {at: 2016-04, to: 0.8}}")
    assert (name, schedule) == ("leadership.effort", Step("2016-04", 0.8))
    scenario = load_scenario("baseline").with_levers(
        parse_settings(["leadership.effort=1", "payment.gain_share=.4"])
    )
    assert scenario.policy.settings["payment.gain_share"] == Constant(0.4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("leadership.efort=0.8", "did you mean 'leadership.effort'? 'abm levers' lists them."),
        ("leadership.effort=8", "is 8; valid is 0 to 1"),
        ("leadership.effort", "is not LEVER=VALUE"),
        ("leadership.effort=", "is not LEVER=VALUE"),
        ("leadership.effort={", "is not YAML"),
        ("leadership.effort=!!python/name:os.system x", "is not allowed"),
        ("trust.gain=0.1", "is a parameter, not a lever"),
        ("effort.capacity.acute=3", "is a parameter, not a lever"),
    ],
)
def test_faulty_setting_of_the_command_line_is_a_problem(text, message):
    with pytest.raises(InvalidInput) as raised:
        parse_setting(text)
    assert any(
        message in str(problem) and problem.file.startswith("--set") for problem in raised.value.problems
    )


def test_all_faulty_settings_of_the_command_line_are_reported_together():
    with pytest.raises(InvalidInput) as raised:
        parse_settings(["leadership.effort=8", "leadership.effort=0.5", "leadership.effort=0.6", "x=1"])
    assert len(raised.value.problems) == 3


@pytest.mark.parametrize("kind", ["scenario", "policy", "place"])
def test_shipped_files_satisfy_the_schema_for_editors(kind):
    schema = json_schema(kind)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    folder = shipped_directory() / {"scenario": ".", "policy": "policies", "place": "places"}[kind]
    files = sorted(folder.glob("*.yaml"))
    assert files
    for path in files:
        assert [error.message for error in validator.iter_errors(Document.read(path).data)] == []


@pytest.mark.parametrize(
    "change",
    [
        {"levers": {"leadership.efort": 0.8}},
        {"levers": {"leadership.effort": 1.8}},
        {"levers": {"leadership.effort": {"step": {"at": 1}}}},
        {"levers": {"form.mandate": 0.5}},
        {"levers": {"form.mandate": {"ramp": {"start": 1, "end": 2, "to": 1}}}},
        {"parameters": {"trust.gain": 2}},
        {"parameters": {"effort.capacity": {"acut": 3}}},
        {"horizon_years": 0},
        {"start": "2014"},
        {"place": 3},
        {"polices": []},
    ],
    ids=str,
)
def test_schema_refuses_what_loading_refuses(change):
    validator = jsonschema.Draft202012Validator(json_schema("scenario"))
    valid = {
        "name": "mine",
        "place": "south_somerset",
        "levers": {"leadership.effort": {"dates": {"2016-04": 0.8}}},
    }
    assert validator.is_valid(valid)
    assert not validator.is_valid(valid | change)


def test_unknown_kind_of_schema_is_an_error():
    with pytest.raises(ValueError, match="valid: scenario, policy, place"):
        json_schema("run")


def test_scenario_can_be_built_in_python():
    place = shipped_directory() / "places" / "south_somerset.yaml"
    scenario = Scenario(name="mine", place=place)
    assert scenario.content_hash == load_scenario("baseline").content_hash


@pytest.mark.parametrize("name", scenario_names())
def test_the_hash_is_that_of_all_content_as_canonical_json(name):
    case = load_scenario(name)
    if not case.structure:
        case = case.with_structure({"trust": "kim"})
    case = case.with_parameters({"pressure.base": 0.5, "effort.capacity.acute": 3}).with_levers(
        {"form.mandate": True}
    )
    place = without_texts(place_content(case.place))
    content = {key: value for key, value in case.resolved().items() if key in CONTENT}
    text = json.dumps({**content, "place": place}, sort_keys=True, separators=(",", ":"))
    assert case.content_hash == hashlib.sha256(text.encode()).hexdigest()


def without_texts(content):
    """Leave out of a place's file what decides no result."""
    if isinstance(content, dict):
        return {key: without_texts(value) for key, value in content.items() if key not in PLACE_TEXTS}
    return [without_texts(item) for item in content] if isinstance(content, list) else content
