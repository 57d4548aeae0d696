"""Read the file of an experiment on a foreign model: its class, what it reports, and which parameters vary.

`read_model_file` reads the file and runs nothing; `read_model` also examines the model, in processes of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from abm.errors import InvalidInput, Problem, did_you_mean
from abm.records import Document, Fault, KeyPath, check
from abm.runs.run import REPLICATES_BOUND
from abm.sweeps.design.sweepbase import ROLES, Roles
from abm.sweeps.design.varying import Varying, readable_dimensions
from abm.sweeps.foreign.examination import MOST_POINTS_TRIED, Asked, examined
from abm.sweeps.foreign.mesabase import MesaBase, parameters_at

MOST_STEPS = 10_000_000


class ModelExperimentFile(Varying):
    """An experiment on a Mesa model as written in its file."""

    kind: ClassVar[str] = "model experiment"
    keeps_whole: ClassVar[bool] = True

    model: str = Field(min_length=1, description="class of the model, as package.module:Class")
    steps: int = Field(ge=1, le=MOST_STEPS, description="steps of a run, a whole number from 1")
    parameters: dict[str, Any] = Field(
        default_factory=dict, description="arguments of the constructor that every run shares"
    )
    reporters: dict[str, str] | tuple[str, ...] = Field(
        default=(),
        description="what is reported of every step: a list of names, or columns and names; "
        "all that its data collector takes unless given",
    )
    files: tuple[str, ...] | None = Field(
        default=None,
        description="files beside the experiment's that the model reads, as names or patterns; all data there unless "
        "given",
    )
    seeds: tuple[int, ...] = Field(
        default=(),
        max_length=REPLICATES_BOUND - 1,
        description="seed of the model in each replicate; derived from 'seed' unless given",
    )

    def disagreements(self, faulty: Set[KeyPath] = frozenset()) -> Iterator[Fault]:
        """Yield contradictions, as far as the file can be read."""
        yield from super().disagreements(faulty)
        for role in ROLES:
            for name, dimension in readable_dimensions(getattr(self, role)).items():
                if dimension.at is not None and role == "levers":
                    told = (
                        "'at' makes a lever of abm's own scenarios step; a model is given its parameters once"
                    )
                    yield Fault((role, name, "at"), f"{told}, so leave it out")
        if ("seeds",) in faulty or not self.seeds:
            return
        if len(self.seeds) != self.replicates:
            told = f"there are {len(self.seeds)} seeds for {self.replicates} replicates"
            yield Fault(("seeds",), f"{told}; give 'replicates: {len(self.seeds)}', or one seed for each")
        if not self.common_random_numbers:
            told = "'seeds' are the same at every point; leave them out, or leave 'common_random_numbers' out"
            yield Fault(("common_random_numbers",), told)


def read_model_file(document: Document) -> tuple[ModelExperimentFile | None, tuple[Problem, ...]]:
    """Read the file of an experiment on a model, without the model."""
    return check(document, ModelExperimentFile)


def read_model(document: Document, folder: Path) -> tuple[ModelExperimentFile, MesaBase]:
    """Read an experiment on a model, and examine the model.

    Parameters
    ----------
    document : Document
        The file's.
    folder : Path
        Where the file lies; its model is looked for there too.

    Raises
    ------
    InvalidInput
        With every problem of the file and of the model.
    """
    record, problems = read_model_file(document)
    data: dict[str, Any] = document.data
    owner = {name: role for role in ROLES for name in readable_dimensions(data.get(role))}
    listed = _or(data.get("files"), list, None)
    model, faults = examined(
        Asked(
            model=data["model"] if isinstance(data["model"], str) else "",
            steps=_or(data.get("steps"), int, 1),
            parameters=_or(data.get("parameters"), dict, {}),
            points=_points(data, record),
            reporters=_readable_reporters(data.get("reporters")),
            seeds=[seed for seed in _or(data.get("seeds"), list, []) if isinstance(seed, int)],
            seed=record.seed if record is not None else 1,
            replicates=record.replicates if record is not None else 1,
            files=None if listed is None else [name for name in listed if isinstance(name, str)],
        ),
        folder.resolve(),
    )
    # Faults of steps, and of a model that is no text, are among the problems of the record already.
    silent = {"steps"} if isinstance(data["model"], str) else {"steps", "model"}
    further = [
        document.problem(_place(fault.path, owner), fault.message)
        for fault in faults
        if fault.path[0] not in silent
    ]
    if model is not None:
        further += _measure_problems(document, list(model.reporters))
    if record is None or model is None or further:
        raise InvalidInput([*problems, *further])
    return record, MesaBase(model)


def _points(data: dict[str, Any], record: ModelExperimentFile | None) -> list[dict[str, Any]]:
    """Return what is varied at some points of the design, the first and the last among them."""
    if record is None:
        dimensions = {role: readable_dimensions(data.get(role)) for role in ROLES}
        roles = Roles(
            *({name: one.described(True) for name, one in dimensions[role].items()} for role in ROLES)
        )
        first = {name: one.steps()[0].item() for role in ROLES for name, one in dimensions[role].items()}
        return [parameters_at(first, roles)]
    described = record.points.described(True)
    roles, points = Roles(*(described[role] for role in ROLES)), record.points.points
    count = min(len(points), MOST_POINTS_TRIED)
    rows = [number * (len(points) - 1) // max(count - 1, 1) for number in range(count)]
    return [parameters_at(points[row], roles) for row in dict.fromkeys(rows)]


def _place(path: KeyPath, owner: Mapping[str, str]) -> KeyPath:
    return (owner[str(path[1])], *path[1:]) if path[0] == "varied" else path


def _measure_problems(document: Document, known: list[str]) -> Iterator[Problem]:
    listed = document.data.get("measures")
    for number, name in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(name, str) and name not in known:
            told = (
                f"measure '{name}' is not a reporter{did_you_mean(name, known)} There are {', '.join(known)}."
            )
            yield document.problem(("measures", number), told)


def _readable_reporters(data: Any) -> Any:
    if isinstance(data, dict):
        return {column: name for column, name in data.items() if isinstance(name, str)}
    return [name for name in _or(data, list, []) if isinstance(name, str)]


def _or(value: Any, wanted: type, otherwise: Any) -> Any:
    return value if isinstance(value, wanted) and not isinstance(value, bool) else otherwise
