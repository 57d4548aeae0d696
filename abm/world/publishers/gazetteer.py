"""Turn postcodes into kilometres."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from abm.world.place import Floats
from abm.world.practices import POSITION_DECIMALS

EARTH_RADIUS_KM = 6371.0
SECTOR, DISTRICT = -2, -3
"""Characters that a postcode without blanks loses to become a sector, or a district."""
EXACT, BY_SECTOR, BY_DISTRICT = "postcode", "sector", "district"


class Gazetteer:
    """Positions of postcodes, or of the middle of their sector or district if they are not listed.

    Parameters
    ----------
    coordinates : mapping of str to (float, float)
        Latitude and longitude by postcode, without blanks.
    """

    def __init__(self, coordinates: Mapping[str, tuple[float, float]]) -> None:
        self.exact = dict(coordinates)
        self.wider: dict[int, dict[str, tuple[float, float]]] = {}
        for cut in (SECTOR, DISTRICT):
            members: dict[str, list[tuple[float, float]]] = {}
            for postcode, point in coordinates.items():
                members.setdefault(postcode[:cut], []).append(point)
            self.wider[cut] = {
                area: (mean([point[0] for point in points]), mean([point[1] for point in points]))
                for area, points in members.items()
            }

    def find(self, postcode: str) -> tuple[tuple[float, float] | None, str]:
        """Return latitude and longitude, and how they were found; None and '' if they were not."""
        if postcode in self.exact:
            return self.exact[postcode], EXACT
        for cut, how in ((SECTOR, BY_SECTOR), (DISTRICT, BY_DISTRICT)):
            if postcode[:cut] in self.wider[cut]:
                return self.wider[cut][postcode[:cut]], how
        return None, ""


def mean(values: Sequence[float]) -> float:
    """Return the mean, summed exactly."""
    return math.fsum(values) / len(values)


def project(points: Floats, origin: tuple[float, float]) -> Floats:
    """Turn latitudes and longitudes (n, 2) into kilometres east and north of an origin, to ten metres.

    The projection is equirectangular: longitudes shrink by the cosine of the origin's latitude. Within a
    commissioner distances are right to 1%; on a map of all England those from east to west are up to 8% off
    in the far north and south.
    """
    degrees = np.radians(points - np.array(origin))
    east = degrees[:, 1] * math.cos(math.radians(origin[0]))
    kilometres: Floats = np.round(
        EARTH_RADIUS_KM * np.stack([east, degrees[:, 0]], axis=1), POSITION_DECIMALS
    )
    return kilometres
