"""Concatenate shards, in the order given, to one subset: embeddings to one HDF5 file, metadata to one TSV.

Each shard's bytes are compared with its record's hash while they pass, so a damaged shard can't get into a subset.
"""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import xxhash

from . import hdf5
from .embeddings import BLOCK
from .errors import ShardError
from .files import Output, allocate, appearing
from .hdf5 import PAGE
from .shard import Definition, Shard


def concatenate_embeddings(
    shards: Sequence[Path], records: Sequence[Path], target: Path, definition: Definition
) -> int:
    """Write the dataset `emb` of shape (rows of all shards, dimensions) to `target` and return the rows.

    Raises ShardError, and leaves what was at `target` before, if a shard is not what its record says, or was
    made by another definition.
    """
    expected, matrices = _locate(shards, records, definition)
    parts = [(record.part, record.rows) for record in expected]
    rows = sum(rows for _, rows in parts)
    with appearing(target) as (temporary,), hdf5.create(temporary, rows, definition.dimensions, parts) as output:
        for matrix, record in zip(matrices, expected, strict=True):
            found = _copy(matrix.path, matrix.offset, matrix.size, output, xxhash.xxh3_128())
            _compare(matrix.path, record.embeddings_xxh3, found, "XXH3 of the embeddings")
    return rows


def view_embeddings(shards: Sequence[Path], records: Sequence[Path], target: Path, definition: Definition) -> int:
    """Write a virtual dataset `emb` of the same shape and rows, that points to the shards, and return the rows.

    No embedding is read, so of the records only rows, dimensions and definition are compared. Raises as
    `concatenate_embeddings` does.
    """
    expected, matrices = _locate(shards, records, definition)
    parts = [(record.part, record.rows) for record in expected]
    with appearing(target) as (temporary,):
        hdf5.create_view(temporary, matrices, target.parent, parts)
    return sum(rows for _, rows in parts)


def _locate(
    shards: Sequence[Path], records: Sequence[Path], definition: Definition
) -> tuple[list[Shard], list[hdf5.Matrix]]:
    expected = [Shard.read(path, definition) for path in records]
    matrices = [hdf5.locate(path) for path in shards]
    for matrix, record in zip(matrices, expected, strict=True):
        found = (matrix.rows, matrix.dimensions)
        _compare(matrix.path, (record.rows, definition.dimensions), found, "rows and dimensions")
    return expected, matrices


def concatenate_metadata(shards: Sequence[Path], records: Sequence[Path], target: Path, definition: Definition) -> int:
    """Write the TSVs of all shards, under one header line, to `target` and return the rows.

    Raises ShardError, and leaves what was at `target` before, if a shard is not what its record says, or was
    made by another definition.
    """
    expected = [Shard.read(path, definition) for path in records]
    first_line = definition.header()
    sizes = [shard.stat().st_size for shard in shards]
    for shard, record, size in zip(shards, expected, sizes, strict=True):
        _compare(shard, record.metadata_bytes, size, "bytes")
    with appearing(target) as (temporary,), temporary.open("wb", buffering=0) as file:
        allocate(file.fileno(), len(first_line) + sum(size - len(first_line) for size in sizes), target)
        output = Output(file.fileno())
        output.write(first_line)
        for shard, record, size in zip(shards, expected, sizes, strict=True):
            with shard.open("rb") as stream:
                _compare(shard, first_line, stream.read(len(first_line)), "header line")
            hasher = xxhash.xxh3_128(first_line)
            found = _copy(shard, len(first_line), size - len(first_line), output, hasher)
            _compare(shard, record.metadata_xxh3, found, "XXH3")
    return sum(record.rows for record in expected)


def _copy(source: Path, offset: int, size: int, output: Output, hasher: "xxhash.xxh3_128") -> str:
    """Append `size` bytes of `source` to the output and return their hash, which starts from `hasher`.

    What lies on whole pages of the disk in both files is shared where the file system can, and only read for the hash.
    """
    before = min(size, -offset % PAGE)
    whole = (size - before) // PAGE * PAGE
    with source.open("rb", buffering=0) as stream:
        stream.seek(offset)
        for data in _blocks(stream, before):
            hasher.update(data)
            output.write(data)
        is_shared = output.share(stream.fileno(), offset + before, whole)
        for data in _blocks(stream, whole):
            hasher.update(data)
            if not is_shared:
                output.write(data)
        for data in _blocks(stream, size - before - whole):
            hasher.update(data)
            output.write(data)
    return hasher.hexdigest()


def _blocks(stream: io.RawIOBase, size: int) -> Iterator[memoryview]:
    """Yield the next `size` bytes in one buffer that is used again; fewer if the file was cut, which its hash tells."""
    buffer = memoryview(bytearray(BLOCK))
    while size and (count := stream.readinto(buffer[: min(size, BLOCK)])):
        yield buffer[:count]
        size -= count


def _compare(shard: Path, expected: object, found: object, what: str) -> None:
    if found != expected:
        cause = "the shard was damaged or replaced after it was written"
        raise ShardError.unfit(shard, f"{what} {found}", f"{expected}, as its record says", cause)
