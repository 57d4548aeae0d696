"""The file of a place built from data: a NumPy archive of everything that cannot be derived.

The archive holds organisations, flows, work and ties, and says of what it was built: which files, which
vintages, and what could not be matched. Reading it assembles the place anew and checks its sums.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.errors import InvalidInput, Problem
from abm.records import Excess, bounds, plain_json, read_content, shown, shown_path
from abm.records.archive import read_arrays
from abm.texts import UNREADABLE
from abm.world.assembly import Flows, Organisations, Ties, Work, assemble
from abm.world.place import OrganisationKind, Place
from abm.world.showcase import Showcase

FORMAT = 1
HEADER = "header"
TOLD = "told"


def write_built(place: Place, path: str | Path, told: str) -> None:
    """Write a place with the report of how it was made; an existing file is replaced.

    The same place and text give the same bytes.
    """
    others = place.work_organisation >= place.acute_providers
    others &= place.organisation_kind[place.work_organisation] != OrganisationKind.PRACTICE
    header = {
        "format": FORMAT,
        "name": place.name,
        "label": place.label,
        "place_names": place.place_names,
        "organisation_id": place.organisation_id,
        "organisation_name": place.organisation_name,
        "showcase_km": place.showcase_km,
        "showcase_ties": place.showcase_ties,
    }
    arrays: dict[str, NDArray[Any]] = {
        "population": place.population,
        "organisation_kind": place.organisation_kind,
        "organisation_place": place.organisation_place,
        "population_served": place.population_served,
        "position": place.position,
        "beds": place.beds,
        "occupancy_start": place.occupancy_start,
        "outside_share": place.outside_share,
        "flow_provider": place.flow_provider,
        "flow_place": place.flow_place,
        "flow_of_provider": place.flow_of_provider,
        "flow_of_place": place.flow_of_place,
        "work_organisation": place.work_organisation[others],
        "work_place": place.work_place[others],
        "work_share": place.work_share[others],
        "tie_ends": place.tie_ends,
        "tie_kind": place.tie_kind,
        "tie_place": place.tie_place,
        "use_share": place.use_share,
        "core_weight": place.core_weight,
        "need": place.need,
    }
    with Path(path).open("wb") as file:
        np.savez_compressed(
            file,
            allow_pickle=False,
            **{HEADER: np.array(json.dumps(header, ensure_ascii=True)), TOLD: np.array(told)},
            **arrays,
        )


def read_built(path: str | Path) -> Place:
    """Read a built place.

    Raises
    ------
    InvalidInput
        If the file cannot be read, is not a built place, or its sums do not add up.
    """
    try:
        held = _read(path)
        header = plain_json(str(held[HEADER]))
        if header["format"] != FORMAT:
            raise ValueError(f"its format is {header['format']}, this version reads {FORMAT}")
        _require_texts(header)
        return _assemble(header, held)
    except OSError as error:
        told = f"cannot be read ({error.strerror or error}); check the path and its permissions"
    except Excess as error:
        told = str(error)
    except (KeyError, ValueError, TypeError, IndexError, OverflowError) as error:
        told = f"is no built place: {error}; build it again with 'abm place build'"
    raise InvalidInput([Problem(shown_path(path), None, told)])


def told_of(path: str | Path) -> str:
    """Return the report of how a built place was made.

    Raises
    ------
    InvalidInput
        If the file cannot be read or is not a built place.
    """
    read_built(path)
    return str(_read(path)[TOLD])


def built_hash(path: str | Path) -> str:
    """Return the SHA-256 of a built place's file, in hexadecimal."""
    return hashlib.sha256(read_content(path, bounds.PLACE_ARCHIVE_BYTES)).hexdigest()


def _read(path: str | Path) -> dict[str, NDArray[Any]]:
    return read_arrays(path, bounds.PLACE_ARCHIVE_BYTES)


def _require_texts(header: dict[str, Any]) -> None:
    """Refuse names that hold characters that act."""
    lists = ("place_names", "organisation_id", "organisation_name")
    texts = [header["name"], header["label"], *(text for key in lists for text in header[key])]
    for text in texts:
        if not isinstance(text, str) or UNREADABLE.search(text):
            raise ValueError(f"its name {shown(text)} is no plain text")


def _assemble(header: dict[str, Any], held: dict[str, NDArray[Any]]) -> Place:
    acute = len(held["beds"])
    none = np.zeros(len(header["organisation_id"]) - acute)
    return assemble(
        header["name"],
        header["label"],
        header["place_names"],
        held["population"],
        Organisations(
            id=header["organisation_id"],
            name=header["organisation_name"],
            kind=held["organisation_kind"],
            home=held["organisation_place"],
            people=held["population_served"],
            position=held["position"],
            beds=np.concatenate([held["beds"], none]),
            occupancy=np.concatenate([held["occupancy_start"], none]),
        ),
        Flows(
            provider=held["flow_provider"],
            place=held["flow_place"],
            of_provider=held["flow_of_provider"],
            of_place=held["flow_of_place"],
            outside=held["outside_share"],
        ),
        Work(organisation=held["work_organisation"], place=held["work_place"], share=held["work_share"]),
        Ties(
            first=held["tie_ends"][:, 0],
            second=held["tie_ends"][:, 1],
            kind=held["tie_kind"],
            place=held["tie_place"],
            use_share=held["use_share"],
            core_weight=held["core_weight"],
            need=held["need"],
        ),
        Showcase(header["showcase_km"], header["showcase_ties"]),
    )
