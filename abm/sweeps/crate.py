"""Describe a finished sweep as an RO-Crate, so that others can find, check and cite it. The one door to rocrate.

The metadata follow the profile Process Run Crate 0.6 on RO-Crate 1.3: one action, whose instrument is abm, whose
objects are what the sweep was planned from, and whose results are the tables with their checksums. Nothing is moved or
copied: the sweep's own directory becomes the crate.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from abm.errors import AbmError
from abm.files.durable import Kept, file_hash, put
from abm.sweeps.design.inputs import INPUTS
from abm.sweeps.design.point_table import POINTS
from abm.sweeps.store.compaction import COMPACT, RECORD
from abm.sweeps.store.dataset import SweepTables
from abm.sweeps.store.manifest import MANIFEST
from abm.sweeps.store.shard import shard_folder
from abm.sweeps.sweep import Sweep

METADATA = "ro-crate-metadata.json"
ROCRATE_VERSION = "1.3"
PROFILE_VERSION = "0.6"
PROFILE = f"https://w3id.org/ro/wfrun/process/{PROFILE_VERSION}"
CONTEXT = "https://w3id.org/ro/terms/workflow-run/context"
PARQUET, JSON = "application/vnd.apache.parquet", "application/json"
COMPLETED = "http://schema.org/CompletedActionStatus"
NO_LICENCE = "No licence has been chosen; ask those who made it before you use it"


@dataclass(frozen=True)
class Agent:
    """Person or organisation that had the sweep run.

    Attributes
    ----------
    name : str
        Of a person or an organisation.
    identity : str
        Their address on the web, such as an ORCID; empty without.
    is_organisation : bool
        Whether it is an organisation.
    """

    name: str
    identity: str = ""
    is_organisation: bool = False


def write_crate(
    directory: Path,
    *,
    agent: Agent | None = None,
    licence: str = "",
    clock: Callable[[], float] = time.time,
) -> Path:
    """Write the metadata of a crate into the directory of a sweep that is complete.

    Parameters
    ----------
    directory : Path
        The sweep's.
    agent : Agent, optional
        Person or organisation that had it run; default: none.
    licence : str
        Address of the licence of the results; without it, the crate says that none was chosen.
    clock : callable
        Seconds of the wall clock, for the date of publication.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    AbmError
        If shards are missing, or a file is not what was written.
    """
    sweep = Sweep(directory)
    survey = sweep.survey(is_thorough=True)
    if not survey.is_complete:
        told = (
            f"{len(survey.open_shards):,} of {survey.shards:,} shards of {directory} are missing or damaged"
        )
        raise AbmError(f"{told}; a crate describes all results, so first run 'abm sweep resume {directory}'")
    content = sweep.manifest.content
    crate: Any = ROCrate(version=ROCRATE_VERSION)
    crate.metadata.extra_contexts.append(CONTEXT)
    crate.name = content["experiment"]["label"]
    crate.description = (
        content["experiment"]["description"] or f"Results of the sweep '{sweep.manifest.name}'"
    )
    crate.datePublished = datetime.fromtimestamp(clock(), UTC)
    crate.license = _contextual(
        crate,
        licence or "#no-licence",
        {"@type": "CreativeWork", "name": licence or "No licence", "description": licence or NO_LICENCE},
    )
    crate.root_dataset["conformsTo"] = _contextual(
        crate,
        PROFILE,
        {"@type": "CreativeWork", "name": "Process Run Crate", "version": PROFILE_VERSION},
    )
    objects = [*_inputs(crate, directory), *_bases(crate, content)]
    results = [_file(crate, path, kept, text) for path, kept, text in result_files(sweep)]
    properties = {
        "@type": "CreateAction",
        "name": f"Sweep '{sweep.manifest.name}': {survey.runs:,} runs",
        "description": _told(content, SweepTables(sweep.manifest).told_failures()),
        "startTime": content["invocation"]["created"],
        "endTime": _ended(sweep),
        "actionStatus": {"@id": COMPLETED},
    }
    identity = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, content['manifest_sha256'])}"
    action = crate.add_action(_instrument(crate, content), identity, objects, results, properties)
    if agent is not None:
        action["agent"] = _contextual(
            crate,
            agent.identity or "#agent",
            {"@type": "Organization" if agent.is_organisation else "Person", "name": agent.name},
        )
    crate.root_dataset["mentions"] = action
    text = json.dumps(crate.metadata.generate(), indent=1, ensure_ascii=False)
    put(directory / METADATA, (text + "\n").encode())
    return directory / METADATA


def result_files(sweep: Sweep) -> Iterator[tuple[Path, Kept, str]]:
    """Yield every valid file of results: its path in the directory, its record, and what it holds."""
    covered: set[int] = set()
    for part, complaint in sweep.surveyor.parts()[0]:
        if complaint is None:
            covered.update(part.indices)
            for table, kept in part.files.items():
                yield (
                    Path(COMPACT) / kept.name,
                    kept,
                    f"Table of {table}, {kept.rows:,} rows of several shards",
                )
    for index in range(sweep.manifest.shards):
        if index not in covered:
            folder = shard_folder(Path(), index)
            for table, kept in sweep.surveyor.commit(index).files.items():
                yield folder / kept.name, kept, f"Table of {table}, {kept.rows:,} rows of shard {index}"


def _inputs(crate: Any, directory: Path) -> Iterator[Any]:
    texts = {
        MANIFEST: "Design, scenarios with everything that they resolve to, seeds, and versions of the code",
        POINTS: "Points of the design",
    }
    bundles = (
        path.relative_to(directory) for path in sorted((directory / INPUTS).rglob("*")) if path.is_file()
    )
    for path in (*map(Path, texts), *bundles):
        found = directory / path
        kept = Kept(path.name, 0, found.stat().st_size, file_hash(found))
        yield _file(crate, path, kept, texts.get(path.as_posix(), "File that scenarios refer to"))


def _bases(crate: Any, content: Mapping[str, Any]) -> Iterator[Any]:
    for base in content["bases"]:
        properties = {
            "@type": "PropertyValue",
            "name": base["name"],
            "description": "SHA-256 of everything that decides a result of this scenario or model",
            "value": base["content_hash"],
        }
        yield _contextual(crate, f"#{base['kind']}-{base['name']}", properties)


def _instrument(crate: Any, content: Mapping[str, Any]) -> Any:
    packages = [
        _contextual(
            crate,
            f"#{name}",
            {"@type": "SoftwareApplication", "name": name, "softwareVersion": version},
        )
        for name, version in content["packages"].items()
    ]
    code = content["code"]
    properties = {
        "@type": "SoftwareApplication",
        "name": "abm",
        "description": "An agent-based policy laboratory for integrated care",
        "softwareVersion": code["version"],
        "identifier": f"sha256:{code['source_sha256']}",
        "runtimePlatform": content["python"],
        "softwareRequirements": packages,
    }
    return _contextual(crate, "#abm", properties)


def _file(crate: Any, path: Path, kept: Kept, text: str) -> Any:
    formats = {".parquet": PARQUET, ".json": JSON, ".yaml": "application/yaml", ".py": "text/x-python"}
    properties = {
        "name": path.name,
        "description": text,
        "contentSize": str(kept.size),
        "sha256": kept.sha256,
        **({"encodingFormat": formats[path.suffix]} if path.suffix in formats else {}),
    }
    return crate.add_file(dest_path=path.as_posix(), properties=properties)


def _contextual(crate: Any, identity: str, properties: Mapping[str, Any]) -> Any:
    plain = {name: value for name, value in properties.items() if name != "softwareRequirements"}
    entity = crate.add(ContextEntity(crate, identity, properties=plain))
    if "softwareRequirements" in properties:
        entity["softwareRequirements"] = properties["softwareRequirements"]
    return entity


def _told(content: Mapping[str, Any], failures: str) -> str:
    command = content["invocation"]["command"] or "abm sweep plan"
    commit = content["code"]["commit"]
    told = [f"{command}, then abm sweep run", f"design {content['design_sha256']}"]
    if commit:
        told.append(f"commit {commit}" + (" with changes" if content["code"]["dirty"] else ""))
    if failures:
        told.append(failures)
    return "; ".join(told)


def _ended(sweep: Sweep) -> str:
    last = max((commit.finished for commit in sweep.commits()), default=0.0)
    if not last:
        last = (sweep.directory / COMPACT / RECORD).stat().st_mtime
    return datetime.fromtimestamp(last, UTC).isoformat(timespec="seconds")
