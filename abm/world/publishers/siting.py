"""Locate organisations by their postcodes, or in the middle of those whom they serve."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from abm.errors import InvalidInput, Problem
from abm.world.place import Floats
from abm.world.publishers.folder import COORDINATES
from abm.world.publishers.gazetteer import BY_DISTRICT, BY_SECTOR, Gazetteer, mean, project
from abm.world.publishers.matching import Matched
from abm.world.publishers.publications import Publications
from abm.world.publishers.reconciliation import Reconciliation


@dataclass(frozen=True)
class Sited:
    """Positions of practices, providers and commissioners by code, in kilometres."""

    practices: dict[str, Floats]
    providers: dict[str, Floats]
    commissioners: dict[str, Floats]


def site(
    data: Publications,
    matched: Matched,
    chosen: Sequence[str],
    hospitals: Sequence[str],
    told: Reconciliation,
) -> Sited:
    """Find everybody's position; the origin is the middle of the practices built."""
    gazetteer = Gazetteer(data.coordinates)
    file = data.file_of(COORDINATES)
    points: dict[str, tuple[float, float]] = {}
    wider: dict[str, list[str]] = {BY_SECTOR: [], BY_DISTRICT: []}
    nowhere: list[str] = []
    built = {practice for code in chosen for practice in matched.members[code]}
    for practices in matched.members.values():
        for practice in practices:
            point, how = gazetteer.find(data.practices[practice].postcode)
            if point is not None:
                points[practice] = point
            elif practice in built:
                nowhere.append(practice)
            if practice in built and how in wider:
                wider[how].append(practice)
    middles = {}
    for code, practices in matched.members.items():
        found = [points[practice] for practice in practices if practice in points]
        if found:
            middles[code] = (mean([point[0] for point in found]), mean([point[1] for point in found]))
    if not any(code in middles for code in chosen):
        if data.coordinates:
            told_problem = f"has no postcode near those of the practices of {', '.join(chosen[:3])}"
        else:
            told_problem = "are in no file: a table with columns postcode, lat and lon is missing"
        raise InvalidInput(
            [Problem(file, None, f"{told_problem}; add one, from a postcode directory such as ONSPD")]
        )
    middle_of_all = next(middles[code] for code in chosen if code in middles)
    used = {provider for shares in matched.flows.values() for provider in shares}
    for provider in sorted(used | set(data.providers)):
        point, how = (
            gazetteer.find(data.providers[provider].postcode) if provider in data.providers else (None, "")
        )
        if point is not None:
            points[provider] = point
    unsited = [provider for provider in hospitals if provider not in points]
    for provider in unsited:
        # Where its patients are, for want of an address.
        users = [code for code in matched.flows if provider in matched.flows[code] and code in middles]
        points[provider] = weighted_middle(
            [(middles[code], matched.flows[code][provider] * matched.people(code)) for code in users],
            middle_of_all,
        )
    for practice in nowhere:
        points[practice] = middles.get(data.practices[practice].commissioner, middle_of_all)
    for how, codes in wider.items():
        told.tell_codes(file, f"practices' postcodes are not listed; put in the middle of their {how}", codes)
    told.tell_codes(
        file, "practices' postcodes are nowhere near; put in the middle of their commissioner", nowhere
    )
    told.tell_codes(
        file, "acute providers' postcodes are not listed; put in the middle of their patients", unsited
    )
    practices_here = sorted(built)
    others = sorted(set(points) - built)
    every = [*practices_here, *others, *sorted(middles)]
    where = np.array(
        [*(points[code] for code in [*practices_here, *others]), *(middles[c] for c in sorted(middles))]
    )
    origin = where[: len(practices_here)].mean(axis=0)
    kilometres = project(where, (float(origin[0]), float(origin[1])))
    split = len(practices_here) + len(others)
    by_code = dict(zip(every[:split], kilometres[:split], strict=True))
    return Sited(
        practices={code: by_code[code] for code in practices_here},
        providers={code: by_code[code] for code in others if code in used or code in data.providers},
        commissioners=dict(zip(every[split:], kilometres[split:], strict=True)),
    )


def weighted_middle(
    points: Sequence[tuple[tuple[float, float], float]], otherwise: tuple[float, float]
) -> tuple[float, float]:
    """Return the weighted mean of points, or another point where there are none."""
    whole = math.fsum(weight for _, weight in points)
    if whole <= 0.0:
        return otherwise
    north, east = (math.fsum(point[axis] * weight for point, weight in points) / whole for axis in range(2))
    return north, east
