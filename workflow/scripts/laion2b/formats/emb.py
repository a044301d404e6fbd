"""What all files of embeddings have in common, those of others and ours."""

import numpy as np

KEY = "emb"
"""The name of the dataset."""
HALF = np.dtype("<f2")
"""float16, little-endian: what shards and products hold."""
H5_ERRORS = (OSError, ValueError, TypeError, RuntimeError, KeyError, AttributeError)
"""What h5py raises for damaged files, found by fuzzing."""


def half(block: np.ndarray) -> np.ndarray:
    """Return a block as `<f2`, rounded to nearest, ties to even. What is too large becomes infinity."""
    if block.dtype == HALF:
        return block
    with np.errstate(over="ignore"):
        return block.astype(HALF)


def rounded(block: np.ndarray, halves: np.ndarray) -> np.ndarray:
    """Tell for each row of a block whether float16, as `half` returned it, holds other numbers; bool of shape (n,)."""
    if block.dtype.itemsize == HALF.itemsize:
        return np.zeros(len(block), bool)
    return ((halves.astype(block.dtype) != block) & ~np.isnan(block)).any(axis=1)
