"""Trace a row of a subset back to its part."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from laion2b.errors import ShardError, explain
from laion2b.formats.hdf5 import Product
from laion2b.formats.metadata import open_metadata
from laion2b.names import provenance
from laion2b.parts.mirrors import file_of_metadata
from laion2b.shards import selection
from laion2b.shards.definition import Definition
from laion2b.shards.record import Shard


@dataclass(frozen=True)
class Place:
    """Where a row of a subset comes from. All rows count from 0."""

    part: int
    row_in_shard: int


def locate(product: Product, row: int) -> Place:
    """Return the part of row `row` of a subset, and the row in its shard.

    Raises ShardError if there is no such row, or if the file has no attributes about its parts.
    """
    if not 0 <= row < product.rows:
        raise ShardError(f"There is no row {row:,}. The file has {product.rows:,} rows, and the first is 0.")
    if product.parts is None:
        raise ShardError("The dataset emb has no attributes `parts` and `rows`: another program wrote it.")
    ends = np.cumsum(list(product.parts.values()))
    index = int(np.searchsorted(ends, row, side="right"))
    part, rows = list(product.parts.items())[index]
    return Place(part, row - int(ends[index]) + rows)


def described(product: Product, row: int, parts: Path, shards: Path) -> str:
    """Return a line about where a row comes from.

    It includes the row of the part if the folder `parts` has the part's metadata, and `shards` the record of its shard.
    Raises the errors of `locate` and `row_in_part`.
    """
    place = locate(product, row)
    line = f"row {row}: part {place.part}, row {place.row_in_shard} of its shard"
    metadata, record = file_of_metadata(parts, f"{place.part:04d}"), shards / f"{place.part:04d}.json"
    if not (product.parts and metadata.exists() and record.exists()):
        return line
    definition = Shard.definition_of(record)
    if not all((shards.parent / each.sorted).exists() for each in definition.lists()):
        return line
    row_of_part = row_in_part(metadata, definition, place.row_in_shard, product.parts[place.part], shards.parent)
    return f"{line}, row {row_of_part} of the part"


def row_in_part(metadata: Path, definition: Definition, row_in_shard: int, kept: int, folder: Path = Path()) -> int:
    """Return the number of a row in its part, from its number `row_in_shard` among the `kept` rows of the shard.

    `metadata` is the parquet file of the part. `folder` has the sorted lists of `drop` and `keep_only`, in lists/.
    Raises ShardError if not `kept` of its rows are kept, and PartError if it is not sound.
    """
    if not definition.compared_columns():
        return row_in_shard
    with open_metadata(metadata, definition.aliases) as table:
        rows = np.flatnonzero(selection.mask(table, definition, folder))
    if len(rows) != kept:
        raise ShardError(
            explain(
                metadata,
                found=f"{len(rows):,} rows that are kept",
                expected=f"{kept:,}, as the subset says",
                cause="the subset was built from another version of this part, or with another `keep`",
                do=f"compare the part's SHA-256, and `keep`, with those in {provenance('N', 'NAME')}",
            )
        )
    return int(rows[row_in_shard])
