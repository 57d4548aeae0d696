"""A batch: the same bits whatever its width, order or process, the state within its ranges, futures from a past."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from abm.core.batch import Lane
from abm.core.snapshot import Snapshot
from abm.errors import InvalidInput
from abm.policy.catalogue import parameter_values
from abm.runs.batches import execute
from abm.runs.run import Run
from abm.runs.simulator import simulate
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import make_batch
from abm.submodels.emergence.emergence import judge
from abm.submodels.quantities import lever_names, levers
from abm.submodels.shipped import theory
from abm.world.place import OrganisationKind
from abm.world.place_loading import load_place
from abm.world.region import random_region

MONTHS = 30
SEED = 7


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("leadership_with_reform")


@pytest.fixture(scope="module")
def place(scenario):
    return load_place(scenario.place)


def lane(scenario, replicate, months=MONTHS, **settings):
    table = scenario.lever_table()[:months].copy()
    for name, value in settings.items():
        table[:, lever_names().index(name.replace("__", "."))] = value
    return Lane(SEED, replicate, scenario.parameter_values, table)


def run(batch, months=MONTHS):
    for _ in range(months):
        batch.advance()
    return batch


def series_of(place, lanes, months=MONTHS, **options):
    return run(make_batch(place, lanes, **options), months).series


@pytest.mark.parametrize("width", [1, 16, 32])
def test_a_run_has_the_same_bits_in_a_batch_of_any_width(scenario, place, width):
    whole = series_of(place, [lane(scenario, replicate) for replicate in range(32)])
    for first in range(0, 32, width):
        part = series_of(place, [lane(scenario, replicate) for replicate in range(first, first + width)])
        assert part.tobytes() == np.ascontiguousarray(whole[:, :, first : first + width]).tobytes()


def test_a_run_has_the_same_bits_in_any_lane_and_beside_any_policy(scenario, place):
    alone = series_of(place, [lane(scenario, 5)])[:, :, 0]
    strict = lane(scenario, 5, competition__strictness=1.0)
    beside = series_of(place, [lane(scenario, 9), strict, lane(scenario, 5), lane(scenario, 1)])[:, :, 2]
    assert alone.tobytes() == beside.tobytes()


def test_tables_are_the_same_for_any_number_of_workers(scenario):
    short = scenario.with_horizon(2)
    runs = [Run(short, SEED, replicate) for replicate in range(48)]
    one, two = (execute(runs, simulate, workers=workers).tables for workers in (1, 2))
    for name, column in one.months.items():
        assert column.tobytes() == two.months[name].tobytes(), name
    for name, column in one.runs.items():
        assert column.tobytes() == two.runs[name].tobytes(), name


DIGEST = """
import hashlib
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import simulate_lanes
scenario = load_scenario("leadership_with_reform").with_horizon(2)
series, _ = simulate_lanes([scenario] * 3, [7] * 3, range(3))
print(hashlib.sha256(series.tobytes()).hexdigest(), scenario.content_hash)
"""


def test_results_do_not_depend_on_the_hash_seed_of_python():
    found = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    assert len(found) == 1


@pytest.mark.parametrize("substeps", [1, 2])
def test_python_form_of_the_kernels_gives_the_same_state(substeps):
    place = random_region(42, 120, seed=3, places=2)
    parameters = parameter_values({"trust.third_party_pull": 0.3, "attention.trust_power": 0.5})
    rng = np.random.default_rng(4)
    tables = [random_levers(rng, 4) for _ in range(2)]
    lanes = [Lane(SEED, number, parameters, table) for number, table in enumerate(tables)]
    compiled = run(make_batch(place, lanes, substeps), 4)
    plain = run(make_batch(place, lanes, substeps, is_compiled=False), 4)
    for field in theory().fields:
        left, right = compiled.state.arrays[field.name], plain.state.arrays[field.name]
        assert np.allclose(left, right, rtol=0.0, atol=1e-12, equal_nan=True), field.name


def random_levers(rng, months):
    """Draw settings of every lever that hold for half of the months each."""
    records = [levers()[name] for name in lever_names()]
    low = np.array([record.bounds[0] for record in records])
    high = np.array([record.bounds[1] for record in records])
    rows = low + (high - low) * rng.random((2, len(records)))
    switches = [column for column, record in enumerate(records) if record.type == "switch"]
    rows[:, switches] = np.round(rows[:, switches])
    return np.repeat(rows, -(-months // 2), axis=0)[:months]


@pytest.mark.parametrize("seed", range(6))
def test_state_stays_within_its_ranges_under_any_levers(place, seed):
    rng = np.random.default_rng(seed)
    lanes = [Lane(seed, number, parameter_values({}), random_levers(rng, 120)) for number in range(16)]
    batch = make_batch(place, lanes)
    for _ in range(120):
        batch.advance()
        for field in theory().fields:
            values = batch.state.arrays[field.name]
            assert np.all(np.isfinite(values)), field.name
            assert np.all((values >= field.low) & (values <= field.high)), field.name
    low = np.array([measure.low for measure in theory().measures])[:, np.newaxis] - 1e-12
    high = np.array([measure.high for measure in theory().measures])[:, np.newaxis] + 1e-12
    inside = (batch.series >= low) & (batch.series <= high)
    assert np.all(inside | np.isnan(batch.series))


FIRST_MONTH = {
    "exits": {
        "leadership.turnover",
        "payment.practice_funding_share",
        "pressure.demand_growth",
        "pressure.funding_growth",
        "form.hospital_network",
    },
    "pressure": {
        "payment.practice_funding_share",
        "pressure.demand_growth",
        "pressure.funding_growth",
        "form.hospital_network",
    },
    "meetings": {
        "convening.clinical_leaders",
        "competition.strictness",
        "competition.dialogue_protection",
        "convening.sessions",
        "leadership.effort",
        "leadership.focus",
        "leadership.practice_share",
        "leadership.development",
        "leadership.turnover",
        "regulation.system_weight",
        "form.hospital_network",
        "form.mandate",
        "payment.practice_funding_share",
        "pressure.demand_growth",
        "pressure.funding_growth",
    },
}


@pytest.mark.parametrize("name", lever_names())
def test_a_lever_leaves_the_draws_of_other_decisions_unchanged(scenario, place, name):
    low, high = levers()[name].bounds
    settings = [{name.replace(".", "__"): value} for value in (low, high)]
    batches = [
        run(make_batch(place, [lane(scenario, r, 1, **setting) for r in range(8)]), 1) for setting in settings
    ]
    for array, concerned in FIRST_MONTH.items():
        first, second = (batch.state.arrays[array] for batch in batches)
        if name not in concerned:
            assert first.tobytes() == second.tobytes(), array


def test_draw_keys_separate_replicates_and_seeds(scenario, place):
    first, second = (series_of(place, [lane(scenario, replicate)]) for replicate in (0, 1))
    other = Lane(SEED + 1, 0, scenario.parameter_values, scenario.lever_table()[:MONTHS])
    third = series_of(place, [other])
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, third)


def test_two_futures_continue_one_past_bit_for_bit(scenario, place, tmp_path):
    strict = {"competition__strictness": 1.0, "leadership__effort": 0.0}
    past = run(make_batch(place, [lane(scenario, r) for r in range(3)]), 12)
    saved = past.save()
    saved.write(tmp_path / "month-12.npz")
    read = Snapshot.read(tmp_path / "month-12.npz")

    same = make_batch(place, [lane(scenario, r) for r in range(3)])
    same.restore(read)
    other = make_batch(place, [lane(scenario, r, **strict) for r in range(3)])
    other.restore(read)
    for batch in (past, same, other):
        run(batch, MONTHS - 12)
    assert past.series.tobytes() == same.series.tobytes()
    for field in theory().fields:
        assert past.state.arrays[field.name].tobytes() == same.state.arrays[field.name].tobytes()

    turned = [lane(scenario, r) for r in range(3)]
    for number, one in enumerate(turned):
        table = one.levers.copy()
        table[12:] = lane(scenario, number, **strict).levers[12:]
        turned[number] = Lane(SEED, number, one.parameters, table)
    assert run(make_batch(place, turned)).series.tobytes() == other.series.tobytes()
    assert other.series.tobytes() != past.series.tobytes()


def test_a_future_with_other_attention_divides_effort_anew(scenario, place):
    saved = run(make_batch(place, [lane(scenario, 0)]), 12).save()
    needy = scenario.with_parameters({"attention.need_power": 1.0})
    restored = make_batch(place, [lane(needy, 0)])
    fresh = restored.state.attention_weight.copy()
    restored.restore(saved)
    assert np.array_equal(restored.state.attention_weight, fresh)


def test_a_snapshot_of_another_past_is_refused_with_every_reason(scenario, place):
    saved = run(make_batch(place, [lane(scenario, 0)]), 12).save()
    stranger = make_batch(
        random_region(42, 120), [Lane(8, 1, scenario.parameter_values, scenario.lever_table()[:6])], 2
    )
    with pytest.raises(InvalidInput) as refusal:
        stranger.restore(saved)
    told = "\n".join(problem.message for problem in refusal.value.problems)
    for reason in ("place", "seeds", "replicates", "steps a month", "horizon"):
        assert reason in told


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"not an archive"])
def test_a_file_that_is_no_snapshot_is_refused(tmp_path, content):
    path = tmp_path / "past.npz"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match="is not a snapshot"):
        Snapshot.read(path)
    with pytest.raises(InvalidInput, match="is not a snapshot"):
        Snapshot.read(tmp_path / "missing.npz")


def test_a_snapshot_of_another_format_is_refused(scenario, place, tmp_path, monkeypatch):
    path = tmp_path / "past.npz"
    monkeypatch.setattr("abm.core.snapshot.FORMAT", 99)
    make_batch(place, [lane(scenario, 0)]).save().write(path)
    monkeypatch.undo()
    with pytest.raises(InvalidInput, match="its format is 99"):
        Snapshot.read(path)


def test_no_month_lies_beyond_the_levers(scenario, place):
    batch = run(make_batch(place, [lane(scenario, 0, 3)]), 3)
    with pytest.raises(IndexError, match="month 3"):
        batch.advance()


def test_unknown_state_arrays_are_named(scenario, place):
    with pytest.raises(AttributeError, match="trsut"):
        _ = make_batch(place, [lane(scenario, 0)]).state.trsut


def test_halving_the_step_moves_the_probability_of_emergence_by_less_than_its_interval():
    from abm.analysis.emergence import wilson_interval
    from abm.scenarios.simulate import simulate_lanes

    scenario = load_scenario("leadership_with_reform").with_place("rural")
    halved = replace(scenario, substeps=2)
    shares = []
    for case in (scenario, halved):
        standing = [
            simulate_lanes([case] * 32, [3] * 32, range(first, first + 32))[1]["standing"]
            for first in range(0, 192, 32)
        ]
        shares.append(np.concatenate(standing))
    interval = wilson_interval(int(shares[0].sum()), len(shares[0]))
    assert 0.2 < shares[0].mean() < 0.99
    assert interval.low <= shares[1].mean() <= interval.high


def test_measures_agree_with_the_state_they_summarise(scenario, place):
    batch = run(make_batch(place, [lane(scenario, r) for r in range(4)]))
    state, found = batch.state, batch.measures()
    assert np.any(state.list_size == 0.0)
    for number in range(4):
        is_open = state.list_size[:, number] > 0.0
        ties = np.all(is_open[place.tie_ends], axis=1)
        trust = state.trust[ties, :, number]
        pair = np.concatenate([trust, trust[:, ::-1]])
        assert found["trust"][number] == pytest.approx(trust.mean())
        assert found["reciprocity"][number] == pytest.approx(np.corrcoef(pair[:, 0], pair[:, 1])[0, 1])
        assert found["meetings"][number] == pytest.approx(12.0 * state.meetings[:, number].sum() / ties.sum())
        assert found["pressure"][number] == pytest.approx(state.pressure[is_open, number].mean())
        assert found["practices"][number] == is_open[place.of_kind(OrganisationKind.PRACTICE)].sum()
    assert np.allclose(found["depth"], state.implementation[0] / state.scope[0])
    assert np.isnan(found["trust_acute_acute"]).all()
    assert set(found) == {measure.name for measure in theory().measures}


def test_outcomes_judge_spells_of_implementation():
    series = np.zeros((25, 4))
    series[3:9, 0] = 0.5
    series[10:25, 1] = 0.5
    series[2:14, 2] = 0.4
    series[16:24, 3] = 0.9
    judged = judge(series, np.full(4, 0.4), np.array([6.0, 12.0, 12.0, 9.0]))
    assert judged["emerged_ever"].tolist() == [1.0, 1.0, 1.0, 0.0]
    assert np.array_equal(judged["emerged_month"], [8.0, 21.0, 13.0, np.nan], equal_nan=True)
    assert judged["standing"].tolist() == [0.0, 1.0, 0.0, 0.0]
    assert judged["spells"].tolist() == [1.0, 1.0, 1.0, 0.0]


def test_digest_of_a_run_is_a_function_of_its_key_alone(scenario, place):
    digests = {hashlib.sha256(series_of(place, [lane(scenario, 2)]).tobytes()).hexdigest() for _ in range(2)}
    assert len(digests) == 1


def test_a_mechanism_that_is_switched_off_rests_and_wakes_with_its_lever(scenario, place):
    column = lever_names().index("convening.clinical_leaders")
    off, on = (lane(scenario, 0, 12, convening__clinical_leaders=value) for value in (0, 4))
    table = off.levers.copy()
    table[5:8, column] = 4
    awake = make_batch(place, [off, Lane(off.seed, 0, off.parameters, table)])
    asleep = make_batch(place, [off])
    for month in range(12):
        awake.advance()
        asleep.advance()
        seats = awake.state.seat[:, 1].sum()
        assert seats == (4 if 5 <= month < 8 else 0)
        for name, values in asleep.state.arrays.items():
            assert np.array_equal(values[..., 0], awake.state.arrays[name][..., 0], equal_nan=True), name
    assert "clinical" not in [call.name for call in asleep._acting()]
    assert "clinical" in [call.name for call in make_batch(place, [on])._acting()]
