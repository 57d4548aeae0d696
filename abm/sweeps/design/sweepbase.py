"""Define what a sweep varies: a base turns a point into a scenario, and knows the model that runs it.

Our own scenarios are one kind of base (`abm.sweeps.design.scenariobase`). Another model is another kind: a class that
provides what `Base` asks for, named in `KINDS`. A manifest holds each base as plain values with its kind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, cast

from abm.runs.run import Measured, RunnableScenario, Simulator
from abm.sweeps.design.inputs import Inputs
from abm.sweeps.design.point_table import Value

KINDS = {
    "scenario": "abm.sweeps.design.scenariobase:ScenarioBase",
    "mesa": "abm.sweeps.foreign.mesabase:MesaBase",
}
"""Location of each kind of base; it is imported when a manifest asks for it."""
ROLES = ("levers", "uncertainties")
"""What a dimension may be, as experiment files and manifests call it."""


@dataclass(frozen=True)
class Roles:
    """The dimensions of a point by their role, levers and uncertainties, as a manifest holds them.

    Attributes
    ----------
    levers, uncertainties : mapping
        Description of each dimension by its name, as `Dimension.described` returns it.
    """

    levers: Mapping[str, Mapping[str, Any]]
    uncertainties: Mapping[str, Mapping[str, Any]]

    def settings(self, point: Mapping[str, Value]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return what a point sets, levers and uncertainties, with options replaced by what they stand for."""
        levers = {name: _setting(self.levers[name], point[name]) for name in self.levers if name in point}
        uncertainties = {
            name: _setting(self.uncertainties[name], point[name])
            for name in self.uncertainties
            if name in point
        }
        return levers, uncertainties


def _setting(dimension: Mapping[str, Any], value: Value) -> Any:
    setting = dimension["options"][value] if "options" in dimension else value
    return {"step": {"at": dimension["at"], "to": setting}} if "at" in dimension else setting


class Base(Protocol):
    """A model with everything set that the dimensions of a design do not vary."""

    @property
    def name(self) -> str:
        """Short name, unique in a sweep."""

    @property
    def scenario(self) -> RunnableScenario:
        """The base itself, with no dimension set; its place, months, steps and code hold at every point."""

    @property
    def simulate(self) -> Simulator:
        """The model: simulates many runs of one place, length, step and code at once."""

    @property
    def measures(self) -> Sequence[Measured]:
        """What is measured every month."""

    @property
    def outcomes(self) -> Sequence[Measured]:
        """What is judged at the end of a run."""

    @property
    def generator(self) -> str:
        """Name of the generator of its draws."""

    @property
    def is_foreign(self) -> bool:
        """Whether it runs foreign code, which is then tried in a process of its own."""

    @property
    def whole(self) -> Sequence[str]:
        """Names of the outcomes that are whole numbers in tables."""

    def at(self, point: Mapping[str, Value], roles: Roles) -> RunnableScenario:
        """Return the scenario of a point.

        Raises
        ------
        InvalidInput
            If the model refuses a setting of the point.
        """

    def described(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the base as plain values, and the bundles of files that it needs, by identity.

        The values name the kind under ``kind``, and the hash of all that decides a result under ``content_hash``.
        """

    @classmethod
    def of(cls, described: Mapping[str, Any], inputs: Inputs) -> "Base":
        """Restore a base from its description.

        Raises
        ------
        InvalidInput
            If the base cannot be restored as it was.
        """


def base_of(described: Mapping[str, Any], inputs: Inputs) -> Base:
    """Restore a base from the plain values in a manifest."""
    module, _, name = KINDS[described["kind"]].partition(":")
    kind = cast("type[Base]", getattr(import_module(module), name))
    return kind.of(described, inputs)
