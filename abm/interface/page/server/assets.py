"""Serve the files that the page loads, and no others: they are listed when the server starts, and are read-only."""

import gzip
import hashlib
import mimetypes
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response

NAMED_IN_PAGE = re.compile(r'(?:href|src)="([^"?#]+)|["\'](/[^"\'?#\s]+\.(?:js|css))["\'?]')
NAMED_IN_STYLE = re.compile(r"url\(\s*[\"']?([^\"')?#]+)")
TYPES = {".js": "text/javascript", ".woff": "font/woff", ".woff2": "font/woff2", ".svg": "image/svg+xml"}
"""Media types by ending, for computers that do not know them."""
COMPRESSED = ("text/", "image/svg")
SMALLEST_COMPRESSED = 1000
"""Bytes from which compression is worth while."""


@dataclass(frozen=True)
class Asset:
    """A file that may be served.

    Attributes
    ----------
    path : Path
    """

    path: Path

    @cached_property
    def content(self) -> bytes:
        """Read the file, once."""
        return self.path.read_bytes()

    @cached_property
    def compressed(self) -> bytes | None:
        """Compress the file, once, so that visitors cannot make the server do it again and again."""
        if not self.media_type.startswith(COMPRESSED) or len(self.content) < SMALLEST_COMPRESSED:
            return None
        return gzip.compress(self.content, mtime=0)

    @cached_property
    def tag(self) -> str:
        """Return the entity tag of the content."""
        return f'"{hashlib.sha256(self.content).hexdigest()[:32]}"'

    @property
    def media_type(self) -> str:
        """Return the media type, by the ending of the name."""
        known = TYPES.get(self.path.suffix) or mimetypes.guess_type(self.path.name)[0]
        return known or "application/octet-stream"


class Assets:
    """The files that may be served; any other path is not found.

    Parameters
    ----------
    paths : mapping of str to Path
        File by path of its address.
    lasting : str
        Beginning of addresses that hold a digest of their files, so that these never change; empty for none.
    """

    def __init__(self, paths: Mapping[str, Path], lasting: str = "") -> None:
        self.assets = {address: Asset(path) for address, path in paths.items()}
        self.lasting = lasting

    async def answer(self, request: Request) -> Response:
        """Answer with the file at this path, or with 404."""
        asset = self.assets.get(request.scope["path"])
        if asset is None:
            return Response("Not found", status_code=404, media_type="text/plain")
        content, compressed, tag = await run_sync(lambda: (asset.content, asset.compressed, asset.tag))
        is_lasting = bool(self.lasting) and request.scope["path"].startswith(self.lasting)
        caching = "max-age=31536000, immutable" if is_lasting else "no-cache"
        headers = {"etag": tag, "cache-control": caching, "vary": "accept-encoding"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        if compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
            content = compressed
        return Response(content, headers=headers, media_type=asset.media_type)


def find_assets(html: str, folders: Mapping[str, Sequence[Path]], further: Sequence[str]) -> dict[str, Path]:
    """Find the files that a page loads: those that the page and its styles name, and `further` ones.

    Parameters
    ----------
    html : str
        The page, whose addresses begin at the root of the server.
    folders : mapping of str to sequence of Path
        Folders by the beginning of the addresses of their files, the longest beginning first.
    further : sequence of str
        Addresses that scripts ask for.

    Returns
    -------
    dict of str to Path
        File by address; files that are not installed are left out.
    """
    found: dict[str, Path] = {}
    waiting = [name for match in NAMED_IN_PAGE.findall(html) for name in match if name] + list(further)
    while waiting:
        address = posixpath.normpath(unquote(waiting.pop()))
        path = None if address in found else _file_of(address, folders)
        if path is None:
            continue
        found[address] = path
        if path.suffix == ".css":
            waiting += _named_in_style(address, path.read_text(encoding="utf-8", errors="replace"))
    return found


def _file_of(address: str, folders: Mapping[str, Sequence[Path]]) -> Path | None:
    for beginning, inside in folders.items():
        if address.startswith(beginning):
            candidates = (folder / address.removeprefix(beginning) for folder in inside)
            return next((path for path in candidates if path.is_file()), None)
    return None


def _named_in_style(address: str, style: str) -> Iterator[str]:
    for name in NAMED_IN_STYLE.findall(style):
        if not name.startswith(("data:", "http:", "https:", "//")):
            yield posixpath.join(posixpath.dirname(address), name)
