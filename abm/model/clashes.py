"""Say what keeps extensions from joining the model: names that are taken, and places in the month that do not hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from abm.errors import Problem, did_you_mean
from abm.model.additions import Additions, placed
from abm.model.calendar import ORDER, order_faults
from abm.model.measures import MEASURES, OUTCOMES
from abm.model.state import FIELDS
from abm.policy.catalogue import shipped
from abm.world.place import Place

CLOCK = ("step", "dt", "years", "seed", "replicate")
COLUMNS = ("run_id", "scenario", "point", "seed", "replicate", "month", "status", "error")
"""Columns of results that no measure may be called."""
PLACE_ARRAYS = ("Floats", "Integers")


def clashes(members: Sequence[Additions], *, is_complete: bool) -> list[Problem]:
    """Find what keeps extensions from joining the model together.

    Parameters
    ----------
    members : sequence of Additions
        What each adds.
    is_complete : bool
        Whether everything that they declare could be read. If not, what may come of it is not reported again.

    Returns
    -------
    list of Problem
        With files and lines.
    """
    joining = _Joining(members)
    # A mechanism may stand beside one that its file computes.
    is_whole = all(member.is_whole for member in members)
    problems = [*joining.taken_names(), *(joining.misplaced() if is_whole else ())]
    if is_complete and not problems:
        problems = [*joining.order(), *joining.unread(), *joining.dangling()]
    return problems


def place_arrays() -> tuple[str, ...]:
    """Name the arrays of a place."""
    return tuple(field.name for field in dataclasses.fields(Place) if str(field.type) in PLACE_ARRAYS)


class _Joining:
    """Join some extensions to the model."""

    def __init__(self, members: Sequence[Additions]) -> None:
        self.members = members
        self.order_of_month = placed(ORDER, members)

    def problem(self, member: Additions, what: str, name: str, message: str) -> Problem:
        """Give a complaint about an addition its file and line."""
        return Problem(member.file, member.lines.get((what, name)), message)

    def taken_names(self) -> Iterator[Problem]:
        """Find names that are taken, by abm or by another addition."""
        known = shipped()
        arguments = {name: "something that mechanisms ask for" for one in ORDER for name in one.arguments}
        arguments |= dict.fromkeys(CLOCK, "the clock or a seed")
        arguments |= dict.fromkeys(place_arrays(), "an array of the place")
        arguments |= {name.replace(".", "_"): f"the lever '{name}'" for name in known.levers}
        arguments |= {name.replace(".", "_"): f"the parameter '{name}'" for name in known.parameters}
        arguments |= {field.name: "a state array" for field in FIELDS}
        quantities = dict.fromkeys(known.defaults, "a parameter of abm")
        quantities |= dict.fromkeys(known.parameters, "a parameter of abm")
        quantities |= dict.fromkeys(known.levers, "a lever of abm")
        measures = dict.fromkeys((one.name for one in (*MEASURES, *OUTCOMES)), "a measure of abm")
        measures |= dict.fromkeys(COLUMNS, "a column of every result")
        mechanisms = {one.name: "a mechanism of abm" for one in ORDER}
        extensions: dict[str, str] = {}
        numbers: dict[int, str] = {}
        for member in self.members:
            mine = f"part of extension '{member.name}'"
            if member.name in extensions:
                yield self.problem(
                    member, "extension", member.name, f"two extensions are called '{member.name}'; rename one"
                )
            extensions[member.name] = mine
            for record in (*member.levers, *member.parameters):
                argument = record.name.replace(".", "_")
                if record.name in quantities or argument in arguments:
                    owner = quantities.get(record.name) or arguments[argument]
                    message = f"{record.noun} clashes with {owner}; choose another name"
                    yield self.problem(member, record.kind, record.name, message)
                quantities[record.name] = arguments[argument] = mine
            for field in member.fields:
                if field.name in arguments:
                    message = f"state field '{field.name}' clashes with {arguments[field.name]}; choose another name"
                    yield self.problem(member, "state field", field.name, message)
                arguments[field.name] = mine
            for what, taken, added in (
                ("measure", measures, member.measures),
                ("mechanism", mechanisms, member.mechanisms),
            ):
                for one in added:
                    if one.name in taken:
                        message = f"{what} '{one.name}' clashes with {taken[one.name]}; choose another name"
                        yield self.problem(member, what, one.name, message)
                    taken[one.name] = mine
            for name, number in member.decisions.items():
                if number in numbers:
                    message = f"decision '{name}' has the number of decision '{numbers[number]}'; choose another name"
                    yield self.problem(member, "decision", name, message)
                numbers[number] = name

    def misplaced(self) -> Iterator[Problem]:
        """Find mechanisms that run next to one that is not there."""
        names = [one.name for one in self.order_of_month]
        for member in self.members:
            for own in member.mechanisms:
                neighbour = own.after if own.after is not None else own.before
                if neighbour is not None and neighbour not in names:
                    side = "after" if own.after is not None else "before"
                    message = (
                        f"mechanism '{own.name}' runs {side} '{neighbour}', which is no mechanism"
                        f"{did_you_mean(neighbour, names)} 'abm order' lists them."
                    )
                    yield self.problem(member, "mechanism", own.name, message)

    def names_known(self) -> set[str]:
        """Name everything besides the state that mechanisms may ask for."""
        known = shipped()
        state = {field.name for field in FIELDS}
        names = {name for one in ORDER for name in one.arguments if name not in state}
        own = [record.name for member in self.members for record in (*member.levers, *member.parameters)]
        quantities = (*known.levers, *known.parameters, *own)
        return {*names, *CLOCK, *place_arrays(), *(name.replace(".", "_") for name in quantities)}

    def order(self) -> Iterator[Problem]:
        """Find what does not hold in the order of the month, and what measures ask for that is not there."""
        owners = {own.name: member for member in self.members for own in member.mechanisms}
        fields = (*FIELDS, *(field for member in self.members for field in member.fields))
        known = self.names_known()
        for fault in order_faults(self.order_of_month, known, fields):
            if fault.mechanism in owners:
                yield self.problem(owners[fault.mechanism], "mechanism", fault.mechanism, fault.message)
        written = {name for one in self.order_of_month for name in one.writes}
        provided = sorted({*known, *(field.name for field in fields)} - {"step", "dt", "years"})
        for member in self.members:
            for field in member.fields:
                if field.name not in written:
                    message = f"no mechanism writes state field '{field.name}'; name it under 'writes' of one"
                    yield self.problem(member, "state field", field.name, message)
            for measure in member.measures:
                for name in measure.arguments:
                    if name not in provided:
                        hint = did_you_mean(name, provided)
                        message = f"measure '{measure.name}' asks for '{name}', which nobody provides{hint}"
                        yield self.problem(member, "measure", measure.name, message)

    def unread(self) -> Iterator[Problem]:
        """Find levers and parameters that nothing reads."""
        read = {
            name
            for member in self.members
            for arguments in (
                *(one.arguments for one in member.mechanisms),
                *(one.arguments for one in member.measures),
            )
            for name in arguments
        }
        starts = {field.start for member in self.members for field in member.fields}
        for member in self.members:
            for record in (*member.levers, *member.parameters):
                argument = record.name.replace(".", "_")
                if argument not in read and record.name not in starts:
                    message = (
                        f"nothing reads {record.noun}; a mechanism asks for it by the argument '{argument}'"
                    )
                    yield self.problem(member, record.kind, record.name, message)

    def dangling(self) -> Iterator[Problem]:
        """Find records that refer to a mechanism, measure, parameter or lever that is not there."""
        mechanisms = [one.name for one in self.order_of_month]
        measures = [one.name for one in (*MEASURES, *OUTCOMES)]
        measures += [one.name for member in self.members for one in member.measures]
        levers = {**shipped().levers, **{one.name: one for member in self.members for one in member.levers}}
        numbers = {name for name, one in shipped().parameters.items() if one.index is None} | {
            one.name for member in self.members for one in member.parameters if one.index is None
        }
        for member in self.members:
            for record in (*member.levers, *member.parameters):
                if record.mechanism not in mechanisms:
                    hint = did_you_mean(record.mechanism, mechanisms)
                    message = f"{record.noun} names mechanism '{record.mechanism}', which is not there{hint}"
                    yield self.problem(member, record.kind, record.name, message)
            for lever in member.levers:
                if lever.test.measure not in measures:
                    hint = did_you_mean(lever.test.measure, measures)
                    message = (
                        f"test of {lever.noun} names measure '{lever.test.measure}', which is unknown{hint}"
                    )
                    yield self.problem(member, "lever", lever.name, message)
            for field in member.fields:
                if isinstance(field.start, str) and field.start not in levers and field.start not in numbers:
                    hint = did_you_mean(field.start, (*levers, *numbers))
                    message = (
                        f"state field '{field.name}' starts at '{field.start}', "
                        f"which is neither a lever nor a single parameter{hint}"
                    )
                    yield self.problem(member, "state field", field.name, message)
