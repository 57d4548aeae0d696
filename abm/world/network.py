"""Turn a place into a network and back: the one door to networkx, and to GraphML files.

A network holds everything that cannot be derived, so that a place comes back from GraphML the same to the
last bit. Attributes that the model adds, such as trust, are carried along and ignored on the way back.
"""

import json
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import networkx as nx
import numpy as np

from abm.errors import InvalidInput, Problem
from abm.records import NotRegular, complaint_of, shown_path
from abm.texts import UNREADABLE, visible
from abm.world.assembly import Flows, Organisations, Ties, Work, assemble
from abm.world.graphml import require_bounded
from abm.world.networkvalues import faulty_values
from abm.world.place import ORGANISATION_KINDS, TIE_KINDS, Floats, Integers, OrganisationKind, Place
from abm.world.showcase import Showcase

TRUST_ATTRIBUTES = ("trust_side_0", "trust_side_1")
"""Edge attributes: trust of the organisation at each side in the other; `side_0` and `side_1` name them."""

NODE_ATTRIBUTES = (
    "name",
    "kind",
    "place",
    "population_served",
    "east_km",
    "north_km",
    "beds",
    "occupancy_start",
)
EDGE_ATTRIBUTES = ("kind", "place", "use_share", "core_weight", "need")
PLACE_ATTRIBUTES = ("name", "label", "places", "flows", "outside", "work", "showcase_km", "showcase_ties")


def to_network(place: Place, trust: Floats | None = None) -> "nx.Graph[str]":
    """Return a place as an undirected graph whose nodes are organisation ids.

    Parameters
    ----------
    place : Place
    trust : (M, 2), optional
        Trust by tie and side, put on the edges as `trust_side_0` and `trust_side_1`.

    Returns
    -------
    networkx.Graph
        Nodes and edges in the order of the place's rows. Populations, flows of patients and shares of work,
        which belong to no single node or edge, are JSON text in the graph's attributes.
    """
    ids = place.organisation_id
    others = place.work_organisation >= place.acute_providers
    others &= place.organisation_kind[place.work_organisation] != OrganisationKind.PRACTICE
    graph: nx.Graph[str] = nx.Graph(
        name=place.name,
        label=place.label,
        showcase_km=place.showcase_km,
        showcase_ties=place.showcase_ties,
        places=json.dumps(list(zip(place.place_names, place.population.tolist(), strict=True))),
        flows=json.dumps(
            [
                [ids[provider], at, of_provider, of_place]
                for provider, at, of_provider, of_place in zip(
                    place.flow_provider.tolist(),
                    place.flow_place.tolist(),
                    place.flow_of_provider.tolist(),
                    place.flow_of_place.tolist(),
                    strict=True,
                )
            ]
        ),
        outside=json.dumps(dict(zip(ids, place.outside_share.tolist(), strict=False))),
        work=json.dumps(
            [
                [ids[owner], at, share]
                for owner, at, share in zip(
                    place.work_organisation[others].tolist(),
                    place.work_place[others].tolist(),
                    place.work_share[others].tolist(),
                    strict=True,
                )
            ]
        ),
    )
    acute = place.acute_providers
    for row, identity in enumerate(ids):
        graph.add_node(
            identity,
            name=place.organisation_name[row],
            kind=ORGANISATION_KINDS[place.organisation_kind[row]],
            place=place.place_names[place.organisation_place[row]],
            population_served=float(place.population_served[row]),
            east_km=float(place.position[row, 0]),
            north_km=float(place.position[row, 1]),
            beds=float(place.beds[row]) if row < acute else 0.0,
            occupancy_start=float(place.occupancy_start[row]) if row < acute else 0.0,
        )
    for tie, (first, second) in enumerate(place.tie_ends.tolist()):
        graph.add_edge(
            ids[first],
            ids[second],
            kind=TIE_KINDS[place.tie_kind[tie]],
            place=place.place_names[place.tie_place[tie]],
            use_share=float(place.use_share[tie]),
            core_weight=float(place.core_weight[tie]),
            need=float(place.need[tie]),
            side_0=ids[first],
            side_1=ids[second],
        )
    if trust is not None:
        attach_trust(graph, place, trust)
    return graph


