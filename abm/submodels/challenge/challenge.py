"""Challenge: under strict competition rules a joint arrangement can be taken to review.

An exposed arrangement may be challenged by outsiders, which costs trust and suspends it (E07).

::

    hazard     = c C (1 - X)
    challenged = exposed and u(CHALLENGE) < 1 - exp(-hazard dt)
    challenged:  T <- T (1 - kappa_c)  on both sides of commissioner_acute and commissioner_community ties of the place
                 delay <- max(delay, -tau log u(CHALLENGE_DELAY))

Tests
-----
tests/patterns/test_lever_signs.py : `competition.challenge_rate`

Symbols
-------
c : competition.challenge_rate
kappa_c : challenge.trust_loss
tau : challenge.delay
"""

import math

from abm.core.arithmetic import chance_within, count_nonzero
from abm.core.declaration import Submodel, decision, field, measure, mechanism, tally
from abm.core.draws import uniform
from abm.core.kernels import inlined
from abm.world.kinds import COMMISSIONER_COMMUNITY
from abm.world.vocabulary import PLACE

submodel = Submodel("challenge", records="challenge.yaml")

CHALLENGE = decision("challenge", number=9)
DELAY = decision("challenge.delay", number=10)

STATE = (
    field(
        "challenged",
        axes=(PLACE,),
        unit="0 or 1",
        low=0,
        high=1,
        definition="Whether a challenge came in this step",
        is_carried=False,
    ),
)

MEASURES = (
    measure(
        "challenges",
        label="Challenges",
        unit="number in the month",
        low=0,
        is_flow=True,
        definition="Joint arrangements challenged in the month",
    ),
)


@inlined
def challenge_hazard(rate, strictness, dialogue_protection):
    """Return the yearly rate of challenges: c C (1 - X)."""
    return rate * (strictness * (1.0 - dialogue_protection))


@mechanism(writes=("trust", "challenged", "delay"), is_kernel=True)
def challenge(
    trust,
    challenged,
    delay,
    exposed,
    seed,
    replicate,
    step,
    dt,
    tie_kind,
    tie_place,
    competition_strictness,
    competition_dialogue_protection,
    competition_challenge_rate,
    challenge_trust_loss,
    challenge_delay,
):
    """Challenge joint arrangements that stand or form, and delay them.

    Mutates
    -------
    trust (ties, 2, lanes): in [0, 1]
    challenged (places, lanes): 1 where a challenge came in this step, else 0
    delay (places, lanes): years for which the arrangement is suspended
    """
    places, lanes = delay.shape
    for place in range(places):
        for lane in range(lanes):
            challenged[place, lane] = 0.0
            if exposed[place, lane] == 0.0:
                continue
            hazard = challenge_hazard(
                competition_challenge_rate[lane],
                competition_strictness[lane],
                competition_dialogue_protection[lane],
            )
            if uniform(seed[lane], replicate[lane], step, CHALLENGE, place) < chance_within(hazard, dt):
                challenged[place, lane] = 1.0
                u = uniform(seed[lane], replicate[lane], step, DELAY, place)
                delay[place, lane] = max(delay[place, lane], -challenge_delay[lane] * math.log(u))
    # Ties are sorted by kind, and those between commissioners and providers come first.
    for tie in range(tie_kind.shape[0]):
        if tie_kind[tie] > COMMISSIONER_COMMUNITY:
            break
        place = tie_place[tie]
        for side in range(2):
            for lane in range(lanes):
                trust[tie, side, lane] *= 1.0 - challenged[place, lane] * challenge_trust_loss[lane]


@tally(fills=("challenges",), is_kernel=True)
def tally_challenges(fill_challenges, challenged):
    """Count the arrangements that were challenged."""
    count_nonzero(challenged, fill_challenges)
