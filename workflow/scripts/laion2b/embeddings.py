"""Read the embeddings of a part, as .npy, .npz or .h5, in blocks of rows.

Nothing is trusted: the header must agree with the size of the file, and pickled objects are never loaded.
"""

import io
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

from .errors import PartError

HALF = np.dtype("<f2")
BLOCK = 1024 * 1024
"""Bytes read at once: larger blocks leave the CPU's cache and take several times as long."""
LARGEST_CHUNK = 64 * 1024 * 1024
"""Bytes at most that rows of an .h5 which are compressed together may take."""
KEY = "emb"
unsound = PartError.unsound
HEADER_ERRORS = (ValueError, KeyError, TypeError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError)
"""What NumPy raises for headers that are none, found by fuzzing."""
H5_ERRORS = (OSError, ValueError, TypeError, RuntimeError, KeyError, AttributeError)
"""What h5py raises for damaged files, found by fuzzing."""


@dataclass(frozen=True)
class Embeddings:
    """The open embeddings of a part: a matrix of shape (rows, dimensions)."""

    path: Path
    rows: int
    dimensions: int
    dtype: np.dtype
    fortran_order: bool
    _read: Callable[[], Iterator[np.ndarray]]

    def conversion(self) -> str | None:
        """Return what has to change for the rows to be little-endian float16 in C order, or None if nothing has."""
        changes = []
        if self.dtype.itemsize != HALF.itemsize:
            changes.append("float32 is rounded to float16 (to nearest, ties to even)")
        if self.dtype.newbyteorder("<") != self.dtype:
            changes.append("big-endian numbers are swapped to little-endian")
        if self.fortran_order:
            changes.append("the matrix is turned from Fortran order to C order")
        return " and ".join(changes) or None

    def blocks(self) -> Iterator[np.ndarray]:
        """Yield all rows in order as C-contiguous `<f2` arrays of shape (n, dimensions).

        A block is only valid until the next one is asked for: the memory is used again.
        """
        for block in self._read():
            if block.dtype == HALF:
                yield block
            else:
                with np.errstate(over="ignore"):
                    yield block.astype(HALF)


@contextmanager
def open_embeddings(path: Path, ending: str | None = None) -> Iterator[Embeddings]:
    """Open the embeddings of a part of shape (rows, dimensions), float16 or float32.

    `ending` says what the file is where its name does not (`.part`). Raises PartError if the file is not sound.
    """
    ending = ending or path.suffix.lower()
    opener = {".npy": _open_npy, ".npz": _open_npz, ".h5": _open_h5}[ending]
    try:
        with opener(path) as embeddings:
            yield embeddings
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
        if isinstance(error, OSError) and error.filename:
            raise  # of another file, which is written while this one is read; or of the file as such
        raise unsound(path, f"a file that can't be read ({error})", f"sound embeddings ({ending})") from None


@contextmanager
def _open_npy(path: Path) -> Iterator[Embeddings]:
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
def _open_npz(path: Path) -> Iterator[Embeddings]:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if name.endswith(".npy")]
        name = names[0] if len(names) == 1 else f"{KEY}.npy"
        if name not in names:
            keys = ", ".join(each.removesuffix(".npy") for each in names[:10]) or "none"
            raise unsound(path, f"the arrays {keys}", f"one array, or one named {KEY}", "the file holds something else")
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
                stream.read()  # to the end, where the checksum is compared

        yield Embeddings(path, *shape, dtype, fortran_order, read)


@contextmanager
def _open_h5(path: Path) -> Iterator[Embeddings]:
    try:
        file = h5py.File(path, "r", locking=False)
    except OSError as error:
        raise unsound(path, f"a file that HDF5 can't open ({error})", f"HDF5 with a dataset {KEY}") from None
    with file:
        try:
            matrix, rows = _h5_matrix(path, file)
        except H5_ERRORS as error:
            raise unsound(path, f"a structure that HDF5 can't read ({error})", f"a dataset {KEY}") from None
        yield Embeddings(path, *matrix.shape, matrix.dtype, False, lambda: _h5_slices(path, matrix, rows))


def _h5_matrix(path: Path, file: h5py.File) -> tuple[h5py.Dataset, int]:
    """Return the dataset and how many of its rows to read at once."""
    link, matrix = file.get(KEY, getlink=True), file.get(KEY)
    if not isinstance(link, h5py.HardLink) or not isinstance(matrix, h5py.Dataset) or matrix.shape is None:
        raise unsound(path, f"no dataset {KEY} of its own", f"a dataset {KEY}", "the file holds something else")
    if matrix.external or matrix.is_virtual:
        raise unsound(path, "data that lie in other files", "data in the file itself", "it was made for another place")
    shape = _check_matrix(path, matrix.shape, matrix.dtype)
    rows = _rows_per_block(shape[1], matrix.dtype)
    if matrix.chunks and matrix.chunks[0] > rows:
        rows = matrix.chunks[0]
        if rows * shape[1] * matrix.dtype.itemsize > LARGEST_CHUNK:
            raise unsound(
                path,
                f"chunks of {rows:,} rows",
                f"at most {LARGEST_CHUNK:,} bytes in {KEY}'s chunks, so that few rows can be held at once",
                "it was written in too large pieces; h5repack can change that",
            )
    return matrix, rows


def _npy_header(path: Path, stream: io.RawIOBase) -> tuple[tuple[int, int], bool, np.dtype]:
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    try:
        with warnings.catch_warnings(action="ignore"):  # of headers from Python 2, which are good
            shape, fortran_order, dtype = readers[np.lib.format.read_magic(stream)](stream)
    except HEADER_ERRORS as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise unsound(path, f"a header that is none ({reason[:200]})", "a NumPy array (.npy)") from None
    return _check_matrix(path, shape, dtype), fortran_order and shape[1] > 1, dtype


def _check_matrix(path: Path, shape: tuple[int, ...], dtype: np.dtype) -> tuple[int, int]:
    if dtype.hasobject:
        raise unsound(path, "pickled objects", "numbers", "the file was saved by other means, or with ill intent")
    if dtype.kind != "f" or dtype.itemsize not in (2, 4):
        raise unsound(path, f"numbers of type {dtype}", "float16 (or float32)", "the file holds something else")
    if len(shape) != 2 or min(shape) < 0 or shape[1] == 0:
        raise unsound(path, f"shape {shape}", "(rows, dimensions)", "the file holds something else")
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


def _stream(path: Path, stream: io.RawIOBase, shape: tuple[int, int], dtype: np.dtype) -> Iterator[np.ndarray]:
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
