"""Simulate what a request asks for, compare the scenarios, and write the results."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from abm.analysis.comparison import compare, headline_measures
from abm.analysis.differences import break_even_shares, lever_differences, other_differences
from abm.analysis.report import report
from abm.analysis.story import Story
from abm.core.draws import GENERATOR
from abm.core.part import Measure
from abm.core.quantities.lever import Lever
from abm.errors import AbmError
from abm.files.destination import REPORT, Destination
from abm.interface.cli.request import Request
from abm.runs.batches import Execution, execute
from abm.runs.results import Column, manifest_of, write_results
from abm.runs.run import Measured, PairedDesign, Tables, with_columns
from abm.runs.simulator import simulate
from abm.scenarios.scenario import Scenario
from abm.submodels.emergence.emergence import OUTCOMES
from abm.world.place_loading import load_place

DOSE = "dose."


@dataclass(frozen=True, eq=False)
class Answer:
    """The results of a request.

    Attributes
    ----------
    story : Story
        The comparison and what is needed to report it.
    execution : Execution
        The runs.
    written : Path or None
        Directory of the results, if any were written.
    """

    story: Story
    execution: Execution
    written: Path | None


def answer_request(
    request: Request, scenarios: tuple[Scenario, ...], progress: Callable[[int, int], None]
) -> Answer:
    """Simulate checked scenarios, compare them, and write the results if the request names a directory.

    Raises
    ------
    InvalidInput
        If another process is writing to the directory; raised before anything is simulated.
    AbmError
        If every run of some scenario fails.
    """
    if request.out is None:
        return _simulated(request, scenarios, progress)
    with Destination(request.out, request.force).staged() as directory:
        return _simulated(request, scenarios, progress, directory)


def _simulated(
    request: Request,
    scenarios: tuple[Scenario, ...],
    progress: Callable[[int, int], None],
    directory: Path | None = None,
) -> Answer:
    design = PairedDesign(scenarios, request.seed, request.replicates)
    runs = design.runs()
    execution = execute(runs, simulate, workers=request.workers, progress=progress)
    tables = execution.tables
    done = set() if tables is None else set(tables.runs["scenario"].tolist())
    if tables is None or len(done) < len(scenarios):
        first = execution.failures[0]
        raise AbmError(f"every run of scenario '{first.run.scenario.name}' failed: {first.message}")
    manifest = manifest_of(
        design.described(),
        {scenario.name: scenario.resolved() for scenario in scenarios},
        GENERATOR,
        {"asked": len(runs), "done": len(runs) - len(execution.failures), "failed": len(execution.failures)},
        {
            "command": request.line,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "seconds": round(execution.seconds, 3),
            "workers": execution.workers,
        },
    )
    story = Story(
        place=load_place(scenarios[0].place).label,
        scenarios=scenarios,
        comparison=compare(
            tables,
            [scenario.name for scenario in scenarios],
            headline_measures(shared_measures(scenarios), tables),
        ),
        levers=lever_differences(scenarios),
        others=other_differences(scenarios),
        break_even=break_even_shares(scenarios),
        manifest=manifest,
        failures=[failure.message for failure in execution.failures],
    )
    if directory is not None:
        _write(directory, story, execution, tables)
    return Answer(story, execution, request.out)


def _write(directory: Path, story: Story, execution: Execution, tables: Tables) -> None:
    """Write tables, manifest and report, with the dose of every lever in every scenario."""
    levers = known_levers(story.scenarios)
    doses = {
        # A scenario without a lever leaves it at its default, which is a dose of zero.
        scenario.name: {f"{DOSE}{lever.name}": scenario.dose().get(lever.name, 0.0) for lever in levers}
        for scenario in story.scenarios
    }
    described: list[Measured] = [*known_measures(story.scenarios), *OUTCOMES, *_dose_columns(levers)]
    write_results(directory, with_columns(tables, doses), execution.failures, story.manifest, described)
    (directory / REPORT).write_text(report(story), encoding="utf-8")


def known_levers(scenarios: Sequence[Scenario]) -> tuple[Lever, ...]:
    """Return the levers of any of the scenarios, abm's own first."""
    return tuple({name: lever for one in scenarios for name, lever in one.catalogue.levers.items()}.values())


def known_measures(scenarios: Sequence[Scenario]) -> tuple[Measure, ...]:
    """Return the measures of any of the scenarios, abm's own first."""
    return tuple({measure.name: measure for one in scenarios for measure in one.extensions.measures}.values())


def shared_measures(scenarios: Sequence[Scenario]) -> tuple[Measure, ...]:
    """Return the measures that all scenarios have, so that they can be compared."""
    names = [{measure.name for measure in scenario.extensions.measures} for scenario in scenarios]
    return tuple(
        measure
        for measure in scenarios[0].extensions.measures
        if all(measure.name in known for known in names)
    )


def _dose_columns(levers: Sequence[Lever]) -> list[Column]:
    return [
        Column(
            f"{DOSE}{lever.name}",
            f"Dose, {lever.label}",
            f"{lever.unit} x years",
            "Area between the lever and its default over the horizon",
        )
        for lever in levers
    ]
