"""Files of the parts of a subset, which nested subsets share: whether they fit together as the records say."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from laion2b.errors import ShardError
from laion2b.shards.definition import Definition
from laion2b.shards.record import Shard


def check(files: Sequence[Path], records: Sequence[Path], definition: Definition) -> int:
    """Return the rows of Parquet files, one for each part. Only their ends are read.

    Raises ShardError unless the first column, `id`, goes on from file to file. It does not if an earlier part was
    replaced by one of which more or fewer rows are kept.
    """
    first = 0
    for file, path in zip(files, records, strict=True):
        record = Shard.read(path, definition)
        expected = (first if record.rows else None), record.rows
        if (found := _place(file)) != expected:
            told = [f"{rows:,} rows from id {start} on" for start, rows in (found, expected)]
            cause = "an earlier part was replaced after this was written, or the file was damaged"
            raise ShardError.unfit(file, told[0], f"{told[1]}, as the records of the shards say", cause)
        first += record.rows
    return first


def _place(file: Path) -> tuple[int | None, int]:
    """Return the first id in a file, if there is one, and how many rows it has."""
    try:
        footer = pq.read_metadata(file)
        first = footer.row_group(0).column(0).statistics.min if footer.num_rows else None
    except (pa.ArrowException, OSError, AttributeError) as error:
        raise ShardError.unfit(file, f"a file that can't be read ({error})", "Parquet", "it was damaged") from None
    return first, footer.num_rows
