"""Make records of what the file of an extension declares, or say everything that keeps them from being made."""

from __future__ import annotations

import hashlib
import inspect
import json
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import Field as Key
from pydantic import model_validator

from abm.errors import InvalidInput, Problem, did_you_mean
from abm.model.additions import Additions, OwnField, OwnMeasure, OwnMechanism
from abm.model.declaration import Declaration, Extension, OwnDecision
from abm.model.state import INFINITE
from abm.policy.levers import Lever
from abm.policy.parameters import Parameter
from abm.policy.quantity import EvidenceId
from abm.records import Document, Fault, Faults, Record, check, load_list, shown_path

R = TypeVar("R", bound=Record)

NAME = r"^[a-z][a-z0-9_]*$"
NAME_MEANING = "lower case, digits and underscores"
PLAIN = (inspect.Parameter.POSITIONAL_OR_KEYWORD,)


class OwnLever(Lever):
    """Hold a lever of an extension."""

    evidence: tuple[EvidenceId, ...] = Key(default=(), description="patterns that it bears on, if any")


class OwnParameter(Parameter):
    """Hold a parameter of an extension."""

    evidence: tuple[EvidenceId, ...] = Key(default=(), description="patterns that it bears on, if any")


class FieldRecord(Record):
    """Hold a state array as it is declared."""

    kind: ClassVar[str] = "state field"

    name: str = Key(pattern=NAME, description=NAME_MEANING)
    axes: tuple[
        Literal[
            "organisation",
            "acute provider",
            "tie",
            "side",
            "place",
            "attention segment",
            "kind of organisation",
        ],
        ...,
    ] = Key(description="what its axes count before the lane, such as ('organisation',)")
    unit: str = Key(min_length=1, description="unit of its values")
    definition: str = Key(min_length=1, description="what it means")
    low: float | None = Key(default=None, description="least value")
    high: float | None = Key(default=None, description="greatest value")
    start: float | str = Key(default=0.0, description="a number, or the name of a parameter or lever")
    is_carried: bool = Key(default=True, description="whether a month starts from last month's value")

    @model_validator(mode="after")
    def _range_rises(self) -> FieldRecord:
        low, high = bounds_of(self.low, self.high)
        faults = []
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


class MechanismRecord(Record):
    """Hold a mechanism as it is declared."""

    kind: ClassVar[str] = "mechanism"

    name: str = Key(pattern=NAME, description=NAME_MEANING)
    writes: tuple[str, ...] = Key(min_length=1, description="a tuple of arguments that it changes in place")
    after: str | None = Key(default=None, description="mechanism after which it runs")
    before: str | None = Key(default=None, description="mechanism before which it runs")
    is_kernel: bool = Key(default=False, description="whether numba compiles it")

    @model_validator(mode="after")
    def _has_one_place(self) -> MechanismRecord:
        if (self.after is None) == (self.before is None):
            advice = "say one of after='NAME' and before='NAME'; 'abm order' lists the mechanisms"
            raise Faults([Fault((), f"mechanism '{self.name}' needs one place in the month; {advice}")])
        return self


class MeasureRecord(Record):
    """Hold a measure as it is declared."""

    kind: ClassVar[str] = "measure"

    name: str = Key(pattern=NAME, description=NAME_MEANING)
    label: str = Key(min_length=1, description="a few words for tables and plots")
    unit: str = Key(min_length=1, description="unit of its values")
    low: float | None = Key(default=None, description="least value")
    high: float | None = Key(default=None, description="greatest value")
    is_flow: bool = Key(default=False, description="whether the steps of a month add up")
    definition: str = Key(min_length=1, description="the first line of the function's docstring")


class NameRecord(Record):
    """Hold the name of an extension."""

    kind: ClassVar[str] = "extension"

    name: str = Key(pattern=NAME, description=NAME_MEANING)


def bounds_of(low: float | None, high: float | None) -> tuple[float, float]:
    """Give a range, without bound where none is given."""
    return (-INFINITE if low is None else low), (INFINITE if high is None else high)


def read_declarations(extension: Extension, path: Path, sha256: str) -> tuple[Additions, list[Problem], str]:
    """Make records of what an extension declares.

    Parameters
    ----------
    extension : Extension
        As its file declares it.
    path : Path
        The file.
    sha256 : str
        Hash of the file.

    Returns
    -------
    additions : Additions
        Everything without fault.
    problems : list of Problem
        Every fault, with its line.
    fingerprint : str
        Hash of the file and of the records.
    """
    reader = _Reader(path)
    reader.record(NameRecord, {"name": extension.name}, extension.line)
    levers = reader.quantities(extension.levers, OwnLever, extension.line)
    parameters = reader.quantities(extension.parameters, OwnParameter, extension.line)
    fields = [reader.field(one) for one in reader.declared(extension, "fields", "state field")]
    mechanisms = [reader.mechanism(one) for one in reader.declared(extension, "mechanisms", "mechanism")]
    measures = [reader.measure(one) for one in reader.declared(extension, "measures", "measure")]
    decisions = reader.decisions(extension)
    records = [record.model_dump_json(by_alias=True) for record in (*levers, *parameters)]
    fingerprint = hashlib.sha256("\n".join([sha256, *records]).encode()).hexdigest()
    additions = Additions(
        name=str(extension.name),
        file=reader.file,
        levers=tuple(levers),
        parameters=tuple(parameters),
        fields=tuple(one for one in fields if one is not None),
        mechanisms=tuple(one for one in mechanisms if one is not None),
        measures=tuple(one for one in measures if one is not None),
        decisions=decisions,
        lines=reader.lines,
    )
    return additions, reader.problems, fingerprint


