"""Traits: organisations differ for good, in how they judge, how they are judged, what time and what burden they have.

Some organisations are easier to deal with, year after year. Two traits follow the social relations model, in which a
judgement depends on who judges and on who is judged (Kenny 1994, *Interpersonal Perception*, Guilford): openness and
standing. Two act on means: vigour on the time for others, burden on pressure. That practices differ for good is
measured for admissions (Santos, Rice and Gravelle 2020, doi:10.1136/bmjopen-2020-039910: practices that were high in
2004 are high in 2017); how much they differ in the four traits is assumed.

::

    z_X,i      = normal(X; draw, people_home, i)    the same in every run of every policy
    openness_i = s_O z_O,i                          adds to the log-odds that i judges a meeting good
    standing_i = s_S z_S,i                          adds to the log-odds that others judge a meeting with i good
    vigour_i   = exp(s_V z_V,i - s_V^2 / 2)         multiple of capacity for outward contact, 1 on average
    burden_i   = s_B z_B,i                          adds to the pressure to which i tends

Traits belong to the place: the draw does not depend on the seed or the replicate of a run but on the organisation's
row, on the number of people who live in its home place, and on `draw`. Two places therefore have different traits,
and runs that are to meet others set another `draw`.

Tests
-----
tests/unit/test_traits.py : traits stay with the organisation, in every run
tests/patterns/test_network.py : standing makes trust differ by whom it is in

Symbols
-------
s_O : traits.openness
s_S : traits.standing
s_V : traits.vigour
s_B : traits.burden
draw : traits.draw
"""

import math

import numpy as np

from abm.core.declaration import Submodel, decision, field, mechanism
from abm.core.draws import normal
from abm.core.kernels import inlined
from abm.world.vocabulary import ORGANISATION

submodel = Submodel("traits", records="traits.yaml")

OPENNESS = decision("traits.openness", number=18)
STANDING = decision("traits.standing", number=19)
VIGOUR = decision("traits.vigour", number=20)
BURDEN = decision("traits.burden", number=21)
NO_SEED = np.uint64(0)

STATE = (
    field(
        "openness",
        axes=(ORGANISATION,),
        unit="log-odds",
        definition="How much better than average this organisation judges meetings",
    ),
    field(
        "standing",
        axes=(ORGANISATION,),
        unit="log-odds",
        definition="How much better than average others judge meetings with this organisation",
    ),
    field(
        "vigour",
        axes=(ORGANISATION,),
        unit="multiple",
        low=0,
        start=1.0,
        definition="Capacity for outward contact as a multiple of what is usual for the kind and size",
    ),
    field(
        "burden",
        axes=(ORGANISATION,),
        unit="index",
        definition="Pressure that this organisation has for good beyond others",
    ),
)


@inlined
def lasting_vigour(spread, deviate):
    """Return a multiple of capacity that is 1 on average: exp(s_V z - s_V^2 / 2)."""
    return math.exp(spread * deviate - 0.5 * spread * spread)


@mechanism(writes=("openness", "standing", "vigour", "burden"), settles=True, renews=True, is_kernel=True)
def traits(
    openness,
    standing,
    vigour,
    burden,
    step,
    organisation_place,
    population,
    traits_openness,
    traits_standing,
    traits_vigour,
    traits_burden,
    traits_draw,
):
    """Draw how organisations differ for good, at the start and where a run continues under other parameters.

    Mutates
    -------
    openness, standing, vigour, burden (organisations, lanes): log-odds, log-odds, multiple, index
    """
    if step > 0:
        return
    organisations, lanes = openness.shape
    for organisation in range(organisations):
        home = np.uint64(population[organisation_place[organisation]])
        for lane in range(lanes):
            draw = np.uint64(traits_draw[lane])
            openness[organisation, lane] = 0.0
            standing[organisation, lane] = 0.0
            vigour[organisation, lane] = 1.0
            burden[organisation, lane] = 0.0
            if traits_openness[lane] > 0.0:
                openness[organisation, lane] = traits_openness[lane] * normal(
                    NO_SEED, draw, home, OPENNESS, organisation
                )
            if traits_standing[lane] > 0.0:
                standing[organisation, lane] = traits_standing[lane] * normal(
                    NO_SEED, draw, home, STANDING, organisation
                )
            if traits_vigour[lane] > 0.0:
                vigour[organisation, lane] = lasting_vigour(
                    traits_vigour[lane], normal(NO_SEED, draw, home, VIGOUR, organisation)
                )
            if traits_burden[lane] > 0.0:
                burden[organisation, lane] = traits_burden[lane] * normal(
                    NO_SEED, draw, home, BURDEN, organisation
                )
