"""Refuse links that lead out of a directory.

A sweep travels from one machine to another, and from one person to another. Work on it reads and writes below its
directory, and a link there could redirect it anywhere else. The directory itself may be reached through a link, and
links that stay within it are allowed.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from abm.errors import InvalidInput, Problem


def require_enclosed(directory: Path, passed_over: Path | None = None) -> None:
    """Refuse a directory that holds links which lead out of it.

    Parameters
    ----------
    directory : Path
        The sweep's.
    passed_over : Path, optional
        A folder in it that is not searched: a worker that runs one of a million shards checks its own files only.

    Raises
    ------
    InvalidInput
        With every such link.
    """
    home = directory.resolve()
    problems = [
        Problem(os.fspath(link), None, f"is a link that leads out of the sweep, to {_told(target)}; {ADVICE}")
        for link, target in leaving(directory, home, passed_over)
    ]
    if problems:
        raise InvalidInput(problems)


def require_own(directory: Path, folder: Path, files: Sequence[Path]) -> None:
    """Refuse a folder of a sweep that is reached through a link that leads out, and files in it that are links.

    Raises
    ------
    InvalidInput
        With the first of them.
    """
    if not folder.resolve().is_relative_to(directory.resolve()):
        told = f"is reached through a link that leads out of the sweep, to {_told(_target(folder))}; {ADVICE}"
        raise InvalidInput([Problem(os.fspath(folder), None, told)])
    for file in files:
        if file.is_symlink():
            told = f"is a link, to {_told(_target(file))}; {ADVICE}"
            raise InvalidInput([Problem(os.fspath(file), None, told)])


ADVICE = "nothing was read or written through it: put the file or folder itself there, or remove the link"


def leaving(
    directory: Path, home: Path, passed_over: Path | None = None
) -> Iterator[tuple[Path, Path | None]]:
    """Yield the links below a directory that lead out of its home, with their targets; None for a link to itself."""
    try:
        entries = list(os.scandir(directory))
    except OSError:
        # What cannot be listed cannot be followed either; reading it will fail with the reason.
        return
    for entry in sorted(entries, key=lambda entry: entry.name):
        path = Path(entry.path)
        if entry.is_symlink():
            target = _target(path)
            if target is None or not target.is_relative_to(home):
                yield path, target
        elif entry.is_dir(follow_symlinks=False) and path != passed_over:
            yield from leaving(path, home, passed_over)


def _target(link: Path) -> Path | None:
    try:
        return link.resolve()
    except (OSError, RuntimeError):
        # A link that leads to itself.
        return None


def _told(target: Path | None) -> str:
    return "itself" if target is None else f"'{target}'"
