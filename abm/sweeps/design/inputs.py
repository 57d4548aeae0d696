"""Bundle the files that a sweep was planned from in its manifest, so that it runs where they are not.

A bundle is a file with those that belong beside it: a place, or an extension with its records. The manifest holds
their content; ``inputs/`` in the sweep's directory holds copies, which are written again if they are missing or have
changed. If the directory cannot be written, the copies lie in a temporary one.
"""

import base64
import hashlib
import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from abm.records import bounds, read_content

INPUTS = "inputs"
ID_DIGITS = 16


def bundled(files: Sequence[Path], folder: Path | None = None) -> dict[str, Any]:
    """Return the content of files as plain values, the main one first; text as text, all else as base64.

    Parameters
    ----------
    files : sequence of Path
        The main one first.
    folder : Path, optional
        What their names are relative to; default: the main file's folder.
    """
    folder = folder or files[0].parent
    return {
        "main": files[0].relative_to(folder).as_posix(),
        "files": {
            file.relative_to(folder).as_posix(): _packed(read_content(file, bounds.BUNDLED_BYTES))
            for file in files
        },
    }


def bundle_id(bundle: Mapping[str, Any]) -> str:
    """Return the identity of a bundle: a hash of names and contents."""
    return hashlib.sha256(json.dumps(bundle, sort_keys=True).encode()).hexdigest()[:ID_DIGITS]


class Inputs:
    """The bundles of a manifest, as files.

    Parameters
    ----------
    bundles : mapping
        By identity.
    directory : Path
        Directory of the sweep.
    """

    def __init__(self, bundles: Mapping[str, Any], directory: Path) -> None:
        self.bundles = bundles
        self.directory = directory
        self._elsewhere: Path | None = None

    def path(self, identity: str) -> Path:
        """Return the path of a bundle's main file, after writing what is missing or differs.

        Raises
        ------
        KeyError
            If the manifest has no such bundle.
        ValueError
            If the bundle does not match its identity, or names a file outside its folder.
        """
        bundle = self.bundles[identity]
        _require_sound(identity, bundle)
        folder = self.directory / INPUTS / identity
        try:
            unpack(bundle["files"], folder, self.directory)
        except OSError:
            if self._elsewhere is None:
                self._elsewhere = Path(tempfile.mkdtemp(prefix="abm-inputs-"))
                weakref.finalize(self, shutil.rmtree, self._elsewhere, True)
            folder = self._elsewhere / identity
            unpack(bundle["files"], folder, self._elsewhere)
        return (folder / str(bundle["main"])).resolve()


def _require_sound(identity: str, bundle: Mapping[str, Any]) -> None:
    """Refuse a bundle that would be written outside its own folder of the sweep."""
    for name in bundle["files"]:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ValueError(f"the manifest names '{name}', which lies outside its folder")
    if bundle_id(bundle) != identity:
        raise ValueError(f"the manifest's bundle '{identity}' does not match its own hash")
    if bundle["main"] not in bundle["files"]:
        raise ValueError(f"the manifest's bundle '{identity}' lacks its main file")


def unpack(files: Mapping[str, Any], folder: Path, home: Path | None = None) -> None:
    """Write the files of a bundle that are missing in a folder or differ.

    Parameters
    ----------
    files : mapping
        Packed contents by name.
    folder : Path
        Destination.
    home : Path, optional
        Folder that no file may leave, not even through links; default: `folder`.

    Raises
    ------
    ValueError
        If one would lie outside `home`.
    """
    home = home or folder
    for name, packed in files.items():
        target, content = folder / name, _unpacked(packed)
        if not target.resolve().is_relative_to(home.resolve()):
            raise ValueError(f"'{target}' is reached through a link, and lies outside the sweep")
        if target.is_file() and target.read_bytes() == content:
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        # Several processes may do this at once, so each writes its own copy and puts it in place.
        descriptor, temporary = tempfile.mkstemp(prefix=".tmp-", dir=target.parent)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        Path(temporary).replace(target)


def _packed(content: bytes) -> dict[str, str]:
    try:
        return {"text": content.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode("ascii")}


def _unpacked(packed: Mapping[str, str]) -> bytes:
    return packed["text"].encode() if "text" in packed else base64.b64decode(packed["base64"])
