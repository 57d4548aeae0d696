"""Offer the model as a Mesa model: agents, a data collector, a network, and branching futures."""

import secrets
from collections.abc import Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mesa
import numpy as np
from mesa.datacollection import DataCollector

from abm.core.batch import Lane
from abm.core.snapshot import Snapshot
from abm.errors import InvalidInput, Problem
from abm.scenarios.agents import Organisation, create_agents
from abm.scenarios.library import find_place
from abm.scenarios.scenario import Scenario, load_scenario
from abm.scenarios.simulate import make_batch
from abm.submodels.emergence.emergence import judge
from abm.world.network import carries_trust, from_network, to_network, trust_of
from abm.world.place import Place
from abm.world.place_loading import load_place

if TYPE_CHECKING:
    import networkx as nx

SEED_BITS = 64
REPLICATE_BITS = 32


class IntegrationModel(mesa.Model):
    """Trust and integration of care in one place, a month a step.

    Parameters
    ----------
    scenario : Scenario, str or Path
        A scenario, or the name or file of one.
    seed, replicate : int
        Which accidents of fate, in [0, 2**64) and [0, 2**32); two models with the same pair share every one. A seed
        of None is drawn by the operating system.
    place : Place, str or Path, optional
        Use this place, or the one of this name or file, instead of the scenario's.
    network : networkx.Graph, optional
        Use the place that this network describes, and start from its trust where its edges carry any.
    agent_reporters : mapping, optional
        What Mesa's data collector keeps of every agent every month; slow for large places.

    Attributes
    ----------
    case : Scenario
        What is simulated.
    place : Place
        Organisations and ties.
    batch : Batch
        The state, in arrays with a single lane.
    datacollector : mesa.DataCollector
        Every measure of months 0 to now.

    Raises
    ------
    InvalidInput
        If the scenario, place, seed or replicate is not valid.

    Examples
    --------
    >>> model = IntegrationModel("sustained_leadership", seed=1)
    >>> model.run_model()
    >>> model.datacollector.get_model_vars_dataframe()["trust"].iloc[-1]  # doctest: +SKIP
    """

    def __init__(
        self,
        scenario: Scenario | str | Path = "baseline",
        *,
        seed: int | None = 1,
        replicate: int = 0,
        place: Place | str | Path | None = None,
        network: "nx.Graph[str] | None" = None,
        agent_reporters: Mapping[str, Any] | None = None,
    ) -> None:
        seed = drawn_seed() if seed is None else seed
        check_key(seed, replicate)
        super().__init__(seed=seed)
        self.case = scenario if isinstance(scenario, Scenario) else load_scenario(scenario)
        if network is not None:
            place = from_network(network)
        self.place = as_place(self.case.place if place is None else place)
        lane = Lane(seed, replicate, self.case.parameter_values, self.case.lever_table())
        start = (
            {"trust": trust_of(network, self.place)} if network is not None and carries_trust(network) else {}
        )
        self.batch = make_batch(
            self.place, [lane], self.case.substeps, extensions=self.case.extensions, initial=start
        )
        self.organisations = create_agents(self)
        self.datacollector = MeasureCollector(
            model_reporters={
                measure.name: partial(_measured, row=row)
                for row, measure in enumerate(self.case.extensions.measures)
            },
            agent_reporters=dict(agent_reporters) if agent_reporters else None,
        )
        self.datacollector.collect(self)

    @property
    def month(self) -> int:
        """Months completed."""
        return self.batch.month

    def step(self) -> None:
        """Complete one month; the model stops running at its horizon.

        Raises
        ------
        InvalidInput
            After the horizon.
        """
        if self.month >= self.batch.months:
            self.steps = self.month  # Mesa has counted this step already.
            told = f"month {self.month} is the last of scenario '{self.case.name}', {self.case.horizon_years:g} years"
            advice = "give it a longer 'horizon_years', or go back with 'restore'"
            raise InvalidInput([Problem("step", None, f"{told}; {advice}")])
        self.batch.advance()
        self.datacollector.collect(self)
        self.running = self.batch.month < self.batch.months

    def measures(self) -> dict[str, float]:
        """Return every measure of the month just completed."""
        return {name: float(values[0]) for name, values in self.batch.measures().items()}

    def outcomes(self) -> dict[str, float]:
        """Judge the run so far: whether, when and how often integration emerged."""
        parameters = self.case.parameter_values
        judged = judge(
            self.batch.series[: self.month + 1, self.batch.theory.row("implementation")],
            np.array([parameters["emergence.threshold"]]),
            np.array([parameters["emergence.months"]]),
        )
        return {name: float(values[0]) for name, values in judged.items()}

    def set_lever(self, name: str, value: float) -> None:
        """Set a lever from the coming month to the horizon.

        Raises
        ------
        InvalidInput
            If there is no such lever or the value is out of bounds.
        """
        catalogue = self.case.catalogue
        known = catalogue.levers.get(name)
        complaint = catalogue.unknown_lever(name) if known is None else known.complaint(value)
        if complaint:
            raise InvalidInput([Problem("set_lever", None, complaint)])
        self.batch.levers[self.month :, catalogue.lever_names.index(name)] = value

    def save(self) -> Snapshot:
        """Copy the whole state, from which any number of futures can go on."""
        return self.batch.save()

    def restore(self, snapshot: Snapshot | str | Path) -> None:
        """Restore a saved month, earlier or later; what follows obeys this model's own levers and parameters.

        Parameters
        ----------
        snapshot : Snapshot, str or Path
            A snapshot, or the file of one.

        Raises
        ------
        InvalidInput
            If the file holds no snapshot, or it is of another place, seed, replicate or step, or later than the
            horizon.
        """
        self.batch.restore(as_snapshot(snapshot))
        self.steps = self.batch.month
        self.running = self.batch.month < self.batch.months
        past = self.batch.series[: self.month + 1, :, 0]
        # Mesa keeps agents' records by step and offers no way to go back.
        records = self.datacollector._agent_records
        for month in [month for month in records if month > self.month]:
            del records[month]
        for measure, values in zip(self.case.extensions.measures, past.T, strict=True):
            self.datacollector.model_vars[measure.name] = values.tolist()

    @property
    def network(self) -> "nx.Graph[str]":
        """Draw up the network of today: a node an organisation, an edge a tie with both trusts.

        `abm.world.network.write_graphml` writes it to a file, and `read_graphml` reads one for a new model.
        """
        return to_network(self.place, self.batch.state.trust[:, :, 0])

    def organisation(self, row: int) -> Organisation:
        """Return the organisation of a row."""
        return self.organisations[row]

    def neighbours(self, row: int) -> list[int]:
        """Return the rows that an organisation has ties with, ascending."""
        return sorted(self._ties_by_organisation[row])

    def tie(self, row: int, other: int) -> tuple[int, int]:
        """Return the tie between two rows and the side of the first.

        Raises
        ------
        KeyError
            If there is none.
        """
        try:
            return self._ties_by_organisation[row][other]
        except KeyError:
            names = self.place.organisation_name
            raise KeyError(f"there is no tie between '{names[row]}' and '{names[other]}'") from None

    @cached_property
    def _ties_by_organisation(self) -> list[dict[int, tuple[int, int]]]:
        found: list[dict[int, tuple[int, int]]] = [{} for _ in range(self.place.organisations)]
        for tie, (first, second) in enumerate(self.place.tie_ends.tolist()):
            found[first][second] = (tie, 0)
            found[second][first] = (tie, 1)
        return found


