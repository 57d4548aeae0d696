"""Attention: effort is finite and divides over everybody an organisation deals with.

Effort divides first over the places where an organisation works, then between practices and others, then over
ties (E03; decision 0005).

::

    budget    = E (share of the organisation's work in the place) x part
    part      = g for its ties with practices, 1 - g for its other ties;
                1 where it has only one of the two there, and for a practice
    weight    = need^a1 (nu + T)^a2 (nu + reputation)^a3;  0 on a tie with a closed practice
                x preference of the practice, on a tie of others with it      [approach]
    reputation = mean trust of all its open partners in the other organisation
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
networks changed, where practices came to be approached first, and in every step where `a2` or `a3` is not 0. With
`a3` organisations seek partners whom others trust, as actors in ten estuaries did (Berardo and Scholz 2010,
doi:10.1111/j.1540-5907.2010.00451.x); it is off by default.

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
a3 : attention.popularity_power
nu : attention.trust_floor
"""

import numpy as np

from abm.core.arithmetic import is_any
from abm.core.declaration import Submodel, field, mechanism
from abm.core.kernels import compiled, inlined
from abm.world.kinds import COMMISSIONER_PRACTICE, HOSPITAL_PRACTICE, TO_OTHERS, TO_PRACTICES
from abm.world.vocabulary import SEGMENT, SIDE, TIE

submodel = Submodel("attention", records="attention.yaml")

FROM_OTHERS = (COMMISSIONER_PRACTICE, HOSPITAL_PRACTICE)
"""Ties on which somebody who is no practice, at side 0, deals with a practice."""

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


@inlined
def popularity(reputation, popularity_power, trust_floor):
    """Return how far a partner's reputation multiplies the weight of a tie: (nu + reputation)^a3."""
    return (trust_floor + reputation) ** popularity_power


@compiled
def follow_reputation(attention_weight, trust, shut, tie_ends, popularity_power, trust_floor, organisations):
    """Multiply the weight of every tie by the other organisation's popularity.

    Mutates
    -------
    attention_weight (ties, 2, lanes): weight
    """
    ties, _, lanes = attention_weight.shape
    partners = np.zeros((organisations, lanes))
    reputation = np.zeros((organisations, lanes))
    for tie in range(ties):
        for side in range(2):
            other = tie_ends[tie, 1 - side]
            for lane in range(lanes):
                if shut[tie, lane] == 0:
                    partners[other, lane] += 1.0
                    reputation[other, lane] += trust[tie, side, lane]
    for organisation in range(organisations):
        for lane in range(lanes):
            mean = reputation[organisation, lane] / max(partners[organisation, lane], 1.0)
            reputation[organisation, lane] = popularity(mean, popularity_power[lane], trust_floor[lane])
    for tie in range(ties):
        for side in range(2):
            other = tie_ends[tie, 1 - side]
            for lane in range(lanes):
                attention_weight[tie, side, lane] *= reputation[other, lane]


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
    preference,
    refocused,
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
    leadership_focus,
    attention_need_power,
    attention_trust_power,
    attention_popularity_power,
    attention_trust_floor,
):
    """Divide every organisation's effort over its ties.

    Mutates
    -------
    attention_budget (segments, lanes): contacts a year for one group of ties
    attention_weight (ties, 2, lanes): weight in the group; set at the start, after practices closed, where they came
        to be approached first, and every step where a2 or a3 is not 0
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
    is_popular = is_any(attention_popularity_power)
    follows_trust = is_any(attention_trust_power) or is_popular
    is_refocused = is_any(refocused)
    if step > 0 and not follows_trust and not is_refocused and not is_any(reshaped):
        return
    reshaped[:] = 0.0
    ties = need.shape[0]
    is_focused = is_any(leadership_focus)
    has_powers = is_any(attention_need_power) or is_any(attention_trust_power)
    if follows_trust or is_refocused or step == 0:
        for tie in range(ties):
            for side in range(2):
                for lane in range(lanes):
                    # A power of 0 is 1 to the bit, and takes long.
                    weight = 1.0
                    if has_powers:
                        weight = regard_weight(
                            need[tie],
                            trust[tie, side, lane],
                            attention_need_power[lane],
                            attention_trust_power[lane],
                            attention_trust_floor[lane],
                        )
                    attention_weight[tie, side, lane] = weight if shut[tie, lane] == 0 else 0.0
        if is_popular:
            follow_reputation(
                attention_weight,
                trust,
                shut,
                tie_ends,
                attention_popularity_power,
                attention_trust_floor,
                network.shape[0],
            )
        if is_focused:
            for kind in FROM_OTHERS:
                for tie in range(kind_start[kind], kind_start[kind + 1]):
                    for lane in range(lanes):
                        attention_weight[tie, 0, lane] *= preference[tie_ends[tie, 1], lane]
    is_weighted = has_powers or is_popular or is_focused
    if has_powers or is_popular:
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
        if is_focused:
            # What others give to practices shares no budget with anything else.
            for kind in FROM_OTHERS:
                for tie in range(kind_start[kind], kind_start[kind + 1]):
                    attention_total[segment[tie, 0]] = 0.0
            for kind in FROM_OTHERS:
                for tie in range(kind_start[kind], kind_start[kind + 1]):
                    group = segment[tie, 0]
                    for lane in range(lanes):
                        attention_total[group, lane] += attention_weight[tie, 0, lane]

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
