"""Read what `run`, `compare` and `calibrate` are asked to do, and check all of it before anything is simulated."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from abm.analysis.studyfile import Study, load_study
from abm.errors import InvalidInput, Problem
from abm.files.destination import Destination, output_file_problems
from abm.interface.cli.numbers import Numbers
from abm.interface.cli.options import RunOptions
from abm.policy.schedule import Schedule
from abm.runs.run import scenario_problems
from abm.scenarios.scenario import Scenario, load_scenario, parse_settings
from abm.world.place_loading import load_place

RESULTS = Path("results")
RUN, COMPARE = "run", "compare"


@dataclass(frozen=True)
class Request:
    """A request from the command line, not yet checked.

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
        Horizon; None leaves each scenario's own.
    place : str or None
        Name or path of a place; None leaves each scenario's own.
    workers : int or None
        Number of processes; None chooses one.
    out : Path or None
        Directory for results; None writes none.
    force : bool
        Whether existing results are replaced.
    extensions : tuple of str
        Files or modules that extend every scenario.
    problems : tuple of Problem
        Problems of the numbers; each number that cannot be read is replaced by a valid one.
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
        """The command line that makes the same request, with defaults spelled out."""
        words = ["abm", self.command, *self.scenarios]
        words += ["--replicates", str(self.replicates), "--seed", str(self.seed)]
        words += [word for setting in self.settings for word in ("--set", setting)]
        words += [word for extension in self.extensions for word in ("--extension", extension)]
        words += [] if self.years is None else ["--years", f"{self.years:g}"]
        words += [] if self.place is None else ["--place", self.place]
        words += [] if self.out is None else ["--out", str(self.out)]
        return shlex.join(words)


def read_request(command: str, scenarios: Sequence[str], options: RunOptions, out: Path | None) -> Request:
    """Read what was typed on the command line, and collect the problems of all numbers."""
    numbers = Numbers()
    size, first = numbers.design(options.replicates, options.seed)
    return Request(
        command=command,
        scenarios=tuple(scenarios),
        settings=tuple(options.settings),
        replicates=size,
        seed=first,
        years=numbers.years(options.years),
        place=options.place,
        workers=numbers.workers(options.workers),
        out=out,
        force=options.force,
        extensions=tuple(options.extension),
        problems=tuple(numbers.problems),
    )


def default_directory(scenarios: Sequence[str]) -> Path:
    """Return the directory to which a comparison is written by default."""
    return RESULTS / "-vs-".join(Path(reference).stem for reference in scenarios)


def checked(request: Request) -> tuple[Scenario, ...]:
    """Load the scenarios of a request and check everything in it.

    Returns
    -------
    tuple of Scenario
        The scenarios with the settings of the request, the reference first.

    Raises
    ------
    InvalidInput
        With every problem of the scenarios, settings, numbers and directory.
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


def checked_study(
    reference: str, workers: str | None, out: Path | None, force: bool
) -> tuple[Study, int | None]:
    """Load a study and check everything that `calibrate` was given.

    Returns
    -------
    study : Study
    workers : int or None
        Number of processes; None chooses one.

    Raises
    ------
    InvalidInput
        With every problem of the study, its references, the number of workers and the output file.
    """
    numbers = Numbers()
    processes = numbers.workers(workers)
    problems = [*numbers.problems, *output_file_problems(out, force)]
    try:
        study = load_study(reference)
    except InvalidInput as error:
        raise InvalidInput([*problems, *error.problems]) from None
    if problems:
        raise InvalidInput(problems)
    return study, processes


def _comparison_problems(request: Request, scenarios: Sequence[Scenario]) -> list[Problem]:
    """List why scenarios cannot be compared pair by pair, which takes the same place and horizon."""
    if len(request.scenarios) < 2:
        return [Problem("SCENARIO", None, "a comparison needs two or more; 'abm run' runs one")]
    problems = []
    places = {scenario.name: scenario.place.stem for scenario in scenarios}
    if len({scenario.place.resolve() for scenario in scenarios}) > 1:
        listed = ", ".join(f"{name} in {place}" for name, place in places.items())
        advice = f"use one for all, such as --place {scenarios[0].place.stem}"
        problems.append(
            Problem("SCENARIO", None, f"the scenarios are in different places ({listed}); {advice}")
        )
    horizons = {scenario.name: scenario.horizon_years for scenario in scenarios}
    if len(set(horizons.values())) > 1:
        listed = ", ".join(f"{name} {years:g} years" for name, years in horizons.items())
        advice = f"use one for all, such as --years {min(horizons.values()):g}"
        problems.append(
            Problem("SCENARIO", None, f"the scenarios run for different times ({listed}); {advice}")
        )
    return problems


def _setting_problems(request: Request) -> Sequence[Problem]:
    """List what is wrong with the settings when no scenario could be loaded."""
    try:
        parse_settings(request.settings)
    except InvalidInput as error:
        return error.problems
    return ()


def _adjusted(scenario: Scenario, request: Request) -> Scenario:
    """Return a scenario with the place, horizon and levers of a request."""
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
