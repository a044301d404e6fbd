"""Trace a row of a subset back to its part."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import keep
from .errors import ShardError, explain
from .hdf5 import Product
from .metadata import open_metadata
from .shard import Definition


@dataclass(frozen=True)
class Place:
    """Where a row of a subset comes from; all rows count from 0."""

    part: int
    row_in_shard: int


def locate(product: Product, row: int) -> Place:
    """Return the part of row `row` of a subset, and which of the kept rows of that part it is.

    Raises ShardError if there is no such row, or the file does not say what parts it is of.
    """
    if not 0 <= row < product.rows:
        raise ShardError(f"There is no row {row:,}; there are {product.rows:,} rows, and the first is 0.")
    if product.parts is None:
        raise ShardError("The dataset emb has no attributes `parts` and `rows`: another program wrote it.")
    ends = np.cumsum(list(product.parts.values()))
    index = int(np.searchsorted(ends, row, side="right"))
    part, rows = list(product.parts.items())[index]
    return Place(part, row - int(ends[index]) + rows)


def row_in_part(metadata: Path, definition: Definition, row_in_shard: int, kept: int) -> int:
    """Return which row of a part, kept or not, is row `row_in_shard` of the `kept` rows of its shard.

    `metadata` is the parquet file of the part. Raises ShardError if another number of its rows is kept, and PartError
    if it is unsound.
    """
    columns = list(dict.fromkeys(column for column, _, _ in definition.keep))
    if not columns:
        return row_in_shard
    masks = [np.empty(0, bool)]
    with open_metadata(metadata) as table:
        for batch in table.batches(columns):
            masks.append(keep.mask(batch, definition.keep).to_numpy(zero_copy_only=False))
    rows = np.flatnonzero(np.concatenate(masks))
    if len(rows) != kept:
        raise ShardError(
            explain(
                metadata,
                found=f"{len(rows):,} rows that are kept",
                expected=f"{kept:,}, as the subset says",
                cause="the subset was built from another version of this part, or with another `keep`",
                do="compare the part's SHA-256, and `keep`, with those in the provenance of the subset, laion2B-N.json",
            )
        )
    return int(rows[row_in_shard])
