"""How well one place sees the example of another: because it is near, or because both use the same hospitals."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from abm.world.place import Floats, Integers

NEARNESS_DECIMALS = 9
"""The last bits of exponentials differ between processors; rounded, places are the same on all."""


@dataclass(frozen=True)
class Showcase:
    """How far examples are seen.

    Attributes
    ----------
    km : float
        Distance over which nearness falls by a factor e.
    ties : float
        Nearness added where all hospital use of a place is at providers that the other place uses.
    """

    km: float = 50.0
    ties: float = 0.5


def nearness_of_places(
    place_names: "Sequence[str]",
    practice_position: "Floats",
    practice_place: "Integers",
    flow_provider: "Integers",
    flow_place: "Integers",
    flow_of_place: "Floats",
    showcase: Showcase,
) -> "Floats":
    """Return how near place q is to place p, shape (P, P), from 0 to 1, with 0 on the diagonal.

    nearness[p, q] = min(1, exp(-d_pq / km) + ties * sum over h that q uses of s_ph), where d_pq is the
    distance between the mean positions of the practices of p and q, and s_ph the share of p's hospital use
    at acute provider h.

    Raises
    ------
    ValueError
        When a place has no practice.
    """
    places = len(place_names)
    practices = np.bincount(practice_place, minlength=places)
    if not practices.all():
        raise ValueError(
            f"place '{place_names[int(np.argmin(practices))]}' has no practice; each place needs one"
        )
    centre = np.stack(
        [np.bincount(practice_place, practice_position[:, axis], places) / practices for axis in range(2)],
        axis=1,
    )
    apart_km = np.sqrt(((centre[:, None, :] - centre[None, :, :]) ** 2).sum(axis=2))
    use = np.zeros((places, int(flow_provider.max()) + 1))
    use[flow_place, flow_provider] = flow_of_place
    # Summed hospital by hospital: the last bits of a matrix product depend on the machine.
    in_common = np.zeros((places, places))
    for hospital in use.T:
        in_common += hospital[:, None] * (hospital[None, :] > 0.0)
    nearness: Floats = np.round(
        np.minimum(np.exp(-apart_km / showcase.km) + showcase.ties * in_common, 1.0), NEARNESS_DECIMALS
    )
    np.fill_diagonal(nearness, 0.0)
    return nearness
