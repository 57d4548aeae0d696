"""Run an experiment that somebody asked for: check all of it first, then simulate, compare and write."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from abm.analysis.comparison import compare, headline_measures
from abm.analysis.differences import break_even_shares, lever_differences, other_differences
from abm.analysis.report import report
from abm.analysis.story import Story
from abm.draws import GENERATOR
from abm.errors import AbmError, InvalidInput, Problem
from abm.experiments.destination import REPORT, Destination
from abm.experiments.engines import Execution, execute, worker_problems
from abm.experiments.lanes import simulate
from abm.experiments.run import PairedDesign, design_problems, scenario_problems, with_columns
from abm.experiments.store import Column, Described, manifest_of, write_results
from abm.model.measures import MEASURES, OUTCOMES
from abm.model.scenario import Scenario, load_scenario, parse_settings
from abm.policy.levers import levers
from abm.policy.schedule import Schedule
from abm.world.place import load_place

RESULTS = Path("results")
DOSE = "dose."
RUN, COMPARE = "run", "compare"


@dataclass(frozen=True)
class Request:
    """What somebody asked for on the command line, not yet checked.

    Attributes
    ----------
    command : str
        Name of the command.
    scenarios : tuple of str
        Names or paths, the reference first.
    settings : tuple of str
        ``LEVER=VALUE`` for every scenario.
    replicates, seed : int
        Size and seed of the design.
    years : float or None
        Horizon, where it is not the scenarios' own.
    workers : int or None
        Processes.
    out : Path or None
        Where to write; None writes nothing.
    force : bool
        Replace results that are there.
    """

    command: str
    scenarios: tuple[str, ...]
    settings: tuple[str, ...]
    replicates: int
    seed: int
    years: float | None
    workers: int | None
    out: Path | None
    force: bool

    @property
    def line(self) -> str:
        """The command line that asks for the same, defaults spelled out."""
        words = ["abm", self.command, *self.scenarios]
        words += ["--replicates", str(self.replicates), "--seed", str(self.seed)]
        words += [word for setting in self.settings for word in ("--set", setting)]
        words += [] if self.years is None else ["--years", f"{self.years:g}"]
        words += [] if self.out is None else ["--out", str(self.out)]
        return shlex.join(words)


@dataclass(frozen=True, eq=False)
class Answer:
    """What came of it.

    Attributes
    ----------
    story : Story
        What there is to tell.
    execution : Execution
        The runs.
    written : Path or None
        Where the results are.
    """

    story: Story
    execution: Execution
    written: Path | None


def default_directory(scenarios: Sequence[str]) -> Path:
    """Return where a comparison is written unless told otherwise."""
    return RESULTS / "-vs-".join(Path(reference).stem for reference in scenarios)


def checked(request: Request) -> tuple[Scenario, ...]:
    """Check everything that was asked for.

    Returns
    -------
    tuple of Scenario
        As asked for, the reference first.

    Raises
    ------
    InvalidInput
        With every problem of every scenario, setting, number and of the directory.
    """
    problems = [
        *design_problems(request.replicates, request.seed),
        *worker_problems(request.workers),
        *(Destination(request.out, request.force).problems() if request.out is not None else []),
    ]
    settings: dict[str, Schedule] = {}
    found: list[Scenario] = []
    try:
        settings = parse_settings(request.settings)
    except InvalidInput as error:
        problems.extend(error.problems)
    for reference in request.scenarios:
        try:
            scenario = load_scenario(reference)
            found.append(scenario)
            found[-1] = _adjusted(scenario, request, settings)
            load_place(scenario.place)
        except InvalidInput as error:
            problems.extend(error.problems)
    if request.command == COMPARE and len(request.scenarios) < 2:
        problems.append(Problem("SCENARIO", None, "a comparison needs two or more; 'abm run' runs one"))
    problems += scenario_problems([scenario.name for scenario in found] or list(request.scenarios))
    if problems:
        raise InvalidInput(problems)
    return tuple(found)


def carried_out(
    request: Request, scenarios: tuple[Scenario, ...], progress: Callable[[int, int], None]
) -> Answer:
    """Simulate what was checked, compare, and write the results where that was asked for.

    Raises
    ------
    AbmError
        If no run could be simulated, or none of some scenario.
    """
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
            tables, [scenario.name for scenario in scenarios], headline_measures(MEASURES, tables)
        ),
        levers=lever_differences(scenarios),
        others=other_differences(scenarios),
        break_even=break_even_shares(scenarios),
        manifest=manifest,
    )
    if request.out is not None:
        doses = {
            scenario.name: {f"{DOSE}{name}": dose for name, dose in scenario.dose().items()}
            for scenario in scenarios
        }
        with Destination(request.out, request.force).staged() as directory:
            described: list[Described] = [*MEASURES, *OUTCOMES, *_dose_columns()]
            write_results(directory, with_columns(tables, doses), execution.failures, manifest, described)
            (directory / REPORT).write_text(report(story), encoding="utf-8")
    return Answer(story, execution, request.out)


def _adjusted(scenario: Scenario, request: Request, settings: dict[str, Schedule]) -> Scenario:
    problems: list[Problem] = []
    if request.years is not None:
        try:
            scenario = scenario.with_horizon(request.years, "--years")
        except InvalidInput as error:
            problems.extend(error.problems)
    if settings:
        try:
            scenario = scenario.with_levers(settings, "--set")
        except InvalidInput as error:
            problems.extend(error.problems)
    if problems:
        raise InvalidInput(problems)
    return scenario


def _dose_columns() -> list[Column]:
    return [
        Column(
            f"{DOSE}{lever.name}",
            f"Dose, {lever.label}",
            f"{lever.unit} x years",
            "Area between the lever and its default over the horizon",
        )
        for lever in levers().values()
    ]
