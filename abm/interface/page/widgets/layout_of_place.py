"""Lay a place out for the screen: no marker hides another, and geography stays recognisable.

A single place keeps its geography; each organisation moves only as far as it needs to stand free. Several places
become discs, with areas in proportion to the organisations in them, pushed apart from where they lie on the map, as in
a cartogram of Dorling; within a disc organisations keep their direction from the middle and their order by
distance. The same place gives the same layout.

Source: Dorling, D. (1996) Area cartograms: their use and creation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from abm.world.place import Floats, Integers, OrganisationKind, Place
from abm.world.practices import POSITION_DECIMALS

WIDE, HIGH = 800.0, 560.0
"""Pixels that the geography of a single place fills at most before organisations are set apart."""
LONGEST_STRETCH = 1.4
"""How much more one direction of a map may be stretched than the other, so that it fills the screen."""
EVENNESS = 0.45
"""Weight of an even spread by rank against distance on the map: it thins crowds out and keeps their order."""
FREE = 8.0
"""Pixels kept between two markers, in which the rings of two engaged practices find room."""
SPREAD = 0.5
"""Share of a disc's area that markers and the room round them cover."""
EDGE = 22.0
"""Pixels between the outermost marker and the outline of its place."""
DIRECTIONS = 180
SMOOTHNESS = math.radians(20.0)
"""Angle over which the outline of a place is smoothed."""
BETWEEN = 10.0
"""Pixels between two places."""
STRETCH = 1.15
"""Space, over what the discs of all places take, in which their map is drawn before they are pushed apart."""
ROUNDS = 400
PULL = 0.02
"""Share of its way back to the map that a disc goes in a round."""
GOLDEN_ANGLE = math.pi * (3.0 - math.sqrt(5.0))
SPOT = 2.0
"""Pixels from one spot tried to the next."""
SPOTS = (30, 120, 500, 2_000, 10_000, 100_000)
"""Spots tried, nearest first, until one is free."""

BODY_PIXELS = {
    OrganisationKind.COMMUNITY: 11.0,
    OrganisationKind.COMMISSIONER: 11.0,
    OrganisationKind.LOCAL_AUTHORITY: 10.0,
}
ROOMY, LARGEST_MARKERS = 130.0, 1.7
"""Organisations of a single place from which on markers have their plain size, and how much larger they get."""
SMALLEST_PRACTICE, LARGEST_PRACTICE, PRACTICE_PIXELS = 4.5, 13.0, 7.0
SMALLEST_HOSPITAL, LARGEST_HOSPITAL, HOSPITAL_PIXELS = 13.0, 26.0, 17.0


@dataclass(frozen=True, eq=False)
class PlaceLayout:
    """The positions of N organisations and P places, in pixels at zoom 1, y downwards.

    Attributes
    ----------
    position : (N, 2)
        Centres of markers.
    radius : (N,)
        Radii of markers, with areas in proportion to lists and to beds.
    place_centre : (P, 2)
    place_radius : (P,)
        Disc that holds a place's markers.
    outline : (C, 2)
        Corners of the outline of a single place; empty for several places, which are discs.
    """

    position: Floats
    radius: Floats
    place_centre: Floats
    place_radius: Floats
    outline: Floats


def lay_out(place: Place) -> PlaceLayout:
    """Lay a place out for the screen, deterministically."""
    radius = marker_radii(place)
    north_up = place.position * np.array([1.0, -1.0])
    if len(place.place_names) == 1:
        radius *= min(max(math.sqrt(ROOMY / place.organisations), 1.0), LARGEST_MARKERS)
        position = part(scaled(north_up), radius)
        position -= (position.min(axis=0) + position.max(axis=0)) / 2.0
        outline = pebble(position, radius + EDGE)
        middle = (outline.min(axis=0) + outline.max(axis=0)) / 2.0
        around_all = np.sqrt(((outline - middle) ** 2).sum(axis=1)).max()
        return PlaceLayout(position, radius, middle[None, :], np.array([around_all]), outline)
    inside = np.zeros((place.organisations, 2))
    place_radius = np.zeros(len(place.place_names))
    on_map = np.zeros((len(place.place_names), 2))
    for number in range(len(place.place_names)):
        members = np.flatnonzero(place.organisation_place == number)
        on_map[number] = north_up[members].mean(axis=0)
        inside[members] = disc(north_up[members], radius[members])
        reach = np.sqrt((inside[members] ** 2).sum(axis=1)) + radius[members]
        place_radius[number] = reach.max() + EDGE
    centre = push_apart(on_map, place_radius)
    return PlaceLayout(
        inside + centre[place.organisation_place], radius, centre, place_radius, np.zeros((0, 2))
    )


