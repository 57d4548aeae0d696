"""Read a scenario file and everything that it refers to, and report what is wrong with any of it together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from abm.errors import InvalidInput, Problem
from abm.policy.catalogue import Catalogue, shipped
from abm.policy.policy import (
    DEFAULT_START,
    Policy,
    PolicyBlock,
    conflicts,
    replaces_faults,
    settled,
    time_problems,
)
from abm.policy.reading import readable_lever_settings
from abm.policy.times import is_month
from abm.records import Document, bounds, check, load
from abm.scenarios.extensions import NO_EXTENSIONS, Extensions
from abm.scenarios.library import find
from abm.scenarios.scenariofile import DEFAULT_HORIZON_YEARS, ScenarioFile, horizon_complaint
from abm.world.place_loading import place_problems

OWN_LEVERS = "the scenario"
"""What messages call the block of levers that a scenario sets itself."""


class Composition(NamedTuple):
    """A scenario file with everything that it refers to.

    Attributes
    ----------
    record : ScenarioFile
        The file.
    place : Path
        The place file, absolute.
    blocks : tuple of PolicyBlock
        The policy blocks, in order, without the scenario's own levers.
    policy : Policy
        Blocks and own levers, composed and settled.
    extensions : Extensions
        What it adds to the model.
    """

    record: ScenarioFile
    place: Path
    blocks: tuple[PolicyBlock, ...]
    policy: Policy
    extensions: Extensions


def read_composition(
    path: Path,
    *,
    allow_extensions: bool = True,
    extensions: Sequence[str] | Extensions = (),
    runs_code: bool = True,
) -> Composition:
    """Read a scenario file and everything that it refers to.

    Parameters
    ----------
    path : Path
        A scenario file.
    allow_extensions : bool
        Whether the extensions that the file names are read. They are code.
    extensions : sequence of str, or Extensions
        Extensions besides those that the file names; their paths are relative to the working directory. Extensions
        that have been read already stand in for those that the file names.
    runs_code : bool
        Whether the code of extensions is run, or only read.

    Returns
    -------
    Composition

    Raises
    ------
    InvalidInput
        With every problem of the file, of its place, of its policy blocks and of their composition.
    """
    return _Composer(path, allow_extensions, extensions, runs_code).composition()


def load_policy(reference: str | Path, catalogue: Catalogue | None = None) -> PolicyBlock:
    """Load a policy block.

    Parameters
    ----------
    reference : str or Path
        Name of a shipped block, or path of a file.
    catalogue : Catalogue, optional
        The levers that it may set; default: abm's own.

    Returns
    -------
    PolicyBlock

    Raises
    ------
    InvalidInput
        With every problem.
    """
    path, complaint = find(reference, "policy", "policies", None)
    if path is None:
        raise InvalidInput([Problem(str(reference), None, complaint)])
    return load(path, PolicyBlock, catalogue)


class _Composer:
    """Composer of one scenario, which collects problems; what can be read is checked even if the rest cannot."""

    def __init__(
        self, path: Path, allow_extensions: bool, extensions: Sequence[str] | Extensions, runs_code: bool
    ) -> None:
        self.runs_code = runs_code
        self.folder = path.parent
        self.document = Document.read(path)
        self.problems: list[Problem] = []
        self.extensions, self.catalogue = self.read_extensions(allow_extensions, extensions)

    def composition(self) -> Composition:
        """Compose, or raise all problems."""
        record, problems = check(self.document, ScenarioFile, context=self.catalogue)
        self.problems.extend(problems)
        data = self.document.data if isinstance(self.document.data, dict) else {}
        place = self.place(data.get("place"))
        blocks = self.blocks(data.get("policies"))
        horizon, start = self.times(data)
        composed = [*blocks, self.readable_block(self.document, OWN_LEVERS)]
        self.problems.extend(conflicts(composed))
        for block in composed:
            self.problems.extend(time_problems(block, start, horizon))
        if self.problems or record is None or place is None or horizon is None:
            raise InvalidInput(self.problems)
        schedules = {name: schedule for block in composed for name, schedule in block.levers.items()}
        policy = settled(schedules, start, self.catalogue)
        return Composition(record, place, tuple(blocks), policy, self.extensions)

    def read_extensions(
        self, is_allowed: bool, more: Sequence[str] | Extensions
    ) -> tuple[Extensions, Catalogue]:
        """Read the extensions, those of the file first; without any, the catalogue is abm's own."""
        if isinstance(more, Extensions):
            if more:
                return more, more.catalogue
            more = ()
        data = self.document.data if isinstance(self.document.data, dict) else {}
        named = data.get("extensions")
        listed = named[: bounds.LIST_OF_NAMES] if isinstance(named, list) else []
        places = [place for place, one in enumerate(listed) if isinstance(one, str)]
        own = [listed[place] for place in places]
        if not own and not more:
            return NO_EXTENSIONS, shipped()
        if own and not is_allowed:
            message = (
                "extensions are code, which is not run here; run the scenario from its file with 'abm run'"
            )
            self.report(("extensions",), message)
            return NO_EXTENSIONS, Catalogue(is_partial=True)
        # Deferred: reading code needs the whole model, which few scenarios do.
        from abm.scenarios.extensionfile import read_extensions

        def problem(position: int, message: str) -> Problem:
            if position >= len(own):
                return Problem("--extension", None, message)
            return self.document.problem(("extensions", places[position]), message)

        loaded = read_extensions(own, self.folder, problem, more, runs_code=self.runs_code)
        self.problems.extend(loaded.problems)
        return loaded.extensions, loaded.catalogue

    def report(self, path: tuple[str | int, ...], message: str) -> None:
        """Note a problem of the scenario file."""
        self.problems.append(self.document.problem(path, message))

    def place(self, reference: Any) -> Path | None:
        """Find and check the place; a reference that is no text is reported with the record."""
        if not isinstance(reference, str) or not reference:
            return None
        found, complaint = find(reference, "place", "places", self.folder)
        if found is None:
            self.report(("place",), complaint)
        else:
            self.problems.extend(place_problems(found))
        return found

    def blocks(self, references: Any) -> list[PolicyBlock]:
        """Load the policy blocks that can be loaded."""
        blocks: list[PolicyBlock] = []
        named = references[: bounds.LIST_OF_NAMES] if isinstance(references, list) else []
        for position, reference in enumerate(named):
            if not isinstance(reference, str):
                continue
            if reference in named[:position]:
                self.report(
                    ("policies", position), f"policy '{reference}' is listed twice; keep one of the two"
                )
                continue
            path, complaint = find(reference, "policy", "policies", self.folder)
            if path is None:
                self.report(("policies", position), complaint)
                continue
            block = self.block(path)
            if block is not None:
                blocks.append(block)
        return blocks

    def times(self, data: dict[str, Any]) -> tuple[float | None, str]:
        """Take horizon and start as far as they are valid; the rest is reported with the record."""
        start = data.get("start", DEFAULT_START)
        horizon = data.get("horizon_years", DEFAULT_HORIZON_YEARS)
        known = None if horizon_complaint(horizon) else float(horizon)
        return known, (start if is_month(start) else DEFAULT_START)

    def block(self, path: Path) -> PolicyBlock | None:
        """Read a policy block; the readable part of a faulty one is kept for further checks."""
        try:
            document = Document.read(path)
        except InvalidInput as error:
            self.problems.extend(error.problems)
            return None
        block, problems = check(document, PolicyBlock, context=self.catalogue)
        self.problems.extend(problems)
        return block or self.readable_block(document, path.stem)

    def readable_block(self, document: Document, name: str) -> PolicyBlock:
        """Build a block from the readable lever settings of a document; the rest is already reported."""
        data = document.data if isinstance(document.data, dict) else {}
        levers, replaces = data.get("levers"), data.get("replaces")
        settings, _ = readable_lever_settings(levers if isinstance(levers, dict) else {}, self.catalogue)
        named = tuple(map(str, replaces)) if isinstance(replaces, list) else ()
        for fault in replaces_faults(named, levers if isinstance(levers, dict) else {}, self.catalogue):
            self.problems.append(document.problem(fault.path, fault.message))
        block = PolicyBlock.model_construct(name=name, levers=settings, replaces=named)
        block._document = document
        return block
