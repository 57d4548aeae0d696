"""An experiment file is checked whole, with all that it names, before anything is run."""

from __future__ import annotations

import jsonschema
import pytest

from abm.errors import InvalidInput
from abm.records import Document
from abm.scenarios.library import experiment_names, shipped_directory
from abm.submodels.quantities import levers
from abm.sweeps.design.design import DESIGNS
from abm.sweeps.design.sweepbase import Roles
from abm.sweeps.plan.experimentfile import experiment_schema, load_experiment
from tests.unit.sweeping import TINY, experiment, file_of


def refusal(folder, **changes):
    with pytest.raises(InvalidInput) as caught:
        experiment(folder, **changes)
    return str(caught.value)


@pytest.mark.parametrize("name", experiment_names())
def test_a_shipped_experiment_is_valid_documented_and_small(name):
    loaded = load_experiment(name)
    record = loaded.record
    assert record.name == name
    assert record.label and len(record.description) > 100
    assert record.points.count * record.replicates * len(loaded.bases) <= 1000
    assert set(loaded.measures) <= {measure.name for measure in loaded.bases[0].measures}


def test_there_are_shipped_experiments_of_many_designs():
    kinds = {load_experiment(name).record.points.name for name in experiment_names()}
    assert {"full_factorial", "one_at_a_time", "saltelli", "latin_hypercube", "morris"} <= kinds


def test_every_lever_is_in_the_shipped_experiment_that_names_itself_so():
    assert set(load_experiment("every_lever_alone").record.points.dimensions) == set(levers())


@pytest.mark.parametrize("name", experiment_names())
def test_a_shipped_experiment_meets_the_schema_for_editors(name):
    data = Document.read(shipped_directory() / "experiments" / f"{name}.yaml").data
    jsonschema.validate(data, experiment_schema())


def test_the_schema_refuses_what_is_no_key():
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**TINY, "replicate": 1}, experiment_schema())


def test_all_problems_are_told_at_once_with_their_lines(tmp_path):
    told = refusal(
        tmp_path,
        scenarios=["baselin"],
        design={"sobol": {"points": 3}},
        replicates=0,
        months={"every": 0},
        precision="half",
        most_failed=2,
        horizon_years=0.3,
    )
    for line, words in (
        (3, "did you mean 'baseline'?"),
        (15, "give 2 or 4"),
        (16, "'replicates' is 0"),
        (17, "'horizon_years' is 0.3"),
        (19, "'months.every' is 0"),
        (20, "'precision' is 'half'"),
        (21, "'most_failed' is 2"),
    ):
        assert f"tiny.yaml:{line}  " in told, (line, told)
        assert words in told


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"levers": {"leadership.efort": [1]}}, "did you mean 'leadership.effort'?"),
        ({"levers": {"leadership.effort": [0.5, 1.5]}}, "is 1.5; valid is 0 to 1"),
        ({"levers": {"leadership.effort": {"range": [0, 2]}}}, "is 2; valid is 0 to 1"),
        ({"levers": {"leadership.effort": {"values": [1], "at": 1}}}, "'at' is year 1 of 1"),
        ({"levers": {"form.mandate": {"range": [0, 1]}}}, "is a switch; list its values"),
        ({"levers": {"leadership.effort": {"options": {"x": {"stp": 1}}}}}, "'stp' in the schedule"),
        ({"levers": {"leadership.effort": {"options": {"x": 1}, "at": 0.5}}}, "leave 'at' out"),
        (
            {"levers": {"leadership.effort": {"options": {"x": {"step": {"at": 9, "to": 1}}}}}},
            "leadership.effort",
        ),
        ({"levers": {"trust.gain": [0.1]}, "uncertainties": None}, "put it under 'uncertainties'"),
        ({"uncertainties": {"trust.gian": [0.1]}}, "did you mean 'trust.gain'?"),
        (
            {"uncertainties": {"trust.gain": {"values": [0.1], "at": 0.5}}},
            "an uncertainty holds from the start",
        ),
        ({"uncertainties": {"trust.gain": {"options": {"x": 0.1}}}}, "a parameter takes numbers"),
        ({"uncertainties": {"trust.gain": {"distribution": {"norm": {"loc": 0.05}}}}}, "cut it with 'within"),
        ({"uncertainties": {"trust.rule": {"range": [0, 1]}}}, "whole"),
        ({"uncertainties": {"effort.capacity": [1]}}, "'effort.capacity.acute'"),
        ({"uncertainties": {"leadership.effort": [0.2]}}, "is under 'levers' too"),
        ({"measures": ["trust", "trst"]}, "did you mean 'trust'?"),
        ({"measures": ["trust", "trust"]}, "is named twice"),
        ({"scenarios": ["baseline", "baseline"]}, "is named twice"),
        ({"scenarios": []}, "it should hold at least 1 item"),
        ({"design": "full_factoria"}, "did you mean 'full_factorial'?"),
        ({"design": {}}, "names no design"),
        ({"design": "sobol"}, "'points' is missing"),
        ({"design": {"sobol": {"points": 2}, "random": {"points": 2}}}, "names random and sobol"),
        ({"design": None}, "'design' is missing"),
        (
            {"design": "list", "uncertainties": None, "levers": {"leadership.effort": {"range": [0, 1]}}},
            "list them",
        ),
        ({"horizon_years": 0.05}, "whole number of months"),
    ],
)
def test_what_is_wrong_is_told_with_what_is_valid(tmp_path, changes, words):
    assert words in refusal(tmp_path, **changes)


