"""Compile kernels and cache them, so that neither damage nor a change of code can make the cache wrong.

This is the one door to numba. numba's own cache goes by the file that a kernel stands in, so it misses an edit of a
function from elsewhere; it raises where one of its files is damaged, and runs whatever machine code an undamaged pickle
holds. Here a kept kernel is named by the hash of all that the compiler sees of it, functions that it calls included,
and is read only if its bytes have the hash that was written with them. Whatever cannot be read is compiled again, and
where nothing can be written, nothing is kept.
"""

import hashlib
import logging
import os
import pickle
import platform
import stat
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from enum import EnumMeta
from functools import cache
from importlib import metadata
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numba
import numpy as np
from numba.core import config, serialize
from numba.core.caching import _Cache
from numba.core.compiler import CompileResult

OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
ENDING = ".kernel"
TEMPORARY = ".tmp-"
TRIED_BYTES = 1 << 16
SAID = "ABM_KERNELS_SAID"
"""Variable that tells a process that its user knows where kernels cannot be kept."""
THREADS = "NUMBA_NUM_THREADS"
ALONE = "1"
"""Value of the variable `THREADS` in worker processes."""
KEY_DIGITS = 32
HASH_BYTES = 32
KEPT_UNUSED_SECONDS = 60 * 86_400.0
"""Time after which a kernel that nobody has used is removed: it belongs to an older version of its code."""
TOUCHED_AFTER_SECONDS = 86_400.0
KNOWN_BY_NAME = frozenset({"builtins", "numba", "numpy", "scipy"}) | sys.stdlib_module_names
"""Packages whose versions are part of every key, so that the name of what they offer says what it is."""
PLAIN = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis), np.generic, np.dtype)

# numba has types in parts only.
NUMBA_SETTINGS: Any = config
dumps: Callable[[Any], bytes] = serialize.dumps
type_of: Callable[[Any], Any] = numba.typeof
rebuilt: Callable[..., Any] = CompileResult._rebuild

log = logging.getLogger(__name__)


def compiled(function: Callable[..., Any]) -> Any:
    """Compile a function over arrays with numba when it is first called, or read what was compiled before."""
    return _kept(numba.njit(**OPTIONS)(function))


def inlined(function: Callable[..., Any]) -> Any:
    """Compile a function into every kernel that calls it, as if it were written there; Python can call it as well.

    Nothing is compiled of it alone unless Python calls it, and loops around it can become vectors.
    """
    return _kept(numba.njit(inline="always", **OPTIONS)(function))


def types_of(values: Sequence[Any]) -> tuple[Any, ...]:
    """Return numba's types of the arguments of a call."""
    return tuple(map(type_of, values))


def is_kept(kernel: Any, types: tuple[Any, ...]) -> bool:
    """Whether the cache holds a kernel for arguments of some types."""
    kept: bool = kernel._cache.holds(types)
    return kept


def processors() -> int:
    """Return how many processors this process may use."""
    return int(NUMBA_SETTINGS.NUMBA_NUM_THREADS)


def cache_variables() -> dict[str, str]:
    """Return the variables by which another process finds the same cache."""
    return {"NUMBA_CACHE_DIR": str(NUMBA_SETTINGS.CACHE_DIR)} if NUMBA_SETTINGS.CACHE_DIR else {}


def _kept(dispatcher: Any) -> Any:
    # Where numba is told not to compile (NUMBA_DISABLE_JIT), a function stays what it is.
    if hasattr(dispatcher, "py_func"):
        dispatcher._cache = KernelCache(dispatcher)
    return dispatcher


