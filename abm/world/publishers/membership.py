"""Join practices with their lists, and group them by commissioner."""

import math
from collections.abc import Sequence

from abm.world.publishers.folder import LISTS, PRACTICES
from abm.world.publishers.publications import Practice, Publications
from abm.world.publishers.recoding import Codes, tell_total
from abm.world.publishers.reconciliation import Reconciliation

ACTIVE, GENERAL_PRACTICE = "A", "4"


def match_lists(
    data: Publications,
    practices: Codes,
    commissioners: Codes,
    scope: Sequence[str] | None,
    told: Reconciliation,
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
    people = practices.add_up({code: row.people for code, row in data.lists.items()})
    moved: dict[tuple[str, str], int] = {}
    for row in general:
        commissioner = today(row.commissioner, commissioners)
        is_told = scope is None or commissioner in scope
        if people.get(row.code, 0.0) <= 0.0:
            if is_told:
                missing.append(row.code)
            else:
                elsewhere += 1
            continue
        lists[row.code] = people[row.code]
        members.setdefault(commissioner, []).append(row.code)
        held = data.lists.get(row.code)
        if held and held.commissioner and today(held.commissioner, commissioners) != commissioner and is_told:
            pair = (commissioner, held.commissioner)
            moved[pair] = moved.get(pair, 0) + 1
    told.tell_codes(file, "open practices have no list; left out", missing)
    if elsewhere:
        told.tell(file, f"{elsewhere:,} open practices of other commissioners have no list either")
    told.tell_codes(
        file,
        "commissioners of practices are not in the table of commissioners; named by their code",
        in_scope([code for code in members if code not in data.commissioners], scope),
    )
    tell_total(
        told,
        list_file,
        "people on lists",
        math.fsum(row.people for row in data.lists.values()),
        math.fsum(people.values()),
    )
    told.tell_codes(
        list_file,
        "practices changed their code; their lists followed",
        practices.followed(
            code
            for code in sorted(data.lists)
            if scope is None
            or any(
                today(data.practices[new].commissioner, commissioners) in scope
                for new in practices.parts(code)
                if new in data.practices
            )
        ),
    )
    told.tell_codes(
        file,
        "commissioners of practices changed their code; followed",
        commissioners.followed(
            sorted(
                {
                    row.commissioner
                    for row in general
                    if scope is None or today(row.commissioner, commissioners) in scope
                }
            )
        ),
    )
    loose = [code for code in data.lists if not any(new in lists for new in practices.parts(code))]
    unknown = [code for code in loose if code not in data.practices]
    told.tell_codes(
        list_file,
        "lists are of practices unknown to the table of practices; left out",
        [
            code
            for code in unknown
            if scope is None or today(data.lists[code].commissioner, commissioners) in scope
        ],
    )
    told.tell_codes(
        list_file,
        "lists are of practices that are not open general practices there; left out",
        [
            code
            for code in loose
            if code in data.practices
            and not is_open(data.practices[code])
            and (scope is None or commissioner_of(data, code, commissioners) in scope)
        ],
    )
    told.tell_codes(
        list_file,
        f"{sum(moved.values()):,} practices have another commissioner here; that of the table of practices kept",
        [f"{old} to {new} ({count})" for (old, new), count in moved.items()],
    )
    return {code: tuple(sorted(members[code])) for code in sorted(members)}, lists


def is_open(practice: Practice) -> bool:
    """Return whether a row is a general practice that is active."""
    return practice.status == ACTIVE and practice.setting == GENERAL_PRACTICE


def commissioner_of(data: Publications, practice: str, commissioners: Codes) -> str:
    """Return the commissioner of a practice, open or not; empty if the practice is unknown."""
    row = data.practices.get(practice)
    return today(row.commissioner, commissioners) if row is not None else ""


def today(commissioner: str, commissioners: Codes) -> str:
    """Return the one commissioner that another became; itself if there are several."""
    parts = commissioners.parts(commissioner)
    return next(iter(parts)) if len(parts) == 1 else commissioner


def in_scope(codes: Sequence[str], scope: Sequence[str] | None) -> list[str]:
    """Return the commissioners to report on."""
    return [code for code in codes if scope is None or code in scope]


def with_closure(data: Publications, code: str) -> str:
    """Return a commissioner's code with the day on which it closed."""
    body = data.commissioners.get(code)
    return code if body is None or body.closed is None else f"{code} (closed {body.closed})"
