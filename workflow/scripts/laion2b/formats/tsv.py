"""The TSV, byte for byte as CSV.jl writes it with a TAB as delimiter.

A cell is quoted only if it holds a TAB, an LF or a quotation mark. Marks inside are doubled. A missing and an empty
value are both zero bytes. Nothing else is escaped. Bytes that are not UTF-8 are not changed.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .metadata import is_text

BYTES = pa.large_binary()
TAB, LF, MARK = (np.uint8(ord(character)) for character in '\t\n"')


def lines(batch: pa.RecordBatch, kept: pa.BooleanArray) -> memoryview:
    """Return the lines of the kept rows of a batch of plain columns in one piece, each line with its LF."""
    cells = [quoted(text(column)) for column in batch.columns]
    tab, end, nothing = (pa.scalar(each, BYTES) for each in (b"\t", b"\n", b""))
    rows = pc.binary_join_element_wise(*cells, tab, null_handling="replace", null_replacement="").filter(kept)
    _, characters = _content(pc.binary_join_element_wise(rows, nothing, end))
    return memoryview(characters)


def text(column: pa.Array) -> pa.Array:
    """Return a column's values as the bytes of their text. Missing values stay missing.

    Numbers get as many digits as are needed to read the same value back.
    """
    if pa.types.is_floating(column.type):
        column = column.cast(pa.float64())  # every reader parses numbers as float64
    if not is_text(column.type):
        column = column.cast(pa.large_string())
    return column.cast(BYTES)


def quoted(cells: pa.Array) -> pa.Array:
    """Return cells of bytes with quotation marks around those that need them."""
    wanting = _needing_quotes(cells)
    if wanting is None:
        return cells
    marks = pc.replace_substring(cells.filter(wanting), b'"', b'""')
    mark = pa.scalar(b'"', BYTES)
    inside = pc.binary_join_element_wise(mark, marks, mark, pa.scalar(b"", BYTES))
    return pc.replace_with_mask(cells, wanting, inside)


def _needing_quotes(cells: pa.Array) -> pa.BooleanArray | None:
    """Return a Boolean per cell, or None if no cell needs quotes.

    It looks at the bytes of all cells at once, which is several times as fast as to look at each cell.
    """
    offsets, characters = _content(cells)
    special = characters == MARK
    special |= characters == LF
    special |= characters == TAB
    places = np.flatnonzero(special)
    if not places.size:
        return None
    wanting = np.zeros(len(cells), bool)
    wanting[np.searchsorted(offsets, places, side="right") - 1] = True
    return pa.array(wanting)


def _content(cells: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Return where the cells begin in their common bytes, with the end of the last one, and these bytes."""
    if not len(cells):
        return np.zeros(1, np.int64), np.empty(0, np.uint8)
    offsets = np.frombuffer(cells.buffers()[1], np.int64)[cells.offset :][: len(cells) + 1]
    characters = np.frombuffer(cells.buffers()[2] or b"", np.uint8)[offsets[0] : offsets[-1]]
    return offsets - offsets[0], characters
