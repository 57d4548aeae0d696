"""Contract: networks that contract for care raise conflicts of interest, which cost trust."""

from abm.core.arithmetic import chance_within, find_below, row_and_lane
from abm.core.declaration import decision
from abm.core.draws import draw_rows
from abm.core.kernels import inlined
from abm.world.kinds import COMMISSIONER_PRACTICE

CONTRACT = decision("federation.contract", number=14)


@inlined
def kept_in_conflict(loss, governance):
    """Return the share of trust that a contract event leaves: 1 - loss (1 - governance)."""
    return 1.0 - loss * (1.0 - governance)


@inlined
def contract(
    trust,
    network,
    members,
    found,
    contracting,
    first_practice,
    seed,
    replicate,
    step,
    organisation_place,
    practice_start,
    practice_row,
    tie_kind,
    incidence_start,
    incidence_tie,
    contracting_conflict_governance,
    federation_conflict_loss,
):
    """Reduce trust between commissioners and the members of networks under contract.

    Mutates
    -------
    trust (ties, 2, lanes): in [0, 1]
    found: space for flat positions
    """
    organisations, lanes = network.shape
    draws = draw_rows(seed, replicate, step, CONTRACT, first_practice, organisations)
    for event in range(find_below(draws, contracting, found)):
        row, lane = row_and_lane(found[event], lanes)
        label = first_practice + row
        is_network = members[label, lane] > 0.0
        if not is_network or draws[label - first_practice, lane] >= chance_within(contracting[lane], 1.0):
            continue
        kept = kept_in_conflict(federation_conflict_loss[lane], contracting_conflict_governance[lane])
        place = organisation_place[label]
        for entry in range(practice_start[place], practice_start[place + 1]):
            practice = practice_row[entry]
            if network[practice, lane] == label:
                for row in range(incidence_start[practice], incidence_start[practice + 1]):
                    tie = incidence_tie[row]
                    if tie_kind[tie] > COMMISSIONER_PRACTICE:
                        break
                    if tie_kind[tie] == COMMISSIONER_PRACTICE:
                        trust[tie, 0, lane] *= kept
                        trust[tie, 1, lane] *= kept
