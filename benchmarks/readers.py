"""Ways to read embeddings, as commands: `python -m benchmarks.readers PATTERN WAY FILE`. They time themselves."""

import sys

import h5py
import numpy as np

from benchmarks.clock import timed

ROWS = 20_000
"""Rows that are read one by one, or by one fancy index."""
BLOCK = 2_000


def opened(way: str, file: str) -> object:
    """Return what is indexed like an array of shape (rows, dimensions)."""
    if way == "h5py":
        return h5py.File(file)["emb"]
    if way == "train":
        return h5py.File(file)["train"]
    if way == "astype":
        return h5py.File(file)["emb"].astype(np.float32)
    if way == "npy":
        return np.load(file, mmap_mode="r")
    with h5py.File(file) as container:
        emb = container["emb"]
        return np.memmap(file, "<f2", "r", emb.id.get_offset(), emb.shape)


def main(pattern: str, way: str, file: str) -> None:
    """Read all rows in order, or some at random, and print a checksum so that nothing is left out."""
    emb = opened(way, file)
    rows = np.random.default_rng(0).choice(len(emb), min(ROWS, len(emb)), replace=False)
    is_mapped = True if way in ("map", "npy") else None  # h5py has copied the rows already
    total = 0.0
    with timed():
        if pattern == "sequential":
            for first in range(0, len(emb), BLOCK):
                total += float(np.array(emb[first : first + BLOCK], copy=is_mapped)[:, 0].astype("f8").sum())
        elif pattern == "random":
            for row in rows.tolist():
                total += float(np.array(emb[row], copy=is_mapped)[0])
        else:
            total = float(np.array(emb[np.sort(rows)], copy=is_mapped)[:, 0].astype("f8").sum())
    print(f"checksum {total}")


if __name__ == "__main__":
    main(*sys.argv[1:])
