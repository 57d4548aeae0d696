"""Save the whole state of a batch at the end of a month, and go on from it, bit for bit."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abm.errors import InvalidInput, Problem
from abm.records import bounds, plain_json
from abm.records.archive import read_arrays

FORMAT = 4
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
    def read(cls, path: str | Path, most_bytes: int = bounds.SNAPSHOT_BYTES) -> "Snapshot":
        """Read a snapshot.

        Parameters
        ----------
        path : str or Path
            As `write` wrote it.
        most_bytes : int
            What it may unfold into.

        Raises
        ------
        InvalidInput
            If the file is missing, is no snapshot, or is of another format.
        """
        try:
            held = read_arrays(path, most_bytes)
            if not {"header", "series"} <= held.keys():
                raise ValueError(f"it is a NumPy archive of {_listed(list(held))}")
            header = plain_json(str(held["header"]))
            if not isinstance(header, dict) or not header.keys() >= HEADER:
                raise ValueError("its header is not one of a snapshot")
            if header["format"] != FORMAT:
                raise ValueError(f"its format is {header['format']}, this version reads {FORMAT}")
            arrays = {
                name.removeprefix(STATE_PREFIX): values
                for name, values in held.items()
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
                held["series"],
                tuple(header.get("extensions", ())),
            )
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            message = f"is not a snapshot that can be read ({reason}); {ADVICE}"
            raise InvalidInput([Problem(str(path), None, message)]) from error


def _listed(names: list[str]) -> str:
    """Name what an archive holds, as far as a message has room."""
    told = ", ".join(f"'{name}'" for name in names[:MOST_NAMES]) or "nothing"
    return f"{told} and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else told
