"""Trust: it grows slowly with good meetings, breaks faster, and fades without contact."""

import math
from typing import Any

import numpy as np

from abm.draws import MOST_EVENTS
from abm.mechanisms.arithmetic import TILE_ROWS, fade, find_nonzero, row_and_lane, tiled
from abm.mechanisms.mechanism import mechanism

ENCOUNTER = 0
RELATION = 1
KIM = 2
CHUNK = 4096


@mechanism(writes=("trust", "divergence", "relation_start"))
def trust(
    trust: Any,
    divergence: Any,
    relation_start: Any,
    meetings: Any,
    good_meetings: Any,
    exits: Any,
    shut: Any,
    dt: Any,
    years: Any,
    tie_ends: Any,
    incidence_start: Any,
    incidence_tie: Any,
    trust_gain: Any,
    trust_loss: Any,
    trust_decay: Any,
    trust_base: Any,
    trust_kept_by_successor: Any,
    trust_kept_by_partner: Any,
    trust_third_party_pull: Any,
    trust_rule: Any,
    trust_relation_factor: Any,
    trust_relation_pace: Any,
    trust_adaptation: Any,
    trust_divergence_start: Any,
    trust_divergence_contact: Any,
    trust_divergence_return: Any,
) -> None:
    """Update trust and the age of the relation on both sides of every tie, and the divergence that they perceive.

    Equations, with S good meetings of K, and x = 1 + pace (t - relation start)::

        relation start = t where S < K, and where either leader left; by rule 1 only
        rule 0 (encounter)       T = 1 - (1 - T) (1 - gain)^S, then T (1 - loss)^(K - S)
        rule 1 (Klos-Nooteboom)  T = T (1 - loss)^(K - S) after a bad meeting, else after a good one
                                 max(T, base + (1 - base) (1 - 1 / (f x + 1 - f)))
        rule 2 (Kim)             T = T + (1 - (1 - a)^K) (S / K - T)
        T = base + (T - base) exp(-decay dt)
        T = T + (reputation - T) (1 - exp(-pull dt))       where there is a third-party pull
        T = base + kept_by_successor (T - base)            when the own leader left
        T = base + kept_by_partner (T - base)              when the other's leader left
        D = D exp(-xi K), then back towards its start at a slow rate

    Nobody meets a closed practice, and third parties do not look at its ties.

    Mutates
    -------
    trust (ties, 2, lanes), divergence (ties, lanes): in [0, 1]
    relation_start (ties, 2, lanes): years; when this side last judged a meeting bad, or a leader left; by rule 1

    Sources: E01 (KF15), E21 and E22 (NHE14); third parties after Nowak and Sigmund (2005); rules 1 and 2 after Klos and
    Nooteboom (2001, JEDC 25, 503-526) and Kim (2009, JASSS 12(3), 4).
    """
    ties, _, lanes = trust.shape
    organisations = exits.shape[0]
    events = MOST_EVENTS + 1
    gained = np.empty((events, lanes))
    lost = np.empty((events, lanes))
    dispelled = np.empty((events, lanes))
    kept = np.empty(lanes)
    returned = np.empty(lanes)
    pulled = np.empty(lanes)
    is_pulled = False
    for lane in range(lanes):
        gained[0, lane] = 1.0
        lost[0, lane] = 1.0
        for number in range(1, events):
            gained[number, lane] = gained[number - 1, lane] * (1.0 - trust_gain[lane])
            lost[number, lane] = lost[number - 1, lane] * (1.0 - trust_loss[lane])
        for number in range(events):
            dispelled[number, lane] = math.exp(-trust_divergence_contact[lane] * number)
        kept[lane] = math.exp(-trust_decay[lane] * dt)
        returned[lane] = math.exp(-trust_divergence_return[lane] * dt)
        pulled[lane] = 1.0 - math.exp(-trust_third_party_pull[lane] * dt)
        is_pulled = is_pulled or pulled[lane] > 0.0

    reputation = np.zeros((organisations if is_pulled else 0, lanes))
    if is_pulled:
        partners = np.zeros((organisations, lanes))
        for tie in range(ties):
            for side in range(2):
                other = tie_ends[tie, 1 - side]
                for lane in range(lanes):
                    if shut[tie, lane] == 0:
                        partners[other, lane] += 1.0
                        reputation[other, lane] += trust[tie, side, lane]
        for organisation in range(organisations):
            for lane in range(lanes):
                reputation[organisation, lane] /= max(partners[organisation, lane], 1.0)

    # Only on ties that met does anything happen but fading, so they come first and one by one.
    every_base, every_kept = tiled(trust_base), tiled(kept)
    every_start, every_returned = tiled(trust_divergence_start), tiled(returned)
    rows = max(CHUNK // lanes // TILE_ROWS, 1) * TILE_ROWS
    met = np.empty(rows * lanes, dtype=np.uint32)
    for first in range(0, ties, rows):
        last = min(first + rows, ties)
        held_here, good_here = meetings[first:last], good_meetings[first:last]
        level_here, divergence_here = trust[first:last], divergence[first:last]
        start_here = relation_start[first:last]
        for event in range(find_nonzero(held_here, met)):
            row, lane = row_and_lane(met[event], lanes)
            held = held_here[row, lane]
            rule = trust_rule[lane]
            for side in range(2):
                good = good_here[row, side, lane]
                level = level_here[row, side, lane]
                if rule == ENCOUNTER:
                    level = (1.0 - (1.0 - level) * gained[good, lane]) * lost[held - good, lane]
                elif rule == KIM:
                    adapted = 1.0 - (1.0 - trust_adaptation[lane]) ** held
                    level += adapted * (good / held - level)
                elif good < held:
                    level *= lost[held - good, lane]
                    start_here[row, side, lane] = years
                else:
                    length = years - start_here[row, side, lane]
                    factor = trust_relation_factor[lane]
                    reach = factor * (1.0 + trust_relation_pace[lane] * length) + 1.0 - factor
                    base = trust_base[lane]
                    level = max(level, base + (1.0 - base) * (1.0 - 1.0 / reach))
                level_here[row, side, lane] = level
            divergence_here[row, lane] *= dispelled[held, lane]
        fade(level_here.reshape(-1), every_base, every_kept)
        fade(divergence_here.reshape(-1), every_start, every_returned)

    if is_pulled:
        for tie in range(ties):
            for side in range(2):
                other = tie_ends[tie, 1 - side]
                for lane in range(lanes):
                    if shut[tie, lane] == 0:
                        gap = reputation[other, lane] - trust[tie, side, lane]
                        trust[tie, side, lane] += gap * pulled[lane]

    left = np.empty(exits.size, dtype=np.uint32)
    for event in range(find_nonzero(exits, left)):
        leaver, lane = row_and_lane(left[event], lanes)
        base = trust_base[lane]
        by_successor, by_partner = trust_kept_by_successor[lane], trust_kept_by_partner[lane]
        for entry in range(incidence_start[leaver], incidence_start[leaver + 1]):
            tie = incidence_tie[entry]
            is_first = tie_ends[tie, 0] == leaver
            gap = trust[tie, 0, lane] - base
            trust[tie, 0, lane] = base + gap * (by_successor if is_first else by_partner)
            gap = trust[tie, 1, lane] - base
            trust[tie, 1, lane] = base + gap * (by_partner if is_first else by_successor)
            if trust_rule[lane] == RELATION:
                relation_start[tie, 0, lane] = years
                relation_start[tie, 1, lane] = years
