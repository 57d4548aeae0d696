"""Provide each process with a copy of a model's folder, restored at the start of every run.

A model may write files, or change those it reads. A copy of its own protects the sweep's inputs and other processes;
and because the copy is checked before each run and restored if it differs, other runs as well.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from multiprocessing import util
from pathlib import Path

CACHE = "__pycache__"

_spaces: dict[Path | None, Workspace] = {}


class Workspace:
    """A copy of a folder, or an empty one.

    Parameters
    ----------
    source : Path or None
        Folder to copy.
    """

    def __init__(self, source: Path | None) -> None:
        self.source = source
        self.path = Path(tempfile.mkdtemp(prefix="abm-model-")).resolve()
        # Processes of a pool skip functions of atexit, but run these, as every other process does.
        util.Finalize(self, shutil.rmtree, (self.path, True), exitpriority=1)
        self._fill()
        self._as_new = self._state()

    def renew(self) -> None:
        """Restore every file that has changed."""
        if self._state() == self._as_new:
            return
        for entry in self.path.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()
        self._fill()
        self._as_new = self._state()

    def _fill(self) -> None:
        if self.source is not None:
            skipped = shutil.ignore_patterns(CACHE)
            shutil.copytree(self.source, self.path, dirs_exist_ok=True, ignore=skipped)

    def _state(self) -> list[list[tuple[str, int, int]]]:
        return [list(_listed(folder)) for folder in (self.path, self.source) if folder is not None]


def _listed(folder: Path) -> Iterator[tuple[str, int, int]]:
    """List the files in a folder with times and sizes, in an order that is stable while nothing changes."""
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != CACHE]
        yield from ((os.path.join(root, name), 0, 0) for name in folders)  # noqa: PTH118 - before every run
        for name in names:
            path = os.path.join(root, name)  # noqa: PTH118
            found = os.lstat(path)
            yield path, found.st_mtime_ns, found.st_size


def workspace(source: Path | None) -> Path:
    """Return the folder in which this process runs a model, with exactly the files of the source."""
    space = _spaces.get(source)
    if space is None or not space.path.is_dir():
        space = _spaces[source] = Workspace(source)
    else:
        space.renew()
    return space.path
