"""Vectors as databases load them: Parquet with an `id` and a list of float32.

float32, because readers disagree about the FLOAT16 of Parquet. Sources: the custom datasets of VectorDBBench, and what
ClickHouse, DuckDB and Hugging Face `datasets` read.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from laion2b.files import appearing

GROUP = 8192
"""Rows of a row group: 25 MB of 768 numbers."""
LEVEL = 1
"""Of zstd. float32 made of float16 holds 13 bits that are always 0, so even the fastest level saves much."""


def write(
    path: Path, blocks: Iterable[tuple[int, np.ndarray]], column: str, kind: pa.DataType, about: Mapping[str, str]
) -> int:
    """Write rows `id`, `column`, and return how many.

    Blocks are the id of their first row, and numbers of shape (n, columns); `kind` is the type of a number; `about` is
    text that the file carries.
    """
    fields = [pa.field("id", pa.int64()), pa.field(column, pa.list_(kind))]
    schema = pa.schema(fields, metadata=dict(about))
    options = {"compression": "zstd", "compression_level": LEVEL, "use_dictionary": False, "write_statistics": ["id"]}
    rows = 0
    with appearing(path) as (temporary,), pq.ParquetWriter(temporary, schema, **options) as writer:
        for first, block in _grouped(blocks, kind.to_pandas_dtype()):
            ends = np.arange(0, block.size + 1, block.shape[1], dtype=np.int32)
            lists = pa.ListArray.from_arrays(ends, pa.array(block.reshape(-1)))
            ids = pa.array(np.arange(first, first + len(block)))
            writer.write_batch(pa.record_batch([ids, lists], schema=schema), row_group_size=GROUP)
            rows += len(block)
    return rows


def _grouped(blocks: Iterable[tuple[int, np.ndarray]], kind: type) -> Iterable[tuple[int, np.ndarray]]:
    """Yield the same rows in blocks of GROUP rows, in memory that is used again."""
    buffer: np.ndarray = np.empty((0, 0), kind)
    first = filled = 0
    for number, block in blocks:
        if not buffer.size:
            buffer, first = np.empty((GROUP, block.shape[1]), kind), number
        while len(block):
            taken = min(len(block), GROUP - filled)
            buffer[filled : filled + taken] = block[:taken]
            filled, block = filled + taken, block[taken:]
            if filled == GROUP:
                yield first, buffer
                first, filled = first + GROUP, 0
    if filled:
        yield first, buffer[:filled]
