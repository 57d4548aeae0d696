"""Examine a foreign model before a sweep of it is planned: what it takes, what it reports, whether it is repeatable.

Nothing of the model runs in this process. It is created in two processes with different hashes of strings, in copies
of its folder that lie elsewhere, and its first runs are made in both, in one of them twice. If the numbers differ by a
bit, the model is refused, because no run of it could be made again, and everything that a sweep promises rests on
that. If they differ only because its reporters were called outside its own collections, they are not called.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.records import Fault, shown
from abm.runs.failures import last_printed
from abm.runs.fresh_process import FreshProcess, ProcessAnswer
from abm.sweeps.design.inputs import unpack
from abm.sweeps.foreign.mesa_checks import MesaModel, reporters_by_column, stated_faults
from abm.sweeps.foreign.mesa_stepping import Asking
from abm.sweeps.foreign.modelsources import ModelFiles, NotCarried, NotFoundByName, code_hash, model_files

TASK = "abm.sweeps.foreign.trial_process:examine"
HASH_SEEDS = (0, 4_242)
"""Seeds of the hashes of strings in the two processes."""
TRIAL_SECONDS = 2.0
"""Time for further runs after the first."""
MOST_POINTS_TRIED = 4
ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
"""Address of an object in memory, as errors show it; it differs from process to process."""

Trial = dict[str, Any]
"""A run to make: position of its point, replicate, which reporters are called, and whether it may be skipped."""


@dataclass(frozen=True)
class Asked:
    """What an experiment sets for a model, and what it wants reported.

    Attributes
    ----------
    model : str
        Its class, as ``package.module:Class``.
    steps : int
        Steps of a run.
    parameters : mapping
        Arguments that every point shares.
    points : sequence of mapping
        Arguments that vary, at some points of the design, the first of all at the first.
    reporters : mapping or sequence of str
        As in the file.
    seeds : sequence of int
        As in the file.
    seed : int
        Of the design.
    replicates : int
        At every point.
    files : sequence of str or None
        As in the file.
    """

    model: str
    steps: int
    parameters: Mapping[str, Any]
    points: Sequence[Mapping[str, Any]]
    reporters: Mapping[str, str] | Sequence[str] = ()
    seeds: Sequence[int] = ()
    seed: int = 1
    replicates: int = 1
    files: Sequence[str] | None = None


def examined(asked: Asked, folder: Path) -> tuple[MesaModel | None, list[Fault]]:
    """Examine a model.

    Parameters
    ----------
    asked : Asked
        What an experiment sets for it, and what it wants reported.
    folder : Path
        Where the experiment lies; its model is looked for there too.

    Returns
    -------
    found : MesaModel or None
        None if anything is wrong.
    faults : list of Fault
        Everything that is wrong, under the keys of the file; of what varies, under ``varied``.
    """
    stated = list(stated_faults(asked.model, asked.steps, asked.parameters, asked.reporters, asked.seeds))
    if any(fault.path[0] in ("model", "parameters") for fault in stated):
        return None, stated
    named = reporters_by_column(asked.reporters)
    modules = [
        reference.partition(":")[0] for reference in (asked.model, *named.values()) if ":" in reference
    ]
    try:
        files = model_files(modules[:1], folder, asked.files)
        files = _with_reporters(files, modules, folder, asked.files)
        bundle = files.bundle()
    except NotFoundByName as error:
        return None, [Fault(("model",), f"model is {shown(asked.model)}; {error}"), *stated]
    except NotCarried as error:
        return None, [Fault(("model",) if asked.files is None else ("files",), str(error)), *stated]
    with tempfile.TemporaryDirectory(prefix="abm-plan-") as scratch:
        carried = None
        if bundle is not None:
            carried = Path(scratch).resolve()
            unpack(bundle["files"], carried)
        found, faults = _Examination(asked, carried).verdict()
    faults = [
        replace(fault, message=fault.message.replace(str(carried), str(folder))) if carried else fault
        for fault in faults
    ]
    if found is None:
        return None, faults
    whole = code_hash(files.installed_hash, bundle)
    return replace(found, code_hash=whole, folder=folder if bundle else None, bundle=bundle), []


def _with_reporters(
    files: ModelFiles, modules: Sequence[str], folder: Path, named: Sequence[str] | None
) -> ModelFiles:
    try:
        return model_files(modules, folder, named)
    except NotFoundByName:
        # The process in which the model is tried reports a missing reporter with its place in the file.
        return files


class _Examination:
    """Trials of a model in processes of its own, and their comparison."""

    def __init__(self, asked: Asked, carried: Path | None) -> None:
        self.asked = asked
        self.carried = carried

    def verdict(self) -> tuple[MesaModel | None, list[Fault]]:
        """Return the model that was found, or what is wrong."""
        first, silent = _trial(0), _trial(0, asking=Asking.NOTHING)
        last = self.asked.replicates - 1
        further = [_trial(point, min(point, last), True) for point in range(1, len(self.asked.points))]
        one, other = self.tried([[first, first, *further], [first, silent, *further[::-1]]])
        faults = [Fault(tuple(path), message) for path, message in one[0]["faults"]]
        if faults:
            return None, faults
        if one[0] != other[0]:
            told = "made in two processes, the model takes or reports different things"
            return None, [Fault(("model",), f"{told}; {_ADVICE}{_first_told(other[0]['faults'])}")]
        facts = one[0]["found"]
        found = MesaModel(
            model=self.asked.model,
            parameters=self.asked.parameters,
            steps=self.asked.steps,
            reporters=facts["reporters"],
            seed_argument=facts["seed_argument"],
            code_hash="",
            seeds=tuple(self.asked.seeds),
            whole=facts["whole"],
        )
        made, other_made = one[1:], other[1:]
        complaint = unlike(list(found.reporters), made, other_made) or _all_failed(made)
        if complaint:
            return None, [Fault(("model",), complaint)]
        return self.asking(found, made[0], made[1], other_made[1])

    def asking(
        self,
        found: MesaModel,
        first: Mapping[str, Any],
        again: Mapping[str, Any],
        silent: Mapping[str, Any],
    ) -> tuple[MesaModel | None, list[Fault]]:
        """Check whether calling reporters changes what the model's own collector sees."""
        if "failure" in first or "failure" in silent:
            return found, []
        difference = _difference(first, silent, again)
        if difference is None:
            return found, []
        reticent = self.tried([[_trial(0, asking=Asking.OWN)]])[0][1]
        if "failure" in reticent or _difference(reticent, silent, again) is not None:
            told = f"calling what is reported changes the model: {difference} if nothing is called"
            return None, [Fault(("reporters",), f"{told}; let reporters change nothing and draw nothing")]
        if reticent["missed"]:
            told = f"reporter '{reticent['missed'][0]}' changes the model or draws when it is called: {difference}"
            advice = "if only the model's own collector calls it; collect as the last thing of every step, or let it"
            return None, [Fault(("reporters",), f"{told} {advice} change nothing")]
        return replace(found, asks=False), []

    def tried(self, orders: Sequence[Sequence[Trial]]) -> list[list[dict[str, Any]]]:
        """Simulate runs in separate processes, side by side; a run that ends its process has failed.

        Returns
        -------
        list of list of dict
            For each process what was found, then the outcome of each run.
        """
        with ExitStack() as stack:
            processes = [stack.enter_context(self.process(each, place)) for place, each in enumerate(orders)]
            return [
                self.whole(process.answer(), orders[place], place) for place, process in enumerate(processes)
            ]

    def process(self, trials: Sequence[Trial], place: int) -> FreshProcess:
        """Start a process that makes runs."""
        request = {
            "model": self.asked.model,
            "steps": self.asked.steps,
            "parameters": self.asked.parameters,
            "points": self.asked.points,
            "reporters": self.asked.reporters,
            "seeds": self.asked.seeds,
            "seed": self.asked.seed,
            "folder": None if self.carried is None else os.fspath(self.carried),
            "trials": trials,
            "seconds": TRIAL_SECONDS,
        }
        return FreshProcess(TASK, request, HASH_SEEDS[place])

    def whole(self, answer: ProcessAnswer, trials: Sequence[Trial], place: int) -> list[dict[str, Any]]:
        """Complete the answer of a process that ended early."""
        values = list(answer.values)
        if not values:
            told = f"making one model {answer.ending or 'returned nothing'}{last_printed(answer.printed)}"
            return [{"faults": [[["model"], told]], "found": None}]
        while values[0]["found"] is not None and len(values) <= len(trials):
            values.append({"failure": answer.ending, "trace": answer.printed})
            left = trials[len(values) - 1 :]
            if left:
                with self.process(left, place) as process:
                    answer = process.answer()
                values += answer.values[1:]
        return values


