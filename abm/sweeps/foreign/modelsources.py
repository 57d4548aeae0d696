"""Find the sources of a model and the files that it reads, without running any of them.

A model is installed, or it lies in a folder beside the experiment's file. Everything that a model in such a folder
needs travels with a sweep: the sources that it imports from there, and the data there, so that every run sees the same
files wherever it is made.
"""

from __future__ import annotations

import ast
import hashlib
import os
import pkgutil
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

from abm.errors import AbmError, did_you_mean, nearest
from abm.sweeps.design.inputs import bundle_id, bundled

MOST_FILES = 1_000
MOST_BYTES = 32 << 20
"""Most bytes of a model's files that a sweep carries, because each of its workers reads them."""
_MEGABYTE = 1 << 20
_EXPERIMENT = re.compile(rb"^design\s*:", re.MULTILINE)
"""Start of a line that only experiment files have, which a model does not read."""
_EXPERIMENT_HEAD_BYTES = 1 << 16


class NotFoundByName(AbmError):
    """Nothing of a name was found; the message ends a sentence that shows the name."""


class NoSources(NotFoundByName):
    """A module has no sources, such as a compiled one."""


class NotCarried(AbmError):
    """Files cannot travel with a sweep."""


def module_and_name(reference: str) -> tuple[str, str]:
    """Split ``package.module:name``.

    Raises
    ------
    NotFoundByName
        If the reference is not of that form.
    """
    module, _, name = reference.partition(":")
    if not all(part.isidentifier() for part in (name, *module.split("."))):
        raise NotFoundByName("name it as package.module:name, such as mesa.examples:Schelling")
    return module, name


@dataclass(frozen=True)
class ModelFiles:
    """Sources of a model and files that it reads.

    Attributes
    ----------
    folder : Path
        What their names are relative to.
    own : tuple of Path
        Those that travel with a sweep, beginning with the model's module; none of an installed model.
    installed_hash : str
        Hash of the sources of what is installed.
    """

    folder: Path | None
    own: tuple[Path, ...]
    installed_hash: str

    def bundle(self) -> dict[str, Any] | None:
        """Read the files that travel; None where there are none.

        Raises
        ------
        NotCarried
            If one cannot be read.
        """
        try:
            return bundled(self.own, self.folder) if self.own else None
        except OSError as error:
            told = f"file '{error.filename}' beside the model cannot be read ({error.strerror})"
            raise NotCarried(
                f"{told}; let it be read, or name those that the model reads under 'files'"
            ) from None


def code_hash(installed_hash: str, bundle: Mapping[str, Any] | None) -> str:
    """Return the hash of all code and data of a model."""
    identity = "" if bundle is None else bundle_id(bundle)
    return hashlib.sha256(f"{installed_hash}:{identity}".encode()).hexdigest()


def model_files(
    modules: Sequence[str], folder: Path | None, files: Sequence[str] | None = None
) -> ModelFiles:
    """Find the sources of a model and the files that it reads.

    Parameters
    ----------
    modules : sequence of str
        The model's first, then those of its reporters.
    folder : Path or None
        Where modules are searched for before the installed ones.
    files : sequence of str, optional
        Names and patterns of the files that travel beside the sources; unless given, all data in the folder do where
        a module lies there.

    Raises
    ------
    NotFoundByName
        If there is no such module or it has no sources.
    NotCarried
        If a named file is not there, or there are too many or too large ones.
    """
    digest = hashlib.sha256()
    sources: dict[str, Path] = {}
    for place, module in enumerate(dict.fromkeys(modules)):
        try:
            found = module_sources(module, folder)
        except NoSources:
            # A compiled function may report, and its version is that of a package; a model has to be read.
            if place == 0:
                raise
            found = []
        if is_own(module, folder):
            sources |= dict(found)
        else:
            _digest(digest, found)
            digest.update(_version(module.partition(".")[0]).encode())
    data: dict[str, Path] = {}
    if folder is not None:
        if files is not None:
            data = dict(_named(folder, files))
        elif sources:
            data = dict(_data(folder))
    own = sources | {name: path for name, path in data.items() if name not in sources}
    _require_few(own)
    return ModelFiles(folder, tuple(own.values()), digest.hexdigest())


def is_own(module: str, folder: Path | None) -> bool:
    """Return whether a module lies in the folder rather than among the installed ones."""
    return folder is not None and _in_folder(folder, module.partition(".")[0]) is not None


def module_sources(module_name: str, folder: Path | None = None) -> list[tuple[str, Path]]:
    """List the sources that belong to a module, by their names relative to where modules are searched for.

    The sources of an installed package are all its Python files; those of a module or package in the folder are its own
    and those in the folder that it imports, directly or indirectly. A package needs no ``__init__.py``.

    Raises
    ------
    NotFoundByName
        If there is no such module or it has no sources.
    """
    top = module_name.partition(".")[0]
    own = None if folder is None else _in_folder(folder, top)
    if own is not None:
        assert folder is not None
        return _reached(top, folder)
    spec = _installed(top)
    if spec is None:
        raise NotFoundByName(missing_module(module_name, top, folder))
    if spec.submodule_search_locations is not None:
        homes = [Path(location) for location in spec.submodule_search_locations]
        found = [
            (f"{top}/{path.relative_to(home).as_posix()}", path) for home in homes for path in _python(home)
        ]
    else:
        origin = Path(spec.origin or "")
        found = [(origin.name, origin)] if origin.suffix == ".py" else []
    if not found:
        raise NoSources(f"module '{top}' has no sources")
    return found


