"""Find the publishers' files in a folder: by name where they have no header, by their columns otherwise."""

from collections.abc import Callable, Sequence
from pathlib import Path

from abm.errors import InvalidInput
from abm.records import shown_path
from abm.world.publishers.publications import (
    BEDS_COLUMN,
    CODE_COLUMN,
    COMMISSIONER_COLUMN,
    LATITUDE_COLUMN,
    LIST_PEOPLE_COLUMN,
    LONGITUDE_COLUMN,
    NEW_COLUMN,
    OLD_COLUMN,
    PATIENTS_COLUMN,
    POSTCODE_COLUMN,
    PRACTICE_COLUMN,
    PROVIDER_COLUMN,
    SHARE_COLUMN,
    Publications,
    has,
    read_beds,
    read_bodies,
    read_coordinates,
    read_flows,
    read_lists,
    read_practices,
    read_successions,
)
from abm.world.publishers.sheets import Faults, first_cells

PRACTICES, LISTS, PROVIDERS, COMMISSIONERS = "practices", "list sizes", "providers", "commissioners"
FLOWS, USE = "flows of commissioners", "use by practices"
COORDINATES, SUCCESSIONS, BEDS = "coordinates", "successions", "beds"
NAMED = {"epraccur": PRACTICES, "etr": PROVIDERS, "eccg": COMMISSIONERS}
"""Files without a header, by name."""
REQUIRED = {
    PRACTICES: "epraccur.csv (Organisation Data Service, no header)",
    LISTS: "gp-reg-pat-prac-all.csv (Patients Registered at a GP Practice, with header)",
    PROVIDERS: "etr.csv (Organisation Data Service, no header)",
    COMMISSIONERS: "eccg.csv (Organisation Data Service, no header)",
    FLOWS: "a table with columns commissioner_code, provider_code and share or patients",
}
SINGLE = (PRACTICES, LISTS, PROVIDERS, COMMISSIONERS, FLOWS, USE, BEDS)
"""What may be in one file only."""
ENDINGS = ("*.csv", "*.csv.gz")


def read_folder(folder: str | Path) -> Publications:
    """Read the publishers' files in a folder and the folders in it.

    Raises
    ------
    InvalidInput
        With every file that is missing or given twice, and every fault of every row.
    """
    faults = Faults()
    directory = Path(folder)
    if not directory.is_dir():
        told = "is not a folder; name the folder with epraccur.csv and the other files"
        faults.add(shown_path(directory), None, told)
        raise InvalidInput(faults.problems)
    found: dict[str, list[Path]] = {}
    into = Publications()
    for path in csv_files(directory):
        purposes = purposes_of(path, faults)
        for purpose in purposes:
            found.setdefault(purpose, []).append(path)
        if not purposes:
            into.unused.append(path.relative_to(directory).as_posix())
    for purpose, what in REQUIRED.items():
        if purpose not in found:
            faults.add(shown_path(directory), None, f"holds no {purpose}; add {what}")
    for purpose in SINGLE:
        for path in found.get(purpose, [])[1:]:
            first = shown_path(found[purpose][0])
            faults.add(shown_path(path), None, f"holds {purpose}, as {first} does; keep one of the two")
    for purpose, paths in found.items():
        for path in paths:
            READERS[purpose](path, into, faults)
    if faults.problems:
        raise InvalidInput(faults.problems)
    return into


def csv_files(directory: Path) -> Sequence[Path]:
    """List the comma-separated files of a folder and of the folders in it, the folder's own first."""
    return [
        path
        for depth in ("", "*/")
        for path in sorted(found for ending in ENDINGS for found in directory.glob(depth + ending))
    ]


def purposes_of(path: Path, faults: Faults) -> list[str]:
    """Return the purposes of a file; a table with several kinds of columns may serve several."""
    stem = path.name.partition(".")[0].lower()
    if stem in NAMED:
        return [NAMED[stem]]
    columns = first_cells(path, faults)
    amount = (*SHARE_COLUMN, *PATIENTS_COLUMN)
    tests = (
        (LISTS, has(columns, ("code",), LIST_PEOPLE_COLUMN)),
        (FLOWS, has(columns, COMMISSIONER_COLUMN, PROVIDER_COLUMN, amount)),
        (USE, has(columns, PRACTICE_COLUMN, PROVIDER_COLUMN, amount)),
        (COORDINATES, has(columns, POSTCODE_COLUMN, LATITUDE_COLUMN, LONGITUDE_COLUMN)),
        (SUCCESSIONS, has(columns, OLD_COLUMN, NEW_COLUMN)),
        (BEDS, has(columns, CODE_COLUMN, BEDS_COLUMN)),
    )
    return [purpose for purpose, is_meant in tests if is_meant]


def _practices(path: Path, into: Publications, faults: Faults) -> None:
    read_practices(path, into, faults)


def _providers(path: Path, into: Publications, faults: Faults) -> None:
    read_bodies(path, PROVIDERS, into.providers, into, faults)


def _commissioners(path: Path, into: Publications, faults: Faults) -> None:
    read_bodies(path, COMMISSIONERS, into.commissioners, into, faults)


def _flows(path: Path, into: Publications, faults: Faults) -> None:
    into.flows += read_flows(path, FLOWS, COMMISSIONER_COLUMN, into, faults)


def _use(path: Path, into: Publications, faults: Faults) -> None:
    into.use += read_flows(path, USE, PRACTICE_COLUMN, into, faults)


READERS: dict[str, Callable[[Path, Publications, Faults], None]] = {
    PRACTICES: _practices,
    LISTS: read_lists,
    PROVIDERS: _providers,
    COMMISSIONERS: _commissioners,
    FLOWS: _flows,
    USE: _use,
    COORDINATES: read_coordinates,
    SUCCESSIONS: read_successions,
    BEDS: read_beds,
}
