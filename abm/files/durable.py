"""Replace files so that a power cut leaves either the old state or the new: write aside, flush, rename, flush.

A file that holds results carries the first digits of its own hash in its name, and a commit record names the valid
files. So two processes that do the same work at the same time cannot mix their files, in whatever order they finish.
"""

import hashlib
import json
import os
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from abm.records import bounds, opened, plain_json, read_content

HASH_DIGITS = 16
TEMPORARY = ".tmp-"
RECORD_HASH = "record_sha256"
CHUNK = 1 << 20


@dataclass(frozen=True)
class Kept:
    """A file that a commit record lists, with its checksum.

    Attributes
    ----------
    name : str
        Within the folder of the record.
    rows, size : int
        Rows of the table, bytes of the file.
    sha256 : str
        Of the bytes.
    """

    name: str
    rows: int
    size: int
    sha256: str

    def described(self) -> dict[str, Any]:
        """Return the record as plain values."""
        return {"name": self.name, "rows": self.rows, "bytes": self.size, "sha256": self.sha256}

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> "Kept":
        """Read what `described` returned."""
        name = str(described["name"])
        if Path(name).name != name:
            raise ValueError(f"'{name}' is not the name of a file in this folder")
        return cls(name, int(described["rows"]), int(described["bytes"]), str(described["sha256"]))

    def complaint(self, folder: Path, is_thorough: bool) -> str | None:
        """Return how the file differs from its record, or None if it does not.

        Parameters
        ----------
        folder : Path
            Where it lies.
        is_thorough : bool
            Read every byte instead of comparing lengths only.
        """
        path = folder / self.name
        try:
            size = path.stat().st_size
            if size != self.size:
                return f"{self.name} has {size:,} bytes instead of {self.size:,}"
            if is_thorough and file_hash(path) != self.sha256:
                return f"{self.name} does not have the bytes that were written"
        except FileNotFoundError:
            return f"{self.name} is missing"
        except OSError as error:
            return f"{self.name} cannot be read ({error.strerror})"
        return None


def put_hashed(folder: Path, stem: str, ending: str, content: Any, rows: int) -> Kept:
    """Write results under a name that holds their hash.

    Parameters
    ----------
    folder : Path
        An existing folder.
    stem, ending : str
        The name is ``STEM.HASHENDING``.
    content : bytes-like
        The whole file.
    rows : int
        Rows of the table in it.

    Returns
    -------
    Kept

    Raises
    ------
    OSError
        If it cannot be written, such as on a full disk; nothing is left behind.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    name = f"{stem}.{sha256[:HASH_DIGITS]}{ending}"
    put(folder / name, content)
    return Kept(name, rows, memoryview(content).nbytes, sha256)


def put(path: Path, content: Any) -> None:
    """Write a whole file in place of what is there, durably.

    Raises
    ------
    OSError
        If it cannot be written; what was there is untouched.
    """
    descriptor, temporary = tempfile.mkstemp(prefix=f"{TEMPORARY}{origin()}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        put_in_place(Path(temporary), path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def put_in_place(temporary: Path, path: Path) -> None:
    """Move a file that was written aside to its place, durably."""
    with temporary.open("rb") as stream:
        os.fsync(stream.fileno())
    # mkstemp restricts access to the owner; results get the usual permissions of the user's files.
    mask = os.umask(0)
    os.umask(mask)
    temporary.chmod(0o666 & ~mask)
    temporary.replace(path)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Flush the names in a folder to disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record with its own hash, durably."""
    sealed = {**record, RECORD_HASH: _record_hash(record)}
    put(path, (json.dumps(sealed, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())


def read_record(path: Path) -> dict[str, Any]:
    """Read a record that `put_record` wrote.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is not what was written.
    """
    try:
        record = plain_json(read_content(path, bounds.JSON_BYTES))
    except ValueError as error:
        raise ValueError(f"{path.name} is not what was written ({error})") from None
    if not isinstance(record, dict) or record.pop(RECORD_HASH, None) != _record_hash(record):
        raise ValueError(f"{path.name} does not have the content that was written")
    return record


def _record_hash(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = hashlib.sha256()
    with opened(path) as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def origin() -> str:
    """Return a name for this process that no process of another machine shares."""
    return f"{socket.gethostname()}-{os.getpid()}"