class KernelCache(_Cache):
    """Cache of the compiled forms of one function, a file for each signature and kind of processor.

    Several processes may compile the same form at once: each puts a whole file in place, and all are alike.

    Parameters
    ----------
    dispatcher : numba dispatcher
        The function.
    """

    def __init__(self, dispatcher: Any) -> None:
        self.dispatcher = dispatcher
        self.is_enabled = True

    @property
    def cache_path(self) -> str:
        """Return the folder that is tried first."""
        return os.fspath(next(iter(folders()), ""))

    def enable(self) -> None:
        """Read and write kernels again."""
        self.is_enabled = True

    def disable(self) -> None:
        """Stop reading and writing kernels."""
        self.is_enabled = False

    def flush(self) -> None:
        """Remove nothing: a kernel whose code has changed has another name."""

    def holds(self, signature: Any) -> bool:
        """Whether a compiled form is kept."""
        name = self._name(signature, self.dispatcher.targetctx.codegen())
        return name is not None and any((folder / name).exists() for folder in folders())

    def load_overload(self, signature: Any, target: Any) -> Any:
        """Read a compiled form; None where there is none that can be used."""
        target.refresh()
        name = self._name(signature, target.codegen())
        content = None if name is None else read(name)
        if content is None:
            return None
        try:
            return rebuilt(target, *pickle.loads(content))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, compiling again mends it
            log.info("kernel %s cannot be used (%s); it is compiled again", name, error)
            return None

    def save_overload(self, signature: Any, result: Any) -> None:
        """Write a compiled form to the cache, if it can be written."""
        name = self._name(signature, result.codegen)
        if name is None or result.lifted or result.library.has_dynamic_globals:
            return
        try:
            kernel = dumps(result._reduce())
        except Exception as error:  # noqa: BLE001 - a kernel of others may hold what cannot be written, and runs all the same
            log.info("kernel %s is not kept: %s", self.dispatcher.__name__, error)
            return
        keep(name, kernel)

    def _name(self, signature: Any, codegen: Any) -> str | None:
        if not self.is_enabled:
            return None
        try:
            seen_by_compiler = fingerprint(self.dispatcher)
        except Unknown as error:
            log.info("kernel %s is not kept: %s", self.dispatcher.__name__, error)
            return None
        key = repr((seen_by_compiler, str(signature), codegen.magic_tuple(), versions()))
        digest = hashlib.sha256(key.encode()).hexdigest()[:KEY_DIGITS]
        return f"{self.dispatcher.__name__.strip('<>')}-{digest}{ENDING}"


def folders() -> Iterator[Path]:
    """List the folders for compiled kernels, in the order in which they are tried.

    The first is that of the variable NUMBA_CACHE_DIR, or else the user's cache. The second, for where the first cannot
    be written, is a private one among temporary files.
    """
    if NUMBA_SETTINGS.CACHE_DIR:
        yield Path(NUMBA_SETTINGS.CACHE_DIR)
    else:
        with suppress(RuntimeError):
            yield user_cache() / "abm" / "kernels"
    with suppress(OSError):
        folder = Path(tempfile.gettempdir()) / f"abm-kernels-{os.getuid()}"
        if _is_private(folder):
            yield folder


def user_cache() -> Path:
    """Return the folder for what programs may lose, by the custom of the system.

    Raises
    ------
    RuntimeError
        If the user has no home.
    """
    given = os.environ.get("XDG_CACHE_HOME", "")
    if Path(given).is_absolute():
        return Path(given)
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")


