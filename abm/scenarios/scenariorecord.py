"""Record a scenario as plain values, and restore it where its files are not.

The record holds what `abm.scenarios.scenario.load_scenario` found: overrides, settled schedules, structure, times.
The place and extensions stay files, which the caller carries along.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from abm.errors import InvalidInput, Problem
from abm.policy.policy import settled
from abm.policy.reading import read_lever_settings
from abm.records import Faults, FrozenMapping
from abm.scenarios.extensions import Extensions, ExtensionSource
from abm.scenarios.scenario import Scenario

TEXTS = ("name", "label", "description", "source", "assumptions")


def record_of(scenario: Scenario) -> dict[str, Any]:
    """Return everything that the scenario holds as plain values, without the content of its files.

    Returns
    -------
    dict
        With ``content_hash``, by which `remade` knows that it made the same scenario.
    """
    return {
        **{text: getattr(scenario, text) for text in TEXTS},
        "parameters": dict(scenario.parameters),
        "policies": list(scenario.policies),
        "levers": {name: schedule.data() for name, schedule in scenario.policy.settings.items()},
        "own_levers": list(scenario.levers),
        "horizon_years": scenario.horizon_years,
        "start": scenario.start,
        "substeps": scenario.substeps,
        "structure": dict(scenario.structure),
        "extensions": [
            {"kind": source.kind, "reference": source.reference, **source.described}
            for source in scenario.extensions.sources
        ],
        "content_hash": scenario.content_hash,
    }


def remade(record: Mapping[str, Any], place: Path, file_of: Callable[[str], str]) -> Scenario:
    """Restore a scenario from its record.

    Parameters
    ----------
    record : mapping
        From `record_of`.
    place : Path
        Where the content of its place is now.
    file_of : callable
        Gives the path of an extension's file now, for the path that it had.

    Returns
    -------
    Scenario

    Raises
    ------
    InvalidInput
        If place, extensions, levers or parameters are no longer what they were.
    """
    extensions = Extensions(
        tuple(
            ExtensionSource(
                name=one["name"],
                kind=one["kind"],
                reference=file_of(one["reference"]) if one["kind"] == "file" else one["reference"],
                sha256=one["sha256"],
                fingerprint=one["fingerprint"],
            )
            for one in record["extensions"]
        )
    )
    name = f"scenario '{record['name']}'"
    try:
        schedules = read_lever_settings(record["levers"], extensions.catalogue)
        parameters = extensions.catalogue.flat_overrides(record["parameters"])
    except Faults as error:
        raise InvalidInput([Problem(name, None, fault.message) for fault in error.faults]) from None
    policy = settled(schedules, record["start"], extensions.catalogue)
    scenario = Scenario(
        **{text: record[text] for text in TEXTS},
        place=place,
        parameters=parameters,
        policies=tuple(record["policies"]),
        policy=policy,
        levers=FrozenMapping((lever, policy.settings[lever]) for lever in record["own_levers"]),
        horizon_years=record["horizon_years"],
        start=record["start"],
        substeps=record["substeps"],
        structure=FrozenMapping(record["structure"]),
        extensions=extensions,
    )
    if scenario.content_hash != record["content_hash"]:
        message = "differs from its record; defaults have changed with the code since then"
        raise InvalidInput([Problem(name, None, f"{message}, so use the version that wrote it")])
    return scenario
