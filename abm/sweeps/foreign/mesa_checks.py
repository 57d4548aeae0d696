"""Check an experiment on a foreign Mesa model: class, arguments, reporters and seeds, all at once.

`stated_faults` reads the file and runs nothing. `checked_model` imports the class and creates one model, because what a
model reports cannot be known otherwise, but does not step it.
"""

from __future__ import annotations

import copy
import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from abm.errors import did_you_mean
from abm.records import Fault, shown
from abm.runs.failures import error_text
from abm.runs.run import MONTH_KEYS, RUN_KEYS
from abm.sweeps.foreign.imported import found_by_name, use
from abm.sweeps.foreign.mesa_collecting import call_reporter, watched
from abm.sweeps.foreign.mesa_models import MODEL_SEED, STEPS_TAKEN, MesaScenario, derived_seed
from abm.sweeps.foreign.mesa_stepping import (
    IMPORT_SEED,
    NotANumber,
    as_number,
    attribute,
    collected_names,
    release,
)
from abm.sweeps.foreign.modelsources import (
    NotCarried,
    NotFoundByName,
    code_hash,
    model_files,
    module_and_name,
)
from abm.sweeps.foreign.surroundings import isolated
from abm.sweeps.foreign.workspace import workspace

SEED_ARGUMENTS = ("seed", "rng")
"""Arguments by which Mesa's models take a seed; where a constructor names both, 'seed' also serves a reset."""
MODEL_SEED_BOUND = 2**63
RESERVED = tuple(dict.fromkeys((*RUN_KEYS, *MONTH_KEYS, MODEL_SEED, STEPS_TAKEN, "status", "error")))
"""Columns that every sweep has."""


@dataclass(frozen=True)
class MesaModel:
    """A checked Mesa model, without the parameters that an experiment varies.

    Attributes
    ----------
    model, reporters, seed_argument, code_hash, seeds, asks, folder
        As in `MesaScenario`.
    steps : int
        Steps of a run.
    parameters : mapping of str to any plain value
        Arguments of its constructor that every point shares.
    whole : mapping of str to str
        Parameters whose default is a whole number ('integer') or a truth ('switch'): a point's 100.0 or 1 is given
        to them as 100 or true.
    bundle : mapping or None
        Files in the folder that travel with a sweep, as `bundled` gives them.
    """

    model: str
    parameters: Mapping[str, Any]
    steps: int
    reporters: Mapping[str, str]
    seed_argument: str
    code_hash: str
    seeds: tuple[int, ...] = ()
    whole: Mapping[str, str] = field(default_factory=dict)
    asks: bool = True
    folder: Path | None = None
    bundle: Mapping[str, Any] | None = None

    def scenario(self, name: str, varied: Mapping[str, Any]) -> MesaScenario:
        """Return the scenario of a point: the shared parameters, and over them the point's own."""
        return MesaScenario(
            name=name,
            model=self.model,
            parameters={
                **self.parameters,
                **{key: _typed(value, self.whole.get(key)) for key, value in varied.items()},
            },
            steps=self.steps,
            reporters=self.reporters,
            seed_argument=self.seed_argument,
            code_hash=self.code_hash,
            seeds=self.seeds,
            asks=self.asks,
            folder=self.folder,
        )


def stated_faults(
    model: str,
    steps: int,
    parameters: Mapping[str, Any],
    reporters: Mapping[str, str] | Sequence[str],
    seeds: Sequence[int],
) -> Iterator[Fault]:
    """Yield what is wrong with a file's description of a model, as far as it can be known without the model."""
    try:
        module_and_name(model)
    except NotFoundByName as error:
        yield Fault(("model",), f"model is {shown(model)}; {error}")
    yield from _step_faults(steps)
    yield from _seed_faults(seeds)
    yield from _column_faults(reporters_by_column(reporters), reporters)
    for key, value in parameters.items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError):
            told = f"'{key}' holds what a manifest cannot hold, such as .nan, .inf or a key that is not text"
            yield Fault(("parameters", key), f"{told}; leave it out")


def reporters_by_column(reporters: Mapping[str, str] | Sequence[str]) -> dict[str, str]:
    """Return the reporter of each column."""
    return dict(reporters) if isinstance(reporters, Mapping) else {name: name for name in reporters}


