"""The extensions of a scenario: submodels in files or modules outside the package.

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
    from abm.core.part import Measure, Part
    from abm.core.theory import Theory


@dataclass(frozen=True)
class ExtensionSource:
    """Where an extension comes from, and what it was when it was first read.

    Attributes
    ----------
    name : str
        Name of the submodel.
    kind : str
        'file' or 'module'.
    reference : str
        Absolute path, or dotted name of the module.
    sha256 : str
        Of its code.
    fingerprint : str
        Hash of file and records, which may stand in a file beside it.
    """

    name: str
    kind: Literal["file", "module"]
    reference: str
    sha256: str
    fingerprint: str

    @property
    def described(self) -> dict[str, str]:
        """What decides a result, as plain values."""
        return {"name": self.name, "sha256": self.sha256, "fingerprint": self.fingerprint}


@dataclass(frozen=True)
class Extensions:
    """The extensions of a scenario, in order, and what they make of the model.

    Attributes
    ----------
    sources : tuple of ExtensionSource
        Where they come from.
    runs_code : bool
        Whether their code is run; if it is only read, the scenario cannot be simulated.
    """

    sources: tuple[ExtensionSource, ...] = ()
    runs_code: bool = True

    def __reduce__(self) -> tuple[Any, ...]:
        return Extensions, (self.sources, self.runs_code)

    def __bool__(self) -> bool:
        return bool(self.sources)

    @property
    def code_hash(self) -> str:
        """A text that distinguishes one set of extensions from another; empty without any."""
        return ":".join(source.fingerprint for source in self.sources)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """What each extension holds.

        Raises
        ------
        InvalidInput
            If one can no longer be read, or has changed.
        """
        if not self.sources:
            return ()
        # Deferred, here and below: a run needs code and kernels, a description does not.
        from abm.scenarios.extensionfile import part_of

        return tuple(part_of(source, self.runs_code) for source in self.sources)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The levers and parameters that there are."""
        if not self.sources:
            return shipped()
        return Catalogue(
            tuple(lever for part in self.parts for lever in part.levers),
            tuple(parameter for part in self.parts for parameter in part.parameters),
            is_partial=not all(part.is_whole for part in self.parts),
        )

    @cached_property
    def theory(self) -> Theory:
        """The submodels of abm and of the extensions."""
        from abm.submodels.shipped import theory

        return theory().joined(self.parts) if self.sources else theory()

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures that there are, in the order of the rows of a series."""
        return self.theory.measures


NO_EXTENSIONS = Extensions()
