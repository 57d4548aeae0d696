"""Write the elements that sections of a report share: tables, keys and the samples of curves in them."""

from collections.abc import Sequence

from abm.analysis.figures import key_sample
from abm.analysis.story import Story
from abm.texts import escape


def section(title: str, *parts: str) -> str:
    """Write parts below a heading."""
    body = "\n".join(parts)
    return f"<section>\n<h2>{escape(title)}</h2>\n{body}\n</section>"


def head(text: str, unit: str = "", series: int | None = None) -> str:
    """Write the head of a column, with a sample of a scenario's curve where it is one's."""
    sample = "" if series is None else key_sample(series)
    said = f'<span class="unit">{escape(unit)}</span>' if unit else ""
    return f'<th scope="col">{sample}{escape(text)}{said}</th>'


def row_head(text: str, unit: str = "", series: int | None = None) -> str:
    """Write the head of a row, as `head` does for a column."""
    return head(text, unit, series).replace('scope="col"', 'scope="row"', 1)


def policy_heads(story: Story, first: str) -> list[str]:
    """Write a head for the first column and one for every scenario."""
    scenarios = [
        head(story.labels[scenario.name], series=index) for index, scenario in enumerate(story.scenarios)
    ]
    return [head(first), *scenarios]


def row(*cells: str) -> str:
    """Write a row of a table."""
    return f"<tr>{''.join(cells)}</tr>"


def group(title: str, columns: int) -> str:
    """Write a row that names the rows below it."""
    return f'<tr class="group"><th colspan="{columns}" scope="rowgroup">{escape(title)}</th></tr>'


def table(heads: Sequence[str], rows: Sequence[str]) -> str:
    """Write a table that scrolls by itself where the page is narrow."""
    top = f"<thead><tr>{''.join(heads)}</tr></thead>"
    return f'<div class="scroll"><table>{top}<tbody>{"".join(rows)}</tbody></table></div>'


def paragraph(text: str) -> str:
    """Write a paragraph; it may hold markup."""
    return f"<p>{text}</p>"


def figure(drawing: str, caption: str) -> str:
    """Write a caption, which may hold markup, below a drawing."""
    return f"<figure>{drawing}<figcaption>{caption}</figcaption></figure>"


def note(text: str) -> str:
    """Write a remark below a table or figure; it may hold markup."""
    return f'<p class="note">{text}</p>'


def key(story: Story) -> str:
    """Write which curve is whose."""
    entries = "".join(
        f"<li>{key_sample(index)}{escape(story.labels[name])}</li>"
        for index, name in enumerate(story.comparison.scenarios)
    )
    return f'<ul class="key">{entries}</ul>'


def definitions(entries: Sequence[tuple[str, str]]) -> str:
    """Write terms, escaped, and what is said of them, which may hold markup."""
    listed = "".join(f"<dt>{escape(term)}</dt><dd>{said}</dd>" for term, said in entries)
    return f"<dl>{listed}</dl>"