def marker_radii(place: Place) -> Floats:
    """Return the radius of every organisation's marker in pixels at zoom 1."""
    radius = np.full(place.organisations, 10.0)
    for kind, pixels in BODY_PIXELS.items():
        radius[place.of_kind(kind)] = pixels
    practices = place.of_kind(OrganisationKind.PRACTICE)
    lists = np.sqrt(place.population_served[practices] / 10_000.0)
    radius[practices] = np.clip(PRACTICE_PIXELS * lists, SMALLEST_PRACTICE, LARGEST_PRACTICE)
    hospitals = np.sqrt(place.beds / 700.0)
    radius[: place.acute_providers] = np.clip(
        HOSPITAL_PIXELS * hospitals, SMALLEST_HOSPITAL, LARGEST_HOSPITAL
    )
    return radius


def scaled(position: Floats) -> Floats:
    """Scale positions to the screen, and spread them a little more evenly than they are on the map."""
    low = position.min(axis=0)
    extent = np.maximum(position.max(axis=0) - low, 1e-6)
    room = np.array([WIDE, HIGH])
    scale = room / extent
    scale = np.minimum(scale, scale.min() * LONGEST_STRETCH)
    size = extent * scale
    on_map = (position - low) * scale
    moved: Floats = (1.0 - EVENNESS) * on_map + EVENNESS * size * ranks(position)
    return moved


def ranks(position: Floats) -> Floats:
    """Return the ranks (n, 2) of every position from west and from north, from 0 to 1; equal positions share a rank."""
    found = np.full(position.shape, 0.5)
    for axis in (0, 1):
        levels, number = np.unique(np.round(position[:, axis], POSITION_DECIMALS), return_inverse=True)
        if len(levels) > 1:
            found[:, axis] = number / (len(levels) - 1)
    return found


