"""The HDF5 files this project writes: one dataset `emb`, float16, in one piece, at a page boundary; or a view of such.

Contiguous, unfiltered and in the oldest file format is what h5py, HDF5.jl and JLD2.jl all open. The library only lays
the file out; the bytes are written past it, at the dataset's offset, because that is several times faster.
Nothing in the file depends on the time or the machine: the same rows give the same file.
HDF5's own locks are off: they fail on some network file systems, and `files.locked` provides for one writer.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from .embeddings import BLOCK, H5_ERRORS, HALF, KEY
from .errors import ConfigError, ShardError, explain
from .files import Output, allocate

PAGE = 4096
"""The offset of the data is a multiple of this, so that users can memory-map it, and file systems can share it."""
MOST_SOURCES = 900
"""Shards that a view may have. HDF5 keeps all of them open, and takes one that it can't open for one that is gone; 1024
open files are what a process may usually have."""


@dataclass(frozen=True)
class Matrix:
    """Where in its file the dataset `emb` of shape (rows, dimensions) lies, `offset` and `size` in bytes."""

    path: Path
    rows: int
    dimensions: int
    offset: int

    @property
    def size(self) -> int:
        """Bytes of the data."""
        return self.rows * self.dimensions * HALF.itemsize


@contextmanager
def create(path: Path, rows: int, dimensions: int, parts: Sequence[tuple[str, int]] = ()) -> Iterator[Output]:
    """Lay out a new file for `rows` embeddings and yield an output that stands at the first byte of the data.

    `parts` are the numbers of the parts that the rows come from, in order, and the rows of each: the attributes `parts`
    and `rows`.
    All space is allocated first where that is possible, so a disk that is too small shows before any time is lost.
    """
    size = rows * dimensions * HALF.itemsize
    # Only objects of at least the threshold are aligned: the data, and nothing of the small things around it.
    with h5py.File(path, "w", locking=False, alignment_threshold=min(size, PAGE) or 1, alignment_interval=PAGE) as file:
        layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        layout.set_obj_track_times(False)
        if rows:
            layout.set_layout(h5py.h5d.CONTIGUOUS)
            layout.set_alloc_time(h5py.h5d.ALLOC_TIME_LATE)
            layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        else:
            layout.set_layout(h5py.h5d.COMPACT)  # an empty contiguous dataset loses its shape in JLD2
        space = h5py.h5s.create_simple((rows, dimensions))
        dataset = h5py.h5d.create(file.id, KEY.encode(), h5py.h5t.IEEE_F16LE, space, layout)
        _describe(file[KEY], parts)
        if rows:
            file[KEY][0, 0] = 0  # allocates, so that the data come last in the file
        offset = dataset.get_offset() or 0
    descriptor = os.open(path, os.O_WRONLY)
    try:
        if rows:
            allocate(descriptor, offset + size, path)
        yield Output(descriptor, offset)
    finally:
        os.close(descriptor)


def _describe(dataset: h5py.Dataset, parts: Sequence[tuple[str, int]]) -> None:
    if parts:
        dataset.attrs.create("parts", [int(part) for part, _ in parts], dtype="<u4")
        dataset.attrs.create("rows", [rows for _, rows in parts], dtype="<u8")


def create_view(path: Path, matrices: Sequence[Matrix], folder: Path, parts: Sequence[tuple[str, int]] = ()) -> None:
    """Write a virtual dataset `emb` that points to the rows of `matrices`, from `folder`, where the file will lie.

    It copies nothing. Paths are relative, so it can move together with the shards. Where a shard is gone, HDF5 tells
    no one, but shows the fill value: NaN, which no search takes for data, while zeros would pass.
    Raises ConfigError if there are too many.
    """
    if len(matrices) > MOST_SOURCES:
        raise ConfigError(
            f"`layout: virtual` is for {MOST_SOURCES} shards at most, but {path.with_suffix('').name} has "
            f"{len(matrices):,}: HDF5 keeps them all open, and shows NaN for those that it may not open any more. Set "
            "`layout: contiguous`."
        )
    dimensions = matrices[0].dimensions
    space = h5py.h5s.create_simple((sum(matrix.rows for matrix in matrices), dimensions))
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_obj_track_times(False)
    layout.set_fill_value(np.array(np.nan, HALF))
    first = 0
    for matrix in matrices:
        shape = matrix.rows, dimensions
        if matrix.rows:
            space.select_hyperslab((first, 0), shape)
            name = os.path.relpath(matrix.path, folder)
            layout.set_virtual(space, os.fsencode(name), KEY.encode(), h5py.h5s.create_simple(shape))
        first += matrix.rows
    space.select_all()
    with h5py.File(path, "w", locking=False) as file:
        h5py.h5d.create(file.id, KEY.encode(), h5py.h5t.IEEE_F16LE, space, layout)
        _describe(file[KEY], parts)


def sources(path: Path) -> list[Path]:
    """Return the files that a product points to, if it is a view; none for any other file."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            matrix = file[KEY]
            return [path.parent / each.file_name for each in matrix.virtual_sources()] if matrix.is_virtual else []
    except H5_ERRORS:
        return []


