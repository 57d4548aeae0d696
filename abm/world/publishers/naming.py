"""Readable names of organisations and places."""

import re
from collections.abc import Sequence

from abm.world.publishers.publications import Publications

NAME_ENDS = re.compile(r"^NHS | (CCG|ICB)( - \w+)?$| INTEGRATED CARE BOARD.*$| CLINICAL COMMISSIONING GROUP$")
SMALL_WORDS = {"And": "and", "Of": "of", "The": "the", "On": "on", "In": "in", "Upon": "upon", "Nhs": "NHS"}
NAMES_IN_LABEL = 3


def readable(name: str) -> str:
    """Return a name in capitals as it is written."""
    words = [SMALL_WORDS.get(word, word) for word in name.title().replace("'S", "'s").split()]
    return " ".join([words[0][0].upper() + words[0][1:], *words[1:]]) if words else ""


def provider_name(data: Publications, code: str) -> str:
    """Return a provider's name, its code where no table has it."""
    body = data.providers.get(code)
    return readable(body.name) if body is not None and body.name else code


def place_names(data: Publications, chosen: Sequence[str]) -> list[str]:
    """Return names of places after their commissioners; of equal ones, with the code."""
    names = []
    for code in chosen:
        body = data.commissioners.get(code)
        name = body.name if body is not None else ""
        while name != (shorter := NAME_ENDS.sub("", name)):
            name = shorter
        names.append(readable(name) or code)
    return [
        name if names.count(name) == 1 else f"{name} ({code})"
        for name, code in zip(names, chosen, strict=True)
    ]


def label_of(names: Sequence[str]) -> str:
    """Return a label: the names of a few places, the number of many."""
    if len(names) <= NAMES_IN_LABEL:
        return ", ".join(names)
    return f"{len(names)} commissioners"
