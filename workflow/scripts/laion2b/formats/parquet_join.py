"""Join Parquet files of one schema to one file: their row groups are copied as they are, and only the footer is new.

Nothing is unpacked, so this takes as long as a copy, and little memory.
Source: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
"""

import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from laion2b.errors import ShardError
from laion2b.files import Output, allocate, appearing

from . import thrift
from .blocks import blocks
from .metadata import FOOTER_ENDS
from .thrift import Struct

MAGIC = FOOTER_ENDS[0]
VERSION, SCHEMA, ROWS, GROUPS, TEXTS = 1, 2, 3, 4, 5
"""Fields of the footer."""
COLUMNS, GROUP_OFFSET = 1, 5
"""Fields of a row group. Arrow does not write its number, which would have to change, too."""
CHUNK_OFFSETS, CHUNK = (2, 4, 6), 3
"""Fields of a column of a row group: offsets in the file (of indexes, too), and the struct about its pages."""
PAGE_OFFSETS = (9, 10, 11, 14)
"""Fields of that struct: offsets of data, index, dictionary and Bloom filter."""


def join(sources: Sequence[Path], target: Path) -> int:
    """Write all rows of the sources, in order, to `target`, and return how many.

    The texts that the first one carries are those of the result. Raises ShardError if a source can't be read, or has
    other columns than the first.
    """
    first = _footer(sources[0])
    groups, rows, count = bytearray(), 0, 0
    with appearing(target) as (temporary,), temporary.open("wb", buffering=0) as file:
        allocate(file.fileno(), sum(source.stat().st_size for source in sources), target)
        output = Output(file.fileno())
        output.write(MAGIC)
        for source in sources:
            footer = _footer(source)
            if footer.fields[SCHEMA] != first.fields[SCHEMA]:
                cause = "it was written by another definition, or another version"
                raise ShardError.unfit(source, "other columns", f"those of {sources[0]}", cause)
            moved = output.position - len(MAGIC)
            _copy(source, len(MAGIC), footer.start, output)
            for group in footer.fields[GROUPS][1][1]:
                _move_group(group, moved)
                groups += thrift.encoded(group)
                count += 1
            rows += footer.fields[ROWS][1]
        for piece in _new_footer(first.fields, rows, count, bytes(groups)):
            output.write(piece)
        os.ftruncate(file.fileno(), output.position)
    return rows


class _Footer:
    def __init__(self, fields: Struct, start: int) -> None:
        self.fields = fields
        self.start = start


def _footer(path: Path) -> _Footer:
    try:
        with path.open("rb") as file:
            end = file.seek(-8, os.SEEK_END)
            length, magic = struct.unpack("<I4s", file.read(8))
            start = file.seek(end - length)
            fields = thrift.Reader(file.read(length)).struct()
        if magic != MAGIC or not fields.keys() >= {VERSION, SCHEMA, ROWS, GROUPS}:
            raise ValueError("no footer")
    except (ValueError, IndexError, OSError) as error:
        cause = "the file was damaged or replaced after it was written"
        raise ShardError.unfit(path, f"a file that can't be read ({error})", "a Parquet table", cause) from None
    return _Footer(fields, start)


def _new_footer(first: Struct, rows: int, count: int, groups: bytes) -> Iterator[bytes]:
    """Yield the footer in pieces: the fields up to the row groups, the row groups, the rest, and its length."""
    before = thrift.encoded({VERSION: first[VERSION], SCHEMA: first[SCHEMA], ROWS: (thrift.I64, rows)})[:-1]
    head = bytes([1 << 4 | thrift.LIST]) + thrift.list_head(thrift.STRUCT, count)
    rest = {number - GROUPS: field for number, field in first.items() if number > GROUPS}  # fields count from the last
    after = thrift.encoded(rest)
    yield from (before, head, groups, after)
    yield struct.pack("<I4s", len(before) + len(head) + len(groups) + len(after), MAGIC)


def _move_group(group: Struct, by: int) -> None:
    _move(group, (GROUP_OFFSET,), by)
    for chunk in group[COLUMNS][1][1]:
        _move(chunk, CHUNK_OFFSETS, by)
        _move(chunk[CHUNK][1], PAGE_OFFSETS, by)


def _move(fields: Struct, offsets: Sequence[int], by: int) -> None:
    for number in offsets:
        if number in fields and fields[number][1]:  # 0 means that it is not said
            fields[number] = thrift.I64, fields[number][1] + by


def _copy(source: Path, start: int, stop: int, output: Output) -> None:
    with source.open("rb", buffering=0) as stream:
        stream.seek(start)
        for block in blocks(stream, stop - start):
            output.write(block)
