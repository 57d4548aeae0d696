"""Tables and cards without decoration."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from abm.records import shown_number

QUIET = "dim"


def plain_table(*heads: str, title: str = "") -> Table:
    """Return an empty table with a rule below its heads and nothing else."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.title = Text(title, style="bold") if title else None
    table.title_justify = "left"
    for head in heads:
        table.add_column(Text(head), overflow="fold")
    return table


def entries_table(head: str, entries: Iterable[Sequence[str]], *middle: str) -> Table:
    """Return a table of entries: a name, a label, and details below the label.

    Parameters
    ----------
    head : str
        Head of the names.
    entries : iterable of sequence of str
        Name, the texts of the middle columns, label, and details; details may be empty.
    middle : str
        Heads of columns between name and label.
    """
    table = plain_table(head, *middle, "")
    table.columns[0].no_wrap = True
    for name, *between, label, details in entries:
        said = Text.assemble(label, (f"\n{details}" if details else "", QUIET))
        table.add_row(Text(name), *map(Text, between), said)
    return table


def record_card(record: Any, attributes: Sequence[str]) -> Table:
    """Return a table of one record with a row for each attribute that has a value."""
    card = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    card.add_column(style=QUIET, no_wrap=True)
    card.add_column(overflow="fold")
    for attribute in attributes:
        value = getattr(record, attribute)
        if value is not None and value != "":
            card.add_row(attribute.replace("_", " "), Text(shown(value)))
    return card


def shown(value: Any) -> str:
    """Format any value of a record."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return shown_number(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {shown(entry)}" for key, entry in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value))
    return str(value)
