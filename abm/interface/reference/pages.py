"""Write the reference pages from the records: levers, parameters, measures, state, and the order of a month.

Nothing on these pages is written by hand, so that they say what the program does. The same command renews the sections
of submodels in the model description, and the defaults that other pages quote in a table::

    python -m abm.interface.reference docs/reference docs/ODD.md docs/CALIBRATION.md
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from abm.analysis.wording import range_of
from abm.core.part import Measure
from abm.core.quantities.lever import Lever
from abm.core.quantities.parameter import Parameter
from abm.core.theory import describe_order
from abm.interface.pictures.month_picture import month_picture
from abm.interface.reference.markdown import code, linked, page, prose, table
from abm.interface.reference.submodel_sections import ROOT, default_of, with_submodels
from abm.records import shown_number
from abm.submodels.emergence.emergence import OUTCOMES
from abm.submodels.payment.payment import break_even_activity_share
from abm.submodels.quantities import levers, parameters
from abm.submodels.shipped import theory

R = TypeVar("R", Lever, Parameter)

__all__ = [
    "levers_page",
    "main",
    "measures_page",
    "month_page",
    "month_picture",
    "parameters_page",
    "quote_defaults",
    "renewed",
    "state_page",
    "write_reference",
]

MADE = "<!-- Written by `python -m abm.interface.reference`; change the records, not this page. -->"
GAIN_SHARES = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
BUDGET_HORIZONS_YEARS = (1.0, 2.0, 3.0, 5.0, 7.0, 10.0)
GRADES = ("measured", "published", "assumed")
START = "the start"
OUTCOME = "the outcome"
TUNED = re.compile(r"(<!-- tuned -->\n).*?(\n<!-- end of tuned -->)", re.DOTALL)
QUOTED = re.compile(r"^(\|[^|\n]*\| `([a-z_]+\.[a-z_]+)` \| )[^|\n]*( \|)", re.MULTILINE)


def levers_page() -> str:
    """Return the page of levers: an overview, a paragraph each, and where a hospital's payoff turns."""
    heads = ("lever", "label", "unit", "range", "default", "read by")
    rows = [
        (linked(one.name), one.label, one.unit, one.range, default_of(one), readers_of(one.name))
        for one in levers().values()
    ]
    opening = f"""
        What a policymaker sets: {len(levers())} levers, each of which may move over time (constant, step, ramp,
        pulse, dated list, or several in a row). A lever that no policy mentions stands at its default; the
        defaults describe England in 2014. The claim under each lever is one that the test suite checks on paired
        runs.
    """
    parts = ["# Levers", MADE, prose(opening), table(heads, rows)]
    for group, members in grouped(levers().values()).items():
        parts += [f"## {group}", *(told_lever(one) for one in members)]
    return page(*parts, *break_even_section())


def told_lever(lever: Lever) -> str:
    """Return one lever's heading and paragraph."""
    test = lever.test
    beside = ", ".join(f"{linked(name)} at {shown_number(value)}" for name, value in test.with_.items())
    at = f" at {code(test.place)}" if test.place else ""
    context = f"in scenario {code(test.context)}" + at + (f" with {beside}" if beside else "")
    ends = f"from {shown_number(test.low)} to {shown_number(test.high)}"
    valid = f"{lever.range} ({lever.unit}); default {shown_number(lever.default)}."
    return "\n".join(
        [
            f"### {code(lever.name)}",
            "",
            f"**{lever.label}.** {lever.description} {valid}",
            "",
            f"- Enters: {code(lever.equation)}",
            f"- Read by: {readers_of(lever.name)}",
            f"- Claim: {ends} {context}, {code(test.measure)} {test.direction}",
            f"- Evidence: {evidence_of(lever.evidence)}",
        ]
    )