@dataclass(frozen=True)
class Product:
    """An open product, or a copy of one, however it is laid out: `emb` of shape (rows, dimensions)."""

    rows: int
    dimensions: int
    parts: dict[int, int] | None
    """Rows of each part, in order; None if the file does not say."""
    _dataset: h5py.Dataset

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator["Product"]:
        """Open a product. Raises ShardError if it can't be read as one."""
        try:
            file = h5py.File(path, "r", locking=False)
        except H5_ERRORS as error:
            raise _unreadable(path, f"a file that can't be read as HDF5 ({error})") from None
        with file:
            dataset = file.get(KEY)
            is_matrix = isinstance(dataset, h5py.Dataset) and dataset.ndim == 2 and dataset.shape[1]
            if not is_matrix or dataset.dtype != HALF:
                raise _unreadable(path, f"no matrix {KEY} of float16; it holds {', '.join(file) or 'nothing'}")
            try:
                parts = _parts(dataset)
            except H5_ERRORS:
                raise _unreadable(path, "attributes `parts` and `rows` that don't belong together") from None
            yield cls(*dataset.shape, parts, dataset)

    def blocks(self, start: int, count: int) -> Iterator[np.ndarray]:
        """Yield `count` rows from row `start` on, or as many as there are, in arrays of shape (n, dimensions).

        An array is only valid until the next one is asked for.
        """
        most = max(1, BLOCK // (self.dimensions * HALF.itemsize or 1))
        buffer = np.empty((most, self.dimensions), HALF)
        for first in range(start, min(start + count, self.rows), most):
            rows = min(most, start + count - first, self.rows - first)
            self._dataset.read_direct(buffer, np.s_[first : first + rows], np.s_[:rows])
            yield buffer[:rows]


def _parts(dataset: h5py.Dataset) -> dict[int, int] | None:
    if not {"parts", "rows"} & dataset.attrs.keys():
        return None
    return dict(zip(dataset.attrs["parts"].tolist(), dataset.attrs["rows"].tolist(), strict=True))


def _unreadable(path: Path, found: str) -> ShardError:
    expected = f"HDF5 with a float16 matrix {KEY}"
    do = "compare its size and hash with those of its source, and copy or build it again"
    return ShardError(
        explain(path, found=found, expected=expected, cause="the file is cut, damaged, or another one", do=do)
    )


def locate(path: Path) -> Matrix:
    """Find the embeddings in a file that `create` made. Raises ShardError if it is none, or is cut."""
    try:
        with h5py.File(path, "r", locking=False) as file:
            dataset = file[KEY]
            rows, dimensions = dataset.shape
            matrix = Matrix(path, rows, dimensions, dataset.id.get_offset() or 0)
            sound = dataset.dtype == HALF and (rows == 0 or matrix.offset > 0)
    except H5_ERRORS as error:
        raise _damaged(path, f"a file that can't be read as one ({error})") from None
    if not sound or path.stat().st_size < matrix.offset + matrix.size:
        raise _damaged(path, "another layout, or a file that ends early")
    return matrix


def _damaged(path: Path, found: str) -> ShardError:
    expected = f"HDF5 with a contiguous float16 dataset {KEY}"
    return ShardError.unfit(path, found, expected, "the file was damaged or replaced after it was written")
