"""Write down what could not be matched and what was assumed, so that nothing is dropped silently."""

from collections.abc import Iterable
from dataclasses import dataclass, field

CODES_SHOWN = 12
"""Codes of one entry that a short report names."""


@dataclass(frozen=True)
class Entry:
    """One remark on a file: how it was handled, and the codes concerned."""

    file: str
    message: str
    codes: tuple[str, ...] = ()


@dataclass
class Reconciliation:
    """Collect entries by file, in the order in which they came up."""

    entries: list[Entry] = field(default_factory=list)

    def tell(self, file: str, message: str, codes: Iterable[str] = ()) -> None:
        """Add a remark; codes are sorted."""
        self.entries.append(Entry(file, message, tuple(sorted(codes))))

    def tell_codes(self, file: str, message: str, codes: Iterable[str]) -> None:
        """Add a remark about codes with their number, if there are any."""
        found = tuple(sorted(codes))
        if found:
            self.entries.append(Entry(file, f"{message} ({len(found):,})", found))

    def text(self, is_full: bool = False) -> str:
        """Return the report, file by file; a full one names every code."""
        lines: list[str] = []
        for file in dict.fromkeys(entry.file for entry in self.entries):
            lines.append(file)
            for entry in self.entries:
                if entry.file == file:
                    lines.append(f"  {entry.message}{named(entry.codes, is_full)}")
        return "\n".join(lines)


def named(codes: tuple[str, ...], is_full: bool) -> str:
    """Return ': ' and codes, cut short unless all are wanted."""
    if not codes:
        return ""
    shown = codes if is_full or len(codes) <= CODES_SHOWN else codes[:CODES_SHOWN]
    rest = len(codes) - len(shown)
    return f": {', '.join(shown)}" + (f" and {rest:,} more" if rest else "")
