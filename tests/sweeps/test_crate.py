"""The crate of a sweep says what the profile demands, and vouches for files as they are."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from rocrate.rocrate import ROCrate

from abm.errors import AbmError
from abm.files.destination import Destination
from abm.sweeps.crate import COMPLETED, PROFILE, Agent, write_crate
from abm.sweeps.engines.processes import Processes
from abm.sweeps.plan.experimentfile import load_experiment
from abm.sweeps.plan.plan import ShardSize, plan_sweep
from abm.sweeps.sweep import Sweep

if TYPE_CHECKING:
    from pathlib import Path

EXPERIMENT = """\
name: segregation
label: Segregation
description: How fast everybody is content.
model: mesa.examples:Schelling
steps: 4
levers: {homophily: [0.3, 0.5]}
design: full_factorial
replicates: 3
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crate")
    file = folder / "segregation.yaml"
    file.write_text(EXPERIMENT)
    plan_sweep(
        load_experiment(file),
        Destination(folder / "sweep"),
        ShardSize(runs=2),
        "abm sweep plan segregation.yaml",
    )
    Sweep(folder / "sweep").carry_out(Processes(1))
    return folder / "sweep"


def graph(directory: Path, **asked: Any) -> dict[str, dict[str, Any]]:
    """Write the crate and give its entities by their ids."""
    metadata = json.loads(write_crate(directory, **asked).read_text())
    entities = {entity["@id"]: entity for entity in metadata["@graph"]}
    assert len(entities) == len(metadata["@graph"])
    return entities


def referred(entity: dict[str, Any], name: str) -> list[str]:
    """Return the ids under a property."""
    values = entity.get(name, [])
    return [value["@id"] for value in (values if isinstance(values, list) else [values])]


def test_the_root_conforms_to_the_profile_and_mentions_its_action(directory: Path) -> None:
    entities = graph(directory)
    assert entities["ro-crate-metadata.json"]["conformsTo"] == {"@id": "https://w3id.org/ro/crate/1.3"}
    assert entities["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    root = entities["./"]
    assert referred(root, "conformsTo") == [PROFILE]
    assert entities[PROFILE]["@type"] == "CreativeWork"
    assert PROFILE.endswith(entities[PROFILE]["version"])
    assert (root["@type"], root["name"]) == ("Dataset", "Segregation")
    assert root["description"] == "How fast everybody is content."
    datetime.fromisoformat(root["datePublished"])
    assert entities[referred(root, "license")[0]]["description"].startswith("No licence has been chosen")
    action = entities[referred(root, "mentions")[0]]
    assert action["@type"] == "CreateAction"


def test_the_action_has_instrument_objects_results_and_times(directory: Path) -> None:
    entities = graph(directory)
    (action,) = (entity for entity in entities.values() if entity["@type"] == "CreateAction")
    instrument = entities[action["instrument"]["@id"]]
    assert instrument["@type"] == "SoftwareApplication"
    code = Sweep(directory).manifest.content["code"]
    assert instrument["softwareVersion"] == code["version"]
    assert instrument["identifier"] == f"sha256:{code['source_sha256']}"
    assert {entities[one]["name"] for one in referred(instrument, "softwareRequirements")} >= {
        "mesa",
        "numpy",
    }
    assert datetime.fromisoformat(action["startTime"]) <= datetime.fromisoformat(action["endTime"])
    assert action["actionStatus"] == {"@id": COMPLETED}
    assert action["description"].startswith("abm sweep plan segregation.yaml, then abm sweep run; design ")
    assert "agent" not in action
    objects = referred(action, "object")
    assert {"manifest.json", "points.parquet", "#mesa-Schelling"} <= set(objects)
    base = Sweep(directory).manifest.content["bases"][0]
    assert entities["#mesa-Schelling"]["value"] == base["content_hash"]
    assert len(referred(action, "result")) == 2 * 3
    for identity in [*objects, *referred(action, "result")]:
        assert entities[identity]["@type"] in ("File", "PropertyValue")


def test_every_file_is_part_of_the_root_and_has_the_checksum_of_its_bytes(directory: Path) -> None:
    entities = graph(directory)
    files = {identity: entity for identity, entity in entities.items() if entity["@type"] == "File"}
    assert sorted(files) == sorted(referred(entities["./"], "hasPart"))
    for identity, entity in files.items():
        content = (directory / identity).read_bytes()
        assert entity["sha256"] == hashlib.sha256(content).hexdigest()
        assert entity["contentSize"] == str(len(content))
        assert entity["encodingFormat"]


def test_the_library_reads_what_it_wrote(directory: Path) -> None:
    write_crate(directory)
    crate = ROCrate(directory)
    assert crate.name == "Segregation"
    assert len([entity for entity in crate.data_entities if entity.type == "File"]) == 8
    assert Sweep(directory).survey(is_thorough=True).is_complete


def test_agent_and_licence_are_as_given(directory: Path) -> None:
    licence = "https://creativecommons.org/licenses/by/4.0/"
    agent = Agent("A Researcher", "https://orcid.org/0000-0000-0000-0000")
    entities = graph(directory, agent=agent, licence=licence)
    (action,) = (entity for entity in entities.values() if entity["@type"] == "CreateAction")
    assert action["agent"] == {"@id": agent.identity}
    assert entities[agent.identity] == {"@id": agent.identity, "@type": "Person", "name": "A Researcher"}
    assert referred(entities["./"], "license") == [licence]


def test_one_sweep_has_one_identity(directory: Path) -> None:
    first, second = graph(directory, clock=lambda: 0.0), graph(directory, clock=lambda: 0.0)
    assert first == second


def test_a_sweep_that_is_not_complete_has_no_crate(directory: Path) -> None:
    commit = min((directory / "shards").glob("*/*.json"))
    content = commit.read_bytes()
    (directory / "ro-crate-metadata.json").unlink(missing_ok=True)
    commit.unlink()
    try:
        with pytest.raises(
            AbmError, match="1 of 3 shards of .* missing or damaged; a crate describes all results"
        ):
            write_crate(directory)
    finally:
        commit.write_bytes(content)
    assert not (directory / "ro-crate-metadata.json").exists()


def test_a_compacted_sweep_has_a_crate_of_its_large_files(directory: Path) -> None:
    Sweep(directory).compact()
    entities = graph(directory)
    (action,) = (entity for entity in entities.values() if entity["@type"] == "CreateAction")
    assert all(identity.startswith("compact/") for identity in referred(action, "result"))
    assert len(referred(action, "result")) == 2
