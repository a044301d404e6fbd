"""The TSV, byte for byte as CSV.jl writes it with a TAB as delimiter.

A cell is quoted only if it holds a TAB, an LF or a quotation mark; marks inside are doubled. Missing and empty are both
zero bytes. Nothing else is ever escaped, and bytes that are not UTF-8 pass through.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from .metadata import is_text

BYTES = pa.large_binary()
NEEDS_QUOTES = r'[\t\n"]'


def header(columns: Sequence[str]) -> bytes:
    """Return the first line."""
    names = pa.array([name.encode() for name in columns], BYTES)
    return b"\t".join(quoted(names).to_pylist()) + b"\n"


def lines(batch: pa.RecordBatch) -> pa.Buffer | bytes:
    """Return the lines of all rows of a batch of plain columns, each with its LF, as one buffer."""
    if batch.num_rows == 0:
        return b""
    cells = [quoted(text(column)) for column in batch.columns]
    tab, end = pa.scalar(b"\t", BYTES), pa.scalar(b"\n", BYTES)
    rows = pc.binary_join_element_wise(*cells, tab, null_handling="replace", null_replacement="")
    rows = pc.binary_join_element_wise(rows, pa.scalar(b"", BYTES), end)
    return rows.buffers()[2]


def text(column: pa.Array) -> pa.Array:
    """Return a column's values as the bytes of their text; missing values stay missing.

    Numbers are written with as many digits as it takes to read the same value back.
    """
    if pa.types.is_floating(column.type):
        column = column.cast(pa.float64())  # what every reader parses numbers as
    if not is_text(column.type):
        column = column.cast(pa.large_string())
    return column.cast(BYTES)


def quoted(cells: pa.Array) -> pa.Array:
    """Return cells of bytes with quotation marks around those that need them."""
    wanting = pc.match_substring_regex(cells, NEEDS_QUOTES)
    if not pc.any(wanting).as_py():
        return cells
    marks = pc.replace_substring(cells.filter(wanting), b'"', b'""')
    mark = pa.scalar(b'"', BYTES)
    inside = pc.binary_join_element_wise(mark, marks, mark, pa.scalar(b"", BYTES))
    return pc.replace_with_mask(cells, pc.fill_null(wanting, False), inside)
