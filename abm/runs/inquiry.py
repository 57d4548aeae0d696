"""Simulate runs in a separate process, and decide whether a run or the machine is at fault for a failure.

A run is at fault if it fails alone, in a process of its own, both before and after another run that succeeds. If the
other run fails too, the machine is at fault: it has too little memory, say, or a full disk, and no run is to blame.
"""

import faulthandler
import os
import re
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Self

from abm.runs.attempts import Outcome, attempted
from abm.runs.failures import PRINTED_HEADING, RunFailure, failure_of, kept_text
from abm.runs.machine_faults import MachineFault, is_of_machine
from abm.runs.pool import Pool, WorkerLost
from abm.runs.run import Run, Simulator, Tables

Control = tuple[Simulator, Run]
ALONE = "it does so alone, and another run does not"
AS_BEFORE = "it does so alone, as others did before it"
MOST_PRINTED = 4_000
"""Characters of a process's output that are kept."""
MOST_CONTROLS = 3
"""Other runs that are tried before the machine is blamed."""
SURE = 3
"""Runs that were found to crash alike, after which further ones are not tried again."""
CRASH = re.compile(r"\((?:exit code|SIGABRT|SIGBUS|SIGFPE|SIGILL|SIGSEGV|SIGTRAP)")
"""Ends of a process that lack of memory does not explain once other runs had enough."""
LOADED = "\nExtension modules: "
"""Heading of the list of libraries with which Python ends its report of a crash."""
FOLDERS = re.compile(r"(?<![\w./])/(?:[^/\s\"']+/)+")


class Inquiry(AbstractContextManager["Inquiry"]):
    """A separate process in which suspected runs are simulated; it ends with the context.

    Parameters
    ----------
    controls : callable
        Called without arguments when a run is suspected; returns runs to compare it with, the best first. Runs that
        have been simulated here come before them.
    """

    def __init__(self, controls: Callable[[], Iterable[Control]]) -> None:
        self.controls = controls
        self._sound: Control | None = None
        self._convicted = Counter[str]()
        self._pool = Pool(1)
        self._folder = tempfile.TemporaryDirectory(prefix="abm-inquiry-", ignore_cleanup_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.close(now=kind is not None)
        self._folder.cleanup()

    def attempted(self, simulate: Simulator, runs: Sequence[Run]) -> list[Outcome]:
        """Simulate runs so that one that fails or ends its process does not affect its neighbours.

        Returns
        -------
        list of (positions, Tables or RunFailure)
            In the order of the runs; no failure is a suspicion.

        Raises
        ------
        MachineFault
            If the machine is at fault.
        """
        outcomes: list[Outcome] = []
        for places, outcome in self._tried(simulate, runs):
            if isinstance(outcome, RunFailure) and outcome.is_suspicion and len(runs) > 1:
                outcomes += [((place,), self._alone(simulate, runs[place])) for place in places]
            else:
                outcomes.append((places, outcome))
        # Neighbours come first, so that the sound ones can serve as controls.
        return [
            (places, self._judged(simulate, runs[places[0]], outcome))
            if isinstance(outcome, RunFailure) and outcome.is_suspicion
            else (places, outcome)
            for places, outcome in outcomes
        ]

    def _judged(self, simulate: Simulator, run: Run, alone: RunFailure) -> Tables | RunFailure:
        """Simulate a control run after a run that failed alone and, if the control succeeds, the failed run again."""
        if self._convicted[alone.message] >= SURE:
            return replace(alone, message=f"{alone.message}; {AS_BEFORE}", is_suspicion=False)
        for other_simulate, other in self._others(run):
            if not isinstance(self._alone(other_simulate, other), Tables):
                continue
            again = self._alone(simulate, run)
            if isinstance(again, Tables) or not again.is_suspicion:
                return again
            if again.message == alone.message and CRASH.search(again.message):
                self._convicted[again.message] += 1
            return replace(again, message=f"{again.message}; {ALONE}", is_suspicion=False)
        raise MachineFault(f"no run can be simulated here now: {alone.message}")

    def _alone(self, simulate: Simulator, run: Run) -> Tables | RunFailure:
        ((_, outcome),) = self._tried(simulate, [run])
        return outcome

    def _others(self, run: Run) -> Iterable[Control]:
        known = [] if self._sound is None else [self._sound]
        others = (control for control in chain(known, self.controls()) if control[1] != run)
        return islice(others, MOST_CONTROLS)

    def _tried(self, simulate: Simulator, runs: Sequence[Run]) -> list[Outcome]:
        told = Path(self._folder.name) / "told.txt"
        try:
            outcomes = self._pool.submit(_attempted_here, simulate, runs, os.fspath(told)).result()
        except WorkerLost as lost:
            failure = RunFailure(
                f"ends its process ({_named(lost.exitcode)})", _read(told), is_suspicion=True
            )
            return [(tuple(range(len(runs))), failure)]
        except Exception as error:
            if not is_of_machine(error):
                raise
            return [(tuple(range(len(runs))), failure_of(error))]
        for places, outcome in outcomes:
            if isinstance(outcome, Tables):
                self._sound = simulate, runs[places[0]]
        return outcomes


def _attempted_here(simulate: Simulator, runs: Sequence[Run], told: str) -> list[Outcome]:
    """Simulate runs in this process, with their output and the traceback of a crash in a file."""
    with suppress(OSError):
        descriptor = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for stream in (1, 2):
            os.dup2(descriptor, stream)
        os.close(descriptor)
        for output in (sys.stdout, sys.stderr):
            # Output before a crash must reach the file.
            output.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        faulthandler.enable(sys.__stderr__ or 2)
    return attempted(simulate, runs)


def _read(told: Path) -> str:
    """Return the end of a process's output, without the folders of this machine."""
    try:
        text = told.read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""
    printed = FOLDERS.sub("", text.partition(LOADED)[0])[-MOST_PRINTED:].strip()
    return kept_text(f"{PRINTED_HEADING}\n{printed}") if printed else ""


def _named(exitcode: int | None) -> str:
    if exitcode is None:
        return "none can be started"
    if exitcode >= 0:
        return f"exit code {exitcode}"
    with suppress(ValueError):
        return signal.Signals(-exitcode).name
    return f"signal {-exitcode}"
