"""Concatenate shards in the given order to one subset: embeddings to one HDF5 file, metadata to one TSV.

The bytes of each shard are compared with the hash in its record as they are copied. So a damaged shard can't get into a
subset.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import xxhash

from laion2b.errors import ConfigError, ShardError, mistake
from laion2b.files import Output, allocate, appearing
from laion2b.formats import hdf5
from laion2b.formats.blocks import BLOCK, OnBytes, blocks
from laion2b.formats.emb import HALF
from laion2b.formats.hdf5 import PAGE
from laion2b.formats.tsv_rows import bytes_of_first
from laion2b.shards.definition import Definition
from laion2b.shards.record import Shard


def concatenate_embeddings(
    shards: Sequence[Path], records: Sequence[Path], target: Path, definition: Definition,
    on_bytes: OnBytes = lambda _: None, *,
    about: Mapping[str, str] = hdf5.EMPTY, family: str | None = None, rows: int | None = None,
) -> int:  # fmt: skip
    """Write the dataset `emb` of shape (rows of all shards, dimensions) to `target` and return the rows.

    `on_bytes` is told of all bytes that were written or shared. `about` are attributes of the dataset. With `rows`,
    only so many first rows are written, and shards after those that hold them are not read. Raises ConfigError if there
    are fewer rows. Raises ShardError if a shard differs from its record, was made by another definition, or is known to
    be of another family. A file that was at `target` before stays then.
    """
    expected, matrices = _check_shapes(shards, records, definition, family)
    taken = take(expected, rows)
    parts = [(record.part, count) for record, count in zip(expected, taken, strict=False)]
    width, total = definition.dimensions * HALF.itemsize, sum(taken)
    with (
        appearing(target) as (temporary,),
        hdf5.create(temporary, total, definition.dimensions, parts, about) as output,
    ):
        for matrix, record, count in zip(matrices, expected, taken, strict=False):
            hasher = xxhash.xxh3_128()
            _copy(matrix.path, matrix.offset, count * width, output, hasher, on_bytes)
            found = _hash_rest(matrix.path, matrix.offset + count * width, matrix.size - count * width, hasher)
            _compare(matrix.path, record.embeddings_xxh3, found, "XXH3 of the embeddings")
    return total


def take(records: Sequence[Shard], rows: int | None) -> list[int]:
    """Return how many rows of each shard belong to the first `rows`, without the shards after them; all for None.

    Raises ConfigError if the shards have fewer rows.
    """
    if rows is None:
        return [record.rows for record in records]
    taken: list[int] = []
    for record in records:
        taken.append(min(record.rows, rows - sum(taken)))
        if sum(taken) == rows:
            return taken
    few = min(record.rows for record in records)
    found = f"{few:,} rows in part {next(each.part for each in records if each.rows == few)}"
    do = f"set it to {few:,} or less" if few else "set it to a smaller number"
    raise ConfigError(mistake("rows_per_part_at_least", found, f"parts that have {rows:,} rows together", do))


def point_to_embeddings(
    shards: Sequence[Path], records: Sequence[Path], target: Path, definition: Definition,
    about: Mapping[str, str] = hdf5.EMPTY, family: str | None = None,
) -> int:  # fmt: skip
    """Write a virtual dataset `emb` of the same shape and rows, which points to the shards, and return the rows.

    It reads no embedding, so it compares only rows, dimensions and definition with the records. It raises the errors of
    `concatenate_embeddings`.
    """
    expected, matrices = _check_shapes(shards, records, definition, family)
    parts = [(record.part, record.rows) for record in expected]
    with appearing(target) as (temporary,):
        hdf5.create_virtual(temporary, matrices, target.parent, parts, about)
    return sum(rows for _, rows in parts)


def _check_shapes(
    shards: Sequence[Path], records: Sequence[Path], definition: Definition, family: str | None
) -> tuple[list[Shard], list[hdf5.Matrix]]:
    expected = [Shard.read(path, definition) for path in records]
    for path, record in zip(records, expected, strict=True):
        if record.family and family and record.family != family:
            cause = "it was copied from the working directory of another family"
            raise ShardError.unfit(path, f"a shard of the family {record.family}", family, cause)
    matrices = [hdf5.find_data(path) for path in shards]
    for matrix, record in zip(matrices, expected, strict=True):
        found = (matrix.rows, matrix.dimensions)
        _compare(matrix.path, (record.rows, definition.dimensions), found, "rows and dimensions")
    return expected, matrices


def concatenate_metadata(
    shards: Sequence[Path], records: Sequence[Path], target: Path, definition: Definition,
    on_bytes: OnBytes = lambda _: None, rows: int | None = None,
) -> int:  # fmt: skip
    """Write the TSVs of all shards, under one header line, to `target` and return the rows.

    `on_bytes` and `rows` are as for `concatenate_embeddings`. Raises ConfigError if there are fewer rows. Raises
    ShardError if a shard differs from its record, or was made by another definition. A file that was at `target` before
    stays then.
    """
    expected = [Shard.read(path, definition) for path in records]
    first_line = definition.header()
    taken = take(expected, rows)
    shards, expected = shards[: len(taken)], expected[: len(taken)]
    sizes = [shard.stat().st_size for shard in shards]
    for shard, record, size in zip(shards, expected, sizes, strict=True):
        _compare(shard, record.metadata_bytes, size, "bytes")
    if taken and taken[-1] < expected[-1].rows:
        with shards[-1].open("rb") as stream:
            stream.seek(len(first_line))
            sizes[-1] = len(first_line) + bytes_of_first(stream, taken[-1], BLOCK)
    with appearing(target) as (temporary,), temporary.open("wb", buffering=0) as file:
        allocate(file.fileno(), len(first_line) + sum(size - len(first_line) for size in sizes), target)
        output = Output(file.fileno())
        output.write(first_line)
        for shard, record, size in zip(shards, expected, sizes, strict=True):
            with shard.open("rb") as stream:
                _compare(shard, first_line, stream.read(len(first_line)), "header line")
            hasher = xxhash.xxh3_128(first_line)
            _copy(shard, len(first_line), size - len(first_line), output, hasher, on_bytes)
            found = _hash_rest(shard, size, record.metadata_bytes - size, hasher)
            _compare(shard, record.metadata_xxh3, found, "XXH3")
    return sum(taken)


def _copy(source: Path, offset: int, size: int, output: Output, hasher: "xxhash.xxh3_128", on_bytes: OnBytes) -> None:
    """Append `size` bytes of `source` to the output, and update the hash.

    If bytes fill whole pages of the disk in both files, and the file system can share pages, they are shared. They are
    then read only for the hash.
    """
    before = min(size, -offset % PAGE)
    whole = (size - before) // PAGE * PAGE
    with source.open("rb", buffering=0) as stream:
        stream.seek(offset)
        for data in _hashed(stream, before, hasher, on_bytes):
            output.write(data)
        is_shared = output.share(stream.fileno(), offset + before, whole)
        for data in _hashed(stream, whole, hasher, on_bytes):
            if not is_shared:
                output.write(data)
        for data in _hashed(stream, size - before - whole, hasher, on_bytes):
            output.write(data)


def _hash_rest(source: Path, offset: int, size: int, hasher: "xxhash.xxh3_128") -> str:
    """Return the hash after `size` more bytes of `source`, which are not copied."""
    with source.open("rb", buffering=0) as stream:
        stream.seek(offset)
        for data in blocks(stream, size):
            hasher.update(data)
    return hasher.hexdigest()


def _hashed(stream: io.RawIOBase, size: int, hasher: "xxhash.xxh3_128", on_bytes: OnBytes) -> Iterator[memoryview]:
    """Yield the next `size` bytes in blocks, hashed. A block counts when the next one is asked for."""
    for data in blocks(stream, size):
        hasher.update(data)
        yield data
        on_bytes(len(data))


def _compare(shard: Path, expected: object, found: object, what: str) -> None:
    if found != expected:
        cause = "the shard was damaged or replaced after it was written"
        raise ShardError.unfit(shard, f"{what} {found}", f"{expected}, as its record says", cause)
