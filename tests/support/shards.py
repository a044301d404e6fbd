"""Small parts of rows that can be told apart, and what is built from them with the library."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from laion2b.shards.definition import Definition
from laion2b.subsets.concatenate import concatenate_embeddings, concatenate_metadata

DEFINITION = Definition([["NSFW", "!=", "NSFW"]], ["caption", "NSFW"], 4, 1)
PARTS = {1: ["a"] * 5, 2: [], 3: ["NSFW", "b", "NSFW"], 10: ["c", "\t", "NSFW", 'q"']}
"""The tags of each part of which the fixture `shards` makes a shard."""


def write(paths: Mapping[str, Path], tags: Sequence[str | None], rows: int | None = None) -> np.ndarray:
    """Write a part whose row k has the numbers k, and return its embeddings."""
    rows = len(tags) if rows is None else rows
    matrix = np.repeat(np.arange(rows) % 2048, 4).reshape(rows, 4).astype("<f2")
    np.save(paths["embeddings"], matrix)
    table = pa.table({"caption": [str(row % 2048) for row in range(len(tags))], "NSFW": pa.array(tags, pa.string())})
    pq.write_table(table, paths["metadata"])
    return matrix


def build(shards: Mapping[str, Sequence[Path]], target: Path) -> tuple[bytes, bytes]:
    """Concatenate both kinds and return what came out."""
    rows = concatenate_embeddings(shards["h5"], shards["json"], target, DEFINITION)
    tsv = target.with_suffix(".tsv")
    assert concatenate_metadata(shards["tsv"], shards["json"], tsv, DEFINITION) == rows
    return target.read_bytes(), tsv.read_bytes()


def flip(path: Path, position: int) -> None:
    """Flip the lowest bit of one byte of a file."""
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
