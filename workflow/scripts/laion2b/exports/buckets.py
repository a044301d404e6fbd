"""Sort more records than the memory holds: they are put into buckets on the disk, and each is sorted alone."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

import numpy as np

WAITING = 64 * 1024
"""Bytes of a bucket that are held before they are written."""


class Buckets:
    """A number of files of records of one type, in a temporary folder in `folder`, which are deleted at the end."""

    def __init__(self, folder: Path, kind: np.dtype, count: int) -> None:
        self._folder = TemporaryDirectory(prefix=".buckets-", dir=folder)
        self._kind, self._count = kind, count
        self._waiting = [bytearray() for _ in range(count)]

    def __enter__(self) -> "Buckets":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._folder.cleanup()

    def add(self, records: np.ndarray, numbers: np.ndarray) -> None:
        """Put records, shape (n,), into the buckets with these numbers, shape (n,)."""
        order = np.argsort(numbers, kind="stable")
        ends = np.searchsorted(numbers[order], np.arange(self._count + 1))
        records = records[order]
        for bucket in np.flatnonzero(np.diff(ends)).tolist():
            self._waiting[bucket] += records[ends[bucket] : ends[bucket + 1]].tobytes()
            if len(self._waiting[bucket]) >= WAITING:
                self._write(bucket)

    def _write(self, bucket: int) -> None:
        with self._path(bucket).open("ab") as file:
            file.write(self._waiting[bucket])
        self._waiting[bucket].clear()

    def _path(self, bucket: int) -> Path:
        return Path(self._folder.name, str(bucket))

    def each(self) -> Iterator[np.ndarray]:
        """Yield the records of each bucket, in the order in which they were added, and forget them."""
        for bucket in range(self._count):
            self._write(bucket)
            yield np.fromfile(self._path(bucket), self._kind)
            self._path(bucket).unlink()
