"""Find what a file names as ``package.module:name``, say why it cannot be found, and hash the sources behind it.

To import a module is to run it. So this is done only for what the author of an experiment file names.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import importlib.util
import multiprocessing
import os
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from abm.errors import AbmError, did_you_mean, nearest

FORM = "name it as package.module:name, such as mesa.examples:Schelling"


class NotFoundByName(AbmError):
    """Say why something cannot be imported by its name; the message ends a sentence that shows the name."""


def found_by_name(reference: str, folder: Path | None = None) -> Any:
    """Import what a reference names.

    Parameters
    ----------
    reference : str
        ``package.module:name``.
    folder : Path, optional
        Where modules are looked for beside the installed ones. It stays the last entry of the path for modules of
        this process, because a model may import more of its modules while it runs.

    Raises
    ------
    NotFoundByName
        If it is not of that form, there is no such module, the module fails, or it holds no such name.
    """
    module_name, colon, name = reference.partition(":")
    if not (colon and name.isidentifier() and all(part.isidentifier() for part in module_name.split("."))):
        raise NotFoundByName(FORM)
    if folder is not None and os.fspath(folder) not in sys.path:
        sys.path.append(os.fspath(folder))
    module = _module(module_name, folder)
    file = getattr(module, "__file__", None)
    own = None if folder is None else _file_in(folder, module_name)
    if own is not None and not (file and Path(file).read_bytes() == own.read_bytes()):
        raise NotFoundByName(
            f"module '{module_name}' of {folder} is hidden by one of the same name, {file}; rename it"
        )
    if not hasattr(module, name):
        public = [key for key in vars(module) if not key.startswith("_")]
        raise NotFoundByName(f"module '{module_name}' has no '{name}'{did_you_mean(name, public)}")
    return getattr(module, name)


def sources_of(module_name: str, folder: Path | None = None) -> list[tuple[str, Path]]:
    """List the sources that a module is part of, by their names relative to where modules are looked for.

    Of a package these are all its Python files; of a module that stands alone, its file and those beside it that it
    imports, directly or through each other. The first is that of the package or module itself.

    Raises
    ------
    NotFoundByName
        If there is no such module or it has no sources.
    """
    top = module_name.partition(".")[0]
    if folder is not None and os.fspath(folder) not in sys.path:
        sys.path.append(os.fspath(folder))
    own = None if folder is None else _file_in(folder, top)
    spec = None if own is not None else importlib.util.find_spec(top)
    origin = own or Path((spec and spec.origin) or "")
    if origin.suffix != ".py":
        raise NotFoundByName(f"module '{top}' has no sources")
    if origin.name != "__init__.py":
        return _reached(origin)
    home = origin.parent.parent
    others = sorted(path for path in origin.parent.rglob("*.py") if path != origin)
    return [(path.relative_to(home).as_posix(), path) for path in (origin, *others)]


def sources_hash(module_name: str, folder: Path | None = None) -> str:
    """Return the SHA-256 of the sources that a module is part of, and of the version of their distribution.

    Raises
    ------
    NotFoundByName
        If there is no such module or it has no sources.
    """
    digest = hashlib.sha256()
    for name, path in sources_of(module_name, folder):
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update(_version(module_name.partition(".")[0]).encode())
    return digest.hexdigest()


def _file_in(folder: Path, module_name: str) -> Path | None:
    path = folder.joinpath(*module_name.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def _module(name: str, folder: Path | None) -> ModuleType:
    # Importing mesa forces the start method of every pool in this process; that is not for a model to decide.
    method = multiprocessing.get_start_method(allow_none=True)
    loaded = getattr(sys.modules.get(name), "__file__", None)
    if folder is not None and loaded is not None and not Path(loaded).exists():
        # It was imported from where another sweep lay.
        del sys.modules[name]
        importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise NotFoundByName(f"module '{name}' needs module '{error.name}'; install it") from error
        raise NotFoundByName(_no_module(name, error.name, folder)) from error
    except Exception as error:
        raise NotFoundByName(
            f"module '{name}' failed when it was imported, {type(error).__name__}: {error}; mend it"
        ) from error
    finally:
        multiprocessing.set_start_method(method, force=True)


def _no_module(name: str, missing: str, folder: Path | None) -> str:
    parent, _, _ = missing.rpartition(".")
    if parent:
        paths: Sequence[str] | None = getattr(sys.modules.get(parent), "__path__", ())
    else:
        paths = None if folder is None else [os.fspath(folder), *sys.path]
    valid = [f"{parent}.{found.name}" if parent else found.name for found in pkgutil.iter_modules(paths)]
    near = nearest(missing, valid)
    hint = f"did you mean '{name.replace(missing, near, 1)}'?" if near else ""
    where = f"; it is looked for among installed packages and in {folder}" if folder and not parent else ""
    return f"there is no module '{missing}'{where}; {hint or 'check its spelling, or install it'}"


def _reached(first: Path) -> list[tuple[str, Path]]:
    """List a module that stands alone and what it imports from beside it, itself first."""
    found = {first.name: first}
    waiting = [first]
    while waiting:
        for name in sorted(set(_imported_names(waiting.pop()))):
            for file in (first.parent / f"{name}.py", *sorted((first.parent / name).rglob("*.py"))):
                key = file.relative_to(first.parent).as_posix()
                if file.is_file() and key not in found:
                    found[key] = file
                    waiting.append(file)
    return [(first.name, first), *sorted(entry for entry in found.items() if entry[1] != first)]


def _imported_names(path: Path) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
