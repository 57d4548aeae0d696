"""Say why a run failed, in words that can be kept whatever the model raised.

A model of others may raise anything: an exit, an interrupt, an error whose text cannot be encoded or whose ``__str__``
fails. What is kept is text alone, bounded in length, so that a table can hold it and nothing of the model stays alive.
"""

import traceback
from dataclasses import dataclass

from abm.errors import AbmError

MOST_CHARACTERS = 10_000
"""Longest message or trace that is kept, characters; of longer ones the beginning and the end."""
PRINTED_HEADING = "the model printed, at the end:"


@dataclass(frozen=True)
class RunFailure:
    """Why a run failed.

    Attributes
    ----------
    message : str
        The error.
    trace : str
        Modules and lines that led to it, one a line, and what the model printed; no path of a machine.
    """

    message: str
    trace: str


class ModelFailure(AbmError):
    """Report that a model of others failed, by whatever it raised, as text alone.

    Parameters
    ----------
    message : str
        What it raised.
    trace : str
        Modules and lines that led to it, and what was printed.
    where : str
        Module and line that raised it.
    """

    def __init__(self, message: str, trace: str, where: str = "") -> None:
        super().__init__(message, trace, where)
        self.message, self.trace, self.where = message, trace, where

    def __str__(self) -> str:
        return self.message

    @classmethod
    def of(cls, error: BaseException, printed: str = "", folder: str = "") -> "ModelFailure":
        """Turn what a model raised into text.

        Parameters
        ----------
        error : BaseException
            Anything.
        printed : str
            The end of what the model printed.
        folder : str
            Folder of this machine that is written as ``.``, because results travel.
        """
        message, frames = words_of(error), _frames(error)
        printed = kept_text(printed).strip()
        trace = "\n".join([*frames, message, *([PRINTED_HEADING, printed] if printed else ())])
        if folder:
            message, trace = message.replace(folder, "."), trace.replace(folder, ".")
        return cls(message, kept_text(trace), frames[-1].partition(" ")[0] if frames else "")


def failure_of(error: BaseException) -> RunFailure:
    """Return why a run failed: the error, and the modules and lines that led to it."""
    if isinstance(error, ModelFailure):
        return RunFailure(error.message, error.trace)
    message = words_of(error)
    return RunFailure(message, kept_text("\n".join([*_frames(error), message])))


def words_of(error: BaseException) -> str:
    """Return an error as a traceback ends with it, in text that can be encoded."""
    try:
        return kept_text("".join(traceback.format_exception_only(error)).strip())
    except BaseException:  # noqa: BLE001 - the classes of others may fail at being looked at
        return type(error).__name__


def kept_text(text: str) -> str:
    """Return text that UTF-8 can encode, with its middle left out where it is longer than is kept."""
    clean = text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\0", "\\x00")
    if len(clean) <= MOST_CHARACTERS:
        return clean
    half = MOST_CHARACTERS // 2
    return f"{clean[:half]}\n[{len(clean) - 2 * half:,} characters left out]\n{clean[-half:]}"


def _frames(error: BaseException) -> list[str]:
    # Results travel, so a traceback names modules and lines, and no path of this machine.
    return [
        f"{_module(frame.f_globals.get('__name__'))}:{line} in {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]


def _module(name: object) -> str:
    return name if isinstance(name, str) else "?"
