"""Match the codes of files of different dates, and report what does not match."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from abm.world.publishers.folder import BEDS, FLOWS, SUCCESSIONS, USE
from abm.world.publishers.membership import commissioner_of, in_scope, is_open, match_lists, with_closure
from abm.world.publishers.publications import SHARE_ROUNDING, Publications
from abm.world.publishers.recoding import SHARES, Codes, tell_total
from abm.world.publishers.reconciliation import Reconciliation
from abm.world.publishers.successions import Successions, presumed_successions
from abm.world.publishers.use import match_users, tell_providers, tell_users


@dataclass(frozen=True)
class Matched:
    """What fits together.

    Attributes
    ----------
    members : dict of str to tuple of str
        Practices by commissioner; both sorted.
    lists : dict of str to float
        People by practice.
    published : dict of str to dict of str to float
        Share of a commissioner's hospital use by provider, with the providers' codes as published.
    flows : dict of str to dict of str to float
        The same with the providers' codes followed.
    of_provider : dict of (str, str) to float
        Share of the provider's patients by commissioner and provider's code as published, where a table gives it.
    use : dict of str to dict of str to float
        Share of a practice's hospital use by provider.
    providers, commissioners : Codes
        Every table with such codes is joined through these.
    """

    members: dict[str, tuple[str, ...]]
    lists: dict[str, float]
    published: SHARES
    flows: SHARES
    of_provider: dict[tuple[str, str], float]
    use: SHARES
    providers: Codes
    commissioners: Codes

    def people(self, commissioner: str) -> float:
        """Return the people on the lists of a commissioner's practices."""
        return sum(self.lists[practice] for practice in self.members[commissioner])


def match(data: Publications, scope: Sequence[str] | None, told: Reconciliation) -> Matched:
    """Match practices, lists, commissioners, flows and providers.

    Parameters
    ----------
    data : Publications
    scope : sequence of str or None
        Commissioners whose codes are reported; None for all.
    told : Reconciliation
        Receives what does not match.
    """
    rows = presumed_successions(data.beds, data.providers, Successions(data.successions))
    told.tell_codes(
        data.file_of(BEDS),
        "providers closed without a successor in any table; presumed to be the one at their postcode",
        [f"{row.old} to {row.new}" for row in rows],
    )
    successions = Successions([*data.successions, *rows])
    told.tell_codes(
        data.file_of(SUCCESSIONS),
        "codes succeed one another in a circle, which is not followed",
        successions.circles(),
    )
    commissioners = codes_of_commissioners(data, successions)
    practices = Codes(successions, [row.code for row in data.practices.values() if is_open(row)])
    providers = codes_of_providers(data, successions)
    members, lists = match_lists(data, practices, commissioners, scope, told)
    list_people = {code: row.people for code, row in data.lists.items()}
    commissioned: dict[str, float] = {}
    for row in data.lists.values():
        commissioned[row.commissioner] = commissioned.get(row.commissioner, 0.0) + row.people
    # Shares of practices that exceed 1 by rounding stay as published.
    by_practice = match_users(data.use, 1.0 + SHARE_ROUNDING, practices, list_people)
    by_commissioner = match_users(data.flows, 1.0, commissioners, commissioned)

    def is_told(practice: str) -> bool:
        return scope is None or commissioner_of(data, practice, commissioners) in scope

    tell_users(by_practice, data.file_of(USE), "practices", practices, is_told, told)
    tell_users(
        by_commissioner,
        data.file_of(FLOWS),
        "commissioners",
        commissioners,
        lambda code: scope is None or code in scope,
        told,
    )
    tell_providers(data, data.use, data.file_of(USE), "practices", providers, None, told)
    tell_providers(data, data.flows, data.file_of(FLOWS), "commissioners", providers, scope, told)
    use = {practice: shares for practice, shares in by_practice.shares.items() if practice in lists}
    published = dict(by_commissioner.shares)
    without = [code for code in members if code not in published]
    from_practices = []
    for commissioner in without:
        total: dict[str, float] = {}
        for practice in members[commissioner]:
            for provider, share in use.get(practice, {}).items():
                total[provider] = total.get(provider, 0.0) + share * lists[practice]
        if total:
            people = sum(lists[practice] for practice in members[commissioner] if practice in use)
            published[commissioner] = {
                provider: amount / people for provider, amount in sorted(total.items())
            }
            from_practices.append(commissioner)
    tell_use(data, members, published, by_commissioner.shares, from_practices, scope, told)
    if data.use:
        tell_practices(data, members, lists, use, practices, commissioners, scope, told)
    flows = {code: ordered(providers.add_up(shares)) for code, shares in published.items()}
    followed_use = {code: ordered(providers.add_up(shares)) for code, shares in use.items()}
    for file, before, after in (
        (data.file_of(FLOWS), published, flows),
        *([(data.file_of(USE), use, followed_use)] if data.use else []),
    ):
        tell_total(told, file, "shares of use at all providers", total_of(before), total_of(after))
    kept = {code: practices_there for code, practices_there in members.items() if code in published}
    return Matched(
        kept, lists, published, flows, by_commissioner.of_provider, followed_use, providers, commissioners
    )


