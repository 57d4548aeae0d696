"""Read the submodels that come with abm, and join them into its theory."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

from abm.core.part import Part
from abm.core.reading import declared_by, read_submodel
from abm.core.theory import Theory
from abm.errors import InvalidInput, Problem
from abm.submodels.emergence.emergence import OUTCOMES
from abm.submodels.order import MONTH
from abm.submodels.quantities import submodel_names
from abm.world.vocabulary import VOCABULARY

COLUMNS = ("run_id", "scenario", "point", "seed", "replicate", "month", "status", "error")
"""Columns of results besides measures and outcomes."""


@cache
def theory() -> Theory:
    """Join the submodels that come with abm, once in a process."""
    parts: list[Part] = []
    problems: list[Problem] = []
    for name in submodel_names():
        module = import_module(f"abm.submodels.{name}.{name}")
        reading = read_submodel(declared_by(module), Path(str(module.__file__)), VOCABULARY, is_foreign=False)
        parts.append(reading.part)
        problems.extend(reading.problems)
    if problems:
        raise InvalidInput(problems)
    return Theory(tuple(parts), MONTH, VOCABULARY, (*COLUMNS, *(outcome.name for outcome in OUTCOMES)))