def missing_module(name: str, missing: str, folder: Path | None) -> str:
    """Return a message that there is no such module, with the one that may have been meant."""
    parent, _, _ = missing.rpartition(".")
    paths: Sequence[str] | None
    if parent:
        paths = getattr(sys.modules.get(parent), "__path__", ())
    else:
        paths = None if folder is None else [os.fspath(folder), *sys.path]
    valid = [f"{parent}.{found.name}" if parent else found.name for found in pkgutil.iter_modules(paths)]
    near = nearest(missing, valid)
    hint = f"did you mean '{name.replace(missing, near, 1)}'?" if near else ""
    where = f"; it is looked for among installed packages and in {folder}" if folder and not parent else ""
    return f"there is no module '{missing}'{where}; {hint or 'check its spelling, or install it'}"


def _installed(top: str) -> ModuleSpec | None:
    """Find a module or package among the installed ones, whatever is loaded in this process."""
    for finder in sys.meta_path:
        spec = finder.find_spec(top, None)
        if spec is not None:
            return spec
    return None


def _in_folder(folder: Path, top: str) -> Path | None:
    """Return the file or the folder of a module or package that lies in a folder."""
    if (folder / f"{top}.py").is_file():
        return folder / f"{top}.py"
    package = folder / top
    is_package = package.is_dir() and (package / "__init__.py").is_file()
    return package if is_package or any(_python(package)) else None


def _require_unhidden(top: str, folder: Path) -> None:
    # A process that runs a model may have loaded what is installed, or comes with Python, under the same name.
    own, spec = _in_folder(folder, top), _installed(top)
    if own is None or spec is None or (spec.origin is None and own.is_dir()):
        return
    origin = Path(spec.origin or "")
    mine = own if own.is_file() else own / "__init__.py"
    if origin.is_file() and mine.is_file() and origin.read_bytes() == mine.read_bytes():
        return
    told = f"module '{top}' of {folder} is hidden by one of the same name, {spec.origin}; rename it"
    raise NotFoundByName(told)


def _reached(top: str, folder: Path) -> list[tuple[str, Path]]:
    """List the sources of a module or package in a folder and of what it imports from there, its own first."""
    found: dict[str, Path] = {}
    waiting, known = [top], {top}
    while waiting:
        name = waiting.pop(0)
        _require_unhidden(name, folder)
        for path in _sources_in(folder, name):
            found[path.relative_to(folder).as_posix()] = path
            for further in sorted(set(_imported_names(path)) - known):
                known.add(further)
                if _in_folder(folder, further) is not None:
                    waiting.append(further)
    first = next(iter(found))
    return [(first, found.pop(first)), *sorted(found.items())]


def _sources_in(folder: Path, top: str) -> list[Path]:
    own = _in_folder(folder, top)
    if own is None or own.is_file():
        return [] if own is None else [own]
    first = own / "__init__.py"
    return [*([first] if first.is_file() else ()), *(path for path in _python(own) if path != first)]


def _python(package: Path) -> list[Path]:
    return sorted(path for path in package.rglob("*.py") if path.is_file())


def _imported_names(path: Path) -> Iterator[str]:
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _named(folder: Path, patterns: Sequence[str]) -> Iterator[tuple[str, Path]]:
    """Yield the files that names and patterns stand for."""
    for pattern in patterns:
        is_inside = pattern and not Path(pattern).is_absolute() and ".." not in Path(pattern).parts
        one = folder / pattern
        found = [one] if is_inside and one.exists() else sorted(folder.glob(pattern)) if is_inside else []
        files = [
            path for each in found for path in (_below(each) if each.is_dir() else [each]) if path.is_file()
        ]
        if not files:
            known = [
                path.relative_to(folder).as_posix() for path in sorted(folder.iterdir()) if path.is_file()
            ]
            told = f"file '{pattern}' is not beside the model{did_you_mean(pattern, known)}"
            raise NotCarried(f"{told} Name files relative to {folder}, such as rates.csv or data/*.csv")
        yield from ((path.relative_to(folder).as_posix(), path) for path in files)


def _data(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield the data in a folder: what is neither Python's, nor hidden, nor written or read by abm itself."""
    for path in _below(folder):
        is_data = path.suffix not in (".py", ".pyc") and path.is_file() and not _is_experiment(path)
        if is_data:
            yield path.relative_to(folder).as_posix(), path


def _below(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        here = Path(root)
        folders[:] = sorted(name for name in folders if not _is_passed_over(here / name))
        yield from (here / name for name in sorted(names) if not name.startswith("."))


def _is_passed_over(folder: Path) -> bool:
    # Caches, environments, and what abm writes: results and sweeps have a manifest.
    is_named_so = folder.name.startswith(".") or folder.name == "__pycache__" or folder.suffix == ".egg-info"
    return is_named_so or any((folder / name).is_file() for name in ("pyvenv.cfg", "manifest.json"))


def _is_experiment(path: Path) -> bool:
    if path.suffix not in (".yaml", ".yml"):
        return False
    with path.open("rb") as stream:
        return _EXPERIMENT.search(stream.read(_EXPERIMENT_HEAD_BYTES)) is not None


def _require_few(files: dict[str, Path]) -> None:
    size = sum(path.stat().st_size for path in files.values())
    if len(files) > MOST_FILES or size > MOST_BYTES:
        told = f"beside the model lie {len(files):,} files of {size / _MEGABYTE:,.0f} MB"
        most = f"a sweep carries up to {MOST_FILES:,} and {MOST_BYTES // _MEGABYTE} MB"
        raise NotCarried(f"{told}; {most}, so name those that the model reads, such as 'files: [rates.csv]'")


def _digest(digest: hashlib._Hash, files: Sequence[tuple[str, Path]]) -> None:
    for name, path in files:
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
