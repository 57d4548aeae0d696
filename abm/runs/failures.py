"""Describe why a run failed, as text that can be stored whatever the model raised.

A foreign model may raise anything: an exit, an interrupt, an error whose text cannot be encoded or whose ``__str__``
fails. Only text of bounded length is stored, so that a table can hold it and nothing of the model stays alive.
"""

import re
import traceback
from dataclasses import dataclass
from itertools import takewhile

from abm.errors import AbmError, InvalidInput
from abm.runs.machine_faults import is_of_machine

MOST_CHARACTERS = 10_000
"""Longest message or trace that is stored, in characters; longer ones lose their middle."""
FRAME = re.compile(r"[\w.<>?]+:\d+ in .+")
PRINTED_HEADING = "the model printed, at the end:"
MOST_LINES_TOLD = 8
"""Lines of a model's output that a message repeats."""


@dataclass(frozen=True)
class RunFailure:
    """Why a run failed.

    Attributes
    ----------
    message : str
        The error.
    trace : str
        Modules and lines that led to it, one a line, and what the model printed; no path of a machine.
    is_suspicion : bool
        Whether it may be the machine's fault instead.
    refused : InvalidInput or None
        The error itself where it says that the model refuses its input.
    """

    message: str
    trace: str = ""
    is_suspicion: bool = False
    refused: InvalidInput | None = None

    @property
    def where(self) -> str:
        """Last module and line that led to the failure, such as ``package.module:12``; empty if unknown."""
        return place_in(self.trace).partition(" in ")[0]


class ModelFailure(AbmError):
    """Failure of a foreign model, as text.

    Parameters
    ----------
    message : str
        What it raised.
    trace : str
        Modules and lines that led to it, and what was printed.
    where : str
        Module and line that raised it.
    is_of_machine : bool
        Whether the error is of a kind that a machine causes.
    """

    def __init__(self, message: str, trace: str, where: str = "", is_of_machine: bool = False) -> None:
        super().__init__(message, trace, where, is_of_machine)
        self.message, self.trace, self.where, self.is_of_machine = message, trace, where, is_of_machine

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
            Folder that is replaced by ``.``, because results travel to other machines.
        """
        message, frames = error_text(error), _frames(error)
        printed = kept_text(printed).strip()
        trace = "\n".join([*frames, message, *([PRINTED_HEADING, printed] if printed else ())])
        if folder:
            message, trace = message.replace(folder, "."), trace.replace(folder, ".")
        where = frames[-1].partition(" ")[0] if frames else ""
        return cls(message, kept_text(trace), where, is_of_machine(error))


def failure_of(error: BaseException) -> RunFailure:
    """Return why a run failed: the error, and the modules and lines that led to it."""
    if isinstance(error, ModelFailure):
        return RunFailure(error.message, error.trace, error.is_of_machine)
    message = error_text(error)
    trace = kept_text("\n".join([*_frames(error), message]))
    return RunFailure(
        message, trace, is_of_machine(error), error if isinstance(error, InvalidInput) else None
    )


def place_in(trace: str) -> str:
    """Return the last module, line and function in the trace of a failure; empty if it names none."""
    frames = list(takewhile(FRAME.fullmatch, trace.splitlines()))
    return frames[-1] if frames else ""


def error_text(error: BaseException) -> str:
    """Return an error as the last line of a traceback shows it, as text that can be encoded."""
    try:
        return kept_text("".join(traceback.format_exception_only(error)).strip())
    except BaseException:  # noqa: BLE001 - foreign exception classes may fail when they are formatted
        return type(error).__name__


def last_printed(text: str) -> str:
    """Return the last lines of a model's output as the end of a one-line message; empty if it printed nothing."""
    last = [line.strip() for line in text.strip().splitlines()[-MOST_LINES_TOLD:]]
    return f"; {PRINTED_HEADING} {' | '.join(last)}" if last else ""


def kept_text(text: str) -> str:
    """Return text that UTF-8 can encode, without its middle if it is too long to store."""
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
