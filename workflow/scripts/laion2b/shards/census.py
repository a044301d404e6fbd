"""Count unusual rows that are kept: all zero, or with a value that is not finite."""

from dataclasses import dataclass

import numpy as np

INFINITE = 0x7C00
"""Bit pattern of infinity in float16. NaNs are above it."""
MINUS_INFINITE = 0xFC00


@dataclass
class Census:
    """How many of the rows seen so far are all zero, how many hold NaN or an infinity, and how many were rounded."""

    zero: int = 0
    not_finite: int = 0
    rounded: int = 0

    def count(self, block: np.ndarray, mask: np.ndarray) -> None:
        """Count the kept rows of a block of `<f2`, shape (n, dimensions). Reads each number twice."""
        starts_with_zero = np.flatnonzero((block[:, 0] == 0) & mask)
        self.zero += int((~block[starts_with_zero].any(axis=1)).sum())
        # As integers, positive infinity and NaNs are the largest signed values, negative ones the largest unsigned.
        if block.view(np.int16).max() >= INFINITE or block.view(np.uint16).max() >= MINUS_INFINITE:
            self.not_finite += int((~np.isfinite(block).all(axis=1) & mask).sum())
