"""Find what keeps submodels from making a theory: names that are taken, and references that lead nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from abm.core.order import listed, order_faults
from abm.core.part import Part, Procedure
from abm.core.theory import Theory
from abm.core.vocabulary import CLOCK, FATE
from abm.errors import Problem, did_you_mean


def joining_problems(theory: Theory, *, is_complete: bool = True) -> list[Problem]:
    """Find what does not hold together in a theory.

    Parameters
    ----------
    theory : Theory
        Submodels of the package and from elsewhere; all are held to the same rules.
    is_complete : bool
        Whether everything that they declare could be read. If not, what may come of it is not reported again.

    Returns
    -------
    list of Problem
        With files and lines.
    """
    joining = _Joining(theory)
    # A mechanism may stand beside one that its file computes.
    is_whole = all(part.is_whole for part in theory.parts)
    problems = [*joining.taken_names(), *(joining.misplaced() if is_whole else ())]
    if is_complete and not problems:
        problems = [
            *joining.order(),
            *joining.unfilled(),
            *joining.unread(),
            *joining.dangling(),
            *joining.starting(),
        ]
    return problems


class _Joining:
    """Check the submodels of a theory together."""

    def __init__(self, theory: Theory) -> None:
        self.theory = theory
        self.parts = theory.parts
        self.mechanisms = [one.name for one in theory.order]

    def problem(self, part: Part, what: str, name: str, message: str) -> Problem:
        """Return a complaint with the place of what it is about."""
        file, line = part.places.get((what, name), (part.file, None))
        return Problem(file, line, message)

    def taken_names(self) -> Iterator[Problem]:
        """Find names that are taken, by abm or by another submodel."""
        arguments = dict.fromkeys((*CLOCK, *FATE), "the clock or a seed")
        arguments |= dict.fromkeys(self.theory.vocabulary.arrays, "an array of the place")
        quantities: dict[str, str] = {}
        measures = dict.fromkeys(self.theory.columns, "a column of every result")
        mechanisms: dict[str, str] = {}
        submodels: dict[str, str] = {}
        numbers: dict[int, str] = {}
        for part in self.parts:
            outside = f"part of extension '{part.name}'" if part.is_foreign else ""
            if part.name in submodels:
                told = f"two submodels are called '{part.name}'; rename one"
                yield self.problem(part, "submodel", part.name, told)
            submodels[part.name] = part.file
            for record in (*part.levers, *part.parameters):
                owner = quantities.get(record.name) or arguments.get(record.argument)
                if owner is not None:
                    message = f"{record.noun} clashes with {owner}; choose another name"
                    yield self.problem(part, record.kind, record.name, message)
                flat = getattr(record, "flat_defaults", {})
                quantities |= dict.fromkeys((record.name, *flat), outside or f"a {record.kind} of abm")
                arguments[record.argument] = outside or f"the {record.noun}"
            for what, taken, added, owned in (
                ("state field", arguments, part.fields, "a state array"),
                ("table", arguments, part.tables, "a table of abm"),
                ("measure", measures, part.measures, "a measure of abm"),
                ("mechanism", mechanisms, part.mechanisms, "a mechanism of abm"),
            ):
                names: Iterable[str] = (one.name for one in added)
                for name in names:
                    if name in taken:
                        message = f"{what} '{name}' clashes with {taken[name]}; choose another name"
                        yield self.problem(part, what, name, message)
                    taken[name] = outside or owned
            for name, number in part.decisions.items():
                if number in numbers:
                    message = f"decision '{name}' has the number of decision '{numbers[number]}'; choose another name"
                    yield self.problem(part, "decision", name, message)
                numbers[number] = name

    def misplaced(self) -> Iterator[Problem]:
        """Find mechanisms without a place in the month, and those next to one that is not there."""
        in_order = listed(self.theory.month)
        for part in self.parts:
            for own in part.mechanisms:
                if own.name in in_order:
                    continue
                if (own.after is None) == (own.before is None):
                    advice = "say one of after='NAME' and before='NAME'; 'abm order' lists the mechanisms"
                    told = f"mechanism '{own.name}' needs one place in the month; {advice}"
                    yield self.problem(part, "mechanism", own.name, told)
                    continue
                neighbour = own.after if own.after is not None else own.before
                if neighbour not in self.mechanisms:
                    side = "after" if own.after is not None else "before"
                    message = (
                        f"mechanism '{own.name}' runs {side} '{neighbour}', which is no mechanism"
                        f"{did_you_mean(str(neighbour), self.mechanisms)} 'abm order' lists them."
                    )
                    yield self.problem(part, "mechanism", own.name, message)

    def order(self) -> Iterator[Problem]:
        """Find what does not hold in the order of the month, and what other functions ask for that is not there."""
        owners = {own.name: part for part in self.parts for own in part.mechanisms}
        fields = self.theory.fields
        given = self.theory.given
        for fault in order_faults(self.theory.order, given, fields):
            if fault.mechanism in owners:
                yield self.problem(owners[fault.mechanism], "mechanism", fault.mechanism, fault.message)
        written = {name for one in self.theory.order for name in one.writes}
        state = {field.name for field in fields}
        provided = sorted({*given, *state} - set(CLOCK))
        for part in self.parts:
            for field in part.fields:
                if field.name not in written:
                    message = f"no mechanism writes state field '{field.name}'; name it under 'writes' of one"
                    yield self.problem(part, "state field", field.name, message)
            others: list[tuple[str, Procedure, Iterable[str]]] = [
                ("measure", one.procedure, ()) for one in part.measures if one.procedure is not None
            ]
            others += [("tally", one, one.filled) for one in part.tallies]
            others += [("start", one, CLOCK) for one in part.starts]
            for what, one, besides in others:
                for name in one.arguments:
                    if name not in provided and name not in besides:
                        hint = did_you_mean(name, provided)
                        message = f"{what} '{one.name}' asks for '{name}', which nobody provides{hint}"
                        yield self.problem(part, what, one.name, message)
                for name in one.writes:
                    if name not in state:
                        hint = did_you_mean(name, state)
                        message = f"{what} '{one.name}' writes '{name}', which is not a state array{hint}"
                        yield self.problem(part, what, one.name, message)

    def unfilled(self) -> Iterator[Problem]:
        """Find measures that nothing fills, or two things do, and tallies of what is no measure."""
        names = [one.name for one in self.theory.measures]
        filled: dict[str, str] = {
            one.name: f"measure '{one.name}' itself"
            for one in self.theory.measures
            if one.procedure is not None
        }
        for part in self.parts:
            for tally in part.tallies:
                for members in tally.filled.values():
                    for name in members:
                        if name not in names:
                            hint = did_you_mean(name, names)
                            told = f"tally '{tally.name}' fills '{name}', which is no measure{hint}"
                            yield self.problem(part, "tally", tally.name, told)
                        elif name in filled:
                            told = f"tally '{tally.name}' fills '{name}', as {filled[name]} does; keep one of the two"
                            yield self.problem(part, "tally", tally.name, told)
                        filled[name] = f"tally '{tally.name}'"
                    rows = [names.index(name) for name in members if name in names]
                    if rows != list(range(rows[0], rows[0] + len(members)) if rows else ()):
                        told = (
                            f"tally '{tally.name}' fills {', '.join(members)} together; declare them in a row"
                        )
                        yield self.problem(part, "tally", tally.name, told)
        for part in self.parts:
            for measure in part.measures:
                if measure.name not in filled:
                    told = f"nothing fills measure '{measure.name}'; name it under 'fills' of a tally"
                    yield self.problem(part, "measure", measure.name, told)

    def unread(self) -> Iterator[Problem]:
        """Find levers and parameters that nothing reads."""
        read = {name for one in self.theory.procedures for name in one.arguments}
        named = {field.start for field in self.theory.fields} | {field.span for field in self.theory.fields}
        named |= {name for table in self.theory.tables for name in table.of}
        for part in self.parts:
            if not (part.procedures or part.fields):
                # What judges whole runs reads series, not arrays.
                continue
            for record in (*part.levers, *part.parameters):
                if record.argument not in read and record.name not in named:
                    advice = f"a mechanism asks for it by the argument '{record.argument}'"
                    message = f"nothing reads {record.noun}; {advice}"
                    yield self.problem(part, record.kind, record.name, message)

    def dangling(self) -> Iterator[Problem]:
        """Find levers and parameters that refer to a mechanism or measure that is not there."""
        mechanisms = [*self.mechanisms, *(part.name for part in self.parts)]
        measures = [*(one.name for one in self.theory.measures), *self.theory.columns]
        for part in self.parts:
            for record in (*part.levers, *part.parameters):
                if record.mechanism not in mechanisms:
                    hint = did_you_mean(record.mechanism, mechanisms)
                    message = f"{record.noun} names mechanism '{record.mechanism}', which is not there{hint}"
                    yield self.problem(part, record.kind, record.name, message)
            for lever in part.levers:
                if lever.test.measure not in measures:
                    hint = did_you_mean(lever.test.measure, measures)
                    message = (
                        f"test of {lever.noun} names measure '{lever.test.measure}', which is unknown{hint}"
                    )
                    yield self.problem(part, "lever", lever.name, message)

    def starting(self) -> Iterator[Problem]:
        """Find state, tables and starts that follow from what is not there."""
        levers = [one.name for one in self.theory.levers]
        single = [one.name for one in self.theory.parameters if one.index is None]
        known = [*levers, *single, *self.theory.vocabulary.arrays]
        for part in self.parts:
            for field in part.fields:
                if isinstance(field.start, str) and field.start not in known:
                    hint = did_you_mean(field.start, known)
                    message = (
                        f"state field '{field.name}' starts at '{field.start}', "
                        f"which is neither a lever nor a single parameter nor an array{hint}"
                    )
                    yield self.problem(part, "state field", field.name, message)
                if field.span is not None and field.span not in single:
                    message = f"state field '{field.name}' spans '{field.span}', which is no single parameter"
                    yield self.problem(
                        part, "state field", field.name, message + did_you_mean(field.span, single)
                    )
            for table in part.tables:
                for name in table.of:
                    if name not in single:
                        message = f"table '{table.name}' follows from '{name}', which is no single parameter"
                        yield self.problem(part, "table", table.name, message + did_you_mean(name, single))
            for start in part.starts:
                if start.settles_as is not None and start.settles_as not in self.mechanisms:
                    hint = did_you_mean(start.settles_as, self.mechanisms)
                    message = (
                        f"start '{start.name}' settles as '{start.settles_as}', which is no mechanism{hint}"
                    )
                    yield self.problem(part, "start", start.name, message)
