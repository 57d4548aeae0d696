"""Check a GraphML file before it is loaded into memory: its size, and that it is plain XML.

The parser goes through the file once, piece by piece, and keeps nothing but counts and the lines of nodes. A file with
a document type is refused, because entities are declared there, and with them a few lines can unfold into gigabytes.
"""

from pathlib import Path
from typing import Any, NoReturn
from xml.parsers import expat

from abm.errors import InvalidInput, Problem
from abm.records import Excess, bounds, opened, shown

PIECE_BYTES = bounds.MIB
ADVICE = "is this the right file?"


def require_bounded(path: str | Path, file: str) -> None:
    """Refuse a GraphML file that holds more than abm reads, or declares entities, or names a node twice.

    Parameters
    ----------
    path : str or Path
        The file.
    file : str
        Name for messages.

    Raises
    ------
    InvalidInput
        With the line, as far as there is one.
    OSError
        If the file cannot be read.
    """
    with opened(path) as stream:
        scan = _Scan(file)
        read = 0
        while piece := stream.read(PIECE_BYTES):
            read += len(piece)
            if read > bounds.GRAPHML_BYTES:
                scan.refuse_count("bytes", bounds.GRAPHML_BYTES)
            scan.feed(piece, is_last=False)
            if read - scan.parser.CurrentByteIndex > bounds.GRAPHML_TAG_BYTES + PIECE_BYTES:
                scan.refuse_count("bytes in one tag", bounds.GRAPHML_TAG_BYTES)
        scan.feed(b"", is_last=True)
    if scan.problems:
        raise InvalidInput(scan.problems)


class _Scan:
    """Count what a parser meets."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.parser: Any = expat.ParserCreate()
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.StartDoctypeDeclHandler = self.refuse_doctype
        self.depth = self.elements = self.edges = 0
        self.nodes: dict[str, int] = {}
        self.problems: list[Problem] = []

    def feed(self, piece: bytes, *, is_last: bool) -> None:
        """Parse the next piece."""
        try:
            self.parser.Parse(piece, is_last)
        except expat.ExpatError as error:
            told = f"is not GraphML: {expat.ErrorString(error.code)}; {ADVICE}"
            raise InvalidInput([Problem(self.file, error.lineno, told)]) from None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Count an element."""
        self.elements += 1
        self.depth += 1
        if self.elements > bounds.GRAPHML_ELEMENTS:
            self.refuse_count("elements", bounds.GRAPHML_ELEMENTS)
        if self.depth > bounds.GRAPHML_DEPTH:
            self.refuse_count("levels of elements", bounds.GRAPHML_DEPTH)
        kind = name.rpartition(":")[2]
        if kind == "edge":
            self.edges += 1
            if self.edges > bounds.GRAPHML_EDGES:
                self.refuse_count("edges", bounds.GRAPHML_EDGES)
        elif kind == "node":
            self.node(attributes.get("id", ""))

    def end(self, _: str) -> None:
        """Leave an element."""
        self.depth -= 1

    def node(self, identity: str) -> None:
        """Record a node, and refuse a repeated one, which would silently replace the first."""
        line = self.parser.CurrentLineNumber
        if identity in self.nodes:
            told = f"node {shown(identity)} is given twice, first on line {self.nodes[identity]}; keep one of the two"
            self.problems.append(Problem(self.file, line, told))
        self.nodes.setdefault(identity, line)
        if len(self.nodes) > bounds.GRAPHML_NODES:
            self.refuse_count("nodes", bounds.GRAPHML_NODES)

    def refuse_doctype(self, *_: object) -> NoReturn:
        """Refuse a document type."""
        told = "declares a document type, which may declare entities; abm reads plain GraphML, so remove it"
        raise InvalidInput([Problem(self.file, self.parser.CurrentLineNumber, told)])

    def refuse_count(self, unit: str, most: int) -> NoReturn:
        """Refuse a file that holds too many of something."""
        told = str(Excess(f"holds more than {most:,} {unit}", most, unit, ADVICE))
        raise InvalidInput([Problem(self.file, self.parser.CurrentLineNumber, told)])
