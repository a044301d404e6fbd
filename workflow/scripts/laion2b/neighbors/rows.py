"""The rows of a shard, read from the shard itself or from a subset that holds it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import xxhash

from laion2b.errors import ShardError
from laion2b.formats import hdf5
from laion2b.formats.blocks import BLOCK
from laion2b.formats.emb import HALF


@dataclass(frozen=True)
class Rows:
    """Rows of float16 that lie one after the other in an open file."""

    path: Path
    count: int
    dimensions: int
    _descriptor: int = field(repr=False)
    _offset: int = field(repr=False)

    @classmethod
    @contextmanager
    def open(cls, path: Path, part: int) -> Iterator["Rows"]:
        """Open the rows of a part. Raises ShardError if the file is damaged, or is a subset without that part."""
        matrix, first, count = hdf5.find_data(path), 0, None
        with hdf5.Product.open(path) as product:
            if product.parts is not None:
                first, count = _place(path, product.parts, part)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            offset = matrix.offset + first * matrix.dimensions * HALF.itemsize
            yield cls(path, matrix.rows if count is None else count, matrix.dimensions, descriptor, offset)
        finally:
            os.close(descriptor)

    def first(self, count: int) -> "Rows":
        """Return the first `count` of these rows."""
        return replace(self, count=count)

    def blocks(self, size: int, start: int | None = None) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the number of the first row of a block, and its `size` rows; the last block may be smaller.

        With `start`, the first block has so many rows, and the next ones twice as many as those before, up to `size`. A
        block is only valid until the next one is asked for.
        """
        buffer = np.empty((min(size, self.count), self.dimensions), HALF)
        first, rows = 0, min(start or size, size)
        while first < self.count:
            block = buffer[: min(rows, self.count - first)]
            self._fill(memoryview(block.reshape(-1).view(np.uint8)), first)
            yield first, block
            first, rows = first + len(block), min(2 * rows, size)

    def xxh3(self) -> str:
        """Read all rows, and return the XXH3 of their bytes."""
        hasher = xxhash.xxh3_128()
        for _, block in self.blocks(max(1, BLOCK // (self.dimensions * HALF.itemsize))):
            hasher.update(block)
        return hasher.hexdigest()

    def _fill(self, view: memoryview, first: int) -> None:
        position = self._offset + first * self.dimensions * HALF.itemsize
        while view:
            count = os.preadv(self._descriptor, [view], position)
            if not count:
                cause = "the file was cut after it was written"
                raise ShardError.unfit(self.path, "an early end", f"{self.count:,} rows", cause)
            view, position = view[count:], position + count


def _place(path: Path, parts: dict[int, int], part: int) -> tuple[int, int]:
    first = 0
    for number, rows in parts.items():
        if number == part:
            return first, rows
        first += rows
    raise ShardError.unfit(path, f"the parts {list(parts)}", f"part {part} among them", "it is another subset")
