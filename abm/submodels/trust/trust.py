"""Trust: it grows slowly with good meetings, breaks faster, and fades without contact.

Trust of both sides of every tie, and the divergence that they perceive (E01, E21, E22).

::

    at the start:
    g = sqrt(a_P) z_place + sqrt(a_J) z_other + sqrt(a_T) z_own,other + sqrt(1 - a_P - a_J - a_T) N^-1(u(FIRST))
    T = Beta(alpha_T, beta_T) quantile of N(g)      [of u(FIRST) where all three shares are 0]

    relation <- t - start of the relation;  start <- t  if S < K
    rule 0:  T <- 1 - (1 - T) (1 - up)^S
             T <- T (1 - down)^(K - S)
    rule 1:  T <- T (1 - down)^(K - S)      if K > S
             T <- max(T, base + (1 - base) (1 - 1 / (f x + 1 - f))),  x = 1 + v relation      if K = S > 0
    rule 2:  T <- T + (1 - (1 - a)^K) (S / K - T)      if K > 0
    T <- base + (T - base) exp(-delta dt)
    T <- T + (reputation - T) (1 - exp(-pull dt))    [only where pull > 0]
    D <- D exp(-xi K)
    D <- D_start + (D - D_start) exp(-zeta dt)

Under rule 0, the default, good meetings count before bad ones. Rule 1 lets trust follow the length of an unbroken
relation, after Klos and Nooteboom (2001), *Journal of Economic Dynamics and Control* 25, 503-526; rule 2 lets it
follow the share of good experience, after Kim (2009), *JASSS* 12(3), 4. Both are simplified to fit the meetings
of this model. The relation is that of this step; an exit ends it in `succession`. Trust on a tie with a closed practice
stays at its base, and third parties do not look at it. Reputation is the mean trust that all its partners had in
the other organisation before this step (Nowak and Sigmund 2005, doi:10.1038/nature04131); it is off by default.

Tests
-----
tests/oracle/test_closed_forms.py : closed forms for a single tie, in both implementations: growth,
    loss, fading, dispelled divergence
tests/unit/test_trust_rules.py : the rules by relation and by adaptation
tests/patterns/test_lever_signs.py : effort, turnover, sessions

Symbols
-------
up : trust.gain
down : trust.loss
delta : trust.decay
base : trust.base
pull : trust.third_party_pull
alpha_T : trust.start_alpha
beta_T : trust.start_beta
a_P : trust.start_place
a_J : trust.start_partner
a_T : trust.start_pair
rule : trust.rule
f : trust.relation_factor
v : trust.relation_pace
a : trust.adaptation
D_start : trust.divergence_start
xi : trust.divergence_contact
zeta : trust.divergence_return
"""

import math

import numpy as np

from abm.core.arithmetic import (
    TILE_ROWS,
    fade,
    find_nonzero,
    row_and_lane,
    sum_moments,
    sum_rows,
    tiled,
)
from abm.core.declaration import Submodel, decision, field, measure, mechanism, start, table, tally
from abm.core.draws import MOST_EVENTS, beta_quantile, beta_table, normal, normal_quantile, uniform
from abm.core.kernels import inlined
from abm.world.place import TIE_KINDS
from abm.world.vocabulary import SIDE, TIE

submodel = Submodel("trust", records="trust.yaml")

FIRST_TRUST = decision("trust.first", number=1)
PAST_OF_PLACE = decision("trust.past_of_place", number=22)
PAST_OF_PARTNER = decision("trust.past_of_partner", number=23)
PAST_OF_PAIR = decision("trust.past_of_pair", number=24)
NO_SEED = np.uint64(0)

ENCOUNTER = 0
RELATION = 1
KIM = 2
CHUNK = 4096
NEGLIGIBLE = 1e-14
"""Variance of trust that is no more than rounding."""
SMALLEST = 2.0**-33
"""The smallest probability that a draw has."""

STATE = (
    field(
        "trust",
        axes=(TIE, SIDE),
        unit="trust",
        low=0,
        high=1,
        definition="Trust of the organisation at this side in the other",
    ),
    field(
        "divergence",
        axes=(TIE,),
        unit="index",
        low=0,
        high=1,
        start="trust.divergence_start",
        definition="Divergence of interests that both sides perceive",
    ),
    field(
        "relation_start",
        axes=(TIE, SIDE),
        unit="years",
        low=0,
        definition="When this side last judged a meeting bad, or a leader left",
    ),
)

trust_quantiles = table("trust_quantiles", beta_table, of=("trust.start_alpha", "trust.start_beta"))


