"""Runs have one identity everywhere, and tables hold exactly what was asked for."""

import numpy as np
import pytest

from abm.errors import InvalidInput
from abm.runs.run import PairedDesign, Run, joined_tables, tabulate, with_columns
from abm.runs.simulator import simulate as simulate_model
from abm.scenarios.scenario import load_scenario
from tests.unit.synthetic import Drift, design, simulate


def test_a_run_has_one_identity_in_every_design():
    alone = Run(Drift("still"), 7, 3)
    among_others = design().runs()[3]
    assert alone.run_id == among_others.run_id
    assert len(alone.run_id) == 16


@pytest.mark.parametrize(
    "other", [Run(Drift("still"), 8, 3), Run(Drift("still"), 7, 4), Run(Drift("x", 0.1), 7, 3)]
)
def test_runs_that_differ_in_what_decides_them_differ_in_identity(other):
    assert Run(Drift("still"), 7, 3).run_id != other.run_id


def test_the_name_of_a_scenario_is_no_part_of_the_identity_of_its_runs():
    assert Run(Drift("one"), 1, 0).run_id == Run(Drift("another"), 1, 0, point=4).run_id


def test_a_paired_design_runs_every_replicate_of_every_scenario():
    runs = design(replicates=3).runs()
    assert [(run.scenario.name, run.point, run.replicate) for run in runs] == [
        ("still", 0, 0),
        ("still", 0, 1),
        ("still", 0, 2),
        ("rising", 1, 0),
        ("rising", 1, 1),
        ("rising", 1, 2),
    ]


def test_a_design_names_all_its_problems_at_once():
    with pytest.raises(InvalidInput) as raised:
        PairedDesign((Drift("same"), Drift("same", 1.0)), seed=-1, replicates=0)
    assert [problem.file for problem in raised.value.problems] == ["--replicates", "--seed", "SCENARIO"]


def test_a_design_without_scenarios_is_refused():
    with pytest.raises(InvalidInput, match="none is named"):
        PairedDesign((), seed=0, replicates=1)


def test_every_run_has_a_row_for_the_start_and_for_each_month():
    tables = simulate(design(replicates=2).runs())
    assert tables.months["month"].tolist() == [*range(25)] * 4
    assert tables.months["run_id"].tolist() == np.repeat(tables.runs["run_id"], 25).tolist()
    assert tables.measure_names == ("trust_pairs", "implementation", "admissions")
    assert tables.outcome_names == ("emerged_ever", "emerged_month", "standing")


def test_a_series_that_misses_a_month_is_refused():
    run = Run(Drift("still", months=12), 1, 0)
    with pytest.raises(ValueError, match=r"rows and measures \(13, 1\), found \(12, 1\)"):
        tabulate([run], ["trust"], [np.zeros((12, 1))], {})


def test_an_outcome_of_another_length_is_refused():
    run = Run(Drift("still", months=12), 1, 0)
    with pytest.raises(ValueError, match="one value a run"):
        tabulate([run], ["trust"], [np.zeros((13, 1))], {"standing": np.zeros(2)})


def test_no_runs_make_empty_tables():
    tables = tabulate([], ["trust"], [], {})
    assert tables.runs["run_id"].size == 0
    assert tables.months["month"].size == 0


def test_tables_join_in_order_and_only_with_the_same_columns():
    runs = design(replicates=2).runs()
    whole, parts = simulate(runs), joined_tables([simulate(runs[:1]), simulate(runs[1:])])
    assert parts.months["trust_pairs"].tolist() == whole.months["trust_pairs"].tolist()
    with pytest.raises(ValueError, match="same columns"):
        joined_tables([whole, with_columns(whole, {"still": {"dose": 0.0}, "rising": {"dose": 1.0}})])
    with pytest.raises(ValueError, match="no tables"):
        joined_tables([])


def test_columns_of_a_scenario_reach_every_one_of_its_runs():
    tables = with_columns(
        simulate(design(replicates=2).runs()), {"still": {"dose": 0.0}, "rising": {"dose": 1.5}}
    )
    assert tables.runs["dose"].tolist() == [0.0, 0.0, 1.5, 1.5]


def test_our_model_refuses_scenarios_of_another():
    with pytest.raises(TypeError, match="scenario of another model: Drift"):
        simulate_model(design().runs()[:1])


def test_our_model_answers_as_a_simulator():
    scenario = load_scenario("baseline").with_horizon(0.5)
    tables = simulate_model([Run(scenario, 1, 0), Run(scenario, 1, 1)])
    assert tables.months["month"].tolist() == [*range(7)] * 2
    assert {"emerged_ever", "emerged_month", "standing"} <= set(tables.outcome_names)
