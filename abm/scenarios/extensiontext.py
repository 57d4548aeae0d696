"""Read the declarations of an extension from the text of its file, without running a line of it.

A reader who checks a foreign file wants to know what it adds before running it. A file in the usual form declares that
plainly: levers, parameters, state and decisions are calls with plain values, mechanisms and measures are decorated
functions, and one `Submodel` names them all. Only that is read here; computed values are not known until the file is
run, and are skipped.
"""

from __future__ import annotations

import ast
import inspect
import operator
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from abm.core.declaration import Declaration, Submodel
from abm.core.draws import Decision
from abm.core.reading import Declared, declared_in
from abm.errors import AbmError

DOOR = "abm.extension"
"""Module from which a file imports the functions that declare."""
RECORDS = {"lever": "lever", "parameter": "parameter", "field": "state field", "measure": "measure"}
"""What a call of each function declares."""
NAMED = ("field", "measure")
"""Functions whose first argument is the name."""
DECORATORS = ("start", "mechanism", "measure", "tally")
DECLARING = (*RECORDS, *DECORATORS, "table", "decision", "Submodel")
MOST_VALUES = 100_000
"""Most values that a declaration may hold, counting those behind a name each time that it occurs."""
LARGEST_NUMBER = 1e15
"""Largest number in calculations, because integers of Python are unbounded."""
OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
NOT_RUN = "its code was read, not run; what runs it is 'abm run', 'abm compare' or the option --run-code"


class NotRun(AbmError):
    """Refusal to call a function whose source was only read."""


class UnknownValue(Exception):
    """A value that is not known before the file is run."""


def read_unrun(content: bytes) -> tuple[Declared, tuple[tuple[int | None, str], ...]]:
    """Read the declarations of a file.

    Returns
    -------
    declared : Declared
        As far as it is known.
    faults : tuple of (int or None, str)
        What could be seen to be wrong, with its line.
    """
    try:
        tree = ast.parse(content)
    except SyntaxError as error:
        told = f"is not Python: {error.msg}; correct this line or the one above"
        return Declared(), ((error.lineno, told),)
    except (ValueError, RecursionError, MemoryError) as error:
        return Declared(), ((None, f"is not Python that can be read ({error}); is this the right file?"),)
    reader = _Reader()
    for statement in tree.body:
        reader.statement(statement)
    text = ast.get_docstring(tree) or ""
    return declared_in(reader.known.values(), text, is_whole=reader.is_whole), tuple(reader.faults)


def origin_of(module: str) -> Path | None:
    """Find the file of a module by name, without importing it or the packages that it is in."""
    path: Sequence[str] | None = None
    name = ""
    spec = None
    for part in module.split("."):
        name = f"{name}.{part}" if name else part
        try:
            specs = (finder.find_spec(name, path) for finder in sys.meta_path)
            spec = next((found for found in specs if found is not None), None)
        except (ImportError, ValueError, AttributeError):
            return None
        if spec is None:
            return None
        path = spec.submodule_search_locations
    return Path(spec.origin) if spec and spec.origin and Path(spec.origin).is_file() else None


