"""Write tables as Parquet and read them back: the door to pyarrow.

Numbers are split into streams of bytes and compressed with zstd; only ids use dictionaries. A thousand runs of 120
months and 30 measures take a tenth of a second. Files are made in memory, so that their hash is known before a byte is
on disk. The same columns give the same bytes with the same pyarrow.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from abm.records import Excess, bounds, opened
from abm.texts import cell

CELL_BYTES = 8
"""Bytes of a number in memory."""
READ_ERRORS = (OSError, ValueError, pa.ArrowException)
GROUP_ROWS = 131_072
"""Rows from which a row group of a large file is written."""


def repeated(values: Sequence[str], counts: NDArray[np.int64]) -> Any:
    """Return text as a column that repeats each value by its count."""
    return _texts(values).take(_numbers(np.repeat(np.arange(len(values)), counts)))


def table_of(columns: Mapping[str, Any], metadata: Mapping[str, Mapping[str, str]]) -> Any:
    """Return a table of columns, with NaN as missing.

    Parameters
    ----------
    columns : mapping
        Arrays of numbers, masked where they are missing, lists of text or None, or columns of pyarrow, of one length.
    metadata : mapping
        Unit, range and definition by column.
    """
    arrays = [_column(values) for values in columns.values()]
    fields = [
        pa.field(name, array.type, metadata=dict(metadata.get(name, {})))
        for name, array in zip(columns, arrays, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def whole_numbers(values: NDArray[np.float64]) -> Any:
    """Return whole numbers as integers, masked where they are missing."""
    is_there = ~np.isnan(values)
    return np.ma.masked_array(np.where(is_there, values, 0.0).astype(np.int64), mask=~is_there)


def _column(values: Any) -> Any:
    if isinstance(values, np.ndarray):
        return _numbers(values)
    return _texts(values) if isinstance(values, list) else values


# pyarrow.array imports pandas to check for its types, which costs a worker half a second and 50 MB, so columns are
# built from their buffers.
def _numbers(values: NDArray[Any]) -> Any:
    kept = np.ascontiguousarray(np.ma.getdata(values))
    if isinstance(values, np.ma.MaskedArray):
        validity = _validity(~np.ma.getmaskarray(values))
    else:
        validity = _validity(~np.isnan(kept)) if kept.dtype.kind == "f" else None
    return pa.Array.from_buffers(pa.from_numpy_dtype(kept.dtype), len(kept), [validity, pa.py_buffer(kept)])


def _validity(is_there: NDArray[np.bool_]) -> Any:
    return None if is_there.all() else pa.py_buffer(np.packbits(is_there, bitorder="little"))


def _texts(values: Sequence[str | None]) -> Any:
    encoded_values = [b"" if value is None else value.encode("utf-8", "backslashreplace") for value in values]
    offsets = np.zeros(len(values) + 1, dtype=np.int32)
    np.cumsum([len(value) for value in encoded_values], out=offsets[1:])
    validity = _validity(np.array([value is not None for value in values], dtype=np.bool_))
    buffers = [validity, pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded_values))]
    return pa.Array.from_buffers(pa.string(), len(values), buffers)


def encoded(table: Any, row_group: int | None = None) -> Any:
    """Return the bytes of a Parquet file, as a buffer."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=row_group or max(table.num_rows, 1), **encoding(table.schema))
    return sink.getvalue()


def encoding(schema: Any) -> dict[str, Any]:
    """Return the options with which a table of this schema is written."""
    floats = [field.name for field in schema if pa.types.is_floating(field.type)]
    whole = [field.name for field in schema if pa.types.is_integer(field.type)]
    return {
        "compression": "zstd",
        "use_dictionary": [field.name for field in schema if pa.types.is_string(field.type)],
        "column_encoding": dict.fromkeys(floats, "BYTE_STREAM_SPLIT")
        | dict.fromkeys(whole, "DELTA_BINARY_PACKED"),
    }


def read_row_group(path: Path, group: int) -> Any:
    """Read one row group of a file as a table.

    Raises
    ------
    OSError, ValueError
        If it cannot be read or the file holds too much; pyarrow's own errors are among these.
    """
    require_bounded_table(path)
    with pq.ParquetFile(path) as file:
        return file.read_row_group(group)


