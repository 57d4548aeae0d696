"""Let a sweep vary a third party's Mesa model: parameters of its constructor are its levers and uncertainties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from abm.errors import InvalidInput, Problem
from abm.experiments.base import Roles
from abm.experiments.imported import NotFoundByName, sources_hash, sources_of
from abm.experiments.inputs import Inputs, bundle_id, bundled
from abm.experiments.mesa_checks import MesaModel
from abm.experiments.mesa_models import MODEL_SEED, STEPS_TAKEN, MesaScenario, simulate
from abm.experiments.points import Value
from abm.experiments.run import Measured, Simulator
from abm.experiments.store import Column

GENERATOR = "random.Random and numpy.random.Generator, as Mesa seeds them"
SEED_AND_STEPS = (
    Column(MODEL_SEED, "Seed of the model", "", "Seed that the model was made with"),
    Column(STEPS_TAKEN, "Steps taken", "steps", "Steps until the model stopped, or all", low=0),
)
DESCRIBED = ("model", "parameters", "steps", "reporters", "seed_argument", "seeds", "whole")


class MesaBase:
    """Vary the parameters of a Mesa model.

    Parameters
    ----------
    model : MesaModel
        As checked.
    """

    def __init__(self, model: MesaModel) -> None:
        self.model = model

    @property
    def name(self) -> str:
        """Give the name of the class."""
        return self.model.model.partition(":")[2]

    @cached_property
    def scenario(self) -> MesaScenario:
        """Give the model with no parameter varied."""
        return self.model.scenario(self.name, {})

    @property
    def simulate(self) -> Simulator:
        """Give what makes and steps models."""
        return simulate

    @cached_property
    def measures(self) -> Sequence[Measured]:
        """Give a measure for each reporter."""
        return tuple(
            Column(column, column, "", f"'{reporter}' of {self.model.model} at the end of each step")
            for column, reporter in self.model.reporters.items()
        )

    @cached_property
    def outcomes(self) -> Sequence[Measured]:
        """Give the last value of each reporter, the seed and the steps taken."""
        return (*self.measures, *SEED_AND_STEPS)

    @property
    def generator(self) -> str:
        """Name the generators of draws."""
        return GENERATOR

    def at(self, point: Mapping[str, Value], roles: Roles) -> MesaScenario:
        """Set the parameters of a point."""
        levers, uncertainties = roles.settings(point)
        return self.model.scenario(self.name, {**levers, **uncertainties})

    def described(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give the model as plain values, and its sources as a bundle unless they are installed."""
        folder, bundles, own = self.model.folder, {}, None
        files = sources_of(self._module, folder)
        if folder is not None and files[0][1].is_relative_to(folder):
            bundle = bundled([path for _, path in files], folder)
            own = bundle_id(bundle)
            bundles[own] = bundle
        plain = {name: getattr(self.model, name) for name in DESCRIBED}
        return {
            "kind": "mesa",
            "name": self.name,
            "content_hash": self.scenario.content_hash,
            "code": self.model.code_hash,
            "sources": own,
            **{
                name: dict(value) if isinstance(value, Mapping) else _listed(value)
                for name, value in plain.items()
            },
        }, bundles

    @classmethod
    def of(cls, described: Mapping[str, Any], inputs: Inputs) -> MesaBase:
        """Make the model of its description, with the code that is found now."""
        folder = _folder(described, inputs)
        module = described["model"].partition(":")[0]
        try:
            code_hash = sources_hash(module, folder)
        except NotFoundByName as error:
            told = f"{error}; install what the sweep was planned with"
            raise InvalidInput([Problem(described["model"], None, told)]) from None
        plain: dict[str, Any] = {
            name: tuple(described[name]) if isinstance(described[name], list) else described[name]
            for name in DESCRIBED
        }
        return cls(MesaModel(**plain, code_hash=code_hash, folder=folder))

    @property
    def _module(self) -> str:
        return self.model.model.partition(":")[0]


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _folder(described: Mapping[str, Any], inputs: Inputs) -> Path | None:
    """Give where the modules of a model that is not installed are."""
    if described["sources"] is None:
        return None
    main = Path(inputs.bundles[described["sources"]]["main"])
    return inputs.path(described["sources"]).parents[len(main.parts) - 1]
