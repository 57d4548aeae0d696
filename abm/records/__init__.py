"""Typed records read from YAML: the only way in which files enter abm.

How much is read is bounded (`abm.records.bounds`), whatever the kind of file. A YAML file becomes a `Document`: plain
values plus the line of every key. A document becomes a `Record`, a frozen pydantic model that forbids unknown keys and
confuses neither text with numbers nor numbers with truth. Every fault, of the YAML or of the record, becomes a
`Problem` with file and line, and all of them are raised at once.
"""

from abm.records import bounds
from abm.records.bounds import Excess
from abm.records.content import (
    NotRegular,
    complaint_of,
    is_stream,
    opened,
    plain_json,
    read_content,
    unzipped,
)
from abm.records.document import Document, dump
from abm.records.record import SAYS_SOMETHING, Record, check, load, load_list
from abm.records.scalars import plain_value
from abm.records.values import Fault, Faults, FrozenMapping, KeyPath, shown, shown_number, shown_path

__all__ = [
    "SAYS_SOMETHING",
    "Document",
    "Excess",
    "Fault",
    "Faults",
    "FrozenMapping",
    "KeyPath",
    "NotRegular",
    "Record",
    "bounds",
    "check",
    "complaint_of",
    "dump",
    "is_stream",
    "load",
    "load_list",
    "opened",
    "plain_json",
    "plain_value",
    "read_content",
    "shown",
    "shown_number",
    "shown_path",
    "unzipped",
]
