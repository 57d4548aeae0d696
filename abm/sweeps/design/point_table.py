"""Define the points of a design: a table with a row for each point and a column for each dimension."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

POINTS = "points.parquet"
"""File name of the table of a sweep's points."""

Value = float | str


class Points:
    """Points as columns.

    A number that is missing, or an option that is empty, leaves its dimension as the base scenario has it.

    Parameters
    ----------
    columns : mapping of str to (points,) array
        float64 or text by dimension.
    count : int, optional
        Number of points; needed only without dimensions.
    """

    def __init__(self, columns: Mapping[str, NDArray[Any]], count: int | None = None) -> None:
        self.columns = {name: np.asarray(column) for name, column in columns.items()}
        lengths = {len(column) for column in self.columns.values()} | (
            {count} if count is not None else set()
        )
        if len(lengths) != 1:
            raise ValueError(f"the columns of points differ in length: {sorted(lengths)}")
        self.count = lengths.pop()

    def __repr__(self) -> str:
        return f"<{self.count:,} points of {', '.join(self.columns) or 'no dimension'}>"

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, row: int) -> dict[str, Value]:
        """Return one point, without the dimensions that it leaves as they are."""
        found: dict[str, Value] = {}
        for name, column in self.columns.items():
            value = column[row].item()
            if value != "" and value == value:  # noqa: PLR0124 - a missing number differs from itself
                found[name] = value
        return found

    def rows(self, start: int, stop: int) -> "Points":
        """Return the points from one row up to another."""
        return Points({name: column[start:stop] for name, column in self.columns.items()}, stop - start)

    def then(self, others: "Points") -> "Points":
        """Append other points of the same dimensions."""
        if list(self.columns) != list(others.columns):
            raise ValueError("points of other dimensions cannot be appended to these")
        joined = {
            name: np.concatenate([column, others.columns[name]]) for name, column in self.columns.items()
        }
        return Points(joined, self.count + others.count)

    def chosen(self, rows: Sequence[int]) -> "Points":
        """Return the points at some rows, in the order of the rows."""
        picked = np.asarray(rows, dtype=np.int64)
        return Points({name: column[picked] for name, column in self.columns.items()}, len(picked))

    def keys(self) -> list[tuple[Any, ...]]:
        """Return each point as a tuple; points of the same values have equal tuples."""
        plain = [
            [None if value != value else value for value in column.tolist()]  # noqa: PLR0124
            for column in self.columns.values()
        ]
        return list(zip(*plain, strict=True)) if plain else [()] * self.count

    @property
    def content_hash(self) -> str:
        """SHA-256 of names and values."""
        digest = hashlib.sha256(json.dumps([self.count, list(self.columns)]).encode())
        for column in self.columns.values():
            if column.dtype.kind == "f":
                # One bit pattern for every missing number.
                values = np.where(np.isnan(column), np.nan, column).astype("<f8")
                digest.update(values.tobytes())
            else:
                digest.update(json.dumps(column.tolist()).encode())
        return digest.hexdigest()
