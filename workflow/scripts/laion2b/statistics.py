"""Norms, odd rows and duplicates of a subset's embeddings, in one pass over blocks of rows, about as fast as a disk."""

import numpy as np

from .census import Census
from .duplicates import Duplicates
from .embeddings import HALF

TOLERANCE = 6e-5
"""How far from 1 the norm of a unit vector may be once its numbers are rounded to float16."""
EDGES = np.linspace(-1e-4, 1e-4, 41)
"""Edges of the histogram of norm - 1; the tolerance is one of them."""
ROWS_AT_ONCE = 512
"""Rows whose numbers are widened at once: they stay in the CPU's cache."""
REBIASED = np.float32(2.0**112)
"""The exponents of float16 and float32 count from 15 and 127, so bits that are only shifted are this much too small."""
BEYOND = 2**16
"""Where infinity and NaN of float16 come to lie then, past its largest number."""


class Statistics:
    """Counts what is unusual about the rows seen so far, and draws the histogram of their norms."""

    def __init__(self) -> None:
        self.rows = 0
        self.unusual = 0
        self._histogram = np.zeros(len(EDGES) - 1, np.int64)
        self._below = self._above = 0
        self._census, self._duplicates = Census(), Duplicates()

    def add(self, block: np.ndarray) -> None:
        """Count the rows of a C-contiguous `<f2` array of shape (n, dimensions). Raises ValueError for any other."""
        if block.ndim != 2 or block.dtype != HALF or not block.flags.c_contiguous:
            raise ValueError(f"statistics want C-contiguous rows of float16, not {block.dtype} of shape {block.shape}")
        for start in range(0, len(block), ROWS_AT_ONCE):
            self._add(block[start : start + ROWS_AT_ONCE])

    def result(self) -> dict:
        """Return the counts, as JSON can hold them.

        `rows` seen; of these `zero` rows, `not_finite` ones (NaN or infinity), and `unusual` ones whose norm is further
        from 1 than `tolerance`; none is counted twice. `norms`: `edges` of bins of norm - 1, `counts` of the other rows
        in each, and how many lie `below` and `above`. `duplicates`: see Duplicates; zero rows are not among them.
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
    """Return the squared norm of each row of an `<f2` array of shape (n, dimensions), float64; not finite: infinity.

    NumPy widens float16 at a fraction of a disk's speed, so the bits are moved to their places in float32 instead.
    """
    bits = np.left_shift(block.view(np.uint16) & 0x7FFF, 13, dtype=np.uint32, casting="unsafe")
    numbers = bits.view(np.float32)
    numbers *= REBIASED
    squares = np.einsum("ij,ij->i", numbers, numbers).astype(np.float64)
    if numbers.max(initial=0) >= BEYOND:
        squares[(numbers >= BEYOND).any(axis=1)] = np.inf
    return squares
