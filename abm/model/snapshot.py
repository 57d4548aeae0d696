"""Save the whole state of a batch at the end of a month, and go on from it, bit for bit."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, is_zipfile

import numpy as np
from numpy.typing import NDArray

from abm.errors import InvalidInput, Problem

FORMAT = 3
STATE_PREFIX = "state."
HEADER = frozenset({"format", "place_hash", "seeds", "replicates", "month", "step", "substeps"})
MOST_NAMES = 5
ADVICE = "write one with 'model.save().write(path)'"


@dataclass(frozen=True)
class Snapshot:
    """Everything that a future depends on, besides the scenario that it follows.

    Attributes
    ----------
    place_hash : str
        Content hash of the place.
    seeds, replicates : tuple of int, one a lane
        Which accidents of fate.
    month, step, substeps : int
        Time completed, and steps a month.
    arrays : dict of str to array
        Every state array.
    series : (month + 1, measures, lanes) array
        Measures so far.
    extensions : tuple of str
        Fingerprints of the extensions of the model.
    """

    place_hash: str
    seeds: tuple[int, ...]
    replicates: tuple[int, ...]
    month: int
    step: int
    substeps: int
    arrays: dict[str, NDArray[Any]]
    series: NDArray[np.float64]
    extensions: tuple[str, ...] = ()

    def write(self, path: str | Path) -> None:
        """Write the snapshot to a NumPy archive; an existing file is replaced."""
        header = {
            "format": FORMAT,
            "place_hash": self.place_hash,
            "seeds": self.seeds,
            "replicates": self.replicates,
            "month": self.month,
            "step": self.step,
            "substeps": self.substeps,
            "extensions": self.extensions,
        }
        arrays = {STATE_PREFIX + name: values for name, values in self.arrays.items()}
        with Path(path).open("wb") as file:
            np.savez_compressed(
                file, allow_pickle=False, header=np.array(json.dumps(header)), series=self.series, **arrays
            )

    @classmethod
    def read(cls, path: str | Path) -> "Snapshot":
        """Read a snapshot.

        Raises
        ------
        InvalidInput
            If the file is missing, is no snapshot, or is of another format.
        """
        try:
            with Path(path).open("rb") as file:
                if not is_zipfile(file):
                    raise ValueError("it is no NumPy archive")
            with np.load(path, allow_pickle=False) as archive:
                names = archive.files
                if not {"header", "series"} <= set(names):
                    raise ValueError(f"it is a NumPy archive of {_listed(names)}")
                header = json.loads(str(archive["header"]))
                if not isinstance(header, dict) or not header.keys() >= HEADER:
                    raise ValueError("its header is not one of a snapshot")
                if header["format"] != FORMAT:
                    raise ValueError(f"its format is {header['format']}, this version reads {FORMAT}")
                arrays = {
                    name.removeprefix(STATE_PREFIX): archive[name]
                    for name in names
                    if name.startswith(STATE_PREFIX)
                }
                return cls(
                    header["place_hash"],
                    tuple(header["seeds"]),
                    tuple(header["replicates"]),
                    header["month"],
                    header["step"],
                    header["substeps"],
                    arrays,
                    archive["series"],
                    tuple(header.get("extensions", ())),
                )
        except (OSError, ValueError, KeyError, EOFError, AttributeError, TypeError, BadZipFile) as error:
            reason = getattr(error, "strerror", None) or str(error)
            message = f"is not a snapshot that can be read ({reason}); {ADVICE}"
            raise InvalidInput([Problem(str(path), None, message)]) from error


def _listed(names: list[str]) -> str:
    """Name what an archive holds, as far as a message has room."""
    told = ", ".join(f"'{name}'" for name in names[:MOST_NAMES]) or "nothing"
    return f"{told} and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else told
