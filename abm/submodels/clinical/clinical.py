"""Clinical: partners of some practices sit where commissioners and boards decide, as clinical leaders.

Commissioners of 2013 had 6.7 general practitioners each in executive posts (Iacobucci 2013, doi:10.1136/bmj.f1569), and
half of Symphony's programme board came from practices. A seat brings a practice meetings that others do not have, and
by `talk` what passes there may reach its neighbours. Dutch urban networks with people who span boundaries have more
trust (van Meerkerk and Edelenbos 2014, doi:10.1007/s11077-013-9181-2); nobody has measured it for practices.

::

    seat_k = 1 for the floor(S) open practices of every place with most open neighbours, by row where alike
    K      <- min(K + k_S, 63) on the open ties of k with commissioners, and with hospitals and community providers
              while a board stands in the place of the tie     [board of the step before]
    k_S    = smallest k with u(SEAT) < Poisson cdf(k; l_S seat_k dt)

Meetings of a seat need no attention and meet no barrier of competition, since the practice is there as a member. GPs
who buy and provide have a conflict of interest, which `federation` treats where they hold a contract.

Tests
-----
tests/unit/test_clinical.py : who sits, and with whom they meet
tests/patterns/test_lever_signs.py : clinical leaders

Symbols
-------
S : convening.clinical_leaders
l_S : clinical.contacts
"""

import math

import numpy as np

from abm.core.arithmetic import is_any
from abm.core.declaration import Submodel, decision, field, mechanism
from abm.core.draws import MOST_EVENTS, poisson_quantile, uniform
from abm.core.kernels import compiled
from abm.world.kinds import COMMISSIONER_PRACTICE, HOSPITAL_PRACTICE, PRACTICE_PRACTICE
from abm.world.vocabulary import ORGANISATION

submodel = Submodel("clinical", records="clinical.yaml")

SEAT = decision("clinical.meetings", number=28)

STATE = (
    field(
        "seat",
        axes=(ORGANISATION,),
        unit="0 or 1",
        low=0,
        high=1,
        definition="Whether a partner of the practice sits on the governing body of its commissioner",
        is_carried=False,
    ),
)


@compiled
def fill_seats(
    seat, list_size, shut, practice_start, practice_row, tie_ends, kind_start, convening_clinical_leaders
):
    """Set who sits: in each place the open practices with most open neighbours, of those alike the first by row."""
    organisations, lanes = seat.shape
    seat[:] = 0.0
    neighbours = np.zeros((organisations, lanes))
    for tie in range(kind_start[PRACTICE_PRACTICE], kind_start[PRACTICE_PRACTICE + 1]):
        one, other = tie_ends[tie, 0], tie_ends[tie, 1]
        for lane in range(lanes):
            is_open = 1.0 - shut[tie, lane]
            neighbours[one, lane] += is_open
            neighbours[other, lane] += is_open
    most = np.empty(lanes)
    best = np.empty(lanes, dtype=np.int64)
    for place in range(practice_start.size - 1):
        rows = practice_row[practice_start[place] : practice_start[place + 1]]
        for rank in range(min(int(convening_clinical_leaders.max()), rows.size)):
            most[:] = -1.0
            best[:] = -1
            for practice in rows:
                for lane in range(lanes):
                    is_free = list_size[practice, lane] > 0.0 and seat[practice, lane] == 0.0
                    is_better = is_free and neighbours[practice, lane] > most[lane]
                    most[lane] = neighbours[practice, lane] if is_better else most[lane]
                    best[lane] = practice if is_better else best[lane]
            for lane in range(lanes):
                if rank < int(convening_clinical_leaders[lane]) and best[lane] >= 0:
                    seat[best[lane], lane] = 1.0


@mechanism(writes=("seat", "meetings"), idle_at_zero="convening_clinical_leaders", is_kernel=True)
def clinical(
    seat,
    meetings,
    board,
    shut,
    list_size,
    seed,
    replicate,
    step,
    dt,
    practice_start,
    practice_row,
    tie_ends,
    tie_place,
    kind_start,
    convening_clinical_leaders,
    clinical_contacts,
):
    """Assign seats to the best connected practices of every place, and draw the meetings that the seats bring.

    Mutates
    -------
    seat (organisations, lanes): 1 where a practice has a seat, else 0
    meetings (ties, lanes): number in this step, at most 63
    """
    seat[:] = 0.0
    if not is_any(convening_clinical_leaders):
        return
    fill_seats(
        seat,
        list_size,
        shut,
        practice_start,
        practice_row,
        tie_ends,
        kind_start,
        convening_clinical_leaders,
    )
    for kind in (COMMISSIONER_PRACTICE, HOSPITAL_PRACTICE):
        for tie in range(kind_start[kind], kind_start[kind + 1]):
            practice, place = tie_ends[tie, 1], tie_place[tie]
            for lane in range(seat.shape[1]):
                sits = seat[practice, lane] > 0.0 and shut[tie, lane] == 0
                if sits and (kind == COMMISSIONER_PRACTICE or board[place, lane] > 0.0):
                    mean = clinical_contacts[lane] * dt
                    u = uniform(seed[lane], replicate[lane], step, SEAT, tie)
                    more = poisson_quantile(u, mean, math.exp(-mean))
                    meetings[tie, lane] = min(meetings[tie, lane] + more, MOST_EVENTS)
