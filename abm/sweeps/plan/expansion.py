"""Expand a planned sweep by replicates or points; existing runs keep their ids, shards and files.

A Sobol or Saltelli design of more points begins with those of fewer, so the rest is appended. Other samples grow by a
further sample with a seed of its own. New points of another experiment file are appended.
"""

import os
from collections.abc import Mapping
from typing import Any

from abm.errors import InvalidInput, Problem
from abm.files.durable import put
from abm.runs.run import REPLICATES_ADVICE, REPLICATES_BOUND
from abm.sweeps.design.design import DESIGN_SEEDS, MOST_POINTS
from abm.sweeps.design.point_file import encoded_points
from abm.sweeps.design.point_table import POINTS, Points
from abm.sweeps.design.sweepbase import ROLES
from abm.sweeps.plan.experimentfile import Experiment, described_experiment
from abm.sweeps.plan.plan import AS_A_RULE, ShardSize, cut, write
from abm.sweeps.store.manifest import Manifest
from abm.sweeps.store.sweep_points import ALL, NEW, REST, behind, points_of, points_of_parts

PREFIX = ("sobol", "saltelli")
SAMPLES = {
    "sobol": "points",
    "saltelli": "samples",
    "latin_hypercube": "points",
    "random": "points",
    "morris": "trajectories",
}
"""What a kind of design counts that can be extended to a number."""


def expand_sweep(
    manifest: Manifest,
    *,
    replicates: int | None = None,
    samples: int | None = None,
    experiment: Experiment | None = None,
    size: ShardSize = AS_A_RULE,
) -> Manifest:
    """Add runs to a sweep; the caller holds its lock.

    Parameters
    ----------
    manifest : Manifest
        The sweep's.
    replicates : int, optional
        Wanted number at every point.
    samples : int, optional
        Wanted number of points, samples or trajectories, as the design counts them.
    experiment : Experiment, optional
        Experiment with the points to add, of the same dimensions, scenarios and measures.
    size : ShardSize
        Size of the new shards.

    Returns
    -------
    Manifest
        As written.

    Raises
    ------
    InvalidInput
        With every reason why the sweep cannot be expanded in this way.
    """
    manifest.require_code("go back to that version, or plan again in another directory")
    content = manifest.content
    wanted = content["replicates"] if replicates is None else replicates
    problems = _replicate_problems(content, replicates)
    part: dict[str, Any] | None = None
    if samples is not None and experiment is not None:
        problems.append(Problem("--points", None, "give a number of points or an experiment file, not both"))
    elif samples is not None:
        part, told = _grown(content, samples)
        problems += told
    elif experiment is not None:
        problems += _differences(content, experiment)
        part = {**experiment.record.points.described(), "which": NEW}
    elif replicates is None:
        problems.append(Problem("abm sweep expand", None, "give --replicates, --points or --experiment"))
    if problems:
        raise InvalidInput(problems)
    before = points_of_parts(content)
    points = before if part is None else _joined(content, before, part)
    if len(points) == len(before) and wanted == content["replicates"]:
        raise InvalidInput([Problem(os.fspath(manifest.directory), None, "the experiment has no new points")])
    return _added(manifest, before, points, part, wanted, size)


def _added(
    manifest: Manifest,
    before: Points,
    points: Points,
    part: Mapping[str, Any] | None,
    replicates: int,
    size: ShardSize,
) -> Manifest:
    content = {**manifest.content, "replicates": replicates}
    if part is not None:
        parts = [*content["points"]["parts"], {**part, "rows": [len(before), len(points)]}]
        content["points"] = {"count": len(points), "sha256": points.content_hash, "parts": parts}
    directory = manifest.directory
    # The old points stay where they were, so the new table serves the old manifest too if this is the last step.
    put(directory / POINTS, encoded_points(points))
    draft = Manifest(directory, content)
    added = []
    if replicates > manifest.content["replicates"]:
        added += cut(draft, points, (0, len(before)), (manifest.content["replicates"], replicates), size)[0]
    if len(points) > len(before):
        added += cut(draft, points, (len(before), len(points)), (0, replicates), size)[0]
    content["blocks"] = [*content["blocks"], *added]
    write(directory, content)
    return Manifest.read(directory)


def _joined(content: Mapping[str, Any], before: Points, part: Mapping[str, Any]) -> Points:
    further = points_of(content, part)
    if part["which"] == REST and further.rows(0, len(before)).content_hash != before.content_hash:
        told = "the larger design does not begin with the existing points; use the package versions in the manifest"
        raise InvalidInput([Problem(POINTS, None, told)])
    return behind(before, further, part["which"])


def _replicate_problems(content: Mapping[str, Any], replicates: int | None) -> list[Problem]:
    if replicates is None:
        return []
    if not 1 <= replicates < REPLICATES_BOUND:
        return [Problem("--replicates", None, f"found {replicates}; {REPLICATES_ADVICE}")]
    if replicates <= content["replicates"]:
        told = f"found {replicates}; there are {content['replicates']} at every point, give a greater number"
        return [Problem("--replicates", None, told)]
    return []


def _grown(content: Mapping[str, Any], samples: int) -> tuple[dict[str, Any] | None, list[Problem]]:
    """Return the further design that extends a sampled one to a number of points."""
    parts = content["points"]["parts"]
    name, settings = next(iter(parts[0]["design"].items()))
    if name not in SAMPLES or any(part.get("which") == NEW for part in parts):
        told = f"a '{name}' design grows by levels, not by a number; give --experiment with a file of more points"
        return None, [Problem("--points", None, told)]
    counted = SAMPLES[name]
    sizes = [part["design"][name][counted] for part in parts]
    present = sizes[-1] if name in PREFIX else sum(sizes)
    if not present < samples <= MOST_POINTS:
        told = f"found {samples}; there are {present} {counted}, give a greater number up to {MOST_POINTS:,}"
        return None, [Problem("--points", None, told)]
    if name in PREFIX:
        if samples.bit_count() != 1:
            told = (
                f"found {samples}; a Sobol sequence is balanced for powers of two only, so give {2 * present}"
            )
            return None, [Problem("--points", None, told)]
        return {"design": {name: {**settings, counted: samples}}, "which": REST}, []
    seed = (settings.get("seed", 1) + len(parts)) % DESIGN_SEEDS
    if name == "morris" and samples - present < 2:
        return None, [Problem("--points", None, f"found {samples}; add two trajectories or more")]
    return {"design": {name: {**settings, counted: samples - present, "seed": seed}}, "which": ALL}, []


def _differences(content: Mapping[str, Any], experiment: Experiment) -> list[Problem]:
    """List how the file's experiment differs from that of the sweep."""
    described = described_experiment(experiment.record)
    pairs = {
        "scenarios": (
            [base["content_hash"] for base in content["bases"]],
            [base.described()[0]["content_hash"] for base in experiment.bases],
        ),
        **{role: (_meant(content["experiment"][role]), _meant(described[role])) for role in ROLES},
        "seed": (content["seed"], experiment.record.seed),
        "common_random_numbers": (content["common_random_numbers"], experiment.record.common_random_numbers),
        "measures": (content["keep"]["measures"], list(experiment.measures)),
    }
    return [
        Problem("--experiment", None, f"'{key}' differs from that of the sweep; plan another sweep for it")
        for key, (here, there) in pairs.items()
        if here != there
    ]


def _meant(dimensions: Mapping[str, Any]) -> list[Any]:
    """Return what a value of each dimension stands for, whatever values it takes."""
    return [[name, one.get("at"), one.get("options")] for name, one in dimensions.items()]
