"""Batches of a table with a limit in rows and in bytes, however large compressed or encoded cells become."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

BATCH = 16 * 1024
"""Rows of a batch at most."""
LARGEST_BATCH = 8 * 1024 * 1024
"""Bytes of a batch at most, unless a single row is larger."""
DECODED = 64
"""Rows decoded at once. An encoding may repeat a long cell in each of them for a few bits."""


def rows_at_once(kinds: Sequence[pa.DataType]) -> int:
    """Return how many rows to read at once.

    Dictionaries stay encoded, so more rows take no more memory. But each batch copies the dictionaries.
    """
    return BATCH if kinds and all(pa.types.is_dictionary(kind) for kind in kinds) else DECODED


def decoded(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the same rows in order, in plain columns, at most DECODED rows at a time."""
    for batch in batches:
        if not any(map(is_encoded, batch.schema.types)):
            yield batch  # of DECODED rows at most, as rows_at_once says
            continue
        for start in range(0, batch.num_rows, DECODED):
            few = batch.slice(start, DECODED)
            yield pa.record_batch({name: plain(few.column(name)) for name in few.schema.names})


def gathered(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Yield the same rows in order, in batches as large as BATCH and LARGEST_BATCH allow."""
    waiting, rows, size = [], 0, 0
    for batch in batches:
        waiting.append(batch)
        rows, size = rows + batch.num_rows, size + batch.get_total_buffer_size()
        if rows >= BATCH or size >= LARGEST_BATCH:
            yield from _pieces(_joined(waiting))
            waiting, rows, size = [], 0, 0
    if waiting:
        yield from _pieces(_joined(waiting))


def _joined(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)


def _pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield slices of a batch of plain columns that hold at most LARGEST_BATCH, or one row."""
    ends = np.zeros(batch.num_rows + 1, np.int64)
    for column in batch.columns:
        if has_offsets(column.type):
            ends += ends_of(column)
    start = 0
    while start < batch.num_rows:
        room = ends[start] + LARGEST_BATCH
        stop = max(start + 1, int(np.searchsorted(ends, room, side="right")) - 1)
        yield batch.slice(start, stop - start)
        start = stop


def has_offsets(kind: pa.DataType) -> bool:
    """Return whether cells of this type differ in length."""
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def ends_of(column: pa.Array) -> np.ndarray:
    """Return where the cells of a column of text begin in their common bytes, and where the last one ends: int64."""
    kind = np.int64 if pa.types.is_large_string(column.type) else np.int32
    buffer = column.buffers()[1]
    if not len(column) or buffer is None:
        return np.zeros(len(column) + 1, np.int64)
    return np.frombuffer(buffer, kind)[column.offset :][: len(column) + 1].astype(np.int64)


def is_encoded(kind: pa.DataType) -> bool:
    """Return whether a type is an encoding that needs kernels of its own: dictionaries and string views."""
    return pa.types.is_dictionary(kind) or pa.types.is_string_view(kind)


def plain(column: pa.Array) -> pa.Array:
    """Return a column without such an encoding."""
    if pa.types.is_dictionary(column.type):
        return plain(column.dictionary_decode())
    return column.cast(pa.large_string()) if pa.types.is_string_view(column.type) else column
