"""Norms, unusual rows and duplicates of embeddings, in one pass that is about as fast as a disk."""

import numpy as np

from laion2b.formats.emb import HALF
from laion2b.shards.census import Census

from .duplicates import Duplicates

TOLERANCE = 6e-5
"""How far the norm of a unit vector may be from 1 after its numbers are rounded to float16."""
EDGES = np.linspace(-1e-4, 1e-4, 41)
"""Edges of the histogram of norm - 1. The tolerance is one of them."""
ROWS_AT_ONCE = 512
"""Rows that are converted at once. They stay in the CPU's cache."""
REBIASED = np.float32(2.0**112)
"""Exponents count from 15 in float16, from 127 in float32. So moved bits give a number too small by this factor."""
BEYOND = 2**16
"""Infinity and NaN of float16 become numbers from here on, above its largest number."""


class Statistics:
    """Counts unusual rows, and makes the histogram of the norms of all rows."""

    def __init__(self) -> None:
        self.rows = 0
        self.unusual = 0
        self._histogram = np.zeros(len(EDGES) - 1, np.int64)
        self._below = self._above = 0
        self._census, self._duplicates = Census(), Duplicates()

    def add(self, block: np.ndarray) -> None:
        """Count the rows of a C-contiguous `<f2` array of shape (n, dimensions). Raises ValueError for any other."""
        if block.ndim != 2 or block.dtype != HALF or not block.flags.c_contiguous:
            raise ValueError(f"statistics need C-contiguous rows of float16, not {block.dtype} of shape {block.shape}")
        for start in range(0, len(block), ROWS_AT_ONCE):
            self._add(block[start : start + ROWS_AT_ONCE])

    def result(self) -> dict:
        """Return the counts, as JSON can hold them.

        - `rows`: all rows.
        - `zero`, `not_finite` (NaN or infinity), `unusual` (a norm that differs from 1 by more than `tolerance`): rows
          of these kinds. No row is counted twice.
        - `norms`: `edges` of bins of norm - 1, `counts` of the other rows in each, and those `below` and `above`.
        - `duplicates`: see Duplicates. Zero rows are left out.
        """
        return {
            "rows": self.rows,
            "zero": self._census.zero,
            "not_finite": self._census.not_finite,
            "unusual": self.unusual,
            "tolerance": TOLERANCE,
            "norms": {
                "edges": EDGES.round(8).tolist(),
                "counts": self._histogram.tolist(),
                "below": self._below,
                "above": self._above,
            },
            "duplicates": self._duplicates.result(),
        }

    def _add(self, block: np.ndarray) -> None:
        self.rows += len(block)
        self._census.count(block, np.ones(len(block), bool))
        squares = squared_norms(block)
        if not squares.all():
            block, squares = block[squares > 0], squares[squares > 0]
        self._duplicates.add(block)
        deviations = np.sqrt(squares[squares < np.inf]) - 1
        self.unusual += int((np.abs(deviations) > TOLERANCE).sum())
        self._below += int((deviations < EDGES[0]).sum())
        self._above += int((deviations > EDGES[-1]).sum())
        self._histogram += np.histogram(deviations, EDGES)[0]


def squared_norms(block: np.ndarray) -> np.ndarray:
    """Return the squared norm of each row of an `<f2` array of shape (n, dimensions), float64.

    A row that is not finite gets infinity. NumPy converts float16 much slower than a disk reads it. So the bits are
    moved to their places in float32 instead.
    """
    bits = np.left_shift(block.view(np.uint16) & 0x7FFF, 13, dtype=np.uint32, casting="unsafe")
    numbers = bits.view(np.float32)
    numbers *= REBIASED
    squares = np.einsum("ij,ij->i", numbers, numbers).astype(np.float64)
    if numbers.max(initial=0) >= BEYOND:
        squares[(numbers >= BEYOND).any(axis=1)] = np.inf
    return squares
