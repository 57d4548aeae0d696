"""Advance many runs of one place side by side, one in each lane."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.core.compiling import compile_missing
from abm.core.fusing import fuse
from abm.core.guard import ViolationError, guarded, read_only
from abm.core.order import check_order
from abm.core.part import Measure, Mechanism, Procedure, Start
from abm.core.quantities.parameter import Parameter
from abm.core.snapshot import Snapshot
from abm.core.state import State
from abm.core.theory import Theory
from abm.core.vocabulary import CLOCK, MONTHS_PER_YEAR, RECENT_STEP, World
from abm.errors import InvalidInput, Problem

STEPS_AWAKE = 2
"""Steps for which a mechanism still runs once it is switched off, so that it leaves the state that it means."""
AT_START: Mapping[str, float] = {"step": 0, "dt": 0.0, "years": 0.0}


@dataclass(frozen=True)
class Lane:
    """What one lane runs.

    Attributes
    ----------
    seed, replicate : int
        Which accidents of fate, 0 <= seed < 2**64, 0 <= replicate < 2**32.
    parameters : mapping
        Every parameter by flat name, such as ``effort.capacity.acute``.
    levers : (months, levers) array
        Lever settings by month, columns in the order of the theory's levers.
    """

    seed: int
    replicate: int
    parameters: Mapping[str, float]
    levers: NDArray[np.float64] = field(repr=False)


class Batch:
    """Run one place under several policies, parameters and fates at once.

    Parameters
    ----------
    theory : Theory
        The submodels.
    place : World
        Arrays that all lanes share.
    lanes : sequence of Lane
        One run each. A run gives the same bits in any lane of any batch.
    substeps : int
        Steps a month; 2 halves the step.
    is_compiled : bool
        Use the compiled kernels (the default) or their plain Python form, which is slow and for tests.
    initial : mapping of str to array, optional
        State of month 0 in every lane, (axes of the field), instead of what starts set.

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
    OrderError
        If the order of the month does not hold.
    """

    def __init__(
        self,
        theory: Theory,
        place: World,
        lanes: Sequence[Lane],
        substeps: int = 1,
        *,
        is_compiled: bool = True,
        initial: Mapping[str, NDArray[Any]] | None = None,
    ) -> None:
        self.theory = theory
        self.place = place
        self.lanes = tuple(lanes)
        self.substeps = substeps
        self.dt = 1.0 / (MONTHS_PER_YEAR * substeps)
        self.months = min(lane.levers.shape[0] for lane in lanes)
        self.month = 0
        self.step = 0
        width = len(lanes)
        self.series = np.full((self.months + 1, len(theory.measures), width), np.nan)
        self.levers = np.ascontiguousarray(np.stack([lane.levers[: self.months] for lane in lanes], axis=-1))
        self.settings = np.empty((self.levers.shape[1], width))
        self.state = State(theory.fields, place.sizes, self._recent_steps(), width)
        self._known = self._gather()
        self._arrays = self._known | self.state.arrays
        # Where an index has no sign, a kernel need not look whether it counts from the end.
        self._kernel_arrays = self._arrays | {
            name: value.astype(np.uint32) for name, value in self._known.items() if value.dtype == np.int64
        }
        check_order(theory.order, [*self._known, *CLOCK], theory.fields)
        self._is_compiled = is_compiled
        self._fields = {one.name: one for one in theory.fields}
        self._calls = [self._bind(mechanism) for mechanism in theory.order]
        self._lever_switches = self._find_lever_switches()
        self._stay_awake()
        self._flow_rows = [row for row, measure in enumerate(theory.measures) if measure.is_flow]
        self._computed = [
            (row, measure, measure.procedure)
            for row, measure in enumerate(theory.measures)
            if measure.procedure is not None
        ]
        self._fill, self._filled_from = self._fused_tallies()
        self._foreign_tallies = self._bind_foreign_tallies()
        if is_compiled:
            self._compile()
        self._start(initial or {})

    @property
    def width(self) -> int:
        """Number of lanes."""
        return len(self.lanes)

    def _recent_steps(self) -> dict[str, int]:
        """Return the length of every axis of recent steps: what the greatest value of its parameter spans."""
        longest = {parameter.name: parameter.bounds[1] for parameter in self.theory.parameters}
        spans = [field.span for field in self.theory.fields if RECENT_STEP in field.axes and field.span]
        return {span: round(longest[span] / self.dt) + 1 for span in spans}

    def _gather(self) -> dict[str, NDArray[Any]]:
        """Collect every array besides the state that a function may ask for, by argument name."""
        known: dict[str, NDArray[Any]] = dict(self.place.arrays)
        for parameter in self.theory.parameters:
            known[parameter.argument] = self._parameter_array(parameter)
        for column, lever in enumerate(self.theory.levers):
            known[lever.argument] = self.settings[column]
        for table in self.theory.tables:
            columns = [table.function(*(lane.parameters[name] for name in table.of)) for lane in self.lanes]
            known[table.name] = np.stack(columns, axis=-1)
        known["seed"] = np.array([lane.seed for lane in self.lanes], dtype=np.uint64)
        known["replicate"] = np.array([lane.replicate for lane in self.lanes], dtype=np.uint64)
        return known

    def _parameter_array(self, parameter: Parameter) -> NDArray[np.float64]:
        """Return a parameter over lanes, (lanes,), or (members, lanes) where it is indexed."""
        if parameter.index is None:
            return np.array([lane.parameters[parameter.name] for lane in self.lanes], dtype=np.float64)
        return np.array(
            [[lane.parameters[name] for lane in self.lanes] for name in parameter.flat_defaults],
            dtype=np.float64,
        )

    def _bind(self, procedure: Mechanism | Start) -> "Call":
        function = procedure.compiled if self._is_compiled else procedure.function
        arrays = self._arrays if procedure.is_foreign else self._kernel_arrays
        # The clock is no array, and comes with each call.
        values = [arrays.get(name) for name in procedure.arguments]
        clock = {name: procedure.arguments.index(name) for name in CLOCK if name in procedure.arguments}
        if procedure.is_foreign:
            function, values = guarded(procedure, function, values, self._fields)
        return Call(procedure.name, function, values, clock)

    def _compile(self) -> None:
        """Compile every kernel of the package that is not in the cache; those from outside are when they are called."""
        starts = [self._bind(start) for start in self.theory.starts if not start.is_foreign]
        calls = [(call.function, call.at(**AT_START)) for call in (*self._calls, *starts)]
        compile_missing([*calls, (self._fill, [self.series[0], *self._filled_from])])

    def _find_lever_switches(self) -> list[tuple[int, NDArray[Any]]]:
        """Return the mechanisms that a lever switches off at 0, with its settings, (lanes,)."""
        levers = {lever.argument for lever in self.theory.levers}
        named = ((number, one.idle_at_zero) for number, one in enumerate(self.theory.order))
        return [(number, self._known[name]) for number, name in named if name in levers]

    def _stay_awake(self) -> None:
        """Set until which step each mechanism is called: those that are off for a while, the others always."""
        off = [
            one.idle_at_zero is not None and not self._known[one.idle_at_zero].any()
            for one in self.theory.order
        ]
        self._awake_until = [self.step + STEPS_AWAKE if is_off else math.inf for is_off in off]
        for number, _ in self._lever_switches:
            self._awake_until[number] = self.step + STEPS_AWAKE

    def _acting(self) -> list["Call"]:
        """Return the calls of this step: those of mechanisms that are on, or were until a moment ago."""
        for number, settings in self._lever_switches:
            if settings.any():
                self._awake_until[number] = self.step + STEPS_AWAKE
        pairs = zip(self._calls, self._awake_until, strict=True)
        return [call for call, until in pairs if self.step <= until]

    def _fused_tallies(self) -> tuple[Callable[..., None] | None, list[NDArray[Any]]]:
        # Every tally of the package is a kernel: as Python they would take longer than the mechanisms of a test.
        own = [tally for tally in self.theory.tallies if not tally.is_foreign]
        if not own:
            return None, []
        fill, names = fuse(own, self.theory.row)
        return fill, [self._kernel_arrays[name] for name in names]

    def _bind_foreign_tallies(self) -> list[tuple[Callable[..., Any], list[Any], list[tuple[slice, Any]]]]:
        """Bind tallies from outside the package to rows of their own, with where these go in a month's values."""
        bound = []
        known = {name: read_only(values) for name, values in self._arrays.items()}
        for tally in (tally for tally in self.theory.tallies if tally.is_foreign):
            rows, goes = {}, []
            for argument, names in tally.filled.items():
                block = np.full((len(names), self.width), np.nan)
                first = self.theory.row(names[0])
                rows[argument] = block[0] if names[0] in tally.fills else block
                goes.append((slice(first, first + len(names)), block))
            arrays = known | rows
            bound.append((tally.compiled, [arrays[name] for name in tally.arguments], goes))
        return bound

    def _start(self, initial: Mapping[str, NDArray[Any]]) -> None:
        """Set the state of month 0."""
        self.settings[:] = self.levers[0]
        for one in self.theory.fields:
            self.state.arrays[one.name][:] = self._start_value(one.start)
        for start in self.theory.starts:
            if start.settles_as is None:
                self._bind(start)(**AT_START)
        for name, values in initial.items():
            self.state.arrays[name][:] = values[..., np.newaxis]
        settling = {start.settles_as: start for start in self.theory.starts if start.settles_as is not None}
        for mechanism, call in zip(self.theory.order, self._calls, strict=True):
            if mechanism.name in settling:
                self._bind(settling[mechanism.name])(**AT_START)
            elif mechanism.settles:
                call(**AT_START)
        self._tally(self.series[0])

    def _start_value(self, start: float | str) -> Any:
        """Return what a field starts at, so that it spreads over lanes."""
        if not isinstance(start, str):
            return start
        if start in self.place.arrays:
            return self.place.arrays[start][..., np.newaxis]
        return self._known[start.replace(".", "_")]

    def run_mechanism(self, name: str, **clock: float) -> None:
        """Run one mechanism alone on the state as it is, with step, dt and years at 0 unless given."""
        for call in self._calls:
            if call.name == name:
                call(**{**AT_START, **clock})

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
        counted: Any = 0.0
        for _ in range(self.substeps):
            self.step += 1
            clock = {"step": self.step, "dt": self.dt, "years": self.step * self.dt}
            for call in self._acting():
                call(**clock)
            self._tally(values)
            if self.substeps > 1:
                counted = counted + values[self._flow_rows]
        if self.substeps > 1:
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
            self._fingerprints,
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
            ("extensions", snapshot.extensions, self._fingerprints),
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
        self._stay_awake()
        self.series[: self.month + 1] = snapshot.series
        self.settings[:] = self.levers[max(self.month - 1, 0)]
        for mechanism, call in zip(self.theory.order, self._calls, strict=True):
            if mechanism.renews:
                call(**AT_START)

    @property
    def _fingerprints(self) -> tuple[str, ...]:
        return tuple(part.fingerprint for part in self.theory.parts if part.is_foreign)

    def measures(self) -> dict[str, NDArray[np.float64]]:
        """Return the measures of the month just completed, each (lanes,)."""
        return {
            measure.name: self.series[self.month, row].copy()
            for row, measure in enumerate(self.theory.measures)
        }

    def _tally(self, values: NDArray[np.float64]) -> None:
        """Measure the state after a step into `values` (measures, lanes)."""
        if self._fill is not None:
            self._fill(values, *self._filled_from)
        for fill, arrays, goes in self._foreign_tallies:
            fill(*arrays)
            for rows, block in goes:
                values[rows] = block
        for row, measure, procedure in self._computed:
            values[row] = self._measured(measure, procedure)

    def _measured(self, measure: Measure, procedure: Procedure) -> NDArray[np.float64]:
        """Compute a measure by its own function, (lanes,).

        Raises
        ------
        ViolationError
            If the function does not return one value a lane.
        """
        given = (read_only(self._arrays[name]) for name in procedure.arguments)
        values = np.asarray(procedure.compiled(*given), dtype=np.float64)
        if values.shape != (self.width,):
            message = (
                f"measure '{measure.name}' returned shape {values.shape}; "
                f"it should be one value a lane, ({self.width},)"
            )
            raise ViolationError(f"{procedure.where}  {message}")
        return values


@dataclass
class Call:
    """A function with its arguments bound to the arrays of a batch, save the clock."""

    name: str
    function: Callable[..., None]
    values: list[Any]
    clock: dict[str, int]

    def __call__(self, **clock: float) -> None:
        """Run the function at a time."""
        self.function(*self.at(**clock))

    def at(self, **clock: float) -> list[Any]:
        """Return the arguments at a time."""
        for name, position in self.clock.items():
            self.values[position] = clock[name]
        return self.values
