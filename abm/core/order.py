"""Sort mechanisms into the order of a month, and check that none reads what is not yet known."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from abm.core.part import Field, Mechanism
from abm.core.vocabulary import CLOCK
from abm.errors import AbmError, did_you_mean

Month = tuple[tuple[str, tuple[str, ...]], ...]
"""The order of a month: phases, each with the names of its mechanisms."""


class OrderError(AbmError):
    """The order of a month reads something that is not known, or not yet."""


class OrderFault(NamedTuple):
    """One fault of the order of a month, and the mechanism that is at fault; None where one is lacking."""

    mechanism: str | None
    message: str


def listed(month: Month) -> tuple[str, ...]:
    """Return the names that a month lists, in order."""
    return tuple(name for _, names in month for name in names)


def placed(month: Month, mechanisms: Sequence[Mechanism]) -> tuple[Mechanism, ...]:
    """Sort mechanisms into the order of a month.

    Parameters
    ----------
    month : Month
        Names that no mechanism has are passed over, so that a submodel may be left out or come from elsewhere.
    mechanisms : sequence of Mechanism
        Those that the month does not name run next to the one that they name themselves; those that run next to the
        same one keep their order.

    Returns
    -------
    tuple of Mechanism
        Those that name no known neighbour are left out.
    """
    names = listed(month)
    order = sorted((one for one in mechanisms if one.name in names), key=lambda one: names.index(one.name))
    for own in (one for one in mechanisms if one.name not in names):
        present = [one.name for one in order]
        neighbour = own.after if own.after is not None else own.before
        if neighbour not in present:
            continue
        position = present.index(neighbour)
        if own.after is not None:
            position += 1
            while (
                position < len(order)
                and order[position].name not in names
                and order[position].after == neighbour
            ):
                position += 1
        order.insert(position, own)
    return tuple(order)


def check_order(order: Sequence[Mechanism], known: Iterable[str], fields: Sequence[Field]) -> None:
    """Check that every mechanism finds what it reads.

    Parameters
    ----------
    order : sequence of Mechanism
        The month.
    known : iterable of str
        Names besides the state that mechanisms may ask for: arrays of the world, parameters, levers, the clock.
    fields : sequence of Field
        The state.

    Raises
    ------
    OrderError
        With every fault at once: a name that nobody provides, a value read before the step has set it, a state
        array that no mechanism writes, or two mechanisms of one name.
    """
    faults = order_faults(order, known, fields)
    if faults:
        told = "\n".join(f"  {fault.message}" for fault in faults)
        raise OrderError(f"the order of the month does not hold:\n{told}")


def order_faults(
    order: Sequence[Mechanism], known: Iterable[str], fields: Sequence[Field]
) -> list[OrderFault]:
    """Find what `check_order` refuses."""
    state = {field.name: field for field in fields}
    provided = set(known)
    faults = []
    names = [mechanism.name for mechanism in order]
    for name in sorted({name for name in names if names.count(name) > 1}):
        faults.append(OrderFault(name, f"mechanism '{name}' stands in the month more than once"))
    written: set[str] = set()
    for mechanism in order:
        subject = f"mechanism '{mechanism.name}'"
        for name in mechanism.arguments:
            if name not in state and name not in provided and name not in mechanism.writes:
                hint = did_you_mean(name, sorted({*state, *provided}))
                faults.append(
                    OrderFault(mechanism.name, f"{subject} asks for '{name}', which nobody provides{hint}")
                )
        for name in mechanism.writes:
            if name not in state:
                hint = did_you_mean(name, state)
                faults.append(
                    OrderFault(mechanism.name, f"{subject} writes '{name}', which is not a state array{hint}")
                )
        for name in mechanism.reads:
            if name in state and not state[name].is_carried and name not in written:
                faults.append(
                    OrderFault(mechanism.name, f"{subject} reads '{name}' before the step has set it")
                )
        switch = mechanism.idle_at_zero
        if switch is not None and (switch not in mechanism.arguments or switch not in provided - {*CLOCK}):
            message = (
                f"{subject} is idle at 0 of '{switch}', which is no parameter or lever among its arguments"
            )
            faults.append(OrderFault(mechanism.name, message))
        written.update(mechanism.writes)
    faults += [OrderFault(None, f"no mechanism writes '{name}'") for name in state if name not in written]
    return faults
