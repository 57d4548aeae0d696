"""The model as Mesa users meet it: agents, selections, collected data, a network, and branching futures."""

from pathlib import Path

import mesa
import networkx as nx
import numpy as np
import pytest

from abm.core.snapshot import Snapshot
from abm.errors import InvalidInput
from abm.scenarios.agents import AcuteProvider, Commissioner, CommunityProvider, LocalAuthority, Practice
from abm.scenarios.integration_model import IntegrationModel
from abm.scenarios.library import find_place
from abm.scenarios.scenario import load_scenario
from abm.scenarios.simulate import simulate_lanes
from abm.submodels.shipped import theory
from abm.world.network import read_graphml, write_graphml
from abm.world.place_loading import load_place


@pytest.fixture
def model():
    return IntegrationModel(load_scenario("leadership_with_reform").with_horizon(3), seed=5)


def advance(model, months):
    for _ in range(months):
        model.step()
    return model


def test_model_is_a_mesa_model_with_an_agent_for_every_organisation(model):
    assert isinstance(model, mesa.Model)
    assert len(model.agents) == model.place.organisations
    counts = {kind.__name__: len(agents) for kind, agents in model.agents_by_type.items()}
    assert counts == {
        "AcuteProvider": 1,
        "CommunityProvider": 1,
        "Commissioner": 1,
        "Practice": 21,
        "LocalAuthority": 1,
    }
    assert set(model.agents_by_type) == {
        AcuteProvider,
        CommunityProvider,
        Commissioner,
        Practice,
        LocalAuthority,
    }


def test_agents_are_views_on_the_state(model):
    advance(model, 6)
    hospital = next(iter(model.agents_by_type[AcuteProvider]))
    practice = next(iter(model.agents_by_type[Practice]))
    state = model.batch.state
    assert hospital.pressure == state.pressure[hospital.row, 0]
    assert hospital.occupancy == state.occupancy[hospital.row, 0]
    assert hospital.beds == model.place.beds[hospital.row]
    assert practice.list_size == model.place.population_served[practice.row]
    assert practice.is_engaged == bool(state.engaged[practice.row, 0])
    assert practice.place == "South Somerset"
    practice.orientation = 0.75
    assert state.orientation[practice.row, 0] == 0.75
    assert type(practice).pressure.__doc__ == "Index in [0, 1]"
    assert repr(practice) == "<Practice Practice 01>"


def test_trust_is_directed_and_belongs_to_ties(model):
    hospital = next(iter(model.agents_by_type[AcuteProvider]))
    practice = next(partner for partner in hospital.partners if isinstance(partner, Practice))
    tie, side = model.tie(hospital.row, practice.row)
    assert (side, model.tie(practice.row, hospital.row)) == (0, (tie, 1))
    assert hospital.trust_in(practice) == model.batch.state.trust[tie, 0, 0]
    assert practice.trust_in(hospital) == model.batch.state.trust[tie, 1, 0]
    assert practice.divergence_from(hospital) == model.batch.state.divergence[tie, 0]
    strangers = [
        (one, other)
        for one in model.agents_by_type[Practice]
        for other in model.agents_by_type[Practice]
        if one is not other and other not in one.partners
    ]
    with pytest.raises(KeyError, match="no tie between"):
        strangers[0][0].trust_in(strangers[0][1])


def test_agent_sets_select_and_aggregate(model):
    advance(model, 12)
    practices = model.agents.select(agent_type=Practice)
    largest = practices.select(lambda practice: practice.list_size > 10_000)
    assert 0 < len(largest) < len(practices)
    at_work = practices.select(lambda practice: practice.is_open)
    assert at_work.agg("pressure", np.mean) == pytest.approx(model.measures()["pressure_practice"])


def test_data_collector_holds_every_measure_of_every_month(model):
    model.run_model()
    collected = model.datacollector.get_model_vars_dataframe()
    assert list(collected.columns) == [measure.name for measure in theory().measures]
    assert len(collected) == 36 + 1
    series, judged = simulate_lanes([model.case], [5], [0])
    assert np.array_equal(collected.to_numpy(float), series[:, :, 0], equal_nan=True)
    assert model.outcomes() == pytest.approx(
        {name: values[0] for name, values in judged.items()}, nan_ok=True
    )
    assert not model.running
    assert model.month == model.steps == 36


def test_agent_reporters_are_kept_where_asked_for():
    case = load_scenario("baseline").with_horizon(1)
    model = advance(IntegrationModel(case, agent_reporters={"pressure": "pressure"}), 2)
    table = model.datacollector.get_agent_vars_dataframe()
    assert len(table) == 3 * model.place.organisations


def test_a_lever_set_in_mid_run_acts_from_that_month_on(model):
    twin = IntegrationModel(model.case, seed=5)
    advance(model, 12)
    advance(twin, 12)
    twin.set_lever("competition.strictness", 1.0)
    model.run_model()
    twin.run_model()
    ours, theirs = (one.datacollector.get_model_vars_dataframe()["trust"].to_numpy() for one in (model, twin))
    assert np.array_equal(ours[:13], theirs[:13])
    assert ours[-1] > theirs[-1]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [("leadership.efort", 0.5, "leadership.effort"), ("leadership.effort", 2.0, "2")],
)
def test_a_lever_that_cannot_be_set_is_refused(model, name, value, told):
    with pytest.raises(InvalidInput, match=told):
        model.set_lever(name, value)