def array_of(column: Any) -> NDArray[Any]:
    """Return a column of text or of real numbers as an array, NaN where a number is missing.

    Raises
    ------
    ValueError
        If the column holds anything else.
    """
    if pa.types.is_string(column.type):
        return np.array(column.to_pylist(), dtype=np.str_)
    if not pa.types.is_float64(column.type):
        raise ValueError(f"a column of points holds {column.type}, neither numbers nor text")
    return np.concatenate([np.empty(0), *(_floats(chunk) for chunk in column.chunks)])


def _floats(chunk: Any) -> NDArray[np.float64]:
    # to_numpy would load pandas.
    validity, kept = chunk.buffers()
    here = slice(chunk.offset, chunk.offset + len(chunk))
    values = np.frombuffer(kept, dtype=np.float64)[here]
    if not chunk.null_count:
        return values
    is_there = np.unpackbits(np.frombuffer(validity, dtype=np.uint8), bitorder="little")[here]
    return np.where(is_there, values, np.nan)


def require_bounded_table(path: Path) -> None:
    """Refuse a file that would expand beyond what abm reads, by its own metadata and before any of it is expanded.

    Raises
    ------
    OSError, ValueError
        If it is not a regular file or not a Parquet file, or holds too much.
    """
    with opened(path) as stream, pq.ParquetFile(stream) as file:
        told = file.metadata
        groups = (told.row_group(number) for number in range(told.num_row_groups))
        stored = sum(group.total_byte_size for group in groups)
        # Repeated values are stored once, so the rows count too.
        unfolded = max(stored, told.num_rows * told.num_columns * CELL_BYTES)
    if unfolded > bounds.TABLE_BYTES:
        found = f"{path.name} expands to {unfolded:,} bytes"
        raise Excess(found, bounds.TABLE_BYTES, "bytes", "read it in parts, with pyarrow or polars")


def read_table(path: Path, columns: Sequence[str] | None = None) -> Any:
    """Read a file as a table.

    Raises
    ------
    OSError, ValueError
        If it cannot be read or holds too much; pyarrow's own errors are among these.
    """
    require_bounded_table(path)
    wanted = None if columns is None else list(columns)
    texts = [field.name for field in pq.read_schema(path) if pa.types.is_string(field.type)]
    # A long text in many rows is stored once, so texts are counted before they are expanded.
    table = pq.read_table(path, columns=wanted, read_dictionary=texts)
    unfolded = sum(_text_bytes(column) for column in table.columns if pa.types.is_dictionary(column.type))
    if unfolded > bounds.TABLE_BYTES:
        found = f"{path.name} expands to {unfolded:,} bytes of text"
        raise Excess(found, bounds.TABLE_BYTES, "bytes", "read it in parts, with pyarrow or polars")
    plain = [_written_out(column) for column in table.columns]
    return pa.Table.from_arrays(plain, schema=_plain_schema(table.schema))


def _text_bytes(column: Any) -> int:
    """Count the bytes of the texts of a dictionary column, once for every row."""
    total = 0
    for chunk in column.chunks:
        kept = chunk.dictionary
        starts = np.frombuffer(kept.buffers()[1] or b"\0" * 4, dtype=np.int32)
        lengths = np.diff(starts[kept.offset : kept.offset + len(kept) + 1]).astype(np.int64)
        places = chunk.indices
        rows = np.frombuffer(places.buffers()[1] or b"", dtype=np.int32)
        rows = rows[places.offset : places.offset + len(places)]
        if len(lengths):
            # The index of a missing text may be anything.
            total += int(lengths[np.clip(rows, 0, len(lengths) - 1)].sum())
    return total


def _written_out(column: Any) -> Any:
    if not pa.types.is_dictionary(column.type):
        return column
    return pa.chunked_array([chunk.dictionary_decode() for chunk in column.chunks], type=pa.string())


def _plain_schema(schema: Any) -> Any:
    return pa.schema(
        [field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field for field in schema],
        metadata=schema.metadata,
    )


