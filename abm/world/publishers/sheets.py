"""Read comma-separated files row by row, remember the line of each, and collect every fault."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from abm.errors import Problem
from abm.records import Excess, bounds, complaint_of, opened, read_content, shown_number, shown_path, unzipped
from abm.texts import UNREADABLE, visible

ZIPPED = ".gz"
SHOWN = 60
"""Characters of a cell that are shown."""
HEAD_BYTES = 64 * bounds.KIB
"""Bytes in which the first row of a file must end."""
SEVERAL = 3
"""Faults of one kind in one file after which the rest of them is counted, not listed."""
DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
EXTRACT = re.compile(r"(\d{1,2})([A-Z]{3})(\d{4})")


@dataclass(frozen=True)
class Sheet:
    """The rows of a file, without its header.

    Attributes
    ----------
    file : str
        Name for messages.
    columns : tuple of str
        Names of the columns, in lower case; empty without a header.
    rows : tuple of (int, tuple of str)
        Line and cells.
    """

    file: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


@dataclass
class Faults:
    """Collect faults of files, so that they are reported together."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, file: str, line: int | None, message: str) -> None:
        """Note a fault."""
        self.problems.append(Problem(file, line, message))


@dataclass(frozen=True)
class Cells:
    """Read the cells of one row; what is not valid is noted and gives None."""

    sheet: Sheet
    line: int
    values: Sequence[str]
    faults: Faults

    def text(self, column: int) -> str:
        """Return a cell without blanks around it."""
        return self.values[column].strip()

    def code(self, column: int, what: str) -> str | None:
        """Return a code in capitals."""
        found = self.text(column).upper()
        if not found:
            self.complain(f"{what} is empty; it should be a code such as '11X'; fill it in or remove the row")
            return None
        return found

    def number(self, column: int, what: str, low: float, high: float) -> float | None:
        """Return a number between two bounds."""
        found = self.text(column)
        try:
            value = float(found.replace(",", ""))
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            valid = f"a number from {shown_number(low)} to {shown_number(high)}"
            self.complain(f"{what} is '{found}'; it should be {valid}; correct it or remove the row")
            return None
        return value

    def day(self, column: int, what: str) -> date | None:
        """Return a date, None if the cell is empty."""
        found = self.text(column)
        if not found:
            return None
        value = as_date(found)
        if value is None:
            self.complain(
                f"{what} is '{found}'; it should be a date such as 20140401; correct it or empty it"
            )
        return value

    def complain(self, message: str) -> None:
        """Note a fault of this row."""
        self.faults.add(self.sheet.file, self.line, message)


def as_date(text: str) -> date | None:
    """Return the date of '20140401', '2014-04-01' or '01APR2014', None for other text."""
    plain, extract = DATE.fullmatch(text), EXTRACT.fullmatch(text.upper())
    try:
        if plain is not None:
            return date(int(plain[1]), int(plain[2]), int(plain[3]))
        if extract is not None and extract[2] in MONTHS:
            return date(int(extract[3]), MONTHS.index(extract[2]) + 1, int(extract[1]))
    except ValueError:
        return None
    return None


def open_text(path: Path, faults: Faults) -> io.TextIOWrapper | None:
    """Read the text of a file, compressed or not; note why it cannot be read."""
    try:
        content = read_content(path, bounds.SHEET_BYTES)
        if path.suffix == ZIPPED:
            content = unzipped(content, bounds.SHEET_BYTES)
    except (OSError, ValueError) as error:
        _add_unreadable(path, error, faults)
        return None
    return _as_text(content)


def _add_unreadable(path: Path, error: Exception, faults: Faults) -> None:
    reason = getattr(error, "strerror", None) or str(error)
    told = f"cannot be read ({reason}); check its permissions or download it again"
    faults.add(shown_path(path), None, complaint_of(error) if isinstance(error, Excess) else told)


def _as_text(content: bytes) -> io.TextIOWrapper:
    encoding = "utf-8-sig"
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        # Older publications are in the code page of Western Europe.
        encoding = "cp1252"
    # Decoded as it is read, because a whole text takes up to four times the memory.
    return io.TextIOWrapper(io.BytesIO(content), encoding, errors="replace", newline="")


def first_cells(path: Path, faults: Faults) -> tuple[str, ...]:
    """Return the cells of the first row in lower case, empty if there is none; note why it cannot be read."""
    try:
        with opened(path) as stream:
            head = stream.read(HEAD_BYTES)
        if path.suffix == ZIPPED:
            head = unzipped(head, HEAD_BYTES, is_cut=True)
    except (OSError, ValueError) as error:
        _add_unreadable(path, error, faults)
        return ()
    # What is cut within a character is of no account for names of columns.
    text = _as_text(head.partition(b"\n")[0])
    try:
        return tuple(cell.strip().lower() for cell in next(csv.reader(text), []))
    except csv.Error:
        return ()


def read_sheet(path: Path, has_header: bool, faults: Faults) -> Sheet:
    """Read a file; rows of another number of cells than the header are noted and left out."""
    file = shown_path(path)
    text = open_text(path, faults)
    rows: list[tuple[int, tuple[str, ...]]] = []
    if text is None:
        return Sheet(file, (), ())
    reader = csv.reader(text)
    count = 0
    try:
        for cells in reader:
            count += len(cells)
            if count > bounds.SHEET_CELLS:
                found = f"holds more than {bounds.SHEET_CELLS:,} cells"
                advice = "leave out rows and columns that are not needed"
                faults.add(file, reader.line_num, str(Excess(found, bounds.SHEET_CELLS, "cells", advice)))
                return Sheet(file, (), ())
            if cells and any(cell.strip() for cell in cells):
                rows.append((reader.line_num, tuple(cells)))
                _add_acting(file, reader.line_num, cells, faults)
    except csv.Error as error:
        faults.add(file, reader.line_num, f"is not comma-separated text ({error}); download it again")
        return Sheet(file, (), ())
    if not rows:
        faults.add(file, None, "is empty; download it again")
        return Sheet(file, (), ())
    if not has_header:
        return Sheet(file, (), tuple(rows))
    columns = tuple(cell.strip().lower() for cell in rows[0][1])
    return Sheet(file, columns, tuple(rows[1:]))


def _add_acting(file: str, line: int, cells: Sequence[str], faults: Faults) -> None:
    acting = next((cell for cell in cells if UNREADABLE.search(cell)), None)
    if acting is not None:
        told = f"a cell holds '{visible(acting[:SHOWN])}', which is not all text"
        faults.add(file, line, f"{told}; remove the characters that are shown as codes")


def each_row(sheet: Sheet, width: int, faults: Faults) -> Iterator[Cells]:
    """Yield the rows that have as many cells as they should; note the others."""
    wrong = 0
    for line, values in sheet.rows:
        if len(values) == width:
            yield Cells(sheet, line, values, faults)
            continue
        wrong += 1
        if wrong <= SEVERAL:
            told = f"row has {len(values)} columns, not {width}; is this the publisher's own file?"
            faults.add(sheet.file, line, f"{told} Download it again, or name the folder that holds it")
    if wrong > SEVERAL:
        faults.add(sheet.file, None, f"{wrong - SEVERAL:,} more rows do not have {width} columns")
