"""What the network promises: a place comes back from GraphML the same to the last bit."""

import re
from collections.abc import Callable
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from abm.errors import InvalidInput
from abm.world.network import (
    from_network,
    load_network,
    read_graphml,
    to_network,
    trust_of,
    write_graphml,
)
from abm.world.place import Place
from abm.world.place_loading import load_place
from abm.world.region import random_region

PLACES = Path(__file__).parents[2] / "scenarios" / "places"


@pytest.fixture(scope="module")
def somerset() -> Place:
    """Return a place with two hospitals."""
    return load_place(PLACES / "somerset.yaml")


@pytest.mark.parametrize("name", ["south_somerset", "somerset", "urban", "region", "rural", "drawn"])
def test_graphml_round_trip_is_exact(name: str, tmp_path: Path) -> None:
    place = random_region(120, 1000, 2) if name == "drawn" else load_place(PLACES / f"{name}.yaml")
    trust = np.random.default_rng(1).random((place.ties, 2))
    path = tmp_path / "place.graphml"
    write_graphml(to_network(place, trust), path)
    assert load_network(path).content_hash == place.content_hash
    np.testing.assert_array_equal(trust_of(read_graphml(path), place), trust)


def test_order_of_nodes_and_edges_does_not_matter(somerset: Place) -> None:
    graph = to_network(somerset)
    turned = nx.Graph(**graph.graph)
    turned.add_nodes_from(reversed(list(graph.nodes(data=True))))
    turned.add_edges_from(
        (second, first, values) for first, second, values in reversed(list(graph.edges(data=True)))
    )
    assert from_network(turned).content_hash == somerset.content_hash


def test_network_has_an_edge_for_every_tie_with_its_attributes(somerset: Place) -> None:
    graph = to_network(somerset)
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (somerset.organisations, somerset.ties)
    assert graph.edges["east_hospital", "county_commissioner"]["kind"] == "commissioner_acute"
    assert graph.nodes["west_hospital"]["beds"] == 530.0


def test_trust_that_was_not_attached_cannot_be_read(somerset: Place) -> None:
    with pytest.raises(KeyError):
        trust_of(to_network(somerset), somerset)


def test_an_edited_attribute_reaches_the_place(somerset: Place) -> None:
    graph = to_network(somerset)
    graph.nodes["west_hospital"]["beds"] = 600.0
    assert from_network(graph).beds.tolist() == [345.0, 600.0]


def drop_node_attribute(graph: "nx.Graph[str]") -> None:
    del graph.nodes["west_hospital"]["beds"]


def drop_edge_attribute(graph: "nx.Graph[str]") -> None:
    del graph.edges["west_hospital", "county_commissioner"]["need"]


def drop_flows(graph: "nx.Graph[str]") -> None:
    del graph.graph["flows"]


def misname_kind(graph: "nx.Graph[str]") -> None:
    graph.nodes["west_hospital"]["kind"] = "hospice"


def misjoin(graph: "nx.Graph[str]") -> None:
    graph.edges["west_hospital", "county_commissioner"]["kind"] = "acute_acute"


def double_weight(graph: "nx.Graph[str]") -> None:
    graph.edges["west_hospital", "county_commissioner"]["core_weight"] = 1.0


def drop_use(graph: "nx.Graph[str]") -> None:
    graph.remove_edge("county_community_provider", "somerset_practice_01")


def drop_work(graph: "nx.Graph[str]") -> None:
    graph.graph["work"] = "[]"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (drop_node_attribute, "node 'west_hospital' lacks 'beds'"),
        (drop_edge_attribute, "lacks 'need'"),
        (drop_flows, "the graph lacks 'flows'"),
        (misname_kind, "hospice"),
        (misjoin, "acute_acute tie cannot join acute and commissioner"),
        (double_weight, "core weights"),
        (drop_use, "shares of use"),
        (drop_work, "no work"),
    ],
)
def test_a_network_that_is_no_place_is_refused(
    change: Callable[["nx.Graph[str]"], None], told: str, somerset: Place
) -> None:
    graph = to_network(somerset)
    change(graph)
    with pytest.raises(InvalidInput, match=told):
        from_network(graph)


def test_a_directed_network_is_refused(somerset: Place) -> None:
    with pytest.raises(InvalidInput, match="undirected"):
        from_network(to_network(somerset).to_directed())


@pytest.mark.parametrize("content", [b"\x00\x01 not xml", b"<html></html>", b""])
def test_files_that_are_not_graphml_are_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.graphml"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"broken\.graphml"):
        load_network(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        load_network(tmp_path / "none.graphml")


@pytest.mark.parametrize("value", ["nan", "-1", "inf", "abc", "", "[]", "{}", "[[1]]", "null"])
@pytest.mark.parametrize(
    "name", ["population_served", "beds", "occupancy_start", "use_share", "core_weight", "need"]
)
def test_a_number_that_is_none_or_out_of_bounds_is_refused(
    name: str, value: str, graphml: str, tmp_path: Path
) -> None:
    assert_refused(graphml, name, value, tmp_path)


@pytest.mark.parametrize("value", ["nan", "", "[]", "{}", "[[1]]", "[[1, 2, 3, 4]]", "null", "["])
@pytest.mark.parametrize("name", ["places", "flows", "work", "outside", "showcase_km", "kind", "place"])
def test_an_attribute_that_cannot_be_read_is_refused(
    name: str, value: str, graphml: str, tmp_path: Path
) -> None:
    assert_refused(graphml, name, value, tmp_path)


def assert_refused(graphml: str, name: str, value: str, folder: Path) -> None:
    """Change the first value of an attribute in the text."""
    declared = re.search(rf'id="(d\d+)" for="\w+" attr.name="{name}"', graphml)
    assert declared is not None
    place = re.search(rf'<data key="{declared[1]}">([^<]*)<', graphml)
    assert place is not None
    path = folder / "edited.graphml"
    path.write_text(graphml[: place.start(1)] + value + graphml[place.end(1) :], encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"edited\.graphml"):
        load_network(path)


@pytest.fixture(scope="module")
def graphml(somerset: Place, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the text of a place's network."""
    path = tmp_path_factory.mktemp("network") / "somerset.graphml"
    write_graphml(to_network(somerset), path)
    return path.read_text(encoding="utf-8")
