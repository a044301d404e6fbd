"""Sort a list in bounded memory: numbers go to files by their first bits, and each file is sorted."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa

from laion2b.errors import PartError, explain
from laion2b.files import appearing, check_regular
from laion2b.formats.metadata import open_metadata
from laion2b.names import with_ending

from . import list_files, lists
from .list_files import Listed

BITS = 8
"""The first bits of a number, by which it goes to one of 256 files. Of 2.1e9 entries, each file has 66 MB."""
LONGEST_LINE = 1_000_000
"""Bytes at most of an entry of a text file."""
AT_ONCE = 8 * 1024 * 1024
"""Bytes of a text file read at once."""
NUMBERS_AT_ONCE = 1024 * 1024
"""Numbers of an .npy that are read at once."""


def sort_list(source: Path, listed: Listed, target: Path) -> int:
    """Write the numbers of a list's entries, sorted and each once, as uint64 of shape (entries,); return how many.

    Raises PartError if the list is not what the configuration says, or was changed since its SHA-256 was computed.
    """
    check_regular(source)
    if (found := list_files.sha256_of(source)) != listed.sha256:
        raise PartError(
            explain(
                source,
                found=f"SHA-256 {found}",
                expected=listed.sha256,
                cause="the list was changed while the run was starting",
                do="run the same command again when the list is complete",
            )
        )
    folder = with_ending(target, ".buckets")
    shutil.rmtree(folder, ignore_errors=True)  # what a run left that was killed
    folder.mkdir(parents=True)
    try:
        buckets = [folder / f"{number:03d}" for number in range(2**BITS)]
        _distribute(_entries(source, listed.by), buckets)
        counts = [_sort(bucket) for bucket in buckets]
        with appearing(target) as (temporary,), temporary.open("wb") as file:
            header = {"descr": lists.NUMBER.str, "fortran_order": False, "shape": (sum(counts),)}
            np.lib.format.write_array_header_1_0(file, header)
            for bucket in buckets:
                with bucket.open("rb") as part:
                    shutil.copyfileobj(part, file, AT_ONCE)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return sum(counts)


def _distribute(numbers: Iterator[np.ndarray], buckets: list[Path]) -> None:
    bounds = np.arange(1, len(buckets), dtype=np.uint64) << np.uint64(64 - BITS)
    with ExitStack() as stack:
        files = [stack.enter_context(bucket.open("wb", buffering=64 * 1024)) for bucket in buckets]
        for some in numbers:
            ordered = np.sort(some)
            for file, group in zip(files, np.split(ordered, np.searchsorted(ordered, bounds)), strict=True):
                file.write(group.astype(lists.NUMBER, copy=False).data)


def _sort(bucket: Path) -> int:
    numbers = np.fromfile(bucket, lists.NUMBER)
    numbers.sort()
    is_new = np.ones(len(numbers), bool)
    is_new[1:] = numbers[1:] != numbers[:-1]
    numbers[is_new].tofile(bucket)
    return int(is_new.sum())


def _entries(source: Path, by: str) -> Iterator[np.ndarray]:
    """Yield the numbers of the entries of a list, in pieces."""
    reader = {".txt": _of_text, ".parquet": _of_parquet, ".npy": _of_npy}[source.suffix.lower()]
    yield from reader(source, by)


def _of_npy(source: Path, by: str) -> Iterator[np.ndarray]:
    try:
        array = np.load(source, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise PartError.unsound(source, f"a file that can't be read ({error})", "a NumPy array of integers") from None
    if array.ndim != 1 or array.dtype.kind not in "iu":
        found = f"numbers of type {array.dtype} and shape {array.shape}"
        raise _misfit(source, found, "integers of shape (entries,)")
    for start in range(0, len(array), NUMBERS_AT_ONCE):
        yield _numbers(source, pa.array(array[start : start + NUMBERS_AT_ONCE]), by, start)


def _of_parquet(source: Path, by: str) -> Iterator[np.ndarray]:
    start = 0
    with open_metadata(source) as table:
        table.check_columns([by])
        for batch in table.batches([by]):
            yield _numbers(source, batch.column(by), by, start)
            start += batch.num_rows


def _of_text(source: Path, by: str) -> Iterator[np.ndarray]:
    start, rest = 0, b""
    with source.open("rb") as file:
        while block := file.read(AT_ONCE):
            *lines, rest = (rest + block).split(b"\n")
            if len(rest) > LONGEST_LINE:
                raise _misfit(source, f"a line of more than {LONGEST_LINE:,} bytes", "an entry in each line")
            yield _of_lines(source, lines, by, start)
            start += len(lines)
        yield _of_lines(source, [rest], by, start)


def _of_lines(source: Path, lines: list[bytes], by: str, start: int) -> np.ndarray:
    entries = [line.removesuffix(b"\r") or None for line in lines]  # an empty line is no entry
    column = pa.array(entries, pa.large_binary()).view(pa.large_string())  # which need not be UTF-8
    return _numbers(source, column, by, start)


def _numbers(source: Path, column: pa.Array, by: str, start: int) -> np.ndarray:
    """Return the numbers of entries; missing ones have none. Raises PartError for what can't be an entry."""
    try:
        numbers, has_one = lists.of_values(column, by)
    except MemoryError:
        raise
    except pa.ArrowException:  # whose words hold the entry, which no one should have to read
        raise _misfit(source, f"what is no {by} in row {start:,} (from 0) or later", _expected(by)) from None
    wrong = np.flatnonzero(~has_one & column.is_valid().to_numpy(zero_copy_only=False))
    if len(wrong):
        raise _misfit(source, f"what is no {by} in row {start + wrong[0]:,} (from 0)", _expected(by))
    return numbers[has_one]


def _expected(by: str) -> str:
    return {
        "url": "addresses",
        "md5": "32 hexadecimal digits each",
        "key": "whole numbers from 0, such as 185120009",
        "hash": "whole numbers of 64 bits, as mmh3.hash64(url + caption)[0] gives them",
    }[by]


def _misfit(source: Path, found: str, expected: str) -> PartError:
    cause = "a slip in `by`, or another file than was meant"
    return PartError(explain(source, found=found, expected=expected, cause=cause, do="correct `drop` or `keep_only`"))
