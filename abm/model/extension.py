"""Hold the extensions of a scenario: files or modules that add levers, parameters, state, mechanisms and measures.

A scenario holds where its extensions come from and what they were, never their code: each process reads them itself,
when it first needs them, and refuses code that is no longer what it was. Without extensions everything here is the
model's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from abm.policy.catalogue import Catalogue, shipped

if TYPE_CHECKING:
    from abm.mechanisms.mechanism import Mechanism
    from abm.model.additions import Additions, OwnMeasure
    from abm.model.measures import Measure
    from abm.model.state import Field


@dataclass(frozen=True)
class Source:
    """Say where an extension comes from, and what it was when it was first read.

    Attributes
    ----------
    name : str
        Name of the extension.
    kind : str
        'file' or 'module'.
    reference : str
        Absolute path, or dotted name of the module.
    sha256 : str
        Of the file that holds it.
    fingerprint : str
        Hash of file and records, which may stand in files beside it.
    """

    name: str
    kind: Literal["file", "module"]
    reference: str
    sha256: str
    fingerprint: str

    @property
    def described(self) -> dict[str, str]:
        """Give what decides a result, as plain values."""
        return {"name": self.name, "sha256": self.sha256, "fingerprint": self.fingerprint}


@dataclass(frozen=True)
class Extensions:
    """Hold the extensions of a scenario, in order, and what they make of the model.

    Attributes
    ----------
    sources : tuple of Source
        Where they come from.
    runs_code : bool
        Whether their code is run, or only read; what is only read cannot be simulated.
    """

    sources: tuple[Source, ...] = ()
    runs_code: bool = True

    def __reduce__(self) -> tuple[Any, ...]:
        return Extensions, (self.sources, self.runs_code)

    def __bool__(self) -> bool:
        return bool(self.sources)

    @property
    def code_hash(self) -> str:
        """Tell one set of extensions from another; empty without any."""
        return ":".join(source.fingerprint for source in self.sources)

    @cached_property
    def members(self) -> tuple[Additions, ...]:
        """Give what each extension adds.

        Raises
        ------
        InvalidInput
            If one cannot be read any more, or is no longer what it was.
        """
        if not self.sources:
            return ()
        # Deferred, here and below: code and kernels are needed by a run, not by who describes one.
        from abm.model.loading import additions_of

        return tuple(additions_of(source, self.runs_code) for source in self.sources)

    @cached_property
    def catalogue(self) -> Catalogue:
        """Give the levers and parameters that there are."""
        if not self.sources:
            return shipped()
        return Catalogue(
            tuple(lever for member in self.members for lever in member.levers),
            tuple(parameter for member in self.members for parameter in member.parameters),
            is_partial=not all(member.is_whole for member in self.members),
        )

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Give the state arrays that there are."""
        from abm.model.state import FIELDS

        return (*FIELDS, *(field for member in self.members for field in member.fields))

    @cached_property
    def order(self) -> tuple[Mechanism, ...]:
        """Give the order of the month."""
        from abm.model.additions import placed
        from abm.model.calendar import ORDER

        return placed(ORDER, self.members) if self.sources else ORDER

    @cached_property
    def own_measures(self) -> tuple[OwnMeasure, ...]:
        """Give the measures of extensions, whose rows follow the model's."""
        return tuple(measure for member in self.members for measure in member.measures)

    @cached_property
    def measures(self) -> tuple[Measure, ...]:
        """Give the measures that there are, in the order of the rows of a series."""
        from abm.model.measures import MEASURES

        return (*MEASURES, *self.own_measures)


NO_EXTENSIONS = Extensions()
