"""Errors that say what is wrong, where, which value was found, what is valid and what to do next.

Every fault of a user's input is a `Problem`; all the problems of one input are raised together as one
`InvalidInput`, so that a file need not be repaired one error at a time. The command line turns `InvalidInput`
into exit code 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from abm.texts import visible

NEAREST_CUTOFF = 0.6
"""Similarity, as a share of matching letters, from which a valid name is suggested for an unknown one."""
WORD_CUTOFF = 0.8
"""The same for a part of a valid name, such as 'sustained' of 'sustained_leadership'."""
FEWEST_LETTERS = 4
"""Letters from which a name is compared with parts of valid names."""
MOST_PROBLEMS = 50
"""Problems of one file that are told; who mends those sees the next. More would hide the first, and cost time."""
LIKENESSES_KEPT = 1 << 14
"""Comparisons of two names that are remembered, because a file with faults is checked in several ways."""
LONGEST_NAME = 100
"""Letters up to which a name is compared with others; comparing takes the square of the length."""
LONGEST_MESSAGE = 2_000
"""Most characters of a message; what is quoted in a longer one is no help to anybody."""


class AbmError(Exception):
    """Root of every error that abm raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of an input.

    Attributes
    ----------
    file : str
        File (or command line option) that holds the fault.
    line : int or None
        Line, counted from 1; None if the fault has no line, such as a missing file.
    message : str
        The value found, what is valid, and the next step. Characters that act are written out, here and in `file`.
    """

    file: str
    line: int | None
    message: str

    def __post_init__(self) -> None:
        """Escape control characters, and shorten a message that is too long to read."""
        told = visible(self.message)
        if len(told) > LONGEST_MESSAGE:
            told = f"{told[:LONGEST_MESSAGE]}... ({len(told) - LONGEST_MESSAGE:,} more characters)"
        object.__setattr__(self, "file", visible(self.file))
        object.__setattr__(self, "message", told)

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}  {self.message}"


@dataclass(frozen=True, slots=True)
class Further(Problem):
    """The number of further problems of a file, which are not listed.

    Attributes
    ----------
    count : int
        How many.
    """

    count: int = 0

    @classmethod
    def of(cls, file: str, count: int) -> Further:
        """Count some problems of a file."""
        noun = "problem" if count == 1 else "problems"
        return cls(file, None, f"has {count:,} more {noun}; mend these first", count)


class InvalidInput(AbmError):
    """Report the problems of an input at once.

    Parameters
    ----------
    problems : iterable of Problem
        At least one problem; repeated ones are dropped and the rest kept in order of file and line. Of each file the
        first fifty are kept, and the rest are counted.
    """

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem]) -> None:
        by_file: dict[str, list[Problem]] = {}
        for problem in dict.fromkeys(problems):
            by_file.setdefault(problem.file, []).append(problem)
        self.problems = tuple(problem for file in sorted(by_file) for problem in _first(file, by_file[file]))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[InvalidInput], tuple[tuple[Problem, ...]]]:
        return InvalidInput, (self.problems,)


def _first(file: str, problems: list[Problem]) -> list[Problem]:
    """Return the first problems of a file in the order of its lines, and the number of the others."""
    further = sum(problem.count for problem in problems if isinstance(problem, Further))
    told = [problem for problem in problems if not isinstance(problem, Further)]
    told.sort(key=lambda problem: problem.line or 0)
    further += len(told[MOST_PROBLEMS:])
    return told[:MOST_PROBLEMS] + ([Further.of(file, further)] if further else [])


def nearest(name: str, valid: Iterable[str]) -> str | None:
    """Find the valid name that is nearest to an unknown one.

    Names with dots are compared group with group and last word with last word, so that a shared group alone makes
    none alike, and a name of the same group comes before others.

    Parameters
    ----------
    name : str
        The unknown name.
    valid : iterable of str
        All valid names.

    Returns
    -------
    str or None
        One of the valid names, None if none is near.
    """
    best, nearest_name = 0.0, None
    if len(name) > LONGEST_NAME:
        return None
    for candidate in valid:
        likeness = _likeness(name.lower(), candidate.lower())
        if likeness > best:
            best, nearest_name = likeness, candidate
    return nearest_name


@lru_cache(maxsize=LIKENESSES_KEPT)
def _likeness(name: str, valid: str) -> float:
    """Describe how alike two names are, from 0 to 1; 0 where not enough for a suggestion."""
    group, _, last = name.rpartition(".")
    valid_group, _, valid_last = valid.rpartition(".")
    if not valid_group:
        return _word_likeness(name, valid)
    if not group:
        return max(_word_likeness(name, valid_last), _ratio(name, valid))
    if group == valid_group:
        return _word_likeness(last, valid_last)
    # The right word in another group, or in a group that is misspelt.
    likeness = _word_likeness(last, valid_last)
    if likeness < WORD_CUTOFF:
        return 0.0
    return likeness * (2.0 + difflib.SequenceMatcher(None, group, valid_group).ratio()) / 3.0


def _word_likeness(name: str, valid: str) -> float:
    likeness = _ratio(name, valid)
    if len(name) >= FEWEST_LETTERS:
        parts = (valid[: len(name)], *valid.split("_"))
        part = max(_ratio(name, part, WORD_CUTOFF) for part in parts)
        # A whole name comes before a part that is as near, and the shorter of two names before the longer.
        likeness = max(likeness, part * (0.9 + 0.1 * len(name) / len(valid)) if part >= WORD_CUTOFF else 0.0)
    return min(likeness, 1.0)


def _ratio(name: str, valid: str, cutoff: float = NEAREST_CUTOFF) -> float:
    """Return the share of matching letters, 0 below the cutoff; what cannot reach it is not compared in full."""
    matcher = difflib.SequenceMatcher(None, name, valid)
    if matcher.real_quick_ratio() < cutoff or matcher.quick_ratio() < cutoff:
        return 0.0
    likeness = matcher.ratio()
    return likeness if likeness >= cutoff else 0.0


def hint_among(name: str, valid: Iterable[str], earlier: int) -> str:
    """Suggest a valid name as `did_you_mean` does, but only for problems that are listed.

    Parameters
    ----------
    name : str
        The unknown name.
    valid : iterable of str
        All valid names.
    earlier : int
        Problems found before it.
    """
    return did_you_mean(name, valid) if earlier < MOST_PROBLEMS else "."


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """Suggest the valid name that is nearest to an unknown one.

    Parameters
    ----------
    name : str
        The unknown name.
    valid : iterable of str
        All valid names.

    Returns
    -------
    str
        ``"; did you mean 'NAME'?"``, or ``"."`` if no valid name is near: an end for a sentence that reports
        the unknown name.
    """
    near = nearest(name, valid)
    return f"; did you mean '{near}'?" if near else "."
