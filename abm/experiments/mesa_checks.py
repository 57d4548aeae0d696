"""Check what an experiment asks of a third party's Mesa model: class, arguments, reporters and seeds, all at once.

The class is imported and one model is made, but not stepped: what a model reports cannot be known otherwise.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from abm.errors import did_you_mean
from abm.experiments.imported import NotFoundByName, found_by_name, sources_hash
from abm.experiments.mesa_models import (
    MODEL_SEED,
    STEPS_TAKEN,
    MesaScenario,
    NotANumber,
    collected_names,
    derived_seed,
    number,
    reading,
    release,
    seeded,
)
from abm.experiments.run import MONTH_KEYS, RUN_KEYS
from abm.records import Fault, shown

SEED_ARGUMENTS = ("rng", "seed")
"""Arguments by which Mesa's models take a seed: the later name first, where a model offers both."""
MODEL_SEED_BOUND = 2**63
RESERVED = tuple(dict.fromkeys((*RUN_KEYS, *MONTH_KEYS, MODEL_SEED, STEPS_TAKEN, "status", "error")))
"""Columns that every sweep has."""


@dataclass(frozen=True)
class MesaModel:
    """Hold a Mesa model that has been found good, without the parameters that an experiment varies.

    Attributes
    ----------
    model, reporters, seed_argument, code_hash, seeds, folder
        As in `MesaScenario`.
    steps : int
        Steps of a run.
    parameters : mapping of str to any plain value
        Arguments of its constructor that every point shares.
    whole : mapping of str to str
        Parameters whose default is a whole number ('integer') or a truth ('switch'): a point's 100.0 or 1.0 is given
        to them as 100 or true.
    """

    model: str
    parameters: Mapping[str, Any]
    steps: int
    reporters: Mapping[str, str]
    seed_argument: str
    code_hash: str
    seeds: tuple[int, ...] = ()
    whole: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None

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
            folder=self.folder,
        )


def checked(
    model: str,
    *,
    steps: int,
    parameters: Mapping[str, Any] | None = None,
    varied: Mapping[str, Any] | None = None,
    reporters: Mapping[str, str] | Sequence[str] = (),
    seeds: Sequence[int] = (),
    folder: Path | None = None,
) -> tuple[MesaModel | None, list[Fault]]:
    """Check a Mesa model and everything that is asked of it.

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
        Column to what fills it, or names that are both; without any, all that the model's data collector takes.
    seeds : sequence of int
        Seed of each replicate; without them they are derived.
    folder : Path, optional
        Where modules are looked for beside the installed ones.

    Returns
    -------
    found : MesaModel or None
        None if anything is wrong.
    faults : list of Fault
        Everything that is wrong, under ``model``, ``steps``, ``parameters``, ``varied``, ``reporters`` and ``seeds``.
    """
    fixed, moved = dict(parameters or {}), dict(varied or {})
    named = dict(reporters) if isinstance(reporters, Mapping) else {name: name for name in reporters}
    faults = [*_step_faults(steps), *_seed_faults(seeds), *_column_faults(named, reporters)]
    try:
        kind = found_by_name(model, folder)
    except NotFoundByName as error:
        return None, [Fault(("model",), f"model is {shown(model)}; {error}"), *faults]
    if not (inspect.isclass(kind) and callable(getattr(kind, "step", None))) and not inspect.isfunction(kind):
        told = f"model is {shown(model)}, which is neither a class with a method 'step' nor a function that makes"
        told += " a model; name a Mesa model"
        return None, [Fault(("model",), told), *faults]
    try:
        code_hash = sources_hash(model.partition(":")[0], folder)
    except NotFoundByName as error:
        return None, [Fault(("model",), f"model is {shown(model)}; {error}"), *faults]
    arguments, is_open = constructor_arguments(kind)
    seed_argument = next((name for name in SEED_ARGUMENTS if name in arguments), None)
    if seed_argument is None:
        told = (
            f"the constructor of {kind.__name__} takes neither 'seed' nor 'rng', so that no run could be repeated; "
            "let it take seed=None and pass it on to super().__init__"
        )
        faults.append(Fault(("model",), told))
    faults += _argument_faults(kind.__name__, arguments, is_open, fixed, moved)
    if seed_argument is None or any(fault.path[0] in ("parameters", "varied") for fault in faults):
        return None, faults
    kinds = {name: _kind_of(argument) for name, argument in arguments.items()}
    whole = {name: found for name, found in kinds.items() if found is not None}
    typed = {name: _typed(value, whole.get(name)) for name, value in moved.items()}
    reported, trouble = _tried(
        kind, {**fixed, **typed}, seed_argument, named, isinstance(reporters, Mapping), folder
    )
    faults += trouble
    faults += [
        Fault(("varied", name), f"'{name}' is a column too, of {_source(name)}; report under another name")
        for name in moved
        if name in reported or name in RESERVED
    ]
    if faults:
        return None, faults
    found = MesaModel(model, fixed, steps, reported, seed_argument, code_hash, tuple(seeds), whole, folder)
    return found, []