def unlike(
    columns: Sequence[str], made: Sequence[Mapping[str, Any]], other: Sequence[Mapping[str, Any]]
) -> str:
    """Describe how runs differ that were made twice with one seed; empty if they do not.

    Parameters
    ----------
    columns : sequence of str
        What is reported.
    made : sequence of mapping
        Runs of one process: the first point twice, then others.
    other : sequence of mapping
        Runs of the other process: the first point, one without calling reporters, then the others backwards.
    """
    pairs = [
        (made[0], made[1], "one process"),
        (made[0], other[0], "two processes"),
        *((one, twin, "two processes") for one, twin in zip(made[2:], other[:1:-1], strict=True)),
    ]
    for one, twin, where in pairs:
        if one.get("is_skipped") or twin.get("is_skipped"):
            continue
        difference = _run_difference(columns, one, twin)
        if difference:
            told = f"made twice with seed {one.get('seed', twin.get('seed'))} in {where}, the model is not the same"
            return f"{told}: {difference}; {_ADVICE}"
    return ""


_ADVICE = (
    "no run of it could be made again, so let every draw come from its seed, keep nothing on classes or modules, "
    "do not depend on the order of a set, the clock or where files lie, and leave out reporters that do"
)


def _trial(point: int, replicate: int = 0, is_optional: bool = False, asking: Asking = Asking.ALL) -> Trial:
    return {"point": point, "replicate": replicate, "is_optional": is_optional, "asking": asking.value}


