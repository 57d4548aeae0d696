"""Moves: some leaders who come are those of a partner organisation, and leave a post behind.

A leader who leaves an organisation other than a practice may be replaced by the leader of one of its partners, who
brings the orientation that they have and, by `succession`, part of their ties. The organisation that they leave
appoints somebody from outside, so that a chain of vacancies has two links here at most.

::

    for every A that is no practice and whose leader left, in the order of rows:
    candidates = ties of A with B, B no practice, whose leader has neither left nor moved in this step
    B          = at the other end of the (1 + floor(u(MOVE_FROM) n))-th of n > 0 candidates
    moves      = n > 0 and u(MOVE) < m
    if so: O_A <- O_B,  O_B <- Beta(alpha_O, beta_O) by u(BEHIND),  tenure of both <- 0,  B's leader has left too

A move takes place within a step, one after the other: nobody moves twice, and a post that a move left empty is filled
from outside. The hazard of `leadership` is divided by 1 + m where leaders may move, so that as many leave as without
moves wherever there is somebody to ask. In 2023 three in five chief executives of trusts were in their first such post
(Health Service Journal, 29 August 2023), so that at most two in five came from another trust's; how many came from a
partner has not been counted.

Tests
-----
tests/unit/test_moves.py : who moves, what goes along, and that turnover stays what it was

Symbols
-------
m : leadership.local_share
alpha_O : leadership.orientation_alpha
beta_O : leadership.orientation_beta
"""

import numpy as np

from abm.core.arithmetic import find_nonzero, is_any, row_and_lane
from abm.core.declaration import Submodel, decision, field, measure, mechanism, tally
from abm.core.draws import beta_quantile, uniform
from abm.core.kernels import compiled, inlined
from abm.world.kinds import PRACTICE
from abm.world.vocabulary import ORGANISATION

submodel = Submodel("moves", records="moves.yaml")

MOVE = decision("leadership.move", number=25)
MOVE_FROM = decision("leadership.move_from", number=26)
BEHIND = decision("leadership.behind", number=27)
NOWHERE = -1

STATE = (
    field(
        "moved_from",
        axes=(ORGANISATION,),
        unit="row",
        low=-1,
        start=-1,
        definition="Organisation that the leader who came in this step led before, -1 if none of the place",
        is_carried=False,
        dtype="int64",
    ),
)

MEASURES = (
    measure(
        "moves",
        label="Leaders who moved within the place",
        unit="number in the month",
        low=0,
        is_flow=True,
        definition="Leaders who went to a partner organisation in the month; they are among those who left",
    ),
)


@inlined
def is_candidate(organisation, lane, exits, organisation_kind):
    """Return whether an organisation has a leader who may move: it is no practice, and nobody left or came."""
    return organisation_kind[organisation] != PRACTICE and exits[organisation, lane] == 0.0


@inlined
def other_end(tie_ends, tie, organisation):
    """Return the organisation at the other end of a tie."""
    return tie_ends[tie, 1] if tie_ends[tie, 0] == organisation else tie_ends[tie, 0]


@compiled
def find_candidate(row, lane, u, exits, tie_ends, incidence_start, incidence_tie, organisation_kind):
    """Return the organisation whose leader may come, each tie as likely as the others, or -1 where there is none."""
    candidates = 0
    for entry in range(incidence_start[row], incidence_start[row + 1]):
        one = other_end(tie_ends, incidence_tie[entry], row)
        candidates += 1 if is_candidate(one, lane, exits, organisation_kind) else 0
    wanted = int(u * candidates)
    for entry in range(incidence_start[row], incidence_start[row + 1]):
        one = other_end(tie_ends, incidence_tie[entry], row)
        if is_candidate(one, lane, exits, organisation_kind):
            if wanted == 0:
                return np.int64(one)
            wanted -= 1
    return np.int64(NOWHERE)


@mechanism(
    writes=("orientation", "tenure", "exits", "moved_from"),
    idle_at_zero="leadership_local_share",
    is_kernel=True,
)
def moves(
    orientation,
    tenure,
    exits,
    moved_from,
    seed,
    replicate,
    step,
    tie_ends,
    incidence_start,
    incidence_tie,
    organisation_kind,
    orientation_quantiles,
    leadership_local_share,
):
    """Fill some of the vacant posts with leaders of partner organisations.

    Mutates
    -------
    orientation, tenure (organisations, lanes): those of the leaders who are there now
    exits (organisations, lanes): 1 also where the leader moved away
    moved_from (organisations, lanes): row of the organisation that a new leader led before, or -1
    """
    moved_from[:] = NOWHERE
    if not is_any(leadership_local_share):
        return
    lanes = exits.shape[1]
    left = np.empty(exits.size, dtype=np.uint32)
    for event in range(find_nonzero(exits, left)):
        row, lane = row_and_lane(left[event], lanes)
        if organisation_kind[row] == PRACTICE:
            continue
        if uniform(seed[lane], replicate[lane], step, MOVE, row) >= leadership_local_share[lane]:
            continue
        u = uniform(seed[lane], replicate[lane], step, MOVE_FROM, row)
        former = find_candidate(
            row, lane, u, exits, tie_ends, incidence_start, incidence_tie, organisation_kind
        )
        if former < 0:
            continue
        v = uniform(seed[lane], replicate[lane], step, BEHIND, former)
        orientation[row, lane] = orientation[former, lane]
        orientation[former, lane] = beta_quantile(v, orientation_quantiles, lane)
        tenure[former, lane] = 0.0
        exits[former, lane] = 1.0
        moved_from[row, lane] = former


@tally(fills=("moves",), is_kernel=True)
def tally_moves(fill_moves, moved_from):
    """Count the leaders who moved."""
    organisations, lanes = moved_from.shape
    fill_moves[:] = 0.0
    for organisation in range(organisations):
        for lane in range(lanes):
            fill_moves[lane] += 1.0 if moved_from[organisation, lane] >= 0 else 0.0
