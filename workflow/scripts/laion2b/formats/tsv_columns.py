"""Read some columns of a product's TSV, block by block."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from laion2b.errors import ShardError

BLOCK = 8 * 1024 * 1024
"""Bytes parsed at once; no line may be longer."""


def header(path: Path) -> list[str]:
    """Return the names of the columns."""
    with path.open("rb") as file:
        return file.readline().decode(errors="replace").rstrip("\n").split("\t")


def batches(path: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield the rows in order, with these columns as bytes. A missing value is empty, and each CR is a space.

    Raises ShardError if the TSV can't be parsed.
    """
    try:
        with _WithoutReturns(path) as stream, _reader(stream, columns) as reader:
            yield from reader
    except pa.ArrowException as error:
        cause = "it was damaged or edited after it was written"
        raise ShardError.unfit(path, f"lines that can't be parsed ({error})", "a TSV of this workflow", cause) from None


class _WithoutReturns(io.RawIOBase):
    """A file in which each CR is read as a space: Arrow ends a line at a bare CR, but in this TSV it is text."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._file.read(size).replace(b"\r", b" ")

    def close(self) -> None:
        self._file.close()
        super().close()


def _reader(file: io.RawIOBase, columns: Sequence[str]) -> pa.csv.CSVStreamingReader:
    return pa.csv.open_csv(
        file,
        pa.csv.ReadOptions(use_threads=False, block_size=BLOCK),
        pa.csv.ParseOptions(delimiter="\t", newlines_in_values=True, ignore_empty_lines=False),
        pa.csv.ConvertOptions(
            check_utf8=False, column_types=dict.fromkeys(columns, pa.binary()), include_columns=columns,
            strings_can_be_null=False,
        ),
    )  # fmt: skip
