"""Write results all at once: check the directory first, write beside it, rename when complete."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from abm.errors import InvalidInput, Problem
from abm.files.claim import claimed, replace_directory
from abm.files.durable import put_in_place
from abm.files.lock import holder_of

RUNS = "runs.parquet"
MONTHS = "months.parquet"
MANIFEST = "manifest.json"
REPORT = "report.html"
FILES = (RUNS, MONTHS, MANIFEST, REPORT)


@dataclass(frozen=True)
class Destination:
    """A directory that results are to be written to.

    Attributes
    ----------
    path : Path
        The directory; it need not exist, nor its parents.
    force : bool
        Replace results that are there.
    option : str
        The option that names it, for messages.
    files : tuple of str
        Names that may be there already and that `force` replaces.
    """

    path: Path
    force: bool = False
    option: str = "--out"
    files: tuple[str, ...] = FILES

    def problems(self) -> list[Problem]:
        """Return why results cannot be written there, empty if they can; leaves nothing behind."""
        return [Problem(self.option, None, message) for message in self._complaints()]

    @contextmanager
    def staged(self) -> Iterator[Path]:
        """Yield a directory to write to, and move it to its place when the block ends without an error.

        Meanwhile no other process writes to the destination, so enter before the work that makes the results.

        Yields
        ------
        Path
            An empty directory beside the destination.

        Raises
        ------
        InvalidInput
            If results cannot be written there, or another process is at work there.
        """
        _require(self.problems())
        destination = self.path.resolve()
        new_parents = _missing_parents(destination)
        destination.parent.mkdir(parents=True, exist_ok=True)
        try:
            with claimed(destination, self.option) as folder:
                # Another process may have finished since the first look.
                _require(self.problems())
                staging = folder / destination.name
                staging.mkdir()
                yield staging
                _require(self.problems())
                replace_directory(staging, destination)
        except BaseException:
            for parent in new_parents:
                with suppress(OSError):
                    parent.rmdir()
            raise

    def _complaints(self) -> Iterator[str]:
        shown = os.fspath(self.path)
        try:
            destination = self.path.resolve()
            if not destination.is_dir():
                if os.path.lexists(destination):
                    yield f"'{shown}' is a file; name a directory that does not exist yet"
                    return
            elif not self.force:
                yield f"'{shown}' exists; give --force to replace it, or another --out"
                return
            else:
                strangers = sorted(
                    entry.name for entry in destination.iterdir() if entry.name not in self.files
                )
                if strangers:
                    named = ", ".join(f"'{name}'" for name in strangers[:3]) + (
                        ", ..." if len(strangers) > 3 else ""
                    )
                    yield (
                        f"'{shown}' holds {named}, which abm did not write; --force replaces results only, "
                        "so name another --out"
                    )
                    return
                holder = holder_of(destination)
                if holder is not None:
                    yield (
                        f"process {holder.pid} on {holder.host} has been at work on '{shown}' since "
                        f"{holder.told_since}; wait for it, or name another {self.option}"
                    )
                    return
            _probe(destination)
        except (OSError, ValueError, RuntimeError) as error:
            reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
            yield f"'{shown}' cannot be written ({reason}); name a directory in which you may write"


def output_file_problems(path: Path | None, force: bool = False, option: str = "--out") -> list[Problem]:
    """Return why a single file cannot be written, empty if it can or none is wanted; leaves nothing behind.

    Parameters
    ----------
    path : Path or None
        The file; its directory must exist.
    force : bool
        Replace the file if it is there.
    option : str
        The option that names it, for messages.
    """
    if path is None:
        return []
    return [Problem(option, None, message) for message in _file_complaints(path, force)]


@contextmanager
def staged_file(path: Path, force: bool = False, option: str = "--out") -> Iterator[Path]:
    """Yield the path of a file to write, and move it to its place, durably, when the block ends without an error.

    Meanwhile no other process writes to the path, so enter before long work.

    Yields
    ------
    Path
        Name of a file that is not there yet, beside the path and with the same last part.

    Raises
    ------
    InvalidInput
        If the file cannot be written, or another process is writing it.
    """
    _require(output_file_problems(path, force, option))
    target = path.resolve()
    with claimed(target, option) as folder:
        _require(output_file_problems(path, force, option))
        yield folder / target.name
        _require(output_file_problems(path, force, option))
        put_in_place(folder / target.name, target)


def _require(problems: list[Problem]) -> None:
    if problems:
        raise InvalidInput(problems)


def _file_complaints(path: Path, force: bool) -> Iterator[str]:
    shown = os.fspath(path)
    try:
        target = path.resolve()
        if path.is_symlink():
            yield f"'{shown}' is a link; name the file itself that is to be written"
        elif target.is_dir():
            yield f"'{shown}' is a directory; name a file in it"
        elif os.path.lexists(target) and not target.is_file():
            yield f"'{shown}' is not a regular file; name another"
        elif target.is_file() and not force:
            yield f"'{shown}' exists; name another file, or add --force to replace it"
        elif not target.parent.is_dir():
            yield f"'{shown}' lies in a directory that does not exist; make it first"
        else:
            with tempfile.TemporaryDirectory(prefix=".abm-", dir=target.parent) as aside:
                # A name may be too long for the file system though its directory can be written.
                (Path(aside) / target.name).touch()
    except (OSError, ValueError, RuntimeError) as error:
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        yield f"'{shown}' cannot be written ({reason}); name a file in a directory in which you may write"


def _missing_parents(destination: Path) -> list[Path]:
    return [parent for parent in destination.parents if not parent.exists()]


def _probe(destination: Path) -> None:
    # Permission bits do not tell about read-only file systems or an administrator, so try.
    nearest = next(parent for parent in destination.parents if os.path.lexists(parent))
    if not nearest.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "not a directory", os.fspath(nearest))
    probe = Path(tempfile.mkdtemp(prefix=".abm-", dir=nearest))
    try:
        # A name may be too long for the file system though its parent can be written.
        rest = destination.relative_to(nearest)
        if nearest != destination:
            (probe / rest).mkdir(parents=True)
    finally:
        shutil.rmtree(probe, ignore_errors=True)
