"""The rows of the publishers' files, and a reader for each of their formats."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TypeVar

from abm.world.publishers.sheets import Cells, Faults, Sheet, as_date, each_row, read_sheet

T = TypeVar("T")

SERVICE_COLUMNS = 27
"""Columns of the Organisation Data Service's reports: epraccur, etr and eccg."""
CODE, NAME, POSTCODE, OPENED, CLOSED = 0, 1, 9, 10, 11
STATUS, COMMISSIONER, SETTING = 12, 14, 25
SHARE_ROUNDING = 0.005
"""Shares in tables are rounded; sums may exceed 1 by so much."""
MOST_PEOPLE = 10_000_000
MOST_BEDS = 100_000
YEAR = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])")

PRACTICE_COLUMN = ("practice_code", "practice")
COMMISSIONER_COLUMN = ("commissioner_code", "ccg_code", "ccg_code_2013", "commissioner")
PROVIDER_COLUMN = ("provider_code", "trust_code", "provider")
SHARE_COLUMN = ("share_of_commissioner", "share_of_ccg", "share_of_practice", "share")
PATIENTS_COLUMN = ("patients", "catchment_pop", "number_of_patients")
SHARE_OF_PROVIDER_COLUMN = ("share_of_provider", "share_of_trust")
POSTCODE_COLUMN = ("postcode", "pcds", "pcd")
LATITUDE_COLUMN = ("lat", "latitude")
LONGITUDE_COLUMN = ("lon", "long", "longitude")
OLD_COLUMN = ("old_code", "old", "predecessor")
NEW_COLUMN = ("new_code", "new", "successor")
DATE_COLUMN = ("date", "effective_date")
CODE_COLUMN = ("code", "org_code", *PROVIDER_COLUMN)
BEDS_COLUMN = ("beds", "beds_available", "ga_beds_avail", "ga_beds_avail_2010q1")
OCCUPIED_COLUMN = ("occupied", "beds_occupied", "ga_beds_occ", "ga_beds_occ_2010q1")
CLOSED_COLUMN = ("close_date", "closed")
LIST_CODE_COLUMN = ("code",)
LIST_PEOPLE_COLUMN = ("number_of_patients",)


@dataclass(frozen=True)
class Practice:
    """One row of epraccur.csv: `status` A is active, `setting` 4 is a general practice."""

    code: str
    name: str
    postcode: str
    commissioner: str
    status: str
    setting: str


@dataclass(frozen=True)
class Registered:
    """One row of the list sizes: people, and the commissioner that this file gives."""

    people: float
    commissioner: str


@dataclass(frozen=True)
class Body:
    """One row of etr.csv or eccg.csv."""

    code: str
    name: str
    postcode: str
    opened: date | None
    closed: date | None


@dataclass(frozen=True)
class Flow:
    """One row of a flow table: how much `user` uses `provider`, and the patients and the provider's share if given."""

    user: str
    provider: str
    amount: float
    of_provider: float | None
    patients: float | None


@dataclass(frozen=True)
class Succession:
    """One code that another took over."""

    old: str
    new: str
    date: date | None


@dataclass(frozen=True)
class Beds:
    """Open beds of a provider, those occupied if given, and where and until when it was."""

    available: float
    occupied: float | None
    postcode: str
    closed: date | None


@dataclass(frozen=True)
class Source:
    """One file: its purposes, its rows, the latest date in it, and the years that its name and columns mention."""

    file: str
    what: str
    rows: int
    latest: date | None
    years: tuple[str, ...] = ()


@dataclass
class Publications:
    """Everything that was read; codes are in capitals, postcodes without blanks."""

    practices: dict[str, Practice] = field(default_factory=dict)
    lists: dict[str, Registered] = field(default_factory=dict)
    providers: dict[str, Body] = field(default_factory=dict)
    commissioners: dict[str, Body] = field(default_factory=dict)
    flows: list[Flow] = field(default_factory=list)
    use: list[Flow] = field(default_factory=list)
    coordinates: dict[str, tuple[float, float]] = field(default_factory=dict)
    successions: list[Succession] = field(default_factory=list)
    beds: dict[str, Beds] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)

    def file_of(self, what: str) -> str:
        """Return the name of the first file for a purpose."""
        return next((source.file for source in self.sources if source.what == what), what)


def mentioned_years(path: Path, sheet: Sheet) -> tuple[str, ...]:
    """Return the years in the name and the columns of a file, which may be those of its numbers or of its codes."""
    return tuple(sorted({year for text in (path.name, *sheet.columns) for year in YEAR.findall(text)}))


def column(sheet: Sheet, names: Sequence[str]) -> int | None:
    """Return the number of the first column with one of some names."""
    return next((sheet.columns.index(name) for name in names if name in sheet.columns), None)


