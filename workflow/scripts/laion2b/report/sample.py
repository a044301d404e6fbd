"""Read a product's embeddings: all of a small one, a sample of a large one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from laion2b.errors import ShardError
from laion2b.files import read_json
from laion2b.formats.emb import H5_ERRORS, KEY
from laion2b.formats.hdf5 import open_dataset
from laion2b.subsets.norms import Statistics

MOST_ROWS = 2_000_000
"""Rows that are counted in a product that was not verified."""
ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Counted:
    """The statistics of a product, or of a sample of it."""

    rows: int
    """Rows of the product."""
    statistics: dict
    """As Statistics.result returns it."""
    is_verified: bool
    """Whether they come from verify-N.json, and not from reading the product now."""
    file: str
    """The name of the product."""

    def is_whole(self) -> bool:
        """Tell whether all rows were counted."""
        return self.statistics["rows"] == self.rows


def count(product: Path, verified: Path) -> Counted:
    """Return the statistics in `verified` (verify-N.json) if it is newer than the product, else those of a sample.

    Raises ShardError if the product can't be read.
    """
    with opened(product) as matrix:
        known = _verified(product, verified)
        if known:
            return Counted(len(matrix), known, True, product.name)
        statistics = Statistics()
        buffer = np.empty((ROWS_AT_ONCE, matrix.shape[1]), "<f2")
        for rows in spread(len(matrix), MOST_ROWS // ROWS_AT_ONCE, ROWS_AT_ONCE):
            block = buffer[: rows.stop - rows.start]
            matrix.read_direct(block, np.s_[rows.start : rows.stop])
            statistics.add(block)
        return Counted(len(matrix), statistics.result(), False, product.name)


def spread(rows: int, runs: int, length: int) -> list[range]:
    """Return at most `runs` ranges of `length` rows, evenly spread over all rows; all rows if there are no more."""
    if rows <= runs * length:
        return [range(start, min(rows, start + length)) for start in range(0, rows, length)]
    starts = np.linspace(0, rows - length, runs).astype(int).tolist()
    return [range(start, start + length) for start in starts]


def _verified(product: Path, verified: Path) -> dict | None:
    if not verified.exists() or verified.stat().st_mtime_ns < product.stat().st_mtime_ns:
        return None
    return (read_json(verified) or {}).get("statistics")


@contextmanager
def opened(product: Path) -> Iterator[h5py.Dataset]:
    """Yield the embeddings of a product, float16 of shape (rows, dimensions). Raises ShardError if it can't be read."""
    try:
        with open_dataset(product) as matrix:
            yield matrix
    except H5_ERRORS as error:
        found = f"a file that can't be read ({error})"
        cause = "it was damaged or replaced"
        raise ShardError.unfit(product, found, f"HDF5 with a dataset {KEY}", cause) from None