def as_place(place: Any) -> Place:
    """Return a place as it is, or load it by its name or file.

    Raises
    ------
    InvalidInput
        If there is no such place, or its file is not valid.
    """
    if isinstance(place, Place):
        return place
    if not isinstance(place, str | Path):
        told = f"found {type(place).__name__} {place!r}; give a Place, a name such as 'rural', or the path of a file"
        raise InvalidInput([Problem("place", None, told)])
    return load_place(find_place(place))


def as_snapshot(snapshot: Any) -> Snapshot:
    """Return a snapshot as it is, or read it from its file.

    Raises
    ------
    InvalidInput
        If it is neither.
    """
    if isinstance(snapshot, Snapshot):
        return snapshot
    if not isinstance(snapshot, str | Path):
        told = f"found {type(snapshot).__name__}; give what 'model.save()' returned, or the path of its file"
        raise InvalidInput([Problem("snapshot", None, told)])
    return Snapshot.read(snapshot)


def drawn_seed() -> int:
    """Draw a seed from the operating system, in [0, 2**64)."""
    return secrets.randbits(SEED_BITS)


def check_key(seed: Any, replicate: Any) -> None:
    """Check that a seed and a replicate can be part of a draw's key.

    Raises
    ------
    InvalidInput
        With both problems where both are out of range.
    """
    problems = [
        Problem(name, None, f"found {value!r}; give a whole number from 0 to 2^{bits} - 1, such as 1")
        for name, value, bits in (("seed", seed, SEED_BITS), ("replicate", replicate, REPLICATE_BITS))
        if not (isinstance(value, int) and 0 <= value < 2**bits)
    ]
    if problems:
        raise InvalidInput(problems)


class MeasureCollector(DataCollector):
    """Mesa's collector, which reads all measures of a month in one row of the batch instead of one by one."""

    model_reporters: dict[str, Any]

    def collect(self, model: IntegrationModel) -> None:
        """Append the measures of the month just completed, and collect from the agents as Mesa does."""
        month = model.batch.series[model.month, :, 0].tolist()
        for values, value in zip(self.model_vars.values(), month, strict=True):
            values.append(value)
        reporters, self.model_reporters = self.model_reporters, {}
        super().collect(model)
        self.model_reporters = reporters


def _measured(model: IntegrationModel, row: int) -> float:
    return float(model.batch.series[model.month, row, 0])
