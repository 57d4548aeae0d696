"""Find the file or module of an extension, run it, and read the submodel that it declares, or list all problems.

An extension is code and can do whatever its reader may do. So it is run only to simulate, or where that is asked for,
and only when a scenario's own file or the command line names it: with `runs_code=False` its declarations are read from
its text (`abm.scenarios.extensiontext`), and `load_scenario(..., allow_extensions=False)` refuses it.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Literal, NamedTuple

from abm.core.joining import joining_problems
from abm.core.part import Part
from abm.core.reading import (
    Declared,
    declared_by,
    digest_of,
    read_submodel,
    sources_of,
    submodel_of,
)
from abm.errors import AbmError, InvalidInput, Problem, did_you_mean
from abm.policy.catalogue import Catalogue, shipped
from abm.records import bounds, complaint_of, read_content, shown_path
from abm.scenarios.extensions import NO_EXTENSIONS, Extensions, ExtensionSource
from abm.scenarios.extensiontext import origin_of, read_unrun
from abm.submodels.shipped import theory
from abm.world.vocabulary import VOCABULARY

GROUP = "abm.extensions"
"""Group of entry points by which installed packages offer extensions."""
HASH_DIGITS = 12


class _Found(NamedTuple):
    """Where the code of an extension is."""

    kind: Literal["file", "module"]
    reference: str
    path: Path


class Loaded(NamedTuple):
    """Result of reading some extensions.

    Attributes
    ----------
    extensions : Extensions
        Empty if anything is wrong.
    catalogue : Catalogue
        The levers and parameters that could be read; partial if anything is wrong.
    problems : tuple of Problem
        Everything that is wrong.
    """

    extensions: Extensions
    catalogue: Catalogue
    problems: tuple[Problem, ...]


def load_extensions(
    references: Sequence[str | Path], origin: str = "--extension", *, runs_code: bool = True
) -> Extensions:
    """Load extensions that the command line names.

    Parameters
    ----------
    references : sequence of str or Path
        Paths of Python files, relative to the working directory, names of modules, or names of entry points.
    origin : str
        What messages call the source of the references.
    runs_code : bool
        Whether the code is run, or its declarations are read from its text.

    Returns
    -------
    Extensions

    Raises
    ------
    InvalidInput
        With every problem of every extension.
    """
    loaded = read_extensions(
        (), None, lambda _, message: Problem(origin, None, message), references, runs_code=runs_code
    )
    if loaded.problems:
        raise InvalidInput(loaded.problems)
    return loaded.extensions


def read_extensions(
    references: Sequence[str | Path],
    beside: Path | None,
    problem: Callable[[int, str], Problem],
    more: Sequence[str | Path] = (),
    *,
    runs_code: bool = True,
) -> Loaded:
    """Read extensions, and say everything that is wrong with them.

    Parameters
    ----------
    references : sequence of str or Path
        As in `load_extensions`.
    beside : Path or None
        Folder that paths are relative to.
    problem : callable
        Gives the complaint about the reference at a position its place.
    more : sequence of str or Path
        Further ones, relative to the working directory, whose positions follow; they may repeat the first.
    runs_code : bool
        Whether the code is run, or its declarations are read from its text.
    """
    problems: list[Problem] = []
    sources: list[ExtensionSource] = []
    parts: list[Part] = []
    for position, reference in enumerate((*references, *more)):
        is_further = position >= len(references)
        found, complaint = _find(reference, None if is_further else beside)
        if found is None:
            problems.append(problem(position, complaint))
            continue
        source, part, faults = _read(found, runs_code)
        problems.extend(faults)
        if source in sources and is_further:
            continue
        if source in sources:
            problems.append(problem(position, f"extension '{reference}' is named twice; keep one of the two"))
        elif part is not None:
            parts.append(part)
            sources += [source] if source is not None else []
    if parts:
        is_complete = all(part.is_whole for part in parts) and not problems
        problems.extend(joining_problems(theory().joined(parts), is_complete=is_complete))
    if not problems:
        extensions = Extensions(tuple(sources), runs_code)
        return Loaded(extensions, extensions.catalogue, ())
    known = shipped()
    levers = {one.name: one for part in parts for one in part.levers if one.name not in known.levers}
    parameters = {
        one.name: one for part in parts for one in part.parameters if one.name not in known.parameters
    }
    catalogue = Catalogue(tuple(levers.values()), tuple(parameters.values()), is_partial=True)
    return Loaded(NO_EXTENSIONS, catalogue, tuple(problems))


@lru_cache(maxsize=64)
def part_of(source: ExtensionSource, runs_code: bool = True) -> Part:
    """Read the submodel of an extension, once in a process.

    Parameters
    ----------
    source : ExtensionSource
        Where it comes from.
    runs_code : bool
        Whether its code is run, or only read.

    Raises
    ------
    InvalidInput
        If it cannot be read, or has changed since its scenario was loaded.
    """
    reference = Path(source.reference) if source.kind == "file" else source.reference
    found, complaint = _find(reference, None)
    if found is None:
        raise InvalidInput([Problem(source.reference, None, complaint)])
    now, part, problems = _read(found, runs_code)
    if problems or part is None or now is None:
        raise InvalidInput(problems)
    if now.fingerprint != source.fingerprint:
        message = (
            f"extension '{source.name}' has changed since its scenario was loaded; load the scenario again"
        )
        raise InvalidInput([Problem(shown_path(found.path), None, message)])
    return part


def files_of(source: ExtensionSource) -> list[Path]:
    """List the file of an extension, then those beside it that hold the rest of its code, its levers and parameters.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    path = Path(source.reference)
    records = submodel_of(declared_by(_run(path, digest_of(path))), path).records
    others = [other for other in sources_of(path) if other != path]
    return [path, *others, *([path.parent / records] if records else [])]


