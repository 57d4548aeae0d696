"""Keep a sweep within its directory: nothing in it may be a link that leads out.

A sweep is carried from one machine to another, and from one person to another. Whoever works on it writes below its
directory, and through a link there they would write, or read, anywhere else. A directory may itself be reached through
a link, and links within it may stay.
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
        A folder in it whose content is not looked at: who runs one of a million shards looks at its own files.

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
    """Refuse a folder of a sweep, or files in it, that are links or are reached through one that leads out.

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
    """Find the links below a directory that lead out of its home, and where they lead; None where nobody can say."""
    try:
        entries = list(os.scandir(directory))
    except OSError:
        # What cannot be listed cannot be followed either, and whoever needs it says why.
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
