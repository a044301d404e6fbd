"""Whether rows are in a list: each row has a number of 64 bits, and a list is a sorted file of such numbers.

The numbers of different rows may be equal, so that a row is wrongly found. Of n rows and a list of m entries, that
happens to about n * m / 2^64 rows: to 0.01 for 10^8 rows and 2 * 10^9 entries. Numbers of different keys always differ.
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import mmh3
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from laion2b.errors import ShardError, explain
from laion2b.formats.metadata import is_text
from laion2b.formats.tsv import text

from . import keys, list_files

MD5 = re.compile(rb"[0-9a-fA-F]{32}")
HASH = "^-?[0-9]{1,19}$"
NUMBER = np.dtype("<u8")


def numbers(batch: pa.RecordBatch, by: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of each row of a batch of plain columns, uint64 of shape (rows,), and whether a row has one.

    A row has none if its value is missing, or is no key or no md5. For `hash`, both URL and caption have to be there.
    """
    columns = [batch.column(name) for name in list_files.COLUMNS[by]]
    return of_hashed(*columns) if by == "hash" else of_values(columns[0], by)


def of_values(column: pa.Array, by: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the values of a plain column, as `numbers` does; with `by` hash, of hashes themselves."""
    if by == "url":
        return _of_cells(text(column).to_pylist(), xxhash.xxh3_64_intdigest)
    if by == "md5":
        return _of_cells(text(column).to_pylist(), lambda cell: int(cell[:16], 16), MD5.fullmatch)
    if by == "key":
        found = keys.numbers(column)
        return mixed(found), found != keys.NO_KEY
    return _of_hashes(column)


def of_hashed(url: pa.Array, caption: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of rows by LAION's own hash: MurmurHash3 of the URL and the caption, one after the other."""
    pairs = zip(text(url).to_pylist(), text(caption).to_pylist(), strict=True)
    cells = [None if a is None or b is None else a + b for a, b in pairs]
    return _of_cells(cells, lambda cell: mmh3.hash64(cell, signed=False)[0])


def _of_cells(
    cells: Sequence[bytes | None], number: Callable[[bytes], int], is_good: Callable[[bytes], object] = lambda _: True
) -> tuple[np.ndarray, np.ndarray]:
    has_one = [cell is not None and bool(is_good(cell)) for cell in cells]
    found = [number(cell) if cell is not None and good else 0 for cell, good in zip(cells, has_one, strict=True)]
    return mixed(np.array(found, NUMBER)), np.array(has_one, bool)


def _of_hashes(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    if is_text(column.type):
        column = pc.if_else(pc.match_substring_regex(text(column), HASH), column, None)
    is_unsigned = pa.types.is_unsigned_integer(column.type)
    parsed = column.cast(pa.uint64() if is_unsigned else pa.int64())
    has_one = parsed.is_valid().to_numpy(zero_copy_only=False)
    return mixed(parsed.fill_null(0).to_numpy(zero_copy_only=False)), has_one


def mixed(values: np.ndarray) -> np.ndarray:
    """Return 64-bit integers mixed by SplitMix64's finalizer: different ones stay different, and spread evenly."""
    bits = np.ascontiguousarray(values).view(NUMBER)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


class SortedList:
    """A sorted list on disk, of which only what is searched is read."""

    def __init__(self, path: Path) -> None:
        try:
            self._numbers = np.load(path, mmap_mode="r", allow_pickle=False)
            is_sound = self._numbers.ndim == 1 and self._numbers.dtype == NUMBER
        except (ValueError, EOFError):
            is_sound = False
        if not is_sound:
            raise ShardError(
                explain(
                    path,
                    found="a file that is no sorted list",
                    expected="the one that the rule `list` wrote",
                    cause="it was cut or changed",
                    do=f"delete {path} and run the same command again",
                )
            )

    def holds(self, numbers: np.ndarray, has_one: np.ndarray) -> np.ndarray:
        """Tell for each row, by its number and whether it has one, if the list holds it; bool of shape (rows,)."""
        if not len(self._numbers):
            return np.zeros(len(numbers), bool)
        order = np.argsort(numbers)  # so that neighbors in the list are looked at one after the other
        wanted = numbers[order]
        places = np.searchsorted(self._numbers, wanted)
        places[places == len(self._numbers)] = 0
        found = np.empty(len(numbers), bool)
        found[order] = self._numbers[places] == wanted
        return found & has_one
