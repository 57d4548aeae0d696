"""Read YAML into typed records: the one door through which files enter.

A file becomes a `Document`: plain values plus the line of every key. A document becomes a `Record`, a frozen
pydantic model that forbids unknown keys and confuses neither text with numbers nor numbers with truth. Every
fault, of the YAML or of the record, becomes a `Problem` with file and line, and all of them are raised at
once.
"""

from abm.records.document import Document, dump, is_stream
from abm.records.record import SAYS_SOMETHING, Record, check, load, load_list
from abm.records.scalars import plain_value
from abm.records.values import Fault, Faults, FrozenMapping, KeyPath, shown, shown_number, shown_path

__all__ = [
    "SAYS_SOMETHING",
    "Document",
    "Fault",
    "Faults",
    "FrozenMapping",
    "KeyPath",
    "Record",
    "check",
    "dump",
    "is_stream",
    "load",
    "load_list",
    "plain_value",
    "shown",
    "shown_number",
    "shown_path",
]
