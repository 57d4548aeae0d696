"""Repeat a single run of a sweep, compare it with the stored one, and show it, also in the browser."""

from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.text import Text

from abm.core.vocabulary import MONTHS_PER_YEAR
from abm.errors import AbmError, InvalidInput
from abm.files.destination import Destination
from abm.interface.cli.serving import address_problems, require_packages, serve_page
from abm.interface.page.background.limits import Limits
from abm.interface.terminal.sweep_status import card
from abm.records import shown_number
from abm.runs.attempts import attempted
from abm.runs.failures import RunFailure
from abm.runs.inquiry import Inquiry
from abm.runs.provenance import code_version
from abm.runs.results import manifest_of, write_results
from abm.runs.run import Run, Tables
from abm.sweeps.store.cases import Case
from abm.sweeps.store.manifest import Manifest
from abm.sweeps.store.shard import controls
from abm.sweeps.sweep import Sweep

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Opening:
    """How to open a run in the page.

    Attributes
    ----------
    port : int
        Port that the page is served on.
    is_browser_asked : bool
        Whether to open a browser too; the link is printed in any case.
    """

    port: int
    is_browser_asked: bool = True


def print_rerun(
    console: Console,
    directory: Path,
    run_id: str,
    out: Path | None,
    force: bool,
    opening: Opening | None = None,
) -> None:
    """Repeat a run, print its point, outcomes and comparison, and open it in the page on request.

    Raises
    ------
    InvalidInput
        If there is no such run, the sources have changed, results cannot be written to the directory, or the
        page cannot show the run.
    AbmError
        If the run fails, differs from what was kept, or the page needs packages that are missing.
    """
    problems = Destination(out, force).problems() if out is not None else []
    if opening is not None:
        require_packages()
        problems += address_problems(HOST, opening.port)
    sweep = Sweep(directory)
    query = ""
    try:
        sweep.manifest.require_code("only that version repeats the run, so go back to it")
        case = sweep.case(run_id)
        if opening is not None and not case.refusal:
            query = _link(case.run)
    except InvalidInput as error:
        raise InvalidInput([*problems, *error.problems]) from None
    if problems:
        raise InvalidInput(problems)
    if case.refusal:
        raise AbmError(f"run {run_id} failed in the sweep and fails again: {case.refusal}")
    with nullcontext() if out is None else Destination(out, force).staged() as staging:
        tables = _simulated(sweep.manifest, case)
        if staging is not None:
            _write(staging, sweep.manifest, case, tables)
    kept = sweep.kept(run_id)
    console.print(_told(sweep.manifest, case, tables))
    console.print()
    differing = differences(kept, tables)
    if out is not None:
        console.print(f"Written to {out}", soft_wrap=True)
    if differing:
        raise AbmError(f"run {run_id} differs from the stored run in {', '.join(differing)}")
    same = (
        "The same, bit for bit, as the run that the sweep stored"
        if kept is not None
        else "The sweep has not stored this run yet"
    )
    console.print(Text(same, style="green" if kept is not None else "dim"))
    if opening is not None:
        limits, asked = {"years": _limits(case.run).years}, opening.is_browser_asked
        extensions = getattr(case.run.scenario, "extensions", None)
        serve_page(
            console,
            HOST,
            opening.port,
            opens=asked,
            sweep=directory,
            limits=limits,
            query=query,
            extensions=extensions,
        )
    elif _can_be_opened(case.run):
        told = f"See it in the page with: abm sweep rerun {directory} {run_id} --open"
        console.print(told, soft_wrap=True)


def _simulated(manifest: Manifest, case: Case) -> Tables:
    """Simulate a run, in a process of its own if its code is not part of abm, since that code may end the process.

    Raises
    ------
    AbmError
        If it fails.
    """
    simulate, run = manifest.bases[case.base].simulate, case.run
    if run.scenario.code_hash:
        with Inquiry(partial(controls, manifest, manifest.shard(0))) as inquiry:
            ((_, outcome),) = inquiry.attempted(simulate, [run])
    else:
        ((_, outcome),) = attempted(simulate, [run])
    if isinstance(outcome, RunFailure):
        raise AbmError(f"run {run.run_id} fails: {outcome.message}\n{outcome.trace}")
    return outcome


def _can_be_opened(run: Run) -> bool:
    try:
        require_packages()
        return bool(_link(run))
    except AbmError:
        return False


def _link(run: Run) -> str:
    # Deferred: what the page asks is needed only where it is opened.
    from abm.interface.page.session.opening import link_of_run

    return link_of_run(run, _limits(run))


def _limits(run: Run) -> Limits:
    """Return limits of the page that allow the length of a run."""
    return Limits(years=max(Limits().years, ceil(run.scenario.months / MONTHS_PER_YEAR)))


def differences(kept: dict[str, Any] | None, tables: Tables) -> list[str]:
    """Return the columns in which the stored run differs from the repeated one; none if nothing was stored."""
    if kept is None:
        return []
    found = []
    for name in tables.outcome_names:
        value = kept["run"].get(name)
        if name in kept["run"] and not _same(np.nan if value is None else value, tables.runs[name][0]):
            found.append(name)
    for row in kept["months"]:
        place = int(np.flatnonzero(tables.months["month"] == row["month"])[0])
        for name in tables.measure_names:
            if name in row and name not in found:
                made = tables.months[name][place]
                exact = np.float32(made) if kept["is_single"] else np.float64(made)
                if not _same(row[name], exact):
                    found.append(name)
    return found


def _same(first: Any, second: Any) -> bool:
    return bool(np.array_equal(np.float64(first), np.float64(second), equal_nan=True))


def _told(manifest: Manifest, case: Case, tables: Tables) -> Any:
    run = case.run
    point = manifest.points(run.point, run.point + 1)[0]
    rows = [
        ("run", Text(run.run_id, style="bold")),
        ("scenario", Text(run.scenario.name)),
        ("point", Text(str(run.point))),
        *(
            (name, Text(value if isinstance(value, str) else shown_number(value)))
            for name, value in point.items()
        ),
        ("replicate", Text(str(run.replicate))),
        ("seed", Text(str(run.seed))),
        *((name, Text(shown_number(tables.runs[name][0]))) for name in tables.outcome_names),
    ]
    return card(rows)


def _write(directory: Path, manifest: Manifest, case: Case, tables: Tables) -> None:
    run, base = case.run, manifest.bases[case.base]
    resolved = getattr(run.scenario, "resolved", None)
    made = manifest_of(
        {
            "kind": "run of a sweep",
            "run_id": run.run_id,
            "sweep": {"name": manifest.name, "manifest_sha256": manifest.content["manifest_sha256"]},
            "point": manifest.points(run.point, run.point + 1)[0],
            "seed": run.seed,
            "replicates": 1,
            "replicate": run.replicate,
        },
        {
            run.scenario.name: resolved()
            if resolved is not None
            else {"content_hash": run.scenario.content_hash}
        },
        base.generator,
        {"asked": 1, "done": 1, "failed": 0},
        {"command": f"abm sweep rerun {manifest.directory} {run.run_id}", "code": dict(code_version())},
    )
    write_results(directory, tables, (), made, [*base.measures, *base.outcomes])
