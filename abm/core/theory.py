"""Join submodels into a theory: all levers, parameters, state, the order of the month, and measures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from abm.core.order import Month, listed, placed
from abm.core.part import Field, Measure, Mechanism, Part, Procedure, Start, Table, Tally
from abm.core.quantities.lever import Lever
from abm.core.quantities.parameter import Parameter
from abm.core.quantities.quantity import by_group
from abm.core.vocabulary import CLOCK, FATE, Vocabulary


@dataclass(frozen=True, eq=False)
class Theory:
    """Submodels in the order of a month.

    Attributes
    ----------
    parts : tuple of Part
        The submodels, those of the package first.
    month : Month
        The order of mechanisms; those that it does not name say themselves next to which they run.
    vocabulary : Vocabulary
        The words of the world.
    columns : tuple of str
        Names of results that no measure may have.
    """

    parts: tuple[Part, ...]
    month: Month
    vocabulary: Vocabulary
    columns: tuple[str, ...] = ()

    def joined(self, parts: Iterable[Part]) -> Theory:
        """Return the theory with further submodels."""
        return replace(self, parts=(*self.parts, *parts))

    def without(self, *names: str) -> Theory:
        """Return the theory without some submodels."""
        return replace(self, parts=tuple(part for part in self.parts if part.name not in names))

    @cached_property
    def ordered(self) -> tuple[Part, ...]:
        """The submodels in the order in which the month first meets them, then those that it does not meet."""
        names = [one.name for one in self.order]

        def first(part: Part) -> tuple[bool, int]:
            met = [names.index(one.name) for one in part.mechanisms if one.name in names]
            return part.is_foreign, min(met, default=len(names))

        return tuple(sorted(self.parts, key=first))

    @cached_property
    def levers(self) -> tuple[Lever, ...]:
        """Every lever, in the order of the columns of a lever table."""
        return self._quantities(lambda part: part.levers)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Every parameter."""
        return self._quantities(lambda part: part.parameters)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """Every state array."""
        return tuple(field for part in self.ordered for field in part.fields)

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """Every table."""
        return tuple(table for part in self.ordered for table in part.tables)

    @cached_property
    def order(self) -> tuple[Mechanism, ...]:
        """The order of the month."""
        return placed(self.month, [mechanism for part in self.parts for mechanism in part.mechanisms])

    @cached_property
    def starts(self) -> tuple[Start, ...]:
        """What sets values of month 0."""
        return tuple(start for part in self.ordered for start in part.starts)

    @cached_property
    def measures(self) -> tuple[Measure, ...]:
        """Every measure, in the order of the rows of a series."""
        return tuple(measure for part in self.ordered for measure in part.measures)

    @cached_property
    def tallies(self) -> tuple[Tally, ...]:
        """What fills measures."""
        return tuple(tally for part in self.ordered for tally in part.tallies)

    @cached_property
    def procedures(self) -> tuple[Procedure, ...]:
        """Every function over arrays."""
        return tuple(procedure for part in self.ordered for procedure in part.procedures)

    @property
    def given(self) -> tuple[str, ...]:
        """Names besides the state that functions may ask for."""
        quantities = (one.argument for one in (*self.levers, *self.parameters))
        tables = (table.name for table in self.tables)
        return (*self.vocabulary.arrays, *quantities, *tables, *CLOCK, *FATE)

    def row(self, measure: str) -> int:
        """Return the row of a measure in a series."""
        return self._rows[measure]

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {measure.name: row for row, measure in enumerate(self.measures)}

    def _quantities(self, of: Any) -> tuple[Any, ...]:
        own = sorted((part for part in self.parts if not part.is_foreign), key=lambda part: part.name)
        foreign = [part for part in self.parts if part.is_foreign]
        return (
            *by_group(one for part in own for one in of(part)),
            *(one for part in foreign for one in of(part)),
        )

    def phases(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield the phases of the month with their mechanisms; one that chose its place is in its neighbour's phase."""
        names = listed(self.month)
        phase_of = {name: phase for phase, members in self.month for name in members}
        found: dict[str, list[str]] = {}
        current = self.month[0][0] if self.month else ""
        for one in self.order:
            current = phase_of[one.name] if one.name in names else current
            found.setdefault(current, []).append(one.name)
        for phase, members in found.items():
            yield phase, tuple(members)


def describe_order(theory: Theory) -> list[dict[str, str]]:
    """Return a row per mechanism: name, summary, state it reads and state it writes, levers and parameters."""
    state = {field.name for field in theory.fields}
    lever_of = {one.argument: one.name for one in theory.levers}
    parameter_of = {one.argument: one.name for one in theory.parameters}
    return [
        {
            "mechanism": mechanism.name,
            "summary": mechanism.summary,
            "reads": ", ".join(name for name in mechanism.reads if name in state),
            "writes": ", ".join(mechanism.writes),
            "levers": _names(mechanism.reads, lever_of),
            "parameters": _names(mechanism.reads, parameter_of),
        }
        for mechanism in theory.order
    ]


def _names(arguments: Sequence[str], known: dict[str, str]) -> str:
    return ", ".join(known[name] for name in arguments if name in known)
