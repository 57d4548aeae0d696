"""Advance many runs of one place side by side, one in each lane."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.draws import Decision, beta_quantile, beta_table, uniform
from abm.errors import InvalidInput, Problem
from abm.kernels import compiled
from abm.mechanisms.mechanism import Mechanism
from abm.model.additions import OwnMechanism, guarded
from abm.model.calendar import check_order
from abm.model.extension import NO_EXTENSIONS, Extensions
from abm.model.measures import (
    FLOWS,
    MEASURES,
    ROW,
    TALLIES,
)
from abm.model.snapshot import Snapshot
from abm.model.state import ACUTE_PROVIDER, KIND, ORGANISATION, PLACE, SEGMENT, SIDE, SLOT, TIE, State
from abm.policy.parameters import Parameter, parameters
from abm.policy.times import MONTHS_PER_YEAR
from abm.world.place import ORGANISATION_KINDS, Place

LONGEST_TENURE = 30.0
CLOCK = ("step", "dt", "years")
INITIAL_TRUST = np.uint32(Decision.INITIAL_TRUST)
INITIAL_ORIENTATION = np.uint32(Decision.INITIAL_ORIENTATION)
INITIAL_TENURE = np.uint32(Decision.INITIAL_TENURE)
FLOW_ROWS = [ROW[name] for name in FLOWS]


@dataclass(frozen=True)
class Lane:
    """Say what one lane runs.

    Attributes
    ----------
    seed, replicate : int
        Which accidents of fate, 0 <= seed < 2**64, 0 <= replicate < 2**32.
    parameters : mapping
        Every parameter by flat name, such as ``effort.capacity.acute``.
    levers : (months, levers) array
        Lever settings by month, columns in the order of the catalogue of levers.
    """

    seed: int
    replicate: int
    parameters: Mapping[str, float]
    levers: NDArray[np.float64] = field(repr=False)


@compiled
def draw_start(
    trust: Any,
    orientation: Any,
    tenure: Any,
    seed: Any,
    replicate: Any,
    trust_quantiles: Any,
    orientation_quantiles: Any,
    turnover: Any,
) -> None:
    """Draw starting trust (ties, 2, lanes), orientation and tenure (organisations, lanes) in place."""
    ties, _, lanes = trust.shape
    for tie in range(ties):
        for side in range(2):
            for lane in range(lanes):
                u = uniform(seed[lane], replicate[lane], 0, INITIAL_TRUST, 2 * tie + side)
                trust[tie, side, lane] = beta_quantile(u, trust_quantiles, lane)
    for organisation in range(orientation.shape[0]):
        for lane in range(lanes):
            u = uniform(seed[lane], replicate[lane], 0, INITIAL_ORIENTATION, organisation)
            orientation[organisation, lane] = beta_quantile(u, orientation_quantiles, lane)
            if turnover[lane] > 0.0:
                v = uniform(seed[lane], replicate[lane], 0, INITIAL_TENURE, organisation)
                tenure[organisation, lane] = min(-np.log(v) / turnover[lane], LONGEST_TENURE)


class Batch:
    """Run one place under several policies, parameters and fates at once.

    Parameters
    ----------
    place : Place
        Organisations and ties, shared by all lanes.
    lanes : sequence of Lane
        One run each. A run gives the same bits in any lane of any batch.
    substeps : int
        Steps a month; 2 halves the step.
    is_compiled : bool
        Use the compiled kernels (the default) or their plain Python form, which is slow and for tests.
    order : sequence of Mechanism, optional
        The month; the model's own with that of its extensions unless given.
    extensions : Extensions
        Levers, parameters, state, mechanisms and measures that add to the model's own.
    trust_start : (ties, 2) array, optional
        Trust of month 0 in every lane, instead of draws.

    Attributes
    ----------
    state : State
        Arrays whose last axis is the lane.
    month : int
        Months completed.
    series : (months + 1, measures, lanes) array
        Measures of months 0 to `month`; missing after it.

    Raises
    ------
    CalendarError
        If the order of the month does not hold.
    """

    def __init__(
        self,
        place: Place,
        lanes: Sequence[Lane],
        substeps: int = 1,
        *,
        is_compiled: bool = True,
        order: Sequence[Mechanism] | None = None,
        extensions: Extensions = NO_EXTENSIONS,
        trust_start: NDArray[np.float64] | None = None,
    ) -> None:
        self.place = place
        self.lanes = tuple(lanes)
        self.substeps = substeps
        self.dt = 1.0 / (MONTHS_PER_YEAR * substeps)
        self.months = min(lane.levers.shape[0] for lane in lanes)
        self.month = 0
        self.step = 0
        width = len(lanes)
        self.extensions = extensions
        self.series = np.full((self.months + 1, len(extensions.measures), width), np.nan)
        self.levers = np.ascontiguousarray(np.stack([lane.levers[: self.months] for lane in lanes], axis=-1))
        self.settings = np.empty((self.levers.shape[1], width))
        self.state = State(self._sizes(), width, extensions.fields)
        self._known = self._gather()
        self._arrays = self._known | self.state.arrays
        # Where an index has no sign, a kernel need not look whether it counts from the end.
        self._kernel_arrays = self._arrays | {
            name: value.astype(np.uint32) for name, value in self._known.items() if value.dtype == np.int64
        }
        self.order = extensions.order if order is None else tuple(order)
        check_order(self.order, [*self._known, *CLOCK], extensions.fields)
        own_flows = [row for row, own in enumerate(extensions.own_measures, len(MEASURES)) if own.is_flow]
        self._flow_rows = [*FLOW_ROWS, *own_flows]
        self._calls = [self._bind(mechanism, is_compiled) for mechanism in self.order]
        self._tallies = [
            (tally, [self._kernel_arrays[name] for name in list(signature(tally.py_func).parameters)[1:]])
            for tally in TALLIES
        ]
        self._start(trust_start)

    @property
    def width(self) -> int:
        """Number of lanes."""
        return len(self.lanes)

    def _sizes(self) -> dict[str, int]:
        longest_lag = parameters()["demand.effect_lag"].bounds[1]
        return {
            ORGANISATION: self.place.organisations,
            ACUTE_PROVIDER: self.place.acute_providers,
            TIE: self.place.ties,
            SIDE: 2,
            SEGMENT: len(self.place.segment_organisation),
            PLACE: len(self.place.place_names),
            KIND: len(ORGANISATION_KINDS),
            SLOT: round(longest_lag / self.dt) + 1,
        }

    def _gather(self) -> dict[str, NDArray[Any]]:
        """Collect every array besides the state that a mechanism may ask for, by argument name."""
        known: dict[str, NDArray[Any]] = {
            name: value for name, value in vars(self.place).items() if isinstance(value, np.ndarray)
        }
        for name, parameter in self.extensions.catalogue.parameters.items():
            known[name.replace(".", "_")] = self._parameter_array(parameter)
        for column, name in enumerate(self.extensions.catalogue.lever_names):
            known[name.replace(".", "_")] = self.settings[column]
        known["seed"] = np.array([lane.seed for lane in self.lanes], dtype=np.uint64)
        known["replicate"] = np.array([lane.replicate for lane in self.lanes], dtype=np.uint64)
        known["orientation_quantiles"] = self._quantiles("leadership.orientation")
        known["trust_quantiles"] = self._quantiles("trust.start")
        return known

    def _parameter_array(self, parameter: Parameter) -> NDArray[np.float64]:
        """Return a parameter over lanes, (lanes,), or (members, lanes) where it is indexed."""
        if parameter.index is None:
            return np.array([lane.parameters[parameter.name] for lane in self.lanes], dtype=np.float64)
        return np.array(
            [[lane.parameters[name] for lane in self.lanes] for name in parameter.flat_defaults],
            dtype=np.float64,
        )

    def _quantiles(self, stem: str) -> NDArray[np.float64]:
        return np.stack(
            [
                beta_table(lane.parameters[f"{stem}_alpha"], lane.parameters[f"{stem}_beta"])
                for lane in self.lanes
            ],
            axis=-1,
        )

    def _bind(self, mechanism: Mechanism, is_compiled: bool) -> "Call":
        function = mechanism.compiled if is_compiled else mechanism.function
        arrays = self._arrays if isinstance(mechanism, OwnMechanism) else self._kernel_arrays
        # The clock is no array, and comes with each call.
        values = [arrays.get(name) for name in mechanism.arguments]
        clock = {name: mechanism.arguments.index(name) for name in CLOCK if name in mechanism.arguments}
        if isinstance(mechanism, OwnMechanism):
            function, values = guarded(mechanism, function, values, self.extensions.fields)
        return Call(mechanism.name, function, values, clock)

    def _call(self, name: str, **clock: float) -> None:
        for call in self._calls:
            if call.name == name:
                call(**{"step": 0, "dt": 0.0, "years": 0.0, **clock})

    def _start(self, trust_start: NDArray[np.float64] | None) -> None:
        """Set the state of month 0."""
        state, known = self.state, self._known
        self.settings[:] = self.levers[0]
        for member in self.extensions.members:
            for own in member.fields:
                start = own.start if isinstance(own.start, float) else known[own.start.replace(".", "_")]
                state.arrays[own.name][:] = start
        draw_start(
            state.trust,
            state.orientation,
            state.tenure,
            known["seed"],
            known["replicate"],
            known["trust_quantiles"],
            known["orientation_quantiles"],
            known["leadership_turnover"],
        )
        if trust_start is not None:
            state.trust[:] = trust_start[:, :, np.newaxis]
        state.divergence[:] = known["trust_divergence_start"]
        state.margin[:] = known["payment_margin_start"]
        state.admissions[:] = 1.0
        state.outside_admissions[:] = 1.0
        state.occupancy[:] = self.place.occupancy_start[:, np.newaxis]
        state.list_size[:] = self.place.population_served[:, np.newaxis]
        state.network[:] = -1
        state.open_ties[:] = self.place.segment_ties[:, np.newaxis]
        state.scope[:] = np.where(known["form_mandate"] >= 0.5, 1.0, known["form_first_cohort"])
        self._call("payment")
        self._settle_pressure()
        self._call("effort")
        self._call("attention")
        self._call("federation")
        self._call("governance")
        self._tally(self.series[0])

    def _settle_pressure(self) -> None:
        """Put pressure at its target: an endless step without noise."""
        noise = self._known["pressure_noise"]
        kept = noise.copy()
        noise[:] = 0.0
        self._call("pressure", dt=np.inf)
        noise[:] = kept

    def advance(self) -> None:
        """Complete one month in every lane.

        Raises
        ------
        IndexError
            Past the last month of the lever tables.
        """
        if self.month >= self.months:
            raise IndexError(f"month {self.month} is the last for which levers are set")
        self.settings[:] = self.levers[self.month]
        values = self.series[self.month + 1]
        counted = np.zeros((len(self._flow_rows), self.width))
        for _ in range(self.substeps):
            self.step += 1
            clock = {"step": self.step, "dt": self.dt, "years": self.step * self.dt}
            for call in self._calls:
                call(**clock)
            self._tally(values)
            counted += values[self._flow_rows]
        values[self._flow_rows] = counted
        self.month += 1

    def save(self) -> Snapshot:
        """Copy the whole state at the end of the month just completed."""
        return Snapshot(
            self.place.content_hash,
            tuple(lane.seed for lane in self.lanes),
            tuple(lane.replicate for lane in self.lanes),
            self.month,
            self.step,
            self.substeps,
            {name: values.copy() for name, values in self.state.arrays.items()},
            self.series[: self.month + 1].copy(),
            tuple(source.fingerprint for source in self.extensions.sources),
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from a snapshot of the same place and fates, under this batch's levers and parameters.

        Raises
        ------
        InvalidInput
            With every difference that forbids it.
        """
        pairs = (
            ("place", snapshot.place_hash, self.place.content_hash),
            ("seeds", snapshot.seeds, tuple(lane.seed for lane in self.lanes)),
            ("replicates", snapshot.replicates, tuple(lane.replicate for lane in self.lanes)),
            ("steps a month", snapshot.substeps, self.substeps),
            ("extensions", snapshot.extensions, tuple(one.fingerprint for one in self.extensions.sources)),
        )
        problems = [
            Problem(
                "snapshot", None, f"{what}: the snapshot has {saved}, the model {own}; build the model alike"
            )
            for what, saved, own in pairs
            if saved != own
        ]
        if snapshot.month > self.months:
            message = (
                f"month {snapshot.month} lies after the model's horizon of {self.months} months; lengthen it"
            )
            problems.append(Problem("snapshot", None, message))
        if problems:
            raise InvalidInput(problems)
        for name, values in snapshot.arrays.items():
            self.state.arrays[name][...] = values
        self.month, self.step = snapshot.month, snapshot.step
        self.series[: self.month + 1] = snapshot.series
        # Shares of attention are set at the start where they do not follow trust, and parameters may differ now.
        self.settings[:] = self.levers[max(self.month - 1, 0)]
        self._call("attention")

    def measures(self) -> dict[str, NDArray[np.float64]]:
        """Return the measures of the month just completed, each (lanes,)."""
        names = [measure.name for measure in self.extensions.measures]
        return {name: self.series[self.month, row].copy() for row, name in enumerate(names)}

    def _tally(self, values: NDArray[np.float64]) -> None:
        """Measure the state after a step into `values` (measures, lanes)."""
        for fill, arrays in self._tallies:
            fill(values, *arrays)
        for row, own in enumerate(self.extensions.own_measures, len(MEASURES)):
            values[row] = own.value(self._arrays, self.width)


@dataclass
class Call:
    """A mechanism with its arguments bound to the arrays of a batch, save the clock."""

    name: str
    function: Callable[..., None]
    values: list[Any]
    clock: dict[str, int]

    def __call__(self, **clock: float) -> None:
        """Run the mechanism at a time."""
        for name, position in self.clock.items():
            self.values[position] = clock[name]
        self.function(*self.values)
