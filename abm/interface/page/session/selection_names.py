"""Names for what is selected in a picture, so that a link does not depend on the order of rows."""

from typing import Any

import numpy as np

from abm.world.place import Place

TIE, PLACE = "tie:", "place:"
BETWEEN = "~"


def name_of(place: Place, selected: dict[str, Any] | None) -> str:
    """Return the id of an organisation, the ids of the ends of a tie, or the name of a place; '' for no selection."""
    kind, row = (selected or {}).get("kind"), (selected or {}).get("row")
    sizes = {"organisation": place.organisations, "tie": place.ties, "place": len(place.place_names)}
    if kind not in sizes or not isinstance(row, int) or not 0 <= row < sizes[kind]:
        return ""
    if kind == "tie":
        return TIE + BETWEEN.join(place.organisation_id[end] for end in place.tie_ends[row].tolist())
    return PLACE + place.place_names[row] if kind == "place" else str(place.organisation_id[row])


def found(place: Place, name: str) -> dict[str, Any] | None:
    """Return the selection that `name_of` named; None if the place has nothing of that name."""
    if name.startswith(PLACE):
        return _selected("place", place.place_names, name.removeprefix(PLACE))
    if not name.startswith(TIE):
        return _selected("organisation", place.organisation_id, name)
    ends = name.removeprefix(TIE).split(BETWEEN)
    if len(ends) != 2 or not all(end in place.organisation_id for end in ends):
        return None
    rows = [place.organisation_id.index(end) for end in ends]
    ties = np.flatnonzero((place.tie_ends == rows).all(axis=1))
    return {"kind": "tie", "row": int(ties[0])} if len(ties) else None


def _selected(kind: str, names: tuple[str, ...], name: str) -> dict[str, Any] | None:
    return {"kind": kind, "row": names.index(name)} if name in names else None
