"""Metadata as a Parquet table whose row k is row k of a subset, with the same types whatever the parts have.

A missing value stays missing, and an empty text stays empty, which a TSV can't tell apart.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from laion2b.errors import PartError

from .metadata import Metadata
from .tsv import text

PLACE = {"id": pa.int64(), "part": pa.int32(), "row": pa.int32()}
"""Where a row is in the subset, and in which row of which part it was; all from 0."""
NUMBERS = {
    "similarity": pa.float64(), "width": pa.int32(), "height": pa.int32(),
    "original_width": pa.int32(), "original_height": pa.int32(),
}  # fmt: skip
"""Columns that are numbers. All others are text."""
MORE = (*NUMBERS, "key", "md5")
"""Columns that are written even if `columns` does not name them; missing where the metadata have none."""
REPEATED = ("part", "NSFW", "LICENSE")
"""Columns with few different values."""
GROUP = 64 * 1024
"""Rows of a row group, at least."""
LARGEST_GROUP = 32 * 1024 * 1024
"""Bytes after which a row group is written, however few rows it has."""


def schema(columns: Sequence[str], about: Mapping[str, str]) -> pa.Schema:
    """Return the types of a table with these columns of the metadata; `about` is text that the file carries."""
    names = dict.fromkeys([*columns, *MORE])
    own = {name: NUMBERS.get(name, pa.string()) for name in names if name not in PLACE}
    return pa.schema([pa.field(*each) for each in (PLACE | own).items()], metadata=dict(about))


def readable(metadata: Metadata, names: Sequence[str]) -> list[str]:
    """Return those of the names that are columns of a part's metadata, once each."""
    return [name for name in names if metadata.schema.names.count(metadata.name_of(name)) == 1]


class Converter:
    """Gives the columns of a part's metadata the types of a schema, and counts the texts that are not UTF-8."""

    def __init__(self, metadata: Metadata, target: pa.Schema) -> None:
        self.replaced = 0
        self._metadata = metadata
        self._target = target

    def table(self, batch: pa.RecordBatch, place: Mapping[str, np.ndarray]) -> pa.Table:
        """Return the rows of a batch with their place in the subset. Raises PartError for values of another type."""
        columns = []
        for field in self._target:
            if field.name in place:
                columns.append(pa.array(place[field.name], field.type))
            elif field.name in batch.schema.names:
                columns.append(self._column(field, batch.column(field.name)))
            else:
                columns.append(pa.nulls(batch.num_rows, field.type))
        return pa.table(columns, schema=self._target)

    def _column(self, field: pa.Field, column: pa.Array) -> pa.Array:
        try:
            if pa.types.is_null(column.type):
                return pa.nulls(len(column), field.type)
            if field.type == pa.string():
                return self._text(column)
            if pa.types.is_floating(column.type) and pa.types.is_integer(field.type):
                column = pc.if_else(pc.is_nan(column), None, column)  # how pandas writes a missing number
            return column.cast(field.type)
        except pa.ArrowException as error:
            raise self._unfit(field, str(error).splitlines()[0]) from None

    def _unfit(self, field: pa.Field, found: str) -> PartError:
        expected = f"values that {field.type} holds in the column {field.name}"
        return self._metadata.error(found, expected, "the metadata are of another dataset or version")

    def _text(self, column: pa.Array) -> pa.Array:
        cells = text(column)
        try:
            return cells.cast(pa.string())  # which looks whether all of it is UTF-8
        except pa.ArrowInvalid:
            return pa.array([None if cell is None else self._decoded(cell) for cell in cells.to_pylist()], pa.string())

    def _decoded(self, cell: bytes) -> str:
        decoded = cell.decode(errors="replace")
        self.replaced += decoded.encode() != cell
        return decoded


@contextmanager
def create(path: Path, target: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """Yield a function that adds a table to a new file; rows are gathered to row groups of GROUP rows or more."""
    waiting: list[pa.Table] = []
    repeated = [name for name in REPEATED if name in target.names]
    options = {"compression": "zstd", "use_dictionary": repeated}
    with pq.ParquetWriter(path, target, **options) as writer:

        def flush() -> None:
            if waiting:
                writer.write_table(pa.concat_tables(waiting))
                waiting.clear()

        def add(table: pa.Table) -> None:
            waiting.append(table)
            if sum(each.num_rows for each in waiting) >= GROUP or sum(each.nbytes for each in waiting) >= LARGEST_GROUP:
                flush()

        yield add
        flush()
