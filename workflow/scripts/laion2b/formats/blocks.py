"""Read files in blocks."""

import io
from collections.abc import Callable, Iterator

BLOCK = 1024 * 1024
"""Bytes read at once. Larger blocks leave the CPU's cache and take several times as long."""
OnBytes = Callable[[int], None]
"""A function that is called with the number of bytes that were read, to show progress."""


def blocks(stream: io.RawIOBase | io.BufferedIOBase, size: int) -> Iterator[memoryview]:
    """Yield the next `size` bytes, or fewer if the file ends before. A block is only valid until the next one.

    The caller notices a missing end by the hash.
    """
    buffer = memoryview(bytearray(BLOCK))
    while size and (count := stream.readinto(buffer[: min(size, BLOCK)])):
        yield buffer[:count]
        size -= count