def break_even_section() -> list[str]:
    """Return where a hospital neither gains nor loses by cooperation, over gain share and budget horizon."""
    cost, discount, reference = (
        parameters()[name].flat_defaults[name]
        for name in ("payment.marginal_cost_share", "payment.discount", "payment.reference_horizon")
    )
    activity, gain, horizon = (
        levers()[name].default
        for name in ("payment.activity_share", "payment.gain_share", "payment.budget_horizon")
    )

    def share(gain: float, horizon: float) -> float:
        return break_even_activity_share(gain, horizon, cost, discount, reference)

    opening = """
        A hospital that is paid by activity loses income with every admission avoided. Its own payoff of
        cooperation, before incentive money and before an alliance pools it, is zero at the activity share a* and
        positive below it:
    """
    legend = f"""
        The table gives a* by gain share (rows) and budget horizon H in years (columns), with marginal cost share
        c_m = {cost:g}, discount gamma = {discount:g} and a reference horizon of {reference:g} years.
    """
    verdict = "loses" if activity > share(gain, horizon) else "does not lose"
    closing = f"""
        At the levers' defaults, gain share {gain:g} and H = {horizon:g}, a* is {share(gain, horizon):.2f};
        {activity:g} of a hospital's income is paid by activity, so it {verdict} by cooperation. Evidence:
        {evidence_of(("E08", "E16"))}.
    """
    heads = ("gain share", *(f"H = {horizon:g}" for horizon in BUDGET_HORIZONS_YEARS))
    rows = [
        (f"{gain:g}", *(f"{share(gain, horizon):.2f}" for horizon in BUDGET_HORIZONS_YEARS))
        for gain in GAIN_SHARES
    ]
    equation = "a* = gain h / ((1 - c_m) + gain h),    h = (1 - gamma^H) / (1 - gamma^reference)"
    return [
        "## Where a hospital's payoff turns",
        prose(opening),
        f"```text\n{equation}\n```",
        prose(legend),
        table(heads, rows),
        prose(closing),
    ]


def parameters_page() -> str:
    """Return the page of parameters, by group, each with unit, range, default, grade and source."""
    known = list(parameters().values())
    counts = ", ".join(f"{sum(one.grade == grade for one in known)} {grade}" for grade in GRADES)
    opening = f"""
        Facts and assumptions of the model: {len(known)} records ({counts}). *Measured* is a public statistic,
        *published* is stated in a cited work, *assumed* was chosen here. The {sum(one.tuned for one in known)}
        marked **tuned** were chosen so that calibration targets hold ([calibration](../CALIBRATION.md)). A
        scenario may override any of them within its range.
    """
    parts = ["# Parameters", MADE, prose(opening)]
    heads = ("parameter", "meaning and source", "unit", "range", "default", "grade", "read by")
    for group, members in grouped(known).items():
        rows = [
            (
                code(one.name),
                f"**{one.label}.** {one.description}<br>*{one.source}* {evidence_of(one.evidence)}",
                one.unit,
                one.range,
                default_of(one),
                f"{one.grade}, **tuned**" if one.tuned else one.grade,
                readers_of(one.name),
            )
            for one in members
        ]
        parts += [f"## {group}", table(heads, rows)]
    return page(*parts)


def measures_page() -> str:
    """Return the page of measures by month and outcomes by run."""

    def listed(measures: Iterable[Measure]) -> str:
        rows = [
            (code(one.name), one.label, one.unit, range_of(one.low, one.high), one.definition)
            for one in measures
        ]
        return table(("name", "label", "unit", "range", "definition"), rows)

    opening = f"""
        Every run yields {len(theory().measures)} measures in each month from 0 (the start) to the last; they are
        columns of `months.parquet`. Measures of places are weighted by registered people.
    """
    outcomes = """
        Columns of `runs.parquet`, judged from the monthly series of `implementation` by the parameters
        `emergence.threshold` and `emergence.months`.
    """
    return page(
        "# Measures",
        MADE,
        prose(opening),
        listed(theory().measures),
        "## Outcomes of a run",
        prose(outcomes),
        listed(OUTCOMES),
    )


def state_page() -> str:
    """Return the page of state arrays: shape, unit, range, who sets and who reads each."""
    opening = f"""
        The state of a batch of runs is {len(theory().fields)} arrays whose last axis is the lane; a lane is one run.
        *Carried* arrays start a month with the value of the month before; the others are set anew in every step
        before anything reads them. A mechanism that sets a carried array may also read what it held before; *read
        by* lists the other mechanisms.
    """
    heads = ("array", "axes", "unit", "range", "definition", "from month to month", "set by", "read by")
    rows = [
        (
            code(field.name),
            ", ".join((*field.axes, "lane")),
            field.unit,
            range_of(field.low, field.high),
            field.definition,
            "carried" if field.is_carried else "set anew",
            ", ".join(one.name for one in theory().order if field.name in one.writes),
            ", ".join(one.name for one in theory().order if field.name in one.reads) or "no other",
        )
        for field in theory().fields
    ]
    return page("# State", MADE, prose(opening), table(heads, rows))


def month_page() -> str:
    """Return the page of the order of a month: the picture, and the same as a table."""
    opening = f"""
        A month runs {len(theory().order)} mechanisms in a fixed order. Each declares what it reads and what it sets,
        and the model refuses to start if one reads what nobody provides, or reads a value before the month has set it.
        What a mechanism both reads and sets stands under *sets*. The parameters of each mechanism are listed on
        [their page](parameters.md).
    """
    heads = ("", "mechanism", "what it does", "state it reads", "state it sets", "levers it reads")
    rows = [
        (
            str(number),
            f"[{code(row['mechanism'])}](../../{file_of(row['mechanism'])})",
            row["summary"],
            ", ".join(map(code, names_in(row["reads"]))),
            ", ".join(map(code, names_in(row["writes"]))),
            ", ".join(linked(name, "levers.md") for name in names_in(row["levers"])),
        )
        for number, row in enumerate(describe_order(theory()), start=1)
    ]
    picture = "![The order of a month](month.svg)"
    return page("# The order of a month", MADE, picture, prose(opening), table(heads, rows))


