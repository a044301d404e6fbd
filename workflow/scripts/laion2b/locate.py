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
        raise ShardError(f"There is no row {row:,}: the rows are 0 to {product.rows - 1:,}.")
    if product.parts is None:
        raise ShardError("The dataset emb has no attributes `parts` and `rows`: another program wrote it.")
    ends = np.cumsum(list(product.parts.values()))
    index = int(np.searchsorted(ends, row, side="right"))
    part, rows = list(product.parts.items())[index]
    return Place(part, row - int(ends[index]) + rows)


def row_in_part(metadata: Path, definition: Definition, row_in_shard: int) -> int:
    """Return which row of a part, kept or not, is row `row_in_shard` of its shard.

    `metadata` is the parquet file of the part. Raises ShardError if too few of its rows are kept, and PartError if it
    is unsound.
    """
    columns = list(dict.fromkeys(column for column, _, _ in definition.keep))
    left, start = row_in_shard, 0
    with open_metadata(metadata) as table:
        if not columns:
            return row_in_shard
        for batch in table.batches(columns):
            kept = np.flatnonzero(keep.mask(batch, definition.keep).to_numpy(zero_copy_only=False))
            if left < len(kept):
                return start + int(kept[left])
            left -= len(kept)
            start += len(batch)
    raise ShardError(
        explain(
            metadata,
            found=f"{row_in_shard - left:,} kept rows",
            expected=f"more than {row_in_shard:,}",
            cause="the subset was built from another version of this part, or with another `keep`",
            do="compare the part's SHA-256 with that in the provenance of the subset, laion2B-N.json",
        )
    )