def attach_trust(graph: "nx.Graph[str]", place: Place, trust: Floats) -> None:
    """Add trust (M, 2) to the edges of a place's network, in place."""
    ids = place.organisation_id
    for (first, second), pair in zip(place.tie_ends.tolist(), trust.tolist(), strict=True):
        graph.edges[ids[first], ids[second]].update(zip(TRUST_ATTRIBUTES, pair, strict=True))


def carries_trust(graph: "nx.Graph[str]") -> bool:
    """Return whether every edge of a network carries trust."""
    return all(side in edge for *_, edge in graph.edges(data=True) for side in TRUST_ATTRIBUTES)


def trust_of(graph: "nx.Graph[str]", place: Place) -> Floats:
    """Return the trust on the edges of a place's network, shape (M, 2).

    Raises
    ------
    KeyError
        When an edge carries no trust.
    """
    ids = place.organisation_id
    edges = (graph.edges[ids[first], ids[second]] for first, second in place.tie_ends.tolist())
    return np.array([[float(edge[side]) for side in TRUST_ATTRIBUTES] for edge in edges]).reshape(
        place.ties, 2
    )


def from_network(graph: "nx.Graph[str]", source: str = "network") -> Place:
    """Return the place that a network describes, whatever the order of its nodes and edges.

    Parameters
    ----------
    graph : networkx.Graph
        As `to_network` gives it.
    source : str
        File or name for messages.

    Raises
    ------
    InvalidInput
        With every attribute that is missing, every value that is not valid, or the sum that does not hold.
    """
    problems = [Problem(source, None, message) for message in missing_attributes(graph)]
    if problems:
        raise InvalidInput(problems)
    problems = [
        Problem(source, None, message)
        for message in faulty_values(graph.graph, graph.nodes(data=True), graph.edges(data=True))
    ]
    if problems:
        raise InvalidInput(problems)
    try:
        return rebuild(graph)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        told = f"is not a place: {error}; write it with abm and change single attributes only"
        raise InvalidInput([Problem(source, None, told)]) from error


def missing_attributes(graph: "nx.Graph[str]") -> list[str]:
    """Return which attributes of the graph, its nodes and its edges are missing."""
    if graph.is_directed() or graph.is_multigraph():
        return [
            "is directed or has parallel edges; a place is an undirected network with one edge for a pair"
        ]
    found = [f"the graph lacks '{name}'" for name in PLACE_ATTRIBUTES if name not in graph.graph]
    for node, values in graph.nodes(data=True):
        found += [f"node '{node}' lacks '{name}'" for name in NODE_ATTRIBUTES if name not in values]
    for first, second, values in graph.edges(data=True):
        found += [
            f"edge '{first}' - '{second}' lacks '{name}'" for name in EDGE_ATTRIBUTES if name not in values
        ]
    return [f"{message}; valid networks are written by abm" for message in found]


