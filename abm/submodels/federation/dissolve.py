"""Dissolve: a network left with one member is none."""

import numpy as np

from abm.core.arithmetic import find_nonzero, row_and_lane
from abm.core.kernels import inlined

from .performance import ALONE


@inlined
def dissolve(network, people, members, reshaped, found, organisation_place, practice_start, practice_row):
    """Dissolve networks that are left with one member.

    Mutates
    -------
    network (organisations, lanes): label
    people, members (organisations + 1, lanes): of every network, by label
    reshaped (lanes,): 1 where a network changed
    found: space for flat positions
    """
    organisations, lanes = network.shape
    is_single = np.empty((organisations, lanes), dtype=np.uint8)
    for label in range(organisations):
        for lane in range(lanes):
            is_single[label, lane] = members[label, lane] == 1.0
    for event in range(find_nonzero(is_single, found)):
        label, lane = row_and_lane(found[event], lanes)
        place = organisation_place[label]
        for entry in range(practice_start[place], practice_start[place + 1]):
            if network[practice_row[entry], lane] == label:
                network[practice_row[entry], lane] = ALONE
        people[label, lane] = 0.0
        members[label, lane] = 0.0
        reshaped[lane] = 1.0
