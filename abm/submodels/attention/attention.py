"""Attention: effort is finite and divides over everybody an organisation deals with.

Effort divides first over the places where an organisation works, then between practices and others, then over
ties (E03; decision 0005).

::

    budget    = E (share of the organisation's work in the place) x part
    part      = g for its ties with practices, 1 - g for its other ties;
                1 where it has only one of the two there, and for a practice
    weight    = need^a1 (nu + T)^a2;  0 on a tie with a closed practice
    counted   = weight / n  where the other end belongs to a network of n practices and the giver is no practice
              = weight      otherwise
    share     = min(1, weight / (sum of counted over the same group of ties));  0 where that sum is 0
    attention = budget x share

To all but practices a network is one counterpart: its n members count as much as one lone practice, and what is
given to one of them reaches all. n counts all members, whether or not the giver has ties to them, and the limit
at 1 keeps a member from getting more than all the giver has. Practices divide their own effort over single
partners.

Work outside the modelled places takes its share of effort with it: a community provider that serves 551,639
people gives South Somerset's 164,000 not quite a third. The reservation binds the others: a practice divides its
own effort over all its ties alike. Shares are computed at the start, in the step after practices closed or
networks changed, and in every step where `a2` is not 0.

Tests
-----
tests/patterns/test_bottleneck.py : the bottleneck of practices
tests/unit/test_federation.py : a network as one counterpart
tests/unit/test_batch.py : shares after a restart
tests/patterns/test_lever_signs.py : `leadership.practice_share`

Symbols
-------
g : leadership.practice_share
a1 : attention.need_power
a2 : attention.trust_power
nu : attention.trust_floor
"""

import numpy as np

from abm.core.arithmetic import is_any
from abm.core.declaration import Submodel, field, mechanism
from abm.core.kernels import inlined
from abm.world.kinds import COMMISSIONER_PRACTICE, HOSPITAL_PRACTICE, TO_OTHERS, TO_PRACTICES
from abm.world.vocabulary import SEGMENT, SIDE, TIE

submodel = Submodel("attention", records="attention.yaml")

STATE = (
    field(
        "attention_weight",
        axes=(TIE, SIDE),
        unit="weight",
        low=0,
        definition="Weight of the tie in this side's attention",
    ),
    field(
        "attention_total",
        axes=(SEGMENT,),
        unit="weight",
        low=0,
        definition="Sum of the weights that share a budget",
    ),
    field(
        "reshaped",
        axes=(),
        unit="0 or 1",
        low=0,
        high=1,
        definition="Whether closures or networks changed since attention was last divided",
    ),
    field(
        "attention_budget",
        axes=(SEGMENT,),
        unit="contacts per year",
        low=0,
        definition="Effort for a group of ties",
        is_carried=False,
    ),
)


@inlined
def regard_weight(need, trust, need_power, trust_power, trust_floor):
    """Return the weight of a tie in the attention of one side: need^a1 (nu + T)^a2."""
    return need**need_power * (trust_floor + trust) ** trust_power


@mechanism(
    writes=("attention_budget", "attention_total", "attention_weight", "reshaped"),
    settles=True,
    renews=True,
    is_kernel=True,
)
def attention(
    attention_budget,
    attention_total,
    attention_weight,
    reshaped,
    effort,
    trust,
    shut,
    open_ties,
    network,
    network_members,
    step,
    tie_ends,
    kind_start,
    practice_row,
    need,
    segment,
    segment_organisation,
    segment_share,
    segment_group,
    leadership_practice_share,
    attention_need_power,
    attention_trust_power,
    attention_trust_floor,
):
    """Divide every organisation's effort over its ties.

    Mutates
    -------
    attention_budget (segments, lanes): contacts a year for one group of ties
    attention_weight (ties, 2, lanes): weight in the group; set at the start, after practices closed, and every step
        where a2 is not 0
    attention_total (segments, lanes): sum of weights of the group; set when weights are, and after networks changed
    reshaped (lanes,): 0 once the totals are set
    """
    segments, lanes = attention_budget.shape
    for group in range(segments):
        organisation = segment_organisation[group]
        for lane in range(lanes):
            reserved = leadership_practice_share[lane]
            part = 1.0
            if segment_group[group] == TO_PRACTICES:
                part = reserved
            elif segment_group[group] == TO_OTHERS:
                part = 1.0 - reserved
            attention_budget[group, lane] = effort[organisation, lane] * segment_share[group] * part
    follows_trust = is_any(attention_trust_power)
    if step > 0 and not follows_trust and not is_any(reshaped):
        return
    reshaped[:] = 0.0
    ties = need.shape[0]
    if follows_trust or step == 0:
        for tie in range(ties):
            for side in range(2):
                for lane in range(lanes):
                    attention_weight[tie, side, lane] = regard_weight(
                        need[tie],
                        trust[tie, side, lane],
                        attention_need_power[lane],
                        attention_trust_power[lane],
                        attention_trust_floor[lane],
                    )
                    if shut[tie, lane] > 0:
                        attention_weight[tie, side, lane] = 0.0
    is_weighted = follows_trust or is_any(attention_need_power)
    if is_weighted:
        attention_total[:] = 0.0
        for tie in range(ties):
            for side in range(2):
                group = segment[tie, side]
                for lane in range(lanes):
                    attention_total[group, lane] += attention_weight[tie, side, lane]
    else:
        for group in range(segments):
            for lane in range(lanes):
                attention_total[group, lane] = open_ties[group, lane]

    # To all but practices a network is one counterpart, so each of its members counts for a part of one. The label of
    # a practice on its own points at the last row, where nothing is saved.
    organisations = network.shape[0]
    saving = np.zeros((organisations + 1, lanes))
    every_saving, every_member = saving.reshape(-1), network_members.reshape(-1)
    for entry in range(every_member.size):
        every_saving[entry] = 1.0 - 1.0 / max(every_member[entry], 1.0)
    shared = np.zeros((organisations, lanes))
    is_shared = np.zeros(organisations, dtype=np.bool_)
    for practice in practice_row:
        for lane in range(lanes):
            shared[practice, lane] = saving[network[practice, lane], lane]
        is_shared[practice] = is_any(shared[practice])
    for kind in (COMMISSIONER_PRACTICE, HOSPITAL_PRACTICE):
        for tie in range(kind_start[kind], kind_start[kind + 1]):
            practice = tie_ends[tie, 1]
            if not is_shared[practice]:
                continue
            group = segment[tie, 0]
            for lane in range(lanes):
                weight = attention_weight[tie, 0, lane] if is_weighted else 1.0 - shut[tie, lane]
                attention_total[group, lane] -= weight * shared[practice, lane]
