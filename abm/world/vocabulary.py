"""The words in which submodels speak of places: what state counts, and what parameters are indexed by."""

import dataclasses

from abm.core.vocabulary import Vocabulary
from abm.world.place import ORGANISATION_KINDS, TIE_KINDS, Floats, Integers, Place

ORGANISATION = "organisation"
ACUTE_PROVIDER = "acute provider"
TIE = "tie"
SIDE = "side"
PLACE = "place"
SEGMENT = "attention segment"
KIND = "kind of organisation"

AXES = (ORGANISATION, ACUTE_PROVIDER, TIE, SIDE, PLACE, SEGMENT, KIND)
INDICES = {"organisation_kind": ORGANISATION_KINDS, "tie_kind": TIE_KINDS}

VOCABULARY = Vocabulary(
    AXES,
    INDICES,
    tuple(field.name for field in dataclasses.fields(Place) if field.type in (Floats, Integers)),
)
"""The words of every place."""