def checked_model(
    model: str,
    *,
    steps: int,
    parameters: Mapping[str, Any] | None = None,
    varied: Mapping[str, Any] | None = None,
    reporters: Mapping[str, str] | Sequence[str] = (),
    seeds: Sequence[int] = (),
    folder: Path | None = None,
    seed: int = 0,
) -> tuple[MesaModel | None, list[Fault]]:
    """Check a Mesa model, its arguments and its reporters, in this process.

    Parameters
    ----------
    model : str
        Its class, as ``package.module:Class``, or a function that makes one.
    steps : int
        Steps of a run.
    parameters : mapping of str to any plain value
        Arguments of its constructor that every point shares.
    varied : mapping of str to any plain value
        Arguments that the design varies, with the values of some point.
    reporters : mapping of str to str, or sequence of str
        Reporter of each column, or names that are both; default: all reporters of the model's data collector.
    seeds : sequence of int
        Seed of each replicate; without them they are derived.
    folder : Path, optional
        Where modules are searched for besides the installed ones.
    seed : int
        Seed of the design, from which those of replicates are derived.

    Returns
    -------
    found : MesaModel or None
        None if anything is wrong.
    faults : list of Fault
        Everything that is wrong, under ``model``, ``steps``, ``parameters``, ``varied``, ``reporters`` and ``seeds``.
    """
    found, faults = _checked(
        model, steps, dict(parameters or {}), dict(varied or {}), reporters, seeds, folder, seed
    )
    if folder is not None:
        here, there = str(workspace(folder)), str(folder)
        faults = [Fault(fault.path, fault.message.replace(here, there)) for fault in faults]
    return found, faults


def _checked(
    model: str,
    steps: int,
    fixed: dict[str, Any],
    moved: dict[str, Any],
    reporters: Mapping[str, str] | Sequence[str],
    seeds: Sequence[int],
    folder: Path | None,
    seed: int,
) -> tuple[MesaModel | None, list[Fault]]:
    named = reporters_by_column(reporters)
    faults = list(stated_faults(model, steps, fixed, reporters, seeds))
    if any(fault.path == ("model",) for fault in faults):
        return None, faults
    here = workspace(folder)
    with isolated(IMPORT_SEED, here):
        kind = _imported(model, None if folder is None else here)
    if isinstance(kind, NotFoundByName):
        return None, [Fault(("model",), f"model is {shown(model)}; {kind}"), *faults]
    if not callable(kind) or (inspect.isclass(kind) and not callable(getattr(kind, "step", None))):
        told = f"model is {shown(model)}, which is neither a class with a method 'step' nor a function that makes"
        return None, [Fault(("model",), f"{told} a model; name a Mesa model"), *faults]
    try:
        files = model_files([model.partition(":")[0]], folder)
        bundle = files.bundle()
    except (NotFoundByName, NotCarried) as error:
        return None, [Fault(("model",), f"model is {shown(model)}; {error}"), *faults]
    name = getattr(kind, "__name__", model.partition(":")[2])
    try:
        arguments, is_open = constructor_arguments(kind)
    except (TypeError, ValueError):
        arguments, is_open = {}, True
    seed_argument = next((one for one in arguments if one in SEED_ARGUMENTS), SEED_ARGUMENTS[0])
    if seed_argument not in arguments and not is_open:
        told = f"the constructor of {name} takes neither 'seed' nor 'rng', so that no run could be repeated"
        faults.append(Fault(("model",), f"{told}; let it take seed=None and pass it on to super().__init__"))
    faults += _argument_faults(name, arguments, is_open, fixed, moved)
    if any(fault.path[0] in ("model", "parameters", "varied") for fault in faults):
        return None, faults
    kinds = {key: _kind_of(argument) for key, argument in arguments.items()}
    found = MesaModel(
        model=model,
        parameters=fixed,
        steps=steps,
        reporters=named,
        seed_argument=seed_argument,
        code_hash=code_hash(files.installed_hash, bundle),
        seeds=tuple(seeds),
        whole={key: kind for key, kind in kinds.items() if kind is not None},
        folder=folder,
        bundle=bundle,
    )
    reported, trouble = _tried(kind, name, found, found.scenario(name, moved), reporters, seed)
    faults += trouble
    faults += [
        Fault(("varied", key), f"'{key}' is a column too, of {_source(key)}; report under another name")
        for key in moved
        if key in reported or key in RESERVED
    ]
    return (None, faults) if faults else (replace(found, reporters=reported), [])


