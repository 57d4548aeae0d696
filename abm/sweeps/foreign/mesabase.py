"""Vary a foreign Mesa model in a sweep: parameters of its constructor are its levers and uncertainties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from abm.errors import InvalidInput, Problem
from abm.runs.results import Column
from abm.runs.run import Measured, Simulator
from abm.sweeps.design.inputs import Inputs, bundle_id
from abm.sweeps.design.point_table import Value
from abm.sweeps.design.sweepbase import Roles
from abm.sweeps.foreign.mesa_checks import MesaModel
from abm.sweeps.foreign.mesa_models import CONTRACT, MODEL_SEED, STEPS_TAKEN, MesaScenario, simulate_mesa
from abm.sweeps.foreign.modelsources import NotFoundByName, code_hash, model_files

GENERATOR = "random.Random and numpy.random.Generator, as Mesa seeds them"
SEED_AND_STEPS = (
    Column(MODEL_SEED, "Seed of the model", "", "Seed that the model was made with"),
    Column(STEPS_TAKEN, "Steps taken", "steps", "Steps until the model stopped, or all", low=0),
)
DESCRIBED = ("model", "parameters", "steps", "reporters", "seed_argument", "seeds", "whole", "asks")


class MesaBase:
    """A Mesa model whose parameters a sweep varies.

    Parameters
    ----------
    model : MesaModel
        As checked.
    """

    def __init__(self, model: MesaModel) -> None:
        self.model = model

    @property
    def name(self) -> str:
        """Name of the class."""
        return self.model.model.partition(":")[2]

    @cached_property
    def scenario(self) -> MesaScenario:
        """The model with no parameter varied."""
        return self.model.scenario(self.name, {})

    @property
    def simulate(self) -> Simulator:
        """Function that creates and steps models."""
        return simulate_mesa

    @cached_property
    def measures(self) -> Sequence[Measured]:
        """A measure for each reporter."""
        return tuple(
            Column(column, column, "", f"'{reporter}' of {self.model.model} at the end of each step")
            for column, reporter in self.model.reporters.items()
        )

    @cached_property
    def outcomes(self) -> Sequence[Measured]:
        """The last value of each reporter, the seed and the steps taken."""
        return (*self.measures, *SEED_AND_STEPS)

    @property
    def generator(self) -> str:
        """Names of the generators of draws."""
        return GENERATOR

    @property
    def is_foreign(self) -> bool:
        """True: the model is foreign code."""
        return True

    @property
    def whole(self) -> Sequence[str]:
        """The seed and the steps."""
        return (MODEL_SEED, STEPS_TAKEN)

    def at(self, point: Mapping[str, Value], roles: Roles) -> MesaScenario:
        """Set the parameters of a point."""
        return self.model.scenario(self.name, parameters_at(point, roles))

    def described(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the model as plain values, and its files as a bundle unless it is installed."""
        bundles, own = {}, None
        if self.model.bundle is not None:
            own = bundle_id(self.model.bundle)
            bundles[own] = self.model.bundle
        plain = {name: getattr(self.model, name) for name in DESCRIBED}
        return {
            "kind": "mesa",
            "contract": CONTRACT,
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
        """Restore the model from its description, with the code that is found now."""
        if described.get("contract", 1) != CONTRACT:
            told = (
                f"was planned with version {described.get('contract', 1)} of the contract with foreign models"
            )
            why = f"this abm uses version {CONTRACT}, with other seeds and rows"
            raise InvalidInput([Problem(described["model"], None, f"{told}; {why}, so plan it again")])
        bundle = None if described["sources"] is None else inputs.bundles[described["sources"]]
        folder = None if bundle is None else _folder(described, inputs)
        named = described["reporters"].values()
        modules = [name.partition(":")[0] for name in (described["model"], *named) if ":" in name]
        try:
            files = model_files(modules, folder, ())
        except NotFoundByName as error:
            told = f"{error}; install what the sweep was planned with"
            raise InvalidInput([Problem(described["model"], None, told)]) from None
        plain: dict[str, Any] = {
            name: tuple(described[name]) if isinstance(described[name], list) else described[name]
            for name in DESCRIBED
        }
        whole = code_hash(files.installed_hash, bundle)
        return cls(MesaModel(**plain, code_hash=whole, folder=folder, bundle=bundle))


def parameters_at(point: Mapping[str, Value], roles: Roles) -> dict[str, Any]:
    """Return the parameters that a point sets, each with the type that it has in the experiment's file.

    Tables of points hold numbers of one type; a list of whole numbers, or a dimension of whole numbers, stays one.
    """
    levers, uncertainties = roles.settings(point)
    found: dict[str, Any] = {}
    for described, settings in ((roles.levers, levers), (roles.uncertainties, uncertainties)):
        found |= {name: _typed(value, described[name]) for name, value in settings.items()}
    return found


def _typed(value: Any, dimension: Mapping[str, Any]) -> Any:
    if not isinstance(value, float):
        return value
    for given in dimension.get("values") or ():
        if float(given) == value:
            return given
    return int(value) if is_whole(dimension) and value.is_integer() else value


def is_whole(dimension: Mapping[str, Any]) -> bool:
    """Return whether a dimension takes whole numbers only, by its description."""
    values = dimension.get("values")
    if values is not None:
        return all(isinstance(value, int) and not isinstance(value, bool) for value in values)
    return bool(dimension.get("whole"))


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _folder(described: Mapping[str, Any], inputs: Inputs) -> Path:
    """Return the folder of a model that is not installed."""
    main = Path(inputs.bundles[described["sources"]]["main"])
    return inputs.path(described["sources"]).parents[len(main.parts) - 1]
