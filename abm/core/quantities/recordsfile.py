"""Read the levers and parameters of a submodel from a file, without the code that uses them."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field as Key

from abm.core.quantities.lever import Lever
from abm.core.quantities.parameter import Parameter
from abm.core.vocabulary import Vocabulary
from abm.errors import InvalidInput
from abm.records import Document, Record, check


class RecordsFile(Record):
    """The levers and parameters of a submodel that stand in a file."""

    kind: ClassVar[str] = "file of levers and parameters"

    levers: tuple[Lever, ...] = Key(default=(), description="levers, each with its keys")
    parameters: tuple[Parameter, ...] = Key(default=(), description="parameters, each with its keys")


def read_records(path: Path, vocabulary: Vocabulary) -> tuple[RecordsFile, Document]:
    """Read a file of levers and parameters.

    Parameters
    ----------
    path : Path
        A YAML file.
    vocabulary : Vocabulary
        The words of the world, for what parameters are indexed by.

    Returns
    -------
    record : RecordsFile
    document : Document
        For lines.

    Raises
    ------
    InvalidInput
        With every problem of the file.
    """
    document = Document.read(path)
    record, problems = check(document, RecordsFile, context=vocabulary)
    if record is None:
        raise InvalidInput(problems)
    return record, document
