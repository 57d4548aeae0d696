"""Try a foreign model in a process of its own: the function that `abm.runs.fresh_process` runs for a plan.

Each function takes plain values and yields plain values, one for each completed step, so that the caller
knows how far it came if the model ends the process.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from abm.runs.failures import ModelFailure
from abm.sweeps.foreign.mesa_checks import MesaModel, checked_model
from abm.sweeps.foreign.mesa_models import run_model
from abm.sweeps.foreign.mesa_stepping import Asking


def examine(request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Check a model, then simulate some runs of it.

    Parameters
    ----------
    request : mapping
        What `checked_model` takes, ``points`` instead of ``varied``, and ``trials``: the runs to make, in order, each
        with the position of its point, its replicate, which reporters are called (`Asking`), and whether it is left out
        once ``seconds`` are over.

    Yields
    ------
    dict
        Faults and what was found; then, trial by trial, rows and collections, the failure, or that it was skipped.
    """
    folder = None if request["folder"] is None else Path(request["folder"])
    found, faults = checked_model(
        request["model"],
        steps=request["steps"],
        parameters=request["parameters"],
        varied=request["points"][0],
        reporters=request["reporters"],
        seeds=request["seeds"],
        folder=folder,
        seed=request["seed"],
    )
    told = [[list(fault.path), fault.message] for fault in faults]
    if found is None:
        yield {"faults": told, "found": None}
        return
    facts = {name: getattr(found, name) for name in ("reporters", "seed_argument", "whole")}
    yield {"faults": told, "found": {name: _plain(value) for name, value in facts.items()}}
    started = time.perf_counter()
    for trial in request["trials"]:
        if trial["is_optional"] and time.perf_counter() - started > request["seconds"]:
            yield {"is_skipped": True}
            continue
        yield _made(found, request["points"], request["seed"], trial)


def _made(
    found: MesaModel, points: Sequence[Mapping[str, Any]], seed: int, trial: Mapping[str, Any]
) -> dict[str, Any]:
    case = found.scenario("trial", points[trial["point"]])
    model_seed = case.model_seed(seed, trial["replicate"])
    try:
        made = run_model(case, model_seed, Asking(trial["asking"]), keeps_collections=True)
    except ModelFailure as failure:
        return {"seed": model_seed, "failure": failure.message, "trace": failure.trace}
    return {
        "seed": model_seed,
        "values": made.values.tolist(),
        "taken": made.taken,
        "collected": [{str(name): _print_of(value) for name, value in one.items()} for one in made.collected],
        "missed": sorted(made.missed),
    }


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


def _print_of(value: Any) -> str:
    """Return text that is the same for the same numbers and texts; for anything else, its type."""
    if value is None or isinstance(value, bool | str | bytes):
        return repr(value)
    if isinstance(value, int | float):
        return "nan" if isinstance(value, float) and math.isnan(value) else repr(value)
    if isinstance(value, np.generic | np.ndarray):
        array = np.asarray(value)
        held = (
            array.tobytes()
            if array.dtype.kind != "O"
            else repr([_print_of(one) for one in array.flat]).encode()
        )
        return f"{array.dtype}{array.shape} {hashlib.sha256(held).hexdigest()}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_print_of(one) for one in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_print_of(key)}: {_print_of(one)}' for key, one in value.items())}}}"
    return type(value).__name__
