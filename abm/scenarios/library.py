"""Find scenarios, policy blocks and places: by name among those that come with abm, or by path."""

from __future__ import annotations

from pathlib import Path

from abm.errors import AbmError, InvalidInput, Problem, did_you_mean
from abm.records import shown_path

EXPERIMENTS = "experiments"
"""Folder of the experiments that come with abm."""
FILE_ENDINGS = (".yaml", ".yml", ".npz", ".graphml")


def shipped_directory() -> Path:
    """Find the scenarios, policies and places that come with abm, from any working directory.

    Returns
    -------
    Path
        ``abm/library`` in an installed wheel; ``scenarios`` beside the package in a checkout or editable
        install.

    Raises
    ------
    AbmError
        If neither is there.
    """
    package = Path(__file__).resolve().parents[1]
    for candidate in (package / "library", package.parent / "scenarios"):
        if (candidate / "policies").is_dir():
            return candidate
    raise AbmError(f"the shipped scenarios are neither in {package} nor beside it; reinstall abm")


def _names(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def scenario_names() -> tuple[str, ...]:
    """List the names of the shipped scenarios, sorted."""
    return _names(shipped_directory())


def policy_names() -> tuple[str, ...]:
    """List the names of the shipped policy blocks, sorted."""
    return _names(shipped_directory() / "policies")


def place_names() -> tuple[str, ...]:
    """List the names of the shipped places, sorted."""
    return _names(shipped_directory() / "places")


def experiment_names() -> tuple[str, ...]:
    """List the names of the shipped experiments, sorted."""
    return _names(shipped_directory() / EXPERIMENTS)


def is_path(reference: str | Path) -> bool:
    """Return whether a reference is a path: it has a separator or the ending of a file of abm."""
    text = str(reference)
    return isinstance(reference, Path) or "/" in text or "\\" in text or text.endswith(FILE_ENDINGS)


def _is_there(path: Path) -> bool:
    """Return whether a path exists; a name that is too long or a link to itself does not."""
    try:
        return path.exists()
    except (OSError, ValueError, RuntimeError):
        return False


def find_place(place: str | Path, beside: Path | None = None) -> Path:
    """Find a place file.

    Parameters
    ----------
    place : str or Path
        A name, or a path.
    beside : Path, optional
        Folder of the file that refers to the place; paths are relative to it, and its folder ``places`` is
        searched first.

    Returns
    -------
    Path
        Absolute.

    Raises
    ------
    InvalidInput
        If there is no such place.
    """
    found, complaint = find(place, "place", "places", beside)
    if found is None:
        raise InvalidInput([Problem("place", None, complaint)])
    return found


def find(reference: str | Path, noun: str, folder: str, beside: Path | None) -> tuple[Path | None, str]:
    """Find the file of a name or path, or return what is valid.

    Parameters
    ----------
    reference : str or Path
        A name, or a path.
    noun : str
        What messages call it.
    folder : str
        Folder for such files among those that come with abm.
    beside : Path, optional
        Folder of the file that refers to it.

    Returns
    -------
    path : Path or None
        Absolute; None if there is no such file.
    complaint : str
        What is wrong and valid, empty if the file is found.
    """
    if is_path(reference):
        path = (beside or Path.cwd()) / reference
        if _is_there(path):
            return path.resolve(), ""
        return None, f"{noun} file '{reference}' does not exist; looked for {shown_path(path)}"
    name = f"{reference}.yaml"
    folders = (
        [shipped_directory() / folder] if beside is None else [beside / folder, shipped_directory() / folder]
    )
    for candidate in folders:
        if _is_there(candidate / name):
            return (candidate / name).resolve(), ""
    known = sorted({name for candidate in folders for name in _names(candidate)})
    return (
        None,
        f"{noun} '{reference}' is unknown{did_you_mean(str(reference), known)} Valid: {', '.join(known)}.",
    )