def has(columns: Sequence[str], *wanted: Sequence[str]) -> bool:
    """Return whether every group of names has a column."""
    return all(any(name in columns for name in names) for names in wanted)


def plain_postcode(text: str) -> str:
    """Return a postcode in capitals without blanks."""
    return "".join(text.split()).upper()


def keep(found: dict[str, T], code: str, value: T, row: Cells) -> None:
    """Store a row by its code; record a fault if the code is repeated."""
    if code in found:
        row.complain(f"code '{code}' is given twice in this file; keep one of the two rows")
    found[code] = value


def latest(days: Sequence[date | None]) -> date | None:
    """Return the latest of the days that are given."""
    return max((day for day in days if day is not None), default=None)


def read_practices(path: Path, into: Publications, faults: Faults) -> None:
    """Read epraccur.csv: general practices and other prescribers, no header."""
    sheet = read_sheet(path, has_header=False, faults=faults)
    days: list[date | None] = []
    for row in each_row(sheet, SERVICE_COLUMNS, faults):
        code = row.code(CODE, "practice code")
        days += [row.day(OPENED, "open date"), row.day(CLOSED, "close date")]
        if code is None:
            continue
        practice = Practice(
            code=code,
            name=row.text(NAME),
            postcode=plain_postcode(row.text(POSTCODE)),
            commissioner=row.text(COMMISSIONER).upper(),
            status=row.text(STATUS).upper(),
            setting=row.text(SETTING),
        )
        keep(into.practices, code, practice, row)
    into.sources.append(Source(path.name, "practices", len(sheet.rows), latest(days)))


def read_bodies(path: Path, what: str, found: dict[str, Body], into: Publications, faults: Faults) -> None:
    """Read etr.csv or eccg.csv, no header."""
    sheet = read_sheet(path, has_header=False, faults=faults)
    days: list[date | None] = []
    for row in each_row(sheet, SERVICE_COLUMNS, faults):
        code = row.code(CODE, "code")
        opened, closed = row.day(OPENED, "open date"), row.day(CLOSED, "close date")
        days += [opened, closed]
        if code is not None:
            body = Body(code, row.text(NAME), plain_postcode(row.text(POSTCODE)), opened, closed)
            keep(found, code, body, row)
    into.sources.append(Source(path.name, what, len(sheet.rows), latest(days)))


def read_lists(path: Path, into: Publications, faults: Faults) -> None:
    """Read list sizes: a row a practice, both sexes and all ages."""
    sheet = read_sheet(path, has_header=True, faults=faults)
    code_column, people_column = column(sheet, LIST_CODE_COLUMN), column(sheet, LIST_PEOPLE_COLUMN)
    if code_column is None or people_column is None:
        if sheet.columns:
            told = "has no columns CODE and NUMBER_OF_PATIENTS; take the file of totals by practice"
            faults.add(sheet.file, 1, f"{told} ('gp-reg-pat-prac-all.csv')")
        return
    parts = [found for name in ("sex", "age") if (found := column(sheet, (name,))) is not None]
    commissioner, extract = column(sheet, ("ccg_code", "commissioner_code")), column(sheet, ("extract_date",))
    days: list[date | None] = []
    for row in each_row(sheet, len(sheet.columns), faults):
        if any(row.text(part).upper() != "ALL" for part in parts):
            continue
        code = row.code(code_column, "practice code")
        people = row.number(people_column, "number of patients", 0, MOST_PEOPLE)
        days.append(as_date(row.text(extract)) if extract is not None else None)
        if code is not None and people is not None:
            given = row.text(commissioner).upper() if commissioner is not None else ""
            keep(into.lists, code, Registered(people, given), row)
    into.sources.append(Source(path.name, "list sizes", len(sheet.rows), latest(days)))