def dataset(files: Sequence[Path]) -> Any:
    """Return files as one lazy dataset."""
    # Deferred, as below: it loads pandas where that is installed, and workers read no datasets.
    import pyarrow.dataset as ds

    for file in files:
        require_bounded_table(file)
    return ds.dataset([str(file) for file in files], format="parquet")


def equals(name: str, value: str) -> Any:
    """Return the filter of rows whose column has a value."""
    import pyarrow.compute as pc

    return pc.field(name) == value


class TableWriter:
    """A Parquet file written table by table, in row groups large enough to read well and small enough for memory.

    Parameters
    ----------
    path : Path
        The file.
    schema : pyarrow.Schema
        Of every table.
    """

    def __init__(self, path: Path, schema: Any) -> None:
        self._writer = pq.ParquetWriter(path, schema, **encoding(schema))
        self._waiting: list[Any] = []
        self.rows = 0

    def __enter__(self) -> "TableWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._flush()
        finally:
            self._writer.close()

    def write(self, table: Any) -> None:
        """Add a table."""
        self._waiting.append(table)
        self.rows += table.num_rows
        if sum(one.num_rows for one in self._waiting) >= GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            together = pa.concat_tables(self._waiting)
            self._writer.write_table(together, row_group_size=max(together.num_rows, 1))
            self._waiting.clear()


class StreamWriter:
    """A CSV or Arrow file written table by table.

    Parameters
    ----------
    writer : pyarrow writer
        Open.
    """

    def __init__(self, writer: Any) -> None:
        self._writer = writer
        self.rows = 0

    def __enter__(self) -> "StreamWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def write(self, table: Any) -> None:
        """Add a table."""
        self._writer.write_table(table)
        self.rows += table.num_rows


class SheetWriter(StreamWriter):
    """A comma-separated file written table by table, whose texts no spreadsheet takes for formulas.

    Parameters
    ----------
    path : Path
        The file.
    schema : pyarrow.Schema
        Of every table.
    """

    def __init__(self, path: Path, schema: Any) -> None:
        from pyarrow import csv

        self._names = [cell(name) for name in schema.names]
        super().__init__(csv.CSVWriter(path, pa.schema(zip(self._names, schema.types, strict=True))))

    def write(self, table: Any) -> None:
        """Add a table; numbers stay as they are."""
        columns = [_for_sheet(column) for column in table.columns]
        super().write(pa.Table.from_arrays(columns, names=self._names))


def _for_sheet(column: Any) -> Any:
    """Return a column of text as cells of a spreadsheet, converting each distinct text once."""
    if not pa.types.is_string(column.type):
        return column
    chunks = []
    for chunk in column.dictionary_encode().chunks:
        texts = pa.array(
            [None if text is None else cell(text) for text in chunk.dictionary.to_pylist()], pa.string()
        )
        chunks.append(pa.DictionaryArray.from_arrays(chunk.indices, texts).dictionary_decode())
    return pa.chunked_array(chunks, type=pa.string())


FILE_WRITERS: dict[str, Callable[[Path, Any], TableWriter | StreamWriter]] = {
    ".parquet": TableWriter,
    ".csv": SheetWriter,
    ".arrow": lambda path, schema: StreamWriter(pa.ipc.new_file(path, schema)),
}
"""The writer of each kind of file, by its ending."""


def rows_of(source: Any, where: Any) -> list[dict[str, Any]]:
    """Read the rows of a dataset that pass a filter, as plain values."""
    rows: list[dict[str, Any]] = source.to_table(filter=where).to_pylist()
    return rows


def partly_whole(table: Any) -> list[str]:
    """List the integer columns with missing values."""
    return [
        field.name
        for field in table.schema
        if pa.types.is_integer(field.type) and table[field.name].null_count
    ]


def scanned_tables(source: Any, **wanted: Any) -> Iterator[Any]:
    """Scan a dataset batch by batch, as tables."""
    for batch in source.to_batches(batch_readahead=2, fragment_readahead=1, **wanted):
        if batch.num_rows:
            yield pa.Table.from_batches([batch])