def test_two_futures_from_one_past(model):
    advance(model, 12)
    past = model.save()
    model.run_model()
    twin = IntegrationModel(model.case, seed=5)
    twin.restore(past)
    assert twin.month == twin.steps == 12
    twin.run_model()
    ours, theirs = (one.datacollector.get_model_vars_dataframe() for one in (model, twin))
    assert ours.equals(theirs)
    twin.restore(past)
    assert twin.running
    assert len(twin.datacollector.get_model_vars_dataframe()) == 13


def test_network_carries_trust_and_starts_a_model_through_graphml(model, tmp_path):
    advance(model, 6)
    network = model.network
    assert isinstance(network, nx.Graph)
    assert network.number_of_nodes() == model.place.organisations
    assert network.number_of_edges() == model.place.ties
    write_graphml(network, tmp_path / "place.graphml")
    read = read_graphml(tmp_path / "place.graphml")
    again = IntegrationModel(model.case, seed=5, network=read)
    assert np.array_equal(again.batch.state.trust, model.batch.state.trust)
    assert again.place.content_hash == model.place.content_hash
    for _, _, edge in read.edges(data=True):
        edge.pop("trust_side_0")
    fresh = IntegrationModel(model.case, seed=5, network=read)
    assert not np.array_equal(fresh.batch.state.trust, model.batch.state.trust)


def test_replicates_differ_and_seeds_repeat():
    case = load_scenario("baseline").with_horizon(1)
    first, second, again = (
        advance(IntegrationModel(case, seed=2, replicate=replicate), 12).measures()["trust"]
        for replicate in (0, 1, 0)
    )
    assert first == again != second


def test_scenarios_are_found_by_name():
    assert IntegrationModel("baseline").case.name == "baseline"


def test_a_model_without_a_seed_draws_one():
    seeds = {IntegrationModel("baseline", seed=None).batch.lanes[0].seed for _ in range(3)}
    assert len(seeds) == 3


@pytest.mark.parametrize(("seed", "replicate", "told"), [(-1, 2**32, 2), (2**64, 0, 1), (1.5, 0, 1)])
def test_keys_out_of_range_are_refused_together(seed, replicate, told):
    with pytest.raises(InvalidInput) as refusal:
        IntegrationModel("baseline", seed=seed, replicate=replicate)
    assert len(refusal.value.problems) == told


def test_going_back_drops_what_agents_recorded_of_the_abandoned_future():
    case = load_scenario("baseline").with_horizon(1)
    model = advance(IntegrationModel(case, agent_reporters={"pressure": "pressure"}), 2)
    past = model.save()
    advance(model, 3)
    model.restore(past)
    assert model.datacollector.get_agent_vars_dataframe().index.get_level_values("Step").max() == 2


@pytest.mark.parametrize("kind", [str, Path])
def test_a_place_is_taken_by_name_or_file(kind):
    rural = find_place("rural")
    by_name = IntegrationModel(place="rural").place
    assert by_name.content_hash == IntegrationModel(place=kind(rural)).place.content_hash
    assert by_name.content_hash == load_place(rural).content_hash


@pytest.mark.parametrize(
    ("place", "told"),
    [("rurl", "did you mean 'rural'"), ("no/such.yaml", "does not exist"), (3, "found int 3")],
)
def test_a_place_that_is_none_is_refused_with_what_is_valid(place, told):
    with pytest.raises(InvalidInput, match=told):
        IntegrationModel(place=place)


def test_a_step_past_the_horizon_is_refused_and_not_counted(model):
    past = advance(model, 30).save()
    model.run_model()
    with pytest.raises(InvalidInput, match="month 36 is the last .* 3 years.*'horizon_years'"):
        model.step()
    assert (model.steps, model.month, model.running) == (36, 36, False)
    model.restore(past)
    model.step()
    assert (model.steps, model.month, model.running) == (31, 31, True)


def test_a_model_goes_on_from_the_file_of_a_snapshot(model, tmp_path):
    advance(model, 5).save().write(tmp_path / "past.npz")
    advance(model, 2)
    model.restore(tmp_path / "past.npz")
    assert model.month == 5
    with pytest.raises(InvalidInput, match=r"found int; give what 'model.save\(\)' returned"):
        model.restore(3)


def write_other_archive(path):
    np.savez(path, ends=np.arange(3), **{f"more_{number}": np.zeros(1) for number in range(6)})


def write_other_header(path):
    np.savez(path, header=np.array("[3]"), series=np.zeros(2))


def write_text(path):
    path.write_text("no archive", encoding="utf-8")


@pytest.mark.parametrize(
    ("write", "told"),
    [
        (write_other_archive, r"archive of 'ends', 'more_0', 'more_1', 'more_2', 'more_3' and 2 more\)"),
        (write_other_header, "its header is not one of a snapshot"),
        (write_text, "it is no NumPy archive"),
        (Path.mkdir, "Is a directory"),
    ],
)
def test_a_file_that_is_no_snapshot_is_refused_with_what_it_holds(write, told, tmp_path):
    write(tmp_path / "other.npz")
    with pytest.raises(InvalidInput, match=rf"{told}.*write one with 'model.save\(\).write"):
        Snapshot.read(tmp_path / "other.npz")