def rebuild(graph: "nx.Graph[str]") -> Place:
    """Assemble the place of a network that lacks nothing."""
    held: dict[str, Any] = graph.graph
    places = json.loads(held["places"])
    place_row = {name: row for row, (name, _) in enumerate(places)}
    kind_row = {name: row for row, name in enumerate(ORGANISATION_KINDS)}
    tie_row = {name: row for row, name in enumerate(TIE_KINDS)}
    ids = sorted(graph.nodes, key=lambda node: (kind_row[graph.nodes[node]["kind"]], node))
    row = {identity: number for number, identity in enumerate(ids)}
    nodes = [graph.nodes[identity] for identity in ids]
    flows = json.loads(held["flows"])
    work = json.loads(held["work"])
    outside = json.loads(held["outside"])
    edges = [(row[first], row[second], values) for first, second, values in graph.edges(data=True)]
    return assemble(
        held["name"],
        held["label"],
        [name for name, _ in places],
        np.array([people for _, people in places], dtype=np.float64),
        Organisations(
            id=ids,
            name=[node["name"] for node in nodes],
            kind=np.array([kind_row[node["kind"]] for node in nodes], dtype=np.int64),
            home=np.array([place_row[node["place"]] for node in nodes], dtype=np.int64),
            people=np.array([node["population_served"] for node in nodes], dtype=np.float64),
            position=np.array([[node["east_km"], node["north_km"]] for node in nodes], dtype=np.float64),
            beds=np.array([node["beds"] for node in nodes], dtype=np.float64),
            occupancy=np.array([node["occupancy_start"] for node in nodes], dtype=np.float64),
        ),
        Flows(
            provider=np.array([row[provider] for provider, _, _, _ in flows], dtype=np.int64),
            place=np.array([at for _, at, _, _ in flows], dtype=np.int64),
            of_provider=np.array([share for _, _, share, _ in flows], dtype=np.float64),
            of_place=np.array([share for _, _, _, share in flows], dtype=np.float64),
            outside=np.array(
                [outside[identity] for identity in ids if identity in outside], dtype=np.float64
            ),
        ),
        Work(
            organisation=np.array([row[owner] for owner, _, _ in work], dtype=np.int64),
            place=np.array([at for _, at, _ in work], dtype=np.int64),
            share=np.array([share for _, _, share in work], dtype=np.float64),
        ),
        Ties(
            first=np.array([first for first, _, _ in edges], dtype=np.int64),
            second=np.array([second for _, second, _ in edges], dtype=np.int64),
            kind=np.array([tie_row[values["kind"]] for _, _, values in edges], dtype=np.int64),
            place=np.array([place_row[values["place"]] for _, _, values in edges], dtype=np.int64),
            use_share=np.array([values["use_share"] for _, _, values in edges], dtype=np.float64),
            core_weight=np.array([values["core_weight"] for _, _, values in edges], dtype=np.float64),
            need=np.array([values["need"] for _, _, values in edges], dtype=np.float64),
        ),
        Showcase(float(held["showcase_km"]), float(held["showcase_ties"])),
    )


def write_graphml(graph: "nx.Graph[str]", path: str | Path) -> None:
    """Write a network as GraphML; characters that act, which XML cannot hold, are written out."""
    shown = nx.relabel_nodes(graph, {node: visible(str(node)) for node in graph}) if _acts(graph) else graph
    for values in (shown.graph, *shown.nodes.values(), *shown.edges.values()) if shown is not graph else ():
        values.update({key: visible(text) for key, text in values.items() if isinstance(text, str)})
    nx.write_graphml_xml(shown, str(path))


def _acts(graph: "nx.Graph[str]") -> bool:
    """Return whether any text of a network holds characters that act."""
    texts = (
        text
        for values in (graph.graph, *graph.nodes.values(), *graph.edges.values())
        for text in values.values()
        if isinstance(text, str)
    )
    return any(UNREADABLE.search(text) for text in (*map(str, graph), *texts))


def read_graphml(path: str | Path) -> "nx.Graph[str]":
    """Read a network from GraphML.

    Raises
    ------
    InvalidInput
        When the file cannot be read or is not GraphML.
    """
    file = shown_path(path)
    try:
        require_bounded(path, file)
        graph: nx.Graph[str] = nx.read_graphml(str(path))
    except NotRegular as error:
        raise InvalidInput([Problem(file, None, complaint_of(error))]) from None
    except OSError as error:
        told = f"cannot be read ({error.strerror}); check the path and its permissions"
        raise InvalidInput([Problem(file, None, told)]) from None
    except (ParseError, nx.NetworkXError, KeyError, ValueError, AttributeError, TypeError) as error:
        told = f"is not GraphML: {error}; is this the right file?"
        raise InvalidInput([Problem(shown_path(path), None, told)]) from None
    return graph


def load_network(path: str | Path) -> Place:
    """Read a place from a GraphML file that abm wrote, or that was edited since.

    Raises
    ------
    InvalidInput
        When the file is not GraphML or lacks what a place needs.
    """
    return from_network(read_graphml(path), shown_path(path))


def betweenness(organisations: int, ends: Integers, length: Floats) -> Floats:
    """Return the share of the shortest paths between others that lead over each organisation, (N,).

    Parameters
    ----------
    organisations : int
        N.
    ends : (K, 2) int
        Organisations that are linked.
    length : (K,)
        Of each link, above 0.
    """
    graph: nx.Graph[int] = nx.Graph()
    graph.add_nodes_from(range(organisations))
    graph.add_weighted_edges_from(
        (one, other, far) for (one, other), far in zip(ends.tolist(), length.tolist(), strict=True)
    )
    found = nx.betweenness_centrality(graph, weight="weight")
    return np.array([found[row] for row in range(organisations)])
