"""A manifest names every run, is short however many there are, and makes any of them again by itself."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from abm.errors import InvalidInput
from abm.files.destination import Destination
from abm.runs.run import Run
from abm.scenarios.scenario import load_scenario, scenario_names
from abm.scenarios.scenariorecord import record_of, remade
from abm.sweeps.design.inputs import Inputs, bundle_id, bundled
from abm.sweeps.design.point_table import POINTS
from abm.sweeps.plan.plan import AS_A_RULE, SWEEP_FILES, Pilot, ShardSize, plan_sweep
from abm.sweeps.store import manifest as manifests
from abm.sweeps.store.manifest import Manifest
from abm.sweeps.store.shard import cases_of
from tests.unit.sweeping import SHARD, breakable, experiment, planned


def cases(manifest):
    """Return all runs, shard by shard."""
    shards = [manifest.shard(index) for index in range(manifest.shards)]
    return [case for shard in shards for case in cases_of(manifest, shard.first_run, shard.runs)[0]]


def test_shards_hold_every_combination_once_in_order(tmp_path):
    manifest = planned(tmp_path, scenarios=["baseline", "sustained_leadership"], horizon_years=2)
    found = [(case.run.scenario.name, case.run.point, case.run.replicate) for case in cases(manifest)]
    names = ("baseline", "sustained_leadership")
    assert found == [
        (name, point, replicate) for name in names for point in range(4) for replicate in range(3)
    ]
    assert manifest.runs == len(found)


def test_a_run_has_the_id_that_its_scenario_seed_and_replicate_give_it(tmp_path):
    case = cases(planned(tmp_path))[4]
    scenario = load_scenario("baseline").with_horizon(1).with_levers({"leadership.effort": 0.15})
    by_hand = Run(scenario.with_parameters({"trust.gain": 0.065}), 1, 1)
    assert (case.run.point, case.run.replicate) == (1, 1)
    assert case.run.run_id == by_hand.run_id


def test_runs_of_other_places_or_lengths_share_no_shard(tmp_path):
    text = "name: elsewhere\nplace: rural\n"
    (tmp_path / "elsewhere.yaml").write_text(text, encoding="utf-8")
    manifest = planned(
        tmp_path, scenarios=["baseline", "./elsewhere.yaml"], levers=None, size=replace(SHARD, runs=100)
    )
    for index in range(manifest.shards):
        shard = manifest.shard(index)
        found = cases_of(manifest, shard.first_run, shard.runs)[0]
        assert len({(case.run.scenario.place, case.run.scenario.months) for case in found}) == 1
    assert manifest.shards == 2


def test_small_scenarios_of_one_place_fill_a_shard_together(tmp_path):
    names = ["baseline", "reform_alone", "all_levers"]
    manifest = planned(
        tmp_path,
        scenarios=names,
        levers=None,
        uncertainties=None,
        horizon_years=2,
        size=replace(SHARD, runs=64),
    )
    assert (manifest.runs, manifest.shards) == (9, 1)
    assert {case.run.scenario.name for case in cases(manifest)} == set(names)


def test_every_point_meets_the_same_accidents_unless_told_otherwise(tmp_path):
    assert {case.run.seed for case in cases(planned(tmp_path))} == {1}
    shutil.rmtree(tmp_path / "sweep")
    apart = cases(planned(tmp_path, common_random_numbers=False))
    seeds = {case.run.point: case.run.seed for case in apart}
    assert len(set(seeds.values())) == 4
    assert all(case.run.seed == seeds[case.run.point] for case in apart)


def test_a_plan_of_a_million_runs_is_a_short_file(tmp_path):
    replicates = 250_000
    manifest = planned(tmp_path, replicates=replicates, size=replace(SHARD, runs=1000))
    assert (manifest.runs, manifest.shards) == (1_000_000, 1000)
    assert (manifest.directory / manifests.MANIFEST).stat().st_size < 40_000
    shard = manifest.shard(777)
    assert cases_of(manifest, shard.first_run, 2)[0][1].run.replicate == 777_001 - 3 * replicates


def test_a_shard_reads_its_own_points_of_many(tmp_path):
    design = {"random": {"points": 50_000, "seed": 3}}
    manifest = planned(tmp_path, design=design, replicates=1, size=replace(SHARD, runs=1000))
    everything = manifest.points(0, 50_000)
    shard = manifest.shard(16)
    found, points = cases_of(manifest, shard.first_run, shard.runs)
    assert len(points) == 1000
    assert found[5].run.point == 16_005
    assert points[found[5].row] == everything[16_005]
    assert points.columns["trust.gain"].tolist() == everything.columns["trust.gain"][16_000:17_000].tolist()


def test_a_manifest_makes_its_runs_again_without_the_files_it_was_planned_from(tmp_path):
    manifest = breakable(tmp_path, [0.1, 0.2])
    before = [case.run.run_id for case in cases(manifest)]
    for path in tmp_path.glob("*.*"):
        path.unlink()
    shutil.rmtree(manifest.directory / "inputs")
    moved = tmp_path / "elsewhere"
    manifest.directory.rename(moved)
    assert [case.run.run_id for case in cases(Manifest.read(moved))] == before


def test_a_damaged_copy_of_an_input_is_made_again(tmp_path):
    manifest = planned(tmp_path)
    (place,) = (manifest.directory / "inputs").rglob("*.yaml")
    text = place.read_text(encoding="utf-8")
    place.write_text(text.replace("population", "popolation"), encoding="utf-8")
    assert cases(Manifest.read(manifest.directory))
    assert place.read_text(encoding="utf-8") == text


def test_inputs_lie_elsewhere_where_the_directory_cannot_be_written(tmp_path):
    source = tmp_path / "source.bin"
    source.write_bytes(b"\xff\x00not text")
    bundle = bundled([source])
    (tmp_path / "file").touch()
    # A file stands where the folder would be, which refuses an administrator too.
    inputs = Inputs({bundle_id(bundle): bundle}, tmp_path / "file")
    assert inputs.path(bundle_id(bundle)).read_bytes() == b"\xff\x00not text"


def test_inputs_stay_in_their_folder(tmp_path):
    bundle = {"main": "x", "files": {"../../x": {"text": ""}}}
    with pytest.raises(ValueError, match="outside its folder"):
        Inputs({"id": bundle}, tmp_path).path("id")


@pytest.mark.parametrize("name", scenario_names())
def test_a_scenario_is_made_again_of_its_record(name):
    scenario = load_scenario(name)
    record = json.loads(json.dumps(record_of(scenario)))
    assert remade(record, scenario.place, str) == scenario


def test_a_record_that_no_longer_gives_the_same_scenario_is_refused():
    scenario = load_scenario("baseline")
    record = record_of(scenario)
    with pytest.raises(InvalidInput, match="differs from its record"):
        remade({**record, "horizon_years": 9.0}, scenario.place, str)
    with pytest.raises(InvalidInput, match="unknown"):
        remade({**record, "levers": {"leadership.zeal": 1}}, scenario.place, str)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda content: content.update(seed=2), "was edited or damaged"),
        (lambda content: content.update(format="another"), "is not the manifest of a sweep"),
        (lambda content: content.update(format_version=99), "format version 99"),
    ],
)
def test_a_manifest_that_was_edited_is_refused(tmp_path, change, told):
    path = planned(tmp_path).directory / manifests.MANIFEST
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InvalidInput, match=told):
        Manifest.read(path.parent)


def test_a_directory_without_a_readable_manifest_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="is missing"):
        Manifest.read(tmp_path)
    (tmp_path / manifests.MANIFEST).write_text("{", encoding="utf-8")
    with pytest.raises(InvalidInput, match="cannot be read"):
        Manifest.read(tmp_path)


def test_a_missing_table_of_points_is_noticed_and_its_points_are_made_again(tmp_path):
    manifest = planned(tmp_path)
    points = manifest.points(0, 4)
    (manifest.directory / POINTS).unlink()
    assert not manifest.has_points()
    assert Manifest.read(manifest.directory).points(1, 3).keys() == points.keys()[1:3]


def test_a_shard_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(InvalidInput, match="valid is 0 to 2"):
        planned(tmp_path).shard(3)


def test_a_planned_directory_is_replaced_by_force_only(tmp_path):
    first = planned(tmp_path)
    with pytest.raises(InvalidInput, match="exists; give --force"):
        planned(tmp_path)
    forced = Destination(tmp_path / "sweep", force=True, files=SWEEP_FILES)
    second = plan_sweep(experiment(tmp_path, seed=2), forced, SHARD)
    assert second.content["manifest_sha256"] != first.content["manifest_sha256"]


@pytest.mark.parametrize(
    ("seconds_per_run", "runs", "expected"),
    [
        (0.002, 1_000_000, 1008),  # a thousand, in whole batches
        (1.0, 1_000_000, 112),  # a hundred at least
        (0.002, 400, 32),  # a small sweep is shared out
        (60.0, 1_000_000, 32),  # no shard takes more than half an hour
        (0.002, 1, 16),
    ],
)
def test_shards_are_sized_by_what_a_run_takes(seconds_per_run, runs, expected):
    assert AS_A_RULE.fitting(Pilot(seconds_per_run, 1.0, 1.0), runs) == expected


def test_shards_are_as_long_or_as_large_as_asked():
    pilot = Pilot(0.002, 1.0, 1.0)
    assert ShardSize(seconds=300).fitting(pilot, 10) == 100_000
    assert ShardSize(seconds=2).fitting(pilot, 10) == 1008
    assert ShardSize(runs=7).fitting(pilot, 10) == 7
    # Months of a shard have to fit in memory.
    assert ShardSize(seconds=300).fitting(Pilot(0.002, 1.0, float(1 << 20)), 10) == 256


def test_a_pilot_tells_time_and_disk(tmp_path):
    (pilot,) = planned(tmp_path).content["invocation"]["pilots"]
    assert pilot["seconds_per_run"] > 0
    months, measures = 13, len(planned_measures(tmp_path))
    assert pilot["memory_per_run"] > months * measures * np.float64().nbytes


def planned_measures(folder):
    return Manifest.read(folder / "sweep").measures
