"""Read places from files: drawn from their description, built from publishers' files, or a network."""

import hashlib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

from abm.errors import InvalidInput, Problem
from abm.records import Document, Record, bounds, check, complaint_of, read_content, shown_path
from abm.world.drawnfile import DrawnFile
from abm.world.place import Place
from abm.world.placefile import PlaceFile

R = TypeVar("R", bound=Record)

BUILT_ENDING = ".npz"
NETWORK_ENDING = ".graphml"
DRAWN_KEY = "drawn"
"""The key that a drawn file has and a place file lacks."""


def load_place(path: str | Path) -> Place:
    """Read a place: draw it from a place file or a drawn file (YAML), read a built one (NPZ) or a network (GraphML).

    Raises
    ------
    InvalidInput
        With every problem of the file.
    """
    if is_built(path):
        from abm.world.built import read_built

        return read_built(path)
    if is_network(path):
        # Deferred: few places need networkx.
        from abm.world.network import load_network

        return load_network(path)
    document = Document.read(path)
    try:
        if is_drawn(document):
            from abm.world.country import draw_country

            return draw_country(require(document, DrawnFile))
        from abm.world.synthesis import synthesise

        return synthesise(require(document, PlaceFile))
    except ValueError as error:
        raise InvalidInput([Problem(shown_path(path), None, f"cannot be drawn: {error}")]) from error


def is_built(path: str | Path) -> bool:
    """Return whether a file is a built place, by its ending."""
    return Path(path).suffix == BUILT_ENDING


def is_network(path: str | Path) -> bool:
    """Return whether a file is a network in GraphML, by its ending."""
    return Path(path).suffix == NETWORK_ENDING


def is_drawn(document: Document) -> bool:
    """Return whether a document is a drawn file and not a place file, by its keys."""
    return isinstance(document.data, dict) and DRAWN_KEY in document.data


def require(document: Document, model: type[R]) -> R:
    """Return a document as a valid record.

    Raises
    ------
    InvalidInput
        With every problem.
    """
    record, problems = check(document, model)
    if record is None:
        raise InvalidInput(problems)
    return record


def place_problems(path: str | Path) -> tuple[Problem, ...]:
    """Return the problems of a place's file, without drawing the place."""
    try:
        if is_built(path) or is_network(path):
            load_place(path)
            return ()
        document = Document.read(path)
    except InvalidInput as error:
        return error.problems
    return check(document, DrawnFile if is_drawn(document) else PlaceFile)[1]


def place_schema() -> dict[str, Any]:
    """Return the JSON Schema of place files and drawn files."""
    return TypeAdapter(PlaceFile | DrawnFile).json_schema(by_alias=True)


def place_content(path: str | Path) -> Any:
    """Return the content of a place's file for hashes: its values, or the hash of a built place or a network.

    Raises
    ------
    InvalidInput
        If the file cannot be read.
    """
    try:
        if is_built(path):
            from abm.world.built import built_hash

            return {"built": built_hash(path)}
        if is_network(path):
            return {"network": hashlib.sha256(read_content(path, bounds.GRAPHML_BYTES)).hexdigest()}
    except (OSError, ValueError) as error:
        raise InvalidInput([Problem(shown_path(path), None, complaint_of(error))]) from None
    return Document.read(path).data