@dataclass
class _Reader:
    """Follow the statements of a module, one after the other, as far as their values are plain."""

    doors: dict[str, str] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    faults: list[tuple[int | None, str]] = field(default_factory=list)
    is_whole: bool = True
    size: int = 0

    def statement(self, node: ast.stmt) -> None:
        """Read a statement; one that is not understood leaves the names that it sets unknown."""
        if isinstance(node, ast.ImportFrom):
            for alias in node.names if node.module == DOOR and not node.level else ():
                if alias.name == "*":
                    self.doors.update({name: name for name in DECLARING})
                self.doors[alias.asname or alias.name] = alias.name
            if node.module == "abm" and not node.level:
                self.doors.update({a.asname or a.name: "" for a in node.names if a.name == "extension"})
        elif isinstance(node, ast.Import):
            named = [alias for alias in node.names if alias.name == DOOR]
            self.doors.update({alias.asname or DOOR: "" for alias in named})
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            self.assign([target.id for target in targets if isinstance(target, ast.Name)], node.value)
        elif isinstance(node, ast.FunctionDef):
            self.function(node)
        else:
            self.is_whole = self.is_whole and not self.declares(node)
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    self.forget(part.id)

    def declares(self, node: ast.AST) -> bool:
        """Return whether a statement or expression calls a function that declares something."""
        calls = [part for part in ast.walk(node) if isinstance(part, ast.Call)]
        return any(self.door_of(call.func) in DECLARING for call in calls)

    def assign(self, names: list[str], value: ast.expr) -> None:
        """Bind names to a value."""
        self.size = 0
        try:
            found = self.value(value)
        except (UnknownValue, RecursionError):
            found = self.known_items(value)
        for name in names:
            self.forget(name)
            if found is not None:
                self.known[name], self.sizes[name] = found, self.size

    def known_items(self, node: ast.expr) -> Any:
        """Read the known items of a tuple or list; return None for anything else."""
        try:
            self.is_whole = self.is_whole and not self.declares(node)
        except RecursionError:
            self.is_whole = False
        if not isinstance(node, ast.Tuple | ast.List):
            return None
        found = []
        for item in node.elts:
            self.size = 0
            with suppress(UnknownValue, RecursionError):
                found.append(self.value(item))
        return tuple(found)

    def forget(self, name: str) -> None:
        """Leave a name unknown."""
        self.known.pop(name, None)

    def function(self, node: ast.FunctionDef) -> None:
        """Take a decorated function for a mechanism or a measure."""
        self.forget(node.name)
        for decorator in node.decorator_list:
            what = self.door_of(decorator.func) if isinstance(decorator, ast.Call) else None
            if isinstance(decorator, ast.Call) and what in DECORATORS and len(node.decorator_list) == 1:
                self.size = 0
                try:
                    given = self.keywords(decorator)
                except (UnknownValue, RecursionError):
                    self.is_whole = False
                    return
                function = stand_in(node)
                values = {"name": node.name, **_defaults(what), **given}
                if what == "measure":
                    told = (ast.get_docstring(node) or "").partition("\n")[0].rstrip(".")
                    values["definition"] = told
                self.known[node.name] = Declaration(what, values, decorator.lineno, function)
                self.sizes[node.name] = self.size

    def door_of(self, node: ast.expr) -> str | None:
        """Return the name in `abm.extension` that a call refers to."""
        if isinstance(node, ast.Name):
            return self.doors.get(node.id) or None
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in self.doors:
            return node.attr
        return None

    def keywords(self, node: ast.Call) -> dict[str, Any]:
        """Read the arguments that a call names."""
        if any(argument.arg is None for argument in node.keywords):
            raise UnknownValue
        return {str(argument.arg): self.value(argument.value) for argument in node.keywords}

    def value(self, node: ast.expr) -> Any:
        """Read a plain value or a declaration.

        Raises
        ------
        Unknown
            If it would have to be computed.
        """
        self.size += 1
        if self.size > MOST_VALUES:
            raise UnknownValue
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name) and node.id in self.known:
            self.size += self.sizes[node.id]
            return self.known[node.id]
        if isinstance(node, ast.Tuple):
            return tuple(self.value(item) for item in node.elts)
        if isinstance(node, ast.List):
            return [self.value(item) for item in node.elts]
        if isinstance(node, ast.Dict):
            return {self.key(key): self.value(item) for key, item in zip(node.keys, node.values, strict=True)}
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
            number = _number(self.value(node.operand))
            return -number if isinstance(node.op, ast.USub) else number
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return self.calculated(node)
        if isinstance(node, ast.Call):
            return self.call(node)
        raise UnknownValue

    def key(self, node: ast.expr | None) -> Any:
        """Read a key of a dictionary."""
        found = None if node is None else self.value(node)
        if not isinstance(found, str):
            raise UnknownValue
        return found

    def calculated(self, node: ast.BinOp) -> Any:
        """Calculate with two numbers."""
        first, second = (_number(self.value(side)) for side in (node.left, node.right))
        try:
            return _number(OPERATORS[type(node.op)](first, second))
        except ArithmeticError:
            raise UnknownValue from None

    def call(self, node: ast.Call) -> Any:
        """Read a call that declares something."""
        what = self.door_of(node.func)
        if what in RECORDS:
            values = self.keywords(node)
            if what in NAMED and len(node.args) == 1:
                values = {"name": self.value(node.args[0]), **values}
            elif node.args or what == "measure":
                raise UnknownValue
            return Declaration(RECORDS[what], values, node.lineno)
        if what == "decision" and len(node.args) == 1:
            name, given = self.value(node.args[0]), self.keywords(node)
            if isinstance(name, str) and given.keys() <= {"number"}:
                return Decision(name, given.get("number"), node.lineno)
        if what == "Submodel":
            return self.submodel(node)
        raise UnknownValue

    def submodel(self, node: ast.Call) -> Submodel:
        """Read a submodel."""
        given = {"name": None, **dict(zip(PARTS, (self.value(one) for one in node.args), strict=False))}
        for argument in node.keywords:
            if argument.arg in PARTS:
                given[argument.arg] = self.value(argument.value)
            else:
                told = f"'{argument.arg}' is not an argument of a submodel; valid: {', '.join(PARTS)}"
                self.faults.append((argument.value.lineno, told))
        return Submodel(**given, line=node.lineno)


PARTS = ("name", "records")


def _defaults(what: str) -> dict[str, Any]:
    """Return what a decorator takes where nothing is given."""
    return {"families": {}} if what == "tally" else {}


def _number(value: Any) -> Any:
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= LARGEST_NUMBER:
        raise UnknownValue
    return value


def stand_in(node: ast.FunctionDef) -> Callable[..., Any]:
    """Return a function with the name, arguments and docstring of one that was read; it refuses to be called."""

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise NotRun(f"'{node.name}' cannot be called: {NOT_RUN}")

    refuse.__name__ = refuse.__qualname__ = node.name
    refuse.__doc__ = ast.get_docstring(node)
    setattr(refuse, "__signature__", inspect.Signature(_arguments(node.args)))  # noqa: B010
    return refuse


def _arguments(node: ast.arguments) -> list[inspect.Parameter]:
    """List arguments as `inspect.signature` would; of a default only that there is one."""
    kinds = inspect.Parameter
    plain = [
        *((one.arg, kinds.POSITIONAL_ONLY) for one in node.posonlyargs),
        *((one.arg, kinds.POSITIONAL_OR_KEYWORD) for one in node.args),
    ]
    without = len(plain) - len(node.defaults)
    found = [
        kinds(name, kind, default=kinds.empty if place < without else None)
        for place, (name, kind) in enumerate(plain)
    ]
    if node.vararg is not None:
        found.append(kinds(node.vararg.arg, kinds.VAR_POSITIONAL))
    for one, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
        found.append(kinds(one.arg, kinds.KEYWORD_ONLY, default=kinds.empty if default is None else None))
    if node.kwarg is not None:
        found.append(kinds(node.kwarg.arg, kinds.VAR_KEYWORD))
    return found