def _find(reference: str | Path, beside: Path | None) -> tuple[_Found | None, str]:
    """Find the code, or return what is valid."""
    text = str(reference)
    if isinstance(reference, Path) or "/" in text or "\\" in text or text.endswith(".py"):
        path = (beside or Path.cwd()) / reference
        if path.is_file():
            return _Found("file", str(path.resolve()), path.resolve()), ""
        return None, f"extension file '{reference}' does not exist; looked for {shown_path(path)}"
    offered = {entry.name: entry.module for entry in entry_points(group=GROUP)}
    module = offered.get(text, text)
    origin = origin_of(module)
    if origin is not None:
        return _Found("module", module, origin), ""
    listed = f" Installed packages offer: {', '.join(sorted(offered))}." if offered else ""
    advice = "name a module that can be imported, or a file by a path such as './my_mechanism.py'."
    return (
        None,
        f"extension '{text}' is unknown{did_you_mean(text, offered)} {advice[0].upper()}{advice[1:]}{listed}",
    )


def _read(found: _Found, runs_code: bool) -> tuple[ExtensionSource | None, Part | None, list[Problem]]:
    """Run the code, or read it, and return records of what it declares."""
    try:
        digest = digest_of(found.path)
    except (OSError, ValueError) as error:
        return None, None, [Problem(shown_path(found.path), None, complaint_of(error))]
    try:
        declared = _declared(found, digest, runs_code)
        part, problems = read_submodel(declared, found.path, VOCABULARY, is_foreign=True)
    except InvalidInput as error:
        return None, None, list(error.problems)
    if problems:
        return None, part, list(problems)
    return ExtensionSource(part.name, found.kind, found.reference, digest, part.fingerprint), part, []


def _declared(found: _Found, digest: str, runs_code: bool) -> Declared:
    if runs_code:
        module = _run(found.path, digest) if found.kind == "file" else _imported(found.reference, found.path)
        return declared_by(module)
    declared, faults = read_unrun(read_content(found.path, bounds.SOURCE_BYTES))
    if faults:
        file = shown_path(found.path)
        raise InvalidInput([Problem(file, line, told) for line, told in faults])
    return declared


@lru_cache(maxsize=64)
def _run(path: Path, digest: str) -> ModuleType:
    """Run a file as a module of its own, once for each content."""
    file = shown_path(path)
    name = f"abm_extension_{path.stem}_{digest[:HASH_DIGITS]}"
    module = ModuleType(name)
    if len(sources_of(path)) > 1:
        # Its folder is a package, so what it imports from beside it is found there.
        package = sys.modules[name] = ModuleType(name)
        package.__path__ = [str(path.parent)]
        name = f"{name}.{path.stem}"
        module = ModuleType(name)
        module.__package__ = package.__name__
    module.__file__ = str(path)
    content = read_content(path, bounds.SOURCE_BYTES)
    try:
        code = compile(content, str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        told = getattr(error, "msg", None) or str(error)
        raise InvalidInput(
            [Problem(file, line, f"is not Python: {told}; correct this line or the one above")]
        ) from None
    # Pickles and dataclasses look a module up by its name.
    sys.modules[name] = module
    try:
        exec(code, vars(module))
    except BaseException as error:  # noqa: BLE001 - the code is foreign, and what stops it is the user's to mend
        del sys.modules[name]
        raise _stopped(path, error) from None
    return module


def _imported(name: str, path: Path) -> ModuleType:
    try:
        return importlib.import_module(name)
    except SyntaxError as error:
        told = f"is not Python: {error.msg}; correct this line or the one above"
        raise InvalidInput([Problem(shown_path(error.filename or path), error.lineno, told)]) from None
    except BaseException as error:  # noqa: BLE001 - the code is foreign, and what stops it is the user's to mend
        raise _stopped(path, error) from None


def _stopped(path: Path, error: BaseException) -> BaseException:
    """Describe where foreign code stopped; an interruption stays one."""
    if isinstance(error, KeyboardInterrupt):
        return error
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    line = frames[-1].lineno if frames else None
    told = str(error) if isinstance(error, AbmError) else f"{type(error).__name__}: {error}"
    return InvalidInput(
        [Problem(shown_path(path), line, f"stops with {told}; fix it so that it can be imported")]
    )
