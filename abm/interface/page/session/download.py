"""Write what a visitor can take away: the scenario, the results, and the command that makes them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from abm.interface.page.background.simulations import Sample
from abm.interface.page.session.question import Question, shipped_scenario
from abm.records import dump
from abm.scenarios.extensions import ExtensionSource
from abm.texts import cell


@dataclass(frozen=True)
class File:
    """A file for the browser.

    Attributes
    ----------
    name, type : str
        Name, and media type.
    content : bytes
    """

    name: str
    type: str
    content: bytes


def scenario_file(question: Question, *, is_reference: bool = False) -> File:
    """Write a scenario as YAML for `abm run`: the preset's policies by name, and every change."""
    scenario = question.reference_scenario if is_reference else question.scenario
    preset = question.reference_scenario if is_reference else question.preset_scenario
    is_changed = not is_reference and bool(question.levers)
    changed = {} if is_reference else dict(question.levers)
    own = {name: schedule.data() for name, schedule in preset.levers.items()}
    levers = {**own, **changed}
    named = set(preset.policy.settings) - set(own)
    replaces = [name for name in levers if name in named or name in _set_by_policies(preset)]
    name = f"my_{preset.name}" if is_changed else preset.name
    data: dict[str, Any] = {
        "name": name,
        "label": f"{preset.label}, changed" if is_changed else preset.label,
        "description": scenario.description.strip(),
        "source": scenario.source,
        "assumptions": scenario.assumptions.strip(),
        "place": question.place,
        "extensions": [beside(source) for source in scenario.extensions.sources],
        "policies": list(preset.policies),
        "levers": levers,
        "replaces": replaces,
        "parameters": dict(scenario.parameters),
        "structure": dict(scenario.structure),
        "horizon_years": scenario.horizon_years,
        "start": scenario.start,
        "substeps": scenario.substeps,
    }
    kept = {key: value for key, value in data.items() if value not in ("", [], {}, None)}
    return File(f"{name}.yaml", "application/yaml", dump(kept).encode())


def _set_by_policies(preset: Any) -> frozenset[str]:
    from abm.interface.page.session.lever_records import blocks

    return frozenset().union(*(names for _, names, _ in blocks(preset)))


def command_line(question: Question, replicates: int) -> str:
    """Write the command that runs the same comparison, with the files that can be taken away."""
    plain = not (question.levers or question.parameters or question.structure)
    scenario = (
        question.preset if plain and _is_own(question, question.preset) else scenario_file(question).name
    )
    reference = question.reference
    if not _is_own(question, question.reference):
        reference = scenario_file(question, is_reference=True).name
    added = "".join(f" --extension {beside(source)}" for source in question.extensions.sources)
    return f"abm compare {reference} {scenario} --seed {question.seed} --replicates {replicates}{added}"


def beside(source: ExtensionSource) -> str:
    """Return the reference to an extension beside the scenario file, without its folder on the server."""
    if source.kind == "module":
        return source.reference
    path = Path(source.reference)
    return f"./{path.parent.name}/{path.name}" if path.stem == "__init__" else f"./{path.name}"


def _is_own(question: Question, name: str) -> bool:
    """Return whether a question asks about a shipped scenario exactly as in its file."""
    shipped = shipped_scenario(name, question.extensions)
    asked = question.preset_scenario if name == question.preset else question.reference_scenario
    return shipped.content_hash == asked.content_hash


def results_file(sample: Sample, labels: tuple[str, ...], kind: str) -> File:
    """Write replicates as a long table: one row per scenario, replicate and month, one column per measure.

    Parameters
    ----------
    sample : Sample
    labels : tuple of str
        Names of its scenarios.
    kind : str
        'csv' or 'parquet'.
    """
    columns = long_table(sample, labels)
    if kind == "parquet":
        from abm.runs.results import table_bytes

        return File("months.parquet", "application/vnd.apache.parquet", table_bytes(columns))
    head = ",".join(_quoted(name) for name in columns)
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    lines = [head, *(",".join(_cell(value) for value in row) for row in rows)]
    return File("months.csv", "text/csv", ("\n".join(lines) + "\n").encode())


def long_table(sample: Sample, labels: tuple[str, ...]) -> dict[str, np.ndarray[Any, Any]]:
    """Return replicates as the columns of a long table."""
    scenarios, months, _, replicates = sample.series.shape
    rows = sample.series.transpose(0, 3, 1, 2).reshape(-1, len(sample.measures))
    columns: dict[str, np.ndarray[Any, Any]] = {
        "scenario": np.repeat(np.array(labels), replicates * months),
        "replicate": np.tile(np.repeat(sample.replicates, months), scenarios),
        "month": np.tile(np.arange(months), scenarios * replicates),
    }
    return columns | {name: rows[:, column] for column, name in enumerate(sample.measures)}


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.6g}"
    return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    """Write a text as a cell that no spreadsheet takes for a formula, in quotes if needed."""
    shown = cell(text)
    quoted = shown.replace('"', '""')
    return f'"{quoted}"' if any(mark in shown for mark in ',"\n') else shown
