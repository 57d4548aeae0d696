"""An experiment file may name a model of others, which is then swept, expanded and rerun as our own is."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from mesa.examples import VirusOnNetwork

import abm
from abm.errors import InvalidInput
from abm.files.destination import Destination
from abm.sweeps.engines.processes import Processes
from abm.sweeps.foreign.mesa_models import derived_seed
from abm.sweeps.plan.expansion import expand_sweep
from abm.sweeps.plan.experimentfile import load_experiment
from abm.sweeps.plan.plan import ShardSize, plan_sweep
from abm.sweeps.store.manifest import Manifest
from abm.sweeps.sweep import Sweep

if TYPE_CHECKING:
    from pathlib import Path

EPIDEMIC = """\
name: epidemic
model: mesa.examples:VirusOnNetwork
steps: 20
parameters: {initial_outbreak_size: 2}
levers:
  num_nodes: [20, 30]
uncertainties:
  recovery_chance: {range: [0.1, 0.5]}
design: full_factorial
replicates: 3
seed: 4
"""
OWN = """\
import mesa
from strides_of_a_test import STRIDE


class Walk(mesa.Model):
    def __init__(self, start=0.0, fail=False, rng=None):
        super().__init__(rng=rng)
        self.at = start
        self.fail = fail

    def step(self):
        if self.fail and self.steps == 3:
            raise RuntimeError("fell")
        self.at += STRIDE * self.rng.normal()