def test_a_file_that_is_not_there_is_told_with_the_names_there_are():
    with pytest.raises(InvalidInput, match="did you mean 'headline_levers'"):
        load_experiment("headline_lever")


def test_a_lever_may_be_an_uncertainty(tmp_path):
    loaded = experiment(tmp_path, uncertainties={"pressure.demand_growth": {"range": [0, 0.05]}})
    scenario = loaded.bases[0].at({"pressure.demand_growth": 0.05}, roles(loaded))
    assert scenario.lever_table()[0][[*levers()].index("pressure.demand_growth")] == 0.05


def test_a_lever_steps_to_its_value_in_the_year_that_is_named(tmp_path):
    loaded = experiment(tmp_path, levers={"leadership.effort": {"values": [0.8], "at": 0.5}})
    table = loaded.bases[0].at({"leadership.effort": 0.8}, roles(loaded)).lever_table()
    column = table[:, [*levers()].index("leadership.effort")]
    assert column.tolist() == [0.15] * 6 + [0.8] * 6


def test_an_option_stands_for_the_setting_that_it_names(tmp_path):
    pulse = {"pulse": {"start": 0.25, "end": 0.5, "to": 0.9}}
    loaded = experiment(tmp_path, levers={"leadership.effort": {"options": {"burst": pulse, "none": 0.15}}})
    table = loaded.bases[0].at({"leadership.effort": "burst"}, roles(loaded)).lever_table()
    column = table[:, [*levers()].index("leadership.effort")]
    assert column.tolist() == [0.15] * 3 + [0.9] * 3 + [0.15] * 6


def test_a_scenario_is_looked_for_beside_the_file_first(tmp_path):
    text = (shipped_directory() / "baseline.yaml").read_text(encoding="utf-8")
    own = text.replace("place: south_somerset", "place: rural")
    (tmp_path / "baseline.yaml").write_text(own, encoding="utf-8")
    assert load_experiment(file_of(tmp_path)).bases[0].scenario.place.stem == "rural"


def roles(loaded):
    described = loaded.record.points.described()
    return Roles(described["levers"], described["uncertainties"])


def test_every_design_has_a_description_in_the_schema():
    properties = experiment_schema()["$defs"]["Choice"]["anyOf"][0]["properties"]
    assert set(properties) == set(DESIGNS)
    assert all(entry["description"] for entry in properties.values())
