"""Every parameter says what its number rests on, in words of its own."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

import pytest

from abm.submodels.quantities import parameters

CODE = re.compile(r"^Assum(?:ed|ption)\b(?: [A-Z]\d+)?[\s:,.]*")
CLAUSE = re.compile(r"[;:]\s+|,\s+(?=so that|as )")
LEAST_WORDS = 2
CLAUSE_WORDS = 4
MOST_SHARED = 2
"""Parameters that may share a clause, as the two shapes of one distribution do."""
SHARED = {
    "Chosen so that the calibration targets hold (docs/CALIBRATION.md)": "what tuned parameters have in common",
    "its size rests on no source.": "an admission, beside a reason",
    "the size rests on no source.": "an admission, beside a reason",
    "the size rests on no measurement.": "an admission, beside a reason",
    "another value could be made good by goodwill.": "what the three references have in common",
}


def own_words(source: str) -> str:
    """Return what a source says beside the name of the assumption and what several sources have in common."""
    said = CODE.sub("", source)
    for clause in SHARED:
        said = said.replace(clause, "")
    return said.strip(" ;,")


def bare(sources: Mapping[str, str]) -> dict[str, str]:
    """Return the sources that say nothing beside a code, or beside what others say too."""
    return {name: text for name, text in sources.items() if len(own_words(text).split()) < LEAST_WORDS}


def repeated(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the clauses that stand for more parameters than are likely to rest on the same."""
    users: dict[str, list[str]] = defaultdict(list)
    for name, text in sources.items():
        for clause in CLAUSE.split(own_words(text)):
            if len(clause.split()) >= CLAUSE_WORDS:
                users[clause].append(name)
    return {clause: names for clause, names in users.items() if len(names) > MOST_SHARED}


def sources() -> dict[str, str]:
    return {name: parameter.source for name, parameter in parameters().items()}


def test_no_source_is_a_bare_code() -> None:
    assert bare(sources()) == {}


def test_no_source_is_the_same_phrase_for_many_parameters() -> None:
    assert repeated(sources()) == {}
    texts = list(sources().values())
    assert {text for text in texts if texts.count(text) > 1} == set()


def test_what_sources_may_share_is_said_by_more_than_one() -> None:
    assert all(sum(clause in text for text in sources().values()) > 1 for clause in SHARED)


def test_a_parameter_says_that_it_is_tuned_exactly_if_it_is() -> None:
    said = {
        name
        for name, parameter in parameters().items()
        if re.search(r"^Chosen so that the calibration|, chosen so that", parameter.source)
    }
    assert said == {name for name, parameter in parameters().items() if parameter.tuned}


@pytest.mark.parametrize(
    "source",
    ["Assumption F2.", "Assumed.", "Chosen so that the calibration targets hold (docs/CALIBRATION.md)."],
)
def test_a_bare_code_is_found(source: str) -> None:
    assert bare({"trust.gain": source})


def test_a_phrase_that_many_share_is_found() -> None:
    phrase = "Assumed: the order of magnitude of a first draft of this model."
    assert repeated(dict.fromkeys(("a.one", "a.two", "a.three"), phrase))
    assert repeated({name: f"{phrase[:-1]}; for {name} alone." for name in ("a.one", "a.two", "a.three")})
