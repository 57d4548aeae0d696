"""Compose named policy blocks into the table of lever settings that a run reads.

A block groups lever settings that belong together. Two blocks that set one lever contradict each other: that
is an error unless the later one lists the lever under ``replaces``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PlainSerializer, PlainValidator, ValidationInfo, model_validator

from abm.core.quantities.quantity import EvidenceId
from abm.errors import InvalidInput, Problem, hint_among
from abm.policy.catalogue import Catalogue, catalogue_of, shipped
from abm.policy.reading import read_lever_settings
from abm.policy.schedule import Schedule
from abm.policy.schema import LeverSettingsSchema
from abm.records import SAYS_SOMETHING, Fault, Faults, FrozenMapping, KeyPath, Record

DEFAULT_START = "2014-04"
"""First month of a scenario that names none: the financial year 2014/15."""


def _read_settings(data: Any, info: ValidationInfo) -> FrozenMapping[Schedule]:
    return read_lever_settings(data, catalogue_of(info.context))


LeverSettings = Annotated[
    Mapping[str, Schedule],
    PlainValidator(_read_settings),
    PlainSerializer(lambda settings: {name: schedule.data() for name, schedule in settings.items()}),
    LeverSettingsSchema,
]
"""Schedules by lever, read and checked from a mapping."""


class PolicyBlock(Record):
    """A named group of lever settings."""

    kind: ClassVar[str] = "policy block"

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="lower case, digits and underscores")
    label: str = Field(default="", pattern=SAYS_SOMETHING, description="a few words for tables and plots")
    description: str = Field(default="", pattern=SAYS_SOMETHING, description="what the block represents")
    source: str = Field(default="", description="where it comes from")
    evidence: tuple[EvidenceId, ...] = Field(default=(), description="patterns that it bears on")
    levers: LeverSettings = Field(description="levers and their settings")
    replaces: tuple[str, ...] = Field(
        default=(), description="levers whose earlier settings this one replaces"
    )

    @model_validator(mode="after")
    def _replaces_what_it_sets(self, info: ValidationInfo) -> PolicyBlock:
        faults = list(replaces_faults(self.replaces, self.levers, catalogue_of(info.context)))
        if faults:
            raise Faults(faults)
        return self


def replaces_faults(
    replaces: Sequence[str], settings: Mapping[str, object], catalogue: Catalogue
) -> Iterable[Fault]:
    """Find entries of ``replaces`` that name no lever set beside them."""
    for place, name in enumerate(replaces):
        # A list has no bound of its own, and the first entries that are wrong are told.
        if name not in catalogue.levers:
            if not catalogue.is_partial:
                told = f"'replaces' names a lever that is unknown: {catalogue.unknown_lever(name, place)}"
                yield Fault(("replaces", place), told)
        elif name not in settings:
            hint = hint_among(name, settings, place)
            yield Fault(
                ("replaces", place),
                f"'replaces' lists '{name}', which 'levers' does not set{hint} Set it there.",
            )


@dataclass(frozen=True)
class Policy:
    """Settled schedules of levers; a lever without one stays at its default.

    Attributes
    ----------
    settings : FrozenMapping of Schedule
        Settled schedules by lever, in the order of the catalogue.
    catalogue : Catalogue
        The known levers.
    """

    settings: FrozenMapping[Schedule] = field(default_factory=FrozenMapping)
    catalogue: Catalogue = field(default_factory=shipped, compare=False, repr=False)

    @cached_property
    def _defaults(self) -> NDArray[np.float64]:
        return np.array([lever.default for lever in self.catalogue.levers.values()], dtype=np.float64)

    def table(self, months: int) -> NDArray[np.float64]:
        """Tabulate every lever at the start of every month.

        Parameters
        ----------
        months : int
            Number of months.

        Returns
        -------
        NDArray of shape (months, levers)
            Columns in the order of the catalogue; row m - 1 is evaluated at time (m - 1) / 12 years.
        """
        table = np.tile(self._defaults, (months, 1))
        for column, name in enumerate(self.catalogue.lever_names):
            if name in self.settings:
                table[:, column] = self.settings[name].values(months)
        return table

    def dose(self, horizon_years: float) -> dict[str, float]:
        """Integrate every lever's distance from its default over the horizon.

        Parameters
        ----------
        horizon_years : float
            Years from the start.

        Returns
        -------
        dict of str to float
            Area in the lever's unit times years, for every lever; 0 where none is set.
        """
        return {
            name: self.settings[name].dose(horizon_years, lever.default) if name in self.settings else 0.0
            for name, lever in self.catalogue.levers.items()
        }

    def with_settings(
        self, settings: Mapping[str, Any], start: str = DEFAULT_START, origin: str = "levers"
    ) -> Policy:
        """Return the policy with other settings of some levers, which replace earlier ones.

        Parameters
        ----------
        settings : mapping
            Schedules by lever, ready or as plain values.
        start : str
            First month of the scenario, 'YYYY-MM'.
        origin : str
            Name of the source of the settings in messages.

        Returns
        -------
        Policy

        Raises
        ------
        InvalidInput
            With every unknown lever and invalid setting.
        """
        try:
            given = read_lever_settings(settings, self.catalogue)
        except Faults as error:
            raise InvalidInput([Problem(origin, None, fault.message) for fault in error.faults]) from None
        return settled({**self.settings, **given}, start, self.catalogue)


def settled(settings: Mapping[str, Schedule], start: str, catalogue: Catalogue | None = None) -> Policy:
    """Settle schedules and put them in the order of the catalogue."""
    known = catalogue or shipped()
    return Policy(
        FrozenMapping(
            (name, settings[name].settled(lever.default, start))
            for name, lever in known.levers.items()
            if name in settings
        ),
        known,
    )


def compose(
    blocks: Sequence[PolicyBlock],
    start: str = DEFAULT_START,
    horizon_years: float | None = None,
    catalogue: Catalogue | None = None,
) -> Policy:
    """Compose blocks into one policy.

    Parameters
    ----------
    blocks : sequence of PolicyBlock
        In order; a later one may replace what it lists under ``replaces``.
    start : str
        First month of the scenario, 'YYYY-MM'.
    horizon_years : float, optional
        Years from the start; schedules may not start later.
    catalogue : Catalogue, optional
        The known levers; by default abm's own.

    Returns
    -------
    Policy

    Raises
    ------
    InvalidInput
        If two blocks set one lever, or a schedule does not fit the scenario's time.
    """
    problems = list(conflicts(blocks))
    for block in blocks:
        problems.extend(time_problems(block, start, horizon_years))
    if problems:
        raise InvalidInput(problems)
    schedules = {name: schedule for block in blocks for name, schedule in block.levers.items()}
    return settled(schedules, start, catalogue)


def conflicts(blocks: Sequence[PolicyBlock]) -> Iterable[Problem]:
    """Find levers that two blocks set although the later one does not replace them."""
    setter: dict[str, PolicyBlock] = {}
    for block in blocks:
        for name in block.levers:
            if name in setter and name not in block.replaces:
                message = (
                    f"lever '{name}' is set by '{block.name}' and before it by '{setter[name].name}'; "
                    f"remove one of the two, or list it under 'replaces' of '{block.name}'"
                )
                yield _problem(block, ("levers", name), message)
            setter[name] = block


def time_problems(block: PolicyBlock, start: str, horizon_years: float | None) -> Iterable[Problem]:
    """Find schedules of a block that do not fit the scenario's time."""
    for name, schedule in block.levers.items():
        for fault in schedule.time_faults(start, horizon_years):
            message = f"schedule of lever '{name}' {fault.message}"
            yield _problem(block, ("levers", name, *fault.path), message)


def _problem(block: PolicyBlock, path: KeyPath, message: str) -> Problem:
    if block.document is None:
        return Problem(f"policy block '{block.name}'", None, message)
    return block.document.problem(path, message)
