"""Write Markdown: pages, paragraphs, tables and links to headings."""

from collections.abc import Iterable, Sequence


def page(*parts: str) -> str:
    """Join the parts of a page with empty lines between them and a newline at the end."""
    return "\n\n".join(parts) + "\n"


def prose(text: str) -> str:
    """Join the lines of a paragraph into one, without indentation."""
    return " ".join(text.split())


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a bar in a cell is escaped."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)


def code(name: str) -> str:
    """Set a name as code."""
    return f"`{name}`"


def linked(name: str, page: str = "") -> str:
    """Set a name as code and link it to the heading that it has on a page, by default this one."""
    return f"[`{name}`]({page}#{anchor(name)})"


def anchor(heading: str) -> str:
    """Return the anchor that a heading gets, as on GitHub: lower case, no full stops, hyphens for spaces."""
    return heading.lower().replace(".", "").replace(" ", "-")
