"""Carry out surgeries that somebody asked for: check all of it first, then simulate, measure, print and write."""

import json
import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from abm.analysis.dissection.results import Dissection, dissection_of, tables_of
from abm.analysis.dissection.runs import dissect
from abm.analysis.dissection.surgeries import surgeries_for
from abm.core.draws import GENERATOR
from abm.errors import InvalidInput, Problem
from abm.files.destination import MANIFEST, Destination
from abm.interface.cli.numbers import Numbers
from abm.interface.pictures.canvas import svg
from abm.interface.pictures.surgery_outcomes import picture
from abm.interface.terminal.dissection_tables import print_dissection
from abm.runs.results import manifest_of, table_bytes
from abm.scenarios.scenario import Scenario, load_scenario, parse_settings
from abm.scenarios.simulate import cached_place

if TYPE_CHECKING:
    from rich.console import Console

PICTURE = "surgeries.svg"
TABLES = ("runs", "surgeries", "measures", "organisations")
FILES = (MANIFEST, PICTURE, *(f"{name}.parquet" for name in TABLES))
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Asked:
    """What somebody asked for, not yet checked.

    Attributes
    ----------
    scenario : str
        Name or path.
    places, settings, extensions : tuple of str
        Places by name or path; ``LEVER=VALUE``; files or modules.
    replicates, seed : int
    years : float or None
    workers : int or None
    out : Path or None
    force : bool
    problems : tuple of Problem
        What is wrong with the numbers.
    """

    scenario: str
    places: tuple[str, ...]
    settings: tuple[str, ...]
    extensions: tuple[str, ...]
    replicates: int
    seed: int
    years: float | None
    workers: int | None
    out: Path | None
    force: bool
    problems: tuple[Problem, ...]

    @classmethod
    def read(
        cls,
        scenario: str,
        *,
        places: Sequence[str],
        replicates: str,
        seed: str,
        settings: Sequence[str],
        extensions: Sequence[str],
        years: str | None,
        workers: str | None,
        out: Path | None,
        force: bool,
    ) -> "Asked":
        """Read the words of a command line, numbers as text, so that all that is wrong is told together."""
        numbers = Numbers()
        size, first = numbers.design(replicates, seed)
        return cls(
            scenario=scenario,
            places=tuple(places),
            settings=tuple(settings),
            extensions=tuple(extensions),
            replicates=size,
            seed=first,
            years=numbers.years(years),
            workers=numbers.workers(workers),
            out=out,
            force=force,
            problems=tuple(numbers.problems),
        )

    @property
    def line(self) -> str:
        """The command line that asks for the same, defaults spelled out."""
        words = ["abm", "structure", self.scenario]
        words += [word for one in self.places for word in ("--place", one)]
        words += ["--replicates", str(self.replicates), "--seed", str(self.seed)]
        words += [word for one in self.settings for word in ("--set", one)]
        words += [word for one in self.extensions for word in ("--extension", one)]
        words += [] if self.years is None else ["--years", f"{self.years:g}"]
        words += [] if self.out is None else ["--out", str(self.out)]
        return shlex.join(words)

    def checked(self) -> tuple[Scenario, ...]:
        """Return the scenario in every place.

        Raises
        ------
        InvalidInput
            With every problem of the scenario, places, settings, numbers and of the directory.
        """
        problems = list(self.problems)
        if self.out is not None:
            problems += Destination(self.out, self.force, files=FILES).problems()
        found: list[Scenario] = []
        try:
            scenario = load_scenario(self.scenario, extensions=self.extensions)
        except InvalidInput as error:
            problems += error.problems
        else:
            scenario, faults = self._adjusted(scenario)
            problems += faults
            for place in self.places or (None,):
                try:
                    found.append(scenario if place is None else scenario.with_place(place))
                    cached_place(found[-1].place)
                except InvalidInput as error:
                    problems += error.problems
        stems = [one.place.resolve() for one in found]
        problems += [
            Problem(
                "--place", None, f"'{place.stem}' is named {stems.count(place)} times; name each place once"
            )
            for place in dict.fromkeys(stems)
            if stems.count(place) > 1
        ]
        if problems:
            raise InvalidInput(problems)
        return tuple(found)

    def runs(self, scenarios: Sequence[Scenario]) -> int:
        """Count the runs that this takes."""
        cuts = sum(1 + len(surgeries_for(cached_place(one.place))) for one in scenarios)
        return cuts * self.replicates

    def _adjusted(self, scenario: Scenario) -> tuple[Scenario, list[Problem]]:
        problems: list[Problem] = []
        try:
            if self.years is not None:
                scenario = scenario.with_horizon(self.years, "--years")
        except InvalidInput as error:
            problems += error.problems
        try:
            scenario = scenario.with_levers(
                parse_settings(self.settings, catalogue=scenario.catalogue), "--set"
            )
        except InvalidInput as error:
            problems += error.problems
        return scenario, problems


@dataclass(frozen=True, eq=False)
class Answer:
    """What came of it: a dissection for each place, and where it is written."""

    found: tuple[Dissection, ...]
    written: Path | None

    def print(self, console: "Console") -> None:
        """Print what was found, place by place."""
        for one in self.found:
            print_dissection(console, one)
        if self.written is not None:
            console.print()
            console.print(f"Written to {self.written}; open {self.written / PICTURE}", soft_wrap=True)


def carry_out(asked: Asked, scenarios: Sequence[Scenario], progress: Progress) -> Answer:
    """Run the surgeries, measure, and write tables and a picture where that was asked for.

    Raises
    ------
    InvalidInput
        If another process writes there; told before anything is simulated.
    """
    if asked.out is None:
        return Answer(_simulated(asked, scenarios, progress), None)
    with Destination(asked.out, asked.force, files=FILES).staged() as directory:
        started = datetime.now(UTC)
        found = _simulated(asked, scenarios, progress)
        for name, columns in tables_of(found).items():
            (directory / f"{name}.parquet").write_bytes(table_bytes(columns))
        (directory / PICTURE).write_text(svg(picture(found)), encoding="utf-8")
        total = asked.runs(scenarios)
        manifest = manifest_of(
            {
                "seed": asked.seed,
                "replicates": asked.replicates,
                "surgeries": {one.place.name: list(one.ends) for one in found},
            },
            {one.place.name: scenario.resolved() for one, scenario in zip(found, scenarios, strict=True)},
            GENERATOR,
            {"asked": total, "done": total, "failed": 0},
            {"command": asked.line, "created": started.isoformat(timespec="seconds")},
        )
        text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False)
        (directory / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return Answer(found, asked.out)


def _simulated(asked: Asked, scenarios: Sequence[Scenario], progress: Progress) -> tuple[Dissection, ...]:
    total, before = asked.runs(scenarios), 0
    found = []
    for scenario in scenarios:
        place = cached_place(scenario.place)
        surgeries = surgeries_for(place)

        def show(done: int, _: int, before: int = before) -> None:
            progress(before + done, total)

        ends = dissect(
            scenario, surgeries, asked.seed, asked.replicates, asked.workers or os.cpu_count() or 1, show
        )
        before += asked.replicates * (1 + len(surgeries))
        found.append(dissection_of(place, scenario.label, scenario.months, ends))
    return tuple(found)
