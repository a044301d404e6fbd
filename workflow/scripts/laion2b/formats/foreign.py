"""HDF5 files that others wrote: the checks before their rows are read."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import h5py

LARGEST_PIECE = 64 * 1024 * 1024
"""Bytes at most of a row, and of a chunk, which is compressed together. They are in memory at once."""
REPACK = "write it again in other chunks with h5repack, or try another mirror"
LOCKED = "consistency flags"
"""Part of HDF5's message about a file that its writer did not close."""


class Flaw(NamedTuple):
    """Why a file can't be used, in the words of `errors.explain`."""

    found: str
    expected: str
    cause: str | None = None
    do: str | None = None


def unopened(error: Exception, expected: str) -> Flaw:
    """Return what is wrong with a file that HDF5 can't open."""
    if LOCKED in str(error):
        return Flaw(
            "a file that is marked as open for writing",
            expected,
            "its writer still works on it, or was killed, so the last rows may be missing",
            "wait for the writer, or write the file again. If you know that it is complete, remove the mark with "
            "`h5clear --status FILE`",
        )
    return Flaw(f"a file that HDF5 can't open ({error})", expected)


def flaw(matrix: h5py.Dataset) -> Flaw | None:
    """Return the first reason not to read the rows of a dataset of shape (rows, dimensions), or None.

    The files that a virtual dataset points to are not checked.
    """
    return next(_flaws(matrix), None)


def _flaws(matrix: h5py.Dataset) -> Iterator[Flaw]:
    row = matrix.shape[1] * matrix.dtype.itemsize
    if row > LARGEST_PIECE:
        yield Flaw(f"rows of {row:,} bytes", f"at most {LARGEST_PIECE:,}", "the file holds something else")
    if matrix.is_virtual or not matrix.size:
        return
    if matrix.chunks:
        yield from _chunk_flaws(matrix)
    elif matrix.id.get_create_plist().get_layout() == h5py.h5d.CONTIGUOUS and not matrix.id.get_storage_size():
        yield _half_written("none of its rows")


def _chunk_flaws(matrix: h5py.Dataset) -> Iterator[Flaw]:
    piece = math.prod(matrix.chunks) * matrix.dtype.itemsize
    rows = max(piece, matrix.chunks[0] * matrix.shape[1] * matrix.dtype.itemsize)
    if rows > LARGEST_PIECE:
        found = f"chunks of {matrix.chunks[0]:,} x {matrix.chunks[1]:,} numbers"
        cause = "it was written in pieces that are too large"
        yield Flaw(found, f"rows in pieces of at most {LARGEST_PIECE:,} bytes", cause, REPACK)
    expected = math.prod(-(-size // chunk) for size, chunk in zip(matrix.shape, matrix.chunks, strict=True))
    there = matrix.id.get_num_chunks()
    if there < expected:
        yield _half_written(f"{there:,} of {expected:,} chunks")
    if missing := _missing_filters(matrix):
        yield Flaw(
            f"rows that are packed by the HDF5 filter {missing}",
            "a filter that is installed here",
            "the file was written with a plugin for HDF5",
            "repack it with `h5repack --filter GZIP=4` where the plugin is, or set HDF5_PLUGIN_PATH to its folder",
        )


def _half_written(there: str) -> Flaw:
    return Flaw(
        f"{there} written, and HDF5 reads the others as zeros",
        "all rows",
        "the program that wrote the file was stopped",
        "write the file again, or try another mirror",
    )


def _missing_filters(matrix: h5py.Dataset) -> str:
    layout = matrix.id.get_create_plist()
    skipped = matrix.id.get_chunk_info(0).filter_mask  # a bit for each filter that this chunk was written without
    filters = [layout.get_filter(number) for number in range(layout.get_nfilters())]
    missing = [
        f"{code} ({name.decode(errors='replace') or 'without a name'})"
        for number, (code, _, _, name) in enumerate(filters)
        if not skipped >> number & 1 and not h5py.h5z.filter_avail(code)
    ]
    return " and ".join(missing)
