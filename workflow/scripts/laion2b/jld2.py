"""The md5 that a subset would have, had Julia's JLD2 written it, as the organisers did; nothing of it reaches the disk.

The challenge published md5 sums of JLD2 containers. Those hold the same rows as `laion2B-N.h5`, in the same order, with
797 other bytes around them, among them the version of Julia, which the organisers did not tell. So there is one
candidate for each version of Julia that they may have had, and a match with any of them proves every byte of the rows.
No match proves nothing: the version may be missing from the list.

Proven, by files that JLD2 0.4.30 wrote under Julia 1.5.3 (tests/goldens/jld2): every byte of matrices of 768 dimensions
and 20 and 1000 rows. Derived: that other shapes differ in the fields for shape, size and addresses alone, all of which
have eight bytes at any size; and that another Julia changes its version in the text at the beginning, and nothing else.
The organisers' script names JLD2 0.4.30 (https://sisap-challenges.github.io/2023/downloading-laion/); other versions of
JLD2 are not covered.
"""

import hashlib
import struct
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .embeddings import HALF, KEY
from .lookup3 import lookup3


@dataclass(frozen=True)
class Published:
    """What is published of a subset: the md5 of its container, and the counts of rows that it may have."""

    md5: str
    rows: range


PUBLISHED = {
    11: Published("c05e4b1d2b2a0c7663ac9767753e25e1", range(10_120_191, 10_120_192)),
    33: Published("15a24d28d2304e14711e23baf7fe86a4", range(30_369_241, 30_369_256)),
    111: Published("9d8ee3347b1edf136b3ef38162ac05c3", range(102_144_212, 102_144_213)),
}
"""What is published, by the last part of the subset (10M, 30M, 100M), of 768 dimensions, from part 1 on.

With another count of rows the md5 is another, and need not be computed. The count of 30M is not published; it is only
known to lie in the range. The md5 sums stand on https://sisap-challenges.github.io/2023/datasets/, for the challenge of
2023, and again for that of 2024: `dataset-files-md5.txt` of both years, in a copy of
https://github.com/sisap-challenges/sisap-challenges.github.io that was read on 22 November 2026."""

VERSIONS = ("1.8.5", "1.8.4", "1.8.3", "1.9.0")
"""Versions of Julia that the organisers may have had, the likeliest first.

A guess. Their script is of 23 March 2023, when 1.8.5 was the newest, and the tests of their own example ran on 1.8.
Each version costs another md5 of all rows. The first 80 bytes of a published file tell the true one."""

USER_BLOCK = 512
"""Bytes of text before the HDF5 file proper, from which addresses in it count."""
UNDEFINED = 2**64 - 1
"""The address of what does not exist."""
SUPERBLOCK_SIZE = 48
SMALLEST = 8192
"""Bytes of rows below which JLD2 puts them into the header, in a layout that is not reproduced here."""
FLOAT16 = bytes.fromhex("31 20 0f 00 02 00 00 00 00 00 10 00 0a 05 00 0a 0f 00 00 00")
SPARE_LINKS = 3 * 24
"""JLD2 keeps room in a group for three more links, with names of eight letters."""

DATASPACE, LINK_INFO, DATATYPE, FILL_VALUE, LINK, LAYOUT, GROUP_INFO, NIL = 1, 2, 3, 5, 6, 8, 10, 0
"""Kinds of messages in an object header, as the specification of the HDF5 file format numbers them."""


@dataclass(frozen=True)
class Container:
    """A JLD2 file without its rows: it consists of the bytes `head`, the rows in C order, and the bytes `tail`.

    `julia` is the version of Julia that wrote it.
    """

    julia: str
    head: bytes
    tail: bytes


def containers(rows: int, dimensions: int, versions: Sequence[str] = VERSIONS) -> list[Container]:
    """Return the containers of a float16 matrix `emb` of shape (rows, dimensions), for each version of Julia.

    Julia, whose first index runs fastest, sees it as dimensions x rows. Raises ValueError below 8192 bytes of rows.
    """
    size = rows * dimensions * HALF.itemsize
    if size < SMALLEST:
        raise ValueError(f"JLD2 lays {size} bytes of rows out in another way, which is only known from {SMALLEST} on")
    shape = struct.pack("<4B2Q", 2, 2, 0, 1, rows, dimensions)
    # The header's length does not depend on what it says, so the address of the rows, which follow it, is known.
    address = SUPERBLOCK_SIZE + len(_dataset(shape, 0, size))
    dataset = _dataset(shape, address, size)
    group = _root_group()
    end = USER_BLOCK + address + size + len(group)
    superblock = b"\x89HDF\r\n\x1a\n" + struct.pack("<4B4Q", 2, 8, 8, 0, USER_BLOCK, UNDEFINED, end, address + size)
    binary = _summed(superblock) + dataset
    return [Container(version, _text(version) + binary, group) for version in versions]


class Digests:
    """The md5 sums of containers, of rows that pass once.

    Every container costs an md5 of all rows, because they differ in the first bytes. `threads` of them run at a time.
    """

    def __init__(self, candidates: Sequence[Container], threads: int = 1) -> None:
        self._tails = {each.julia: each.tail for each in candidates}
        self._streams = {each.julia: hashlib.md5(each.head, usedforsecurity=False) for each in candidates}
        self._pool = ThreadPoolExecutor(threads)

    def update(self, block: bytes | memoryview) -> None:
        """Take the next bytes of the rows. They may change after it returns."""
        for _ in self._pool.map(lambda stream: stream.update(block), self._streams.values()):
            pass

    def digests(self) -> dict[str, str]:
        """Return the md5 of each container, in hexadecimal, by version of Julia, once all rows have passed."""
        sums = {}
        for julia, stream in self._streams.items():
            whole = stream.copy()
            whole.update(self._tails[julia])
            sums[julia] = whole.hexdigest()
        return sums


def _text(julia: str) -> bytes:
    text = f"HDF5-based Julia Data Format, version 0.1.1\0 (Julia {julia} 64-bit LE)\0"
    return text.encode().ljust(USER_BLOCK, b"\0")


def _dataset(shape: bytes, address: int, size: int) -> bytes:
    return _header(
        _message(FILL_VALUE, bytes([3, 9])),
        _message(DATASPACE, shape),
        _message(DATATYPE, FLOAT16, flags=1),
        _message(LAYOUT, struct.pack("<2B2Q", 4, 1, address, size)),
    )


def _root_group() -> bytes:
    link = struct.pack("<4B", 1, 0x10, 1, len(KEY)) + KEY.encode() + struct.pack("<Q", SUPERBLOCK_SIZE)
    return _header(
        _message(LINK_INFO, struct.pack("<2B2Q", 0, 0, UNDEFINED, UNDEFINED)),
        _message(GROUP_INFO, bytes(2)),
        _message(LINK, link),
        _message(NIL, bytes(SPARE_LINKS - 4)),  # four of the bytes are its own beginning
        _message(NIL, bytes(16)),  # room to say where the header continues
    )


def _message(kind: int, body: bytes, flags: int = 0) -> bytes:
    return struct.pack("<BHB", kind, len(body), flags) + body


def _header(*messages: bytes) -> bytes:
    body = b"".join(messages)
    return _summed(b"OHDR" + struct.pack("<3B", 2, 0, len(body)) + body)


def _summed(data: bytes) -> bytes:
    return data + struct.pack("<I", lookup3(data))