def codes_of_commissioners(data: Publications, successions: Successions) -> Codes:
    """Resolve to the commissioners of practices, or to those in the flows that succeeded one of these."""
    users = {row.user for row in data.flows}
    known = set()
    for code in {row.commissioner for row in data.practices.values() if is_open(row)}:
        ends = [code] if code in users else [*successions.resolve(code, users)]
        # Flows may be of a later time than practices; a practice that stood with one that split cannot be divided.
        known.add(ends[0] if len(ends) == 1 else code)
    return Codes(successions, known)


def codes_of_providers(data: Publications, successions: Successions) -> Codes:
    """Resolve to the providers that are used: those in their own table, others by the code that tables of use have."""
    listed = Codes(successions, data.providers)
    return Codes(successions, {new for row in [*data.flows, *data.use] for new in listed.parts(row.provider)})


def total_of(shares: Mapping[str, Mapping[str, float]]) -> float:
    """Return the sum of all shares of a table."""
    return math.fsum(share for row in shares.values() for share in row.values())


def ordered(shares: Mapping[str, float]) -> dict[str, float]:
    """Return shares in the order of their codes."""
    return dict(sorted(shares.items()))


def tell_use(
    data: Publications,
    members: Mapping[str, Sequence[str]],
    shares: SHARES,
    given: SHARES,
    from_practices: Sequence[str],
    scope: Sequence[str] | None,
    told: Reconciliation,
) -> None:
    """Report commissioners without flows of their own, and flows without a practice."""
    file = data.file_of(FLOWS)
    told.tell_codes(
        file,
        "commissioners are not in the table; flows summed from the use by practices",
        in_scope(from_practices, scope),
    )
    told.tell_codes(
        file,
        "commissioners have practices but no flows in any table; left out",
        in_scope([code for code in members if code not in shares], scope),
    )
    told.tell_codes(
        file,
        "commissioners have flows but no open practice; left out",
        [with_closure(data, code) for code in given if code not in members] if scope is None else (),
    )


def tell_practices(
    data: Publications,
    members: Mapping[str, Sequence[str]],
    lists: Mapping[str, float],
    use: SHARES,
    practices: Codes,
    commissioners: Codes,
    scope: Sequence[str] | None,
    told: Reconciliation,
) -> None:
    """Report practices without use of their own, and use without an open practice."""
    told.tell_codes(
        data.file_of(USE),
        "open practices are not in the table; given their commissioner's shares",
        [
            practice
            for code, practices_there in members.items()
            for practice in practices_there
            if practice not in use and (scope is None or code in scope)
        ],
    )
    former = [
        row.user
        for row in data.use
        if not any(code in lists for code in practices.parts(row.user))
        and (scope is None or commissioner_of(data, row.user, commissioners) in scope)
    ]
    told.tell_codes(data.file_of(USE), "practices are not open with a list; left out", dict.fromkeys(former))
