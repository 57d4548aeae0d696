"""Claim a file or directory before writing it, so that a second process is refused before it starts its work.

A claim is a locked folder beside the target, in which the new content is made. The folder is removed when the claim
ends. The claim of a process that was killed is free at once, and the next claim clears its folder.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from abm.errors import InvalidInput, Problem
from abm.files.lock import LOCK, DirectoryLock, Holder, Locked

NEW, OLD = "new", "old"
NAME_LETTERS = 40
HASH_DIGITS = 8


@contextmanager
def claimed(target: Path, option: str = "--out") -> Iterator[Path]:
    """Prevent other processes from writing a file or directory while the context lasts.

    Parameters
    ----------
    target : Path
        Resolved; its parent must exist.
    option : str
        The option that names the target, for messages.

    Yields
    ------
    Path
        An empty folder on the target's file system, which is removed at the end.

    Raises
    ------
    InvalidInput
        If another process writes the target.
    OSError
        If nothing can be written beside it.
    """
    folder = _folder_of(target)
    lock = _locked(folder, target, option)
    try:
        _clear(folder, target)
        (folder / NEW).mkdir()
        yield folder / NEW
    finally:
        # The lock goes last, or another process could be at work in the folder that is cleared here.
        _clear(folder, target)
        with suppress(OSError):
            (folder / LOCK).unlink()
            folder.rmdir()
        lock.__exit__(None, None, None)


def replace_directory(staged: Path, target: Path) -> None:
    """Replace the target by a directory that was made within a claim on it."""
    if not target.exists():
        staged.rename(target)
        return
    former = _folder_of(target) / OLD
    target.rename(former)
    try:
        staged.rename(target)
    except BaseException:
        former.rename(target)
        raise


def _folder_of(target: Path) -> Path:
    # Names may be as long as the file system allows.
    digest = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:HASH_DIGITS]
    return target.parent / f".abm-{digest}-{target.name[:NAME_LETTERS]}"


def _locked(folder: Path, target: Path, option: str) -> DirectoryLock:
    while True:
        if folder.is_symlink():
            # Its target would be cleared, wherever it is.
            raise InvalidInput(
                [Problem(option, None, f"'{folder}' is a link, which abm did not make; remove it")]
            )
        folder.mkdir(exist_ok=True)
        lock = DirectoryLock(folder)
        try:
            lock.__enter__()
        except FileNotFoundError:
            # The former holder has just removed the folder.
            continue
        except Locked as error:
            raise InvalidInput([Problem(option, None, _told(error.holder, target, folder))]) from None
        if lock.is_in_place:
            return lock
        lock.__exit__(None, None, None)


def _clear(folder: Path, target: Path) -> None:
    """Empty a claim's folder except for its lock, after restoring what a killed process had moved there."""
    if (folder / OLD).exists() and not os.path.lexists(target):
        (folder / OLD).rename(target)
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        elif entry.name != LOCK:
            entry.unlink(missing_ok=True)


def _told(holder: Holder | None, target: Path, folder: Path) -> str:
    if holder is None:
        return f"another process is writing '{target}'; wait for it, or name another"
    who = f"process {holder.pid} on {holder.host} has been writing '{target}' since {holder.told_since}"
    if holder.is_here:
        return f"{who}; wait for it, or name another"
    return f"{who}; wait for it, name another, or remove '{folder}' if you know that it has ended"
