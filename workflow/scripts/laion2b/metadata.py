"""Read the metadata of a part, a parquet table, in batches of rows."""

import difflib
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from .errors import PartError, explain

BATCH = 16 * 1024
"""Rows held at once."""


@dataclass(frozen=True)
class Metadata:
    """The open metadata of a part: `rows` rows, and a `schema` of which only columns that were asked for are read."""

    path: Path
    rows: int
    schema: pa.Schema
    _table: pq.ParquetFile

    def check_columns(self, columns: Sequence[str]) -> None:
        """Raise PartError unless each column is there once, and holds text, numbers, dates or nothing."""
        names = self.schema.names
        for column in columns:
            count = names.count(column)
            if count != 1:
                raise self.error(
                    f"the column {column} {count} times" if count else _absent(column, names),
                    f"one column named exactly {column}",
                    "a slip in `columns` or `keep` in config.yaml, or the metadata are of another dataset or version",
                )
            kind = value_type(self.schema.field(column).type)
            if not is_text(kind) and not is_scalar(kind):
                raise self.error(
                    f"the column {column} of type {kind}",
                    "text (a parquet string), numbers, dates or no values at all",
                    "the column was written as raw bytes or nested values, which no text file can hold faithfully",
                )

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield all rows in order, at most BATCH at a time, with these columns in this order, plain."""
        try:
            for batch in _ahead(self._table.iter_batches(BATCH, columns=list(columns), use_threads=False)):
                yield pa.record_batch({name: plain(batch.column(name)) for name in columns})
        except (pa.ArrowException, OSError, ValueError) as error:
            raise PartError.unsound(
                self.path, f"rows that can't be read ({_first_line(error)})", "sound data"
            ) from None

    def error(self, found: str, expected: str, cause: str) -> PartError:
        """Return an error about a table that is sound but does not fit the configuration."""
        return PartError(
            explain(
                self.path,
                found=found,
                expected=expected,
                cause=cause,
                do="correct config.yaml; if it is right, the file is the wrong one: delete it and try another mirror",
            )
        )


def _ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the same batches, and decode the next one meanwhile."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch


def _absent(column: str, names: Sequence[str]) -> str:
    by_lower_case = {name.lower(): name for name in names}
    near = difflib.get_close_matches(column.lower(), by_lower_case, n=1)
    hint = f"; did you mean {by_lower_case[near[0]]}?" if near else f", but {', '.join(names[:50])}"
    return f"no column {column}{hint}"


def plain(column: pa.Array) -> pa.Array:
    """Return a column without the encodings that need kernels of their own: dictionaries and views."""
    if pa.types.is_dictionary(column.type):
        return plain(column.dictionary_decode())
    return column.cast(pa.large_string()) if pa.types.is_string_view(column.type) else column


def value_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of the values of a column, be they dictionary-encoded or not."""
    return value_type(kind.value_type) if pa.types.is_dictionary(kind) else kind


def is_text(kind: pa.DataType) -> bool:
    """Tell text. Bytes without a parquet annotation that says UTF-8 are not text."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def is_scalar(kind: pa.DataType) -> bool:
    """Tell what is not text but can be written as text, and null columns."""
    tests = (pa.types.is_null, pa.types.is_boolean, is_number, pa.types.is_temporal)
    return any(test(kind) for test in tests)


def is_number(kind: pa.DataType) -> bool:
    """Tell integers, floating-point numbers and decimals."""
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def lighten_arrow() -> None:
    """Let Arrow start in half the time and take a third less memory, in a process that does nothing else.

    At the first value it converts, Arrow loads pandas, where it is installed, in case that value is one of its. None is
    here, so pandas is hidden. jemalloc is not in all builds.
    """
    sys.meta_path.insert(0, _WithoutPandas())
    with suppress(NotImplementedError):
        pa.set_memory_pool(pa.jemalloc_memory_pool())


class _WithoutPandas:
    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ImportError


@contextmanager
def open_metadata(path: Path) -> Iterator[Metadata]:
    """Open the metadata of a part. Raises PartError if the file is not sound."""
    try:
        table = pq.ParquetFile(path, buffer_size=1024 * 1024, pre_buffer=False)
        schema = table.schema_arrow
        _ = schema.names  # raises for names that are not UTF-8
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise PartError.unsound(
            path, f"a file that can't be read ({_first_line(error)})", "a parquet table, not encrypted"
        ) from None
    with table:
        yield Metadata(path, table.metadata.num_rows, schema, table)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
