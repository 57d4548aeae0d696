"""List the levers and parameters of the submodels that come with abm, without running their code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from abm.core.quantities.lever import Lever
from abm.core.quantities.parameter import Parameter
from abm.core.quantities.quantity import by_group
from abm.core.quantities.recordsfile import RecordsFile, read_records
from abm.world.vocabulary import VOCABULARY

FOLDER = Path(__file__).parent


@cache
def submodel_names() -> tuple[str, ...]:
    """Name the submodels: every folder that holds a module of its own name."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*/*.py") if path.stem == path.parent.name))


@cache
def levers() -> Mapping[str, Lever]:
    """List all levers, those of a group together.

    Returns
    -------
    mapping of str to Lever
        Read-only; read from the package's data once.
    """
    return MappingProxyType(
        {one.name: one for one in by_group(one for file in _files() for one in file.levers)}
    )


@cache
def lever_names() -> tuple[str, ...]:
    """Name all levers in the order of the columns of a lever table."""
    return tuple(levers())


@cache
def parameters() -> Mapping[str, Parameter]:
    """List all parameters, those of a group together.

    Returns
    -------
    mapping of str to Parameter
        Read-only; read from the package's data once.
    """
    return MappingProxyType(
        {one.name: one for one in by_group(one for file in _files() for one in file.parameters)}
    )


@cache
def flat_names() -> tuple[str, ...]:
    """Name every single number, indexed ones as ``effort.capacity.acute``, in the order of the parameters."""
    return tuple(name for parameter in parameters().values() for name in parameter.flat_defaults)


@cache
def _read(name: str) -> RecordsFile:
    return read_records(FOLDER / name / f"{name}.yaml", VOCABULARY)[0]


def _files() -> Iterator[RecordsFile]:
    for name in submodel_names():
        if (FOLDER / name / f"{name}.yaml").exists():
            yield _read(name)
