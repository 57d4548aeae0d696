"""Import what a file names as ``package.module:name``, from a folder or from what is installed.

To import a module is to run it. So this is done only where a model is run: in workers, and in the processes in which a
plan tries it. `abm.sweeps.foreign.modelsources` finds what can be known without an import.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from abm.errors import did_you_mean
from abm.runs.failures import error_text
from abm.sweeps.foreign.modelsources import NotFoundByName, is_own, missing_module, module_and_name

_put_aside: dict[str, dict[str, ModuleType]] = {}
"""Modules by the folder from which they were imported, while those of another folder are in use."""
_in_use: list[str] = []
"""The folder whose modules are in use, if any."""


def found_by_name(reference: str, folder: Path | None = None) -> Any:
    """Import what a reference names.

    Parameters
    ----------
    reference : str
        ``package.module:name``.
    folder : Path, optional
        Where modules are searched for besides the installed ones.

    Raises
    ------
    NotFoundByName
        If it is not of that form, there is no such module, the module fails, or it holds no such name.
    """
    module_name, name = module_and_name(reference)
    if folder is not None:
        use(folder)
    module = _module(module_name, folder)
    if (
        folder is not None
        and is_own(module_name, folder)
        and module_name not in _modules_of(os.fspath(folder))
    ):
        told = f"is hidden by one of the same name, {getattr(module, '__file__', None)}; rename it"
        raise NotFoundByName(f"module '{module_name}' of {folder} {told}")
    if not hasattr(module, name):
        public = [key for key in vars(module) if not key.startswith("_")]
        raise NotFoundByName(f"module '{module_name}' has no '{name}'{did_you_mean(name, public)}")
    return getattr(module, name)


def use(folder: Path) -> None:
    """Search for modules in a folder, and set the modules of the previous folder aside.

    Two folders may each have a module of one name, and each keeps its own.
    """
    wanted = os.fspath(folder)
    if _in_use != [wanted]:
        for former in _in_use:
            _put_aside[former] = {name: sys.modules.pop(name) for name in _modules_of(former)}
            if former in sys.path:
                sys.path.remove(former)
        _in_use[:] = [wanted]
        sys.modules.update(_put_aside.pop(wanted, {}))
        importlib.invalidate_caches()
    if wanted not in sys.path:
        # Before the working directory, which may be what the folder is a copy of.
        sys.path.insert(0, wanted)


def _modules_of(folder: str) -> list[str]:
    found = []
    for name, module in list(sys.modules.items()):
        places = [getattr(module, "__file__", None), *_paths(module)]
        if any(isinstance(place, str) and place.startswith(folder + os.sep) for place in places):
            found.append(name)
    return found


def _paths(module: Any) -> list[Any]:
    try:
        return list(getattr(module, "__path__", ()))
    except Exception:  # noqa: BLE001 - foreign modules may define any attribute
        return []


def _module(name: str, folder: Path | None) -> ModuleType:
    # Importing mesa forces the start method of every pool in this process, which a model must not decide.
    method = multiprocessing.get_start_method(allow_none=True)
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            hint = "; install it" if folder is None else "; install it, or name its file under 'files'"
            raise NotFoundByName(f"module '{name}' needs module '{error.name}'{hint}") from None
        raise NotFoundByName(missing_module(name, error.name, folder)) from None
    except BaseException as error:  # noqa: BLE001 - the module is foreign code, and may even exit
        told = f"module '{name}' failed when it was imported, {error_text(error)}; fix it"
        raise NotFoundByName(told) from None
    finally:
        multiprocessing.set_start_method(method, force=True)
