"""A calibration is checked whole before anything runs: its study, what it refers to, and where it is written."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from typer.testing import CliRunner

from abm.analysis.calibration import distance, sample, try_values
from abm.analysis.studyfile import Study, load_study, study_schema
from abm.errors import InvalidInput
from abm.interface.cli.program import app
from abm.policy.catalogue import shipped
from abm.records import dump
from abm.scenarios.library import shipped_directory


def plain():
    """Read the shipped study as plain values."""
    return yaml.safe_load((shipped_directory() / "calibration" / "defaults.yaml").read_text(encoding="utf-8"))


def small():
    """Describe a study that takes a moment."""
    return plain() | {
        "places": ["south_somerset"],
        "replicates": 2,
        "samples": 2,
        "edge_points": 2,
        "targets": plain()["targets"][:1],
        "search": {"trust.gain": [0.05, 0.06]},
    }


def written(folder, values):
    """Write a study."""
    path = folder / "study.yaml"
    path.write_text(dump(values), encoding="utf-8")
    return path


def problems_of(path):
    """Return the problems of a study that is refused."""
    with pytest.raises(InvalidInput) as raised:
        load_study(path)
    return raised.value.problems


def run(*words):
    return CliRunner().invoke(app, ["calibrate", *map(str, words)])


def test_the_shipped_study_is_valid_by_name_and_by_path():
    path = shipped_directory() / "calibration" / "defaults.yaml"
    assert load_study() == load_study(path)
    assert len(sample(load_study())) == load_study().samples


def test_an_unknown_study_names_the_shipped_ones_and_the_nearest():
    result = run("defalts")
    assert result.exit_code == 2
    assert "study 'defalts' is unknown; did you mean 'defaults'? Valid: defaults." in result.stderr


def test_every_problem_of_a_study_is_told_at_once_with_its_line(tmp_path):
    values = plain()
    values["places"] = ["south_somerst", "urban", "urban"]
    values["replicates"] = 0
    values["samples"] = 100
    values["targets"] = [
        {"scenario": "baselin", "label": "a", "low": 0, "high": 1},
        {"scenario": "baseline", "label": "b", "low": 0.5, "high": 0.25, "levers": {"leadership.efort": 1}},
        {
            "scenario": "baseline",
            "label": "c",
            "low": 0,
            "high": 1,
            "levers": {"leadership.effort": {"step": {"at": 30, "to": 1}}},
        },
    ]
    values["search"] = {
        "trust.gain": [0.065, 0.05],
        "trust.los": [0, 1],
        "trust.loss": [0.1, 5],
        "effort.capacity": [1, 2],
        "emergence.months": [1, 12],
        "encounter.base": [1.2],
        "pressure.noise": ["a", 1],
    }
    path = written(tmp_path, values)
    lines = path.read_text(encoding="utf-8").splitlines()
    found = problems_of(path)
    for message, key in (
        ("place 'south_somerst' is unknown; did you mean 'south_somerset'?", "- south_somerst"),
        ("place 'urban' is named twice", "- urban"),
        ("'replicates' is 0", "replicates: 0"),
        (
            "samples is 100; a Sobol sequence is balanced for powers of two only, so give 64 or 128",
            "samples: 100",
        ),
        ("scenario 'baselin' is unknown; did you mean 'baseline'?", "scenario: baselin"),
        ("target is 0.5 to 0.25", "low: 0.5"),
        ("did you mean 'leadership.effort'?", "leadership.efort: 1"),
        ("starts at year 30, when the scenario of 10 years", "leadership.effort:"),
        ("range of 'trust.gain' is 0.065 to 0.05", "trust.gain:"),
        ("parameter 'trust.los' is unknown; did you mean 'trust.loss'?", "trust.los:"),
        ("parameter 'trust.loss' is 5; valid is 0 to 1", "- 5"),
        ("such as 'effort.capacity.acute'", "effort.capacity:"),
        ("'emergence.months' is a whole number", "emergence.months:"),
        ("'search.encounter.base' is a list; it has too few items", "encounter.base:"),
        ("'search.pressure.noise.0' is 'a'", "- a"),
    ):
        (problem,) = [one for one in found if message in one.message]
        assert problem.file.endswith("study.yaml")
        assert key in lines[problem.line - 1], (message, lines[problem.line - 1])
    assert len(found) == 15


def test_faults_of_what_a_study_refers_to_keep_their_own_file(tmp_path):
    (tmp_path / "mine.yaml").write_text("name: mine\nplace: nowhere\n", encoding="utf-8")
    values = small()
    values["targets"][0]["scenario"] = str(tmp_path / "mine.yaml")
    (problem,) = problems_of(written(tmp_path, values))
    assert problem.file.endswith("mine.yaml")
    assert problem.line == 2


def test_a_parameter_that_the_structure_of_a_target_sets_is_refused(tmp_path):
    scenario = "name: mine\nplace: south_somerset\nstructure: {attention: equal}\n"
    (tmp_path / "mine.yaml").write_text(scenario, encoding="utf-8")
    values = small() | {"search": {"attention.need_power": [0.1, 0.2]}}
    values["targets"][0]["scenario"] = str(tmp_path / "mine.yaml")
    (problem,) = problems_of(written(tmp_path, values))
    assert "is also set by 'structure'" in problem.message


def test_a_study_made_in_python_refuses_a_range_that_falls():
    with pytest.raises(ValueError, match="least value first"):
        Study(**(small() | {"search": {"trust.gain": (0.2, 0.1)}}))


def test_a_trial_is_judged_by_how_far_its_shares_miss(tmp_path):
    study = load_study(written(tmp_path, small()))
    trial = try_values(study, {})
    assert trial.standing.shape == (1, 1)
    assert distance(study, trial.standing) == pytest.approx(max(0.0, trial.standing[0, 0] - 0.05))


@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.parametrize(
    ("out", "said"),
    [
        (".", "is a directory; name a file in it"),
        ("nowhere/found.json", "lies in a directory that does not exist"),
        ("x" * 300, "cannot be written"),
        ("study.yaml/found.json", "lies in a directory that does not exist"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_anything_runs(
    tmp_path, monkeypatch, out, said, force
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("abm.interface.terminal.calibration_tables.try_values", None)
    written(tmp_path, small())
    result = run("study.yaml", "--out", out, *force)
    assert result.exit_code == 2, result.output
    assert f"--out  '{out}' {said}" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["study.yaml"]


def test_a_directory_that_refuses_is_found_out_before_anything_runs(tmp_path, monkeypatch):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("abm.interface.terminal.calibration_tables.try_values", None)
    monkeypatch.setattr("abm.files.destination.tempfile.TemporaryDirectory", refuse)
    result = run("--out", tmp_path / "found.json")
    assert result.exit_code == 2
    assert (
        "cannot be written (Permission denied); name a file in a directory in which you may write"
        in result.stderr
    )


def test_what_was_found_is_written_and_kept_unless_forced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, small())
    words = ("study.yaml", "--search", "--workers", "1", "--out", "found.json")
    result = run(*words)
    assert result.exit_code == 0, result.output
    found = json.loads(Path("found.json").read_text(encoding="utf-8"))
    assert len(found["trials"]) == 2
    assert "'found.json' exists" in run(*words).stderr
    assert run("study.yaml", "--out", "found.json", "--force").exit_code == 0
    assert "defaults" in json.loads(Path("found.json").read_text(encoding="utf-8"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["found.json", "study.yaml"]


def test_faults_of_study_file_and_numbers_are_told_together(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = run("nosuch", "--workers", "1.5", "--out", ".").stderr
    for told in (
        "3 problems",
        "study 'nosuch'",
        "--workers  found '1.5'; give a whole number from 1",
        "--out  '.'",
    ):
        assert told in said


def test_the_shipped_study_satisfies_the_schema_for_editors():
    schema = study_schema(shipped())
    jsonschema.Draft202012Validator.check_schema(schema)
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(plain())) == []


@pytest.mark.parametrize(
    "change",
    [
        {"search": {"trust.gian": [0.0, 1.0]}},
        {"search": {"trust.gain": [0.0, 3.0]}},
        {"search": {"trust.gain": [0.1]}},
        {"search": {"effort.capacity": [1.0, 2.0]}},
        {"search": {"emergence.months": [1, 12]}},
        {"targets": [plain()["targets"][0] | {"levers": {"leadership.efort": 1}}]},
        {"replicates": 0},
        {"place": "rural"},
    ],
)
def test_the_schema_of_a_study_refuses_what_reading_one_refuses(change, tmp_path):
    values = plain() | change
    assert list(jsonschema.Draft202012Validator(study_schema(shipped())).iter_errors(values))
    with pytest.raises(InvalidInput):
        load_study(written(tmp_path, values))