def words_of(kind: str) -> str:
    """Return a kind of tie as measures call it."""
    return kind.replace("_", " " if kind == "local_authority" else "-")


BY_KIND = tuple(f"trust_{kind}" for kind in TIE_KINDS)
MEASURES = (
    measure(
        "trust",
        label="Trust",
        unit="trust",
        low=0,
        high=1,
        definition="Mean trust over both sides of all open ties",
    ),
    *(
        measure(
            f"trust_{kind}",
            label=f"Trust, {words_of(kind)}",
            unit="trust",
            low=0,
            high=1,
            group="Trust by kind of tie",
            definition=f"Mean trust over both sides of open {words_of(kind)} ties; missing where there are none",
        )
        for kind in TIE_KINDS
    ),
    measure(
        "reciprocity",
        label="Reciprocity of trust",
        unit="correlation",
        low=-1,
        high=1,
        definition=(
            "Correlation over ties between the trust of one side and of the other, each pair counted both ways"
        ),
    ),
    measure(
        "divergence",
        label="Perceived divergence",
        unit="index",
        low=0,
        high=1,
        definition="Mean divergence of interests over all ties",
    ),
)


@inlined
def trust_after_meetings(level, kept_by_good, kept_by_bad):
    """Return trust after meetings, the good ones first.

    Parameters
    ----------
    level : float
        Trust T before.
    kept_by_good : float
        (1 - gain)^S, what S good meetings leave of the distance to full trust.
    kept_by_bad : float
        (1 - loss)^(K - S), what the bad ones leave of trust.
    """
    return (1.0 - (1.0 - level) * kept_by_good) * kept_by_bad


@inlined
def trust_after_relation(level, base, years, factor, pace):
    """Return trust after a good meeting in an unbroken relation of some years, after Klos and Nooteboom (2001).

    Equation: max(T, base + (1 - base) (1 - 1 / (f x + 1 - f))) with x = 1 + pace years.
    """
    reach = factor * (1.0 + pace * years) + 1.0 - factor
    return max(level, base + (1.0 - base) * (1.0 - 1.0 / reach))


@inlined
def trust_after_experience(level, good, held, adaptation):
    """Return trust that follows the share of good meetings, after Kim (2009): T + (1 - (1 - a)^K) (S / K - T)."""
    adapted = 1.0 - (1.0 - adaptation) ** held
    return level + adapted * (good / held - level)


@inlined
def trust_after_hearsay(level, reputation, pull):
    """Return trust drawn towards what others think of the partner: T + (reputation - T) pull."""
    gap = reputation - level
    return level + gap * pull


@inlined
def normal_probability(deviate):
    """Return the probability that a standard normal is below a deviate."""
    return 0.5 * math.erfc(-deviate * math.sqrt(0.5))


@inlined
def with_past(own, of_place, of_partner, of_pair, place_share, partner_share, pair_share):
    """Return a standard normal deviate whose variance is divided between a place, a partner, a pair and chance."""
    past = math.sqrt(place_share) * of_place + math.sqrt(partner_share) * of_partner
    rest = 1.0 - place_share - partner_share - pair_share
    return past + math.sqrt(pair_share) * of_pair + math.sqrt(max(rest, 0.0)) * own


@start(writes=("trust",), is_kernel=True)
def first_trust(
    trust,
    seed,
    replicate,
    trust_quantiles,
    tie_ends,
    tie_place,
    organisation_place,
    population,
    traits_draw,
    trust_start_place,
    trust_start_partner,
    trust_start_pair,
):
    """Draw how far everybody trusts at the start.

    Mutates
    -------
    trust (ties, 2, lanes): in [0, 1]
    """
    ties, _, lanes = trust.shape
    for tie in range(ties):
        for side in range(2):
            judge, judged = tie_ends[tie, side], tie_ends[tie, 1 - side]
            here = np.uint64(population[tie_place[tie]])
            home = np.uint64(population[organisation_place[judged]])
            for lane in range(lanes):
                u = uniform(seed[lane], replicate[lane], 0, FIRST_TRUST, 2 * tie + side)
                past = trust_start_place[lane] + trust_start_partner[lane] + trust_start_pair[lane]
                if past > 0.0:
                    draw = np.uint64(traits_draw[lane])
                    deviate = with_past(
                        normal_quantile(u),
                        normal(NO_SEED, draw, here, PAST_OF_PLACE, tie_place[tie]),
                        normal(NO_SEED, draw, home, PAST_OF_PARTNER, judged),
                        normal(NO_SEED, draw, here + np.uint64(judge), PAST_OF_PAIR, judged),
                        trust_start_place[lane],
                        trust_start_partner[lane],
                        trust_start_pair[lane],
                    )
                    u = min(max(normal_probability(deviate), SMALLEST), 1.0 - SMALLEST)
                trust[tie, side, lane] = beta_quantile(u, trust_quantiles, lane)