PAGES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {
        "levers.md": levers_page,
        "parameters.md": parameters_page,
        "measures.md": measures_page,
        "state.md": state_page,
        "month.md": month_page,
        "month.svg": lambda: month_picture(theory()),
    }
)
"""Maker of every file of the reference, by name."""


def file_of(mechanism: str) -> str:
    """Return the file of the submodel that holds a mechanism, from the root of the project."""
    (part,) = (part for part in theory().parts if mechanism in [one.name for one in part.mechanisms])
    return part.path.relative_to(ROOT).as_posix()


def write_reference(directory: str | Path) -> tuple[Path, ...]:
    """Write every page of the reference.

    Parameters
    ----------
    directory : str or Path
        Made if it is missing; files of the same names are replaced.

    Returns
    -------
    tuple of Path
        The files.
    """
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        (folder / name).write_text(make(), encoding="utf-8", newline="\n")
    return tuple(folder / name for name in PAGES)


def renewed(text: str) -> str:
    """Renew what a page takes from the program: the sections of submodels, and defaults."""
    decisions = {path.name[:4]: path.name for path in (ROOT / "docs" / "decisions").glob("*.md")}
    return quote_defaults(with_submodels(text, theory(), decisions))


def quote_defaults(text: str) -> str:
    """Renew the defaults that a page quotes.

    Parameters
    ----------
    text : str
        A page. A default is quoted in the third cell of a table row whose second cell is the name, in backquotes,
        of a parameter or lever. Between ``<!-- tuned -->`` and ``<!-- end of tuned -->`` is a table of the
        tuned parameters.

    Returns
    -------
    str
        The page with today's defaults. Rows whose name is unknown are left alone.
    """
    tuned = [
        (one.label, code(one.name), default_of(one), one.range, one.unit)
        for one in parameters().values()
        if one.tuned
    ]
    listed = table(("label", "parameter", "default", "range", "unit"), tuned)
    text = TUNED.sub(lambda match: f"{match[1]}\n{listed}\n{match[2]}", text)

    def default(match: re.Match[str]) -> str:
        record = levers().get(match[2]) or parameters().get(match[2])
        return match[0] if record is None else f"{match[1]}{default_of(record)}{match[3]}"

    return QUOTED.sub(default, text)


def main(arguments: Sequence[str]) -> int:
    """Write the reference into the first path, and renew the pages that follow."""
    if not arguments:
        sys.stderr.write("give a directory, and any pages to renew: docs/reference docs/ODD.md\n")
        return 2
    write_reference(arguments[0])
    for name in arguments[1:]:
        path = Path(name)
        path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
    return 0


def grouped(records: Iterable[R]) -> dict[str, list[R]]:
    """Group records under headings made of the first part of their names, in the order of the file."""
    groups: dict[str, list[R]] = {}
    for record in records:
        groups.setdefault(record.name.partition(".")[0].capitalize(), []).append(record)
    return groups


@cache
def readers() -> Mapping[str, tuple[str, ...]]:
    """Name what reads each lever and each parameter: the start, and mechanisms in the order of the month."""
    known = theory()
    tables = {name: table.name for table in known.tables for name in table.of}
    starts = [start for start in known.starts if start.settles_as is None]
    found = {}
    for record in (*known.levers, *known.parameters):
        asked = {record.argument, tables.get(record.name)}
        begins = any(field.start == record.name for field in known.fields)
        begins = begins or any(asked & set(start.arguments) for start in starts)
        acts = [one.name for one in known.order if asked & set(one.arguments)]
        found[record.name] = (*([START] if begins else []), *acts)
    return MappingProxyType(found)


def readers_of(name: str) -> str:
    """Return what reads a lever or parameter; what nothing in the month reads judges the outcome."""
    return ", ".join(readers()[name] or (OUTCOME,))


def evidence_of(ids: Iterable[str]) -> str:
    """Link to the patterns that a record bears on."""
    return ", ".join(f"[{one}](../EVIDENCE.md#{one.lower()})" for one in ids)


def names_in(listed: str) -> list[str]:
    """Return the names in a comma-separated list; an empty list has none."""
    return [name for name in listed.split(", ") if name]