class _Reader:
    """Collect the problems of one extension's declarations."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = shown_path(path)
        self.problems: list[Problem] = []
        self.lines: dict[tuple[str, str], int] = {}

    def report(self, line: int | None, message: str) -> None:
        """Note a problem of the file."""
        self.problems.append(Problem(self.file, line, message))

    def record(self, model: type[R], values: Any, line: int) -> R | None:
        """Make a record of plain values, None if they have problems."""
        try:
            plain = json.loads(json.dumps(values))
        except (TypeError, ValueError) as error:
            advice = "give text, numbers, True, False, tuples and dictionaries of them"
            self.report(line, f"{model.kind} holds what is no plain value ({error}); {advice}")
            return None
        record, problems = check(Document(self.file, plain, {(): line}), model)
        self.problems.extend(problems)
        name = values.get("name")
        if isinstance(name, str):
            self.lines[model.kind, name] = line
        return record

    def declared(self, extension: Extension, key: str, what: str) -> list[Declaration]:
        """Take the declarations under a key; what is something else is reported."""
        return self.declarations(getattr(extension, key), key, what, extension.line)

    def declarations(self, given: Any, key: str, what: str, line: int) -> list[Declaration]:
        """Take declarations of one kind."""
        if not isinstance(given, tuple | list):
            self.report(line, f"'{key}' of the extension should be a tuple, such as ({what}(...),)")
            return []
        found = []
        for one in given:
            if isinstance(one, Declaration) and one.what == what:
                found.append(one)
            else:
                name = one.what if isinstance(one, Declaration) else type(one).__name__
                self.report(
                    line,
                    f"'{key}' of the extension holds a {name}; it should hold a {what} from abm.extension",
                )
        return found

    def quantities(self, given: Any, model: type[R], line: int) -> list[R]:
        """Read levers or parameters, declared here or in a YAML file beside."""
        if isinstance(given, str):
            try:
                loaded = load_list(self.path.parent / given, model)
            except InvalidInput as error:
                self.problems.extend(error.problems)
                return []
            for record in loaded:
                self.lines[model.kind, str(getattr(record, "name"))] = line  # noqa: B009
            return list(loaded)
        declared = self.declarations(given, f"{model.kind}s", model.kind, line)
        records = [self.record(model, one.values, one.line) for one in declared]
        return [record for record in records if record is not None]

    def field(self, declared: Declaration) -> OwnField | None:
        """Read a state array."""
        record = self.record(FieldRecord, declared.values, declared.line)
        if record is None:
            return None
        low, high = bounds_of(record.low, record.high)
        return OwnField(
            record.name,
            record.axes,
            record.unit,
            low,
            high,
            record.definition,
            record.is_carried,
            start=record.start,
        )

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

    def mechanism(self, declared: Declaration) -> OwnMechanism | None:
        """Read a mechanism."""
        record = self.record(MechanismRecord, declared.values, declared.line)
        arguments = self.arguments(declared)
        if record is None or arguments is None or declared.function is None:
            return None
        if not (inspect.getdoc(declared.function) or "").strip():
            self.report(
                declared.line, f"mechanism '{record.name}' has no docstring; say in a line what it does"
            )
        for name in record.writes:
            if name not in arguments:
                hint = did_you_mean(name, arguments)
                self.report(
                    declared.line,
                    f"mechanism '{record.name}' writes '{name}', which is not among its arguments{hint}",
                )
                return None
        return OwnMechanism(
            record.name,
            declared.function,
            record.writes,
            record.is_kernel,
            after=record.after,
            before=record.before,
            place=f"{self.file}:{declared.line}",
        )

    def measure(self, declared: Declaration) -> OwnMeasure | None:
        """Read a measure."""
        record = self.record(MeasureRecord, declared.values, declared.line)
        arguments = self.arguments(declared)
        if record is None or arguments is None or declared.function is None:
            return None
        low, high = bounds_of(record.low, record.high)
        return OwnMeasure(
            record.name,
            record.label,
            record.unit,
            low,
            high,
            record.definition,
            declared.function,
            arguments,
            record.is_flow,
            f"{self.file}:{declared.line}",
        )

    def decisions(self, extension: Extension) -> dict[str, int]:
        """Read the decisions of draws."""
        found: dict[str, int] = {}
        given: Any = extension.decisions
        if not isinstance(given, tuple | list):
            self.report(extension.line, "'decisions' of the extension should be a tuple, such as (VISIT,)")
            return {}
        for one in given:
            if not isinstance(one, OwnDecision):
                self.report(
                    extension.line, f"'decisions' of the extension holds {one!r}; give decision('NAME')"
                )
            else:
                found[one.name] = int(one)
                self.lines["decision", one.name] = one.line
        return found
