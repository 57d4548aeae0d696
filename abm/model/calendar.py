"""The order of a month: which mechanism runs when, and a check that none reads what is not yet known."""

from collections.abc import Iterable, Sequence

from abm.errors import AbmError
from abm.mechanisms.attention import attention
from abm.mechanisms.challenge import challenge
from abm.mechanisms.contact import contact
from abm.mechanisms.demand import demand
from abm.mechanisms.effort import effort
from abm.mechanisms.encounter import encounter
from abm.mechanisms.governance import governance
from abm.mechanisms.integration import integration
from abm.mechanisms.leadership import leadership
from abm.mechanisms.mechanism import Mechanism
from abm.mechanisms.payment import payment
from abm.mechanisms.pressure import pressure
from abm.mechanisms.trust import trust
from abm.model.state import FIELDS

ORDER: tuple[Mechanism, ...] = (
    demand,
    payment,
    pressure,
    leadership,
    effort,
    attention,
    contact,
    encounter,
    trust,
    challenge,
    governance,
    integration,
)


class CalendarError(AbmError):
    """Say that the order of a month reads something that is not known, or not yet."""


def check_order(order: Sequence[Mechanism], known: Iterable[str]) -> None:
    """Check that every mechanism finds what it reads.

    Parameters
    ----------
    order : sequence of Mechanism
        The month.
    known : iterable of str
        Names besides the state that mechanisms may ask for: arrays of the place, parameters, levers, the clock.

    Raises
    ------
    CalendarError
        With every fault at once: a name that nobody provides, a value read before the step has set it, a state
        array that no mechanism writes, or two mechanisms of one name.
    """
    fields = {field.name: field for field in FIELDS}
    provided = set(known)
    faults = []
    names = [mechanism.name for mechanism in order]
    for name in sorted({name for name in names if names.count(name) > 1}):
        faults.append(f"mechanism '{name}' stands in the month more than once")
    written: set[str] = set()
    for mechanism in order:
        for name in mechanism.arguments:
            if name not in fields and name not in provided:
                faults.append(f"mechanism '{mechanism.name}' asks for '{name}', which nobody provides")
        for name in mechanism.writes:
            if name not in fields:
                faults.append(f"mechanism '{mechanism.name}' writes '{name}', which is not a state array")
        for name in mechanism.reads:
            if name in fields and not fields[name].is_carried and name not in written:
                faults.append(f"mechanism '{mechanism.name}' reads '{name}' before the step has set it")
        written.update(mechanism.writes)
    for name in fields:
        if name not in written:
            faults.append(f"no mechanism writes '{name}'")
    if faults:
        raise CalendarError("the order of the month does not hold:\n" + "\n".join(f"  {fault}" for fault in faults))


def describe_order(order: Sequence[Mechanism] = ORDER) -> list[dict[str, str]]:
    """Return a row per mechanism: name, summary, state it reads and state it writes, levers and parameters."""
    from abm.policy.levers import levers
    from abm.policy.parameters import parameters

    fields = {field.name for field in FIELDS}
    lever_of = {name.replace(".", "_"): name for name in levers()}
    parameter_of = {name.replace(".", "_"): name for name in parameters()}
    rows = []
    for mechanism in order:
        summary = (mechanism.function.__doc__ or "").strip().splitlines()[0]
        rows.append(
            {
                "mechanism": mechanism.name,
                "summary": summary,
                "reads": ", ".join(name for name in mechanism.reads if name in fields),
                "writes": ", ".join(mechanism.writes),
                "levers": ", ".join(lever_of[name] for name in mechanism.reads if name in lever_of),
                "parameters": ", ".join(parameter_of[name] for name in mechanism.reads if name in parameter_of),
            }
        )
    return rows