def _imported(reference: str, folder: Path | None) -> Any:
    # Its exceptions are reported as they are, and not as failures of a run.
    try:
        return found_by_name(reference, folder)
    except NotFoundByName as error:
        return error


def _typed(value: Any, kind: str | None) -> Any:
    # Points are numbers of one type, and a constructor may index or count with what it is given.
    if kind == "switch" and type(value) in (int, float) and value in (0, 1):
        return bool(value)
    return int(value) if kind is not None and isinstance(value, float) and value.is_integer() else value


def _source(name: str) -> str:
    return "every sweep" if name in RESERVED else "what the model reports"


def _kind_of(argument: inspect.Parameter) -> str | None:
    default = argument.default
    if isinstance(default, bool) or argument.annotation in (bool, "bool"):
        return "switch"
    return "integer" if isinstance(default, int) or argument.annotation in (int, "int") else None


def constructor_arguments(kind: Callable[..., Any]) -> tuple[dict[str, inspect.Parameter], bool]:
    """List the arguments that a class, or a function, makes a model with.

    Where a constructor passes further arguments on, those of the next class are counted too.

    Returns
    -------
    arguments : dict of str to inspect.Parameter
    is_open : bool
        Whether it takes further ones, whose names cannot be known.
    """
    found: dict[str, inspect.Parameter] = {}
    owners = [
        owner for owner in getattr(kind, "__mro__", ()) if "__init__" in vars(owner) and owner is not object
    ]
    is_open = False
    for owner in owners or [kind]:
        makes = vars(owner)["__init__"] if owners else owner
        parameters = list(inspect.signature(makes).parameters.values())[bool(owners) :]
        for parameter in parameters:
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                found.setdefault(parameter.name, parameter)
        passes_on = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
        # Mesa's own base class passes what it does not know on to object, which refuses it; another constructor may
        # take what it likes out of its keywords.
        if owner.__module__.partition(".")[0] == "mesa" or not passes_on:
            return found, is_open
        is_open = True
    return found, is_open


def _argument_faults(
    model: str,
    arguments: Mapping[str, inspect.Parameter],
    is_open: bool,
    fixed: Mapping[str, Any],
    moved: Mapping[str, Any],
) -> Iterator[Fault]:
    settable = [name for name in arguments if name not in SEED_ARGUMENTS]
    for key, names in (("parameters", fixed), ("varied", moved)):
        for name in names:
            if name in SEED_ARGUMENTS:
                yield Fault(
                    (key, name), f"'{name}' is set by the sweep, run by run; leave it out, and give 'seeds'"
                )
            elif name not in arguments and not is_open:
                hint = did_you_mean(name, settable)
                valid = f" It takes {', '.join(settable)}." if settable else " It takes none."
                yield Fault((key, name), f"'{name}' is not a parameter of {model}{hint}{valid}")
            elif key == "varied" and name in fixed:
                yield Fault((key, name), f"'{name}' is also set under parameters; keep one of the two")
    for name, argument in arguments.items():
        if argument.default is argument.empty and name not in (*fixed, *moved, *SEED_ARGUMENTS):
            yield Fault(("parameters",), f"parameter '{name}' of {model} has no default; give it a value")


def _tried(
    kind: Callable[..., Any],
    name: str,
    found: MesaModel,
    case: MesaScenario,
    reporters: Mapping[str, str] | Sequence[str],
    seed: int,
) -> tuple[dict[str, str], list[Fault]]:
    """Create one model, as the first run will, and check what it reports."""
    arguments = copy.deepcopy(dict(case.parameters))
    arguments[case.seed_argument] = first = found.seeds[0] if found.seeds else derived_seed(seed, 0)
    here = workspace(found.folder)
    with isolated(first, here), watched():
        if found.folder is not None:
            use(here)
        try:
            model = kind(**arguments)
        except BaseException as error:  # noqa: BLE001 - the constructor is foreign code
            told = f"{name} cannot be made with these parameters, {error_text(error)}"
            return {}, [Fault(("parameters",), f"{told}; fix them or the model")]
        try:
            if not callable(getattr(model, "step", None)):
                told = f"{name} makes {type(model).__name__}, which has no method 'step'; make a Mesa model"
                return {}, [Fault(("model",), told)]
            return _reported(model, name, reporters, here if found.folder else None)
        finally:
            release(model)


