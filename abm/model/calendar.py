"""The order of a month: which mechanism runs when, and a check that none reads what is not yet known."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from abm.errors import AbmError, did_you_mean
from abm.mechanisms.attention import attention
from abm.mechanisms.challenge import challenge
from abm.mechanisms.closure import closure
from abm.mechanisms.contact import contact
from abm.mechanisms.demand import demand
from abm.mechanisms.effort import effort
from abm.mechanisms.encounter import encounter
from abm.mechanisms.federation import federation
from abm.mechanisms.governance import governance
from abm.mechanisms.integration import integration
from abm.mechanisms.leadership import leadership
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.payment import payment
from abm.mechanisms.pressure import pressure
from abm.mechanisms.showcase import showcase
from abm.mechanisms.tender import tender
from abm.mechanisms.trust import trust
from abm.model.state import FIELDS, Field
from abm.policy.catalogue import Catalogue, shipped

ORDER: tuple[Mechanism, ...] = (
    demand,
    payment,
    pressure,
    showcase,
    leadership,
    effort,
    attention,
    contact,
    encounter,
    trust,
    challenge,
    tender,
    closure,
    federation,
    governance,
    integration,
)


class CalendarError(AbmError):
    """Say that the order of a month reads something that is not known, or not yet."""


class OrderFault(NamedTuple):
    """Hold one fault of the order of a month, and the mechanism that is at fault; None where one is lacking."""

    mechanism: str | None
    message: str


def check_order(order: Sequence[Mechanism], known: Iterable[str], fields: Sequence[Field] = FIELDS) -> None:
    """Check that every mechanism finds what it reads.

    Parameters
    ----------
    order : sequence of Mechanism
        The month.
    known : iterable of str
        Names besides the state that mechanisms may ask for: arrays of the place, parameters, levers, the clock.
    fields : sequence of Field
        The state.

    Raises
    ------
    CalendarError
        With every fault at once: a name that nobody provides, a value read before the step has set it, a state
        array that no mechanism writes, or two mechanisms of one name.
    """
    faults = order_faults(order, known, fields)
    if faults:
        told = "\n".join(f"  {fault.message}" for fault in faults)
        raise CalendarError(f"the order of the month does not hold:\n{told}")


def order_faults(
    order: Sequence[Mechanism], known: Iterable[str], fields: Sequence[Field] = FIELDS
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
        written.update(mechanism.writes)
    faults += [OrderFault(None, f"no mechanism writes '{name}'") for name in state if name not in written]
    return faults


def describe_order(
    order: Sequence[Mechanism] = ORDER,
    fields: Sequence[Field] = FIELDS,
    catalogue: Catalogue | None = None,
) -> list[dict[str, str]]:
    """Return a row per mechanism: name, summary, state it reads and state it writes, levers and parameters."""
    known = catalogue or shipped()
    state = {field.name for field in fields}
    lever_of = {name.replace(".", "_"): name for name in known.levers}
    parameter_of = {name.replace(".", "_"): name for name in known.parameters}
    rows = []
    for mechanism in order:
        summary = (mechanism.function.__doc__ or "").strip().splitlines()[0]
        rows.append(
            {
                "mechanism": mechanism.name,
                "summary": summary,
                "reads": ", ".join(name for name in mechanism.reads if name in state),
                "writes": ", ".join(mechanism.writes),
                "levers": ", ".join(lever_of[name] for name in mechanism.reads if name in lever_of),
                "parameters": ", ".join(
                    parameter_of[name] for name in mechanism.reads if name in parameter_of
                ),
            }
        )
    return rows
