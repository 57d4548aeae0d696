"""To check or list what a file names runs nothing of it; only what simulates, or is asked to, runs code."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from abm.interface.cli.program import app
from abm.scenarios.extensionfile import load_extensions
from abm.scenarios.extensiontext import NotRun, read_unrun
from abm.scenarios.scenario import load_scenario

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "guides" / "examples"
PEERS = EXAMPLES / "peer_support.py"

TRAP = "from pathlib import Path\nPath('RAN').touch()\n"
"""Leaves a file behind: in the folder that the tests work in, wherever the code is run."""
EXTENSION = (
    TRAP
    + """
from abm.extension import Submodel, lever, mechanism
submodel = Submodel("own")
calm = lever(
    name="calm.days", label="Calm days", description="Days.", unit="0 to 1", bounds=(0, 1), default=0,
    mechanism="calm_down", writes="pressure", equation="P (1 - calm dt)",
    test={"direction": "falls", "measure": "pressure", "context": "baseline", "low": 0, "high": 1},
)

@mechanism(writes=("pressure",), after="pressure")
def calm_down(pressure, calm_days, dt):
    '''Calm everybody.'''
    pressure *= 1 - calm_days * dt
"""
)
MODEL = TRAP + "import mesa\nclass Own(mesa.Model):\n    pass\n"
FILES = {
    "own.py": EXTENSION,
    "own.yaml": (
        "name: own\nplace: south_somerset\nextensions: [./own.py]\nhorizon_years: 1\nlevers: {calm.days: 0.5}\n"
    ),
    "package/__init__.py": TRAP,
    "package/inner.py": EXTENSION,
    "module.yaml": "name: module\nplace: south_somerset\nextensions: [package.inner]\nhorizon_years: 1\n",
    "experiment.yaml": (
        "name: varied\nscenarios: [./own.yaml]\nlevers: {calm.days: [0, 1]}\ndesign: full_factorial\n"
    ),
    "model.py": MODEL,
    "model.yaml": (
        "name: model\nmodel: model:Own\nsteps: 3\nreporters: [steps]\nlevers: {n: [1, 2]}\ndesign: full_factorial\n"
    ),
    "study.yaml": (
        "name: study\nlabel: Study\ndescription: Aims.\nplaces: [south_somerset]\nseed: 1\nreplicates: 1\n"
        "samples: 2\nsearch_seed: 1\nedge_points: 2\nsearch: {trust.gain: [0.05, 0.06]}\n"
        "targets: [{scenario: ./own.yaml, label: Own, low: 0, high: 1}]\n"
    ),
}
LOOKING = [
    ("validate", "own.py"),
    ("validate", "own.yaml"),
    ("validate", "module.yaml"),
    ("validate", "experiment.yaml"),
    ("validate", "model.yaml"),
    ("validate", "study.yaml"),
    ("validate", "own.yaml", "--extension", "./package/inner.py"),
    ("scenarios", "./own.yaml"),
    ("scenarios", "./module.yaml"),
    ("levers", "--extension", "own.py"),
    ("levers", "calm.days", "--extension", "package.inner"),
    ("parameters", "--extension", "own.py"),
    ("measures", "--extension", "own.py"),
    ("order", "--extension", "own.py"),
    ("schema", "scenario", "--extension", "own.py"),
    ("schema", "study", "--extension", "own.py"),
]
TOLD = "was read, not run|read and not run|found, not imported"


@pytest.fixture(autouse=True)
def strangers(tmp_path, monkeypatch):
    """Work in a folder of somebody else, whose modules can be imported."""
    for name, content in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content.replace("RAN", str(tmp_path / "RAN")), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


@pytest.fixture(autouse=True)
def forgotten():
    """Forget modules that a test has imported."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("package", "model", "own"):
            del sys.modules[name]


def run(*words):
    return CliRunner().invoke(app, words)


def has_run(folder: Path) -> bool:
    return (folder / "RAN").exists()


@pytest.mark.parametrize("words", LOOKING, ids=" ".join)
def test_looking_at_a_strangers_file_runs_nothing_of_it(strangers, words):
    result = run(*words)
    assert (result.exit_code == 0) == ("./package/inner.py" not in words), result.output
    assert not has_run(strangers)
    if words[0] in ("validate", "scenarios") and result.exit_code == 0:
        assert "--run-code" in result.output


@pytest.mark.parametrize("words", [words for words in LOOKING if "model.yaml" not in words], ids=" ".join)
def test_code_is_run_where_that_is_asked_for(strangers, words):
    result = run(*words, "--run-code")
    assert (result.exit_code == 0) == ("./package/inner.py" not in words), result.output
    assert has_run(strangers)
    assert "not run" not in result.output


def test_a_model_is_imported_where_that_is_asked_for(strangers):
    result = run("validate", "model.yaml", "--run-code")
    assert has_run(strangers)
    assert "constructor of Own" in result.output or "'n' is not a parameter" in result.output


