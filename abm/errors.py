"""Say what went wrong, where, what was found, what is valid and what to do next.

Every fault of a user's input is a `Problem`; all the problems of one input are raised together as one
`InvalidInput`, so that nobody has to repair a file one error at a time. The command line turns `InvalidInput`
into exit code 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

NEAREST_CUTOFF = 0.6
"""Similarity, as a share of matching letters, from which a valid name is suggested for an unknown one."""


class AbmError(Exception):
    """Be the root of every error that abm raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Hold one fault of an input.

    Attributes
    ----------
    file : str
        File (or command line option) that holds the fault.
    line : int or None
        Line, counted from 1; None if the fault has no line, such as a missing file.
    message : str
        The value found, what is valid, and the next step.
    """

    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}  {self.message}"


class InvalidInput(AbmError):
    """Report every problem of an input at once.

    Parameters
    ----------
    problems : iterable of Problem
        At least one problem; repeated ones are dropped and the rest kept in order of file and line.
    """

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem]) -> None:
        distinct = dict.fromkeys(problems)
        self.problems = tuple(sorted(distinct, key=lambda problem: (problem.file, problem.line or 0)))
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[InvalidInput], tuple[tuple[Problem, ...]]]:
        return InvalidInput, (self.problems,)


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
    near = difflib.get_close_matches(name, list(valid), n=1, cutoff=NEAREST_CUTOFF)
    return f"; did you mean '{near[0]}'?" if near else "."
