"""Format the plan, the progress and the faults of a sweep."""

import math
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from abm.files.lock import Holder
from abm.interface.terminal.plain_tables import QUIET, plain_table
from abm.records import shown_number
from abm.sweeps.store.manifest import Manifest
from abm.sweeps.store.sweep_survey import SweepSurvey

BAR_WIDTH = 40
MOST_SHOWN = 5
UNITS = ((1 << 40, "TB"), (1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB"))
SPANS = ((86_400.0, "day"), (3_600.0, "hour"), (60.0, "minute"), (1.0, "second"))


def duration(seconds: float) -> str:
    """Write a duration in the largest unit that it fills, to two digits."""
    for length, name in SPANS:
        if seconds >= length or length == 1.0:
            count = seconds / length
            told = f"{count:.0f}" if count >= 10 or count == round(count) else f"{count:.1f}"
            return f"{told} {name}{'' if told == '1' else 's'}"
    raise AssertionError("every duration has a unit")


def size(count: float) -> str:
    """Write a number of bytes in the largest unit that it fills, to two digits."""
    for length, name in UNITS:
        if count >= length:
            return f"{count / length:.0f} {name}" if count >= 10 * length else f"{count / length:.1f} {name}"
    return f"{count:.0f} bytes"


def card(rows: Sequence[tuple[str, RenderableType]]) -> Table:
    """Return a table of names and values."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style=QUIET, no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, value)
    return table


def planned(manifest: Manifest, processors: int) -> RenderableType:
    """Format a plan: its design, the time that it will take here, and the disk space."""
    content = manifest.content
    experiment, pilots = content["experiment"], content["invocation"]["pilots"]
    kind = next(iter(experiment["design"])).replace("_", " ")
    parts = list(zip(manifest.blocks, pilots, strict=True))
    seconds = sum(block.runs * pilot["seconds_per_run"] for block, pilot in parts)
    disk = sum(block.runs * pilot["bytes_per_run"] for block, pilot in parts)
    longest = max(block.shard_runs * pilot["seconds_per_run"] for block, pilot in parts)
    shared = (
        "the same accidents at every point"
        if content["common_random_numbers"]
        else "accidents of its own at each"
    )
    here = f"{processors} processors here" if processors > 1 else "one processor here"
    rows: list[tuple[str, RenderableType]] = [
        ("Experiment", Text(f"{experiment['label']} ({experiment['name']})")),
        ("Scenarios", Text(", ".join(base["name"] for base in content["bases"]))),
        *_dimensions("Levers", experiment["levers"]),
        *_dimensions("Uncertainties", experiment["uncertainties"]),
        ("Design", Text(f"{kind}, {content['points']['count']:,} points")),
        ("Replicates", Text(f"{content['replicates']:,} at each point, {shared}")),
        ("Months kept", Text(_months(manifest))),
        ("Runs", Text(f"{manifest.runs:,}", style="bold")),
        ("Shards", Text(f"{manifest.shards:,}, up to {duration(longest)} each")),
        ("Time", Text(f"about {duration(seconds / processors)} on the {here}, plus seconds to start")),
        ("Disk", _disk(disk, shutil.disk_usage(manifest.directory).free)),
    ]
    return card(rows)


def _dimensions(head: str, dimensions: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, RenderableType]]:
    lines = [
        Text.assemble(name, (f"  {_values(dimension)}", QUIET)) for name, dimension in dimensions.items()
    ]
    return [(head, Group(*lines))] if lines else []


def _values(dimension: Mapping[str, Any]) -> str:
    told = _spread(dimension)
    if dimension.get("scale") == "log":
        told += ", by ratio"
    if dimension.get("whole"):
        told += ", whole numbers"
    if "within" in dimension:
        low, high = dimension["within"]
        told += f", within {shown_number(low)} to {shown_number(high)}"
    return f"{told}, from year {dimension['at']:g}" if "at" in dimension else told


def _spread(dimension: Mapping[str, Any]) -> str:
    if "values" in dimension:
        return ", ".join(map(shown_number, dimension["values"]))
    if "range" in dimension:
        low, high = dimension["range"]
        return f"{shown_number(low)} to {shown_number(high)}"
    if "options" in dimension:
        return ", ".join(dimension["options"])
    ((name, arguments),) = dimension["distribution"].items()
    return f"{name} with {', '.join(f'{key} {shown_number(value)}' for key, value in arguments.items())}"


def _disk(needed: float, free: float) -> Text:
    if needed <= free:
        return Text(f"about {size(needed)}")
    return Text(f"about {size(needed)}, more than the {size(free)} free there", style="yellow")


def _months(manifest: Manifest) -> str:
    if manifest.every is None:
        return "none, outcomes only"
    measures = f"{len(manifest.measures)} measure{'s' * (len(manifest.measures) > 1)}"
    often = "every month" if manifest.every == 1 else f"every {manifest.every} months and the last"
    return f"{often}, {measures} in {'single' if manifest.is_single else 'double'} precision"


def surveyed(manifest: Manifest, survey: SweepSurvey, holder: Holder | None = None) -> RenderableType:
    """Format the progress of a sweep."""
    head = Text.assemble((manifest.name, "bold"), (f"  {manifest.directory}", QUIET))
    share = survey.runs_done / survey.runs
    bar = Table.grid(padding=(0, 1))
    # A share short of the whole is never told as the whole.
    percent = math.floor(1000 * share) / 10
    bar.add_row(
        ProgressBar(total=survey.runs, completed=survey.runs_done, width=BAR_WIDTH, complete_style="cyan"),
        Text(f"{percent:g}%", style="bold"),
    )
    counts = plain_table("", "Shards", "Runs")
    for column in counts.columns[1:]:
        column.justify = "right"
    runs_damaged = sum(manifest.shard(index).runs for index in survey.damaged)
    runs_missing = survey.runs - survey.runs_done - runs_damaged
    counts.add_row(
        Text("done", style="green"), f"{survey.done:,}", f"{survey.runs_done - survey.runs_failed:,}"
    )
    counts.add_row(
        Text("failed", style="red" if survey.runs_failed else QUIET), "", f"{survey.runs_failed:,}"
    )
    counts.add_row(Text("missing"), f"{len(survey.missing):,}", f"{runs_missing:,}")
    counts.add_row(
        Text("damaged", style="red" if survey.damaged else QUIET),
        f"{len(survey.damaged):,}",
        f"{runs_damaged:,}",
    )
    counts.add_row(Text("running", style="cyan" if survey.running else QUIET), f"{survey.running:,}", "")
    counts.add_row(Text("all"), f"{survey.shards:,}", f"{survey.runs:,}")
    lines: list[RenderableType] = [head, bar, Text(), counts, Text()]
    if survey.rate is not None and survey.seconds_left is not None:
        lines.append(
            Text(f"{shown_number(survey.rate, 3)} runs a second, about {duration(survey.seconds_left)} left")
        )
    if holder is not None:
        lines.append(
            Text(
                f"Process {holder.pid} on {holder.host} has been working on it since {holder.told_since}",
                style=QUIET,
            )
        )
    planned_source = manifest.content["code"]["source_sha256"]
    if any(source != planned_source for source in survey.sources):
        lines.append(
            Text(
                "Some shards were run by other code than the plan's; their run ids differ",
                style="yellow",
            )
        )
    return Group(*lines)


def faults(survey: SweepSurvey) -> RenderableType:
    """List what is damaged."""
    # Shards that a compaction put into one file are damaged together, and told together.
    shards: dict[str, list[int]] = {}
    for index, why in survey.damaged.items():
        shards.setdefault(why, []).append(index)
    told = [f"{_named(indices)}: {why}" for why, indices in list(shards.items())[:MOST_SHOWN]]
    unsaid = sum(len(indices) for indices in list(shards.values())[MOST_SHOWN:])
    if unsaid:
        told.append(f"and {unsaid:,} more shards")
    return Group(*(Text(line, style="red") for line in (*survey.faults, *told)))


def _named(indices: Sequence[int]) -> str:
    """Name shards, many of them by the first and the last."""
    first, last = indices[0], indices[-1]
    if first == last:
        return f"shard {first}"
    if last - first == len(indices) - 1:
        return f"shards {first}-{last}"
    return f"{len(indices):,} shards between {first} and {last}"


def failures(found: Sequence[tuple[str, int, str]]) -> RenderableType:
    """List errors, how many runs failed with each, and one of these runs."""
    table = plain_table("Runs", "Failed with", "Such as run")
    table.columns[0].justify = "right"
    for error, count, run_id in found[:MOST_SHOWN]:
        table.add_row(f"{count:,}", Text(error), Text(run_id))
    return table