def test_simulating_runs_the_code(strangers):
    result = run("run", "./own.yaml", "--replicates", "1", "--workers", "1")
    assert result.exit_code == 0, result.output
    assert has_run(strangers)


@pytest.mark.parametrize("code", [PEERS.read_text(encoding="utf-8"), EXTENSION], ids=["peers", "own"])
def test_what_is_read_is_what_runs(strangers, code):
    (strangers / "one.py").write_text(code, encoding="utf-8")
    read = load_extensions(["./one.py"], runs_code=False)
    assert not has_run(strangers)
    ran = load_extensions(["./one.py"])
    assert read.sources == ran.sources
    assert read.catalogue == ran.catalogue
    (read_part,), (ran_part,) = read.parts, ran.parts
    assert read_part.fields == ran_part.fields
    assert [one.name for one in read.theory.order] == [one.name for one in ran.theory.order]
    assert [one.arguments for one in read_part.procedures] == [one.arguments for one in ran_part.procedures]
    assert [replace(one, procedure=None) for one in read.measures] == [
        replace(one, procedure=None) for one in ran.measures
    ]
    assert read_part.places == ran_part.places
    assert read_part.decisions == ran_part.decisions
    assert (read_part.text, read_part.is_whole) == (ran_part.text, True)


def test_a_scenario_that_was_only_read_cannot_be_simulated():
    scenario = load_scenario("./own.yaml", runs_code=False)
    assert scenario.content_hash == load_scenario("./own.yaml").content_hash
    (own,) = scenario.extensions.parts[0].mechanisms
    with pytest.raises(NotRun, match="--run-code"):
        own.function()


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("x = (", "own.py:1  is not Python"),
        ("x = 1\n", "declares no submodel"),
        (EXTENSION.replace("default=0", "default=7"), "own.py:6  "),
        (
            EXTENSION.replace('Submodel("own")', 'Submodel("own", record="x.yaml")'),
            "'record' is not an argument",
        ),
        (EXTENSION.replace('("pressure",)', '("presure",)'), "which is not among its arguments"),
        (EXTENSION + "other = Submodel('two')\n", "declares 2 submodels"),
        ("(" * 100_000, "is not Python"),
        ("x = " + "-" * 100_000 + "1", "is not Python"),
        ("\0", "is not Python"),
    ],
)
def test_what_is_wrong_is_told_without_running(strangers, code, told):
    (strangers / "own.py").write_text(code, encoding="utf-8")
    result = run("validate", "own.py")
    assert result.exit_code == 2 and told in result.output.replace("\n", "")
    assert not has_run(strangers)


COMPUTED = [
    EXTENSION.replace('label="Calm days"', 'label="Calm" + " days"'),
    EXTENSION + "more = [lever(name=name) for name in names]\n",
    EXTENSION + "more = (calm, lever(**keys))\n",
    EXTENSION + "if True:\n    more = lever(name='calm.more')\n",
    EXTENSION.replace('after="pressure"', "**places"),
]


@pytest.mark.parametrize("code", COMPUTED)
def test_what_a_file_computes_is_said_to_be_unknown(strangers, code):
    (strangers / "own.py").write_text(code, encoding="utf-8")
    for words in (("validate", "own.py"), ("validate", "own.yaml"), ("scenarios", "./own.yaml")):
        result = run(*words)
        assert result.exit_code == 0, result.output
        assert "not all of it is known" in result.output or "compute" in result.output
    assert not has_run(strangers)


@pytest.mark.parametrize(
    "body",
    [
        "a = 'x' * 10**10\n",
        "a = (1,)\n" + "a = (a, a)\n" * 60 + "submodel = Submodel(a)\n",
        "a = 9\n" + "a = a * a\n" * 60,
        "a = " + "+".join(["1"] * 3000) + "\n",
        "a = " + "[" * 90 + "]" * 90 + "\n",
    ],
)
def test_reading_code_cannot_be_made_to_cost_much(body):
    read_unrun(("from abm.extension import Submodel\n" + body).encode())


@given(
    st.lists(st.sampled_from(EXTENSION.splitlines(keepends=True) + ["x = calm\n", "del calm\n"]), max_size=30)
)
def test_no_file_makes_the_reader_fail(lines):
    _, faults = read_unrun("".join(lines).encode())
    assert all(isinstance(told, str) for _, told in faults)


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("model:Other", "has no 'Other'"),
        ("nowhere:Own", "no module 'nowhere'"),
        ("model", "package.module:name"),
        ("../model:Own", "package.module:name"),
        ("broken:Own", "is not Python"),
    ],
)
def test_a_model_that_is_not_there_is_told_without_importing(strangers, model, told):
    (strangers / "broken.py").write_text("x = (", encoding="utf-8")
    (strangers / "model.yaml").write_text(FILES["model.yaml"].replace("model:Own", model), encoding="utf-8")
    result = run("validate", "model.yaml")
    assert result.exit_code == 2 and told in result.output
    assert not has_run(strangers)
