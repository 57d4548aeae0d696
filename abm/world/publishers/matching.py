"""Match the codes of files of different times, and tell what does not match."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from abm.world.publishers.folder import (
    COMMISSIONERS,
    FLOWS,
    LISTS,
    PRACTICES,
    PROVIDERS,
    SUCCESSIONS,
    USE,
)
from abm.world.publishers.publications import Flow, Practice, Publications, Source
from abm.world.publishers.reconciliation import Reconciliation
from abm.world.publishers.successions import Successions, presumed_successions

ACTIVE, GENERAL_PRACTICE = "A", "4"
FARTHEST_APART_DAYS = 183
"""Days between the latest dates of two files from which they are told to be of different times."""
SHARES = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Matched:
    """Hold what fits together.

    Attributes
    ----------
    members : dict of str to tuple of str
        Practices by commissioner; both sorted.
    lists : dict of str to float
        People by practice.
    flows : dict of str to dict of str to float
        Share of a commissioner's hospital use by provider.
    of_provider : dict of (str, str) to float
        Share of the provider's patients by commissioner and provider, where a table gives it.
    use : dict of str to dict of str to float
        Share of a practice's hospital use by provider.
    successions : Successions
    """

    members: dict[str, tuple[str, ...]]
    lists: dict[str, float]
    flows: SHARES
    of_provider: dict[tuple[str, str], float]
    use: SHARES
    successions: Successions

    def people(self, commissioner: str) -> float:
        """Return the people on the lists of a commissioner's practices."""
        return sum(self.lists[practice] for practice in self.members[commissioner])


def match(data: Publications, scope: Sequence[str] | None, told: Reconciliation) -> Matched:
    """Match practices, lists, commissioners, flows and providers.

    Parameters
    ----------
    data : Publications
    scope : sequence of str or None
        Commissioners whose codes are told; None for all.
    told : Reconciliation
        Receives what does not match.
    """
    tell_vintages(data, scope, told)
    members, lists = match_lists(data, scope, told)
    rows = presumed_successions(data.beds, data.providers, Successions(data.successions))
    told.tell_codes(
        data.file_of("beds"),
        "providers closed without a successor in any table; presumed to be the one at their postcode",
        [f"{row.old} to {row.new}" for row in rows],
    )
    successions = Successions([*data.successions, *rows])
    use = join_codes(data, data.use, data.file_of(USE), "practices", successions, None, told)
    flows = join_codes(data, data.flows, data.file_of(FLOWS), "commissioners", successions, scope, told)
    of_provider = {
        (row.user, row.provider): row.of_provider for row in data.flows if row.of_provider is not None
    }
    use = {practice: shares for practice, shares in use.items() if practice in lists}
    shares = to_shares(flows)
    without = [code for code in members if code not in flows]
    from_practices = []
    for commissioner in without:
        total: dict[str, float] = {}
        for practice in members[commissioner]:
            for provider, share in use.get(practice, {}).items():
                total[provider] = total.get(provider, 0.0) + share * lists[practice]
        if total:
            people = sum(lists[practice] for practice in members[commissioner] if practice in use)
            shares[commissioner] = {provider: amount / people for provider, amount in sorted(total.items())}
            from_practices.append(commissioner)
    file = data.file_of(FLOWS)
    told.tell_codes(
        file,
        "commissioners are not in the table; flows summed from the use by practices",
        in_scope(from_practices, scope),
    )
    told.tell_codes(
        file,
        "commissioners have practices but no flows in any table; left out",
        in_scope([code for code in without if code not in shares], scope),
    )
    told.tell_codes(
        file,
        "commissioners have flows but no open practice; left out",
        [with_closure(data, code) for code in flows if code not in members] if scope is None else (),
    )
    if data.use:
        told.tell_codes(
            data.file_of(USE),
            "open practices are not in the table; given their commissioner's shares",
            [
                practice
                for code, practices in members.items()
                for practice in practices
                if practice not in use and (scope is None or code in scope)
            ],
        )
        former = [
            row.user
            for row in data.use
            if row.user not in lists and (scope is None or commissioner_of(data, row.user) in scope)
        ]
        told.tell_codes(
            data.file_of(USE), "practices are not open with a list; left out", dict.fromkeys(former)
        )
    kept = {code: practices for code, practices in members.items() if code in shares}
    return Matched(kept, lists, shares, of_provider, use, successions)


def commissioner_of(data: Publications, practice: str) -> str:
    """Return the commissioner of a practice, open or not; empty if the practice is unknown."""
    row = data.practices.get(practice)
    return row.commissioner if row is not None else ""


def in_scope(codes: Sequence[str], scope: Sequence[str] | None) -> list[str]:
    """Return the commissioners that are to be told of."""
    return [code for code in codes if scope is None or code in scope]


def with_closure(data: Publications, code: str) -> str:
    """Return a commissioner's code with the day on which it closed."""
    body = data.commissioners.get(code)
    return code if body is None or body.closed is None else f"{code} (closed {body.closed})"


def is_open(practice: Practice) -> bool:
    """Tell whether a row is a general practice that is active."""
    return practice.status == ACTIVE and practice.setting == GENERAL_PRACTICE


