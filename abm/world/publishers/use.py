"""Join tables of use: who uses which provider, by the codes of today."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from abm.world.publishers.publications import Flow, Publications
from abm.world.publishers.recoding import SHARES, Codes, tell_total
from abm.world.publishers.reconciliation import Reconciliation


@dataclass(frozen=True)
class Used:
    """A table of use by the codes of its users today, and by the providers' codes as published.

    Attributes
    ----------
    shares : dict of str to dict of str to float
        Share of a user's hospital use by provider.
    of_provider : dict of (str, str) to float
        Share of the provider's patients by user and provider, where the table gives it.
    users : tuple of str
        Users' codes as published.
    of_unknown_size : tuple of str
        Those that merged with others and of which neither patients nor lists are known.
    published, followed : float
        People of all other users times the sum of their shares, by either code.
    """

    shares: SHARES
    of_provider: dict[tuple[str, str], float]
    users: tuple[str, ...]
    of_unknown_size: tuple[str, ...]
    published: float
    followed: float


def match_users(rows: Sequence[Flow], most: float, codes: Codes, list_people: Mapping[str, float]) -> Used:
    """Join a table of use to the codes of its users today.

    Parameters
    ----------
    rows : sequence of Flow
        The table.
    most : float
        Sum of a user's shares from which they are divided by it; numbers of patients always are.
    codes : Codes
        The users' codes.
    list_people : mapping of str to float
        People by user, by which users that merged are weighted where the table itself gives no patients.
    """
    table: SHARES = {}
    patients: dict[str, float] = {}
    of_provider: dict[tuple[str, str], float] = {}
    in_part: set[tuple[str, str]] = set()
    for row in rows:
        table.setdefault(row.user, {})[row.provider] = row.amount
        if row.patients is not None:
            patients[row.user] = patients.get(row.user, 0.0) + row.patients
        for user, part in codes.parts(row.user).items():
            key = (user, row.provider)
            if row.of_provider is None:
                in_part.add(key)
            else:
                of_provider[key] = of_provider.get(key, 0.0) + row.of_provider * part
    table = to_shares(table, most)
    sums = {user: math.fsum(shares.values()) for user, shares in table.items()}
    people = dict(list_people)
    people |= {user: amount / sums[user] for user, amount in patients.items() if sums[user] > 0.0}
    averages, without = codes.average(table, people)
    known = {user: people.get(user, 0.0) for user in table if user not in without}
    return Used(
        averages,
        {key: share for key, share in of_provider.items() if key not in in_part},
        tuple(table),
        tuple(sorted(set(without))),
        math.fsum(amount * sums[user] for user, amount in known.items()),
        math.fsum(
            amount * math.fsum(averages[user].values()) for user, amount in codes.add_up(known).items()
        ),
    )


def to_shares(table: SHARES, most: float) -> SHARES:
    """Divide numbers of patients by their sum; shares stay as they are, what is missing is use outside."""
    found: SHARES = {}
    for user, amounts in table.items():
        total = sum(amounts.values())
        whole = total if total > most else 1.0
        found[user] = {
            provider: amount / whole for provider, amount in sorted(amounts.items()) if amount > 0.0
        }
    return found


def tell_users(
    used: Used, file: str, users: str, codes: Codes, is_told: Callable[[str], bool], told: Reconciliation
) -> None:
    """Report which users' codes changed, and the total before and after.

    Parameters
    ----------
    used : Used
    file, users : str
        Name of the table, and what its users are.
    codes : Codes
        The users' codes.
    is_told : callable
        Whether to report on users of today.
    told : Reconciliation
    """
    here = [user for user in sorted(used.users) if any(is_told(new) for new in codes.parts(user))]
    told.tell_codes(file, f"{users} changed their code; followed", codes.followed(here))
    told.tell_codes(
        file,
        f"{users} merged of which neither patients nor lists are known; those of known size count, or all alike",
        [user for user in here if user in used.of_unknown_size],
    )
    tell_total(told, file, f"people of {users} times their shares of use", used.published, used.followed)


def tell_providers(
    data: Publications,
    rows: Sequence[Flow],
    file: str,
    users: str,
    providers: Codes,
    scope: Sequence[str] | None,
    told: Reconciliation,
) -> None:
    """Report which providers' codes changed, and which are in no table of providers."""
    seen = sorted({row.provider for row in rows if scope is None or row.user in scope})
    told.tell_codes(
        file, f"providers that {users} use changed their code; followed", providers.followed(seen)
    )
    told.tell_codes(
        file,
        f"providers that {users} use are not in the table of providers; named by their code",
        [code for code in seen if set(providers.parts(code)) == {code} and code not in data.providers],
    )
