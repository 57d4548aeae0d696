"""Report the dates of the files."""

from collections.abc import Sequence
from datetime import date

from abm.world.publishers.folder import COMMISSIONERS, LISTS, PRACTICES, PROVIDERS, SUCCESSIONS
from abm.world.publishers.membership import in_scope, is_open, with_closure
from abm.world.publishers.publications import Publications, Source
from abm.world.publishers.reconciliation import Reconciliation

FARTHEST_APART_DAYS = 183
"""Days between the latest dates of two files from which they are told to be of different times."""


def undated(sources: Sequence[Source]) -> str:
    """Describe a file without a date: its purposes, and the years to which it may belong."""
    what = " and ".join(source.what for source in sources)
    years = ", ".join(sources[0].years)
    mentioned = f"; its name and columns mention {years}, which may be other dates" if years else ""
    return f"no date is known of {what} ({sources[0].file}){mentioned}"


def tell_vintages(data: Publications, scope: Sequence[str] | None, told: Reconciliation) -> None:
    """Report the latest date in each file, and whether the dates differ."""
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
