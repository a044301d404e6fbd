"""The metadata of a subset as one Parquet table: written part by part from the metadata of the parts, then joined.

Which rows are kept follows from the metadata alone, so no embeddings are needed. The hash of the TSV, which is made
again, proves that the rows are those of the shard.
"""

import logging
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import xxhash

from laion2b.errors import ShardError
from laion2b.files import appearing
from laion2b.formats import metadata_parquet, parquet_join, tsv
from laion2b.formats.metadata import Metadata, open_metadata
from laion2b.shards import keep
from laion2b.shards.definition import Definition
from laion2b.shards.record import Shard
from laion2b.shards.selection import Selection

from . import parts

log = logging.getLogger(__name__)

ABOUT = {"ids": "from 0", "text": "UTF-8; bytes that are not UTF-8 became U+FFFD", "missing": "null"}


def write_part(metadata: Path, records: Sequence[Path], definition: Definition, target: Path) -> int:
    """Write the metadata of the rows of one shard, and return their number.

    `metadata` is the file of the part. The last of `records` is its, the others are those of all earlier parts. The
    lists of `drop` and `keep_only` are in lists/, next to the folder of the records.
    Raises ShardError if the metadata are not those that the shard was made of, and PartError if they are unsound.
    """
    *earlier, record = (Shard.read(path, definition) for path in records)
    first = sum(each.rows for each in earlier)
    schema = metadata_parquet.schema(definition.columns, ABOUT)
    selection = Selection(definition, records[-1].parent.parent)
    with open_metadata(metadata, definition.aliases) as table, appearing(target) as (temporary,):
        keep.check_table(table, definition)
        written = _Written(table, schema, int(record.part), first, definition, selection)
        with metadata_parquet.create(temporary, schema) as add:
            wanted = definition.needed_columns()
            more = metadata_parquet.readable(table, [name for name in metadata_parquet.MORE if name not in wanted])
            with closing(table.batches([*wanted, *more])) as batches:
                for batch in batches:
                    add(written.kept(batch))
        _compare(metadata, record, written)
    if written.converter.replaced:
        log.warning(
            "%s: %s texts are not UTF-8. Their odd bytes became U+FFFD. The TSV has them as they are.",
            target, f"{written.converter.replaced:,}",
        )  # fmt: skip
    return record.rows


class _Written:
    """What was read and written so far of one part."""

    def __init__(
        self, table: Metadata, schema: pa.Schema, part: int, first: int, definition: Definition, selection: Selection
    ) -> None:
        self.converter = metadata_parquet.Converter(table, schema)
        self.hasher = xxhash.xxh3_128(definition.header())
        self.rows = 0
        self._definition, self._selection = definition, selection
        self._part, self._first, self._read = part, first, 0

    def kept(self, batch: pa.RecordBatch) -> pa.Table:
        """Return the rows of a batch that are kept, with their place."""
        mask = self._selection.mask(batch)
        self.hasher.update(tsv.lines(batch.select(self._definition.columns), mask))
        rows = np.flatnonzero(mask.to_numpy(zero_copy_only=False))
        place = {
            "id": np.arange(self._first + self.rows, self._first + self.rows + len(rows)),
            "part": np.full(len(rows), self._part),
            "row": self._read + rows,
        }
        self.rows += len(rows)
        self._read += batch.num_rows
        return self.converter.table(batch.filter(mask), place)


def _compare(metadata: Path, record: Shard, written: _Written) -> None:
    found, expected = (written.rows, written.hasher.hexdigest()), (record.rows, record.metadata_xxh3)
    if found != expected:
        told = [f"{rows:,} rows whose TSV has XXH3 {xxh3}" for rows, xxh3 in (found, expected)]
        raise ShardError.unfit(
            metadata,
            told[0],
            f"{told[1]}, as the record of part {record.part} says",
            "the metadata are another version of the part than the one that the shard was made of",
        )


def join(files: Sequence[Path], records: Sequence[Path], definition: Definition, target: Path) -> int:
    """Write the metadata of all parts of a subset, in order, to one table, and return its rows. Raises ShardError."""
    parts.check(files, records, definition)
    return parquet_join.join(files, target)
