"""Read the header of a NumPy array (.npy), whatever its bytes are."""

import io
import tokenize
import warnings
from pathlib import Path
from typing import IO

import numpy as np

from laion2b.errors import PartError

LONGEST_HEADER = 10_000
"""Bytes at most of a NumPy header. NumPy has the same limit, but checks it only after reading the header."""
NPY_VERSIONS = {
    (1, 0): (2, np.lib.format.read_array_header_1_0),
    (2, 0): (4, np.lib.format.read_array_header_2_0),
    (3, 0): (4, np.lib.format.read_array_header_2_0),
}
"""By version: bytes of the header's length, and the function that reads the header. 3.0 is 2.0 in UTF-8."""
HEADER_ERRORS = (ValueError, KeyError, TypeError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError)
"""What NumPy raises for bytes that are no header, found by fuzzing."""


def read_header(path: Path, stream: IO[bytes] | io.FileIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Return the shape, whether it is in Fortran order, and the type of the array at the beginning of a stream.

    The stream is then at the first number. Raises PartError, about `path`, if there is no header of an array.
    """
    try:
        version = np.lib.format.read_magic(stream)
        width, reader = NPY_VERSIONS[version]
        length = stream.read(width)
        size = int.from_bytes(length, "little")
        if size > LONGEST_HEADER:
            raise PartError.unsound(path, f"a header of {size:,} bytes", f"at most {LONGEST_HEADER:,}")
        with warnings.catch_warnings(action="ignore"):  # about headers from Python 2, which are good
            shape, fortran_order, dtype = reader(io.BytesIO(length + stream.read(size)))
    except HEADER_ERRORS as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PartError.unsound(path, f"a header that can't be read ({reason[:200]})", "a NumPy array (.npy)") from None
    return shape, fortran_order, dtype
