"""Levers and parameters: claims about the data, one record each."""

from __future__ import annotations

import subprocess
import sys

import pytest

from abm.core.quantities.lever import Lever
from abm.core.quantities.parameter import Parameter
from abm.errors import InvalidInput
from abm.policy.catalogue import parameter_values
from abm.records import Document, check
from abm.scenarios.scenario import load_scenario, scenario_names
from abm.submodels.quantities import flat_names, lever_names, levers, parameters
from abm.submodels.shipped import theory
from abm.world.vocabulary import INDICES, VOCABULARY

EVIDENCE = {f"E{number:02}" for number in range(1, 28)}
RECORDS = [*levers().values(), *parameters().values()]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: f"{record.kind}-{record.name}")
def test_record_is_documented_and_its_bounds_hold_its_default(record):
    low, high = record.bounds
    defaults = record.flat_defaults.values() if isinstance(record, Parameter) else [record.default]
    assert all(low <= default <= high for default in defaults)
    assert record.description.endswith(".")
    assert not record.label.endswith(".")
    assert record.evidence
    assert set(record.evidence) <= EVIDENCE
    assert len(set(record.evidence)) == len(record.evidence)


@pytest.mark.parametrize("parameter", parameters().values(), ids=lambda parameter: parameter.name)
def test_parameter_has_source_and_grade_and_only_assumptions_are_tuned(parameter):
    assert len(parameter.source) > len("Assumption")
    assert parameter.grade in ("measured", "published", "assumed")
    if parameter.tuned:
        assert parameter.grade == "assumed"
    if parameter.source.startswith("Assumption"):
        assert parameter.grade == "assumed"


@pytest.mark.parametrize("lever", levers().values(), ids=lambda lever: lever.name)
def test_lever_test_names_a_shipped_scenario_a_measure_and_valid_settings(lever):
    assert lever.test.context in scenario_names()
    assert lever.test.measure in {measure.name for measure in theory().measures}
    assert lever.complaint(lever.test.low) is None
    assert lever.complaint(lever.test.high) is None
    for name, value in lever.test.with_.items():
        assert name != lever.name
        assert levers()[name].complaint(value) is None
    load_scenario(lever.test.context).with_levers({**lever.test.with_, lever.name: lever.test.high})


def test_every_pattern_of_evidence_that_concerns_this_model_is_named_by_some_record():
    named = {evidence for record in RECORDS for evidence in record.evidence}
    assert {"E01", "E03", "E06", "E07", "E08", "E09", "E15", "E19"} <= named


def test_names_are_distinct_and_levers_are_no_parameters():
    assert len(set(flat_names())) == len(flat_names())
    assert not set(lever_names()) & {*flat_names(), *parameters()}
    assert not {lever.label for lever in levers().values()} & {item.label for item in parameters().values()}


def test_names_of_a_group_stand_together():
    assert lever_names() == tuple(levers())
    for names in (lever_names(), tuple(parameters())):
        groups = [name.partition(".")[0] for name in names]
        assert groups == sorted(groups)
    capacity = tuple(name for name in flat_names() if name.startswith("effort.capacity."))
    assert capacity == tuple(f"effort.capacity.{kind}" for kind in INDICES["organisation_kind"])


def test_records_cannot_be_changed():
    with pytest.raises(TypeError):
        levers()["new"] = levers()["leadership.effort"]
    with pytest.raises(TypeError):
        parameters()["new"] = parameters()["trust.gain"]
    with pytest.raises(ValueError, match="frozen"):
        levers()["leadership.effort"].default = 1.0


def test_parameter_values_take_overrides_by_element_or_by_mapping():
    values = parameter_values(
        {"effort.capacity": {"practice": 30}, "effort.capacity.acute": 10, "trust.gain": 0.2}
    )
    assert tuple(values) == flat_names()
    assert values["effort.capacity.practice"] == 30
    assert values["effort.capacity.acute"] == 10
    assert values["effort.capacity.community"] == parameters()["effort.capacity"].default["community"]
    assert values["trust.gain"] == 0.2
    assert parameter_values()["trust.gain"] == parameters()["trust.gain"].default


