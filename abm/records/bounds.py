"""The limits of what abm reads, each with its unit and the reason for its size.

A file of a few megabytes can decompress into gigabytes, or take minutes to read. Each limit lies well above what
real files need (England has 8,249 organisations and about 81,000 ties), and what is beyond it is refused with the
limit and what was found. `abm.records.content` and `abm.records.archive` read files within these limits;
`abm.errors.MOST_PROBLEMS` bounds the number of faults that are listed.
"""

from __future__ import annotations

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

# YAML

YAML_BYTES = 4 * MIB
"""Bytes of a YAML file. A place file of all of England stays below one megabyte."""
YAML_VALUES = 100_000
"""Values of a YAML file, those that aliases repeat counted each time; reading that many takes a second or two. An
experiment that lists 10,000 points of ten dimensions fits."""
YAML_KEYS = 2_000
"""Keys of one mapping; abm knows about 150 levers and parameters."""
YAML_DEPTH = 32
"""Levels of lists and mappings; abm's own files need six."""
YAML_ALIASED_VALUES = 10_000
"""Values that the aliases of a file may repeat, so that a few lines cannot unfold into many."""
KEY_LENGTH = 200
"""Characters of a key; the longest of abm's has 40."""
NUMBER_LENGTH = 100
"""Characters of a number. A float needs 24, and a whole number of more digits can become infinite as a float."""
LIST_OF_NAMES = 100
"""Policies, or extensions, of one scenario; each stands for a file that is looked for and read."""

SCENARIOS = 1_000
"""Scenarios of an experiment, or aims of a study; each is read whole."""

# JSON: manifests, commits, headers of archives, lists in networks

JSON_BYTES = 64 * MIB
"""Bytes of a manifest or record. A manifest carries the files that its sweep was planned from, and those of England
take one megabyte."""
LOCK_BYTES = 4 * KIB
"""Bytes of a lock or marker, which names a process."""

# Archives of NumPy

PLACE_ARCHIVE_BYTES = 256 * MIB
"""Bytes that a built place expands to; England's takes 7 MB."""
SNAPSHOT_BYTES = GIB
"""Bytes that a snapshot expands to; one of England takes about 20 MB."""
ARCHIVE_DIRECTORY_BYTES = MIB
"""Bytes of an archive's own list of its arrays; that of a snapshot takes ten thousand."""
ARCHIVE_ARRAYS = 1_000
"""Arrays of an archive; a built place has 23, a snapshot about 60 and those of its extensions."""

# GraphML

GRAPHML_BYTES = 128 * MIB
"""Bytes of a network; England's takes 31 MB."""
GRAPHML_NODES = 25_000
"""Organisations of a network: three Englands."""
GRAPHML_EDGES = 160_000
"""Ties of a network: two Englands. Reading takes about 5 kB of memory for each."""
GRAPHML_ELEMENTS = 2_500_000
"""Elements of a network's file, attributes of nodes and edges included: twelve for each tie and spare."""
GRAPHML_DEPTH = 32
"""Levels of elements; abm's own files need five."""
GRAPHML_TAG_BYTES = MIB
"""Bytes of one tag with its attributes, which the parser has to hold whole."""

# Comma-separated files

SHEET_BYTES = 256 * MIB
"""Bytes of a sheet after decompression; the largest that places are built from, the list of practices, has 3 MB."""
GZIP_PARTS = 10_000
"""Parts of a file that gzip compressed; as a rule there is one."""
SHEET_CELLS = 10_000_000
"""Cells of a sheet: a hundred times the largest of the publishers'."""

# Parquet

TABLE_BYTES = 2 * GIB
"""Bytes that a table in Parquet expands to. A shard's months are planned to take at most 256 MB; the results of
10,000 runs of 10 years and 40 measures take 400 MB."""

# Code

SOURCE_BYTES = MIB
"""Bytes of an extension's Python file."""
BUNDLED_BYTES = 64 * MIB
"""Bytes of a file that a manifest is to carry."""

# Sweeps

SHARDS = 10_000_000
"""Shards of a sweep, which are looked at one by one: ten billion runs."""


class Excess(ValueError):
    """Error for content beyond a limit.

    Parameters
    ----------
    found : str
        What was found, such as 'is larger than 4,194,304 bytes'.
    most : int
        The limit.
    unit : str
        What is counted.
    advice : str
        What to do next.
    """

    def __init__(self, found: str, most: int, unit: str, advice: str) -> None:
        super().__init__(f"{found}; abm reads up to {most:,} {unit} here; {advice}")
        self._arguments = found, most, unit, advice

    def __reduce__(self) -> tuple[type[Excess], tuple[str, int, str, str]]:
        return Excess, self._arguments
