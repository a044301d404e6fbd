"""The HDF5 files that this project writes: one dataset `emb` of float16, in one piece or virtual.

h5py, HDF5.jl and JLD2.jl all open data that are contiguous, without filters, and in the oldest file format. The data
begin at a page of the disk. HDF5 only lays the file out. The bytes are written to the offset of the dataset directly,
because that is several times faster. Nothing in the file depends on the time or the machine, so the same rows give the
same file. HDF5's own locks are off, because they fail on some network file systems. `files.locked` admits one writer.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import h5py
import numpy as np

from laion2b.errors import ConfigError, ShardError, explain, mistake
from laion2b.files import Output, allocate

from . import foreign
from .blocks import BLOCK
from .emb import H5_ERRORS, HALF, KEY

EMPTY: Mapping[str, str] = MappingProxyType({})
PAGE = 4096
"""The offset of the data is a multiple of this. So users can memory-map them, and file systems can share them."""
MOST_SOURCES = 900
"""A virtual dataset may point to at most this many shards. HDF5 keeps each one open. Beyond the process limit, usually
1,024 files, it reads fill values as if the shard were missing."""


@dataclass(frozen=True)
class Matrix:
    """Where the dataset `emb` of shape (rows, dimensions) is in its file. `offset` and `size` are in bytes."""

    path: Path
    rows: int
    dimensions: int
    offset: int

    @property
    def size(self) -> int:
        """Bytes of the data."""
        return self.rows * self.dimensions * HALF.itemsize


@contextmanager
def create(
    path: Path, rows: int, dimensions: int, parts: Sequence[tuple[str, int]] = (), about: Mapping[str, str] = EMPTY
) -> Iterator[Output]:
    """Lay out a new file for `rows` embeddings, and yield an output at the first byte of the data.

    `parts` are the numbers of the parts that the rows come from, in order, and the rows of each. They become the
    attributes `parts` and `rows`. `about` are further attributes, of text. All space is allocated first, if possible.
    """
    with new_file(path, rows * dimensions * HALF.itemsize) as file:
        dataset = lay_out(file, KEY, (rows, dimensions), h5py.h5t.IEEE_F16LE)
        _describe(dataset, parts, about)
        offset = place(dataset)
    with written_past(path, offset, rows * dimensions * HALF.itemsize) as output:
        yield output


def new_file(path: Path, size: int) -> h5py.File:
    """Return a new HDF5 file whose largest dataset, of `size` bytes, will begin at a page boundary."""
    # Only objects of at least the threshold are aligned: the data, and nothing of the small things around it.
    return h5py.File(path, "w", locking=False, alignment_threshold=min(size, PAGE) or 1, alignment_interval=PAGE)


def lay_out(file: h5py.File, name: str, shape: tuple[int, int], kind: h5py.h5t.TypeID) -> h5py.Dataset:
    """Return a new dataset that has no place in the file yet. Nothing in it depends on the time."""
    layout = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    layout.set_obj_track_times(False)
    if shape[0]:
        layout.set_layout(h5py.h5d.CONTIGUOUS)
        layout.set_alloc_time(h5py.h5d.ALLOC_TIME_LATE)
        layout.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    else:
        layout.set_layout(h5py.h5d.COMPACT)  # an empty contiguous dataset loses its shape in JLD2
    h5py.h5d.create(file.id, name.encode(), kind, h5py.h5s.create_simple(shape), layout)
    return file[name]


def place(dataset: h5py.Dataset) -> int:
    """Give a dataset its place at the end of its file as it is now, and return the offset of its first byte."""
    if len(dataset):
        dataset[0, 0] = 0  # this allocates
    return dataset.id.get_offset() or 0


@contextmanager
def written_past(path: Path, offset: int, size: int) -> Iterator[Output]:
    """Yield an output that writes the `size` bytes of a dataset at `offset`, without HDF5, after their allocation."""
    descriptor = os.open(path, os.O_WRONLY)
    try:
        if size:
            allocate(descriptor, offset + size, path)
        yield Output(descriptor, offset)
    finally:
        os.close(descriptor)


def _describe(dataset: h5py.Dataset, parts: Sequence[tuple[str, int]], about: Mapping[str, str]) -> None:
    if parts:
        dataset.attrs.create("parts", [int(part) for part, _ in parts], dtype="<u4")
        dataset.attrs.create("rows", [rows for _, rows in parts], dtype="<u8")
    for name, text in about.items():
        dataset.attrs.create(name, np.bytes_(text.encode()))  # of fixed length, so it is in the header, as it is


def create_virtual(
    path: Path, matrices: Sequence[Matrix], folder: Path,
    parts: Sequence[tuple[str, int]] = (), about: Mapping[str, str] = EMPTY,
) -> None:  # fmt: skip
    """Write a virtual dataset `emb` that points to the rows of `matrices`. The file will be in `folder`.

    It copies nothing. Paths are relative, so it can move together with the shards. If a shard is missing, HDF5 gives no
    error, but reads the fill value. That is NaN, because a search would take zeros for data. Raises ConfigError if
    there are too many shards.
    """
    if len(matrices) > MOST_SOURCES:
        found = f"virtual for {path.with_suffix('').name}, which has {len(matrices):,} shards"
        expected = f"at most {MOST_SOURCES} shards, because HDF5 keeps each one open"
        raise ConfigError(mistake("layout", found, expected, "set `layout: contiguous`"))
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
        _describe(file[KEY], parts, about)


@contextmanager
def open_dataset(path: Path) -> Iterator[h5py.Dataset]:
    """Open a file and yield what is named `emb` in it. Raises one of H5_ERRORS if there is nothing."""
    with h5py.File(path, "r", locking=False) as file:
        yield file[KEY]


def shards_of_virtual(path: Path) -> list[Path]:
    """Return the files that a virtual product points to. Any other file gives an empty list."""
    try:
        with open_dataset(path) as matrix:
            return [path.parent / each.file_name for each in matrix.virtual_sources()] if matrix.is_virtual else []
    except H5_ERRORS:
        return []


@dataclass(frozen=True)
class Product:
    """An open product, or a copy of one in any layout: `emb` of shape (rows, dimensions)."""

    rows: int
    dimensions: int
    parts: dict[int, int] | None
    """Rows of each part, in order. None if the file does not say it."""
    about: Mapping[str, str]
    """Further attributes, those that hold text."""
    _dataset: h5py.Dataset

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator["Product"]:
        """Open a product. Raises ShardError if it can't be read as one."""
        try:
            file = h5py.File(path, "r", locking=False)
        except H5_ERRORS as error:
            raise _unreadable(path, foreign.unopened(error, KEY).found) from None
        with file:
            dataset = file.get(KEY)
            is_matrix = isinstance(dataset, h5py.Dataset) and dataset.ndim == 2 and dataset.shape[1]
            if not is_matrix or dataset.dtype != HALF:
                raise _unreadable(path, f"no matrix {KEY} of float16, but {', '.join(file) or 'nothing'}")
            try:
                flaw = foreign.flaw(dataset)
            except H5_ERRORS as error:
                raise _unreadable(path, f"a structure that HDF5 can't read ({error})") from None
            if flaw:
                raise _unreadable(path, flaw.found)
            try:
                parts = _parts(dataset)
            except H5_ERRORS:
                raise _unreadable(path, "attributes `parts` and `rows` that don't belong together") from None
            rows, dimensions = dataset.shape
            yield cls(rows, dimensions, parts, _about(dataset), dataset)

    def blocks(self, start: int, count: int) -> Iterator[np.ndarray]:
        """Yield `count` rows from row `start` on, or up to the last one, in arrays of shape (n, dimensions).

        An array is only valid until the next one.
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


def _about(dataset: h5py.Dataset) -> dict[str, str]:
    """Return the attributes of a dataset that hold text of fixed length, as `create` writes it."""
    ids = {name: dataset.attrs.get_id(name) for name in dataset.attrs}
    texts = [name for name, each in ids.items() if each.shape == () and each.dtype.kind == "S"]
    return {name: dataset.attrs[name].decode(errors="replace") for name in texts}


def _unreadable(path: Path, found: str) -> ShardError:
    expected = f"HDF5 with a float16 matrix {KEY}"
    do = "compare its size and hash with those of its source, and copy or build it again"
    return ShardError(
        explain(path, found=found, expected=expected, cause="the file is cut, damaged, or another one", do=do)
    )


def find_data(path: Path) -> Matrix:
    """Find the embeddings in a file that `create` made. Raises ShardError if it is another file, or cut."""
    try:
        with open_dataset(path) as dataset:
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