def read_flows(path: Path, what: str, users: Sequence[str], into: Publications, faults: Faults) -> list[Flow]:
    """Read a table of use: user, provider, and a share or a number of patients."""
    sheet = read_sheet(path, has_header=True, faults=faults)
    user_column, provider_column = column(sheet, users), column(sheet, PROVIDER_COLUMN)
    share_column, patients_column = column(sheet, SHARE_COLUMN), column(sheet, PATIENTS_COLUMN)
    of_provider_column = column(sheet, SHARE_OF_PROVIDER_COLUMN)
    found: list[Flow] = []
    seen: set[tuple[str, str]] = set()
    if user_column is None or provider_column is None:
        return found
    for row in each_row(sheet, len(sheet.columns), faults):
        user, provider = row.code(user_column, "code"), row.code(provider_column, "provider code")
        share: float | None = None
        if share_column is not None:
            share = row.number(share_column, "share", 0.0, 1.0 + SHARE_ROUNDING)
        patients: float | None = None
        if patients_column is not None and (share_column is None or row.text(patients_column)):
            patients = row.number(patients_column, "patients", 0.0, MOST_PEOPLE)
        amount = share if share_column is not None else patients
        of_provider: float | None = None
        if of_provider_column is not None and row.text(of_provider_column):
            of_provider = row.number(of_provider_column, "share of the provider", 0.0, 1.0 + SHARE_ROUNDING)
        if user is None or provider is None or amount is None:
            continue
        if (user, provider) in seen:
            row.complain(f"'{user}' and '{provider}' are given twice; keep one of the two rows")
        seen.add((user, provider))
        found.append(Flow(user, provider, amount, of_provider, patients))
    if share_column is not None:
        check_shares(sheet.file, found, faults)
    into.sources.append(Source(path.name, what, len(sheet.rows), None, mentioned_years(path, sheet)))
    return found


def check_shares(file: str, flows: Sequence[Flow], faults: Faults) -> None:
    """Report users whose shares add up to more than 1."""
    total: dict[str, float] = {}
    for flow in flows:
        total[flow.user] = total.get(flow.user, 0.0) + flow.amount
    for user, share in total.items():
        if share > 1.0 + SHARE_ROUNDING:
            told = f"shares of '{user}' add up to {share:.4g}; they should not exceed 1"
            faults.add(file, None, f"{told}; correct its rows")


def read_coordinates(path: Path, into: Publications, faults: Faults) -> None:
    """Read latitudes and longitudes of postcodes; the first of repeated postcodes counts."""
    sheet = read_sheet(path, has_header=True, faults=faults)
    columns = [column(sheet, names) for names in (POSTCODE_COLUMN, LATITUDE_COLUMN, LONGITUDE_COLUMN)]
    where, latitude, longitude = columns
    if where is None or latitude is None or longitude is None:
        return
    for row in each_row(sheet, len(sheet.columns), faults):
        postcode = plain_postcode(row.text(where))
        if not postcode or not (row.text(latitude) and row.text(longitude)):
            continue
        north, east = (
            row.number(latitude, "latitude", -90.0, 90.0),
            row.number(longitude, "longitude", -180, 180),
        )
        if north is not None and east is not None:
            into.coordinates.setdefault(postcode, (north, east))
    into.sources.append(Source(path.name, "coordinates", len(sheet.rows), None, mentioned_years(path, sheet)))


def read_successions(path: Path, into: Publications, faults: Faults) -> None:
    """Read which code took over which."""
    sheet = read_sheet(path, has_header=True, faults=faults)
    old_column, new_column, day_column = (
        column(sheet, names) for names in (OLD_COLUMN, NEW_COLUMN, DATE_COLUMN)
    )
    if old_column is None or new_column is None:
        return
    days: list[date | None] = []
    for row in each_row(sheet, len(sheet.columns), faults):
        old, new = row.code(old_column, "old code"), row.code(new_column, "new code")
        days.append(row.day(day_column, "date") if day_column is not None else None)
        if old is not None and new is not None:
            if old == new:
                row.complain(f"'{old}' succeeds itself; remove the row")
            into.successions.append(Succession(old, new, days[-1]))
    into.sources.append(Source(path.name, "successions", len(sheet.rows), latest(days)))


def read_beds(path: Path, into: Publications, faults: Faults) -> None:
    """Read beds by provider; rows without beds are providers of which none are known."""
    sheet = read_sheet(path, has_header=True, faults=faults)
    code_column, beds_column = column(sheet, CODE_COLUMN), column(sheet, BEDS_COLUMN)
    occupied_column, postcode_column = column(sheet, OCCUPIED_COLUMN), column(sheet, POSTCODE_COLUMN)
    closed_column = column(sheet, CLOSED_COLUMN)
    if code_column is None or beds_column is None:
        return
    for row in each_row(sheet, len(sheet.columns), faults):
        code = row.code(code_column, "code")
        available: float | None = 0.0
        occupied: float | None = None
        if row.text(beds_column):
            available = row.number(beds_column, "beds", 0, MOST_BEDS)
            if occupied_column is not None and row.text(occupied_column):
                occupied = row.number(occupied_column, "occupied beds", 0, MOST_BEDS)
        if code is None or available is None:
            continue
        beds = Beds(
            available=available,
            occupied=occupied,
            postcode=plain_postcode(row.text(postcode_column)) if postcode_column is not None else "",
            closed=row.day(closed_column, "close date") if closed_column is not None else None,
        )
        keep(into.beds, code, beds, row)
    into.sources.append(Source(path.name, "beds", len(sheet.rows), None, mentioned_years(path, sheet)))
