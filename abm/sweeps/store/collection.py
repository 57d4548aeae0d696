"""Write one table of a sweep to one file, piece by piece, for other tools."""

import os
from pathlib import Path

from abm.errors import InvalidInput, Problem, did_you_mean
from abm.files.destination import output_file_problems, staged_file
from abm.files.parquet import FILE_WRITERS
from abm.sweeps.store.dataset import TABLES, SweepTables
from abm.sweeps.store.manifest import Manifest


def collect_table(directory: Path, out: Path, table: str = "runs", force: bool = False) -> int:
    """Write a table of a sweep to one file.

    Parameters
    ----------
    directory : Path
        The sweep's.
    out : Path
        Ends in .parquet, .csv or .arrow.
    table : str
        'runs', 'months' or 'points'.
    force : bool
        Replace the file if it is there.

    Returns
    -------
    int
        Rows written.

    Raises
    ------
    InvalidInput
        With every reason why that cannot be done.
    """
    problems = output_file_problems(out, force)
    if out.suffix not in FILE_WRITERS:
        told = f"'{os.fspath(out)}' has an unknown ending; end it in {', '.join(FILE_WRITERS)}"
        problems.append(Problem("--out", None, told))
    chosen = next((name for name in TABLES if name == table), None)
    if chosen is None:
        told = f"'{table}' is not a table{did_you_mean(table, TABLES)} Valid: {', '.join(TABLES)}."
        problems.append(Problem("--table", None, told))
    if problems or chosen is None:
        raise InvalidInput(problems)
    tables = SweepTables(Manifest.read(directory))
    schema = tables.schema(chosen)
    with staged_file(out, force) as aside, FILE_WRITERS[out.suffix](aside, schema) as writer:
        for piece in tables.tables(chosen):
            writer.write(piece)
    return int(writer.rows)
