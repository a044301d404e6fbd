"""Look at a product's embeddings without reading all of a large one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from laion2b.embeddings import H5_ERRORS, KEY
from laion2b.errors import ShardError
from laion2b.files import read_json
from laion2b.statistics import Statistics

MOST_ROWS = 2_000_000
"""Rows that are counted of a product that nobody has verified."""
ROWS_AT_ONCE = 4096
RUNS, RUN = 200, 20
"""Runs of neighbouring rows, and rows of each, that are drawn: a disk finds them faster than as many single rows."""


@dataclass(frozen=True)
class Counted:
    """The statistics of a product, and of how much of it they are."""

    rows: int
    """Rows of the product."""
    statistics: dict
    """As Statistics.result returns it."""
    is_verified: bool
    """Whether they come from verify-N.json, and not from a look at the product now."""

    def is_whole(self) -> bool:
        """Tell whether all rows were counted."""
        return self.statistics["rows"] == self.rows


def count(product: Path, verified: Path) -> Counted:
    """Return the statistics that `verified` (verify-N.json) holds if it is newer than the product, else of a sample.

    Raises ShardError if the product can't be read.
    """
    with _matrix(product) as matrix:
        known = _verified(product, verified)
        if known:
            return Counted(len(matrix), known, True)
        statistics = Statistics()
        buffer = np.empty((ROWS_AT_ONCE, matrix.shape[1]), "<f2")
        for rows in spread(len(matrix), MOST_ROWS // ROWS_AT_ONCE, ROWS_AT_ONCE):
            block = buffer[: rows.stop - rows.start]
            matrix.read_direct(block, np.s_[rows.start : rows.stop])
            statistics.add(block)
        return Counted(len(matrix), statistics.result(), False)


def spread(rows: int, runs: int, length: int) -> list[range]:
    """Return at most `runs` ranges of `length` rows, evenly spread over all rows; all rows if they are no more."""
    if rows <= runs * length:
        return [range(start, min(rows, start + length)) for start in range(0, rows, length)]
    starts = np.linspace(0, rows - length, runs).astype(int).tolist()
    return [range(start, start + length) for start in starts]


def principal_components(product: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return numbers of sampled rows (n,), their first two principal components (n, 2), and these two's shares (2,).

    The shares are of the sample's variance. Rows that are all zero or not finite are left out. Raises ShardError if the
    product can't be read.
    """
    with _matrix(product) as matrix:
        runs = spread(len(matrix), RUNS, RUN)
        rows = np.array([row for run in runs for row in run], int)
        blocks = [matrix[run.start : run.stop] for run in runs]
        sample = np.concatenate([np.empty((0, matrix.shape[1]), "<f2"), *blocks]).astype(np.float32)
    sound = np.isfinite(sample).all(axis=1) & sample.any(axis=1)
    rows, sample = rows[sound], sample[sound].astype(np.float64)
    if len(rows) < 3 or sample.shape[1] < 2:
        return rows[:0], np.empty((0, 2)), np.zeros(2)
    sample -= sample.mean(axis=0)
    variances, axes = np.linalg.eigh(sample.T @ sample)
    axes = axes[:, :-3:-1]
    axes *= np.where(axes[np.abs(axes).argmax(axis=0), [0, 1]] < 0, -1, 1)  # the sign is arbitrary: make it one
    return rows, sample @ axes, variances[:-3:-1] / max(variances.sum(), np.finfo(float).tiny)


def _verified(product: Path, verified: Path) -> dict | None:
    if not verified.exists() or verified.stat().st_mtime_ns < product.stat().st_mtime_ns:
        return None
    return (read_json(verified) or {}).get("statistics")


@contextmanager
def _matrix(product: Path) -> Iterator[h5py.Dataset]:
    try:
        with h5py.File(product, "r", locking=False) as file:
            yield file[KEY]
    except H5_ERRORS as error:
        found = f"a file that can't be read ({error})"
        cause = "it was damaged or replaced"
        raise ShardError.unfit(product, found, f"HDF5 with a dataset {KEY}", cause) from None
