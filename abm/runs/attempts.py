"""Simulate runs in this process: a batch at once and, if that fails, run by run."""

from collections.abc import Sequence

from abm.runs.failures import RunFailure, failure_of
from abm.runs.machine_faults import is_interruption
from abm.runs.run import Run, Simulator, Tables

Places = tuple[int, ...]
Outcome = tuple[Places, Tables | RunFailure]
"""Positions of some runs among those attempted with their tables, or the position of one run with its failure."""


def attempted(simulate: Simulator, runs: Sequence[Run]) -> list[Outcome]:
    """Simulate runs so that a failed one does not affect its neighbours.

    Parameters
    ----------
    simulate : Simulator
        Foreign code: it may raise anything, and try to end the process.
    runs : sequence of Run
        At least one, of one place, length, step and code.

    Returns
    -------
    list of (positions, Tables or RunFailure)
        In the order of the runs; every run is in exactly one entry.

    Raises
    ------
    KeyboardInterrupt
        If the user interrupts.
    """
    try:
        return [(tuple(range(len(runs))), simulate(runs))]
    except BaseException as error:
        if is_interruption(error):
            raise
        if len(runs) == 1:
            return [((0,), failure_of(error))]
    return [
        ((place,), outcome) for place, run in enumerate(runs) for _, outcome in attempted(simulate, [run])
    ]
