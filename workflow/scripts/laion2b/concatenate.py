"""Concatenate shards, in the order given, to one subset: embeddings to one HDF5 file, metadata to one TSV.

Each shard's bytes are compared with its record's hash while they pass, so a damaged shard can't get into a subset.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import xxhash

from . import hdf5
from .embeddings import BLOCK
from .errors import ShardError
from .files import allocate, appearing
from .shard import Definition, Shard
from .tsv import header


def concatenate_embeddings(
    shards: Sequence[Path], records: Sequence[Path], target: Path, definition: Definition
) -> int:
    """Write the dataset `emb` of shape (rows of all shards, dimensions) to `target` and return the rows.

    Raises ShardError, and leaves what was at `target` before, if a shard is not what its record says, or was
    made by another definition.
    """
    expected, dimensions = [Shard.read(path, definition) for path in records], definition.dimensions
    matrices = [hdf5.locate(path) for path in shards]
    for matrix, record in zip(matrices, expected, strict=True):
        _compare(matrix.path, (record.rows, dimensions), (matrix.rows, matrix.dimensions), "rows and dimensions")
    rows = sum(matrix.rows for matrix in matrices)
    with appearing(target) as (temporary,), hdf5.create(temporary, rows, dimensions) as output:
        for matrix, record in zip(matrices, expected, strict=True):
            found = _copy(matrix.path, matrix.offset, matrix.size, output, xxhash.xxh3_128())
            _compare(matrix.path, record.embeddings_xxh3, found, "XXH3 of the embeddings")
    return rows


def concatenate_metadata(shards: Sequence[Path], records: Sequence[Path], target: Path, definition: Definition) -> int:
    """Write the TSVs of all shards, under one header line, to `target` and return the rows.

    Raises ShardError, and leaves what was at `target` before, if a shard is not what its record says, or was
    made by another definition.
    """
    expected = [Shard.read(path, definition) for path in records]
    first_line = header(definition.columns)
    sizes = [shard.stat().st_size for shard in shards]
    for shard, record, size in zip(shards, expected, sizes, strict=True):
        _compare(shard, record.metadata_bytes, size, "bytes")
    with appearing(target) as (temporary,), temporary.open("wb", buffering=0) as file:
        allocate(file.fileno(), len(first_line) + sum(size - len(first_line) for size in sizes), target)
        file.write(first_line)
        for shard, record, size in zip(shards, expected, sizes, strict=True):
            with shard.open("rb") as stream:
                _compare(shard, first_line, stream.read(len(first_line)), "header line")
            hasher = xxhash.xxh3_128(first_line)
            found = _copy(shard, len(first_line), size - len(first_line), file.fileno(), hasher)
            _compare(shard, record.metadata_xxh3, found, "XXH3")
    return sum(record.rows for record in expected)


def _copy(source: Path, offset: int, size: int, output: int, hasher: "xxhash.xxh3_128") -> str:
    """Append `size` bytes of `source` to a descriptor and return their hash, which starts from `hasher`."""
    buffer = memoryview(bytearray(BLOCK))
    with source.open("rb", buffering=0) as stream:
        stream.seek(offset)
        while size:
            count = stream.readinto(buffer[: min(size, BLOCK)])
            if not count:
                break  # a file that was cut meanwhile; its hash will tell
            hasher.update(buffer[:count])
            written = 0
            while written < count:
                written += os.write(output, buffer[written:count])
            size -= count
    return hasher.hexdigest()


def _compare(shard: Path, expected: object, found: object, what: str) -> None:
    if found != expected:
        cause = "the shard was damaged or replaced after it was written"
        raise ShardError.unfit(shard, f"{what} {found}", f"{expected}, as its record says", cause)
