"""Write the submodels' sections of the model description from the submodels themselves.

The docstring of a submodel holds its text, its equations, the tests that hold it and the symbols of its equations.
Units and defaults come from the records of levers and parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from abm.core.part import Part
from abm.core.quantities.lever import Lever
from abm.core.quantities.parameter import Parameter
from abm.core.theory import Theory
from abm.interface.reference.markdown import code, table
from abm.records import shown_number

ROOT = Path(__file__).resolve().parents[3]
CHAPTER = 7
HEADING = re.compile(r"\n\n(Tests|Symbols)\n-+\n")
BLOCK = re.compile(r"(?:^|\n\n)::\n\n((?:(?:    [^\n]*)?\n)*    [^\n]*)")
DECISION = re.compile(r"\bdecision (\d{4})\b")
SECTIONS = re.compile(
    r"(<!-- submodels: written by `python -m abm\.interface\.reference` -->\n).*?(\n<!-- end of submodels -->)",
    re.DOTALL,
)
ORACLE = (
    "[test_oracle.py](../tests/oracle/test_oracle.py) and [test_mutations.py](../tests/oracle/test_mutations.py) "
    "(by a second form, with planted faults)"
)


def with_submodels(text: str, theory: Theory, decisions: Mapping[str, str]) -> str:
    """Renew the sections of a page that describe the submodels.

    Parameters
    ----------
    text : str
        A page. The sections are between ``<!-- submodels ... -->`` and ``<!-- end of submodels -->``.
    theory : Theory
        The submodels.
    decisions : mapping of str to str
        File of every decision, by its number.
    """
    sections = "\n\n".join(
        section(f"{CHAPTER}.{number}", part, theory, decisions)
        for number, part in enumerate(theory.ordered, start=1)
    )
    return SECTIONS.sub(lambda match: f"{match[1]}\n{sections}\n{match[2]}", text)


def section(number: str, part: Part, theory: Theory, decisions: Mapping[str, str]) -> str:
    """Return the section of a submodel: text, tests, equations and table of symbols."""
    body, *headed = HEADING.split(part.text)
    under = dict(zip(headed[::2], headed[1::2], strict=True))
    title, _, rest = body.partition("\n\n")
    parts = list(blocks(rest))
    file = part.path.relative_to(ROOT).as_posix()
    parts[0] = f"[{file}](../{file}). {parts[0]}"
    parts.insert(1, f"Tested in {tests_of(part, under.get('Tests', ''))}.")
    if "Symbols" in under:
        parts.append(symbols_table(under["Symbols"], theory))
    told = "\n\n".join([f"### {number} {title.partition(':')[0]}", *parts])
    return DECISION.sub(lambda match: f"[decision {match[1]}](decisions/{decisions[match[1]]})", told)


def blocks(text: str) -> Iterator[str]:
    """Yield the paragraphs of a docstring, each in a line, and its equations, each block as code."""
    prose = BLOCK.split(text)
    for position, part in enumerate(prose):
        if position % 2:
            yield "```text\n" + "\n".join(line[4:] for line in part.splitlines()) + "\n```"
        else:
            yield from (
                " ".join(paragraph.split()) for paragraph in part.strip().split("\n\n") if paragraph.strip()
            )


def entries(text: str) -> Iterator[tuple[str, str]]:
    """Yield the text before and after the colon of every line; indented lines continue it."""
    for line in re.sub(r"\n +", " ", text.strip()).splitlines():
        name, _, told = line.partition(" : ")
        yield name.strip(), told.strip()


def tests_of(part: Part, listed: str) -> str:
    """Return links to the tests of a submodel: its own, and the comparison with the second implementation."""
    links = [f"[{Path(name).name}](../{name})" + f" ({told})" * bool(told) for name, told in entries(listed)]
    own = [link for link in links if "/patterns/" not in link]
    acting = [link for link in links if "/patterns/" in link]
    return "; ".join([*own, *([ORACLE] if part.mechanisms else []), *acting])


def symbols_table(listed: str, theory: Theory) -> str:
    """Return the table of the symbols of a submodel's equations."""
    known: dict[str, Lever | Parameter] = {one.name: one for one in theory.levers}
    known |= {one.name: one for one in theory.parameters}
    rows = []
    for symbol, name in entries(listed):
        record = known[name]
        unit = f"{record.unit} (lever)" if isinstance(record, Lever) else record.unit
        rows.append((symbol, code(name), default_of(record), unit.replace("index 0-1", "0 to 1")))
    return table(("symbol", "parameter", "default", "unit"), rows)


def default_of(record: Lever | Parameter) -> str:
    """Return the default; of an indexed parameter one number for each member."""
    if isinstance(record.default, dict):
        return ", ".join(
            f"{name.replace('_', ' ')} {shown_number(value)}" for name, value in record.default.items()
        )
    return shown_number(record.default)
