"""The command line does what its help says, and refuses what is wrong before it starts."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from abm import __version__
from abm.analysis.comparison import SCALES
from abm.analysis.studyfile import study_names
from abm.analysis.wording import range_of
from abm.files.destination import FILES
from abm.interface.cli.program import app
from abm.scenarios.library import experiment_names
from abm.scenarios.scenario import (
    load_policy,
    load_scenario,
    place_names,
    policy_names,
    scenario_names,
    shipped_directory,
)
from abm.submodels.emergence.emergence import OUTCOMES
from abm.submodels.quantities import levers, parameters
from abm.submodels.shipped import theory
from tests.unit import synthetic

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "mesa",
    "numba",
    "numpy",
    "scipy",
    "pyarrow",
    "networkx",
    "matplotlib",
    "pandas",
    "solara",
    "pydantic",
    "yaml",
)
SMALL = ("--replicates", "3", "--years", "2", "--workers", "1")


@pytest.fixture(autouse=True)
def away(tmp_path, monkeypatch):
    """Work in an empty directory, eighty columns wide."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def refused(*words):
    """Run a command that must be refused without a trace; return its problems."""
    before = sorted(Path.cwd().rglob("*"))
    result = run(*words)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert sorted(Path.cwd().rglob("*")) == before
    return result.stderr


