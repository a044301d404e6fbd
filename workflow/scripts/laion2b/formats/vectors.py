"""Read embeddings from a column of a Parquet table, in blocks of rows. The other columns are not read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from laion2b.errors import ArrayError, PartError

from .metadata import open_table

NAMES = ("vector", "emb", "embedding")
"""Columns that hold embeddings, if the configuration names none."""
ROWS = 64
"""Rows decoded at once: an encoding may repeat a long row in each of them, for a few bits."""
FLOATS: dict[pa.DataType, np.dtype] = {
    pa.float16(): np.dtype("<f2"),
    pa.float32(): np.dtype("<f4"),
    pa.float64(): np.dtype("<f8"),
}


class Vectors:
    """The column of embeddings of an open Parquet table: `rows` lists of `dimensions` numbers of type `dtype`."""

    def __init__(self, path: Path, table: pq.ParquetFile, array: str | None) -> None:
        self.path = path
        self.rows: int = table.metadata.num_rows
        self._table = table
        self._column = _column(path, table.schema_arrow, array)
        kind = table.schema_arrow.field(self._column).type
        self.dtype = FLOATS[kind.value_type]
        self.dimensions: int = kind.list_size if pa.types.is_fixed_size_list(kind) else self._first_length()
        if self.dimensions < 1:
            raise self._unsound(f"rows without numbers in the column {self._column}", "numbers")

    def _first_length(self) -> int:
        first = next(self._batches(1), None)
        if first is None:
            raise self._unsound("a table without rows, that does not say how many numbers a row has", "rows")
        return len(first[0]) if first[0].is_valid else 0

    def _batches(self, rows: int = ROWS) -> Iterator[pa.Array]:
        try:
            for batch in self._table.iter_batches(rows, columns=[self._column], use_threads=False):
                yield batch.column(0)
        except MemoryError:  # Arrow's own is one of its other errors, too
            raise
        except (pa.ArrowException, ValueError) as error:
            raise self._unsound(f"rows that can't be read ({str(error)[:200]})", "sound data") from None

    def blocks(self, rows: int) -> Iterator[np.ndarray]:
        """Yield all rows in order, in blocks of at most about `rows` rows, shape (n, dimensions)."""
        waiting, have, start = [], 0, 0
        for column in self._batches():
            waiting.append(self._matrix(column, start))
            have, start = have + len(column), start + len(column)
            if have >= rows:
                yield np.concatenate(waiting)
                waiting, have = [], 0
        if waiting:
            yield np.concatenate(waiting)
        if start != self.rows:
            raise self._unsound(f"{start:,} rows", f"{self.rows:,}, as its footer says")

    def _matrix(self, column: pa.Array, start: int) -> np.ndarray:
        if column.null_count:
            missing = int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
            raise self._unsound(f"no embedding in row {start + missing:,}", "one in each row")
        numbers = column.flatten()
        if numbers.null_count:
            raise self._unsound(f"missing numbers in row {start:,} or soon after", "a number in each place")
        lengths = _lengths(column)
        if (lengths != self.dimensions).any():
            odd = int(np.flatnonzero(lengths != self.dimensions)[0])
            raise self._unsound(
                f"{lengths[odd]:,} numbers in row {start + odd:,}", f"{self.dimensions:,}, as in the first row"
            )
        return numbers.to_numpy(zero_copy_only=True).astype(self.dtype, copy=False).reshape(-1, self.dimensions)

    def _unsound(self, found: str, expected: str) -> PartError:
        return PartError.unsound(self.path, found, expected)


def _lengths(column: pa.Array) -> np.ndarray:
    if pa.types.is_fixed_size_list(column.type):
        return np.full(len(column), column.type.list_size)
    return column.value_lengths().to_numpy(zero_copy_only=False)


def _column(path: Path, schema: pa.Schema, array: str | None) -> str:
    """Return the name of the column that holds the embeddings."""
    holding = [field.name for field in schema if _holds_vectors(field.type)]
    wanted = [array] if array else NAMES
    found = [name for name in holding if name in wanted]
    if len(found) == 1:
        return found[0]
    shown = ", ".join(holding[:50]) or "none"
    raise ArrayError.unsound(
        path,
        f"the columns of float16, float32 or float64 lists {shown}",
        f"one named {array}" if array else f"one named {' or '.join(NAMES)}",
        "the table holds no embeddings, or under another name",
        "name the column: `array` in config.yaml" if holding else "correct `mirrors`, or try another mirror",
    )


def _holds_vectors(kind: pa.DataType) -> bool:
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return is_list and kind.value_type in FLOATS


@contextmanager
def open_vectors(path: Path, array: str | None = None) -> Iterator[Vectors]:
    """Open the embeddings in a Parquet table, in the column `array`, or else in the one of NAMES that it has.

    Raises PartError if the file is not sound, or has no such column.
    """
    with open_table(path) as table:
        yield Vectors(path, table, array)
