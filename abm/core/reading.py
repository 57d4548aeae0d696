"""Read a submodel: make records of what its file declares, or say everything that keeps them from being made."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar

from pydantic import Field as Key
from pydantic import ValidationInfo, model_validator

from abm.core.declaration import Declaration, Submodel
from abm.core.draws import Decision
from abm.core.part import INFINITE, Field, Measure, Mechanism, Part, Procedure, Start, Table, Tally
from abm.core.quantities.lever import Lever
from abm.core.quantities.parameter import Parameter
from abm.core.quantities.recordsfile import read_records
from abm.core.vocabulary import RECENT_STEP, Vocabulary
from abm.errors import InvalidInput, Problem, did_you_mean
from abm.records import Document, Fault, Faults, Record, bounds, check, read_content, shown_path

R = TypeVar("R", bound=Record)

NAME = r"^[a-z][a-z0-9_]*$"
OUTSIDE = "Measure of an extension"
"""Group of measures from outside the package that name none."""
NAME_MEANING = "lower case, digits and underscores"
PLAIN = (inspect.Parameter.POSITIONAL_OR_KEYWORD,)


class SubmodelRecord(Record):
    """A submodel as it is declared."""

    kind: ClassVar[str] = "submodel"

    name: str = Key(pattern=NAME, description=NAME_MEANING)
    records: str | None = Key(default=None, min_length=1, description="YAML file beside it")


class FieldRecord(Record):
    """A state array as it is declared."""

    kind: ClassVar[str] = "state field"

    name: str = Key(pattern=NAME, description=NAME_MEANING)
    axes: tuple[str, ...] = Key(description="what its axes count before the lane, such as ('organisation',)")
    unit: str = Key(min_length=1, description="unit of its values")
    definition: str = Key(min_length=1, description="what it means")
    low: float | None = Key(default=None, description="least value")
    high: float | None = Key(default=None, description="greatest value")
    is_carried: bool = Key(default=True, description="whether a month starts from last month's value")
    dtype: Literal["float64", "int64", "uint8"] = Key(default="float64", description="NumPy type")
    start: float | str = Key(default=0.0, description="a number, or a parameter, lever or array of the place")
    span: str | None = Key(default=None, description="parameter whose greatest value the recent steps span")

    @model_validator(mode="after")
    def _holds_together(self, info: ValidationInfo) -> FieldRecord:
        low, high = bounds_of(self.low, self.high)
        faults = []
        known = (*info.context.axes, RECENT_STEP) if isinstance(info.context, Vocabulary) else self.axes
        for position, axis in enumerate(self.axes):
            if axis not in known:
                told = f"axis '{axis}' of '{self.name}' is unknown{did_you_mean(axis, known)}"
                told += f" Valid: {', '.join(known)}."
                faults.append(Fault(("axes", position), told))
        if (RECENT_STEP in self.axes) != (self.span is not None):
            told = f"'{self.name}' should have both the axis '{RECENT_STEP}' and the 'span' of it, or neither"
            faults.append(Fault(("span",), told))
        if not low < high:
            faults.append(
                Fault(("high",), f"range of '{self.name}' is {low:g} to {high:g}; the first is the lower")
            )
        elif isinstance(self.start, float) and not low <= self.start <= high:
            told = f"start of '{self.name}' is {self.start:g}; its range is {low:g} to {high:g}"
            faults.append(Fault(("start",), told))
        if faults:
            raise Faults(faults)
        return self


class TableRecord(Record):
    """A table as it is declared."""

    kind: ClassVar[str] = "table"

    name: str = Key(pattern=NAME, description=NAME_MEANING)
    of: tuple[str, ...] = Key(min_length=1, description="parameters that it follows from")


class StartRecord(Record):
    """A start as it is declared."""

    kind: ClassVar[str] = "start"

    name: str = Key(pattern=NAME, description=NAME_MEANING)
    writes: tuple[str, ...] = Key(min_length=1, description="a tuple of arguments that it sets")
    settles_as: str | None = Key(default=None, description="mechanism in whose place it runs")
    is_kernel: bool = Key(default=False, description="whether numba compiles it")


class MechanismRecord(Record):
    """A mechanism as it is declared."""

    kind: ClassVar[str] = "mechanism"

    name: str = Key(pattern=NAME, description=NAME_MEANING)
    writes: tuple[str, ...] = Key(min_length=1, description="a tuple of arguments that it changes in place")
    after: str | None = Key(default=None, description="mechanism after which it runs")
    before: str | None = Key(default=None, description="mechanism before which it runs")
    settles: bool = Key(default=False, description="whether it runs at the start as well")
    renews: bool = Key(default=False, description="whether it runs when a snapshot is restored")
    idle_at_zero: str | None = Key(default=None, description="argument at whose 0 it does nothing")
    is_kernel: bool = Key(default=False, description="whether numba compiles it")


class MeasureRecord(Record):
    """A measure as it is declared."""

    kind: ClassVar[str] = "measure"

    name: str = Key(pattern=NAME, description=NAME_MEANING)
    label: str = Key(min_length=1, description="a few words for tables and plots")
    unit: str = Key(min_length=1, description="unit of its values")
    low: float | None = Key(default=None, description="least value")
    high: float | None = Key(default=None, description="greatest value")
    group: str = Key(default="", description="heading under which comparisons show it")
    is_flow: bool = Key(default=False, description="whether the steps of a month add up")
    is_kernel: bool = Key(default=False, description="whether numba compiles it")
    definition: str = Key(min_length=1, description="what it means; of a function its docstring's first line")


class TallyRecord(Record):
    """A tally as it is declared."""

    kind: ClassVar[str] = "tally"

    name: str = Key(pattern=NAME, description=NAME_MEANING)
    fills: tuple[str, ...] = Key(default=(), description="measures that it fills")
    families: dict[str, tuple[str, ...]] = Key(default_factory=dict, description="measures filled together")
    is_kernel: bool = Key(default=False, description="whether numba compiles it")


def bounds_of(low: float | None, high: float | None) -> tuple[float, float]:
    """Return a range, without bound where none is given."""
    return (-INFINITE if low is None else low), (INFINITE if high is None else high)


class Reading(NamedTuple):
    """What came of reading a submodel.

    Attributes
    ----------
    part : Part
        Everything without fault.
    problems : tuple of Problem
        Every fault, with its line.
    """

    part: Part
    problems: tuple[Problem, ...]


@dataclasses.dataclass(frozen=True)
class Declared:
    """What a file declares.

    Attributes
    ----------
    submodels : tuple of Submodel
        There should be one.
    contents : tuple of Declaration or Decision
        What belongs to it.
    text : str
        Docstring of the file.
    is_whole : bool
        False if its code was only read, and computes some of what it declares.
    """

    submodels: tuple[Submodel, ...] = ()
    contents: tuple[Declaration | Decision, ...] = ()
    text: str = ""
    is_whole: bool = True


def declared_in(values: Iterable[Any], text: str = "", *, is_whole: bool = True) -> Declared:
    """Collect what is declared among some values of a module, and in tuples of them, each once."""
    submodels: dict[int, Submodel] = {}
    contents: dict[int, Declaration | Decision] = {}
    for value in values:
        for one in value if isinstance(value, tuple | list) else (value,):
            if isinstance(one, Submodel):
                submodels[id(one)] = one
            elif isinstance(one, Declaration | Decision):
                contents[id(one)] = one
    return Declared(tuple(submodels.values()), tuple(contents.values()), text, is_whole)


def declared_by(module: ModuleType) -> Declared:
    """Collect what a module declares."""
    return declared_in(vars(module).values(), inspect.getdoc(module) or "")


def submodel_of(declared: Declared, path: Path) -> Submodel:
    """Return the one submodel that a file declares.

    Raises
    ------
    InvalidInput
        If it declares none, or several.
    """
    found = declared.submodels
    if len(found) == 1:
        return found[0]
    held = f"declares {len(found)} submodels" if found else "declares no submodel"
    advice = "write one 'submodel = Submodel(NAME)' in it, from abm.extension"
    raise InvalidInput([Problem(shown_path(path), found[1].line if found else None, f"{held}; {advice}")])


def read_submodel(declared: Declared, path: Path, vocabulary: Vocabulary, *, is_foreign: bool) -> Reading:
    """Create records from what a file declares.

    Parameters
    ----------
    declared : Declared
        One submodel, and what belongs to it.
    path : Path
        Its file.
    vocabulary : Vocabulary
        The words of the world.
    is_foreign : bool
        Whether it comes from outside the package.

    Raises
    ------
    InvalidInput
        If it declares no submodel, or several.
    """
    submodel = submodel_of(declared, path)
    reader = _Reader(path, vocabulary, is_foreign)
    reader.record(SubmodelRecord, {"name": submodel.name, "records": submodel.records}, submodel.line)
    levers, parameters = reader.records_beside(submodel)
    declarations = [one for one in declared.contents if isinstance(one, Declaration)]

    def read(what: str, make: Callable[[Declaration], Any]) -> tuple[Any, ...]:
        made = (make(one) for one in declarations if one.what == what)
        return tuple(one for one in made if one is not None)

    part = Part(
        name=str(submodel.name),
        path=path,
        file=reader.file,
        text=declared.text,
        is_whole=declared.is_whole,
        is_foreign=is_foreign,
        levers=(*levers, *read("lever", lambda one: reader.record(Lever, one.values, one.line))),
        parameters=(
            *parameters,
            *read("parameter", lambda one: reader.record(Parameter, one.values, one.line)),
        ),
        fields=read("state field", reader.field),
        tables=read("table", reader.table),
        starts=read("start", reader.start),
        mechanisms=read("mechanism", reader.mechanism),
        measures=read("measure", reader.measure),
        tallies=read("tally", reader.tally),
        decisions=reader.decisions([one for one in declared.contents if isinstance(one, Decision)]),
        places=reader.places,
    )
    records = [one.model_dump_json(by_alias=True) for one in (*part.levers, *part.parameters)]
    fingerprint = hashlib.sha256("\n".join([digest_of(path), *records]).encode()).hexdigest()
    return Reading(dataclasses.replace(part, fingerprint=fingerprint), tuple(reader.problems))


def sources_of(path: Path) -> list[Path]:
    """List the files that hold the code of a submodel: its own, and where its folder is a package all of that."""
    is_package = (path.parent / "__init__.py").is_file()
    return sorted(path.parent.glob("*.py")) if is_package else [path]


def digest_of(path: Path) -> str:
    """Return the SHA-256 of the code of a submodel."""
    digest = hashlib.sha256()
    for source in sources_of(path):
        digest.update(read_content(source, bounds.SOURCE_BYTES))
    return digest.hexdigest()


class _Reader:
    """Collect the problems of one submodel's declarations."""

    def __init__(self, path: Path, vocabulary: Vocabulary, is_foreign: bool) -> None:
        self.path = path
        self.vocabulary = vocabulary
        self.is_foreign = is_foreign
        self.file = shown_path(path)
        self.problems: list[Problem] = []
        self.places: dict[tuple[str, str], tuple[str, int | None]] = {}

    def report(self, line: int | None, message: str) -> None:
        """Note a problem of the file."""
        self.problems.append(Problem(self.file, line, message))

    def record(self, model: type[R], values: Any, line: int) -> R | None:
        """Create a record from plain values; return None if they have problems."""
        try:
            plain = json.loads(json.dumps(values))
        except (TypeError, ValueError) as error:
            advice = "give text, numbers, True, False, tuples and dictionaries of them"
            self.report(line, f"{model.kind} holds what is no plain value ({error}); {advice}")
            return None
        record, problems = check(Document(self.file, plain, {(): line}), model, context=self.vocabulary)
        self.problems.extend(problems)
        name = values.get("name")
        if isinstance(name, str):
            self.places[model.kind, name] = (self.file, line)
        return record

    def records_beside(self, submodel: Submodel) -> tuple[tuple[Lever, ...], tuple[Parameter, ...]]:
        """Read the levers and parameters that stand in a file beside."""
        if not isinstance(submodel.records, str) or not submodel.records:
            return (), ()
        try:
            record, document = read_records(self.path.parent / submodel.records, self.vocabulary)
        except InvalidInput as error:
            self.problems.extend(error.problems)
            return (), ()
        for key, quantities in (("levers", record.levers), ("parameters", record.parameters)):
            for position, one in enumerate(quantities):
                self.places[one.kind, one.name] = (document.file, document.line((key, position)))
        return record.levers, record.parameters

    def field(self, declared: Declaration) -> Field | None:
        """Read a state array."""
        record = self.record(FieldRecord, declared.values, declared.line)
        if record is None:
            return None
        given = {key: getattr(record, key) for key in FieldRecord.model_fields}
        low, high = bounds_of(record.low, record.high)
        return Field(**given | {"low": low, "high": high})

    def arguments(self, declared: Declaration) -> tuple[str, ...] | None:
        """Name the arguments of a function, None if some have no plain names."""
        function = declared.function
        if not inspect.isfunction(function):
            self.report(declared.line, f"{declared.what} should be a function, found {function!r}")
            return None
        given = inspect.signature(function).parameters.values()
        if all(one.kind in PLAIN and one.default is inspect.Parameter.empty for one in given):
            return tuple(one.name for one in given)
        advice = "name every argument, without defaults: the names say what it reads"
        self.report(
            declared.line,
            f"{declared.what} '{function.__name__}' has arguments without a plain name; {advice}",
        )
        return None

    def procedure(self, declared: Declaration, record: Any, made: type[Procedure], **more: Any) -> Any:
        """Create a procedure from a record; return None if its function has problems."""
        arguments = self.arguments(declared)
        if record is None or arguments is None or declared.function is None:
            return None
        if not (inspect.getdoc(declared.function) or "").strip():
            self.report(
                declared.line, f"{declared.what} '{record.name}' has no docstring; say in a line what it does"
            )
        for name in getattr(record, "writes", ()):
            if name not in arguments:
                hint = did_you_mean(name, arguments)
                message = (
                    f"{declared.what} '{record.name}' writes '{name}', which is not among its arguments{hint}"
                )
                self.report(declared.line, message)
                return None
        keys = {one.name for one in dataclasses.fields(made)} & set(type(record).model_fields)
        return made(
            function=declared.function,
            where=f"{self.file}:{declared.line}",
            is_foreign=self.is_foreign,
            **{key: getattr(record, key) for key in keys},
            **more,
        )

    def start(self, declared: Declaration) -> Start | None:
        """Read a start."""
        record = self.record(StartRecord, declared.values, declared.line)
        made: Start | None = self.procedure(declared, record, Start)
        return made

    def mechanism(self, declared: Declaration) -> Mechanism | None:
        """Read a mechanism."""
        record = self.record(MechanismRecord, declared.values, declared.line)
        made: Mechanism | None = self.procedure(declared, record, Mechanism)
        return made

    def tally(self, declared: Declaration) -> Tally | None:
        """Read a tally."""
        record = self.record(TallyRecord, declared.values, declared.line)
        made: Tally | None = self.procedure(declared, record, Tally)
        if made is None:
            return None
        for name in made.filled:
            if name not in made.arguments:
                message = f"tally '{made.name}' fills by '{name}', which is not among its arguments"
                self.report(declared.line, message)
                return None
        return made

    def measure(self, declared: Declaration) -> Measure | None:
        """Read a measure, computed by its own function or filled by a tally."""
        record = self.record(MeasureRecord, declared.values, declared.line)
        procedure = None
        if declared.function is not None:
            procedure = self.procedure(declared, record, Procedure)
            if procedure is None:
                return None
        if record is None:
            return None
        low, high = bounds_of(record.low, record.high)
        given = {key: getattr(record, key) for key in ("name", "label", "unit", "definition", "is_flow")}
        # Whoever adds a submodel of their own wants to see what it measures.
        group = record.group or (OUTSIDE if self.is_foreign else "")
        return Measure(low=low, high=high, group=group, procedure=procedure, **given)

    def table(self, declared: Declaration) -> Table | None:
        """Read a table."""
        record = self.record(TableRecord, declared.values, declared.line)
        if record is None or declared.function is None:
            return None
        if not callable(declared.function):
            self.report(
                declared.line,
                f"table '{record.name}' should be made by a function, found {declared.function!r}",
            )
            return None
        return Table(record.name, declared.function, record.of)

    def decisions(self, declared: list[Decision]) -> Mapping[str, int]:
        """Read the decisions of draws."""
        found: dict[str, int] = {}
        for one in declared:
            name: Any = one.name
            if not isinstance(name, str):
                self.report(one.line, f"decision should be a name in quotes, found {name!r}")
                continue
            found[name] = int(one)
            self.places["decision", name] = (self.file, one.line)
        return found
