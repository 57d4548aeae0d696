"""Read the content of files within limits: regular files only, and no more than was asked for.

Opening a pipe may block for ever, and a device may never end, so neither is opened. Compressed data is decompressed
piece by piece, and given up once it is too much.
"""

from __future__ import annotations

import errno
import io
import json
import os
import stat
import zlib
from pathlib import Path
from typing import Any, BinaryIO

from abm.records import bounds
from abm.records.bounds import Excess

PIECE = bounds.MIB
"""Bytes unfolded at a time."""
FEED = 64 * bounds.KIB
"""Compressed bytes handed over at a time."""
GZIP_WINDOW = 16 + zlib.MAX_WBITS
"""Tells zlib to expect the header of gzip (zlib manual, inflateInit2)."""


class NotRegular(OSError):
    """Error for a path that leads to a pipe, socket or device."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(errno.EINVAL, "it is a pipe, socket or device", os.fspath(path))


def opened(path: str | Path) -> BinaryIO:
    """Open a regular file for reading, without waiting for anything.

    Raises
    ------
    OSError
        If it cannot be opened; `NotRegular` and `IsADirectoryError` if it is no regular file.
    ValueError
        If no path can have such characters.
    """
    if is_stream(path):
        raise NotRegular(path)
    # What was a file a moment ago may be a pipe by now, and opening that must not wait either.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise (
            IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
            if stat.S_ISDIR(mode)
            else NotRegular(path)
        )
    return os.fdopen(descriptor, "rb")


def is_stream(path: str | Path) -> bool:
    """Return whether a path is a pipe, socket or device; opening one may block for ever.

    Raises
    ------
    OSError
        If there is nothing at the path.
    """
    mode = Path(path).stat().st_mode
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def read_content(path: str | Path, most_bytes: int) -> bytes:
    """Read a whole regular file.

    Raises
    ------
    OSError
        If it cannot be read, or is no regular file.
    Excess
        If it is larger.
    """
    whole = io.BytesIO()
    with opened(path) as stream:
        # To ask for all at once would take the memory of the limit, however small the file is.
        while piece := stream.read(PIECE):
            whole.write(piece)
            if whole.tell() > most_bytes:
                raise _too_large(most_bytes)
    return whole.getvalue()


def unzipped(content: bytes, most_bytes: int, *, is_cut: bool = False) -> bytes:
    """Decompress gzip data of one or several members.

    Parameters
    ----------
    content : bytes
        A whole file, or the start of one.
    most_bytes : int
        Maximum number of decompressed bytes.
    is_cut : bool
        Whether `content` is cut, so that an incomplete end is accepted.

    Raises
    ------
    ValueError
        If it is damaged.
    Excess
        If the decompressed content is larger.
    """
    whole = io.BytesIO()
    position = 0
    for _ in range(bounds.GZIP_PARTS):
        part = zlib.decompressobj(GZIP_WINDOW)
        is_out = False
        while not (part.eof or is_out):
            given = part.unconsumed_tail or content[position : position + FEED]
            position += 0 if part.unconsumed_tail else len(given)
            try:
                piece = part.decompress(given, PIECE)
            except zlib.error as error:
                raise ValueError(f"it is not what gzip wrote: {error}") from None
            whole.write(piece)
            if is_cut and whole.tell() >= most_bytes:
                return whole.getvalue()[:most_bytes]
            if whole.tell() > most_bytes:
                raise _too_large(most_bytes, " when it is unzipped")
            is_out = not (given or piece)
        if is_out and is_cut:
            return whole.getvalue()
        if is_out:
            raise ValueError("its end is missing")
        position -= len(part.unused_data)
        # Files of gzip may be padded with zeros.
        while content[position : position + 1] == b"\0":
            position += 1
        if position >= len(content):
            return whole.getvalue()
    raise Excess(
        f"has more than {bounds.GZIP_PARTS:,} parts", bounds.GZIP_PARTS, "parts", "compress it as one"
    )


def plain_json(text: str | bytes) -> Any:
    """Parse JSON, and raise ValueError for any that is malformed or nested too deeply.

    Raises
    ------
    ValueError
        If it is not JSON, or is nested too deeply.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it nests too deep") from None


def complaint_of(error: Exception, noun: str = "file") -> str:
    """Return why a file could not be read: what was found, what is valid and what to do next."""
    if isinstance(error, Excess):
        return str(error)
    if isinstance(error, FileNotFoundError):
        return "does not exist; check the spelling of the path"
    if isinstance(error, IsADirectoryError):
        return f"is a directory; name a {noun} in it"
    if isinstance(error, NotRegular):
        return "is a pipe, socket or device; name a regular file"
    reason = getattr(error, "strerror", None) or str(error)
    return f"cannot be read ({reason}); check the path and its permissions"


def _too_large(most_bytes: int, when: str = "") -> Excess:
    return Excess(
        f"is larger than {most_bytes:,} bytes{when}", most_bytes, "bytes", "is this the right file?"
    )