"""
WALK = """\
name: walk
model: walk_of_a_test:Walk
steps: 5
levers: {start: [0, 10]}
uncertainties: {fail: [0, 1]}
design: full_factorial
replicates: 2
reporters: {place: at}
most_failed: 1
"""


def swept(folder: Path, text: str, workers: int = 1, **engine: Any) -> Path:
    """Plan a sweep and carry it out."""
    file = folder / "experiment.yaml"
    file.write_text(text)
    directory = folder / "sweep"
    plan_sweep(load_experiment(file), Destination(directory), ShardSize(runs=4))
    Sweep(directory).carry_out(Processes(workers, **engine))
    return directory


def told(folder: Path, text: str) -> list[str]:
    """Return the problems of an experiment file, without its path."""
    file = folder / "experiment.yaml"
    file.write_text(text)
    with pytest.raises(InvalidInput) as caught:
        load_experiment(file)
    return [f"{problem.line}: {problem.message}" for problem in caught.value.problems]


def test_a_swept_model_gives_the_numbers_of_stepping_it_by_hand(tmp_path: Path) -> None:
    tables = abm.open_sweep(swept(tmp_path, EPIDEMIC, workers=2))
    runs, months = tables.to_pandas(), tables.to_pandas("months")
    assert len(runs) == 2 * 2 * 3
    assert len(months) == len(runs) * 21
    for run in runs.itertuples():
        seed = derived_seed(4, run.replicate)
        assert run.model_seed == seed
        random.seed(seed)
        model = VirusOnNetwork(
            num_nodes=int(run.num_nodes),
            initial_outbreak_size=2,
            recovery_chance=run.recovery_chance,
            seed=seed,
        )
        for _ in range(20):
            model.step()
        mine = months[months.run_id == run.run_id]
        frame = model.datacollector.get_model_vars_dataframe()
        for column in frame:
            np.testing.assert_array_equal(mine[column], frame[column].astype(float))
        assert run.Infected == frame.Infected.iloc[-1]


def test_an_own_model_travels_in_the_manifest_and_its_failures_are_rows(tmp_path: Path) -> None:
    (tmp_path / "walk_of_a_test.py").write_text(OWN)
    (tmp_path / "strides_of_a_test.py").write_text("STRIDE = 2.0\n")
    directory = swept(tmp_path, WALK)
    for name in ("walk_of_a_test.py", "strides_of_a_test.py"):
        (tmp_path / name).unlink()
    sweep = Sweep(directory)
    for commit in sorted((directory / "shards").glob("*/*.json"))[:1]:
        commit.unlink()
    assert sweep.carry_out(Processes(2)).lost == ()
    runs = abm.open_sweep(directory).to_pandas()
    assert len(runs) == 8
    fallen = runs[runs.status == "failed"]
    assert set(fallen.fail) == {1.0}
    assert len(fallen) == 4
    assert set(fallen.error) == {"RuntimeError: fell"}
    assert "walk_of_a_test:" in fallen.traceback.iloc[0]
    assert list(runs.place.isna()) == list(runs.status == "failed")


def test_code_that_has_changed_since_the_plan_is_refused_unless_forced(tmp_path: Path) -> None:
    (tmp_path / "walk_of_a_test.py").write_text(OWN)
    (tmp_path / "strides_of_a_test.py").write_text("STRIDE = 2.0\n")
    directory = swept(tmp_path, WALK)
    manifest = Manifest.read(directory)
    content = {**manifest.content, "bases": [{**manifest.content["bases"][0], "content_hash": "another"}]}
    with pytest.raises(InvalidInput, match="'Walk' is no longer what the sweep was planned with"):
        Manifest(directory, content).require_code()
    manifest.require_code()


def test_a_run_is_made_again_bit_for_bit(tmp_path: Path) -> None:
    directory = swept(tmp_path, EPIDEMIC)
    runs = abm.open_sweep(directory).to_pandas()
    sweep = Sweep(directory)
    case = sweep.case(runs.run_id[7])
    again = sweep.manifest.bases[case.base].simulate([case.run])
    for name in ("Infected", "Susceptible", "Resistant", "R over S", "model_seed"):
        np.testing.assert_array_equal(again.runs[name], [runs[name][7]])


def test_more_replicates_leave_old_ids_as_they_are(tmp_path: Path) -> None:
    directory = swept(tmp_path, EPIDEMIC)
    before = abm.open_sweep(directory).to_pandas()
    sweep = Sweep(directory)
    with sweep.locked():
        expand_sweep(sweep.manifest, replicates=5)
    Sweep(directory).carry_out(Processes(1))
    after = abm.open_sweep(directory).to_pandas()
    assert len(after) == 2 * 2 * 5
    assert set(before.run_id) < set(after.run_id)


def test_listed_seeds_are_those_of_the_replicates(tmp_path: Path) -> None:
    runs = abm.open_sweep(swept(tmp_path, EPIDEMIC + "seeds: [7, 8, 9]\n")).to_pandas()
    assert set(zip(runs.replicate, runs.model_seed, strict=True)) == {(0, 7.0), (1, 8.0), (2, 9.0)}


def test_every_problem_of_the_file_and_the_model_is_told_with_its_line(tmp_path: Path) -> None:
    text = EPIDEMIC.replace("steps: 20", "steps: 0").replace("recovery_chance", "recovery_chanse")
    assert told(tmp_path, text + "reporters: [Infected]\nseeds: [1, 1]\nhorizon_years: 3\n") == [
        "3: 'steps' is 0; it should be greater than or equal to 1 (steps of a run, a whole number from 1)",
        (
            "8: 'recovery_chanse' is not a parameter of VirusOnNetwork; did you mean 'recovery_chance'? It takes "
            "num_nodes, avg_node_degree, initial_outbreak_size, virus_spread_chance, virus_check_frequency, "
            "recovery_chance, gain_resistance_chance."
        ),
        "13: there are 2 seeds for 3 replicates; give 'replicates: 2', or one seed for each",
        "13: seed 1 is given twice; every replicate needs one of its own",
        "14: " + told(tmp_path, text + "horizon_years: 3\n")[-1].partition(": ")[2],
    ]


@pytest.mark.parametrize(
    ("changed", "to", "expected"),
    [
        ("mesa.examples:VirusOnNetwork", "mesa.examples:Virus", "2: model is 'mesa.examples:Virus'"),
        ("model: mesa.examples:VirusOnNetwork", "model: 3", "2: 'model' is 3; it should be text"),
        ("[20, 30]", "{values: [20, 30], at: 1}", "6: 'at' makes a lever of abm's own scenarios step"),
        (
            "seed: 4",
            "measures: [Infekted]",
            "11: measure 'Infekted' is not a reporter; did you mean 'Infected'?",
        ),
        (
            "seed: 4",
            "reporters: {num_nodes: Infected}",
            "6: 'num_nodes' is a column too, of what the model reports",
        ),
        ("seed: 4", "reporters: {x: Infekted}", "11: 'Infekted' is not a reporter, attribute or method"),
        (
            "seed: 4",
            "common_random_numbers: false\nseeds: [1, 2, 3]",
            "11: 'seeds' are the same at every point",
        ),
        ("[20, 30]", "[-20, 30]", "4: VirusOnNetwork cannot be made with these parameters"),
    ],
)
def test_a_file_that_will_not_do_is_refused(tmp_path: Path, changed: str, to: str, expected: str) -> None:
    assert any(problem.startswith(expected) for problem in told(tmp_path, EPIDEMIC.replace(changed, to)))
