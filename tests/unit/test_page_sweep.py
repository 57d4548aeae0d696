"""A sweep is shown as a landscape, and any of its runs is asked again."""

import numpy as np
import pytest
from typer.testing import CliRunner

from abm.errors import InvalidInput
from abm.interface.cli.program import app
from abm.interface.page.landscape.swept_landscape import (
    EVERYTHING,
    SCENARIO,
    outcomes_of,
    question_of_run,
    read_sweep,
    runs_in,
    sweep_surface,
)
from abm.sweeps.store.dataset import open_sweep

EXPERIMENT = """
name: small
scenarios: [baseline, leadership_with_reform]
levers:
  leadership.effort: [0.15, 0.8]
  contracting.flexibility: {range: [0, 1], levels: 11}
design: full_factorial
replicates: 2
seed: 4
horizon_years: 2
months: none
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    experiment = folder / "small.yaml"
    experiment.write_text(EXPERIMENT)
    for words in (["plan", str(experiment), "--out", str(folder / "small")], ["run", str(folder / "small")]):
        result = CliRunner().invoke(app, ["sweep", *words])
        assert result.exit_code == 0, result.output
    return folder / "small"


@pytest.fixture(scope="module")
def view(directory):
    return read_sweep(directory)


def test_every_run_is_in_a_cell_and_means_are_those_of_the_table(view):
    surface, cell = sweep_surface(view, "leadership.effort", EVERYTHING, SCENARIO)
    assert surface.shape == (2, 1, 2)
    assert surface.runs.sum() == view.runs == 2 * 2 * 11 * 2
    emerged = view.columns["emerged_ever"].astype(float)
    for at in np.ndindex(surface.shape):
        inside = cell == np.ravel_multi_index(at, surface.shape)
        assert surface.values["emerged_ever"][at] == pytest.approx(emerged[inside].mean())


def test_a_dimension_of_many_values_is_cut_into_ranges(view):
    surface, _ = sweep_surface(view, "contracting.flexibility", "leadership.effort", EVERYTHING)
    assert surface.shape == (1, 2, 9)
    assert surface.runs.sum() == view.runs
    assert (np.diff(surface.x.values) > 0).all()


def test_whether_integrated_care_emerges_comes_first(view):
    assert outcomes_of(view)[0].name == "emerged_ever"


def test_any_run_is_asked_again_with_its_own_accidents(view, directory):
    table = open_sweep(directory).runs.to_table().to_pylist()
    for row in (table[0], table[-1]):
        question, is_same_code = question_of_run(view, row["run_id"])
        assert is_same_code
        assert (question.seed, question.replicate) == (row["seed"], row["replicate"])
        assert question.years == 2.0
        table_of_levers = question.scenario.lever_table()
        column = question.scenario.catalogue.lever_names.index("contracting.flexibility")
        assert table_of_levers[-1, column] == row["contracting.flexibility"]


def test_runs_of_a_cell_are_listed(view):
    _, cell = sweep_surface(view, "leadership.effort", EVERYTHING, SCENARIO)
    listed = runs_in(view, cell, 0)
    assert len(listed) == 12
    assert {run["scenario"] for run in listed} == {view.bases[0]}


def test_a_run_that_is_not_there_is_refused(view):
    with pytest.raises(InvalidInput, match="has no run"):
        question_of_run(view, "0" * 16)


def test_a_folder_that_is_no_sweep_is_refused(tmp_path):
    with pytest.raises(InvalidInput):
        read_sweep(tmp_path)
