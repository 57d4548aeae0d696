"""A run of a sweep is written into a link, which the page reads back as the same run."""

from __future__ import annotations

import socket
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from abm.errors import InvalidInput
from abm.interface.cli.program import app
from abm.interface.page.background.course import simulate_course
from abm.interface.page.background.limits import Limits
from abm.interface.page.session.link import from_query
from abm.interface.page.session.opening import link_of_run, question_asked
from abm.runs.run import Run
from abm.scenarios.scenario import load_scenario
from abm.sweeps.store.shard import run_shard
from abm.sweeps.sweep import Sweep
from tests.unit.sweeping import breakable, planned

VARIED = {
    "scenarios": ["leadership_with_reform", "baseline"],
    "levers": {
        "leadership.effort": {"range": [0.15, 0.9], "at": 0.5},
        "contracting.flexibility": {"range": [0.2, 0.9]},
        "competition.strictness": {"options": {"burst": {"pulse": {"start": 0.5, "end": 1, "to": 0.9}}}},
    },
    "uncertainties": {
        "trust.gain": {"range": [0.05, 0.065]},
        "pressure.demand_growth": {"range": [0.01, 0.05]},
    },
    "design": {"random": {"points": 4, "seed": 3}},
    "replicates": 2,
    "seed": 17,
    "common_random_numbers": False,
    "horizon_years": 25 / 12,
}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return planned(tmp_path_factory.mktemp("varied"), **VARIED)


def every_case(manifest):
    return [
        case
        for block in manifest.blocks
        for case in manifest.cases(block.first_run, block.runs, manifest.points(0, 4), 0)
    ]


def test_the_link_of_any_run_holds_the_run_and_nothing_else(manifest):
    cases = every_case(manifest)
    assert {case.run.scenario.name for case in cases} == {"leadership_with_reform", "baseline"}
    for case in cases:
        question = from_query(link_of_run(case.run, Limits()), Limits()).question
        asked = Run(question.scenario, question.seed, question.replicate)
        assert asked.run_id == case.run.run_id
        assert question.preset == case.run.scenario.name
        assert set(question.levers) == {*VARIED["levers"], "pressure.demand_growth"}
        assert set(question.parameters) == {"trust.gain"}


def test_the_page_draws_the_months_that_the_sweep_kept(manifest):
    run_shard(manifest.directory, 1, manifest=manifest)
    case = every_case(manifest)[5]
    question = from_query(link_of_run(case.run, Limits()), Limits()).question
    course = simulate_course(question.scenario, question.seed, question.replicate)
    months = Sweep(manifest.directory).kept(case.run.run_id)["months"]
    assert len(months) == 26
    for name in ("trust", "implementation", "admissions"):
        np.testing.assert_array_equal(course.measure(name), np.float32([row[name] for row in months]))


def test_a_scenario_that_does_not_come_with_abm_is_asked_as_changes_of_the_baseline():
    own = load_scenario("sustained_leadership").with_levers({"contracting.flexibility": 0.7})
    run = Run(replace(own, name="mine"), seed=5, replicate=3)
    question = from_query(link_of_run(run, Limits()), Limits()).question
    assert question.preset == "baseline"
    assert Run(question.scenario, question.seed, question.replicate).run_id == run.run_id


def test_a_file_that_borrows_a_name_is_not_taken_for_what_comes_with_abm():
    borrowed = replace(load_scenario("baseline"), name="leadership_with_reform")
    question = question_asked(Run(borrowed, seed=1, replicate=0))
    assert question.preset == "baseline"
    assert question.scenario.content_hash == borrowed.content_hash


def test_a_run_with_extensions_is_shown_only_where_they_are(tmp_path):
    manifest = breakable(tmp_path, [0.2])
    run = next(manifest.cases(0, 1, manifest.points(0, 1), 0)).run
    with pytest.raises(InvalidInput, match="which is not on this page as it was"):
        question_asked(run)
    extensions = run.scenario.extensions
    question = from_query(link_of_run(run, Limits()), Limits(), extensions).question
    assert Run(question.scenario, question.seed, question.replicate).run_id == run.run_id


def rerun(directory, run_id, *words):
    return CliRunner().invoke(app, ["sweep", "rerun", str(directory), run_id, *words])


def test_a_run_of_a_model_of_others_is_refused_before_it_is_made(tmp_path):
    file = tmp_path / "coins.yaml"
    file.write_text(
        "{name: coins, model: 'mesa.examples:BoltzmannWealth', steps: 2, design: full_factorial, levers: {n: [9]}}"
    )
    words = ["sweep", "plan", str(file), "--out", str(tmp_path / "coins")]
    assert CliRunner().invoke(app, words).exit_code == 0
    manifest = Sweep(tmp_path / "coins").manifest
    run = next(manifest.cases(0, 1, manifest.points(0, 1), 0)).run
    result = rerun(manifest.directory, run.run_id, "--open")
    assert result.exit_code == 2
    assert "the page shows abm's own model only" in " ".join(result.output.split())
    assert "Gini" not in result.output


def test_a_port_that_is_taken_is_told_with_everything_else(tmp_path):
    manifest = planned(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = rerun(manifest.directory, "0" * 16, "--open", "--port", str(port))
    assert result.exit_code == 2
    told = " ".join(result.output.split())
    assert f"port {port}" in told and "there is no run" in told
