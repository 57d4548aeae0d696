"""Read NumPy archives within limits: sizes are checked before anything is decompressed, and nothing is unpickled.

An array states its shape before its values, and an archive the size of each array, so that a file of a few megabytes
can ask for any amount of memory. Both are compared with each other and with the limit first.
"""

from __future__ import annotations

import math
import os
import struct
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from abm.records.bounds import ARCHIVE_ARRAYS, ARCHIVE_DIRECTORY_BYTES, Excess
from abm.records.content import opened

ENDING = ".npy"
END_RECORD = struct.Struct("<4s4H2LH")
"""The end of an archive: signature, disks, numbers of members, size and place of their list, length of a comment."""
END_SIGNATURE, LARGE_SIGNATURE = b"PK\x05\x06", b"PK\x06\x07"
LARGE_LOCATOR_BYTES = 20
LONGEST_COMMENT = 0xFFFF
KINDS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 0x1
ADVICE = "is this the right file?"


def read_arrays(path: str | Path, most_bytes: int) -> dict[str, NDArray[Any]]:
    """Read every array of an archive.

    Parameters
    ----------
    path : str or Path
        As `numpy.savez` or `numpy.savez_compressed` wrote it.
    most_bytes : int
        Maximum size of the decompressed arrays.

    Returns
    -------
    dict of str to array
        By name, in the order of the archive; writable.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is not such an archive, or is damaged; `Excess` if it is too large.
    """
    with opened(path) as file:
        _require_short_list(file, most_bytes)
        try:
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
                _require_bounded(members, most_bytes)
                return {member.filename.removesuffix(ENDING): _array(archive, member) for member in members}
        except (zipfile.BadZipFile, EOFError, struct.error, NotImplementedError, RuntimeError) as error:
            raise ValueError(f"it is damaged: {error}") from None


def _require_short_list(file: BinaryIO, most_bytes: int) -> None:
    """Refuse files that are no archives, and archives whose list of members would take too much memory."""
    size = file.seek(0, os.SEEK_END)
    if size > most_bytes:
        raise Excess(f"holds {size:,} bytes", most_bytes, "bytes", ADVICE)
    tail_bytes = min(size, END_RECORD.size + LONGEST_COMMENT + LARGE_LOCATOR_BYTES)
    file.seek(size - tail_bytes)
    tail = file.read(tail_bytes)
    start = tail.rfind(END_SIGNATURE)
    if start < 0 or len(tail) - start < END_RECORD.size:
        raise ValueError("it is no NumPy archive")
    if tail[max(start - LARGE_LOCATOR_BYTES, 0) : start].startswith(LARGE_SIGNATURE):
        raise ValueError("it is an archive for more than 4 GiB, which abm does not write")
    list_bytes = END_RECORD.unpack_from(tail, start)[5]
    if list_bytes > ARCHIVE_DIRECTORY_BYTES:
        raise Excess(f"holds a list of {list_bytes:,} bytes", ARCHIVE_DIRECTORY_BYTES, "bytes of it", ADVICE)
    file.seek(0)


def _require_bounded(members: list[zipfile.ZipInfo], most_bytes: int) -> None:
    if len(members) > ARCHIVE_ARRAYS:
        raise Excess(f"holds {len(members):,} arrays", ARCHIVE_ARRAYS, "arrays", ADVICE)
    declared = sum(member.file_size for member in members)
    if declared > most_bytes:
        raise Excess(f"holds {declared:,} bytes when it is unzipped", most_bytes, "bytes", ADVICE)
    if len({member.filename for member in members}) < len(members):
        raise ValueError("it holds two arrays of one name")
    for member in members:
        if member.compress_type not in KINDS or member.flag_bits & ENCRYPTED:
            raise ValueError(f"its part '{member.filename}' is compressed otherwise than NumPy does")


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    """Read one array, and check that its size agrees with its shape."""
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        elif version == (2, 0):
            shape, is_fortran, dtype = np.lib.format.read_array_header_2_0(stream)
        else:
            raise ValueError(f"its part '{member.filename}' is of format {version}, which abm does not write")
        if dtype.hasobject:
            raise ValueError(
                f"its part '{member.filename}' holds objects, which are code to whoever reads them"
            )
        count = math.prod(shape)
        size = count * dtype.itemsize
        if min(shape, default=0) < 0 or size > member.file_size or (count and not size):
            raise ValueError(f"its part '{member.filename}' says that it holds {size:,} bytes, and does not")
        # An array must own what it can write to.
        held = bytearray(stream.read(size))
        if len(held) != size or stream.read(1):
            raise ValueError(f"its part '{member.filename}' does not have the size that it says")
    values: Any = np.frombuffer(held, dtype=dtype, count=count) if size else np.empty(0, dtype=dtype)
    shaped: NDArray[Any] = values.reshape(shape, order="F" if is_fortran else "C")
    return shaped
