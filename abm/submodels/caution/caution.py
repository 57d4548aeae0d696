"""Caution: where neither challenge nor tender comes, places learn to fear the rules less.

Commissioners began by taking the rules of 2012 literally, found them unclear and then mostly planned major changes
together with their providers (Allen and others 2017, doi:10.1136/bmjopen-2016-011745). A place may therefore feel the
barrier less the longer neither a challenge nor a tender strikes, and more after one. Off by default, when
everybody always feels the rules as they are written.

::

    caution <- caution exp(-v dt)
    caution <- caution + (1 - caution) jump        where a challenge or a tender came in this step

Caution starts at 1 and stays there where l = 0. That outsiders learn whom to challenge is left out: no source was
found for it.

Tests
-----
tests/unit/test_caution.py : fading, what brings caution back, none where nobody learns

Symbols
-------
v : caution.fading
jump : caution.jump
l : caution.weight
"""

import math

from abm.core.arithmetic import is_any
from abm.core.declaration import Submodel, field, mechanism
from abm.core.kernels import inlined
from abm.world.vocabulary import PLACE

submodel = Submodel("caution", records="caution.yaml")

STATE = (
    field(
        "caution",
        axes=(PLACE,),
        unit="index",
        low=0,
        high=1,
        start=1.0,
        definition="How far the place fears a challenge or a tender",
    ),
)


@inlined
def alarmed(caution, jump):
    """Return caution after a challenge or a tender: caution + (1 - caution) jump."""
    return caution + (1.0 - caution) * jump


@mechanism(writes=("caution",), idle_at_zero="caution_weight", is_kernel=True)
def caution(caution, challenged, tendered, dt, caution_weight, caution_fading, caution_jump):
    """Update how far places fear the rules.

    Mutates
    -------
    caution (places, lanes): index, 0 to 1
    """
    if not is_any(caution_weight):
        return
    places, lanes = caution.shape
    for lane in range(lanes):
        if caution_weight[lane] > 0.0:
            kept = math.exp(-caution_fading[lane] * dt)
            for place in range(places):
                caution[place, lane] *= kept
                if challenged[place, lane] > 0.0 or tendered[place, lane] > 0.0:
                    caution[place, lane] = alarmed(caution[place, lane], caution_jump[lane])