def pebble(position: Floats, reach: Floats) -> Floats:
    """Return a smooth convex outline (`DIRECTIONS`, 2) round discs, clockwise on the screen.

    The distance to the tangent in each direction is smoothed over directions, which keeps a body convex, and is
    then moved outwards until all discs are inside.
    """
    angle = 2.0 * math.pi * np.arange(DIRECTIONS) / DIRECTIONS
    normal = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    tangent = np.stack([-np.sin(angle), np.cos(angle)], axis=1)
    support = (normal @ position.T + reach).max(axis=1)
    frequency = np.arange(DIRECTIONS // 2 + 1)
    wave = np.fft.rfft(support) * np.exp(-0.5 * (SMOOTHNESS * frequency) ** 2)
    smooth = np.fft.irfft(wave, DIRECTIONS)
    slope = np.fft.irfft(1j * frequency * wave, DIRECTIONS)
    outline: Floats = (smooth + (support - smooth).max())[:, None] * normal + slope[:, None] * tangent
    return np.round(outline, 3)


def disc(position: Floats, radius: Floats) -> Floats:
    """Spread organisations (n, 2) evenly over a disc around 0, each in its direction and order of distance."""
    offset = position - position.mean(axis=0)
    distance = np.round(np.hypot(offset[:, 0], offset[:, 1]), POSITION_DECIMALS)
    order = np.argsort(distance, kind="stable")
    room = (radius[order] + FREE) ** 2
    reach = np.zeros(len(radius))
    reach[order] = np.sqrt((np.cumsum(room) - room / 2.0) / SPREAD)
    angle = np.arctan2(offset[:, 1], offset[:, 0])
    spot = reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return part(spot, radius)


def part(wanted: Floats, radius: Floats) -> Floats:
    """Move each organisation to the free spot nearest to where it should be, the largest first."""
    parted = np.array(wanted)
    order = np.lexsort((np.arange(len(radius)), -np.round(radius, 3)))
    for count, row in enumerate(order.tolist()):
        placed = order[:count]
        apart = radius[placed] + radius[row] + FREE
        parted[row] = wanted[row] + free_step(parted[placed] - wanted[row], apart)
    return parted


def free_step(taken: Floats, apart: Floats) -> Floats:
    """Return the shortest step (2,) on a spiral that keeps the required distances from the positions taken."""
    distance = np.hypot(taken[:, 0], taken[:, 1])
    if (distance >= apart).all():
        return np.zeros(2)
    start = 1
    for end in SPOTS:
        steps = spiral(start, end)
        near = distance < apart + SPOT * math.sqrt(end)
        gap = ((steps[:, None, :] - taken[None, near, :]) ** 2).sum(axis=2)
        free = np.flatnonzero((gap >= apart[near] ** 2).all(axis=1))
        if len(free):
            found: Floats = steps[free[0]]
            return found
        start = end
    raise AssertionError("the spiral reaches farther than the markers of any place")


@lru_cache(maxsize=len(SPOTS))
def spiral(start: int, end: int) -> Floats:
    """Return spots start to end - 1 (n, 2) of a spiral that fills the plane evenly, as seeds in a sunflower."""
    number = np.arange(start, end, dtype=np.float64)
    away, turn = SPOT * np.sqrt(number), number * GOLDEN_ANGLE
    spots = np.stack([away * np.cos(turn), away * np.sin(turn)], axis=1)
    spots.setflags(write=False)
    return spots


def push_apart(on_map: Floats, radius: Floats) -> Floats:
    """Return centres of discs that do not overlap, as near to the map as pushing leaves them."""
    wanted = radius[:, None] + radius[None, :] + BETWEEN
    np.fill_diagonal(wanted, 0.0)
    extent = np.maximum(on_map.max(axis=0) - on_map.min(axis=0), 1e-6)
    stretch = np.array([WIDE, HIGH]) / extent
    stretch = np.minimum(stretch, stretch.min() * LONGEST_STRETCH)
    area = float((extent * stretch).prod())
    stretch *= math.sqrt(STRETCH * float(((2.0 * radius) ** 2).sum()) / area)
    if len(radius) < 3:
        stretch[:] = float(wanted.max()) / float(extent.max())
    home = (on_map - on_map.mean(axis=0)) * stretch
    # Places that share a spot part along the golden angle.
    turn = np.arange(len(radius)) * GOLDEN_ANGLE
    moved = home + 1e-3 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    for round_number in range(ROUNDS):
        east = moved[:, :1] - moved[:, 0]
        south = moved[:, 1:] - moved[:, 1]
        apart = np.maximum(np.sqrt(east * east + south * south), 1e-9)
        share = np.maximum(0.5 * (wanted / apart - 1.0), 0.0)
        push = np.stack([np.einsum("ij,ij->i", share, east), np.einsum("ij,ij->i", share, south)], axis=1)
        pull = PULL * (1.0 - round_number / ROUNDS)
        moved = moved + np.clip(push, -60.0, 60.0) + pull * (home - moved)
    offset = moved[:, None, :] - moved[None, :, :]
    apart = np.sqrt((offset**2).sum(axis=2))
    np.fill_diagonal(apart, 1.0)
    moved = moved * max(1.0, float((wanted / apart).max()))
    centred: Floats = np.round(moved - (moved.min(axis=0) + moved.max(axis=0)) / 2.0, 3)
    return centred


def hidden_pairs(layout: PlaceLayout) -> list[tuple[int, int]]:
    """Return the pairs of organisations whose markers overlap; a layout of `lay_out` has none."""
    from scipy.spatial import cKDTree

    near: NDArray[np.int64] = cKDTree(layout.position).query_pairs(
        2.0 * float(layout.radius.max()), output_type="ndarray"
    )
    gap = np.hypot(*(layout.position[near[:, 0]] - layout.position[near[:, 1]]).T)
    hidden: Integers = near[gap < layout.radius[near].sum(axis=1)]
    return [(int(first), int(second)) for first, second in sorted(map(tuple, hidden.tolist()))]
