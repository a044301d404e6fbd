"""Rows that a search treats unlike others: all zero, not finite, or equal to an earlier row. All ids count from 0."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from laion2b.files import appearing

from . import rows
from .buckets import Buckets
from .rows import Source

DIGEST = 16
"""Bytes of BLAKE2b by which rows are compared: so many that two different rows are never taken for equal."""
KEY = np.dtype([("low", "<u8"), ("high", "<u8"), ("id", "<u8")])
"""A row: its digest and its id."""
PAIR = np.dtype([("id", "<u8"), ("first", "<u8")])
"""A row, and the first one that is equal to it."""
IN_MEMORY = 1_000_000
"""Records of a bucket, about; sorting them takes 100 MB. Equal rows are in one bucket, however many there are."""
HEADER = "# id (from 0) of each row of {name} that is all zero, or not finite: it holds NaN or infinity\n"
SCHEMA = pa.schema([("id", pa.int64()), ("first_id", pa.int64())], metadata={"ids": "from 0"})


def write(subset: Sequence[Source], name: str, zero_rows: Path, duplicates: Path) -> tuple[int, int]:
    """Write the rows of a subset that are zero or not finite, and those equal to an earlier one; return how many each.

    Equal means: of the same bits. Reads the rows once. On the disk, it takes 24 bytes a row meanwhile.
    """
    count = rows.count(subset)
    folder, buckets = duplicates.parent, 1 + count // IN_MEMORY
    odd = equal = 0
    with (
        appearing(zero_rows, duplicates) as (new_text, new_table),
        Buckets(folder, KEY, buckets) as keys,
        Buckets(folder, PAIR, buckets) as pairs,
        new_text.open("w", encoding="utf-8") as text,
    ):
        text.write(HEADER.format(name=name))
        for first, block in rows.blocks(subset):
            for line in _odd(first, block):
                text.write(line)
                odd += 1
            keyed = _keys(first, block)
            keys.add(keyed, keyed["low"] % np.uint64(buckets))
        for found in map(_equal, keys.each()):
            pairs.add(found, found["id"] // np.uint64(IN_MEMORY))
        with pq.ParquetWriter(new_table, SCHEMA, compression="zstd") as table:
            for found in pairs.each():
                found = found[np.argsort(found["id"])]
                equal += len(found)
                if len(found):
                    columns = [pa.array(found[each].astype(np.int64)) for each in ("id", "first")]
                    table.write_table(pa.table(columns, schema=SCHEMA))
    return odd, equal


def _odd(first: int, block: np.ndarray) -> Iterator[str]:
    zero, finite = np.logical_not(np.any(block, axis=1)), np.all(np.isfinite(block), axis=1)
    for row in np.flatnonzero(zero | ~finite):
        yield f"{first + row}\t{'zero' if zero[row] else 'not finite'}\n"


def _keys(first: int, block: np.ndarray) -> np.ndarray:
    """Return the digest and the id of each row."""
    width = block.shape[1] * block.itemsize
    content, digest_of = memoryview(block.reshape(-1).view(np.uint8)), hashlib.blake2b
    digests = b"".join(
        digest_of(content[at : at + width], digest_size=DIGEST).digest() for at in range(0, len(content), width)
    )
    keys = np.empty(len(block), KEY)
    keys["low"], keys["high"] = np.frombuffer(digests, "<u8").reshape(-1, 2).T
    keys["id"] = np.arange(first, first + len(block))
    return keys


def _equal(keys: np.ndarray) -> np.ndarray:
    """Return the rows that are equal to an earlier one, and the first that they are equal to."""
    keys = keys[np.lexsort((keys["id"], keys["high"], keys["low"]))]
    same = np.zeros(len(keys), bool)
    same[1:] = (keys["low"][1:] == keys["low"][:-1]) & (keys["high"][1:] == keys["high"][:-1])
    starts = np.maximum.accumulate(np.where(same, 0, np.arange(len(keys))))
    pairs = np.empty(int(same.sum()), PAIR)
    pairs["id"], pairs["first"] = keys["id"][same], keys["id"][starts[same]]
    return pairs