def _run_difference(columns: Sequence[str], one: Mapping[str, Any], twin: Mapping[str, Any]) -> str:
    if "failure" in one or "failure" in twin:
        ends = [ADDRESS.sub("0x", run.get("failure", "no failure")) for run in (one, twin)]
        return "" if ends[0] == ends[1] else f"it ends with {ends[0]!r} and with {ends[1]!r}"
    mine, others = (
        np.array(run["values"], dtype=np.float64).reshape(-1, len(columns)) for run in (one, twin)
    )
    places = np.argwhere(_bits(mine) != _bits(others))
    if len(places):
        step, place = places[0]
        return f"'{columns[place]}' at step {step} is {mine[step, place]!s} and then {others[step, place]!s}"
    return "" if one["taken"] == twin["taken"] else f"it takes {one['taken']} steps and then {twin['taken']}"


def _bits(values: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.where(np.isnan(values), np.nan, values).view(np.int64)


def _difference(asked: Mapping[str, Any], silent: Mapping[str, Any], again: Mapping[str, Any]) -> str | None:
    """Describe how a model's own collections differ when reporters are called; None if they do not."""
    if len(asked["collected"]) != len(silent["collected"]):
        return f"it collects {len(silent['collected'])} times"
    stable = {
        name
        for one, twin in zip(asked["collected"], again["collected"], strict=False)
        for name in one
        if one[name] == twin.get(name)
    }
    for number, (one, other) in enumerate(zip(asked["collected"], silent["collected"], strict=True)):
        for name in one:
            if name in stable and one[name] != other.get(name):
                return f"'{name}' is {other.get(name)} in its collection {number}, not {one[name]},"
    return None


def _all_failed(made: Sequence[Mapping[str, Any]]) -> str:
    tried = [one for one in made if not one.get("is_skipped")]
    if any("failure" not in one for one in tried):
        return ""
    told = f"every run that was tried failed: {tried[0]['failure']}"
    return f"{told}{last_printed(tried[0]['trace'])}"


def _first_told(faults: Sequence[Sequence[Any]]) -> str:
    return f"; in one of them, {faults[0][1]}" if faults else ""