def test_help_needs_nothing_heavy():
    code = (
        "import sys\n"
        "from abm.interface.cli.program import app\n"
        "app(['--help'], standalone_mode=False)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stderr.strip() == "[]"
    assert "compare" in done.stdout


def test_version_is_that_of_the_package():
    assert run("--version").stdout == f"abm {__version__}\n"


def test_levers_are_all_listed_and_each_can_be_shown():
    listed = run("levers").stdout
    assert all(name in listed for name in levers())
    shown = run("levers", "leadership.effort").stdout
    assert re.search(r"default\s+0.15", shown)
    assert "E01" in shown
    test = levers()["leadership.effort"].test
    assert re.search(rf"claim\s+from {test.low:g} to {test.high:g} in scenario '{test.context}'", shown)
    group = run("levers", "leadership").stdout
    assert "leadership.turnover" in group
    assert "payment.gain_share" not in group


def test_parameters_are_all_listed_and_each_shows_its_source():
    listed = run("parameters").stdout
    assert all(name in listed for name in parameters())
    shown = run("parameters", "demand.emergency_bed_share").stdout
    assert "National Audit Office" in shown
    assert "published" in shown


@pytest.mark.parametrize(("kind", "known"), [("levers", levers()), ("parameters", parameters())])
@pytest.mark.parametrize("columns", [80, 100])
def test_lists_show_what_is_valid_and_its_unit(kind, known, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    listed = run(kind).stdout
    assert max(map(len, listed.splitlines())) <= columns
    words = " ".join(listed.split())
    for quantity in known.values():
        assert f"{quantity.label} {quantity.valid}" in words, quantity.name


@pytest.mark.parametrize("columns", [80, 100])
def test_measures_show_what_is_possible_and_its_unit(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    listed = run("measures").stdout
    assert max(map(len, listed.splitlines())) <= columns
    words = " ".join(listed.split())
    for measure in (*theory().measures, *OUTCOMES):
        assert f"{measure.label} ({measure.unit}, {range_of(measure.low, measure.high)})" in words, (
            measure.name
        )


def test_a_name_that_is_like_none_leads_to_its_group():
    assert "'abm parameters trust' lists the group 'trust'" in refused("parameters", "trust.upp")
    assert "did you mean 'trust.loss'?" in refused("parameters", "trust.los")


def test_a_setting_out_of_bounds_leads_to_its_lever():
    assert "'abm levers leadership.effort' describes it" in refused(
        "run", "baseline", "--set", "leadership.effort=2"
    )


@pytest.mark.parametrize("kind", ["levers", "parameters"])
def test_an_unknown_name_is_refused_with_the_nearest(kind):
    assert "lists them all" in refused(kind, "nothing.like_it")
    assert "did you mean 'leadership.effort'?" in refused("levers", "efort")


def test_measures_are_all_listed():
    listed = run("measures").stdout
    assert all(measure.name in listed for measure in (*theory().measures, *OUTCOMES))


def test_all_that_comes_with_abm_is_listed_a_line_each():
    lines = run("scenarios").stdout.splitlines()
    names = [*scenario_names(), *policy_names(), *place_names(), *experiment_names(), *study_names()]
    starts = [line.split()[0] for line in lines if line.strip()]
    assert all(starts.count(name) == names.count(name) for name in names)
    assert len(lines) < len(names) + 20
    assert max(map(len, lines)) <= 80


def test_a_scenario_is_shown_in_full():
    shown = run("scenarios", "symphony_alliance").stdout
    scenario = load_scenario("symphony_alliance")
    told = " ".join(shown.split())
    for part in (scenario.description, "South Somerset (south_somerset)", "10 years from 2014-04"):
        assert part in told
    assert all(f"({policy})" in told for policy in scenario.policies)
    assert all(name in told for name in scenario.policy.settings)
    assert "0.15, then 0.8 from year 1" in told
    assert "Every lever stays at its default" in run("scenarios", "baseline").stdout


def test_a_policy_is_shown_in_full_with_the_scenarios_that_use_it():
    shown = " ".join(run("scenarios", "sickest_first").stdout.split())
    assert load_policy("sickest_first").description in shown
    assert "symphony_alliance" in shown and "form.first_cohort" in shown
    both = run("scenarios", "sustained_leadership").stdout
    assert "a scenario" in both and "a policy" in both


def test_a_scenario_of_ones_own_is_shown_in_full(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "name: mine\nplace: rural\nstructure: {trust: kim}\nparameters: {trust.gain: 0.05}\n"
        "levers: {leadership.effort: 0.5}\nhorizon_years: 5\nsubsteps: 2\n"
    )
    shown = " ".join(run("scenarios", "./mine.yaml").stdout.split())
    for part in ("Rural place (rural)", "5 years", "2 steps a month", "trust kim", "trust.gain 0.05", "0.5"):
        assert part in shown


def test_an_unknown_scenario_is_refused_with_the_nearest():
    assert "did you mean 'federation'?" in refused("scenarios", "fedration")


def test_the_order_of_a_month_is_shown_and_drawn(tmp_path):
    result = run("order", "--picture", "month.svg")
    assert result.stdout.index("demand") < result.stdout.index("payment") < result.stdout.index("integration")
    assert (tmp_path / "month.svg").read_text().startswith("<svg")
    assert "'month.svg' exists" in refused("order", "--picture", "month.svg")
    assert "does not exist" in refused("order", "--picture", "nowhere/month.svg")


@pytest.mark.parametrize("kind", ["scenario", "policy", "place", "experiment", "study"])
def test_schemas_are_json(kind):
    assert json.loads(run("schema", kind).stdout)["$schema"].startswith("https://json-schema.org")


def test_an_unknown_kind_of_schema_is_refused():
    assert "did you mean 'policy'?" in refused("schema", "polcy")


def test_a_name_of_another_kind_is_sent_where_it_belongs():
    assert "'rural' is a place; 'abm place describe rural' shows it" in refused("scenarios", "rural")
    assert "is an experiment; 'abm sweep plan screening'" in refused("scenarios", "screening")
    assert "is a study; 'abm calibrate defaults'" in refused("scenarios", "defaults")


def test_numbers_of_people_are_written_with_their_thousands_apart():
    Path("mine.yaml").write_text(
        "name: mine\nplace: rural\nlevers: {contracting.network_minimum: 12345}\n", encoding="utf-8"
    )
    assert re.search(r"network_minimum +12,345 ", run("scenarios", "mine.yaml").stdout)
    assert "100 to 1,000,000 (people)" in run("parameters", "federation.risk_population").stdout


def test_nothing_in_the_working_directory_is_taken_for_a_library(tmp_path):
    (tmp_path / "numpy.py").write_text("from pathlib import Path; Path('ran').touch()\n")
    (tmp_path / "mine.yaml").write_text((shipped_directory() / "baseline.yaml").read_text())
    done = subprocess.run(
        [sys.executable, "-m", "abm", "validate", "mine.yaml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "ran").exists()


def test_the_package_runs_as_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "abm", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"abm {__version__}\n"


def test_every_shipped_file_is_valid():
    folders = (shipped_directory() / folder for folder in (".", "policies", "places", "calibration"))
    files = sorted(path for folder in folders for path in folder.glob("*.yaml"))
    result = run("validate", *files)
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == len(files)


def test_what_comes_with_abm_can_be_checked_by_name():
    said = run("validate", "baseline", "sustained_leadership", "defaults", "rural").stdout
    for told in (
        "baseline.yaml  valid scenario",
        "sustained_leadership.yaml  valid scenario",
        "policies/sustained_leadership.yaml  valid policy",
        "calibration/defaults.yaml  valid study",
        "places/rural.yaml  valid place",
    ):
        assert told in said.replace(os.sep, "/")
    assert "did you mean 'baseline'?" in refused("validate", "basline")


def test_studies_are_told_apart_and_checked(tmp_path):
    (tmp_path / "study.yaml").write_text("targets: []\nsearch: {trust.gain: [2, 1]}\n")
    said = refused("validate", "study.yaml")
    assert "calibration study" in said
    assert "study.yaml:2  range of 'trust.gain' is 2 to 1" in said


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.yaml")
    os.mkfifo(tmp_path / "pipe.npz")
    os.mkfifo(tmp_path / "pipe.py")
    words = ("validate", "pipe.yaml", "pipe.npz", "pipe.py")
    done = subprocess.run(
        [sys.executable, "-m", "abm.interface.cli", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 2
    assert done.stderr.count("pipe") >= 3


def test_every_problem_of_every_file_is_listed(tmp_path):
    (tmp_path / "binary.yaml").write_bytes(b"\x00\xff\xfe" * 20)
    (tmp_path / "other.yaml").write_text("colour: blue\n")
    (tmp_path / "policy.yaml").write_text("name: mine\nlevers:\n  leadership.efort: 0.8\n")
    (tmp_path / "scenario.yaml").write_text("name: mine\nplace: nowhere\npolicies: []\nhorizon_years: -1\n")
    (tmp_path / "place.yaml").write_text("name: mine\nhospitals: []\ncommissioners: []\n")
    names = ("binary", "other", "policy", "scenario", "place")
    said = refused("validate", *(f"{name}.yaml" for name in names), "missing.yaml")
    for name in (*names, "missing"):
        assert f"{name}.yaml" in said
    assert "scenario.yaml:2" in said
    assert "scenario.yaml:4" in said
    assert "policy.yaml:3" in said


def test_a_run_prints_what_came_of_it_and_writes_nothing_unless_told(tmp_path):
    result = run("run", "baseline", *SMALL)
    assert result.exit_code == 0, result.output
    assert "South Somerset, 2 years, 3 replicates" in result.stdout
    assert "Bed occupancy" in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_run_writes_results_where_it_is_told(tmp_path):
    result = run("run", "baseline", *SMALL, "--out", "here", "--set", "leadership.effort=0.5")
    assert result.exit_code == 0, result.output
    assert {path.name for path in (tmp_path / "here").iterdir()} == set(FILES)
    manifest = json.loads((tmp_path / "here" / "manifest.json").read_text())
    assert manifest["scenarios"]["baseline"]["levers"]["leadership.effort"] == 0.5
    assert "--set leadership.effort=0.5" in manifest["invocation"]["command"]


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Compare three policies for two years once; return what was printed, and where it is written."""
    there = tmp_path_factory.mktemp("compared")
    before = Path.cwd()
    os.chdir(there)
    try:
        policies = ("baseline", "sustained_leadership", "leadership_with_reform")
        result = CliRunner(env={"COLUMNS": "80"}).invoke(app, ["compare", *policies, *SMALL])
    finally:
        os.chdir(before)
    assert result.exit_code == 0, result.output
    return result, there / "results" / "baseline-vs-sustained_leadership-vs-leadership_with_reform"


@pytest.mark.parametrize(
    "said",
    [
        "South Somerset, 2 years, 3 replicates each, paired",
        "What differs between the policies",
        "0.2, then 0.9 from",
        "Emerged ever",
        "Standing at the end",
        "Median years",
        "Change at year 2 from As things were",
        "Commissioner-acute",
        "Hospital-practice",
        "Joint board",
        "Engaged practices",
        "Implementation",
        "Emergency admissions",
        "Bed occupancy",
        "report.html",
    ],
)
def test_a_comparison_prints(compared, said):
    assert said in compared[0].stdout


def test_a_comparison_fits_eighty_columns(compared):
    tables = compared[0].stdout.partition("Written to")[0]
    assert max(map(len, tables.splitlines())) <= 80


def test_a_comparison_writes_its_four_files(compared):
    assert {path.name for path in compared[1].iterdir()} == set(FILES)


def test_a_comparison_writes_every_month_of_every_run(compared):
    months = pq.read_table(compared[1] / "months.parquet")
    assert months["month"].to_pylist() == [*range(25)] * 9
    assert {measure.name for measure in theory().measures} <= set(months.column_names)
    assert months.schema.field("occupancy").metadata[b"unit"] == b"share of beds"


def test_a_comparison_writes_a_row_for_every_run_with_its_doses(compared):
    rows = pq.read_table(compared[1] / "runs.parquet").to_pylist()
    assert [row["replicate"] for row in rows] == [0, 1, 2] * 3
    assert [row["dose.leadership.effort"] for row in rows] == pytest.approx([0.0] * 3 + [0.65] * 6)
    assert {row["status"] for row in rows} == {"done"}


def test_a_comparison_tells_how_to_make_it_again(compared):
    manifest = json.loads((compared[1] / "manifest.json").read_text())
    expected = (
        "abm compare baseline sustained_leadership leadership_with_reform --replicates 3 --seed 1 --years 2"
    )
    assert manifest["invocation"]["command"].startswith(expected)
    assert list(manifest["scenarios"]) == ["baseline", "sustained_leadership", "leadership_with_reform"]


def test_measures_of_every_group_that_comparisons_show_share_a_scale():
    assert {measure.group for measure in theory().measures} == {"", *SCALES}


def test_results_are_the_same_bits_for_every_number_of_workers(tmp_path):
    for workers in (1, 2):
        words = ("--replicates", 20, "--years", 2, "--workers", workers, "--out", f"with{workers}")
        assert (
            run("compare", "baseline", "all_levers", *words, "--set", "leadership.effort=0.9").exit_code == 0
        )
    for name in ("runs.parquet", "months.parquet"):
        assert (tmp_path / "with1" / name).read_bytes() == (tmp_path / "with2" / name).read_bytes()


def test_more_policies_than_fit_abreast_are_printed_below_each_other():
    result = run("compare", *scenario_names()[:5], *SMALL)
    assert result.stdout.count("Change at year 2") == 2


def test_results_that_are_there_are_kept_unless_forced(tmp_path):
    words = ("compare", "baseline", "reform_alone", "--replicates", 1, "--years", 1.5, "--out", "here")
    assert run(*words).exit_code == 0
    made = (tmp_path / "here" / "runs.parquet").read_bytes()
    assert "'here' exists; give --force to replace it, or another --out" in refused(*words)
    assert run(*words, "--seed", 2, "--force").exit_code == 0
    assert (tmp_path / "here" / "runs.parquet").read_bytes() != made


def test_scenarios_of_different_places_or_times_are_not_compared(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short.yaml").write_text("name: short\nplace: south_somerset\nhorizon_years: 5\n")
    said = refused("compare", "baseline", "short.yaml", "joint_sessions_and_showcase")
    assert (
        "baseline in south_somerset, short in south_somerset, joint_sessions_and_showcase in region" in said
    )
    assert "baseline 10 years, short 5 years" in said
    assert "--place south_somerset" in said
    assert "--years 5" in said
    assert not (tmp_path / "results").exists()


def test_a_comparison_moves_to_one_place_and_time(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ("--replicates", 2, "--place", "rural", "--years", 2)
    done = run("compare", "baseline", "joint_sessions_and_showcase", *words)
    assert done.exit_code == 0
    assert "Rural place, 2 years" in done.output
    manifest = json.loads(next(tmp_path.glob("results/*/manifest.json")).read_text())
    assert "--place rural" in manifest["invocation"]["command"]
    assert {one["place_file"] for one in manifest["scenarios"].values()} == {"rural.yaml"}


def test_all_that_is_wrong_with_a_comparison_is_said_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    said = refused(
        *("compare", "baseline", "baseline", "reform_allone", "broken.yaml"),
        *("--replicates", "0", "--seed", "-1", "--workers", "-2", "--years", "10.3", "--out", "file/out"),
        *("--set", "leadership.efort=1", "--set", "leadership.effort=7", "--set", "effort"),
    )
    for problem in (
        "'baseline' is named 2 times",
        "did you mean 'reform_alone'?",
        "broken.yaml",
        "--replicates  found 0",
        "--seed  found -1",
        "--workers  found -2",
        "--years",
        "'file/out' cannot be written",
        "did you mean 'leadership.effort'?",
        "valid is 0 to 1",
        "write it like leadership.effort=0.8",
    ):
        assert problem in said


def test_numbers_that_are_none_are_told_with_all_the_rest():
    numbers = ("--replicates", "1e3", "--seed", "x", "--workers", "1.5", "--years", "abc")
    said = refused("compare", "baseline", "nosuch", *numbers)
    for problem in (
        "5 problems",
        "--replicates  found '1e3'; give a whole number from 1 to 2^32 - 1, such as 100",
        "--seed  found 'x'; give a whole number from 0 to 2^64 - 1, such as 1",
        "--workers  found '1.5'; give a whole number from 1, such as 4, or leave it out",
        "--years  found 'abc'; valid is a whole number of months, in years, up to 50, such as 2.5",
        "scenario 'nosuch' is unknown",
    ):
        assert problem in said


@pytest.mark.parametrize("years", ["-1", "0", "10.3", "1e99", "nan", "inf", "", "1_0"])
def test_a_wrong_horizon_is_told_when_no_scenario_can_be_read(years):
    said = refused("compare", "nosuch", "neither", "--years", years)
    assert "--years  " in said
    assert "valid is a whole number of months" in said
    assert said.startswith("3 problems")


@pytest.mark.parametrize(
    "words",
    [
        ("compare", "baseline"),
        ("compare", "baseline", "reform_alone", "--replicates", "-5"),
        ("compare", "baseline", "reform_alone", "--replicates", "many"),
        ("compare", "baseline", "reform_alone", "--set", "leadership.effort={step: {at: 30, to: 1}}"),
        ("compare", "baseline", "reform_alone", "--years", "0"),
        ("compare", "baseline", "reform_alone", "--years", "nan"),
        ("run", "no_such_scenario"),
        ("run", "."),
        ("run", "baseline", "--unknown-option"),
        ("compare",),
        ("no-such-command",),
    ],
)
def test_bad_input_is_refused(words):
    assert refused(*words)


def test_a_scenario_whose_place_is_broken_is_refused(tmp_path):
    (tmp_path / "places").mkdir()
    (tmp_path / "places" / "here.yaml").write_text("name: here\n")
    (tmp_path / "mine.yaml").write_text("name: mine\nplace: here\n")
    assert "here.yaml" in refused("run", "mine.yaml")


def test_runs_that_fail_are_listed_and_the_rest_is_kept(tmp_path, monkeypatch):
    from abm.runs.simulator import simulate

    def simulate_most(runs):
        if any(run.replicate == synthetic.BAD_REPLICATE for run in runs):
            raise ZeroDivisionError("a division by zero")
        return simulate(runs)

    monkeypatch.setattr("abm.interface.cli.answer.simulate", simulate_most)
    result = run("compare", "baseline", "reform_alone", *SMALL, "--out", "here")
    assert result.exit_code == 3
    assert result.stderr.count("replicate 2): ZeroDivisionError") == 2
    assert {path.name for path in (tmp_path / "here").iterdir()} == set(FILES)


def test_a_comparison_of_which_nothing_can_be_simulated_fails(tmp_path, monkeypatch):
    monkeypatch.setattr("abm.interface.cli.answer.simulate", synthetic.simulate_most)
    monkeypatch.setattr(synthetic, "BAD_REPLICATE", 0)
    result = run("run", "baseline", "--replicates", 1, "--out", "here")
    assert result.exit_code == 1
    assert "every run of scenario 'baseline' failed: ZeroDivisionError" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("abm.interface.cli.answer.simulate", synthetic.interrupt)
    result = run("run", "baseline", *SMALL, "--out", "here")
    assert result.exit_code == 130
    assert "nothing was written" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fails_while_writing_leaves_nothing(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "here")

    monkeypatch.setattr("abm.interface.cli.answer.write_results", full)
    result = run("run", "baseline", *SMALL, "--out", "here")
    assert result.exit_code == 1
    assert "No space left on device" in result.stderr
    assert list(tmp_path.iterdir()) == []
