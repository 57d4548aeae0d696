"""Vary our own scenarios in a sweep."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from abm.core.draws import GENERATOR
from abm.runs import simulator
from abm.runs.run import Measured, Simulator
from abm.scenarios.scenario import Scenario
from abm.scenarios.scenariorecord import record_of, remade
from abm.submodels.emergence.emergence import OUTCOMES
from abm.sweeps.design.inputs import Inputs, bundle_id, bundled
from abm.sweeps.design.point_table import Value
from abm.sweeps.design.sweepbase import Roles


class ScenarioBase:
    """A scenario whose levers and parameters a sweep varies.

    Parameters
    ----------
    scenario : Scenario
        As loaded.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return self.scenario.name

    @property
    def simulate(self) -> Simulator:
        """Our model, with a run in each lane."""
        return simulator.simulate

    @cached_property
    def measures(self) -> Sequence[Measured]:
        """The model's measures and those of extensions."""
        return self.scenario.extensions.measures

    @property
    def outcomes(self) -> Sequence[Measured]:
        """Outcomes that are judged at the end of a run."""
        return OUTCOMES

    @property
    def generator(self) -> str:
        """Name of the generator of draws."""
        return GENERATOR

    @property
    def is_foreign(self) -> bool:
        """False: the model is ours."""
        return False

    @property
    def whole(self) -> Sequence[str]:
        """No outcome: all are real numbers."""
        return ()

    def at(self, point: Mapping[str, Value], roles: Roles) -> Scenario:
        """Set the levers and parameters of a point."""
        levers, uncertainties = roles.settings(point)
        known = self.scenario.catalogue.levers
        parameters = {name: value for name, value in uncertainties.items() if name not in known}
        levers |= {name: value for name, value in uncertainties.items() if name in known}
        scenario = self.scenario.with_levers(levers) if levers else self.scenario
        return scenario.with_parameters(parameters) if parameters else scenario

    def described(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the scenario's record, and its place and extensions as bundles."""
        # Deferred: reading code needs more than a run does.
        from abm.scenarios.extensionfile import files_of

        bundles = {}
        place = bundled([self.scenario.place])
        bundles[bundle_id(place)] = place
        extensions = {}
        for source in self.scenario.extensions.sources:
            if source.kind == "file":
                extension = bundled(files_of(source))
                bundles[bundle_id(extension)] = extension
                extensions[source.reference] = bundle_id(extension)
        record = record_of(self.scenario)
        for one in record["extensions"]:
            # Paths of this machine mean nothing elsewhere, so the bundle stands for the file.
            one["reference"] = extensions.get(one["reference"], one["reference"])
        return {
            "kind": "scenario",
            "name": self.name,
            "content_hash": self.scenario.content_hash,
            "place": bundle_id(place),
            "record": record,
        }, bundles

    @classmethod
    def of(cls, described: Mapping[str, Any], inputs: Inputs) -> "ScenarioBase":
        """Restore the scenario from its record."""
        place = inputs.path(described["place"])
        return cls(remade(described["record"], place, lambda identity: str(inputs.path(identity))))