def test_every_fault_of_parameter_overrides_is_reported():
    overrides = {
        "trust.gian": 0.1,
        "trust.loss": 2,
        "effort.capacity": {"acut": 3, "acute": 4},
        "effort.capacity.acute": 5,
        "contact.barrier_weight": 0.3,
        "emergence.months": 2.5,
        "trust.base": True,
    }
    with pytest.raises(InvalidInput) as raised:
        parameter_values(overrides)
    told = "\n".join(problem.message for problem in raised.value.problems)
    for expected in (
        "parameter 'trust.gian' is unknown; did you mean 'trust.gain'? 'abm parameters' lists them.",
        "parameter 'trust.loss' is 2; valid is 0 to 1 (share)",
        "parameter 'effort.capacity' has no element 'acut'; did you mean 'acute'?",
        "parameter 'effort.capacity.acute' is given twice",
        "parameter 'contact.barrier_weight' is 0.3; valid is a mapping",
        "parameter 'emergence.months' is 2.5; valid is a whole number from 1 to 60 (months)",
        "parameter 'trust.base' is true, not a number",
    ):
        assert expected in told


LEVER = """
name: a.lever
label: A lever
description: It moves.
unit: share
bounds: {bounds}
default: {default}
mechanism: contact
writes: meetings
equation: x
evidence: [{evidence}]
test: {{direction: {direction}, measure: trust, context: baseline, low: {low}, high: 1}}
"""


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        ({"bounds": "[1, 0]"}, 6, "the first is the lower"),
        ({"default": 2}, 7, "lever 'a.lever' is 2; valid is 0 to 1 (share)"),
        ({"evidence": "E28"}, 11, "'evidence.0' is 'E28'; valid is E01 to E27"),
        ({"direction": "moves"}, 12, "it should be 'rises' or 'falls'"),
        ({"low": 1}, 12, "should rise from low to high"),
    ],
)
def test_faulty_lever_record_is_refused(change, line, message):
    fields = {"bounds": "[0, 1]", "default": 0, "evidence": "E01", "direction": "rises", "low": 0, **change}
    lever, problems = check(Document.parse(LEVER.format(**fields), "levers.yaml"), Lever)
    assert lever is None
    assert [(problem.line, message in problem.message) for problem in problems] == [(line, True)]


PARAMETER = """
name: a.parameter
label: A parameter
description: It stands.
unit: share
bounds: [0, 1]
mechanism: trust
grade: assumed
source: An assumption.
evidence: [E01]
default: {default}
index: {index}
"""


@pytest.mark.parametrize(
    ("default", "index", "message"),
    [
        ("0.5", "organisation_kind", "one value for each of acute"),
        ("{acute: 1}", "organisation_kind", "one value for each of acute"),
        ("{acute: 1}", "null", "a single number"),
        ("{acute: 1}", "tie_knid", "which is unknown; did you mean 'tie_kind'?"),
        (
            "{community: 1, acute: 1, commissioner: 1, practice: 1, local_authority: 1}",
            "organisation_kind",
            "should have the order acute, community",
        ),
        ("3", "null", "is 3; valid is 0 to 1"),
    ],
)
def test_faulty_parameter_record_is_refused(default, index, message):
    text = PARAMETER.format(default=default, index=index)
    parameter, problems = check(Document.parse(text, "parameters.yaml"), Parameter, context=VOCABULARY)
    assert parameter is None
    assert [message in problem.message for problem in problems] == [True]


def test_listing_levers_imports_nothing_slow():
    code = (
        "import sys, abm.submodels.quantities as module; module.levers(), module.parameters();"
        "print(sorted({'mesa', 'numba', 'scipy', 'pandas', 'networkx', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
