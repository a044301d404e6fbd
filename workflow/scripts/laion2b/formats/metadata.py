"""Read the metadata of a part, a parquet table, in batches of rows."""

import difflib
import os
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from laion2b.errors import PartError, explain
from laion2b.files import check_regular

from . import batches

LONGEST_CELL = 1_000_000
"""Bytes at most of one text."""
LARGEST_FOOTER = 16 * 1024 * 1024
"""Bytes at most of the footer, which takes about twenty times as much memory. A LAION part has some 10 kB."""
FOOTER_ENDS = (b"PAR1", b"PARE")
"""The last bytes of a file, after the length of the footer. The second is that of encrypted footers."""
ENCRYPTED = "decrypt"
"""Part of Arrow's message about a column without a key."""


@dataclass(frozen=True)
class Metadata:
    """The open metadata of a part: `rows` rows with a `schema`. Only the requested columns are read.

    A requested column may have another name in the table: one of `aliases`, if its own does not exist.
    """

    path: Path
    rows: int
    schema: pa.Schema
    _table: pq.ParquetFile
    aliases: Mapping[str, Sequence[str]]

    def name_of(self, column: str) -> str:
        """Return the name that a column has in this table, or its own name if it is not there under any."""
        names = self.schema.names
        return next((name for name in (column, *self.aliases.get(column, ())) if name in names), column)

    def type_of(self, column: str) -> pa.DataType:
        """Return the type of the values of a column that is there once."""
        return value_type(self.schema.field(self.name_of(column)).type)

    def check_columns(self, columns: Sequence[str]) -> None:
        """Raise PartError unless each column exists once, and holds text, numbers, dates or nothing."""
        names = self.schema.names
        for column in columns:
            name = self.name_of(column)
            count = names.count(name)
            if count != 1:
                raise self.error(
                    f"the column {name} {count} times" if count else _absent(column, names),
                    f"one column named exactly {' or '.join((column, *self.aliases.get(column, ())))}",
                    "a slip in `columns` or `keep` in config.yaml, or the metadata are of another dataset or version",
                )
            kind = self.type_of(column)
            if not is_text(kind) and not is_scalar(kind):
                raise self.error(
                    f"the column {name} of type {kind}",
                    "text (a parquet string), numbers, dates or no values at all",
                    "the column has raw bytes or nested values, which no text file can hold without loss",
                )

    def batches(self, columns: Sequence[str]) -> Generator[pa.RecordBatch]:
        """Yield all rows in order, with these columns in this order, plain, in batches of bounded size.

        Raises PartError for rows that can't be read, and for texts longer than LONGEST_CELL.
        """
        names = [self.name_of(column) for column in columns]
        rows = batches.rows_at_once([self.schema.field(name).type for name in names])
        try:
            read = self._table.iter_batches(rows, columns=names, use_threads=False)
            for batch in _ahead(batches.gathered(batches.decoded(read))):
                self._check_cells(batch)
                yield batch.select(names).rename_columns(list(columns))
        except MemoryError:
            raise self._unsound(
                "rows that take too much memory",
                f"texts of at most {LONGEST_CELL:,} bytes, in small pages",
                "a few bytes unpack to very long texts, by accident or with bad intent",
            ) from None
        except (pa.ArrowException, OSError, ValueError) as error:
            if ENCRYPTED in str(error):
                raise self._unsound(
                    "an encrypted column",
                    "columns that are not encrypted",
                    "only the writer of the file has the key",
                    "use a copy that is not encrypted",
                ) from None
            raise self._unsound(f"rows that can't be read ({_first_line(error)})", "sound data") from None

    def _check_cells(self, batch: pa.RecordBatch) -> None:
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            longest = np.diff(batches.ends_of(column)).max(initial=0) if batches.has_offsets(column.type) else 0
            if longest > LONGEST_CELL:
                raise self._unsound(
                    f"a text of {longest:,} bytes in the column {name}",
                    f"at most {LONGEST_CELL:,}",
                    "the column holds something else than captions, tags and addresses",
                )

    def _unsound(self, *reason: str) -> PartError:
        return PartError.unsound(self.path, *reason)

    def error(self, found: str, expected: str, cause: str) -> PartError:
        """Return the error for a table that is sound but does not fit the configuration."""
        return PartError(
            explain(
                self.path,
                found=found,
                expected=expected,
                cause=cause,
                do="correct config.yaml. If that is right, the file is wrong: delete it and try another mirror",
            )
        )


def _ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the same batches. A thread decodes the next one meanwhile."""
    with ThreadPoolExecutor(1) as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch


def _absent(column: str, names: Sequence[str]) -> str:
    by_lower_case = {name.lower(): name for name in names}
    near = difflib.get_close_matches(column.lower(), by_lower_case, n=1)
    return f"no column {column}, but {by_lower_case[near[0]] if near else ', '.join(names[:50])}"


def value_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of the values of a column, also of one with a dictionary."""
    return value_type(kind.value_type) if pa.types.is_dictionary(kind) else kind


def is_text(kind: pa.DataType) -> bool:
    """Return whether a type is text. Bytes without a parquet annotation that says UTF-8 are not."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def is_scalar(kind: pa.DataType) -> bool:
    """Return whether a type is no text, but can be written as text. A column of nulls is such a type."""
    tests = (pa.types.is_null, pa.types.is_boolean, is_number, pa.types.is_temporal)
    return any(test(kind) for test in tests)


def is_number(kind: pa.DataType) -> bool:
    """Return whether a type is an integer, a floating-point number or a decimal."""
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def lighten_arrow() -> None:
    """Block the import of pandas, so that Arrow starts in half the time.

    Arrow imports pandas when it converts its first value, to recognise pandas types. There are none here. A job that
    uses pandas itself must not call this.
    """
    sys.meta_path.insert(0, _WithoutPandas())


class _WithoutPandas:
    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ImportError


@contextmanager
def open_metadata(path: Path, aliases: Mapping[str, Sequence[str]] | None = None) -> Iterator[Metadata]:
    """Open the metadata of a part. Raises PartError if the file is not sound."""
    with open_table(path) as table:
        yield Metadata(path, table.metadata.num_rows, table.schema_arrow, table, aliases or {})


@contextmanager
def open_table(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a Parquet table. Raises PartError if the file is not sound."""
    check_regular(path)
    _check_footer(path)
    try:
        table = pq.ParquetFile(path, buffer_size=1024 * 1024, pre_buffer=False)
        _ = table.schema_arrow.names  # raises for names that are not UTF-8
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise PartError.unsound(
            path, f"a file that can't be read ({_first_line(error)})", "a parquet table, not encrypted"
        ) from None
    with table:
        yield table


def _check_footer(path: Path) -> None:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 8))
        length, end = int.from_bytes(file.read(4), "little"), file.read()
    if end in FOOTER_ENDS and length > LARGEST_FOOTER:
        raise PartError.unsound(
            path,
            f"a footer of {length:,} bytes",
            f"at most {LARGEST_FOOTER:,}",
            "the table has very many row groups, or the file was changed",
            "write the table again in larger row groups, or try another mirror",
        )


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
