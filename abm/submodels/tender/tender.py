"""Tender: what partners do together may have to be put out to competition among them.

An exposed arrangement may have to be put out to tender, which sets its partners against each other and takes
time (E07).

::

    hazard   = t C
    tendered = exposed and delay = 0 after this step's challenge and u(TENDER) < 1 - exp(-hazard dt)
    tendered:  T <- T (1 - kappa_t) of the provider in its commissioner on commissioner_acute and commissioner_community
                                     ties, and on both sides of acute_acute and acute_community ties, of the place
               delay <- duration

Outsiders bring a challenge and commissioners call a tender: it costs them no trust in their providers. Protected
dialogue lets partners plan beside a tender, so it lowers the chance of a challenge and not of a tender;
proportionate rules (a higher threshold) spare small arrangements both. A suspended arrangement is not tendered
again. Contracts of practices alone, and of their networks, are not tendered. The default rate, a tender in seven
years at a strictness of 0.7, is assumed and high: of 3,494 contracts awarded from April 2013 to August 2014, 195 (6%)
went by competitive tender (Iacobucci 2014, doi:10.1136/bmj.g7606), and commissioners seldom tendered major services
(Allen and others 2017, doi:10.1136/bmjopen-2016-011745). A quarter of it, 0.05 C a year, is as defensible.

Tests
-----
tests/unit/test_tender.py : rate, who loses trust, suspension, threshold
tests/patterns/test_lever_signs.py : `competition.tender_rate`

Symbols
-------
t : competition.tender_rate
kappa_t : tender.trust_loss
duration : tender.duration
"""

from abm.core.arithmetic import chance_within, count_nonzero
from abm.core.declaration import Submodel, decision, field, measure, mechanism, tally
from abm.core.draws import uniform
from abm.core.kernels import inlined
from abm.world.kinds import ACUTE_COMMUNITY, COMMISSIONER_COMMUNITY, COMMISSIONER_PRACTICE
from abm.world.vocabulary import PLACE

submodel = Submodel("tender", records="tender.yaml")

TENDER = decision("tender", number=16)

STATE = (
    field(
        "tendered",
        axes=(PLACE,),
        unit="0 or 1",
        low=0,
        high=1,
        definition="Whether a tender began in this step",
        is_carried=False,
    ),
)

MEASURES = (
    measure(
        "tenders",
        label="Tenders",
        unit="number in the month",
        low=0,
        is_flow=True,
        definition="Joint arrangements put out to tender in the month",
    ),
)


@inlined
def tender_hazard(rate, strictness):
    """Return the yearly rate of tenders: t C."""
    return rate * strictness


@mechanism(writes=("trust", "tendered", "delay"), is_kernel=True)
def tender(
    trust,
    tendered,
    delay,
    exposed,
    seed,
    replicate,
    step,
    dt,
    tie_kind,
    tie_place,
    competition_strictness,
    competition_tender_rate,
    tender_trust_loss,
    tender_duration,
):
    """Tender joint arrangements that stand or form, and suspend them meanwhile.

    Mutates
    -------
    trust (ties, 2, lanes): in [0, 1]
    tendered (places, lanes): 1 where a tender began in this step, else 0
    delay (places, lanes): years for which the arrangement is suspended
    """
    places, lanes = delay.shape
    is_any = False
    for place in range(places):
        for lane in range(lanes):
            tendered[place, lane] = 0.0
            if exposed[place, lane] == 0.0 or delay[place, lane] > 0.0:
                continue
            hazard = tender_hazard(competition_tender_rate[lane], competition_strictness[lane])
            if uniform(seed[lane], replicate[lane], step, TENDER, place) < chance_within(hazard, dt):
                tendered[place, lane] = 1.0
                delay[place, lane] = tender_duration[lane]
                is_any = True
    if not is_any:
        return
    # Ties are sorted by kind, and those with practices at one end stand among and after these.
    for tie in range(tie_kind.shape[0]):
        kind = tie_kind[tie]
        if kind > ACUTE_COMMUNITY:
            break
        if kind == COMMISSIONER_PRACTICE:
            continue
        place = tie_place[tie]
        # Ends are sorted as kinds of organisation are, so that a provider is at side 0 of a tie with a commissioner.
        sides = 1 if kind <= COMMISSIONER_COMMUNITY else 2
        for side in range(sides):
            for lane in range(lanes):
                trust[tie, side, lane] *= 1.0 - tendered[place, lane] * tender_trust_loss[lane]


@tally(fills=("tenders",), is_kernel=True)
def tally_tenders(fill_tenders, tendered):
    """Count the arrangements that were put out to tender."""
    count_nonzero(tendered, fill_tenders)
