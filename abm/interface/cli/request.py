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
from abm.core.draws import GENERATOR
from abm.core.lever import Lever
from abm.core.part import Measure
from abm.errors import AbmError, InvalidInput, Problem
from abm.experiments.destination import REPORT, Destination
from abm.experiments.engines import Execution, execute
from abm.experiments.lanes import simulate
from abm.experiments.run import Measured, PairedDesign, scenario_problems, with_columns
from abm.experiments.store import Column, manifest_of, write_results
from abm.interface.cli.numbers import Numbers
from abm.model.scenario import Scenario, load_scenario, parse_settings
from abm.policy.schedule import Schedule
from abm.submodels.emergence.emergence import OUTCOMES
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
    extensions : tuple of str
        Files or modules that add to every scenario.
    problems : tuple of Problem
        What is wrong with the numbers; a valid one stands for each that cannot be read.
    """

    command: str
    scenarios: tuple[str, ...]
    settings: tuple[str, ...]
    replicates: int
    seed: int
    years: float | None
    place: str | None
    workers: int | None
    out: Path | None
    force: bool
    extensions: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def line(self) -> str:
        """The command line that asks for the same, defaults spelled out."""
        words = ["abm", self.command, *self.scenarios]
        words += ["--replicates", str(self.replicates), "--seed", str(self.seed)]
        words += [word for setting in self.settings for word in ("--set", setting)]
        words += [word for extension in self.extensions for word in ("--extension", extension)]
        words += [] if self.years is None else ["--years", f"{self.years:g}"]
        words += [] if self.place is None else ["--place", self.place]
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


def asked(
    command: str,
    scenarios: Sequence[str],
    *,
    settings: Sequence[str],
    extensions: Sequence[str],
    replicates: str,
    seed: str,
    years: str | None,
    place: str | None,
    workers: str | None,
    out: Path | None,
    force: bool,
) -> Request:
    """Read what stands on the command line, numbers as text, so that all of its problems are told together."""
    numbers = Numbers()
    size, first = numbers.design(replicates, seed)
    return Request(
        command=command,
        scenarios=tuple(scenarios),
        settings=tuple(settings),
        replicates=size,
        seed=first,
        years=numbers.years(years),
        place=place,
        workers=numbers.workers(workers),
        out=out,
        force=force,
        extensions=tuple(extensions),
        problems=tuple(numbers.problems),
    )


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
        *request.problems,
        *(Destination(request.out, request.force).problems() if request.out is not None else []),
    ]
    found: list[Scenario] = []
    for reference in request.scenarios:
        try:
            scenario = load_scenario(reference, extensions=request.extensions)
            found.append(scenario)
            found[-1] = _adjusted(scenario, request)
            load_place(scenario.place)
        except InvalidInput as error:
            problems.extend(error.problems)
    if not found:
        problems.extend(_setting_problems(request))
    if request.command == COMPARE:
        problems += _comparison_problems(request, found)
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
    InvalidInput
        If another process writes there; told before anything is simulated.
    AbmError
        If no run could be simulated, or none of some scenario.
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
    measures = known_measures(scenarios)
    levers = known_levers(scenarios)
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
        doses = {
            # A lever that a scenario does not have never leaves its default.
            scenario.name: {f"{DOSE}{lever.name}": scenario.dose().get(lever.name, 0.0) for lever in levers}
            for scenario in scenarios
        }
        described: list[Measured] = [*measures, *OUTCOMES, *_dose_columns(levers)]
        write_results(directory, with_columns(tables, doses), execution.failures, manifest, described)
        (directory / REPORT).write_text(report(story), encoding="utf-8")
    return Answer(story, execution, request.out)


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


def _comparison_problems(request: Request, scenarios: Sequence[Scenario]) -> list[Problem]:
    """Say why scenarios cannot be compared pair by pair: by place and horizon too they must meet the same fate."""
    if len(request.scenarios) < 2:
        return [Problem("SCENARIO", None, "a comparison needs two or more; 'abm run' runs one")]
    problems = []
    places = {scenario.name: scenario.place.stem for scenario in scenarios}
    if len({scenario.place.resolve() for scenario in scenarios}) > 1:
        listed = ", ".join(f"{name} in {place}" for name, place in places.items())
        advice = f"move all to one, as with --place {scenarios[0].place.stem}"
        problems.append(Problem("SCENARIO", None, f"they stand in different places ({listed}); {advice}"))
    horizons = {scenario.name: scenario.horizon_years for scenario in scenarios}
    if len(set(horizons.values())) > 1:
        listed = ", ".join(f"{name} {years:g} years" for name, years in horizons.items())
        advice = f"give all the same, as with --years {min(horizons.values()):g}"
        problems.append(Problem("SCENARIO", None, f"they run for different times ({listed}); {advice}"))
    return problems


def _setting_problems(request: Request) -> Sequence[Problem]:
    """Say what is wrong with settings where there is no scenario to set them in."""
    try:
        parse_settings(request.settings)
    except InvalidInput as error:
        return error.problems
    return ()


def _adjusted(scenario: Scenario, request: Request) -> Scenario:
    problems: list[Problem] = []
    settings: dict[str, Schedule] = {}
    try:
        settings = parse_settings(request.settings, catalogue=scenario.catalogue)
    except InvalidInput as error:
        problems.extend(error.problems)
    if request.place is not None:
        try:
            scenario = scenario.with_place(request.place)
        except InvalidInput as error:
            problems.extend(error.problems)
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
