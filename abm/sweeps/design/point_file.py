"""Write the points of a design to a Parquet file, and read all of them or some."""

from pathlib import Path
from typing import Any

import numpy as np

from abm.files.parquet import array_of, encoded, read_row_group, read_table, table_of
from abm.sweeps.design.point_table import Points

GROUP_POINTS = 16_384
"""Points in a row group, so that a shard reads its own and few others."""


def encoded_points(points: Points) -> Any:
    """Return points as the bytes of a Parquet file: their number, then a column for each dimension."""
    columns: dict[str, Any] = {"point": np.arange(len(points), dtype=np.int64)}
    for name, column in points.columns.items():
        columns[name] = column if column.dtype.kind == "f" else column.tolist()
    return encoded(table_of(columns, {}), GROUP_POINTS)


def read_points(path: Path) -> Points:
    """Read all points of a file.

    Raises
    ------
    OSError, ValueError
        If it cannot be read; pyarrow's own errors are among these.
    """
    return _points(read_table(path))


class PointFile:
    """Some of the points in a file, read without reading all of them.

    Parameters
    ----------
    path : Path
        As `encoded_points` wrote it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._group: tuple[int, Points] | None = None

    def rows(self, start: int, stop: int) -> Points:
        """Read the points from one row up to another."""
        parts = []
        for group in range(start // GROUP_POINTS, max(stop - 1, start) // GROUP_POINTS + 1):
            first = group * GROUP_POINTS
            parts.append(self._read(group).rows(max(start - first, 0), min(stop - first, GROUP_POINTS)))
        points = parts[0]
        for part in parts[1:]:
            points = points.then(part)
        return points

    def _read(self, group: int) -> Points:
        if self._group is None or self._group[0] != group:
            self._group = group, _points(read_row_group(self.path, group))
        return self._group[1]


def _points(table: Any) -> Points:
    columns = {name: array_of(table[name]) for name in table.column_names if name != "point"}
    return Points(columns, table.num_rows)
