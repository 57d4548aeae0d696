"""Compute the points of a sweep from the designs in its manifest, so that the manifest alone is enough.

An expanded sweep has several parts: the design with which it was planned, and a further one for each expansion.
"""

from collections.abc import Mapping
from typing import Any

from abm.errors import InvalidInput, Problem
from abm.sweeps.design.design import Design
from abm.sweeps.design.point_table import POINTS, Points
from abm.sweeps.design.sweepbase import ROLES

ALL, REST, NEW = "all", "rest", "new"
"""Which points of a further design are appended: all, those after the existing ones, or new ones."""


def points_of_parts(content: Mapping[str, Any]) -> Points:
    """Compute the points of a manifest again, from the designs that it holds.

    Raises
    ------
    InvalidInput
        If they differ from the planned ones, such as with other versions of the libraries that sample.
    """
    points: Points | None = None
    for part in content["points"]["parts"]:
        further = points_of(content, part)
        points = further if points is None else behind(points, further, part["which"])
    if points is None or points.content_hash != content["points"]["sha256"]:
        message = "its points differ from those of the plan; use the package versions in the manifest"
        raise InvalidInput([Problem(POINTS, None, message)])
    return points


def points_of(content: Mapping[str, Any], part: Mapping[str, Any]) -> Points:
    """Compute the points of one part.

    A part from another file holds the values of its dimensions; all others use those of the first part.
    """
    roles = {role: content["experiment"][role] for role in ROLES}
    return Design.of({**roles, **part}).points


def behind(points: Points, further: Points, which: str) -> Points:
    """Append further points to the existing ones, as far as the part says so."""
    if which == REST:
        return points.then(further.rows(len(points), len(further)))
    if which == ALL:
        return points.then(further)
    known = set(points.keys())
    return points.then(further.chosen([row for row, key in enumerate(further.keys()) if key not in known]))
