"""Read the embeddings of a part, as .npy, .npz, .h5 or .parquet, in blocks of rows.

No file is trusted. The header must agree with the size of the file, and pickled objects are never loaded.
"""

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import h5py
import numpy as np

from laion2b.errors import ArrayError, PartError, explain
from laion2b.files import check_regular

from . import foreign, npy
from .blocks import BLOCK
from .emb import H5_ERRORS, KEY, half

ELSE = "the file holds something else"
NAME_IT = (
    "if one of them holds the embeddings, name it as `array` in config.yaml; else delete the file, and try another"
)
unsound = PartError.unsound


@dataclass(frozen=True)
class Embeddings:
    """The open embeddings of a part: a matrix of shape (rows, dimensions)."""

    path: Path
    rows: int
    dimensions: int
    dtype: np.dtype
    fortran_order: bool
    _read: Callable[[], Iterator[np.ndarray]]

    def check_dimensions(self, dimensions: int) -> None:
        """Raise PartError unless each embedding has this many numbers."""
        if self.dimensions != dimensions:
            raise PartError(
                explain(
                    self.path,
                    found=f"{self.dimensions} dimensions",
                    expected=f"{dimensions}",
                    cause="the embeddings come from another model than `dimensions` in config.yaml says",
                    do=f"set `dimensions: {self.dimensions}`, which downloads nothing again, or fix `mirrors` and "
                    "delete the file",
                )
            )

    def conversion(self) -> str | None:
        """Return what must change to get little-endian numbers in C order, or None if nothing must."""
        changes = []
        if self.dtype.newbyteorder("<") != self.dtype:
            changes.append("big-endian numbers are swapped to little-endian")
        if self.fortran_order:
            changes.append("the matrix is turned from Fortran order to C order")
        return " and ".join(changes) or None

    def stored(self) -> Iterator[np.ndarray]:
        """Yield all rows in order as they are stored. A block is only valid until the next one."""
        return self._read()

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield all rows in order as C-contiguous `<f2` arrays of shape (n, dimensions).

        A block is only valid until the next one, because the memory is used again.
        """
        yield from map(half, self._read())


@contextmanager
def open_embeddings(path: Path, ending: str | None = None, array: str | None = None) -> Iterator[Embeddings]:
    """Open the embeddings of a part of shape (rows, dimensions), float16, float32 or float64.

    `ending` says what the file is if its name does not (`.part`). `array` is the name of the array, the dataset or the
    column that holds them, if the file may hold several. Else the name is KEY, or one that `vectors` knows. Raises
    PartError if the file is not sound.
    """
    check_regular(path)
    ending = ending or path.suffix.lower()
    opener = {".npy": _open_npy, ".npz": _open_npz, ".h5": _open_h5, ".parquet": _open_parquet}[ending]
    try:
        with opener(path, array) as embeddings:
            yield embeddings
    except MemoryError:
        cause = "a few bytes unpack to very many, by accident or with bad intent"
        raise unsound(path, "data that take too much memory", "rows that can be read in small pieces", cause) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
        if isinstance(error, OSError) and error.filename:
            raise  # about a file that is written meanwhile, or about the path
        raise unsound(path, f"a file that can't be read ({error})", f"sound embeddings ({ending})") from None


@contextmanager
def _open_npy(path: Path, _: str | None) -> Iterator[Embeddings]:
    with path.open("rb", buffering=0) as stream:
        shape, fortran_order, dtype = _npy_header(path, stream)
        offset = stream.tell()
        _check_size(path, path.stat().st_size - offset, shape, dtype)

        def read() -> Iterator[np.ndarray]:
            if fortran_order:
                matrix = np.memmap(path, dtype, "r", offset, shape, order="F")
                return _slices(matrix, _rows_per_block(shape[1], dtype))
            stream.seek(offset)
            return _stream(path, stream, shape, dtype)

        yield Embeddings(path, *shape, dtype, fortran_order, read)


@contextmanager
def _open_npz(path: Path, array: str | None) -> Iterator[Embeddings]:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".npy")]
        name = names[0] if len(names) == 1 and not array else f"{array or KEY}.npy"
        if names.count(name) != 1:
            keys = ", ".join(each.removesuffix(".npy") for each in names[:10]) or "none"
            expected = f"one named {array}" if array else f"one array, or one named {KEY}"
            raise ArrayError.unsound(path, f"the arrays {keys}", expected, ELSE, NAME_IT)
        with archive.open(name) as stream:
            shape, fortran_order, dtype = _npy_header(path, stream)
            offset = stream.tell()
        _check_size(path, archive.getinfo(name).file_size - offset, shape, dtype)
        if fortran_order:
            raise unsound(path, "a matrix in Fortran order inside an .npz", "C order", "it was saved transposed")

        def read() -> Iterator[np.ndarray]:
            with archive.open(name) as stream:
                stream.read(offset)
                yield from _stream(path, stream, shape, dtype)
                stream.read()  # to the end, where zipfile compares the checksum

        yield Embeddings(path, *shape, dtype, fortran_order, read)


@contextmanager
def _open_h5(path: Path, array: str | None) -> Iterator[Embeddings]:
    name = array or KEY
    try:
        file = h5py.File(path, "r", locking=False)
    except OSError as error:
        raise unsound(path, *foreign.unopened(error, f"HDF5 with a dataset {name}")) from None
    with file:
        try:
            matrix, rows = _h5_matrix(path, file, name)
        except H5_ERRORS as error:
            raise unsound(path, f"a structure that HDF5 can't read ({error})", f"a dataset {name}") from None
        count, dimensions = matrix.shape
        yield Embeddings(path, count, dimensions, matrix.dtype, False, lambda: _h5_slices(path, matrix, rows))


@contextmanager
def _open_parquet(path: Path, array: str | None) -> Iterator[Embeddings]:
    from .vectors import open_vectors  # with Arrow, which the other forms don't need

    with open_vectors(path, array) as vectors:
        shape = _check_matrix(path, (vectors.rows, vectors.dimensions), vectors.dtype)
        rows = _rows_per_block(vectors.dimensions, vectors.dtype)
        yield Embeddings(path, *shape, vectors.dtype, False, lambda: vectors.blocks(rows))


def _h5_matrix(path: Path, file: h5py.File, name: str) -> tuple[h5py.Dataset, int]:
    """Return the dataset and how many of its rows to read at once."""
    link, matrix = file.get(name, getlink=True), file.get(name)
    if not isinstance(link, h5py.HardLink) or not isinstance(matrix, h5py.Dataset) or matrix.shape is None:
        there = ", ".join(list(file)[:10]) or "nothing"
        found = f"no dataset {name} of its own, but {there}"
        raise ArrayError.unsound(path, found, f"a dataset {name}", ELSE, NAME_IT)
    if matrix.external or matrix.is_virtual:
        raise unsound(path, "data that lie in other files", "data in the file itself", "it was made for another place")
    shape = _check_matrix(path, matrix.shape, matrix.dtype)
    if flaw := foreign.flaw(matrix):
        raise unsound(path, *flaw)
    rows = max(_rows_per_block(shape[1], matrix.dtype), matrix.chunks[0] if matrix.chunks else 0)
    return matrix, rows


def _npy_header(path: Path, stream: IO[bytes] | io.FileIO) -> tuple[tuple[int, int], bool, np.dtype]:
    shape, fortran_order, dtype = npy.read_header(path, stream)
    return _check_matrix(path, shape, dtype), fortran_order and shape[1] > 1, dtype


def _check_matrix(path: Path, shape: tuple[int, ...], dtype: np.dtype) -> tuple[int, int]:
    if dtype.hasobject:
        raise unsound(path, "pickled objects", "numbers", "the file was saved with pickle, or with bad intent")
    if dtype.kind != "f" or dtype.itemsize not in (2, 4, 8):
        raise unsound(path, f"numbers of type {dtype}", "float16 (or float32, float64)", ELSE)
    if len(shape) != 2 or min(shape) < 0 or shape[1] == 0:
        raise unsound(path, f"shape {shape}", "(rows, dimensions)", ELSE)
    return shape


def _check_size(path: Path, size: int, shape: tuple[int, int], dtype: np.dtype) -> None:
    expected = shape[0] * shape[1] * dtype.itemsize
    if size != expected:
        raise unsound(
            path,
            f"{size:,} bytes of data",
            f"{expected:,}, because its header says {shape[0]:,} x {shape[1]} of {dtype}",
        )


def _rows_per_block(dimensions: int, dtype: np.dtype) -> int:
    return max(1, BLOCK // (dimensions * dtype.itemsize))


def _stream(path: Path, stream: Any, shape: tuple[int, int], dtype: np.dtype) -> Iterator[np.ndarray]:
    rows, dimensions = shape
    per_block = _rows_per_block(dimensions, dtype)
    buffer = memoryview(bytearray(per_block * dimensions * dtype.itemsize))
    for start in range(0, rows, per_block):
        block = buffer[: min(per_block, rows - start) * dimensions * dtype.itemsize]
        filled = 0
        while filled < len(block):
            count = stream.readinto(block[filled:])
            if not count:
                raise unsound(path, f"the end of the file in row {start:,} or soon after", f"{rows:,} rows")
            filled += count
        yield np.frombuffer(block, dtype).reshape(-1, dimensions)


def _slices(matrix: np.ndarray, per_block: int) -> Iterator[np.ndarray]:
    for start in range(0, matrix.shape[0], per_block):
        yield np.ascontiguousarray(matrix[start : start + per_block])


def _h5_slices(path: Path, matrix: h5py.Dataset, per_block: int) -> Iterator[np.ndarray]:
    try:
        yield from _slices(matrix, per_block)
    except H5_ERRORS as error:
        raise unsound(path, f"rows that HDF5 can't read ({error})", "sound data") from None