def _reported(
    model: Any, kind: str, reporters: Mapping[str, str] | Sequence[str], folder: Path | None
) -> tuple[dict[str, str], list[Fault]]:
    named = reporters_by_column(reporters)
    collected: tuple[Any, ...] = collected_names(model)
    if not named and not collected:
        told = f"{kind} has no data collector with model reporters; name attributes or methods to report"
        return {}, [Fault(("reporters",), told)]
    unfit = [name for name in collected if not isinstance(name, str) or name in RESERVED]
    if not named and unfit:
        told = (
            f"the data collector of {kind} has a reporter '{unfit[0]}', which cannot be a column of its own"
        )
        return {}, [Fault(("reporters",), f"{told}; name the reporters, as a mapping of columns and names")]
    wanted = named or {name: name for name in collected}
    faults = []
    for position, (column, reporter) in enumerate(wanted.items()):
        key = column if isinstance(reporters, Mapping) else position
        where = ("reporters", key) if named else ("reporters",)
        if ":" not in reporter and reporter not in collected and not hasattr(model, reporter):
            faults.append(Fault(where, _no_reporter(model, kind, reporter, collected)))
            continue
        try:
            as_number(column, _first(model, reporter, collected, folder), 0)
        except NotFoundByName as error:
            faults.append(Fault(where, f"reporter {shown(reporter)} is not found; {error}"))
        except NotANumber as error:
            advice = "or leave it out" if named else "so name the reporters to keep"
            faults.append(Fault(where, f"{error}, {advice}"))
        except BaseException as error:  # noqa: BLE001 - a reporter is foreign code
            told = f"reporter '{reporter}' fails at the start, {error_text(error)}"
            faults.append(Fault(where, f"{told}; fix it, or leave it out"))
    return wanted, faults


def _first(model: Any, reporter: str, collected: Sequence[str], folder: Path | None) -> Any:
    """Return the value of a reporter for a model that has just been created."""
    if ":" in reporter:
        return found_by_name(reporter, folder)(model)
    if reporter not in collected:
        return attribute(model, reporter)
    rows = model.datacollector.model_vars.get(reporter)
    return rows[-1] if rows else call_reporter(model.datacollector.model_reporters[reporter], model)


def _no_reporter(model: Any, kind: str, reporter: str, collected: Sequence[str]) -> str:
    attributes = [name for name in dir(model) if not name.startswith("_")]
    hint = did_you_mean(reporter, [*collected, *attributes])
    own = f" Its data collector takes {', '.join(collected)}." if collected else ""
    return f"'{reporter}' is not a reporter, attribute or method of {kind}{hint}{own}"


def _step_faults(steps: int) -> Iterator[Fault]:
    if steps < 1:
        yield Fault(("steps",), f"steps is {steps}; give a whole number from 1, such as 100")


def _seed_faults(seeds: Iterable[int]) -> Iterator[Fault]:
    earlier: set[int] = set()
    for position, seed in enumerate(seeds):
        if not 0 <= seed < MODEL_SEED_BOUND:
            yield Fault(
                ("seeds", position), f"seed is {seed}; give a whole number from 0 to 2^63 - 1, such as 1"
            )
        if seed in earlier:
            yield Fault(
                ("seeds", position), f"seed {seed} is given twice; every replicate needs one of its own"
            )
        earlier.add(seed)


def _column_faults(named: Mapping[str, str], reporters: Mapping[str, str] | Sequence[str]) -> Iterator[Fault]:
    for position, column in enumerate(named):
        if column in RESERVED:
            where = column if isinstance(reporters, Mapping) else position
            told = f"'{column}' is a column of every sweep; write the reporters as a mapping and call it otherwise"
            yield Fault(("reporters", where), told)