@mechanism(writes=("trust", "divergence", "relation_start"), is_kernel=True)
def trust(
    trust,
    divergence,
    relation_start,
    meetings,
    good_meetings,
    shut,
    dt,
    years,
    organisation_kind,
    tie_ends,
    trust_gain,
    trust_loss,
    trust_decay,
    trust_base,
    trust_third_party_pull,
    trust_rule,
    trust_relation_factor,
    trust_relation_pace,
    trust_adaptation,
    trust_divergence_start,
    trust_divergence_contact,
    trust_divergence_return,
):
    """Update trust and the age of the relation on both sides of every tie, and the divergence that they perceive.

    Mutates
    -------
    trust (ties, 2, lanes), divergence (ties, lanes): in [0, 1]
    relation_start (ties, 2, lanes): years; when this side last judged a meeting bad; by rule 1
    """
    ties, _, lanes = trust.shape
    organisations = organisation_kind.shape[0]
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
                    level = trust_after_meetings(level, gained[good, lane], lost[held - good, lane])
                elif rule == KIM:
                    level = trust_after_experience(level, good, held, trust_adaptation[lane])
                elif good < held:
                    level *= lost[held - good, lane]
                    start_here[row, side, lane] = years
                else:
                    level = trust_after_relation(
                        level,
                        trust_base[lane],
                        years - start_here[row, side, lane],
                        trust_relation_factor[lane],
                        trust_relation_pace[lane],
                    )
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
                        trust[tie, side, lane] = trust_after_hearsay(
                            trust[tie, side, lane], reputation[other, lane], pulled[lane]
                        )


@tally(fills=("trust", "reciprocity", "divergence"), families={"trust_by_kind": BY_KIND}, is_kernel=True)
def tally_trust(
    fill_trust,
    fill_trust_by_kind,
    fill_reciprocity,
    fill_divergence,
    trust,
    divergence,
    shut,
    kind_start,
    trust_base,
    trust_divergence_start,
):
    """Measure trust and divergence on open ties, in one go over what may be larger than a processor's cache."""
    lanes = trust.shape[2]
    whole = np.zeros(lanes)
    sides = np.zeros(lanes)
    gone = np.zeros(lanes)
    squares = np.zeros(lanes)
    products = np.zeros(lanes)
    every_trust = trust.reshape(-1)
    some = every_trust[: TILE_ROWS * lanes]
    pivot = np.zeros(lanes)
    sum_rows(some, pivot)
    for lane in range(lanes):
        pivot[lane] /= some.size // lanes
    for kind in range(fill_trust_by_kind.shape[0]):
        first, last = kind_start[kind], kind_start[kind + 1]
        total = np.zeros(lanes)
        shut_here = np.zeros(lanes)
        sum_moments(every_trust[2 * first * lanes : 2 * last * lanes], pivot, total, squares, products)
        sum_rows(shut[first:last].reshape(-1), shut_here)
        for lane in range(lanes):
            # On shut ties trust is at its base, so that it can be taken off again by their number.
            total[lane] -= 2.0 * shut_here[lane] * trust_base[lane]
            count = 2.0 * (last - first - shut_here[lane])
            fill_trust_by_kind[kind, lane] = total[lane] / count if count > 0.0 else np.nan
            whole[lane] += total[lane]
            sides[lane] += count
            gone[lane] += 2.0 * shut_here[lane]
    apart = np.zeros(lanes)
    sum_rows(divergence.reshape(-1), apart)
    for lane in range(lanes):
        mean = whole[lane] / sides[lane]
        fill_trust[lane] = mean
        stray = gone[lane] * (trust_base[lane] - pivot[lane]) ** 2
        shift = sides[lane] * (mean - pivot[lane]) ** 2
        variance = squares[lane] - stray - shift
        covariance = 2.0 * products[lane] - stray - shift
        fill_reciprocity[lane] = covariance / variance if variance > NEGLIGIBLE * sides[lane] else np.nan
        open_ties = 0.5 * sides[lane]
        shut_ties = 0.5 * gone[lane]
        fill_divergence[lane] = (apart[lane] - shut_ties * trust_divergence_start[lane]) / open_ties
