"""Write the whole state of a page as the query of a link, and read it back, checked like any other input.

A link names what comes with abm, and extensions of the page, and sets levers as the command line does; it holds no
path, no code and no secret. A link beyond the limits is refused.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from abm.errors import InvalidInput, Problem
from abm.interface.page.background.limits import Limits
from abm.interface.page.session.question import Question, checked
from abm.policy.catalogue import Catalogue
from abm.policy.reading import parse_setting
from abm.records import Document, FrozenMapping
from abm.scenarios.extensions import NO_EXTENSIONS, Extensions

LONGEST_QUERY = 8_000
"""Characters of a link that are read; servers and browsers pass on about as many."""
MOST_COMPARED = 3
MINE = "mine"
"""Name of Explore's own scenario among those that are compared."""
NOT_LOADED = (
    "is code that this page was not started with; to run it, start one of your own: abm app --extension FILE"
)
TABS = ("explore", "compare", "landscape")
LEVERS, SWEEP = LANDSCAPES = ("levers", "sweep")
FIRST_MEASURE = "implementation"
FIRST_MONTH = 84
"""Seven years into the run, when there is something to see."""
FIRST_SIZE = 50
FIRST_RESPONSE = "emerged_ever"
LONGEST_NAME = 200
"""Characters of a name in a link that are read."""


@dataclass(frozen=True)
class View:
    """The whole state of a page that a link carries.

    Attributes
    ----------
    question : Question
        What Explore shows.
    tab : str
        One of `TABS`.
    month : int
        The month in view.
    measure : str
        The measure of the large chart.
    selected : str
        Organisation, tie or place in view, as named by `abm.interface.page.session.selection_names`; may be empty.
    line : int
        Line of the chronicle that is pointed at; -1 for none.
    compared : tuple of str
        Scenarios that Compare shows, the first one the reference; `MINE` is Explore's own.
    size : int
        Replicates of a comparison.
    landscape : str
        What Landscape shows: 'levers' or 'sweep'; empty for the default.
    response : str
        What the colours of Landscape show.
    axes : tuple of str
        Dimensions of a sweep that are shown across, up and as panels; empty for the first ones.
    is_surveyed : bool
        Whether the landscape around the question has been simulated.
    cell : tuple of int
        Panel, row and column of the cell that is picked; empty for none.
    """

    question: Question = field(default_factory=Question)
    tab: str = TABS[0]
    month: int = FIRST_MONTH
    measure: str = FIRST_MEASURE
    selected: str = ""
    line: int = -1
    compared: tuple[str, ...] = ("baseline", "sustained_leadership", "leadership_with_reform")
    size: int = FIRST_SIZE
    landscape: str = ""
    response: str = FIRST_RESPONSE
    axes: tuple[str, ...] = ()
    is_surveyed: bool = False
    cell: tuple[int, ...] = ()


PLAIN = ("preset", "place", "start", "reference")
WHOLE = ("substeps", "seed", "replicate")


def to_query(view: View) -> str:
    """Write a view as the query of a link, without '?'; defaults are left out."""
    question = view.question
    first = Question.of_preset(question.preset, extensions=question.extensions)
    pairs = [("extension", source.name) for source in question.extensions.sources]
    for name in PLAIN:
        if getattr(question, name) != getattr(first, name) or name == "preset":
            pairs.append((name, getattr(question, name)))
    for name in WHOLE:
        if getattr(question, name) != getattr(first, name):
            pairs.append((name, str(getattr(question, name))))
    if question.years != first.years:
        pairs.append(("years", flow(question.years)))
    pairs += [("set", f"{name}={flow(value)}") for name, value in question.levers.items()]
    pairs += [("parameter", f"{name}={flow(value)}") for name, value in question.parameters.items()]
    pairs += [("structure", f"{part}={name}") for part, name in question.structure.items()]
    plain = View(question)
    for name in ("tab", "month", "measure", "selected", "line", "size", "landscape", "response"):
        if getattr(view, name) != getattr(plain, name):
            pairs.append((name, str(getattr(view, name))))
    if view.compared != plain.compared:
        pairs.append(("compare", ",".join(view.compared)))
    if view.axes:
        pairs.append(("axes", ",".join(view.axes)))
    if view.is_surveyed:
        pairs.append(("surveyed", "yes"))
    if view.cell:
        pairs.append(("cell", ",".join(map(str, view.cell))))
    return urlencode(pairs)


def flow(data: Any) -> str:
    """Write plain values in the flow style of YAML, which the command line reads too."""
    if isinstance(data, Mapping):
        return "{" + ", ".join(f"{_key(key)}: {flow(value)}" for key, value in data.items()) + "}"
    if isinstance(data, list | tuple):
        return "[" + ", ".join(flow(value) for value in data) + "]"
    if isinstance(data, bool) or not isinstance(data, int | float):
        return f'"{data}"'
    number = float(data)
    return f"{number:g}" if float(f"{number:g}") == number else repr(number)


def _key(key: object) -> str:
    text = str(key)
    return f'"{text}"' if text[:1].isdigit() and "-" in text else text


