"""What the products must be, computed slowly and plainly, row by row, with none of the library's code."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from mirror import synthetic

COLUMNS = ("caption", "NSFW", "LICENSE", "url")


def cell(value: str | bytes | None) -> bytes:
    """Return one cell as CSV.jl writes it."""
    text = value.encode() if isinstance(value, str) else value or b""
    if any(byte in text for byte in b'\t\n"'):
        return b'"' + text.replace(b'"', b'""') + b'"'
    return text


def line(values: Sequence[str | bytes | None]) -> bytes:
    """Return one line."""
    return b"\t".join(cell(value) for value in values) + b"\n"


def kept_rows(mirror: Path, part: int) -> dict[int, dict]:
    """Return the rows of a part's metadata that are not marked NSFW, by their numbers."""
    rows = pq.read_table(mirror / synthetic.METADATA.format(part=part)).to_pylist()
    return {number: row for number, row in enumerate(rows) if row["NSFW"] is not None and row["NSFW"] != "NSFW"}


def subset(mirror: Path, parts: Sequence[int], columns: Sequence[str] = COLUMNS) -> tuple[np.ndarray, bytes]:
    """Return the embeddings and the TSV of the subset of these parts of a mirror, in order."""
    matrices, text = [], line(columns)
    for part in parts:
        matrix = np.load(mirror / synthetic.EMBEDDINGS.format(part=part))
        kept = kept_rows(mirror, part)
        matrices.append(matrix[list(kept)])
        text += b"".join(line([row[column] for column in columns]) for row in kept.values())
    return np.concatenate(matrices), text
