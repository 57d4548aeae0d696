"""Find the third parties of every tie: the organisations with which both of its ends deal."""

import numpy as np

from abm.world.place import Integers


def find_thirds(
    ends: Integers, incidence_start: Integers, incidence_tie: Integers
) -> tuple[Integers, Integers]:
    """List the organisations with which both ends of each tie have ties.

    Parameters
    ----------
    ends : (M, 2) int
        Rows of the organisations at the sides of each tie. Of several ties that join one pair the first counts.
    incidence_start : (N+1,) int
    incidence_tie : (2M,) int
        Ties of each organisation, as compressed rows.

    Returns
    -------
    third_start : (M+1,) int
    third_tie : (T, 2) int
        Compressed rows, by tie and third organisation, ascending: the tie of side 0 with the third organisation, and
        that of side 1.
    """
    ties = len(ends)
    organisations = len(incidence_start) - 1
    pairs = np.concatenate([ends[:, 0] * organisations + ends[:, 1], ends[:, 1] * organisations + ends[:, 0]])
    order = np.argsort(pairs, kind="stable")
    pairs, tie_of_pair = pairs[order], order % max(ties, 1)
    degree = np.diff(incidence_start)
    # Whoever the end with fewer ties deals with is looked up among the ties of the other.
    fewer = np.where(degree[ends[:, 0]] <= degree[ends[:, 1]], 0, 1)
    rows = np.arange(ties)
    asked, other = ends[rows, fewer], ends[rows, 1 - fewer]
    counts = degree[asked]
    tie = np.repeat(rows, counts)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    known_by = incidence_tie[np.repeat(incidence_start[asked], counts) + offset]
    third = ends[known_by].sum(axis=1) - asked[tie]
    wanted = other[tie] * organisations + third
    found = np.searchsorted(pairs, wanted)
    found[found == len(pairs)] = 0
    is_shared = pairs[found] == wanted if len(pairs) else np.zeros(0, dtype=bool)
    tie, third, known_by, found = tie[is_shared], third[is_shared], known_by[is_shared], found[is_shared]
    sides = np.stack([known_by, tie_of_pair[found]], axis=1)
    swapped = fewer[tie] == 1
    sides[swapped] = sides[swapped, ::-1]
    _, first = np.unique(tie * organisations + third, return_index=True)
    start = np.concatenate([[0], np.cumsum(np.bincount(tie[first], minlength=ties))])
    return start.astype(np.int64), np.ascontiguousarray(sides[first], dtype=np.int64)