def from_query(query: str, limits: Limits, extensions: Extensions = NO_EXTENSIONS) -> View:
    """Read a view from the query of a link.

    Parameters
    ----------
    query : str
        With or without '?'.
    limits : Limits
        Of this server.
    extensions : Extensions
        Those with which this page was started; a link may name them, and no others.

    Raises
    ------
    InvalidInput
        With every problem; a link that is not valid is refused as a whole.
    """
    query = query.removeprefix("?")
    if len(query) > LONGEST_QUERY:
        message = f"it has {len(query):,} characters; links of this page have up to {LONGEST_QUERY:,}"
        raise InvalidInput([Problem("link", None, message)])
    given: dict[str, list[str]] = {}
    for key, text in parse_qsl(query, keep_blank_values=True):
        given.setdefault(key, []).append(text)
    require_loaded(given.get("extension", ()), extensions)
    problems: list[Problem] = []
    last = {key: texts[-1] for key, texts in given.items()}
    fields: dict[str, Any] = {name: last[name] for name in PLAIN if name in last}
    for name in WHOLE:
        if name in last:
            fields[name] = _number(name, last[name], problems, whole=True)
    if "years" in last:
        fields["years"] = _number("years", last["years"], problems)
    fields["levers"] = FrozenMapping(
        sorted(_settings(given.get("set", []), extensions.catalogue, problems).items())
    )
    fields["parameters"] = FrozenMapping(_parameters(given.get("parameter", []), problems))
    fields["structure"] = FrozenMapping(_pairs("structure", given.get("structure", []), problems))
    if problems:
        raise InvalidInput(problems)
    question = checked(_horizon_of_preset(Question(**fields, extensions=extensions), last), limits)
    return _looked_at(question, last, limits)


def require_loaded(names: Iterable[str], extensions: Extensions) -> None:
    """Require that this page was started with the extensions that a link names.

    Raises
    ------
    InvalidInput
        With every name of an extension that is not on this page.
    """
    loaded = {source.name for source in extensions.sources}
    missing = [name[:LONGEST_NAME] for name in names if name not in loaded]
    if missing:
        raise InvalidInput(Problem(f"extension '{name}'", None, NOT_LOADED) for name in missing)


def _horizon_of_preset(question: Question, last: Mapping[str, str]) -> Question:
    """Fill in what a link leaves out from the preset, so that '?preset=NAME' asks what the file asks."""
    own = Question.of_preset(question.preset, extensions=question.extensions)
    open_fields = [name for name in ("years", "start", "substeps") if name not in last]
    return replace(question, **{name: getattr(own, name) for name in open_fields})


def _looked_at(question: Question, last: Mapping[str, str], limits: Limits) -> View:
    """Read the part of a view that does not determine a run; values that are not valid become the default."""
    view = View(question)
    cell = [_count(text, -1) for text in last.get("cell", "").split(",")]
    axes = tuple(last.get("axes", "")[:LONGEST_NAME].split(","))
    names = tuple(name for name in last.get("compare", "").split(",") if name)[:MOST_COMPARED]
    known_measures = {measure.name for measure in question.scenario.extensions.measures}
    return replace(
        view,
        tab=last["tab"] if last.get("tab") in TABS else view.tab,
        month=min(_count(last.get("month", ""), view.month), question.months),
        measure=last["measure"] if last.get("measure") in known_measures else view.measure,
        selected=last.get("selected", "")[:LONGEST_NAME],
        line=_count(last.get("line", ""), view.line),
        compared=names if len(names) > 1 and _are_scenarios(names) else view.compared,
        size=min(max(_count(last.get("size", ""), view.size), 2), limits.replicates),
        landscape=last["landscape"] if last.get("landscape") in LANDSCAPES else view.landscape,
        response=last.get("response", view.response)[:LONGEST_NAME],
        axes=axes if len(axes) == 3 else view.axes,
        is_surveyed=last.get("surveyed") == "yes",
        cell=tuple(cell) if len(cell) == 3 and min(cell) >= 0 else view.cell,
    )


def _count(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else otherwise


def _are_scenarios(names: tuple[str, ...]) -> bool:
    from abm.scenarios.library import scenario_names

    return all(name == MINE or name in scenario_names() for name in names)


def _settings(texts: list[str], catalogue: Catalogue, problems: list[Problem]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for text in texts:
        try:
            name, schedule = parse_setting(text, catalogue=catalogue)
            found[name] = schedule.data()
        except InvalidInput as error:
            problems.extend(error.problems)
    return found


def _parameters(texts: list[str], problems: list[Problem]) -> dict[str, float]:
    pairs = _pairs("parameter", texts, problems)
    return {name: _number(name, text, problems) for name, text in pairs.items()}


def _pairs(noun: str, texts: list[str], problems: list[Problem]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if sign and name.strip():
            found[name.strip()] = value.strip()
        else:
            problems.append(Problem(noun, None, f"found '{text}'; valid is NAME=VALUE"))
    return found


def _number(name: str, text: str, problems: list[Problem], *, whole: bool = False) -> Any:
    try:
        value = Document.parse(f"value: {text}", name).data["value"]
    except InvalidInput:
        value = text
    valid = int if whole else (int, float)
    if isinstance(value, valid) and not isinstance(value, bool):
        return value
    problems.append(Problem(name, None, f"found '{text}'; give a {'whole ' if whole else ''}number"))
    return 0