def _typed(value: Any, kind: str | None) -> Any:
    # Points are numbers of one type, and a constructor may index or count with what it is given.
    if not isinstance(value, float) or kind is None or not value.is_integer():
        return value
    return bool(value) if kind == "switch" and value in (0.0, 1.0) else int(value)


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
    for owner in owners or [kind]:
        makes = vars(owner)["__init__"] if owners else owner
        parameters = list(inspect.signature(makes).parameters.values())[bool(owners) :]
        for parameter in parameters:
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                found.setdefault(parameter.name, parameter)
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            return found, False
        # Mesa's own base class passes what it does not know on to object, which refuses it.
        if owner.__module__.partition(".")[0] == "mesa":
            return found, False
    return found, True


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
    arguments: Mapping[str, Any],
    seed_argument: str,
    named: Mapping[str, str],
    is_mapping: bool,
    folder: Path | None,
) -> tuple[dict[str, str], list[Fault]]:
    """Make one model, and see what it reports."""
    seed = derived_seed(0, 0)
    with seeded(seed):
        try:
            model = kind(**arguments, **{seed_argument: seed})
        except Exception as error:  # noqa: BLE001 - the constructor is foreign code
            told = f"{kind.__name__} cannot be made with these parameters, {type(error).__name__}: {error}"
            return {}, [Fault(("parameters",), f"{told}; mend them or the model")]
        try:
            if not callable(getattr(model, "step", None)):
                told = f"{kind.__name__} makes {type(model).__name__}, which has no method 'step'; make a Mesa model"
                return {}, [Fault(("model",), told)]
            return _reported(model, kind.__name__, named, is_mapping, folder)
        finally:
            release(model)


def _reported(
    model: Any, kind: str, named: Mapping[str, str], is_mapping: bool, folder: Path | None
) -> tuple[dict[str, str], list[Fault]]:
    collected = collected_names(model)
    if not named and not collected:
        told = f"{kind} has no data collector with model reporters; name attributes or methods to report"
        return {}, [Fault(("reporters",), told)]
    wanted = dict(named) or {name: name for name in collected}
    faults = []
    for position, (column, reporter) in enumerate(wanted.items()):
        where = ("reporters", column if is_mapping else position) if named else ("reporters",)
        if ":" not in reporter and reporter not in collected and not hasattr(model, reporter):
            faults.append(Fault(where, _no_reporter(model, kind, reporter, collected)))
            continue
        try:
            number(column, reading(model, reporter, folder)(0), 0)
        except NotFoundByName as error:
            faults.append(Fault(where, f"reporter {shown(reporter)} is not found; {error}"))
        except NotANumber as error:
            advice = "or leave it out" if named else "so name the reporters to keep"
            faults.append(Fault(where, f"{error}, {advice}"))
        except Exception as error:  # noqa: BLE001 - a reporter is foreign code
            told = f"reporter '{reporter}' fails at the start, {type(error).__name__}: {error}"
            faults.append(Fault(where, f"{told}; mend it, or leave it out"))
    return wanted, faults


def _no_reporter(model: Any, kind: str, reporter: str, collected: Sequence[str]) -> str:
    attributes = [name for name in dir(model) if not name.startswith("_")]
    hint = did_you_mean(reporter, [*collected, *attributes])
    own = f" Its data collector takes {', '.join(collected)}." if collected else ""
    return f"'{reporter}' is no reporter, attribute or method of {kind}{hint}{own}"


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
