"""Identify the code that made a result: version, commit, whether it was edited since, and the packages beneath it."""

import hashlib
import platform
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any

from abm import __version__

PACKAGE = Path(__file__).resolve().parent.parent
PACKAGES = ("numpy", "numba", "scipy", "pyarrow", "mesa", "networkx")
SOURCES = ("*.py", "*.yaml")
GIT_SECONDS = 5.0
UNKNOWN = "unknown"


@lru_cache(maxsize=1)
def source_hash() -> str:
    """Return the SHA-256 of the sources, file by file, as they were at the first call.

    The hash tells two editions apart where the version does not, with or without a repository. The shipped scenarios,
    which lie in the package once it is installed, are excluded: what a run takes from them is in its content hash.
    """
    digest = hashlib.sha256()
    for path in sorted(path for pattern in SOURCES for path in PACKAGE.rglob(pattern)):
        if path.is_relative_to(PACKAGE / "library"):
            continue
        digest.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


@lru_cache(maxsize=1)
def code_version() -> Mapping[str, Any]:
    """Describe the code that this process runs, as it was at the first call.

    Returns
    -------
    mapping
        version, source_sha256, commit (None outside a repository) and dirty (None outside a repository).
    """
    commit, dirty = _commit_and_dirty()
    return MappingProxyType(
        {"version": __version__, "source_sha256": source_hash(), "commit": commit, "dirty": dirty}
    )


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that a result can depend on, without importing them."""
    return {name: _version_of(name) for name in PACKAGES}


def interpreter() -> str:
    """Return the kind and version of Python."""
    return f"{platform.python_implementation()} {platform.python_version()}"


def _version_of(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return UNKNOWN


def _commit_and_dirty() -> tuple[str | None, bool | None]:
    # An environment inside a user's own repository must not report that repository: does it track this file?
    if _git("ls-files", "--error-unmatch", str(Path(__file__).resolve())) is None:
        return None, None
    changes = _git("status", "--porcelain", "--", str(PACKAGE))
    return _git("rev-parse", "HEAD"), None if changes is None else bool(changes)


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ("git", "-C", str(PACKAGE), *arguments),
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