def match_lists(
    data: Publications, scope: Sequence[str] | None, told: Reconciliation
) -> tuple[dict[str, tuple[str, ...]], dict[str, float]]:
    """Join practices with their lists, and group them by commissioner."""
    file, list_file = data.file_of(PRACTICES), data.file_of(LISTS)
    general = [row for row in data.practices.values() if is_open(row)]
    rest = len(data.practices) - len(general)
    told.tell(file, f"{len(general):,} of {len(data.practices):,} rows are active general practices;"
              f" {rest:,} closed, dormant or other prescribers left out")  # fmt: skip
    lists: dict[str, float] = {}
    members: dict[str, list[str]] = {}
    missing: list[str] = []
    elsewhere = 0
    moved: dict[tuple[str, str], int] = {}
    for row in general:
        held = data.lists.get(row.code)
        is_told = scope is None or row.commissioner in scope
        if held is None or held.people <= 0:
            if is_told:
                missing.append(row.code)
            else:
                elsewhere += 1
            continue
        lists[row.code] = held.people
        members.setdefault(row.commissioner, []).append(row.code)
        if held.commissioner and held.commissioner != row.commissioner and is_told:
            pair = (row.commissioner, held.commissioner)
            moved[pair] = moved.get(pair, 0) + 1
    told.tell_codes(file, "open practices have no list; left out", missing)
    if elsewhere:
        told.tell(file, f"{elsewhere:,} open practices of other commissioners have no list either")
    told.tell_codes(
        file,
        "commissioners of practices are not in the table of commissioners; named by their code",
        in_scope([code for code in members if code not in data.commissioners], scope),
    )
    loose = [code for code in data.lists if code not in lists]
    unknown = [code for code in loose if code not in data.practices]
    told.tell_codes(
        list_file,
        "lists are of practices unknown to the table of practices; left out",
        [code for code in unknown if scope is None or data.lists[code].commissioner in scope],
    )
    told.tell_codes(
        list_file,
        "lists are of practices that are not open general practices there; left out",
        [
            code
            for code in loose
            if code in data.practices
            and not is_open(data.practices[code])
            and (scope is None or data.practices[code].commissioner in scope)
        ],
    )
    told.tell_codes(
        list_file,
        f"{sum(moved.values()):,} practices have another commissioner here; that of the table of practices kept",
        [f"{old} to {new} ({count})" for (old, new), count in moved.items()],
    )
    return {code: tuple(sorted(members[code])) for code in sorted(members)}, lists


def join_codes(
    data: Publications,
    rows: Sequence[Flow],
    file: str,
    users: str,
    successions: Successions,
    scope: Sequence[str] | None,
    told: Reconciliation,
) -> SHARES:
    """Add up use by user and provider, with providers' codes followed to those in the table of providers."""
    table: SHARES = {}
    followed: dict[str, dict[str, float]] = {}
    seen: set[str] = set()
    for row in rows:
        if row.provider not in followed:
            parts = successions.resolve(row.provider, data.providers)
            followed[row.provider] = parts or {row.provider: 1.0}
        if scope is None or row.user in scope:
            seen.add(row.provider)
        shares = table.setdefault(row.user, {})
        for provider, part in followed[row.provider].items():
            shares[provider] = shares.get(provider, 0.0) + row.amount * part
    told.tell_codes(
        file,
        f"providers that {users} use changed their code; followed",
        [
            f"{code} to {' and '.join(sorted(followed[code]))}"
            for code in sorted(seen)
            if set(followed[code]) != {code}
        ],
    )
    told.tell_codes(
        file,
        f"providers that {users} use are not in the table of providers; named by their code",
        [code for code in sorted(seen) if followed[code] == {code: 1.0} and code not in data.providers],
    )
    return table


def to_shares(table: SHARES) -> SHARES:
    """Divide numbers of patients by their sum; shares stay as they are, what is missing is use outside."""
    found: SHARES = {}
    for user, amounts in table.items():
        whole = max(sum(amounts.values()), 1.0)
        found[user] = {
            provider: amount / whole for provider, amount in sorted(amounts.items()) if amount > 0.0
        }
    return found


def undated(sources: Sequence[Source]) -> str:
    """Name a file without a date, what it is for, and the years that might be its own."""
    what = " and ".join(source.what for source in sources)
    years = ", ".join(sources[0].years)
    mentioned = f"; its name and columns mention {years}, which may be other dates" if years else ""
    return f"no date is known of {what} ({sources[0].file}){mentioned}"


def tell_vintages(data: Publications, scope: Sequence[str] | None, told: Reconciliation) -> None:
    """Tell the latest date in each file, and that they differ."""
    dated: list[tuple[date, str]] = []
    for source in data.sources:
        if source.what in (PRACTICES, LISTS, PROVIDERS, COMMISSIONERS, SUCCESSIONS) and source.latest:
            told.tell(
                source.file,
                f"read for {source.what}: {source.rows:,} rows; the latest date is {source.latest}",
            )
            if source.what in (PRACTICES, LISTS, PROVIDERS):
                dated.append((source.latest, source.what))
        else:
            told.tell(source.file, f"read for {source.what}: {source.rows:,} rows; no date is given")
    if dated and (max(dated)[0] - min(dated)[0]).days > FARTHEST_APART_DAYS:
        each = ", ".join(f"{what} {day}" for day, what in sorted(dated))
        told.tell(
            "vintages", f"the files are of different times ({each}); codes that changed between do not match"
        )
    for file in dict.fromkeys(source.file for source in data.sources if source.latest is None):
        told.tell("vintages", undated([source for source in data.sources if source.file == file]))
    day = next((source.latest for source in data.sources if source.what == LISTS and source.latest), None)
    if day is not None:
        used = {row.commissioner for row in data.practices.values() if is_open(row)}
        told.tell_codes(
            data.file_of(COMMISSIONERS),
            f"commissioners of open practices had closed by the day of the lists, {day}",
            [
                with_closure(data, code)
                for code in in_scope(sorted(used), scope)
                if (body := data.commissioners.get(code)) and body.closed and body.closed <= day
            ],
        )
    for path in data.unused:
        told.tell(path, "not used: its columns are those of no file that abm reads")
