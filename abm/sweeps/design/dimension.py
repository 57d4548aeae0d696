"""Describe one dimension of a design: the values that a lever or an uncertainty may take.

In a file a dimension is one of::

    [0.15, 0.5, 0.8]                                         # exactly these
    {values: [0.15, 0.5, 0.8]}                               # the same
    {range: [0.1, 0.9]}                                      # all between, alike; 'scale: log' by ratio
    {range: [1, 6], whole: true}                             # whole numbers
    {distribution: {norm: {loc: 0.3, scale: 0.1}}, within: [0, 1]}
    {options: {none: 0.15, burst: {pulse: {start: 1, end: 3, to: 0.9}}}}   # named settings of any form

A lever may add ``at: 1``: it steps to its value at the end of that year and stands at its default before.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from abm.records import Fault, Faults, Record, shown_number
from abm.sweeps.design.sampling import distribution_complaint, quantiles, support

FORMS = ("values", "range", "options", "distribution")
FORMS_ADVICE = (
    "give one of [VALUE, ...], {range: [LOW, HIGH]}, {distribution: {NAME: {...}}} or {options: {...}}"
)

Values = NDArray[Any]
"""Of shape (points,): float64, or text where a dimension has named options."""


class Dimension(Record):
    """The values that one lever or uncertainty may take."""

    kind: ClassVar[str] = "dimension"

    # Tuples are not strict, because a value that passed a validator is no longer JSON, and its lists are lists.
    values: tuple[int | float | bool, ...] | None = Field(
        default=None, strict=False, min_length=1, description="exactly these numbers"
    )
    range: tuple[float, float] | None = Field(
        default=None, strict=False, description="least and greatest value"
    )
    options: dict[str, Any] | None = Field(
        default=None, min_length=1, description="settings of any form, by a name for tables"
    )
    distribution: dict[str, dict[str, float]] | None = Field(
        default=None,
        min_length=1,
        max_length=1,
        description="name of a continuous distribution of scipy.stats and its parameters",
    )
    levels: int | None = Field(default=None, ge=2, le=1000, description="steps where a design counts levels")
    scale: Literal["linear", "log"] = Field(default="linear", description="linear, or log for equal ratios")
    whole: bool = Field(default=False, description="true for whole numbers only")
    within: tuple[float, float] | None = Field(
        default=None, strict=False, description="interval that the distribution is cut to"
    )
    at: float | None = Field(default=None, gt=0, description="year at whose end a lever steps to the value")

    @model_validator(mode="before")
    @classmethod
    def _list_is_values(cls, data: Any) -> Any:
        return {"values": data} if isinstance(data, list | tuple) else data

    @model_validator(mode="after")
    def _agree(self) -> "Dimension":
        faults = list(self._faults())
        if faults:
            raise Faults(faults)
        return self

    def _faults(self) -> Iterator[Fault]:
        given = [form for form in FORMS if getattr(self, form) is not None]
        if len(given) != 1:
            told = f"gives {' and '.join(given)}" if given else "says no values"
            yield Fault((), f"the dimension {told}; {FORMS_ADVICE}")
            return
        if self.range is not None and not self.range[0] < self.range[1]:
            told = f"range is {shown_number(self.range[0])} to {shown_number(self.range[1])}"
            yield Fault(("range",), f"{told}; write the least value first, and a greater one after it")
        elif self.range is not None and self.scale == "log" and self.range[0] <= 0:
            yield Fault(
                ("range",), f"range starts at {shown_number(self.range[0])}; a log scale starts above 0"
            )
        elif self.range is not None and self.whole and any(end != round(end) for end in self.range):
            yield Fault(("range",), "the range is of whole numbers; end it with whole numbers")
        if self.scale == "log" and self.range is None:
            yield Fault(("scale",), "'scale: log' belongs to a range; leave it out")
        if self.values is not None and len(set(map(float, self.values))) < len(self.values):
            yield Fault(("values",), "a value is given twice; give each once")
        if self.within is not None and self.distribution is None:
            yield Fault(("within",), "'within' cuts a distribution, and there is none; leave it out")
        elif self.within is not None and not self.within[0] < self.within[1]:
            yield Fault(("within",), "'within' should rise; write the least value first")
        for name, arguments in (self.distribution or {}).items():
            complaint = distribution_complaint(name, arguments)
            if complaint is not None:
                yield Fault(("distribution", name), complaint)

    @property
    def is_named(self) -> bool:
        """Whether the values are names of options."""
        return self.options is not None

    @property
    def is_whole(self) -> bool:
        """Whether all values are whole numbers, by intent."""
        if self.values is not None:
            return all(isinstance(value, int) and not isinstance(value, bool) for value in self.values)
        return self.whole

    def ends(self) -> tuple[float, float]:
        """Return the least and the greatest possible value; not for options."""
        if self.values is not None:
            return float(min(self.values)), float(max(self.values))
        if self.range is not None:
            return self.range
        if self.within is not None:
            return self.within
        name, arguments = self._law
        return support(name, arguments)

    def count(self, otherwise: int | None) -> int:
        """Count the levels; the design gives the number where the dimension has none of its own."""
        fixed = self.values if self.values is not None else self.options
        if fixed is not None:
            return len(fixed)
        wanted = self.levels or otherwise or 2
        if self.range is not None and self.whole:
            return min(wanted, round(self.range[1] - self.range[0]) + 1)
        return wanted

    def steps(self, otherwise: int | None = None) -> Values:
        """List the levels for a design that counts them.

        Parameters
        ----------
        otherwise : int, optional
            Number of levels if the dimension has none of its own; default: two.

        Returns
        -------
        Values
            Given values or options as they stand; a range from end to end in equal steps; the middles of equally
            probable slices of a distribution.
        """
        if self.values is not None:
            return np.array(self.values, dtype=np.float64)
        if self.options is not None:
            return np.array(list(self.options), dtype=np.str_)
        count = self.count(otherwise)
        if self.range is None:
            return self.spread((np.arange(count) + 0.5) / count)
        space = np.geomspace if self.scale == "log" else np.linspace
        found = space(*self.range, count)
        return np.round(found) if self.whole else found

    def spread(self, shares: NDArray[np.float64]) -> Values:
        """Convert cumulative probabilities, from 0 to 1, into values."""
        if self.values is not None or self.options is not None:
            fixed = self.steps()
            return fixed[np.minimum((shares * len(fixed)).astype(np.int64), len(fixed) - 1)]
        if self.range is not None:
            low, high = self.range
            if self.whole:
                return np.minimum(low + np.floor(shares * (high - low + 1.0)), high)
            if self.scale == "log":
                return np.exp(math.log(low) + shares * (math.log(high) - math.log(low))).clip(low, high)
            return low + shares * (high - low)
        name, arguments = self._law
        found = quantiles(name, arguments, self.within, shares)
        return np.round(found) if self.whole else found

    @property
    def _law(self) -> tuple[str, Mapping[str, float]]:
        assert self.distribution is not None
        return next(iter(self.distribution.items()))

    def described(self, keeps_whole: bool = False) -> dict[str, Any]:
        """Return the dimension as plain values from which `Dimension` is restored.

        Parameters
        ----------
        keeps_whole : bool
            Whether whole numbers stay integers as in the file; our own scenarios treat all numbers alike.
        """
        plain = self.model_dump(mode="json", exclude_defaults=True)
        if self.values is not None and not keeps_whole:
            plain["values"] = [value if isinstance(value, bool) else float(value) for value in self.values]
        return plain
