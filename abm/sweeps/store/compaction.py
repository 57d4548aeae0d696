"""Merge the many small files of a sweep into a few large ones, and read their record.

A part holds the runs of many shards, in their order. The record of all parts takes effect in one step; the shards'
own files go after that. A part that is damaged later makes its shards damaged, and resuming runs them again.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from abm.files.durable import (
    HASH_DIGITS,
    TEMPORARY,
    Kept,
    file_hash,
    flush_folder,
    origin,
    put_in_place,
    put_record,
    read_record,
)
from abm.files.parquet import TableWriter, read_table
from abm.records import bounds
from abm.runs.results import content_hash
from abm.sweeps.store.manifest import Manifest
from abm.sweeps.store.shard import Commit, commit_path, shard_folder

COMPACT = "compact"
RECORD = "compact.json"
RECORD_FORMAT = "abm sweep compaction"
PART_BYTES = 256 << 20
"""Bytes of shard files that a part is made of, at most but for a single shard."""


@dataclass(frozen=True)
class CompactPart:
    """Some shards in one file a table.

    Attributes
    ----------
    shards : tuple of (int, int)
        Ranges of shards, first and one past the last.
    identity : str
        Hash of the shards' numbers and blocks.
    runs, failed : int
        Runs in it, and those of them that failed.
    seconds : float
        Total time of its shards.
    sources : tuple of str
        Hashes of the sources that ran them.
    files : mapping of str to Kept
        ``runs``, and ``months`` where months are kept.
    """

    shards: tuple[tuple[int, int], ...]
    identity: str
    runs: int
    failed: int
    seconds: float
    sources: tuple[str, ...]
    files: Mapping[str, Kept]

    @property
    def indices(self) -> Iterator[int]:
        """The shards one by one."""
        for first, end in self.shards:
            yield from range(first, end)

    def complaint(self, manifest: Manifest, is_thorough: bool) -> str | None:
        """Return why the part does not stand for its shards, or None if it does."""
        last = max(self.indices)
        if last >= manifest.shards or identity_of(manifest, list(self.indices)) != self.identity:
            return f"{next(iter(self.files.values())).name} is of another design"
        folder = manifest.directory / COMPACT
        complaints = (kept.complaint(folder, is_thorough) for kept in self.files.values())
        return next((complaint for complaint in complaints if complaint is not None), None)

    def described(self) -> dict[str, Any]:
        """Return the part as plain values."""
        return {**vars(self), "files": {name: kept.described() for name, kept in self.files.items()}}

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> "CompactPart":
        """Read plain values.

        Raises
        ------
        ValueError
            If it covers no shards, more than a sweep can have, or has no files.
        """
        ranges = described["shards"]
        covered = sum(end - first for first, end in ranges)
        if not all(0 <= first < end for first, end in ranges) or not 0 < covered <= bounds.SHARDS:
            raise ValueError("it covers shards that no sweep has")
        if not described["files"]:
            raise ValueError("a part has no files")
        return cls(
            **{
                **described,
                "shards": tuple((first, end) for first, end in described["shards"]),
                "sources": tuple(described["sources"]),
                "files": {name: Kept.of(kept) for name, kept in described["files"].items()},
            }
        )


def identity_of(manifest: Manifest, shards: Sequence[int]) -> str:
    """Return the hash of the numbers and blocks of some shards."""
    return content_hash([[index, manifest.shard(index).block.identity] for index in shards])


def compact_parts(directory: Path) -> tuple[CompactPart, ...]:
    """Read the record of the parts of a sweep; empty if nothing was compacted.

    Raises
    ------
    ValueError, OSError
        If the record cannot be read or is not what was written.
    """
    try:
        record = read_record(directory / COMPACT / RECORD)
    except FileNotFoundError:
        return ()
    if record.get("format") != RECORD_FORMAT:
        raise ValueError(f"{RECORD} is not the record of a compaction")
    return tuple(CompactPart.of(described) for described in record["parts"])


def compact_shards(
    manifest: Manifest, kept: Sequence[CompactPart], commits: Iterator[Commit], part_bytes: int = PART_BYTES
) -> list[CompactPart]:
    """Merge shards into parts, and remove their files.

    Parameters
    ----------
    manifest : Manifest
        The sweep's.
    kept : sequence of CompactPart
        Parts that stay as they are.
    commits : iterator of Commit
        Valid commits of the shards that are in none of them, in their order.
    part_bytes : int
        Bytes of shard files a part.

    Returns
    -------
    list of CompactPart
        All parts, old and new.

    Raises
    ------
    OSError
        If they cannot be written; then the shards stay as they were.
    """
    directory = manifest.directory
    folder = directory / COMPACT
    folder.mkdir(exist_ok=True)
    parts = list(kept)
    for number, group in enumerate(_grouped(commits, part_bytes), start=len(parts)):
        parts.append(_written(manifest, folder, number, group))
    record = {"format": RECORD_FORMAT, "parts": [part.described() for part in parts]}
    put_record(folder / RECORD, json.loads(json.dumps(record)))
    named = {kept_file.name for part in parts for kept_file in part.files.values()} | {RECORD}
    for path in folder.iterdir():
        if path.name not in named:
            path.unlink()
    for part in parts:
        for index in part.indices:
            _put_away(directory, index)
    return parts


def _put_away(directory: Path, index: int) -> None:
    # The commit goes first: without it, the other files do not count.
    commit_path(directory, index).unlink(missing_ok=True)
    folder = shard_folder(directory, index)
    for path in folder.glob(f"{index:06}.*"):
        path.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        shutil.rmtree(folder, ignore_errors=True)


def _grouped(commits: Iterator[Commit], part_bytes: int) -> Iterator[list[Commit]]:
    group: list[Commit] = []
    size = 0
    for commit in commits:
        own = sum(kept.size for kept in commit.files.values())
        if group and size + own > part_bytes:
            yield group
            group, size = [], 0
        group.append(commit)
        size += own
    if group:
        yield group


def _written(manifest: Manifest, folder: Path, number: int, commits: Sequence[Commit]) -> CompactPart:
    """Write one part, shard by shard."""
    files = {
        table: _together(manifest.directory, folder, f"{table}-{number:04}", table, commits)
        for table in commits[0].files
    }
    return CompactPart(
        shards=_ranges([commit.shard for commit in commits]),
        identity=identity_of(manifest, [commit.shard for commit in commits]),
        runs=sum(commit.runs for commit in commits),
        failed=sum(commit.failed for commit in commits),
        seconds=round(sum(commit.seconds for commit in commits), 3),
        sources=tuple(sorted({commit.source_sha256 for commit in commits})),
        files=files,
    )


def _together(directory: Path, folder: Path, stem: str, table: str, commits: Sequence[Commit]) -> Kept:
    temporary = folder / f"{TEMPORARY}{origin()}-{stem}"
    try:
        first = read_table(shard_folder(directory, commits[0].shard) / commits[0].files[table].name)
        with TableWriter(temporary, first.schema) as writer:
            for commit in commits:
                writer.write(read_table(shard_folder(directory, commit.shard) / commit.files[table].name))
        sha256 = file_hash(temporary)
        kept = Kept(f"{stem}.{sha256[:HASH_DIGITS]}.parquet", writer.rows, temporary.stat().st_size, sha256)
        put_in_place(temporary, folder / kept.name)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    flush_folder(folder)
    return kept


def _ranges(indices: Sequence[int]) -> tuple[tuple[int, int], ...]:
    ranges: list[tuple[int, int]] = []
    for index in indices:
        if ranges and ranges[-1][1] == index:
            ranges[-1] = (ranges[-1][0], index + 1)
        else:
            ranges.append((index, index + 1))
    return tuple(ranges)
