"""Matrices in one binary file, as libraries for nearest-neighbor search read them: .f16bin, .fbin, .ibin, .fvecs.

The "bin" forms have a header of two uint32, rows and columns, and then all numbers row by row. The "vecs" forms have
no header: an int32 before each row says how many numbers it has. All is little-endian.
Sources: big-ann-benchmarks.com (bin), corpus-texmex.irisa.fr (vecs).
"""

import struct
from pathlib import Path

import numpy as np

from laion2b.errors import ConfigError
from laion2b.files import appearing

KINDS: dict[str, np.dtype] = {
    "f16bin": np.dtype("<f2"),
    "fbin": np.dtype("<f4"),
    "ibin": np.dtype("<i4"),
    "fvecs": np.dtype("<f4"),
    "ivecs": np.dtype("<i4"),
}
"""The type of the numbers, by the ending of the file."""
MOST = 2**32 - 1
"""Rows that a header can count."""


def header(rows: int, columns: int) -> bytes:
    """Return the eight bytes before a matrix. Raises ConfigError if they can't count its rows."""
    if rows > MOST:
        raise ConfigError(f"A .bin file holds {MOST:,} rows at most, but there are {rows:,}. Ask for a smaller subset.")
    return struct.pack("<2I", rows, columns)


def size(kind: str, rows: int, columns: int) -> int:
    """Return the bytes of a file with a matrix of this shape."""
    numbers = rows * columns * KINDS[kind].itemsize
    return numbers + (4 * rows if kind.endswith("vecs") else 8)


def encoded(kind: str, block: np.ndarray) -> memoryview:
    """Return the bytes of rows, shape (n, columns), as a file of this kind holds them; without a header."""
    numbers = KINDS[kind]
    if kind.endswith("vecs"):
        lines = np.empty(len(block), [("columns", "<i4"), ("row", numbers, (block.shape[1],))])
        lines["columns"], lines["row"] = block.shape[1], block
        return memoryview(lines.view(np.uint8))
    return memoryview(np.ascontiguousarray(block, numbers)).cast("B") if block.size else memoryview(b"")


def write(path: Path, *matrices: np.ndarray) -> None:
    """Write a matrix; `path` ends in its kind. Of several of one shape, the numbers follow (.bin: ids, distances)."""
    kind = path.suffix[1:]
    with appearing(path) as (temporary,), temporary.open("wb") as file:
        if not kind.endswith("vecs"):
            file.write(header(*matrices[0].shape))
        for matrix in matrices:
            file.write(encoded(kind, matrix) if kind in KINDS else matrix.tobytes())
