"""Turn documents into typed records, or report everything that is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Set
from pathlib import Path
from typing import ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError

from abm.errors import MOST_PROBLEMS, Further, InvalidInput, Problem
from abm.records.alternatives import alternatives
from abm.records.document import Document
from abm.records.messages import faults_of, one_for_each_union
from abm.records.readable import readable
from abm.records.values import Fault, KeyPath, shown

R = TypeVar("R", bound="Record")
MOST_FAULTS = 4 * MOST_PROBLEMS
"""Faults of one record that are put into words; a value may have several, and the first fifty problems are told."""
SAYS_SOMETHING = r"\S"
"""Pattern of a text that may be left out, but not left empty."""


class Record(BaseModel):
    """Base of every record read from a file: frozen, strict, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    kind: ClassVar[str] = "record"
    """What messages call the record, as in 'not a key of a KIND'."""

    _document: Document | None = PrivateAttr(default=None)

    def disagreements(self, faulty: Set[KeyPath] = frozenset()) -> Iterable[Fault]:
        """Return where one value contradicts another.

        `check` asks this of what can be read of a file with faults, so that these do not hide the others. A record
        that answers also raises its disagreements from a validator.

        Parameters
        ----------
        faulty : set of KeyPath
            Paths of other faults; `abm.records.readable` describes the values there.
        """
        return ()

    @property
    def document(self) -> Document | None:
        """Return the document from which the record was read; None if it was built in Python."""
        return self._document


def load(path: str | Path, model: type[R], context: object = None) -> R:
    """Read a file into a record.

    Parameters
    ----------
    path : str or Path
        A YAML file.
    model : type
        A subclass of `Record`.
    context : object
        Further information for validators.

    Returns
    -------
    Record
        An instance of `model`, whose `document` knows its lines.

    Raises
    ------
    InvalidInput
        With every problem of the file.
    """
    record, problems = check(Document.read(path), model, context=context)
    if record is None:
        raise InvalidInput(problems)
    return record


def load_list(path: str | Path, model: type[R]) -> tuple[R, ...]:
    """Read a file that holds a list of records.

    Parameters
    ----------
    path : str or Path
        A YAML file with a list at its top.
    model : type
        A subclass of `Record`.

    Returns
    -------
    tuple of Record
        In file order.

    Raises
    ------
    InvalidInput
        With every problem of the file.
    """
    document = Document.read(path)
    if not isinstance(document.data, list):
        problem = document.problem(
            (), f"holds {shown(document.data)}; it should hold a list of {model.kind}s"
        )
        raise InvalidInput((*document.problems, problem))
    problems = list(document.problems)
    loaded: list[R] = []
    for position in range(len(document.data)):
        record, faults = check(document, model, (position,))
        problems.extend(faults)
        if record is not None:
            loaded.append(record)
    if problems:
        raise InvalidInput(problems)
    return tuple(loaded)


def check(
    document: Document, model: type[R], at: KeyPath = (), context: object = None
) -> tuple[R | None, tuple[Problem, ...]]:
    """Turn a document into a record, or report everything that is wrong with it.

    Parameters
    ----------
    document : Document
        The document.
    model : type
        A subclass of `Record`.
    at : KeyPath
        Path of the record in the document.
    context : object
        Further information for validators.

    Returns
    -------
    record : Record or None
        None if there is any problem.
    problems : tuple of Problem
        Problems of the YAML first, then those of the record, but none of values that the YAML left out.
    """
    record, faults, unsaid = _judged(document, model, at, context)
    problems = [*document.problems, *(document.problem(fault.path, fault.message) for fault in faults)]
    if unsaid:
        problems.append(Further.of(document.file, unsaid))
    known = set(faults)
    for path, alternative in alternatives(document):
        for fault in _judged(alternative, model, at, context)[1]:
            if fault.path[: len(path)] == path and fault not in known:
                problems.append(alternative.problem(fault.path, fault.message))
    if record is None or problems:
        return None, tuple(problems)
    record._document = document
    return record, ()


def _judged(
    document: Document, model: type[R], at: KeyPath, context: object
) -> tuple[R | None, list[Fault], int]:
    """Build a record of the values of a document, or say what keeps it from being one, and count what is not said."""
    try:
        # Strict JSON input gives arrays to tuples and whole numbers to floats, and text to neither.
        record = model.model_validate_json(json.dumps(document.value(at)), context=context)
    except ValidationError as error:
        details = error.errors(include_url=False)
        faulty = {detail["loc"] for detail in details}
        above_faults = {place[:length] for place in faulty for length in range(len(place))}
        faults: list[Fault] = []
        for detail in one_for_each_union(details[:MOST_FAULTS], document, at):
            # Pydantic counts only the items without fault, so a list of faulty ones is too short for it.
            if detail["type"] == "too_short" and detail["loc"] in above_faults:
                continue
            found = faults_of(detail, model, document, at)
            # What has the wrong tag is likely to be of the wrong kind too; what it lacks is news.
            faults.extend(
                fault
                for fault in found
                if fault.path not in document.mistagged or detail["type"] == "missing"
            )
        if () not in faulty:
            further = readable(model, document.value(at), faulty).disagreements(faulty)
            faults.extend(fault.under(*at) for fault in further)
        sound = [fault for fault in faults if not _is_damaged(fault.path, document)]
        return None, sound, len(details[MOST_FAULTS:])
    return record, [], 0


def _is_damaged(path: KeyPath, document: Document) -> bool:
    return any(path[:length] in document.damaged for length in range(len(path) + 1))