def _is_private(folder: Path) -> bool:
    """Whether a folder that anybody could have made is this user's own, or is not there yet."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return True
    is_others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not is_others


def read(name: str) -> bytes | None:
    """Read a kernel from the first folder that holds it undamaged; None if no folder does."""
    for folder in folders():
        path = folder / name
        try:
            content = path.read_bytes()
        except OSError:
            continue
        digest, kernel = content[:HASH_BYTES], content[HASH_BYTES:]
        if hashlib.sha256(kernel).digest() != digest:
            continue
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > TOUCHED_AFTER_SECONDS:
                os.utime(path)
        return kernel
    return None


def keep(name: str, kernel: bytes) -> Path | None:
    """Write a kernel into the first folder that takes it; where none does, say so once and go on without.

    Returns
    -------
    Path or None
        The file.
    """
    refusals: list[str] = []
    for folder in folders():
        try:
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            _put(folder / name, hashlib.sha256(kernel).digest() + kernel)
        except OSError as error:
            refusals.append(f"in {folder} ({error.strerror or error})")
            continue
        _tidied(folder)
        if refusals:
            _say_once(f"{' or '.join(refusals)}; {folder} is used instead")
        return folder / name
    where = " or ".join(refusals) or "anywhere"
    _say_once(f"{where}; every process compiles them again, about a minute each")
    return None


def try_folders() -> bool:
    """Warn if kernels cannot be kept, before workers start, each of which would warn.

    Returns
    -------
    bool
        Whether they can be kept anywhere.
    """
    path = keep(f"{TEMPORARY}{uuid.uuid4().hex}", bytes(TRIED_BYTES))
    if path is None:
        return False
    with suppress(OSError):
        path.unlink()
    return True


def _put(path: Path, content: bytes) -> None:
    temporary = path.with_name(f"{TEMPORARY}{uuid.uuid4().hex}")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


@cache
def _tidied(folder: Path) -> None:
    """Remove, once in a process, what nobody has used for long."""
    for pattern, age in ((f"*{ENDING}", KEPT_UNUSED_SECONDS), (f"{TEMPORARY}*", TOUCHED_AFTER_SECONDS)):
        for path in folder.glob(pattern):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > age:
                    path.unlink()


def _say_once(told: str) -> None:
    # Processes that are started from now on meet the same folders, and inherit that it has been said.
    if SAID not in os.environ:
        os.environ[SAID] = "1"
        log.warning("compiled kernels cannot be kept %s", told)


@cache
def versions() -> tuple[str, ...]:
    """Name the versions of all that makes or runs a kernel."""
    packages = [metadata.version(name) for name in ("numba", "llvmlite", "numpy")]
    return (platform.python_implementation(), platform.python_version(), *packages)


class Unknown(TypeError):
    """Something that a kernel names and that has no fingerprint."""


@cache
def fingerprint(function: Any) -> str:
    """Return the hash of all that the compiler sees of a function: its code, and what it names, down to the last.

    Names of other functions stand for their code in turn, names of values for the values, because numba compiles both
    into the kernel. Docstrings, comments and lines are no part of it.

    Parameters
    ----------
    function : callable
        Plain or compiled.

    Raises
    ------
    Unknown
        If it names something of which that cannot be told.
    """
    digest = hashlib.sha256()
    for part in _parts(function, {}):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def _parts(value: Any, seen: dict[int, int]) -> Iterator[str]:
    """Write down what a value is to the compiler, as texts in order; what was written before is told by its number."""
    if isinstance(value, PLAIN):
        yield f"{type(value).__name__} {value!r}"
    elif isinstance(value, tuple | list):
        yield f"{type(value).__name__} of {len(value)}"
        for entry in value:
            yield from _parts(entry, seen)
    elif isinstance(value, frozenset):
        yield f"frozenset {sorted(map(repr, value))}"
    elif id(value) in seen:
        yield f"seen {seen[id(value)]}"
    else:
        seen[id(value)] = len(seen)
        yield from _parts_of_object(value, seen)


def _parts_of_object(value: Any, seen: dict[int, int]) -> Iterator[str]:
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        yield f"array {value.dtype} {value.shape} {hashlib.sha256(value.tobytes()).hexdigest()}"
    elif hasattr(value, "py_func"):
        yield f"compiled {sorted(value.targetoptions.items())!r}"
        yield from _parts(value.py_func, seen)
    elif (home := _home(value)).partition(".")[0] in KNOWN_BY_NAME:
        yield f"{home} {getattr(value, '__qualname__', None) or getattr(value, '__name__', repr(value))}"
    elif isinstance(value, FunctionType):
        yield f"function {value.__defaults__!r}"
        for cell in value.__closure__ or ():
            yield from _parts(cell.cell_contents, seen)
        yield from _parts_of_code(value.__code__, value, seen)
    elif isinstance(value, EnumMeta):
        members: Mapping[str, Any] = value.__members__
        yield f"{value.__qualname__} {[(name, member.value) for name, member in members.items()]!r}"
    else:
        raise Unknown(f"it names {value!r}, of which only its author knows whether it has changed")


def _home(value: Any) -> str:
    """Name the module that something is from, or that it is; empty where it does not say."""
    if isinstance(value, ModuleType):
        return value.__name__
    if isinstance(value, np.ufunc):
        return "numpy"
    return str(getattr(value, "__module__", None) or "")


def _parts_of_code(code: CodeType, function: FunctionType, seen: dict[int, int]) -> Iterator[str]:
    yield f"code {code.co_code.hex()} {code.co_argcount} {code.co_names!r} {code.co_varnames!r}"
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts_of_code(constant, function, seen)
        elif constant != function.__doc__:
            yield from _parts(constant, seen)
    for name in code.co_names:
        if name not in function.__globals__:
            # A builtin, or an attribute: of numpy or the like, or else of a module that is looked into below.
            continue
        value = function.__globals__[name]
        if isinstance(value, ModuleType) and value.__name__.partition(".")[0] not in KNOWN_BY_NAME:
            yield f"module {value.__name__}"
            for attribute in code.co_names:
                if attribute in vars(value):
                    yield from _parts(vars(value)[attribute], seen)
        else:
            yield f"global {name}"
            yield from _parts(value, seen)
