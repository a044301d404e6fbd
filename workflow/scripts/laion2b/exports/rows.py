"""The rows of a subset in order, from the shards or from a product, compared with the records of the shards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xxhash

from laion2b.formats.blocks import BLOCK
from laion2b.formats.emb import HALF
from laion2b.neighbors.rows import Rows
from laion2b.shards.definition import Definition
from laion2b.shards.record import Shard


@dataclass(frozen=True)
class Source:
    """The rows of one part: the file that holds them, the record of their shard, the id of the first one from 0."""

    file: Path
    record: Shard
    first: int

    def blocks(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the id of the first row of a block, and its rows, `<f2` of shape (n, dimensions).

        A block is only valid until the next one is asked for. Raises ShardError, after the last one, if the rows are
        not those that the record is about.
        """
        hasher = xxhash.xxh3_128()
        with Rows.open(self.file, int(self.record.part)) as rows:
            for first, block in rows.blocks(max(1, BLOCK // (rows.dimensions * HALF.itemsize))):
                hasher.update(block)
                yield self.first + first, block
        self.record.compare_embeddings(self.file, rows.count, hasher.hexdigest())


def sources(files: Sequence[Path], records: Sequence[Path], definition: Definition) -> list[Source]:
    """Return the sources of a subset, a file and a record for each part. Raises ShardError for unfit records."""
    found, first = [], 0
    for file, path in zip(files, records, strict=True):
        record = Shard.read(path, definition)
        found.append(Source(file, record, first))
        first += record.rows
    return found


def blocks(subset: Sequence[Source]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the blocks of all sources, as `Source.blocks` does."""
    for source in subset:
        yield from source.blocks()


def count(subset: Sequence[Source]) -> int:
    """Return how many rows there are."""
    return sum(source.record.rows for source in subset)
