"""Gather everything that a report tells of a comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from abm.analysis.comparison import Comparison
from abm.analysis.differences import BreakEven, LeverDifference, OtherDifference

if TYPE_CHECKING:
    from abm.scenarios.scenario import Scenario


@dataclass(frozen=True)
class Story:
    """Everything that a report tells.

    Attributes
    ----------
    place : str
        What the place is called.
    scenarios : tuple of Scenario
        In the order of the comparison.
    comparison : Comparison
        What the runs show.
    levers : tuple of LeverDifference
        Levers that differ.
    others : tuple of OtherDifference
        Whatever else differs.
    break_even : tuple of BreakEven
        Where the hospital's payoff changes its sign, one for each scenario.
    manifest : mapping
        How the results were made.
    failures : sequence of str
        Why runs failed, one for each that did.
    """

    place: str
    scenarios: tuple["Scenario", ...]
    comparison: Comparison
    levers: tuple[LeverDifference, ...]
    others: tuple[OtherDifference, ...]
    break_even: tuple[BreakEven, ...]
    manifest: Mapping[str, Any]
    failures: Sequence[str] = ()

    @cached_property
    def labels(self) -> dict[str, str]:
        """Label of each scenario by its name; where two have one label, their names tell them apart."""
        given = [scenario.label or scenario.name for scenario in self.scenarios]
        return {
            scenario.name: label if given.count(label) == 1 else f"{label} ({scenario.name})"
            for scenario, label in zip(self.scenarios, given, strict=True)
        }
